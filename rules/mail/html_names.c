/* An array for the elements that are known, an index for the others. */
#include <ctype.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/mail/html_names.h"

/* "o:p", "st1:city": what office programs write counts as an element. */
static bool
is_office_name(struct span name)
{
    size_t at = 0;

    if (name.len > 1 && name.data[0] == 'o' && name.data[1] == ':')
        at = 2;
    else if (name.len > 3 && memcmp(name.data, "st", 2) == 0 && isdigit((unsigned char)name.data[2]) &&
             name.data[3] == ':')
        at = 4;
    if (at == 0 || at == name.len || name.data[at] == '/')
        return false;
    name.len -= name.data[name.len - 1] == '/';
    for (; at < name.len; at++)
        if (!isalnum((unsigned char)name.data[at]) && name.data[at] != '_' && name.data[at] != '-')
            return false;
    return true;
}

/* The counter of a name that nobody knows; NULL if there are too many. */
static size_t *
other_counter(struct html_names *names, struct span name, bool *first)
{
    size_t before = names->others.spans.count, number;

    if (before == HTML_NAMES_MAX)
        return NULL;
    if (names->others_open == NULL)
        names->others_open = memory_new(HTML_NAMES_MAX * sizeof(names->others_open[0]));
    number = span_index_add(&names->others, name);
    *first = number == before;
    if (*first)
        names->others.spans.items[number] = arena_copy(names->arena, name);
    return &names->others_open[number];
}

void
html_names_count(struct html_names *names, const struct html_element *element, struct span name, bool start)
{
    bool    known = element != NULL ? !element->other : is_office_name(name), first = false;
    size_t *open;

    if (element != NULL) {
        size_t number = html_element_number(element);

        first               = !names->seen[number];
        names->seen[number] = true;
        open                = &names->open[number];
    } else {
        open = other_counter(names, name, &first);
    }
    names->tags++;
    names->elements += known;
    names->tags_seen += first;
    names->elements_seen += first && known;
    if (open == NULL)
        return;
    names->closed_extra += !start && *open == 0;
    if (start)
        ++*open;
    else if (*open > 0)
        --*open;
}

void
html_names_count_doctype(struct html_names *names)
{
    size_t number = html_element_number(html_element_find(SPAN("!doctype")));

    names->tags++;
    names->elements++;
    names->seen[number] = true;
}

size_t
html_names_open(const struct html_names *names, const struct html_element *element)
{
    return names->open[html_element_number(element)];
}

static int
compare_insides(const void *left, const void *right)
{
    return span_compare(((const struct html_inside *)left)->name, ((const struct html_inside *)right)->name);
}

static void
finish_insides(struct html_names *names, struct html_facts *facts)
{
    struct html_inside *insides =
        arena_new(names->arena, (HTML_ELEMENTS_MAX + names->others.spans.count) * sizeof(*insides));
    size_t count = 0;

    for (size_t i = 0; html_element_at(i) != NULL; i++)
        if (names->seen[i])
            insides[count++] = (struct html_inside){span_of(html_element_at(i)->name), names->open[i]};
    for (size_t i = 0; i < names->others.spans.count; i++)
        insides[count++] = (struct html_inside){names->others.spans.items[i], names->others_open[i]};
    qsort(insides, count, sizeof(*insides), compare_insides);
    facts->insides      = insides;
    facts->inside_count = count;
}

void
html_names_finish(struct html_names *names, struct html_facts *facts)
{
    double *numbers = facts->numbers, tags = (double)names->tags;

    finish_insides(names, facts);
    if (names->tags > 0)
        numbers[HTML_CLOSED_EXTRA_RATIO] = (double)names->closed_extra / tags;
    if (names->elements > 0)
        numbers[HTML_BAD_TAG_RATIO] = (tags - (double)names->elements) / tags;
    if (names->elements_seen > 0)
        numbers[HTML_NON_ELEMENT_RATIO] = (double)(names->tags_seen - names->elements_seen) / (double)names->tags_seen;
}

void
html_names_free(struct html_names *names)
{
    free(names->others_open);
    span_index_free(&names->others);
    *names = (struct html_names){0};
}
