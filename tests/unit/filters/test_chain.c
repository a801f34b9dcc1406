/*
 * One run of a chain: who is called when, and what the runner hears. Each row gives up to three filters a script (their
 * reach, and a letter for what each call returns) and says the whole trace of a message "one", "two" that goes through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "filters/chain.h"
#include "tests/unit/filters/chain_script.h"

static bool resumes; /* who waits is resumed */

static void
trace_reach(unsigned reach)
{
    bytes_printf(&trace, "[%s%s%s%s] ", (reach & H) != 0 ? "H" : "", (reach & B) != 0 ? "B" : "",
                 (reach & O) != 0 ? "O" : "", (reach & R) != 0 ? "R" : "");
}

/* Does what an event loop does: tries again when the filter was resumed. False: the message ends here. */
static bool
went_on(struct chain_run *run, enum filter_verdict verdict)
{
    static const char *const words[] = {
        [FILTER_CONTINUE] = "", [FILTER_WAIT] = "WAIT ", [FILTER_WITHHOLD] = "WITHHOLD ", [FILTER_FAILED] = "FAILED "};

    bytes_printf(&trace, "%s", words[verdict]);
    if (chain_failure(run) != NULL)
        bytes_printf(&trace, "by %s ", chain_failure(run));
    else
        trace_reach(chain_reach(run));
    return verdict == FILTER_CONTINUE;
}

static bool
try_again(struct chain_run *run, enum filter_verdict verdict)
{
    if (verdict == FILTER_WAIT && waiting != NULL && resumes)
        filter_resume(waiting);
    waiting = NULL;
    chain_next_turn(run);
    return verdict == FILTER_WAIT && resumes;
}

static bool
run_headers(struct chain_run *run, struct header_list *list)
{
    enum filter_verdict verdict;

    do {
        verdict = chain_headers(run, list);
        if (verdict == FILTER_WAIT) /* in vain: nobody was resumed */
            assert_int_equal(chain_headers(run, list), FILTER_WAIT);
    } while (try_again(run, verdict));
    return went_on(run, verdict);
}

static bool
run_piece(struct chain_run *run, struct span text)
{
    enum filter_verdict verdict = chain_body(run, text);

    while (verdict == FILTER_WAIT) {
        assert_int_equal(chain_body(run, SPAN("")), FILTER_WAIT);
        if (!try_again(run, verdict))
            break;
        verdict = chain_body(run, SPAN(""));
    }
    return went_on(run, verdict);
}

static bool
run_text(struct chain_run *run)
{
    return run_piece(run, SPAN("one")) && run_piece(run, SPAN("two"));
}

static void
run_message(struct chain_run *run)
{
    struct header_list  list = {0};
    enum filter_verdict verdict;

    headers_parse(&list, SPAN("A: b\r\n\r\n"));
    if (run_headers(run, &list) && run_text(run)) {
        do {
            verdict = chain_end(run);
            if (verdict == FILTER_WAIT)
                assert_int_equal(chain_end(run), FILTER_WAIT);
        } while (try_again(run, verdict));
        (void)went_on(run, verdict);
    }
    headers_free(&list);
}

static const struct row {
    const char   *name;
    struct script scripts[3];
    size_t        count;
    const char   *expect;
} rows[] = {
    {"nobody is interested", {{0, "", "", ""}, {0, "", "", ""}}, 2, "a:open b:open a:close b:close none"},
    {"headers alone", {{H, "c", "", ""}}, 1, "a:open [H] a:headers(1) [] [] [] [] a:close "},
    {"body alone", {{B, "", "c", "c"}}, 1, "a:open [B] [B] a:body(one) [B] a:body(two) [B] a:end(1) [] a:close "},
    {"headers and body",
     {{H | B, "c", "c", "c"}},
     1,
     "a:open [HB] a:headers(1) [B] a:body(one) [B] a:body(two) [B] a:end(1) [] a:close "},
    {"one skips",
     {{0, "", "", ""}, {H | B, "c", "c", "c"}},
     2,
     "a:open b:open [HB] b:headers(1) [B] b:body(one) [B] b:body(two) [B] b:end(1) [] a:close b:close "},
    {"in order",
     {{H | B, "c", "c", "c"}, {H | B, "c", "c", "c"}},
     2,
     "a:open b:open [HB] a:headers(1) b:headers(1) [B] a:body(one) b:body(one) [B] a:body(two) b:body(two) [B] "
     "a:end(1) b:end(2) [] a:close b:close "},
    {"enough of the headers", {{H | B, "e", "c", "c"}}, 1, "a:open [HB] a:headers(1) [] [] [] [] a:close "},
    {"enough of the body",
     {{B, "", "e", "c"}, {B, "", "c", "c"}},
     2,
     "a:open b:open [B] [B] a:body(one) b:body(one) [B] b:body(two) [B] b:end(1) [] a:close b:close "},
    {"hold to the end",
     {{H | B | O, "c", "c", "c"}},
     1,
     "a:open [HBO] a:headers(1) [BO] a:body(one) [BO] a:body(two) [BO] a:end(1) [] a:close "},
    {"hold, enough of the headers",
     {{H | B | O, "e", "c", "c"}},
     1,
     "a:open [HBO] a:headers(1) a:end(1) [] [] [] [] a:close "},
    {"hold, enough of the body", {{B | O, "", "e", "c"}}, 1, "a:open [BO] [BO] a:body(one) a:end(1) [] [] [] a:close "},
    {"hold without body", {{H | O, "c", "", "c"}}, 1, "a:open [HO] a:headers(1) [O] [O] [O] a:end(1) [] a:close "},
    {"two hold, the second has enough",
     {{B | O, "", "c", "c"}, {B | O, "", "e", "c"}},
     2,
     "a:open b:open [BO] [BO] a:body(one) b:body(one) [BO] a:body(two) [BO] a:end(1) b:end(2) [] a:close b:close "},
    {"two hold, both have enough, the second first",
     {{B | O, "", "ce", "c"}, {B | O, "", "e", "c"}},
     2,
     "a:open b:open [BO] [BO] a:body(one) b:body(one) [BO] a:body(two) a:end(1) b:end(2) [] [] a:close b:close "},
    {"two hold to the end, one reads",
     {{B | O, "", "c", "c"}, {B, "", "c", "c"}, {B | O, "", "c", "c"}},
     3,
     "a:open b:open c:open [BO] [BO] a:body(one) b:body(one) c:body(one) [BO] a:body(two) b:body(two) c:body(two) "
     "[BO] a:end(1) b:end(2) c:end(3) [] a:close b:close c:close "},
    {"waits in headers",
     {{H, "wwc", "", ""}, {H, "c", "", ""}},
     2,
     "a:open b:open [H] a:headers(1) resume a:headers(1) resume a:headers(1) b:headers(1) [] [] [] [] a:close "
     "b:close "},
    {"the second waits in headers: the first is not asked again",
     {{H | B, "c", "c", "c"}, {H, "wc", "", ""}},
     2,
     "a:open b:open [HB] a:headers(1) b:headers(1) resume b:headers(1) [B] a:body(one) [B] a:body(two) [B] a:end(1) "
     "[] a:close b:close "},
    {"enough of the headers, then waits in end",
     {{H | B | O, "e", "c", "wc"}, {H, "c", "", ""}},
     2,
     "a:open b:open [HBO] a:headers(1) a:end(1) resume a:end(2) b:headers(3) [] [] [] [] a:close b:close "},
    {"waits in end",
     {{B | O, "", "c", "wwc"}, {B, "", "c", "c"}},
     2,
     "a:open b:open [BO] [BO] a:body(one) b:body(one) [BO] a:body(two) b:body(two) [BO] a:end(1) resume a:end(2) "
     "resume a:end(3) b:end(4) [] a:close b:close "},
    {"enough of the body, then waits in end",
     {{B | O, "", "e", "wc"}},
     1,
     "a:open [BO] [BO] a:body(one) a:end(1) resume a:end(2) [] [] [] a:close "},
    {"waits in body: it gets the text again, and those behind have it once",
     {{B, "", "wwc", "c"}, {B, "", "c", "c"}},
     2,
     "a:open b:open [B] [B] a:body(one) b:body(one) resume a:body(one) resume a:body(one) [B] a:body(two) b:body(two) "
     "[B] a:end(1) b:end(2) [] a:close b:close "},
    {"waits in body, then has enough",
     {{B, "", "we", "c"}, {B, "", "c", "c"}},
     2,
     "a:open b:open [B] [B] a:body(one) b:body(one) resume a:body(one) [B] b:body(two) [B] b:end(1) [] a:close "
     "b:close "},
    {"waits in body, then withholds",
     {{B | O, "", "wx", "c"}},
     1,
     "a:open [BO] [BO] a:body(one) resume a:body(one) WITHHOLD by a a:close "},
    {"waits in body, then fails",
     {{B | O, "", "wf", "c"}},
     1,
     "a:open [BO] [BO] a:body(one) resume a:body(one) log(a,failed) [] [] [] a:close "},
    {"one that rewrites waits: those behind see nothing until then",
     {{R, "", "wc", "c"}, {B, "", "c", "c"}},
     2,
     "a:open b:open [BR] [BR] a:body(one) resume a:body(one) b:body(a<one>) text(a<one>) [BR] a:body(two) "
     "b:body(a<two>) "
     "text(a<two>) [BR] a:end(1) b:body(a<end>) text(a<end>) b:end(2) [R] a:close b:close "},
    {"waits behind one that rewrites, for the text of its end as well",
     {{R, "", "c", "c"}, {B, "", "ccwc", "c"}},
     2,
     "a:open b:open [BR] [BR] a:body(one) b:body(a<one>) text(a<one>) [BR] a:body(two) b:body(a<two>) text(a<two>) "
     "[BR] "
     "a:end(1) b:body(a<end>) text(a<end>) resume b:body(a<end>) b:end(2) [R] a:close b:close "},
    {"yields in headers, body and end",
     {{H | B | O, "yyc", "yc", "yc"}},
     1,
     "a:open [HBO] a:headers(1) yield a:headers(1) yield a:headers(1) [BO] a:body(one) yield a:body(one) [BO] "
     "a:body(two) "
     "[BO] a:end(1) yield a:end(2) [] a:close "},
    {"withholds in headers",
     {{H, "x", "", ""}, {H, "c", "", ""}},
     2,
     "a:open b:open [H] a:headers(1) WITHHOLD by a a:close b:close "},
    {"withholds in body",
     {{B, "", "cx", ""}, {B, "", "c", "c"}},
     2,
     "a:open b:open [B] [B] a:body(one) b:body(one) [B] a:body(two) WITHHOLD by a a:close b:close "},
    {"withholds in end",
     {{B | O, "", "c", "c"}, {B | O, "", "c", "x"}},
     2,
     "a:open b:open [BO] [BO] a:body(one) b:body(one) [BO] a:body(two) b:body(two) [BO] a:end(1) b:end(2) WITHHOLD by "
     "b a:close b:close "},
    {"withholds in body, with one behind it that has seen enough and would have the last word",
     {{B | O, "", "cx", "c"}, {B | O, "", "e", "c"}},
     2,
     "a:open b:open [BO] [BO] a:body(one) b:body(one) [BO] a:body(two) WITHHOLD by a a:close b:close "},
    {"fails in headers, pass",
     {{H | B | O, "f", "c", "c"}, {H, "c", "", ""}},
     2,
     "a:open b:open [HBO] a:headers(1) log(a,failed) b:headers(1) [] [] [] [] a:close b:close "},
    {"fails in headers, refuse",
     {{H | B | O | REFUSES, "f", "c", "c"}, {H, "c", "", ""}},
     2,
     "a:open b:open [HBO] a:headers(1) FAILED by a a:close b:close "},
    {"fails in body, pass",
     {{B, "", "f", "c"}, {B, "", "c", "c"}},
     2,
     "a:open b:open [B] [B] a:body(one) log(a,failed) b:body(one) [B] b:body(two) [B] b:end(1) [] a:close b:close "},
    {"fails in body, refuse",
     {{B | REFUSES, "", "f", "c"}, {B, "", "c", "c"}},
     2,
     "a:open b:open [B] [B] a:body(one) FAILED by a a:close b:close "},
    {"fails in end, pass",
     {{B | O, "", "c", "f"}, {B, "", "c", "c"}},
     2,
     "a:open b:open [BO] [BO] a:body(one) b:body(one) [BO] a:body(two) b:body(two) [BO] a:end(1) log(a,failed) "
     "b:end(2) [] a:close b:close "},
    {"fails in end, refuse",
     {{B | O | REFUSES, "", "c", "f"}},
     1,
     "a:open [BO] [BO] a:body(one) [BO] a:body(two) [BO] a:end(1) FAILED by a a:close "},
    {"enough, then end fails",
     {{B | O | REFUSES, "", "e", "f"}, {B, "", "c", "c"}},
     2,
     "a:open b:open [BO] [BO] a:body(one) a:end(1) FAILED by a a:close b:close "},
    {"rewrites",
     {{R, "", "c", "c"}},
     1,
     "a:open [R] [R] a:body(one) text(a<one>) [R] a:body(two) text(a<two>) [R] a:end(1) text(a<end>) [R] a:close "},
    {"a reader on each side of one that rewrites",
     {{B, "", "c", "c"}, {R, "", "c", "c"}, {B, "", "c", "c"}},
     3,
     "a:open b:open c:open [BR] [BR] a:body(one) b:body(one) c:body(b<one>) text(b<one>) [BR] a:body(two) b:body(two) "
     "c:body(b<two>) text(b<two>) [BR] a:end(1) b:end(2) c:body(b<end>) text(b<end>) c:end(3) [R] a:close b:close "
     "c:close "},
    {"two rewrite",
     {{R, "", "c", "c"}, {R, "", "c", "c"}},
     2,
     "a:open b:open [R] [R] a:body(one) b:body(a<one>) text(b<a<one>>) [R] a:body(two) b:body(a<two>) text(b<a<two>>) "
     "[R] a:end(1) b:body(a<end>) text(b<a<end>>) b:end(2) text(b<end>) [R] a:close b:close "},
    {"rewrites and has enough: the rest goes the same way",
     {{R, "", "e", "c"}},
     1,
     "a:open [R] [R] a:body(one) text(a<one>) [R] text(two) [R] [R] a:close "},
    {"has enough before the text: nothing is rewritten",
     {{H | R, "e", "c", "c"}},
     1,
     "a:open [HR] a:headers(1) [] [] [] [] a:close "},
    {"the reader behind one that rewrites withholds",
     {{R, "", "c", "c"}, {B, "", "x", "c"}, {B, "", "c", "c"}},
     3,
     "a:open b:open c:open [BR] [BR] a:body(one) b:body(a<one>) WITHHOLD by b a:close b:close c:close "},
    {"rewrites and holds",
     {{B | O | R, "", "e", "c"}},
     1,
     "a:open [BOR] [BOR] a:body(one) text(a<one>) a:end(1) text(a<end>) [R] text(two) [R] [R] a:close "},
};

/* A chain of the filters a, b, c with these scripts. */
static void
run_row(const struct row *row)
{
    static const char *const   names[] = {"a", "b", "c"};
    struct chain_filter        setups[3];
    const struct chain_filter *filters[3];
    struct chain               chain  = {filters, row->count};
    struct message_info        info   = {0};
    struct message_report      report = {0};
    struct chain_run          *run;

    for (size_t i = 0; i < row->count; i++) {
        const struct script *script = &row->scripts[i];

        setups[i] = (struct chain_filter){
            &script_module, names[i], (void *)script, (script->reach & REFUSES) != 0 ? CHAIN_REFUSE : CHAIN_PASS, 0, 0};
        filters[i] = &setups[i];
    }
    waiting = NULL;
    run     = chain_open(&chain, &info, &report, &host);
    if (run == NULL) {
        bytes_printf(&trace, "none");
        return;
    }
    trace_reach(chain_reach(run));
    run_message(run);
    chain_close(&run);
    assert_null(run);
}

static void
test_runs(void **state)
{
    (void)state;
    resumes = true;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        run_row(&rows[i]);
        expect_trace(rows[i].name, rows[i].expect);
    }
}

/* A filter that waits is not called before it was resumed, however often the chain is run; closing it then is fine. */
static void
test_waits_until_resumed(void **state)
{
    static const struct row row = {"", {{H, "wc", "", ""}}, 1, NULL};

    (void)state;
    resumes = false;
    run_row(&row);
    expect_trace("never resumed", "a:open [H] a:headers(1) WAIT [H] a:close ");
}

static const struct fail_row {
    const char           *name;
    struct script         scripts[2];
    enum chain_on_failure on_failure[2];
    enum filter_verdict   verdict;
    const char           *failure; /* whose */
    const char           *expect;  /* what comes of it */
} fail_rows[] = {
    {"all pass",
     {{H | B | O, "c", "c", "c"}, {H | B | O, "c", "c", "c"}},
     {CHAIN_PASS, CHAIN_PASS},
     FILTER_CONTINUE,
     NULL,
     "log(a,no roo) log(b,no roo) "},
    {"one refuses",
     {{H | B | O, "c", "c", "c"}, {H | B | O, "c", "c", "c"}},
     {CHAIN_PASS, CHAIN_REFUSE},
     FILTER_FAILED,
     "b",
     "log(a,no roo) log(b,no roo) "},
    {"both refuse",
     {{H | B | O, "c", "c", "c"}, {H | B | O, "c", "c", "c"}},
     {CHAIN_REFUSE, CHAIN_REFUSE},
     FILTER_FAILED,
     "a",
     "log(a,no roo) log(b,no roo) "},
    {"one that holds nothing goes on",
     {{H | B | O, "c", "c", "c"}, {H | B, "c", "c", "c"}},
     {CHAIN_PASS, CHAIN_REFUSE},
     FILTER_CONTINUE,
     NULL,
     "log(a,no roo) b:body(2) b:end(1) "},
    {"one behind the hold has its turn",
     {{H | B | O, "c", "c", "c"}, {H, "c", "c", "c"}},
     {CHAIN_PASS, CHAIN_REFUSE},
     FILTER_CONTINUE,
     NULL,
     "log(a,no roo) b:headers(1) "},
    {"one that would hold it longer fails as well",
     {{H | B | O, "c", "c", "c"}, {H, "w", "c", "c"}},
     {CHAIN_PASS, CHAIN_PASS},
     FILTER_CONTINUE,
     NULL,
     "log(a,no roo) b:headers(1) log(b,no roo) "},
};

static void
test_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(fail_rows); i++) {
        const struct fail_row *row       = &fail_rows[i];
        struct chain_filter    setups[2] = {{&script_module, "a", (void *)&row->scripts[0], row->on_failure[0], 0, 0},
                                            {&script_module, "b", (void *)&row->scripts[1], row->on_failure[1], 0, 0}};
        const struct chain_filter *filters[] = {&setups[0], &setups[1]};
        struct chain               chain     = {filters, 2};
        struct message_info        info      = {0};
        struct message_report      report    = {0};
        struct header_list         list      = {0};
        struct chain_run          *run       = chain_open(&chain, &info, &report, &host);

        headers_parse(&list, SPAN("A: b\r\n\r\n"));
        assert_int_equal(chain_headers(run, &list), FILTER_CONTINUE);
        assert_int_equal(chain_body(run, SPAN("1")), FILTER_CONTINUE);
        bytes_clear(&trace);
        assert_int_equal(chain_fail_holds(run, "no room"), row->verdict);
        assert_int_equal(chain_reach(run) & O, 0);
        if (row->verdict == FILTER_CONTINUE) {
            assert_int_equal(chain_body(run, SPAN("2")), FILTER_CONTINUE);
            assert_int_equal(chain_end(run), FILTER_CONTINUE);
        }
        expect_trace(row->name, row->expect);
        if (row->failure != NULL)
            assert_string_equal(chain_failure(run), row->failure);
        else
            assert_null(chain_failure(run));
        chain_close(&run);
        bytes_clear(&trace);
        headers_free(&list);
    }
}

static void
test_modules(void **state)
{
    (void)state;
    for (size_t i = 0; chain_modules[i] != NULL; i++)
        assert_ptr_equal(chain_module(chain_modules[i]->name), chain_modules[i]);
    assert_null(chain_module("no such module"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_waits_until_resumed),
        cmocka_unit_test(test_fail),
        cmocka_unit_test(test_modules),
    };
    int failed = cmocka_run_group_tests_name("chain", tests, NULL, NULL);

    bytes_free(&trace);
    return failed;
}
