/* The rows are gathered first: the width of a column is that of its widest cell. */
#include <stdlib.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "tools/explain.h"

enum { NAME_WIDTH_MAX = 32, POINTS_WIDTH = 9 };

struct explain_row {
    double       points;
    bool         silent;
    struct bytes name, describe, matched; /* as they are shown; `matched` is empty where there is nothing to show */
};

/* Appends what a terminal shows as it is, a line's end as \n, and everything else as \xNN. */
static void
add_visible(struct bytes *to, struct span text)
{
    while (text.len > 0) {
        unsigned code = 0;
        size_t   len  = utf8_read(text, &code);

        if (code == '\\') {
            bytes_add(to, SPAN("\\\\"));
        } else if (len > 0 && !utf8_acts(code)) {
            bytes_add(to, span_head(text, len));
        } else if (code == '\n') {
            bytes_add(to, SPAN("\\n"));
        } else {
            len = len > 0 ? len : 1;
            for (size_t i = 0; i < len; i++)
                bytes_printf(to, "\\x%02x", (unsigned char)text.data[i]);
        }
        text = span_tail(text, len);
    }
}

/* The engine may have cut the text in the middle of a character. */
static struct span
without_half_character(struct span text)
{
    size_t   len = text.len;
    unsigned code;

    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char octet = (unsigned char)text.data[len - back];

        if ((octet & 0xc0) == 0xc0)
            return utf8_read(span_tail(text, len - back), &code) == 0 ? span_head(text, len - back) : text;
    }
    return text;
}

static void
add_matched(struct bytes *to, struct span matched)
{
    bool cut = matched.len >= SCORE_MATCHED_MAX;

    if (matched.data == NULL)
        return;
    bytes_add_char(to, '"');
    add_visible(to, cut ? without_half_character(matched) : matched);
    bytes_add(to, cut ? SPAN("\"...") : SPAN("\""));
}

void
explain_add(struct explain *explain, const struct score_hit *hit)
{
    struct explain_row row = {.points = hit->points, .silent = hit->silent};

    if (explain->count == explain->capacity) {
        explain->capacity = explain->capacity > 0 ? explain->capacity * 2 : 32;
        explain->rows     = memory_resize_array(explain->rows, explain->capacity, sizeof(explain->rows[0]));
    }
    bytes_add(&row.name, span_of(hit->name));
    add_visible(&row.describe, span_of(hit->describe));
    if (hit->times > 1)
        bytes_printf(&row.describe, "%s(%u times)", row.describe.len > 0 ? " " : "", hit->times);
    add_matched(&row.matched, hit->matched);
    explain->rows[explain->count++] = row;
}

static int
name_width(const struct explain *explain)
{
    size_t widest = 0;

    for (size_t i = 0; i < explain->count; i++)
        if (explain->rows[i].name.len > widest)
            widest = explain->rows[i].name.len;
    return widest < NAME_WIDTH_MAX ? (int)widest : NAME_WIDTH_MAX;
}

static void
write_row(const struct explain_row *row, int width, FILE *file)
{
    if (row->silent)
        (void)fprintf(file, "%*s  %s", POINTS_WIDTH, "", row->name.data);
    else
        (void)fprintf(file, "%*.3f  %s", POINTS_WIDTH, row->points, row->name.data);
    if (row->describe.len > 0)
        (void)fprintf(file, "%*s  %.*s", row->name.len < (size_t)width ? width - (int)row->name.len : 0, "",
                      SPAN_ARG(bytes_span(&row->describe)));
    (void)fputc('\n', file);
    if (row->matched.len > 0)
        (void)fprintf(file, "%*s%.*s\n", POINTS_WIDTH + 2 + width + 2, "", SPAN_ARG(bytes_span(&row->matched)));
}

static void
forget_rows(struct explain *explain)
{
    for (size_t i = 0; i < explain->count; i++) {
        bytes_free(&explain->rows[i].name);
        bytes_free(&explain->rows[i].describe);
        bytes_free(&explain->rows[i].matched);
    }
    explain->count = 0;
}

void
explain_write(struct explain *explain, FILE *file)
{
    int width = name_width(explain);

    for (size_t i = 0; i < explain->count; i++)
        write_row(&explain->rows[i], width, file);
    forget_rows(explain);
}

void
explain_free(struct explain *explain)
{
    forget_rows(explain);
    free(explain->rows);
    *explain = (struct explain){0};
}
