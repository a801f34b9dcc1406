/*
 * Messages that are made to cost more than their size: work for each element times the size of something else. The
 * test that includes this says in SIZE how many octets each has.
 */
#ifndef TESTS_UNIT_SHAPES_H
#define TESTS_UNIT_SHAPES_H

#include "base/bytes.h"

#define HTML "Content-Type: text/html; charset=utf-8\n\n"
#define TEXT "Content-Type: text/plain\n\n"
#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"

/* `start`, with `fill` so many times, `middle`, then `unit` up to SIZE, and `end`. In a unit, # is its number and ~ a
 * thousand spaces. */
static const struct shape {
    const char *name, *start, *fill;
    size_t      times;
    const char *middle, *unit, *end;
} shapes[] = {
    {"a base, and links from it", HTML "<base href=\"http://one.example/", "/", 8100, "\">", "<a href=a>", ""},
    {"its dots", HTML "<base href=\"http://one.example/", "a/", 4000, "\">", "<a href=../x>", ""},
    {"ways to one place", HTML "<base href=\"http://one.example/", "a/", 4000, "\">", "<a href=#/../x>", ""},
    {"links that are no links", HTML "<base href=\"http://one.example/", "/", 8100, "\">", "<td background=a>", ""},
    {"many bases", HTML, "", 0, "", "<base href=\"http://a.b/#/\"><a href=a>", ""},
    {"byte order marks", HTML "<a href=\"", "", 0, "", "\ufeff", "\">x"},
    {"declarations that are none", HTML, "", 0, "", "<!doctype \">\" ", "-x"},
    {"a face of spaces", HTML, "", 0, "", "<font face=\"~!\">", ""},
    {"names that are no entities", HTML, "", 0, "", "&abcdefgh", ""},
    {"at signs in one word", MIXED, "", 0, "", "--b\nContent-Type: text/plain\n\n^^^^^^^^^^\n", ""},
    {"quotes that are none", "", "", 0, "", "To: \\\"a@b,\\\"a@b,\\\"a@b,\\\"a@b,\\\"a@b,\\\"a@b,\\\"a@b,\\\"a@b,\n",
     "\nx"},
    {"sightings of a slow pattern", "", "", 0, "", "To: =?utf-8?q?~?=\n", "To: a@b.c\nSubject: x\n\nx"},
};

static const struct shape usual_shape = {
    "", HTML, "", 0, "", "<p>A line of <b>words</b>, and a link: <a href=\"http://www.example.com/\">here</a>.</p>\n",
    ""};

static inline void
add_unit(struct bytes *text, const char *unit, size_t number)
{
    for (; *unit != '\0'; unit++) {
        if (*unit == '#')
            bytes_printf(text, "%zx", number);
        else if (*unit == '~')
            bytes_printf(text, "%1000s", "");
        else if (*unit == '^')
            for (unsigned i = 0; i < 1000; i++)
                bytes_add(text, SPAN("a@"));
        else
            bytes_add_char(text, *unit);
    }
}

static inline void
make(const struct shape *shape, struct bytes *text)
{
    bytes_clear(text);
    bytes_add(text, span_of(shape->start));
    for (size_t i = 0; i < shape->times; i++)
        bytes_add(text, span_of(shape->fill));
    bytes_add(text, span_of(shape->middle));
    for (size_t i = 0; text->len + strlen(shape->end) < SIZE; i++)
        add_unit(text, shape->unit, i);
    bytes_add(text, span_of(shape->end));
}

/* Alternatives, one in the other, twenty deep: each looks at all words that are in it. */
static inline void
make_nested(struct bytes *text)
{
    bytes_clear(text);
    bytes_add(text, SPAN("Content-Type: multipart/alternative; boundary=b0\n\n"));
    for (unsigned i = 0; i < 19; i++)
        bytes_printf(text, "--b%u\nContent-Type: multipart/alternative; boundary=b%u\n\n", i, i + 1);
    bytes_add(text, SPAN("--b19\nContent-Type: text/html\n\n"));
    for (unsigned i = 0; text->len < SIZE; i++)
        bytes_printf(text, "w%u ", i);
}

#endif
