/* The header-rewrite filter at work: rules, a message's header, what is left of it, and what was logged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/count.h"
#include "base/memory.h"
#include "filters/chain.h"
#include "filters/header_rewrite.h"

static const struct row {
    const char *name, *rules;
    struct span block, expect;
    const char *log, *changes;
} rows[] = {
    {"dunno", "/a/ DUNNO\n", SPAN("A: b\r\n\r\n"), SPAN("A: b\r\n\r\n"), "", ""},
    {"ignore", "/^a/ IGNORE\n", SPAN("A: b\r\n c\r\nB: d\r\n\r\n"), SPAN("B: d\r\n\r\n"), "", "remove A"},
    {"strip", "/^a/ STRIP gone\n", SPAN("A: b\r\nB: d\r\n\r\n"), SPAN("B: d\r\n\r\n"),
     "2 strip: header A: b: gone (RULES:1)\n", "remove A"},
    {"info", "/^a/ INFO\n", SPAN("A: b\r\n\r\n"), SPAN("A: b\r\n\r\n"), "2 info: header A: b (RULES:1)\n", ""},
    {"warn", "\n/^a: (.)/ WARN [$1]\n", SPAN("A: b\r\n\r\n"), SPAN("A: b\r\n\r\n"),
     "1 warning: header A: b: [b] (RULES:2)\n", ""},
    {"prepend", "/^b/ PREPEND X: y\n", SPAN("A: b\r\nB: d\r\n\r\n"), SPAN("A: b\r\nX: y\r\nB: d\r\n\r\n"), "", "add X"},
    {"what is prepended is not looked at", "/./ PREPEND A: y\n", SPAN("A: b\r\nB: c\r\n\r\n"),
     SPAN("A: y\r\nA: b\r\nA: y\r\nB: c\r\n\r\n"), "", "add A, add A"},
    {"replace", "/^(a): (.*)/ REPLACE X-$1: $2!\n", SPAN("A: b\r\nB: c\r\n\r\n"), SPAN("X-A: b!\r\nB: c\r\n\r\n"), "",
     "replace A"},
    {"line ends stay", "/^a: (.*)/ REPLACE A: $1 c\n", SPAN("A: b\nB: c\n\n"), SPAN("A: b c\nB: c\n\n"), "",
     "replace A"},
    {"a capture over a fold", "/^a: (.*)/ REPLACE A: $1 d\n", SPAN("A: b\r\n\tc\r\n\r\n"), SPAN("A: b\tc d\r\n\r\n"),
     "", "replace A"},
    {"a fold is a line feed", "/^a: b\\n\\tc$/ IGNORE\n", SPAN("A: b\r\n\tc\r\nB: c\r\n\r\n"), SPAN("B: c\r\n\r\n"), "",
     "remove A"},
    {"white space before the colon is not seen", "/^a: b$/ IGNORE\n", SPAN("A \t: b\r\nB: c\r\n\r\n"),
     SPAN("B: c\r\n\r\n"), "", "remove A"},
    {"a capture cannot end the field", "/^a: (.*)/ REPLACE X: $1\n", SPAN("A: b\rEvil: c\0d\r\n\r\n"),
     SPAN("X: b Evil: c d\r\n\r\n"), "", "replace A"},
    {"what is no field is not written", "/^a: (.*)/ REPLACE $1\n", SPAN("A: b\r\n\r\n"), SPAN("A: b\r\n\r\n"),
     "1 what REPLACE would write is no field: header A: b: b (RULES:1)\n", ""},
    {"nor in front", "/^a: (.*)/ PREPEND $1\n", SPAN("A: \r\n\r\n"), SPAN("A: \r\n\r\n"),
     "1 what PREPEND would write is no field: header A:  (RULES:1)\n", ""},
    {"an mbox line is no field", "/from/ IGNORE\n/./ IGNORE\n", SPAN("From a\r\nA: b\r\n\r\n"), SPAN("From a\r\n\r\n"),
     "", "remove A"},
    {"no header", "/./ IGNORE\n!/a/ IGNORE\n", SPAN(""), SPAN(""), "", ""},
    {"no empty line", "/^a/ PREPEND X: y\n", SPAN("A: b\r\n"), SPAN("X: y\r\nA: b\r\n"), "", "add X"},
    {"every copy", "/^x-spam/ IGNORE\n", SPAN("X-Spam-Flag: NO\r\nA: b\r\nX-SPAM-Flag\t:\r\n no\r\n\r\n"),
     SPAN("A: b\r\n\r\n"), "", "remove X-Spam-Flag, remove X-SPAM-Flag"},
};

static struct bytes log_lines;
static char         rules_path[] = "/tmp/header_rewrite.XXXXXX";

/* A line without the path of the rules, which is another each time. */
static void
take_log(void *context, const char *filter, enum filter_log_level level, const char *line)
{
    const char *path = strstr(line, rules_path);

    (void)context;
    assert_string_equal(filter, "headers");
    if (path == NULL)
        path = line + strlen(line);
    bytes_printf(&log_lines, "%d %.*s", (int)level, (int)(path - line), line);
    bytes_printf(&log_lines, "%s%s\n", *path != '\0' ? "RULES" : "", *path != '\0' ? path + strlen(rules_path) : "");
}

static void
configure(struct header_rewrite *conf, const char *rules)
{
    static const struct setting_place place   = {.file = "proxy.conf", .line = 1};
    static char                      *paths[] = {rules_path};
    struct error                      error   = {0};
    int                               fd;

    memcpy(rules_path + sizeof(rules_path) - 7, "XXXXXX", 7);
    fd = mkstemp(rules_path);
    assert_int_equal(write(fd, rules, strlen(rules)), strlen(rules));
    assert_int_equal(close(fd), 0);
    *conf = (struct header_rewrite){.rules = {paths, 1}};
    if (header_rewrite_module.configure(conf, &place, &error) != 0)
        fail_msg("%s", error_text(&error));
    assert_int_equal(unlink(rules_path), 0);
}

static struct chain_host host = {.log = take_log};

/* How often it gave way to others, where there are any. */
static unsigned yields;

static void
take_yield(void *context)
{
    (void)context;
    yields++;
}

/* Each turn has to end soon after its slice. */
static enum filter_verdict
run_turns(struct chain_run *run, struct header_list *list)
{
    enum { SLACK = 15000 }; /* microseconds: a match may take ten milliseconds */
    enum filter_verdict verdict;

    do {
        uint64_t before = clock_microseconds(CLOCK_THREAD_CPUTIME_ID);

        verdict = chain_headers(run, list);
        if (host.yield != NULL)
            assert_in_range(clock_microseconds(CLOCK_THREAD_CPUTIME_ID) - before, 0, CHAIN_SLICE * 1000 + SLACK);
        chain_next_turn(run);
    } while (verdict == FILTER_WAIT);
    return verdict;
}

/* Runs the filter over a header block: the verdict, and what is written then. `limit`: its time_limit. */
static enum filter_verdict
rewrite_within(struct header_rewrite *conf, int64_t limit, enum chain_on_failure on_failure, struct span block,
               struct bytes *written, struct bytes *changes)
{
    struct chain_filter        setup  = {&header_rewrite_module, "headers", conf, on_failure, limit, 0};
    const struct chain_filter *filter = &setup;
    struct chain               chain  = {&filter, 1};
    struct message_info        info   = {0};
    struct message_report      report = {0};
    struct header_list         list   = {0};
    struct chain_run          *run    = chain_open(&chain, &info, &report, &host);
    enum filter_verdict        verdict;

    assert_int_equal(chain_reach(run), FILTER_HEADERS);
    headers_parse(&list, block);
    verdict = run_turns(run, &list);
    assert_int_equal(chain_reach(run), FILTER_SKIPS);
    headers_write(&list, written);
    bytes_add(changes, bytes_span(&list.changes));
    headers_free(&list);
    chain_close(&run);
    return verdict;
}

static enum filter_verdict
rewrite(struct header_rewrite *conf, struct span block, struct bytes *written, struct bytes *changes)
{
    return rewrite_within(conf, 0, CHAIN_REFUSE, block, written, changes);
}

static void
run_row(const struct row *row)
{
    struct header_rewrite conf;
    struct bytes          written = {0}, changes = {0};
    char                 *block = memory_resize(NULL, row->block.len);

    memcpy(block, row->block.data, row->block.len);
    bytes_clear(&log_lines);
    configure(&conf, row->rules);
    assert_int_equal(rewrite(&conf, (struct span){block, row->block.len}, &written, &changes), FILTER_CONTINUE);
    if (!span_equal(bytes_span(&written), row->expect))
        fail_msg("%s: \"%.*s\"", row->name, SPAN_ARG(bytes_span(&written)));
    if (!span_equal(bytes_span(&log_lines), span_of(row->log)))
        fail_msg("%s: logged \"%s\"", row->name, log_lines.data);
    assert_string_equal(changes.data, row->changes);
    header_rewrite_module.release(&conf);
    bytes_free(&written);
    bytes_free(&changes);
    free(block);
}

static void
test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        run_row(&rows[i]);
}

static struct bytes
repeat(const char *what, size_t times)
{
    struct bytes text = {0};

    for (size_t i = 0; i < times; i++)
        bytes_add(&text, span_of(what));
    return text;
}

/* A message of many small fields cannot make the rules write, or log, without end; no field is lost. */
static void
test_bounds(void **state)
{
    struct header_rewrite conf;
    struct bytes          block = repeat("A: b\r\n", 60000), written = {0}, changes = {0};
    size_t                lines = 0;

    (void)state;
    configure(&conf, "/./ PREPEND X-Long-Name: and a text that is much longer than the field\n");
    assert_int_equal(rewrite(&conf, bytes_span(&block), &written, &changes), FILTER_FAILED);
    assert_in_range(written.len, block.len + 200 * 1024, block.len + 300 * 1024);
    header_rewrite_module.release(&conf);

    bytes_clear(&log_lines);
    configure(&conf, "/./ WARN\n");
    assert_int_equal(rewrite(&conf, bytes_span(&block), &written, &changes), FILTER_CONTINUE);
    for (size_t i = 0; i < log_lines.len; i++)
        lines += log_lines.data[i] == '\n';
    assert_int_equal(lines, 51);
    header_rewrite_module.release(&conf);
    bytes_free(&block);
    bytes_free(&written);
    bytes_free(&changes);
}

/* The rules see the first 102400 octets of a field, as in Postfix; what they do not see is written all the same. */
static void
test_long_field(void **state)
{
    struct header_rewrite conf;
    struct bytes          block = {0}, fill = repeat("x", 102400 - 3), written = {0}, changes = {0};

    (void)state;
    bytes_printf(&block, "A: %sy\r\nB: %s\r\n y\r\n\r\n", fill.data, fill.data);
    configure(&conf, "/y/ IGNORE\n/^.: x+$/ PREPEND X: end\n");
    assert_int_equal(rewrite(&conf, bytes_span(&block), &written, &changes), FILTER_CONTINUE);
    assert_int_equal(written.len, block.len + 2 * strlen("X: end\r\n"));
    header_rewrite_module.release(&conf);
    bytes_free(&block);
    bytes_free(&fill);
    bytes_free(&written);
    bytes_free(&changes);
}

/* A sender can make a field that a clumsy pattern meets its limit on: that is said, and is a failure. */
static void
test_given_up(void **state)
{
    static const char slow[]   = "/^To:(.*,){20,}.*$/ PREPEND X-Many: yes\n",
                      inside[] = "if !/^To:(.*,){20,}.*$/\n/^To/ IGNORE\nendif\n/^A/ IGNORE\n";
    struct header_rewrite conf;
    struct bytes          block = {0}, written = {0}, changes = {0};

    (void)state;
    bytes_add(&block, SPAN("To: x@example.com"));
    for (unsigned i = 0; i < 100; i++)
        bytes_printf(&block, ", a%u@example.com", i);
    bytes_add(&block, SPAN("\r\nA: b\r\nTo: a\r\n\r\n"));

    bytes_clear(&log_lines);
    configure(&conf, slow);
    assert_int_equal(rewrite(&conf, bytes_span(&block), &written, &changes), FILTER_FAILED);
    assert_non_null(strstr(log_lines.data, "1 the pattern met its limit, and the rule was passed over: header To: x@"));
    assert_non_null(strstr(log_lines.data, " (RULES:1)\n"));
    assert_true(span_equal(bytes_span(&written), bytes_span(&block)));
    header_rewrite_module.release(&conf);

    bytes_clear(&log_lines);
    bytes_clear(&written);
    configure(&conf, inside); /* what stands in an if that was passed over is passed over, and the others are not */
    assert_int_equal(rewrite_within(&conf, 0, CHAIN_PASS, bytes_span(&block), &written, &changes), FILTER_CONTINUE);
    assert_non_null(strstr(log_lines.data, " (RULES:1)\n1 failed: the message passes with what was done by then\n"));
    assert_int_equal(written.len, block.len - strlen("A: b\r\nTo: a\r\n"));
    header_rewrite_module.release(&conf);
    bytes_free(&block);
    bytes_free(&written);
    bytes_free(&changes);
}

/* Each field costs a slow pattern its limit; the message has one of its own. No field is lost, and one line says it. */
static void
test_time_limit(void **state)
{
    enum { TIME_MAX = 100, SLACK = 50 }; /* milliseconds */
    struct header_rewrite conf;
    struct bytes          field = {0}, block = {0}, written = {0}, changes = {0};
    uint64_t              took = clock_microseconds(CLOCK_THREAD_CPUTIME_ID);

    (void)state;
    for (unsigned i = 0; i < 40; i++)
        bytes_add(&field, SPAN("aaaaaaaaaaaaaaaaaaaaaaaaa"));
    for (unsigned i = 0; i < 400; i++)
        bytes_printf(&block, "X-A: %s!\r\n", field.data);
    bytes_add(&block, SPAN("X-B: b\r\n\r\n"));
    configure(&conf, "/^X-A: (a+)+$/ IGNORE\n/^X-B/ IGNORE\n");
    bytes_clear(&log_lines);
    assert_int_equal(rewrite_within(&conf, TIME_MAX, CHAIN_PASS, bytes_span(&block), &written, &changes),
                     FILTER_CONTINUE);
    took = (clock_microseconds(CLOCK_THREAD_CPUTIME_ID) - took) / 1000;
    assert_in_range(took, TIME_MAX - 10, TIME_MAX + SLACK);
    assert_true(span_equal(bytes_span(&written), bytes_span(&block)));
    assert_non_null(strstr(log_lines.data, "1 time_limit was met: the message passes with what was done by then\n"));
    assert_int_equal(rewrite_within(&conf, TIME_MAX, CHAIN_REFUSE, bytes_span(&block), &written, &changes),
                     FILTER_FAILED);
    header_rewrite_module.release(&conf);
    bytes_free(&field);
    bytes_free(&block);
    bytes_free(&written);
    bytes_free(&changes);
}

/* A message that takes long is worked on in turns, and comes out as it would else. */
static void
test_turns(void **state)
{
    struct header_rewrite conf;
    struct bytes          block = {0}, written[2] = {{0}}, changes[2] = {{0}};

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        bytes_printf(&block, "X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\r\nX-B: b%u\r\nX-C: c\r\n", i);
    bytes_add(&block, SPAN("\r\n"));
    configure(&conf, "/^X-A: (a+)+$/ IGNORE\n/^X-B: b(.*)/ REPLACE X-B: $1\n/^X-C/ PREPEND X-D: d\n");
    yields = 0;
    for (unsigned turns = 0; turns < 2; turns++) {
        host.yield = turns > 0 ? take_yield : NULL;
        assert_int_equal(rewrite_within(&conf, 0, CHAIN_PASS, bytes_span(&block), &written[turns], &changes[turns]),
                         FILTER_CONTINUE);
        assert_true(turns > 0 ? yields >= 3 : yields == 0);
    }
    host.yield = NULL;
    assert_true(span_equal(bytes_span(&written[0]), bytes_span(&written[1])));
    assert_non_null(strstr(written[1].data, "X-B: 99\r\nX-D: d\r\nX-C: c\r\n\r\n"));
    assert_true(span_equal(bytes_span(&changes[0]), bytes_span(&changes[1])));
    header_rewrite_module.release(&conf);
    bytes_free(&block);
    for (unsigned i = 0; i < 2; i++) {
        bytes_free(&written[i]);
        bytes_free(&changes[i]);
    }
}

/* A message may end while it is worked on: its memory is given back, whatever a rule has made of it. */
static void
test_left_off(void **state)
{
    struct header_rewrite      conf;
    struct chain_filter        setup  = {&header_rewrite_module, "headers", &conf, CHAIN_PASS, 0, 0};
    const struct chain_filter *filter = &setup;
    struct chain               chain  = {&filter, 1};
    struct message_info        info   = {0};
    struct message_report      report = {0};
    struct header_list         list   = {0};
    struct bytes               block  = {0};
    struct chain_run          *run;

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        bytes_add(&block, SPAN("X-B: b\r\n c\r\nX-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\r\n"));
    configure(&conf, "/^X-A: (a+)+$/ IGNORE\n/^X-B: (.*)/ PREPEND X-D: $1\n");
    host.yield = take_yield;
    run        = chain_open(&chain, &info, &report, &host);
    headers_parse(&list, bytes_span(&block));
    assert_int_equal(chain_headers(run, &list), FILTER_WAIT);
    chain_close(&run);
    host.yield = NULL;
    headers_free(&list);
    header_rewrite_module.release(&conf);
    bytes_free(&block);
}

static unsigned
line_seven(const struct setting_place *place, const char *key)
{
    (void)place;
    assert_string_equal(key, "rules");
    return 7;
}

static void
test_mistakes(void **state)
{
    static const struct setting_place place   = {.file = "proxy.conf", .line = 1, .line_of = line_seven};
    char                             *paths[] = {(char *)"/nonexistent/rules"};
    struct header_rewrite             conf    = {.rules = {paths, 1}};
    struct error                      error   = {0};

    (void)state;
    assert_int_equal(header_rewrite_module.configure(&conf, &place, &error), -1);
    assert_string_equal(error_text(&error), "proxy.conf:7: rules /nonexistent/rules: No such file or directory\n");
    header_rewrite_module.release(&conf);
    error_free(&error);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_bounds),   cmocka_unit_test(test_long_field),
        cmocka_unit_test(test_turns),    cmocka_unit_test(test_left_off), cmocka_unit_test(test_time_limit),
        cmocka_unit_test(test_given_up), cmocka_unit_test(test_mistakes),
    };
    int failed = cmocka_run_group_tests_name("header_rewrite", tests, NULL, NULL);

    bytes_free(&log_lines);
    return failed;
}
