/*
 * A message on its way, in every path, cut at every octet: what the client gets, and what the audit log would say. The
 * server's octets are followed by the start of its next reply, which must be left alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "proxy/message/message.h"
#include "proxy/message/message_header.h"
#include "proxy/net/buffer.h"
#include "tests/unit/message/message_filters.h"

static const char next_reply[] = "+OK next\r\n";

/* --- The table. --- */

#define OK "+OK message follows\r\n"

static const struct {
    const char                 *what;
    const struct filter_module *filters[3];
    const char                 *wire, *expect;
    size_t                      in, out; /* octets of text; where nobody looks, `in` is not known: 0 */
} rows[] = {
    {"no filter", {NULL}, "A: b\r\n\r\n..x\r\ny\r\n.\r\n", OK "A: b\r\n\r\n..x\r\ny\r\n.\r\n", 0, 0},
    {"no filter, bare LF", {NULL}, "A: b\n\n.x\ny\r\n.\r\n", OK "A: b\r\n\r\n..x\r\ny\r\n.\r\n", 0, 3},
    {"no filter, empty", {NULL}, ".\r\n", OK ".\r\n", 0, 0},
    {"watched", {&watches}, "A: b\r\n\r\n..x\r\ny\r\n.\r\n", OK "A: b\r\n\r\n..x\r\ny\r\n.\r\n", 15, 15},
    {"watched, no body", {&watches}, "A: b\r\n.\r\n", OK "A: b\r\n.\r\n", 6, 6},
    {"watched, bare LF", {&watches}, "A: b\r\n\r\nx\n.\ny\r\n.\r\n", OK "A: b\r\n\r\nx\r\n..\r\ny\r\n.\r\n", 15, 17},
    {"edited", {&edits}, "A: b\r\n\r\n..x\r\n.\r\n", OK "X-A: 1\r\nA: b\r\n\r\n..x\r\n.\r\n", 0, 0},
    {"edited, watched",
     {&edits, &watches},
     "A: b\r\n\r\n..x\r\n.\r\n",
     OK "X-A: 1\r\nA: b\r\n\r\n..x\r\n.\r\n",
     12,
     20},
    {"edited, no header", {&edits}, "\r\nx\r\n.\r\n", OK "X-A: 1\r\n\r\nx\r\n.\r\n", 0, 0},
    {"edited, body first", {&edits}, "hello\r\nA: b\r\n\r\n.\r\n", OK "X-A: 1\r\n\r\nhello\r\nA: b\r\n\r\n.\r\n", 0, 0},
    {"edited, body first, dots", {&edits}, "..\r\n..\r\n.\r\n", OK "X-A: 1\r\n\r\n..\r\n..\r\n.\r\n", 0, 0},
    {"edited, a field with a dot",
     {&edits},
     "A: b\r\n..c: d\r\n\r\n.\r\n",
     OK "X-A: 1\r\nA: b\r\n..c: d\r\n\r\n.\r\n",
     0,
     0},
    {"edited, no body", {&edits}, "A: b\r\n.\r\n", OK "X-A: 1\r\nA: b\r\n.\r\n", 0, 0},
    {"edited, bare LF in the header",
     {&edits},
     "A: b\nC: d\n\n.x\r\n.\r\n",
     OK "X-A: 1\r\nA: b\r\nC: d\r\n\r\n..x\r\n.\r\n",
     0,
     0},
    {"held", {&holds}, "A: b\r\n\r\n..x\r\ny\r\n.\r\n", OK "X-A: 1\r\nA: b\r\n\r\n..x\r\ny\r\n.\r\n", 15, 23},
    {"held, empty", {&holds}, ".\r\n", OK "X-A: 1\r\n\r\n.\r\n", 0, 10},
    {"held, no body", {&holds}, "A: b\r\n.\r\n", OK "X-A: 1\r\nA: b\r\n.\r\n", 6, 14},
    {"held, then flowing",
     {&holds_4},
     "A: b\r\n\r\n123456\r\n..x\r\n.\r\n",
     OK "X-A: 1\r\nA: b\r\n\r\n123456\r\n..x\r\n.\r\n",
     0,
     0},
    {"held twice",
     {&holds_4, &holds},
     "A: b\r\n\r\n123456\r\n.\r\n",
     OK "X-A: 1\r\nX-A: 1\r\nA: b\r\n\r\n123456\r\n.\r\n",
     16,
     32},
    {"held, watched, bare LF",
     {&holds, &watches},
     "A: b\n\n.\n.\r\n.\r\n",
     OK "X-A: 1\r\nA: b\r\n\r\n..\r\n..\r\n.\r\n",
     11,
     22},
    {"edited behind a hold",
     {&holds, &looks},
     "A: b\r\n\r\nx\r\n.\r\n",
     OK "X-Seen: 1\r\nX-A: 1\r\nA: b\r\n\r\nx\r\n.\r\n",
     0,
     0},
    {"edited before a hold", {&looks, &holds}, "A: b\r\n\r\nx\r\n.\r\n", OK "X-A: 1\r\nA: b\r\n\r\nx\r\n.\r\n", 0, 0},
    {"edited behind a hold that ends early",
     {&holds_4, &looks, &watches},
     "A: b\r\n\r\n123456\r\n.\r\n",
     OK "X-Seen: 1\r\nX-A: 1\r\nA: b\r\n\r\n123456\r\n.\r\n",
     16,
     35},
    {"edited behind one that waits",
     {&waits, &looks},
     "A: b\r\n\r\nx\r\n.\r\n",
     OK "X-Seen: 1\r\nX-A: 1\r\nA: b\r\n\r\nx\r\n.\r\n",
     0,
     0},
    {"rewritten", {&doubles}, "A: b\r\n\r\nxy\r\n...\r\n.\r\n", OK "A: b\r\n\r\nxxyy\r\n.....\r\n.\r\n", 16, 20},
    {"rewritten and held",
     {&doubles, &holds},
     "A: b\r\n\r\nxy\r\n.\r\n",
     OK "X-A: 1\r\nA: b\r\n\r\nxxyy\r\n.\r\n",
     12,
     22},
    {"waited for", {&waits}, "A: b\r\n\r\nx\r\n.\r\n", OK "X-A: 1\r\nA: b\r\n\r\nx\r\n.\r\n", 11, 19},
    {"asked about while it passes",
     {&asks, &watches},
     "A: b\r\n\r\nx\r\n..y\r\n..\r\n.\r\n",
     OK "A: b\r\n\r\nx\r\n..y\r\n..\r\n.\r\n",
     18,
     18},
    {"asked about while it is held",
     {&asks_holding, &looks},
     "A: b\r\n\r\nx\r\n..y\r\n..\r\n.\r\n",
     OK "X-Seen: 1\r\nX-A: 1\r\nA: b\r\n\r\nx\r\n..y\r\n..\r\n.\r\n",
     18,
     37},
    {"asked about before it is rewritten",
     {&asks_doubling, &watches},
     "A: b\r\n\r\nx\r\n..y\r\n..\r\n.\r\n",
     OK "A: b\r\n\r\nxx\r\n...yy\r\n...\r\n.\r\n",
     18,
     22},
    {"withheld", {&refuses}, "A: b\r\n\r\nx!\r\ny\r\n.\r\n", "-ERR message withheld by filter refuses\r\n", 0, 0},
    {"failed, and must not",
     {&fails},
     "A: b\r\n\r\nx!\r\ny\r\n.\r\n",
     "-ERR [SYS/TEMP] filter fails could not examine the message\r\n",
     0,
     0},
};

/* --- The runner. --- */

struct run {
    struct message *message;
    struct buffer   from, to;
    bool            resumed;
};

static void
drop_log(void *context, const char *filter, enum filter_log_level level, const char *line)
{
    (void)context;
    (void)filter;
    (void)level;
    (void)line;
}

static void
note_resume(void *context)
{
    ((struct run *)context)->resumed = true;
}

struct setup {
    struct chain_filter        filters[3];
    const struct chain_filter *pointers[3];
    struct chain               chain;
    struct message_info        info;
    struct hold_budget         budget;
};

static void
set_up(struct setup *setup, const struct filter_module *const *modules, int64_t budget)
{
    *setup               = (struct setup){.budget = {.limit = budget, .spool_dir = "/tmp"}};
    setup->chain.filters = setup->pointers;
    for (; setup->chain.count < 3 && modules[setup->chain.count] != NULL; setup->chain.count++) {
        size_t i = setup->chain.count;

        setup->filters[i]  = (struct chain_filter){modules[i], modules[i]->name, NULL, CHAIN_REFUSE, 0, 0};
        setup->pointers[i] = &setup->filters[i];
    }
}

static void
start(struct run *run, struct setup *setup)
{
    const struct message_setup how = {.chain   = &setup->chain,
                                      .info    = &setup->info,
                                      .budget  = &setup->budget,
                                      .log     = drop_log,
                                      .resume  = note_resume,
                                      .context = run};

    *run = (struct run){.message = message_open(&how)};
}

static void
stop(struct run *run)
{
    message_close(&run->message);
    buffer_clear(&run->from);
    buffer_clear(&run->to);
}

/* The piece is an exact block, so that a look behind its end is seen. */
static enum message_progress
give(struct run *run, const char *data, size_t len)
{
    struct block *block = block_new(len);

    memcpy(block->data, data, len);
    buffer_add_block(&run->from, block, block->data, len);
    return message_move(run->message, &run->from, &run->to);
}

static struct span
whole(struct buffer *buffer)
{
    return buffer_pull(buffer, buffer->length);
}

static void
check(size_t row, size_t cut, struct run *run, enum message_progress progress)
{
    struct span          got   = whole(&run->to);
    struct span          rest  = whole(&run->from);
    struct message_facts facts = message_facts(run->message);

    if (progress != MESSAGE_COMPLETE || !span_equal(got, span_of(rows[row].expect)) ||
        !span_equal(rest, span_of(next_reply)))
        fail_msg("%s, cut at %zu: progress %d, got [%.*s], left [%.*s]", rows[row].what, cut, progress, SPAN_ARG(got),
                 SPAN_ARG(rest));
    if (rows[row].in > 0 && (facts.octets_in != rows[row].in || facts.octets_out != rows[row].out))
        fail_msg("%s, cut at %zu: %llu octets in, %llu out", rows[row].what, cut, (unsigned long long)facts.octets_in,
                 (unsigned long long)facts.octets_out);
}

/* Gives the first `cut` octets at once and the others in pieces of `step`. What comes when it is complete is only kept.
 */
static void
run_row(size_t row, size_t cut, size_t step, int64_t budget)
{
    struct bytes          wire     = {0};
    enum message_progress progress = MESSAGE_WANTS_MORE;
    struct setup          setup;
    struct run            run;

    set_up(&setup, rows[row].filters, budget);
    start(&run, &setup);
    bytes_printf(&wire, "%s%s", rows[row].wire, next_reply);
    for (size_t at = 0, len = cut; at < wire.len; at += len, len = step) {
        len = len < wire.len - at ? len : wire.len - at;
        if (progress == MESSAGE_WANTS_MORE)
            progress = give(&run, wire.data + at, len);
        else
            buffer_add(&run.from, (struct span){wire.data + at, len});
    }
    while (progress == MESSAGE_WAITS) {
        size_t left = run.from.length;

        assert_int_equal(message_move(run.message, &run.from, &run.to), MESSAGE_WAITS);
        assert_int_equal(run.from.length, left); /* no more is read meanwhile */
        run.resumed = false;
        filter_resume(asking);
        assert_true(run.resumed);
        progress = message_move(run.message, &run.from, &run.to);
    }
    check(row, cut, &run, progress);
    stop(&run);
    assert_int_equal(setup.budget.used, 0);
    bytes_free(&wire);
}

static void
every_path_at_every_cut(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        size_t len = strlen(rows[row].wire) + sizeof(next_reply) - 1;

        for (size_t cut = 1; cut <= len; cut++)
            run_row(row, cut, len, INT64_MAX);
        run_row(row, 1, 1, INT64_MAX);
    }
}

/* Two messages on their way at a time, in every order of their pieces, take nothing from each other. */
static void
side_by_side(void **state)
{
    const struct filter_module *const modules[]    = {&edits, &watches, NULL};
    static const char                 wires[2][30] = {"A: first\r\n\r\nx\r\n.\r\n", "B: other\r\n\r\nyy\r\n.\r\n"};
    static const char *const          expects[]    = {OK "X-A: 1\r\nA: first\r\n\r\nx\r\n.\r\n",
                                                      OK "X-A: 1\r\nB: other\r\n\r\nyy\r\n.\r\n"};

    (void)state;
    for (size_t order = 0; order < 1 << 6; order++) {
        struct setup setups[2];
        struct run   runs[2];
        size_t       given[2] = {0};

        for (size_t i = 0; i < 2; i++) {
            set_up(&setups[i], modules, INT64_MAX);
            start(&runs[i], &setups[i]);
        }
        for (size_t step = 0; given[0] < strlen(wires[0]) || given[1] < strlen(wires[1]); step++) {
            size_t i = order >> step % 6 & 1, left = strlen(wires[i]) - given[i], len = left < 7 ? left : 7;

            i   = left > 0 ? i : 1 - i;
            len = left > 0 ? len : strlen(wires[i]) - given[i];
            (void)give(&runs[i], wires[i] + given[i], len);
            given[i] += len;
        }
        for (size_t i = 0; i < 2; i++) {
            assert_true(span_equal(whole(&runs[i].to), span_of(expects[i])));
            assert_string_equal(message_facts(runs[i].message).changes, "add X-A");
            stop(&runs[i]);
        }
    }
}

/* With no memory to hold in, all that is held goes through a file. */
static void
held_in_a_file(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        run_row(row, strlen(rows[row].wire), 64, 0);
        run_row(row, 1, 1, 0);
    }
}

/* A filter that stops a message whose header is with the client can only have it broken off. */
static void
stopped_in_the_middle(void **state)
{
    const struct filter_module *const modules[] = {&stops, NULL};
    static const char                 wire[]    = "A: b\r\n\r\nx\r\n!\r\n.\r\n";
    struct setup                      setup;
    struct run                        run;

    (void)state;
    set_up(&setup, modules, INT64_MAX);
    start(&run, &setup);
    assert_int_equal(give(&run, wire, 11), MESSAGE_WANTS_MORE);
    assert_true(message_begun(run.message));
    assert_int_equal(give(&run, wire + 11, sizeof(wire) - 12), MESSAGE_BROKEN);
    stop(&run);
}

/* A spool that is not there: the filter has failed, and what became of the message is its on_failure. */
static void
no_spool(void **state)
{
    static const struct {
        enum chain_on_failure on_failure;
        const char           *expect;
    } cases[] = {
        {CHAIN_PASS, OK "A: b\r\n\r\nx\r\n.\r\n"},
        {CHAIN_REFUSE, "-ERR [SYS/TEMP] filter holds could not examine the message\r\n"},
    };
    const struct filter_module *const modules[] = {&holds, NULL};
    static const char                 wire[]    = "A: b\r\n\r\nx\r\n.\r\n";

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct setup setup;
        struct run   run;

        set_up(&setup, modules, 0);
        setup.budget.spool_dir      = "/nonexistent";
        setup.filters[0].on_failure = cases[i].on_failure;
        start(&run, &setup);
        assert_int_equal(give(&run, wire, sizeof(wire) - 1), MESSAGE_COMPLETE);
        assert_int_equal(run.to.length, strlen(cases[i].expect));
        assert_memory_equal(buffer_pull(&run.to, run.to.length).data, cases[i].expect, strlen(cases[i].expect));
        stop(&run);
    }
}

enum shape { MANY_FIELDS, ONE_FIELD };

static struct bytes
endless_header(enum shape shape)
{
    struct bytes wire = {0};

    bytes_printf(&wire, shape == MANY_FIELDS ? "A: b\r\n" : "A: ");
    for (size_t i = 0; i < (size_t)MESSAGE_HEADER_MAX / 8; i++)
        if (shape == MANY_FIELDS)
            bytes_printf(&wire, "N%zu: vvvvvvvv\r\n", i);
        else
            bytes_printf(&wire, "vvvvvvv%zu", i);
    bytes_printf(&wire, "\r\n\r\nbody\r\n.\r\n");
    return wire;
}

/* It passes where the filters' on_failure allows it, with a field added above; where it does not, it is refused. */
static void
headers_too_long(void **state)
{
    static const char                 added[]   = OK "X-A: 1\r\n";
    static const char                 refused[] = "-ERR [SYS/TEMP] filter edits could not examine the message\r\n";
    const struct filter_module *const modules[] = {&edits, &watches, NULL};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct bytes wire = endless_header(i % 2 == 0 ? MANY_FIELDS : ONE_FIELD);
        struct setup setup;
        struct run   run;
        struct span  got;

        set_up(&setup, modules, INT64_MAX);
        setup.filters[0].on_failure = setup.filters[1].on_failure = i < 2 ? CHAIN_PASS : CHAIN_REFUSE;
        start(&run, &setup);
        for (size_t at = 0; at < wire.len; at += 10000)
            (void)give(&run, wire.data + at, wire.len - at < 10000 ? wire.len - at : 10000);
        got = whole(&run.to);
        if (i < 2) {
            assert_int_equal(got.len, wire.len + strlen(added));
            assert_memory_equal(got.data, added, strlen(added));
            assert_memory_equal(got.data + strlen(added), wire.data, wire.len);
        } else
            assert_true(span_equal(got, span_of(refused)));
        stop(&run);
        bytes_free(&wire);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_at_every_cut), cmocka_unit_test(side_by_side), cmocka_unit_test(held_in_a_file),
        cmocka_unit_test(stopped_in_the_middle),   cmocka_unit_test(no_spool),     cmocka_unit_test(headers_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
