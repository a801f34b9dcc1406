/* Counts, and the lines that say them. */
#include <stdlib.h>

#include "base/memory.h"
#include "rules/spamassassin/report.h"

enum { NAMES_SAID = 12 }; /* of functions and lines, those that come most often */

void
report_count(struct report_names *names, struct span name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (span_equal(name, span_of(names->items[i].name))) {
            names->items[i].count++;
            return;
        }
    }
    names->items                 = memory_resize_array(names->items, names->count + 1, sizeof(names->items[0]));
    names->items[names->count++] = (struct report_name){memory_copy_span(name), 1};
}

static int
compare_counts(const void *left, const void *right)
{
    const struct report_name *a = left, *b = right;

    return a->count != b->count ? (a->count < b->count ? 1 : -1) : strcmp(a->name, b->name);
}

/* "NUMBER WHAT: NAME 3, NAME 2, and 4 more" */
static void
write_names(struct bytes *text, const struct report_names *names, const char *one, const char *many)
{
    struct report_name *sorted = memory_resize_array(NULL, names->count + 1, sizeof(*sorted));
    size_t              all    = 0;

    for (size_t i = 0; i < names->count; i++) {
        sorted[i] = names->items[i];
        all += names->items[i].count;
    }
    if (names->count > 0)
        qsort(sorted, names->count, sizeof(*sorted), compare_counts);
    if (all > 0)
        bytes_printf(text, "%zu %s:", all, all == 1 ? one : many);
    for (size_t i = 0; i < names->count && i < NAMES_SAID; i++)
        bytes_printf(text, "%s %s %zu", i > 0 ? "," : "", sorted[i].name, sorted[i].count);
    if (names->count > NAMES_SAID)
        bytes_printf(text, ", and %zu more names", names->count - NAMES_SAID);
    if (all > 0)
        bytes_add_char(text, '\n');
    free(sorted);
}

static void
write_count(struct bytes *text, size_t count, const char *one, const char *many)
{
    if (count > 0)
        bytes_printf(text, "%zu %s\n", count, count == 1 ? one : many);
}

void
report_write(const struct rule_report *report, struct bytes *text)
{
    if (report->runs == report->rules && report->plugins.count + report->lines.count == 0)
        return;
    bytes_printf(text, "%zu of %zu rules run\n", report->runs, report->rules);
    write_count(text, report->mistaken, "rule has a mistake", "rules have mistakes");
    write_count(text, report->no_points, "rule has no points", "rules have no points");
    write_count(text, report->network, "rule needs the network", "rules need the network");
    write_count(text, report->learning, "rule needs what was learnt", "rules need what was learnt");
    write_count(text, report->blocked, "meta asks for a meta that does not run", "metas ask for metas that do not run");
    write_names(text, &report->functions, "rule calls a function that is not there",
                "rules call functions that are not there");
    write_names(text, &report->plugins, "rule is for a plugin that is not there",
                "rules are for plugins that are not there");
    write_names(text, &report->lines, "line belongs to a plugin that is not there",
                "lines belong to plugins that are not there");
}

static void
free_names(struct report_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i].name);
    free(names->items);
}

void
report_free(struct rule_report *report)
{
    free_names(&report->functions);
    free_names(&report->plugins);
    free_names(&report->lines);
    *report = (struct rule_report){0};
}
