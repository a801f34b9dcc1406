/* rules/prefilter/sightings.h: where a match may begin, whatever the order in which windows are found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/count.h"
#include "rules/prefilter/sightings.h"

enum { TEXT = 4000, TRIALS = 2000, SIGHTED = 8, SEED = 12 };

static struct sightings *seen;
static bool              expected[TEXT], found[TEXT + 1];

/* Marks what the pattern's stretches hold. They come in their order: each ends behind the one before. */
static void
collect(size_t pattern)
{
    size_t from = 0, last;

    memset(found, 0, sizeof(found));
    for (; sightings_next(seen, pattern, &from, &last); from = last + 1) {
        assert_true(from <= last && last <= TEXT);
        memset(found + from, true, last + 1 - from);
    }
}

static void
sight(size_t pattern, uint32_t reach, size_t first, size_t last)
{
    size_t start = first > reach ? first - reach : 0;

    sightings_add(seen, pattern, reach, first, last);
    memset(expected + start, true, last + 1 - start);
}

/* As many columns give them: each in its order, one column after the other, each window with a reach of its own. */
static void
test_any_order(void **state)
{
    (void)state;
    srand(SEED);
    for (unsigned trial = 0; trial < TRIALS; trial++) {
        memset(expected, 0, sizeof(expected));
        sightings_clear(seen, TEXT);
        sightings_begin(seen, 0, 1);
        sightings_begin(seen, 1, 1);
        sightings_add(seen, 1, 7, 50, 60);
        for (unsigned i = 0; i < 1 + trial % SIGHTED; i++) {
            size_t first = (size_t)rand() % (TEXT / 4);

            sight(0, (uint32_t)rand() % 300, first, first + (size_t)rand() % 64);
        }
        assert_false(sightings_are_whole(seen, 0));
        collect(0);
        assert_memory_equal(found, expected, TEXT);
        collect(1);
        assert_true(found[43] && found[60] && !found[42] && !found[61]);
    }
}

/* To begin somewhere costs something: many places are worth no less than the whole text. */
static void
test_whole(void **state)
{
    static const struct {
        uint32_t place_cost;
        size_t   places; /* that are looked at one by one, at most */
    } rows[] = {{1, 400}, {91, 40}, {391, 10}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        sightings_clear(seen, TEXT);
        sightings_begin(seen, 0, rows[i].place_cost);
        for (size_t place = 0; place <= rows[i].places; place++) {
            assert_false(sightings_are_whole(seen, 0));
            sightings_add(seen, 0, 9, 10 + 9 * place, 10 + 9 * place);
        }
        assert_true(sightings_are_whole(seen, 0));
        sightings_add(seen, 0, 9, 20, 20);
        collect(0);
        assert_true(found[0] && found[TEXT]);
    }
}

static int
start(void **state)
{
    (void)state;
    seen = sightings_new(2);
    return 0;
}

static int
stop(void **state)
{
    (void)state;
    sightings_free(&seen);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_whole),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
