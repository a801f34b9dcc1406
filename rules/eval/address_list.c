/*
 * Every entry stands in a bucket, by the literal end of its glob from the first @ or . there: "@example.com" of
 * "*@example.com", ".com" of "*@*.com". An address asks for the buckets of its own ends. What ends otherwise stands in
 * a bucket that every address looks through.
 */
#include <glib.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/eval/address_list.h"
#include "rules/eval/glob.h"

enum { END_MAX = 255 }; /* octets of an end that entries are found by */

struct address_list {
    GHashTable *entries; /* by name; they own the entries */
    GHashTable *buckets; /* by end; GPtrArrays of entries */
    GPtrArray  *others;
};

static void
entry_free(gpointer data)
{
    struct address_entry *entry = data;

    for (size_t i = 0; i < entry->relay_count; i++)
        free(entry->relays[i]);
    free(entry->relays);
    free(entry->glob);
    free(entry->name);
    free(entry);
}

static void
bucket_free(gpointer data)
{
    (void)g_ptr_array_free(data, TRUE);
}

struct address_list *
address_list_new(void)
{
    struct address_list *list = memory_new(sizeof(*list));

    list->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    list->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, bucket_free);
    list->others  = g_ptr_array_new();
    return list;
}

void
address_list_free(struct address_list **list)
{
    if (*list == NULL)
        return;
    g_hash_table_destroy((*list)->buckets);
    g_hash_table_destroy((*list)->entries);
    (void)g_ptr_array_free((*list)->others, TRUE);
    free(*list);
    *list = NULL;
}

/* The end that an entry is found by; NULL: none. */
static const char *
glob_end(const char *glob)
{
    const char *end = glob + strlen(glob);

    while (end > glob && end[-1] != '*' && end[-1] != '?')
        end--;
    end = strpbrk(end, "@.");
    return end != NULL && strlen(end) <= END_MAX ? end : NULL;
}

static GPtrArray *
bucket_of(struct address_list *list, const char *glob)
{
    const char *end    = glob_end(glob);
    GPtrArray  *bucket = end != NULL ? g_hash_table_lookup(list->buckets, end) : list->others;

    if (bucket == NULL) {
        bucket = g_ptr_array_new();
        (void)g_hash_table_insert(list->buckets, g_strdup(end), bucket);
    }
    return bucket;
}

static char *
lower_copy(struct span text)
{
    char *copy = memory_copy_span(text);

    for (char *c = copy; *c != '\0'; c++)
        *c = g_ascii_tolower(*c);
    return copy;
}

struct address_entry *
address_list_add(struct address_list *list, struct span name)
{
    char                 *lower = lower_copy(name);
    struct address_entry *entry = g_hash_table_lookup(list->entries, lower);

    if (entry != NULL) {
        free(lower);
        return entry;
    }
    entry       = memory_new(sizeof(*entry));
    entry->name = lower;
    entry->glob = memory_copy_string(lower);
    for (char *c = entry->glob; *c != '\0'; c++)
        if (*c == '\\' || *c == '(')
            *c = '_';
    (void)g_hash_table_insert(list->entries, entry->name, entry);
    g_ptr_array_add(bucket_of(list, entry->glob), entry);
    return entry;
}

void
address_entry_add_relay(struct address_entry *entry, struct span relay)
{
    entry->relays = memory_resize_array(entry->relays, entry->relay_count + 1, sizeof(entry->relays[0]));
    entry->relays[entry->relay_count++] = lower_copy(relay);
}

void
address_list_remove(struct address_list *list, struct span name)
{
    char                 *lower = lower_copy(name);
    struct address_entry *entry = g_hash_table_lookup(list->entries, lower);

    free(lower);
    if (entry == NULL)
        return;
    (void)g_ptr_array_remove(bucket_of(list, entry->glob), entry);
    (void)g_hash_table_remove(list->entries, entry->name);
}

bool
address_list_is_empty(const struct address_list *list)
{
    return g_hash_table_size(list->entries) == 0;
}

static bool
visit_bucket(const GPtrArray *bucket, const char *address, bool (*visit)(const struct address_entry *, void *),
             void *context)
{
    for (guint i = 0; i < bucket->len; i++) {
        const struct address_entry *entry = bucket->pdata[i];

        if (glob_matches(entry->glob, address, '\0') && visit(entry, context))
            return true;
    }
    return false;
}

bool
address_list_visit(const struct address_list *list, const char                      *address,
                   bool (*visit)(const struct address_entry *, void *context), void *context)
{
    size_t      len = strlen(address);
    const char *end = address + (len > END_MAX ? len - END_MAX : 0);

    for (end = strpbrk(end, "@."); end != NULL; end = strpbrk(end + 1, "@.")) {
        const GPtrArray *bucket = g_hash_table_lookup(list->buckets, end);

        if (bucket != NULL && visit_bucket(bucket, address, visit, context))
            return true;
    }
    return visit_bucket(list->others, address, visit, context);
}

static bool
stop_at_first(const struct address_entry *entry, void *context)
{
    (void)entry;
    (void)context;
    return true;
}

bool
address_list_has(const struct address_list *list, const char *address)
{
    return g_hash_table_contains(list->entries, address) || address_list_visit(list, address, stop_at_first, NULL);
}
