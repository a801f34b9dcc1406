/*
 * The prefilter: whatever the pattern, a text that it matches is a candidate. The text is what libFuzzer made up, and
 * the pattern itself, which holds most of what it matches.
 */
#include "base/count.h"
#include "rules/prefilter/automaton.h"
#include "rules/prefilter/prefilter.h"
#include "tests/fuzz/fuzz.h"

static const char *const flags[] = {"", "i", "s", "x", "m", "is", "ix", "imsx", "ia", "U", "A", "E"};

static bool
accepts(const struct automaton *automaton, struct span text)
{
    return automatons_accept(&automaton, 1, text) == 1 && automaton_confirms(automaton, text);
}

static void
check(const struct regex *regex, const struct prefilter *prefilter, const struct automaton *automaton, struct span text)
{
    struct span copy = fuzz_copy(text);
    uint64_t    candidates[1];

    prefilter_scan(prefilter, 0, copy, NULL, candidates, NULL);
    if (candidates[0] == 0 || (automaton != NULL && !accepts(automaton, copy)))
        FUZZ_EXPECT(!regex_matches(regex, copy));
    fuzz_drop(copy);
}

/* Without what says how often, and where; with other cases. */
static void
check_variants(const struct regex *regex, const struct prefilter *prefilter, const struct automaton *automaton,
               struct span pattern)
{
    struct bytes plain = {0}, loud = {0};

    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.data[i];

        if (c != '\0' && strchr("\\^$*+?()[]{}|", c) != NULL)
            continue;
        bytes_add_char(&plain, c);
        bytes_add_char(&loud, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
    }
    check(regex, prefilter, automaton, pattern);
    check(regex, prefilter, automaton, bytes_span(&plain));
    check(regex, prefilter, automaton, bytes_span(&loud));
    bytes_free(&plain);
    bytes_free(&loud);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span   input = {(const char *)data, size}, pattern, text;
    const char   *flag  = flags[fuzz_number(&input, COUNT_OF(flags))];
    size_t        len   = fuzz_number(&input, 256);
    struct bytes  why   = {0};
    struct regex *regex;

    pattern = span_head(input, len < input.len ? len : input.len);
    text    = span_tail(input, pattern.len);
    regex   = regex_compile(pattern, span_of(flag), &why);
    if (regex != NULL) {
        const struct regex    *patterns[] = {regex};
        struct prefilter_group group      = {.patterns = patterns, .count = 1};
        struct prefilter      *prefilter  = prefilter_new(&group, 1);
        struct automaton      *automaton  = automaton_new(pattern, span_of(flag), 150000);

        check(regex, prefilter, automaton, text);
        check_variants(regex, prefilter, automaton, pattern);
        automaton_free(&automaton);
        prefilter_free(&prefilter);
    }
    regex_free(&regex);
    bytes_free(&why);
    return 0;
}
