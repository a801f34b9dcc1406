/*
 * A mail that takes long is looked at in turns, each of which ends soon after its slice, and what comes of it is what
 * comes of it in one go. What counts is the processor's time, the least of several attempts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/budget.h"
#include "base/clock.h"
#include "base/count.h"
#include "tests/unit/spamassassin/rule_fixture.h"

/* The slices are short, to show what cannot be cut: no more than a few usual messages take in all, and with rules that
 * may be slow, twice what a match may take, which others have to bear. */
enum {
    MILLISECOND = 1000,
    SLICE       = 1 * MILLISECOND,
    ATTEMPTS    = 5,
    STEP_USUAL  = 3,
    STEP_MATCH  = 20 * MILLISECOND,
    SIZE        = 512 * 1024,
};

#include "tests/unit/spamassassin/shapes.h"

#ifdef __SANITIZE_ADDRESS__ /* which makes some steps longer than others */
#define IS_TIMED false
#else
#define IS_TIMED true
#endif

/* Rules of each kind: what is found by one that is cut has to be found. */
static const char rules_text[] = "header TO To =~ /b/\nheader ADDRESSES To:addr =~ /b/\nheader ALL ALL =~ /a.b/\n"
                                 "body BODY /x/\nrawbody RAW /<a/\nfull FULL /a.b/\nuri URI /one/\n"
                                 "body CAPTURED /(?<WORD>x)/\nbody ASKED /%{WORD}/\n"
                                 "mimeheader MIME Content-Type =~ /text/\nbody IMAGES eval:html_image_ratio('0', '1')\n"
                                 "body ALTERNATIVES eval:multipart_alternative_difference('99', '100')\n"
                                 "meta ALL_OF_THEM BODY && RAW\n";

static struct score_rules *rules;

struct outcome {
    struct bytes names;
    double       score;
    unsigned     turns;
    uint64_t     longest, all; /* microseconds */
};

/* One turn. True if it was the last. */
static bool
take_turn(struct mail *mail, struct run **run, struct budget *budget)
{
    bool done;

    budget_begin(budget, 0);
    if (*run == NULL && mail_go_on(mail))
        *run = score_begin(rules, mail);
    done = *run != NULL && score_go_on(*run);
    budget_end(budget);
    return done;
}

static void
look_at(struct span text, uint64_t slice, struct outcome *outcome)
{
    struct budget       budget = {.slice = slice};
    struct score_result result = {0};
    struct run         *run    = NULL;
    struct mail         mail;
    bool                done = false;

    *outcome = (struct outcome){0};
    for (uint64_t before = clock_microseconds(CLOCK_THREAD_CPUTIME_ID); !done; outcome->turns++) {
        uint64_t now;

        if (outcome->turns == 0)
            mail_begin(&mail, score_mail_settings(rules), text, false);
        done             = take_turn(&mail, &run, &budget);
        now              = clock_microseconds(CLOCK_THREAD_CPUTIME_ID);
        outcome->longest = now - before > outcome->longest ? now - before : outcome->longest;
        outcome->all += now - before;
        before = now;
    }
    score_end(&run, &result);
    mail_free(&mail);
    outcome->score = result.score;
    outcome->names = result.rules;
}

/* Returns what it takes in all. */
static uint64_t
check(const char *name, struct span text, uint64_t step)
{
    uint64_t       longest = UINT64_MAX;
    struct outcome whole, turns;

    look_at(text, 0, &whole);
    assert_int_equal(whole.turns, 1);
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        look_at(text, SLICE, &turns);
        longest = turns.longest < longest ? turns.longest : longest;
        if (!span_equal(bytes_span(&turns.names), bytes_span(&whole.names)) || turns.score != whole.score)
            fail_msg("%s: %s, but in turns %s", name, whole.names.data, turns.names.data);
        bytes_free(&turns.names);
    }
    bytes_free(&whole.names);
    assert_true(turns.turns > 1 || turns.all < 2 * SLICE);
    print_message("%6.1f ms in all, %5.1f in the longest of %u turns: %s\n", (double)turns.all / MILLISECOND,
                  (double)longest / MILLISECOND, turns.turns, name);
    if (IS_TIMED && longest > SLICE + step)
        fail_msg("%s: %.1f ms in one turn", name, (double)longest / MILLISECOND);
    return turns.all;
}

static void
check_all(uint64_t step)
{
    struct bytes text = {0};

    make(&usual_shape, &text);
    step += STEP_USUAL * check("usual", bytes_span(&text), UINT64_MAX / 2);
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        make(&shapes[i], &text);
        (void)check(shapes[i].name, bytes_span(&text), step);
    }
    make_nested(&text);
    (void)check("nested alternatives", bytes_span(&text), step);
    bytes_free(&text);
}

static void
test_own(void **state)
{
    (void)state;
    rules = load_text(rules_text);
    check_all(0);
    score_rules_free(&rules);
}

static void
test_stock(void **state)
{
    static const char stock[] = "/usr/share/spamassassin";
    struct error      error   = {0};

    (void)state;
    if (access(stock, R_OK) != 0) {
        print_message("no rules in %s\n", stock);
        skip();
    }
    rules = score_load((const char *const[]){stock}, 1, &error);
    assert_non_null(rules);
    check_all(STEP_MATCH);
    score_rules_free(&rules);
    error_free(&error);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_own), cmocka_unit_test(test_stock)};

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
