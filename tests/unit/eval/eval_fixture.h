/* For tests of functions of rules: one call over one mail, without rule files. */
#ifndef TESTS_UNIT_EVAL_FIXTURE_H
#define TESTS_UNIT_EVAL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <time.h>

#include "base/text.h"
#include "rules/eval/eval.h"

/* What a call gives for a mail, the settings being these lines of rule files. */
struct eval_row {
    const char *lines, *call, *mail;
    unsigned    hits;
};

/* Reads the lines; fails the test at one that cannot be read. */
static inline struct eval_settings *
read_settings(const char *lines)
{
    struct eval_settings *settings = eval_settings_new(mail_settings_default());
    struct bytes          why      = {0};

    while (lines != NULL && *lines != '\0') {
        struct span line = span_head(span_of(lines), strcspn(lines, "\n"));
        struct span rest = line, word = text_next_word(&rest);

        lines += line.len + (lines[line.len] == '\n');
        if (eval_line_owner(word) == NULL || eval_read_line(settings, word, text_trim(rest), &why) != 0)
            fail_msg("%.*s: %s", SPAN_ARG(line), why.data != NULL ? why.data : "unknown");
    }
    return settings;
}

static inline unsigned
run_call(struct eval_settings *settings, const char *call_text, const struct mail *mail)
{
    struct bytes      why  = {0};
    struct eval_call *call = eval_call_read(settings, span_of(call_text), &why);
    struct eval_run   run;
    unsigned          hits;

    if (call == NULL)
        fail_msg("%s: %s", call_text, why.data);
    eval_run_start(&run, settings, mail);
    hits = eval_run_call(&run, call);
    assert_int_equal(eval_run_call(&run, call), hits);
    eval_run_end(&run);
    eval_call_free(&call);
    return hits;
}

static inline unsigned
hits_of(const char *lines, const char *call, struct span text)
{
    struct eval_settings *settings = read_settings(lines);
    struct mail           mail     = {0};
    unsigned              hits;

    mail_parse(&mail, NULL, text);
    hits = run_call(settings, call, &mail);
    mail_free(&mail);
    eval_settings_free(&settings);
    return hits;
}

static inline void
check_rows(const struct eval_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned hits = hits_of(rows[i].lines, rows[i].call, span_of(rows[i].mail));

        if (hits != rows[i].hits)
            fail_msg("%s gives %u and not %u with \"%s\" for\n%s", rows[i].call, hits, rows[i].hits,
                     rows[i].lines != NULL ? rows[i].lines : "", rows[i].mail);
    }
}

/* `unit` again and again between `start` and `end`. */
static inline void
repeat(struct bytes *text, const char *start, const char *unit, size_t times, const char *end)
{
    bytes_add(text, span_of(start));
    for (size_t i = 0; i < times; i++)
        bytes_add(text, span_of(unit));
    bytes_add(text, span_of(end));
}

#ifdef __SANITIZE_ADDRESS__
enum { SLOWER = 8 };
#else
enum { SLOWER = 1 };
#endif

/* All these calls over one mail, none of which takes more than `most_ms`, or eight times that with the sanitizers. */
static inline void
check_bounded(const char *lines, const char *const *calls, size_t count, struct span text, long most_ms)
{
    struct eval_settings *settings = read_settings(lines);
    struct mail           mail     = {0};

    mail_parse(&mail, NULL, text);
    for (size_t i = 0; i < count; i++) {
        clock_t start = clock();
        long    ms;

        (void)run_call(settings, calls[i], &mail);
        ms = (long)((clock() - start) * 1000 / CLOCKS_PER_SEC);
        if (ms > most_ms * SLOWER)
            fail_msg("%s: %ld ms for %.60s...", calls[i], ms, text.data);
    }
    mail_free(&mail);
    eval_settings_free(&settings);
}

/* A mail made to hurt, as repeat() makes it. */
struct hostile_mail {
    const char *start, *unit;
    size_t      times;
    const char *end;
};

/* All calls over each mail, the settings being these lines: none takes more than a second. */
static inline void
check_hostile(const char *lines, const char *const *calls, size_t call_count, const struct hostile_mail *mails,
              size_t mail_count)
{
    for (size_t i = 0; i < mail_count; i++) {
        struct bytes text = {0};

        repeat(&text, mails[i].start, mails[i].unit, mails[i].times, mails[i].end);
        check_bounded(lines, calls, call_count, bytes_span(&text), 1000);
        bytes_free(&text);
    }
}

/* Lines of rule files that a plugin has to refuse, each with a reason. */
static inline void
check_bad_lines(const char *const *lines, size_t count)
{
    struct eval_settings *settings = read_settings("");

    for (size_t i = 0; i < count; i++) {
        struct span  rest = span_of(lines[i]), word = text_next_word(&rest);
        struct bytes why = {0};

        assert_non_null(eval_line_owner(word));
        if (eval_read_line(settings, word, text_trim(rest), &why) != -1 || why.len == 0)
            fail_msg("%s is taken", lines[i]);
        bytes_free(&why);
    }
    eval_settings_free(&settings);
}

/* Calls that have to be refused, each with a reason. */
static inline void
check_bad_calls(const char *const *calls, size_t count)
{
    struct eval_settings *settings = read_settings("");

    for (size_t i = 0; i < count; i++) {
        struct bytes why = {0};

        if (eval_call_read(settings, span_of(calls[i]), &why) != NULL || why.len == 0)
            fail_msg("%s is taken", calls[i]);
        bytes_free(&why);
    }
    eval_settings_free(&settings);
}

#endif
