/* Addresses that stand in several places are sorted together; what they come to is made once for each. */
#include <stdlib.h>

#include "base/budget.h"
#include "base/memory.h"
#include "rules/mail/charset.h"
#include "rules/mail/uri.h"
#include "rules/mail/uri_forms.h"
#include "rules/mail/uri_host.h"

enum { FORMS = 8 }; /* of an address, some of which are made and looked at */

const char *const uri_type_names[URI_TYPES] = {
    "parsed", "unlinked", "schemeless", "a",          "area",    "base",    "bgsound", "body",
    "embed",  "form",     "frame",      "iframe",     "img",     "link",    "meta",    "script",
    "table",  "td",       "tr",         "domainkeys", "nocanon", "noclean",
};

void
uri_places_add(struct uri_places *places, struct uri_place place)
{
    if (places->count == places->capacity) {
        places->capacity = places->capacity > 0 ? places->capacity * 2 : 16;
        places->items    = memory_resize_array(places->items, places->capacity, sizeof(places->items[0]));
    }
    places->items[places->count++] = place;
}

void
uri_places_free(struct uri_places *places)
{
    free(places->items);
    *places = (struct uri_places){0};
}

static int
compare_places(const void *left, const void *right)
{
    return span_compare(((const struct uri_place *)left)->raw, ((const struct uri_place *)right)->raw);
}

static int
compare_hosts(const void *left, const void *right)
{
    return span_compare(((const struct uri_host *)left)->host, ((const struct uri_host *)right)->host);
}

static void
keep_forms(struct uri_detail *detail, struct spans *forms, struct arena *arena)
{
    struct span *kept = arena_new(arena, forms->count * sizeof(*kept));

    spans_sort_unique(forms);
    memcpy(kept, forms->items, forms->count * sizeof(*kept));
    detail->cleaned       = kept;
    detail->cleaned_count = forms->count;
}

static void
keep_hosts(struct uri_detail *detail, const struct registry *registry, struct arena *arena)
{
    struct uri_host *hosts = arena_new(arena, detail->cleaned_count * sizeof(*hosts));
    size_t           count = 0, kept = 0;

    for (size_t i = 0; i < detail->cleaned_count; i++)
        count += uri_host_read(registry, detail->cleaned[i], arena, &hosts[count]);
    qsort(hosts, count, sizeof(*hosts), compare_hosts);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !span_equal(hosts[kept - 1].host, hosts[i].host))
            hosts[kept++] = hosts[i];
    detail->hosts      = hosts;
    detail->host_count = kept;
}

/* The forms as SpamAssassin has them, of what it found in text and of what it found in HTML. */
static void
keep_letters(struct uri_detail *detail, const struct uri_place *places, size_t count, struct arena *arena)
{
    bool         found[URI_WIDE + 1] = {false}, ascii = true;
    struct spans forms = {0};

    for (size_t i = 0; i < count; i++)
        found[places[i].letters] = true;
    for (size_t i = 0; i < detail->cleaned_count && ascii; i++)
        ascii = charset_is_ascii(detail->cleaned[i]);
    if (ascii || !(found[URI_CHARACTERS] || found[URI_WIDE]))
        return;
    for (size_t i = 0; i < detail->cleaned_count && found[URI_OCTETS]; i++)
        spans_add(&forms, detail->cleaned[i]);
    uri_add_characters(detail->cleaned, detail->cleaned_count, found[URI_WIDE], arena, &forms);
    keep_forms(detail, &forms, arena);
    spans_free(&forms);
}

/* The texts of all places one behind the other. */
static void
keep_texts(struct uri_detail *detail, const struct uri_place *places, size_t count, struct arena *arena)
{
    struct span *texts;
    size_t       total = 0, at = 0;

    for (size_t i = 0; i < count; i++)
        total += places[i].text_count;
    if (total == places[0].text_count) {
        detail->place.texts      = places[0].texts;
        detail->place.text_count = total;
        return;
    }
    texts = arena_new(arena, total * sizeof(*texts));
    for (size_t i = 0; i < count; i++)
        for (size_t text = 0; text < places[i].text_count; text++)
            texts[at++] = places[i].texts[text];
    detail->place.texts      = texts;
    detail->place.text_count = total;
}

static struct uri_detail *
next_detail(struct uri_details *details)
{
    if (details->count == details->capacity) {
        details->capacity = details->capacity > 0 ? details->capacity * 2 : 16;
        details->items    = memory_resize_array(details->items, details->capacity, sizeof(details->items[0]));
    }
    return &details->items[details->count];
}

/* The detail of `count` places of one address, behind the last of `details`. False if it is no address after all. */
static bool
read_detail(struct uri_details *details, const struct uri_place *places, size_t count,
            const struct mail_settings *settings, struct arena *arena)
{
    struct uri_detail *detail = next_detail(details);
    struct spans       forms  = {0};

    *detail = (struct uri_detail){.place.raw = places[0].raw};
    if ((places[0].types & URI_NOCANON) != 0)
        spans_add(&forms, places[0].raw);
    else
        details->truncated |= uri_add_forms(places[0].raw, settings, arena, &forms);
    keep_forms(detail, &forms, arena);
    spans_free(&forms);
    keep_hosts(detail, settings->registry, arena);
    keep_letters(detail, places, count, arena);
    for (size_t i = 0; i < count; i++)
        if (detail->host_count > 0 || (places[i].types & (URI_PARSED | URI_DOMAINKEYS)) == 0)
            detail->place.types |= places[i].types > 0 ? places[i].types : URI_PARSED;
    keep_texts(detail, places, count, arena);
    if ((detail->place.types & URI_NOCLEAN) != 0)
        detail->cleaned_count = 0;
    return detail->place.types > 0;
}

bool
uri_details_fill(struct uri_details *details, struct uri_places *places, const struct mail_settings *settings,
                 struct arena *arena, size_t most)
{
    if (places->count > 0 && details->next == 0)
        qsort(places->items, places->count, sizeof(places->items[0]), compare_places);
    for (; details->next < places->count && details->looked_at < most; details->looked_at++) {
        const struct uri_place *place = &places->items[details->next];
        size_t                  same  = 1;

        while (details->next + same < places->count && span_equal(place[same].raw, place->raw))
            same++;
        if (budget_use(place->raw.len * FORMS))
            return true;
        if (budget_slice_is_over())
            return false;
        details->count += read_detail(details, place, same, settings, arena);
        details->next += same;
    }
    return true;
}

void
uri_details_free(struct uri_details *details)
{
    free(details->items);
    *details = (struct uri_details){0};
}
