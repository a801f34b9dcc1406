/* For the tests of what header rules look at: a field of a mail, with settings by lines of rule files. */
#ifndef TESTS_UNIT_FIELD_FIXTURE_H
#define TESTS_UNIT_FIELD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <time.h>

#include "base/count.h"
#include "rules/mail/field.h"

enum { BOUND_MS = 500 }; /* generous: with the sanitizers and beside other work */

struct field_row {
    const char *lines; /* of rule files */
    const char *field;
    const char *head;  /* the mail's */
    const char *value; /* NULL: there is none */
};

/* Settings by lines of rule files; fails the test at one that cannot be read. */
static inline void
read_lines(struct mail_settings *settings, const char *lines)
{
    struct bytes why = {0};

    mail_settings_fill(settings);
    assert_int_equal(mail_settings_read_line(settings, SPAN("util_rb_2tld"), SPAN("co.uk"), &why), 0);
    while (*lines != '\0') {
        struct span line = span_head(span_of(lines), strcspn(lines, "\n"));
        size_t      word = strcspn(lines, " \n");
        struct span rest = word < line.len ? span_tail(line, word + 1) : (struct span){"", 0};

        lines += line.len + (lines[line.len] == '\n');
        assert_true(mail_settings_know_line(span_head(line, word)));
        if (mail_settings_read_line(settings, span_head(line, word), rest, &why) != 0)
            fail_msg("%.*s: %s", SPAN_ARG(line), why.data);
    }
    bytes_free(&why);
}

static inline bool
read_field(const struct mail *mail, const char *name, struct bytes *value)
{
    struct field field;
    struct bytes why = {0};
    bool         present;

    if (field_parse(&field, span_of(name), &why) != 0)
        fail_msg("%s: %s", name, why.data);
    present = field_read(&field, mail, value);
    field_clear(&field);
    return present;
}

static inline void
parse(struct mail *mail, const struct mail_settings *settings, const char *head)
{
    struct bytes text = {0};

    bytes_printf(&text, "%s\nbody\n", head);
    mail_parse(mail, settings, bytes_span(&text));
    bytes_free(&text);
}

static inline void
check_fields(const struct field_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mail_settings settings = {0};
        struct mail          mail;
        struct bytes         value = {0};
        bool                 present;

        read_lines(&settings, rows[i].lines);
        parse(&mail, &settings, rows[i].head);
        present = read_field(&mail, rows[i].field, &value);
        if (present != (rows[i].value != NULL) || !span_equal(bytes_span(&value), span_of(rows[i].value)))
            fail_msg("row %zu: %s%s of\n%s\nis%s\n%s\nand not%s\n%s", i, rows[i].lines, rows[i].field, rows[i].head,
                     present ? "" : " missing", value.len > 0 ? value.data : "",
                     rows[i].value != NULL ? "" : " missing", rows[i].value != NULL ? rows[i].value : "");
        bytes_free(&value);
        mail_free(&mail);
        mail_settings_clear(&settings);
    }
}

/* A mail of one field again and again is looked at as far as it goes in a moment, and little comes of it. */
static inline void
check_bounded(const char *name, const char *value, size_t count)
{
    static const char *const asked[] = {"X-Spam-Relays-External",
                                        "ALL-EXTERNAL",
                                        "ALL",
                                        "ALL:raw",
                                        "EnvelopeFrom",
                                        "From:addr",
                                        "From:name",
                                        "From:host",
                                        "From:domain",
                                        "From:ip"};
    struct bytes             text    = {0};
    struct mail              mail;

    for (size_t i = 0; i < count; i++)
        bytes_printf(&text, "%s: %s\n", name, value);
    mail_parse(&mail, NULL, bytes_span(&text));
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        struct bytes found = {0};
        clock_t      start = clock();
        long         ms;

        (void)read_field(&mail, asked[i], &found);
        ms = (long)((clock() - start) * 1000 / CLOCKS_PER_SEC);
        if (ms > BOUND_MS)
            fail_msg("%s of %zu times \"%s: %.20s...\": %ld ms", asked[i], count, name, value, ms);
        assert_true(found.len <= 2 * (size_t)MAIL_HEADER_MAX || strcmp(asked[i], "ALL:raw") == 0);
        bytes_free(&found);
    }
    mail_free(&mail);
    bytes_free(&text);
}

#endif
