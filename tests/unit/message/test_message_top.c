/*
 * A TOP for which more was fetched than the client asked for, cut at every octet: what the client gets, and what each
 * filter is shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/count.h"
#include "base/memory.h"
#include "proxy/message/message.h"
#include "proxy/net/buffer.h"

#define OK "+OK message follows\r\n"

static const char next_reply[] = "+OK next\r\n";

/* --- Filters. What each is shown is recorded in a field of its own. --- */

static unsigned
open_needing(struct filter *filter)
{
    (void)filter;
    return FILTER_BODY | FILTER_HOLD;
}

static enum filter_verdict
see_all(struct filter *filter, struct span text)
{
    bytes_add(&filter->report->rules, text);
    return FILTER_CONTINUE;
}

static enum filter_verdict
see_three(struct filter *filter, struct span text)
{
    bytes_add(&filter->report->rules, text);
    return filter->report->rules.len >= 3 ? FILTER_ENOUGH : FILTER_CONTINUE;
}

static enum filter_verdict
add_lines(struct filter *filter, struct header_list *list)
{
    struct bytes value = {0};

    bytes_printf(&value, "%llu", (unsigned long long)filter->lines);
    headers_insert(list, 0, SPAN("X-Lines"), bytes_span(&value));
    bytes_free(&value);
    return FILTER_CONTINUE;
}

static enum filter_verdict
withhold(struct filter *filter, struct span text)
{
    (void)filter;
    return memchr(text.data, '!', text.len) != NULL ? FILTER_WITHHOLD : FILTER_CONTINUE;
}

static uint64_t
need_nine(const void *conf)
{
    (void)conf;
    return 9;
}

static unsigned
open_watching(struct filter *filter)
{
    return filter->lines < 100 ? FILTER_BODY : FILTER_SKIPS;
}

static enum filter_verdict
watch(struct filter *filter, struct span text)
{
    bytes_add(&filter->report->fields, text);
    return FILTER_CONTINUE;
}

static unsigned
open_rewriting(struct filter *filter)
{
    (void)filter;
    return FILTER_REWRITE;
}

static enum filter_verdict
make_capitals(struct filter *filter, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i] >= 'a' && text.data[i] <= 'z' ? (char)(text.data[i] - 32) : text.data[i];

        filter_write(filter, (struct span){&c, 1});
    }
    return FILTER_CONTINUE;
}

static unsigned
open_not_interested(struct filter *filter)
{
    (void)filter;
    return FILTER_SKIPS;
}

static const struct filter_module needs = {
    .name = "needs", .needs = need_nine, .open = open_needing, .body = see_all, .end = add_lines};
static const struct filter_module needs_little = {
    .name = "needs-little", .needs = need_nine, .open = open_needing, .body = see_three, .end = add_lines};
static const struct filter_module refuses = {
    .name = "refuses", .needs = need_nine, .open = open_needing, .body = withhold};
static const struct filter_module watches  = {.name = "watches", .open = open_watching, .body = watch};
static const struct filter_module rewrites = {.name = "rewrites", .open = open_rewriting, .body = make_capitals};
static const struct filter_module skips    = {.name = "skips", .needs = need_nine, .open = open_not_interested};

/* --- The table. --- */

static const struct {
    const char                 *what;
    const struct filter_module *filters[3];
    uint64_t                    lines;
    const char                 *wire, *expect;
    const char                 *needing, *watching; /* what the filters are shown; NULL: it does not matter */
} rows[] = {
    {"no line",
     {&needs, &watches},
     0,
     "A: b\r\n\r\nx\r\ny\r\n.\r\n",
     OK "X-Lines: 9\r\nA: b\r\n\r\n.\r\n",
     "x\r\ny\r\n",
     ""},
    {"one line",
     {&watches, &needs},
     1,
     "A: b\r\n\r\nx\r\ny\r\n.\r\n",
     OK "X-Lines: 9\r\nA: b\r\n\r\nx\r\n.\r\n",
     "x\r\ny\r\n",
     "x\r\n"},
    {"dots",
     {&watches, &needs},
     2,
     "A: b\r\n\r\n..x\r\n..\r\n..z\r\n.\r\n",
     OK "X-Lines: 9\r\nA: b\r\n\r\n..x\r\n..\r\n.\r\n",
     ".x\r\n.\r\n.z\r\n",
     ".x\r\n.\r\n"},
    {"more than there is",
     {&watches, &needs},
     8,
     "A: b\r\n\r\nx\r\n.\r\n",
     OK "X-Lines: 9\r\nA: b\r\n\r\nx\r\n.\r\n",
     "x\r\n",
     "x\r\n"},
    {"as much as there is",
     {&watches, &needs},
     1,
     "A: b\r\n\r\nx\r\n.\r\n",
     OK "X-Lines: 9\r\nA: b\r\n\r\nx\r\n.\r\n",
     "x\r\n",
     "x\r\n"},
    {"no body", {&watches, &needs}, 1, "A: b\r\n.\r\n", OK "X-Lines: 9\r\nA: b\r\n.\r\n", "", ""},
    {"nothing", {&needs}, 1, ".\r\n", OK "X-Lines: 9\r\n\r\n.\r\n", "", ""},
    {"bare LF",
     {&watches, &needs},
     1,
     "A: b\n\n.x\ny\n\r\n.\r\n",
     OK "X-Lines: 9\r\nA: b\r\n\r\n..x\r\n.\r\n",
     ".x\ny\n\r\n",
     ".x\n"},
    {"no header",
     {&watches, &needs},
     1,
     "hello\r\n\r\nx\r\ny\r\n.\r\n",
     OK "X-Lines: 9\r\n\r\nhello\r\n\r\nx\r\n.\r\n",
     "hello\r\n\r\nx\r\ny\r\n",
     "hello\r\n\r\nx\r\n"},
    {"had enough before the cut",
     {&needs_little, &watches},
     2,
     "A: b\r\n\r\n123\r\ny\r\nz\r\n.\r\n",
     OK "X-Lines: 9\r\nA: b\r\n\r\n123\r\ny\r\n.\r\n",
     NULL,
     "123\r\ny\r\n"},
    {"had enough behind the cut",
     {&needs_little, &watches},
     1,
     "A: b\r\n\r\nx\r\nyyy\r\nz\r\n.\r\n",
     OK "X-Lines: 9\r\nA: b\r\n\r\nx\r\n.\r\n",
     NULL,
     "x\r\n"},
    {"withheld behind the cut",
     {&refuses},
     0,
     "A: b\r\n\r\nx!\r\ny\r\n.\r\n",
     "-ERR message withheld by filter refuses\r\n",
     NULL,
     NULL},
    {"rewritten",
     {&rewrites, &needs, &watches},
     1,
     "A: b\r\n\r\nx\r\ny\r\n.\r\n",
     OK "X-Lines: 9\r\nA: b\r\n\r\nX\r\n.\r\n",
     "X\r\nY\r\n",
     "X\r\n"},
    {"rewritten behind",
     {&needs, &rewrites},
     1,
     "A: b\r\n\r\nx\r\ny\r\n.\r\n",
     OK "X-Lines: 9\r\nA: b\r\n\r\nX\r\n.\r\n",
     "x\r\ny\r\n",
     NULL},
    {"nobody interested", {&skips}, 1, "A: b\r\n\r\n..x\r\ny\r\n.\r\n", OK "A: b\r\n\r\n..x\r\n.\r\n", NULL, NULL},
    {"interested, but not in this",
     {&skips, &watches},
     1,
     "A: b\r\n\r\n..x\r\ny\r\n.\r\n",
     OK "A: b\r\n\r\n..x\r\n.\r\n",
     NULL,
     ".x\r\n"},
};

static void
drop_log(void *context, const char *filter, enum filter_log_level level, const char *line)
{
    (void)context;
    (void)filter;
    (void)level;
    (void)line;
}

struct setup {
    struct chain_filter        filters[3];
    const struct chain_filter *pointers[3];
    struct chain               chain;
    struct message_info        info;
    struct hold_budget         budget;
};

static void
set_up(struct setup *setup, size_t row, int64_t budget)
{
    *setup               = (struct setup){.budget = {.limit = budget, .spool_dir = "/tmp"},
                                          .info   = {.top = true, .lines = rows[row].lines, .needed = 9}};
    setup->chain.filters = setup->pointers;
    for (; setup->chain.count < 3 && rows[row].filters[setup->chain.count] != NULL; setup->chain.count++) {
        size_t                      i      = setup->chain.count;
        const struct filter_module *module = rows[row].filters[i];

        setup->filters[i]  = (struct chain_filter){module, module->name, NULL, CHAIN_REFUSE, 0, 0};
        setup->pointers[i] = &setup->filters[i];
    }
}

static void
expect(size_t row, size_t cut, const char *what, struct span got, const char *expected)
{
    if (expected != NULL && !span_equal(got, span_of(expected)))
        fail_msg("%s, cut at %zu: %s is [%.*s]", rows[row].what, cut, what, SPAN_ARG(got));
}

static struct span
whole(struct buffer *buffer)
{
    return buffer_pull(buffer, buffer->length);
}

static void
run_row(size_t row, size_t cut, size_t step, int64_t budget)
{
    enum message_progress progress = MESSAGE_WANTS_MORE;
    struct bytes          wire     = {0};
    struct buffer         from = {0}, to = {0};
    struct setup          setup;
    struct message       *message;

    set_up(&setup, row, budget);
    message = message_open(
        &(struct message_setup){.chain = &setup.chain, .info = &setup.info, .budget = &setup.budget, .log = drop_log});
    bytes_printf(&wire, "%s%s", rows[row].wire, next_reply);
    for (size_t at = 0, len = cut; at < wire.len; at += len, len = step) {
        len = len < wire.len - at ? len : wire.len - at;
        buffer_add(&from, (struct span){wire.data + at, len});
        progress = message_move(message, &from, &to);
    }
    assert_int_equal(progress, MESSAGE_COMPLETE);
    expect(row, cut, "the answer", whole(&to), rows[row].expect);
    expect(row, cut, "what is left", whole(&from), next_reply);
    expect(row, cut, "what the needing filter saw", bytes_span(&message_facts(message).report->rules),
           rows[row].needing);
    expect(row, cut, "what the other filter saw", bytes_span(&message_facts(message).report->fields),
           rows[row].watching);
    message_close(&message);
    assert_int_equal(setup.budget.used, 0);
    buffer_clear(&from);
    buffer_clear(&to);
    bytes_free(&wire);
}

static void
answers_are_cut(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        size_t len = strlen(rows[row].wire) + sizeof(next_reply) - 1;

        for (size_t cut = 1; cut <= len; cut++) {
            run_row(row, cut, len, INT64_MAX);
            run_row(row, cut, len, 0);
        }
        run_row(row, 1, 1, INT64_MAX);
    }
}

/* The audit log says how long the answer is, not how much was fetched for it. */
static void
octets_are_the_answers(void **state)
{
    struct buffer        from = {0}, to = {0};
    struct setup         setup;
    struct message      *message;
    struct message_facts facts;

    (void)state;
    set_up(&setup, 1, INT64_MAX);
    message = message_open(
        &(struct message_setup){.chain = &setup.chain, .info = &setup.info, .budget = &setup.budget, .log = drop_log});
    buffer_add(&from, SPAN("A: b\r\n\r\nx\r\nyyy\r\nzzz\r\n.\r\n"));
    assert_int_equal(message_move(message, &from, &to), MESSAGE_COMPLETE);
    facts = message_facts(message);
    assert_int_equal(facts.octets_in, sizeof("A: b\r\n\r\nx\r\n") - 1);
    assert_int_equal(facts.octets_out, sizeof("X-Lines: 9\r\nA: b\r\n\r\nx\r\n") - 1);
    message_close(&message);
    buffer_clear(&from);
    buffer_clear(&to);
}

/* What is fetched for the filters alone takes no memory but theirs. */
static void
surplus_is_not_held(void **state)
{
    static char     line[1024];
    struct buffer   from = {0}, to = {0};
    struct setup    setup;
    struct message *message;
    int64_t         header;

    (void)state;
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 2] = '\r';
    line[sizeof(line) - 1] = '\n';
    set_up(&setup, 1, INT64_MAX);
    message = message_open(
        &(struct message_setup){.chain = &setup.chain, .info = &setup.info, .budget = &setup.budget, .log = drop_log});
    buffer_add(&from, SPAN("A: b\r\n\r\n"));
    assert_int_equal(message_move(message, &from, &to), MESSAGE_WANTS_MORE);
    header = setup.budget.used;
    for (size_t i = 0; i < 1000; i++) {
        buffer_add(&from, (struct span){line, sizeof(line)});
        assert_int_equal(message_move(message, &from, &to), MESSAGE_WANTS_MORE);
        assert_true(setup.budget.used <= header + (int64_t)sizeof(line));
        assert_int_equal(to.length, 0);
    }
    assert_int_equal(message_facts(message).report->rules.len, 1000 * sizeof(line));
    message_close(&message);
    buffer_clear(&from);
    buffer_clear(&to);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_cut),
        cmocka_unit_test(octets_are_the_answers),
        cmocka_unit_test(surplus_is_not_held),
    };

    return cmocka_run_group_tests_name("message_top", tests, NULL, NULL);
}
