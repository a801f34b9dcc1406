/*
 * The prefilter: it never says no to a text that the pattern matches, and says no to most others. Patterns and texts
 * are made up together, so that most texts match; PCRE2 says whether one does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/prefilter/automaton.h"
#include "rules/prefilter/prefilter.h"
#include "rules/prefilter/syntax.h"

static bool
accepts(const struct automaton *automaton, struct span text)
{
    return automatons_accept(&automaton, 1, text) == 1 && automaton_confirms(automaton, text);
}

static bool
is_candidate(const struct prefilter *prefilter, struct span text)
{
    uint64_t candidates[1];

    prefilter_scan(prefilter, 0, text, NULL, candidates, NULL);
    return candidates[0] & 1;
}

/* Where the pattern matches first, looked for where the prefilter says that it may; SIZE_MAX: nowhere. */
static size_t
find_by_sightings(const struct prefilter *prefilter, const struct regex *regex, struct span text)
{
    struct sightings  *seen = sightings_new(prefilter_largest_group(prefilter));
    uint64_t           candidates[1];
    struct regex_found found;
    size_t             at = SIZE_MAX;

    prefilter_scan(prefilter, 0, text, NULL, candidates, seen);
    for (size_t from = 0, last; (candidates[0] & 1) != 0 && sightings_next(seen, 0, &from, &last); from = last + 1)
        if (regex_find_between(regex, text, from, last, &found)) {
            at = found.ends[0];
            break;
        }
    sightings_free(&seen);
    return at;
}

static struct regex *
compile(struct span pattern, struct span flags)
{
    struct bytes  why   = {0};
    struct regex *regex = regex_compile(pattern, flags, &why);

    bytes_free(&why);
    return regex;
}

static struct prefilter *
prefilter_of(const struct regex *regex)
{
    const struct regex    *patterns[] = {regex};
    struct prefilter_group group      = {.patterns = patterns, .count = 1};

    return prefilter_new(&group, 1);
}

/* What is to be found out, and what must not be. */
static const struct {
    const char *pattern, *flags, *text;
    bool        candidate;
} cases[] = {
    {"viagra", "", "buy viagra now", true},
    {"viagra", "", "buy Viagra now", false},
    {"viagra", "i", "buy ViAgRa now", true},
    {"viagra", "", "viagr", false},
    {"viagra", "", "", false},
    {"^viagra$", "", "viagra", true},
    {"(?i)viagra|(?-i)cialis", "", "CIALIS", false},
    {"(?i)viagra|(?-i)cialis", "", "VIAGRA", true},
    {"cheap(?: (?:very|so))? pills", "", "cheap so pills", true},
    {"cheap(?: (?:very|so))? pills", "", "cheap thrills", false},
    {"x{12}", "", "xxxxxxx", false},
    {"(?:ab){2,3}c", "", "abc", false},
    {"(?:ab){2,3}c", "", "ababc", true},
    {"buy(?# a comment) now", "", "buy now", true},
    {"buy now # a comment", "x", "buynow", true},
    {"buy now # a comment", "x", "buy now", false},
    {"\x85", "x", "", true},
    {"\\Qa.b*c\\E", "", "a.b*c", true},
    {"\\Qa.b*c\\E", "", "aabbc", false},
    {"a\\Q\\E+bcd", "", "aabcd", true},
    {"[\\]x]yz", "", "]yz", true},
    {"[]x]yz", "", "]yz", true},
    {"[^]x]yz", "", "]yz", false},
    {"@[^x\\x80-\\xff]yz", "", "@-yz", true},
    {"[[:digit:]]{3}", "", "abc", false},
    {"[a\\-z]bc", "", "mbc", false},
    {"[\\x41-\\x43]{3}", "", "ABC", true},
    {"\\x{41}\\102\\cC", "", "AB\x03", true},
    {"(a)b\\1c", "", "abac", true},
    {"\\babc\\b", "", "abc", true},
    {"(?=abc)a..", "", "abc", true},
    {"(?<!x)abc", "", "abc", true},
    {"(?<word>cat|dog)s", "", "dogs", true},
    {"(?<word>cat|dog)s", "", "birds", false},
    {"wet (?&word)s(?(DEFINE)(?<word>cat|dog))", "", "wet dogs", true},
    {"wet (?&word)s(?(DEFINE)(?<word>cat|dog))", "", "wet birds", false},
    {"(?<word>a(?&word)?b)", "", "aabb", true},
    {"(?i)\xe4pfel", "a", "\xc4PFEL", true},
    {"(?i)\xe4pfel", "", "\xc4PFEL", false},
    {"(foo)(?1)bar", "", "foofoobar", true},
    {"(?R)?xyz", "", "xyzxyz", true},
    {"a.c.e", "", "a\nc\ne", false},
    {"a.c.e", "s", "a\nc\ne", true},
    {"", "", "", true},
    {"a*", "", "", true},
    {"(?:|abc)", "", "", true},
    {"(*ACCEPT)abc", "", "x", true},
    {"(a)?(?(1)bcd|efg)", "", "efg", true},
};

static void
test_candidates(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(cases); row++) {
        struct span       pattern = span_of(cases[row].pattern);
        struct regex     *regex   = compile(pattern, span_of(cases[row].flags));
        struct prefilter *prefilter;

        if (regex == NULL)
            fail_msg("row %zu: %s", row, cases[row].pattern);
        prefilter = prefilter_of(regex);
        if (is_candidate(prefilter, span_of(cases[row].text)) != cases[row].candidate)
            fail_msg("row %zu: /%s/%s on %s", row, cases[row].pattern, cases[row].flags, cases[row].text);
        prefilter_free(&prefilter);
        regex_free(&regex);
    }
}

/* What an automaton accepts: too large for the whole, it asks for a part as often as that has to be there. */
static void
test_automatons(void **state)
{
    static const char large[] =
        "(?:(?:name|age|city|sex)(?: of .{0,30} or [^x]{0,20}[a-f].{12}[g-k].{11}[l-p].{12})?:\\s*){3}";
    static const struct {
        const char *pattern, *text;
        bool        accepted;
    } rows[] = {
        {"(?:[a-z]{3,}\\s){3}", "abc def ghi ", true},
        {"(?:[a-z]{3,}\\s){3}", "abc def gh i ", false},
        {"(?:cat|dog)s?$", "no birds", false},
        {"x(?!y)z", "xz", true},
        {large, "name: age: city:", true},
        {large, "name: age: town:", false},
        {large, "name: age: and city:", false},
        {large, "name of him or abcdefghijklmnopqrstuvwxyz0123456789l123456789012: age:sex:", true},
    };

    (void)state;
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        struct automaton *automaton = automaton_new(span_of(rows[row].pattern), SPAN(""), 150000);

        assert_non_null(automaton);
        assert_true(automaton_size(automaton) < 1024 * 1024);
        if (accepts(automaton, span_of(rows[row].text)) != rows[row].accepted)
            fail_msg("row %zu: %s", row, rows[row].text);
        automaton_free(&automaton);
    }
    assert_null(automaton_new(SPAN("a*"), SPAN(""), 150000));
    assert_null(automaton_new(SPAN("(*COMMIT)a"), SPAN(""), 150000));
}

/* Groups of many patterns, in several columns: each pattern is found by its own number in its own group. */
static void
test_groups(void **state)
{
    enum { COUNT = 700 };
    static const struct regex *patterns[COUNT];
    struct prefilter_group     groups[] = {{.patterns = patterns, .count = 3},
                                           {.patterns = patterns, .count = 0},
                                           {.patterns = patterns + 3, .count = 596},
                                           {.patterns = patterns + 599, .count = 101}};
    struct prefilter          *prefilter;
    struct bytes               text = {0};

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        bytes_clear(&text);
        bytes_printf(&text, "word%03zu", i);
        patterns[i] = i == 4 ? NULL : compile(bytes_span(&text), SPAN(""));
    }
    prefilter = prefilter_new(groups, 4);
    for (size_t i = 0; i < COUNT; i++) {
        size_t   group = i < 3 ? 0 : i < 599 ? 2 : 3, number = i - (size_t)(groups[group].patterns - patterns);
        uint64_t candidates[(COUNT + 63) / 64];

        bytes_clear(&text);
        bytes_printf(&text, "a word%03zu b", i);
        prefilter_scan(prefilter, group, bytes_span(&text), NULL, candidates, NULL);
        for (size_t j = 0; j < groups[group].count; j++)
            if ((candidates[j / 64] >> j % 64 & 1) != (j == number || (group == 2 && j == 1)))
                fail_msg("pattern %zu of group %zu on %s", j, group, text.data);
        prefilter_scan(prefilter, 1, bytes_span(&text), NULL, candidates, NULL);
    }
    assert_int_equal(prefilter_count_always(prefilter, 2), 1);
    prefilter_free(&prefilter);
    for (size_t i = 0; i < COUNT; i++)
        regex_free((struct regex **)&patterns[i]);
    bytes_free(&text);
}

/* Every class of some pieces: the set that is read is the one that PCRE2 matches, octet by octet. */
static bool
check_class(struct span class, struct span flags)
{
    struct regex       *regex = compile(class, flags);
    struct arena        arena = {0};
    struct syntax_node *root  = regex != NULL ? syntax_read(&arena, class, flags) : NULL;
    bool                known = root != NULL && root->part != NULL && root->part->kind == SYNTAX_OCTET;

    for (unsigned octet = 0; known && root->part->next == NULL && octet < 256; octet++) {
        char text = (char)octet;

        if (regex_matches(regex, (struct span){&text, 1}) != octet_set_has(&root->part->set, octet))
            fail_msg("%.*s, flags %.*s: octet %02x", SPAN_ARG(class), SPAN_ARG(flags), octet);
    }
    arena_free(&arena);
    regex_free(&regex);
    return known;
}

static void
test_classes(void **state)
{
    static const char *const pieces[] = {"a",   "-",         "z",     "\\d",  "\\W",   "]",          "[",       "\\-",
                                         "^",   "[:alpha:]", "\\xe4", "\xe4", "\\x7f", "[:^upper:]", "\\x{80}", "\\b",
                                         "\\1", "\\101",     ":",     "a-f",  " ",     "\\S",        "\\h",     "\\cA",
                                         ".",   "\\p{Lu}",   "K",     "\\]",  "\\Q",   "&"};
    enum { PIECES = COUNT_OF(pieces) };
    static const char *const flags[] = {"", "i", "ia", "x"};
    struct bytes class               = {0};
    size_t known                     = 0;

    (void)state;
    for (size_t i = 0; i < PIECES * PIECES * PIECES * 8; i += 7) {
        bytes_clear(&class);
        bytes_add(&class, i / (PIECES * PIECES * PIECES) % 2 > 0 ? SPAN("[^") : SPAN("["));
        bytes_add(&class, span_of(pieces[i % PIECES]));
        bytes_add(&class, span_of(pieces[i / PIECES % PIECES]));
        bytes_add(&class, span_of(pieces[i / PIECES / PIECES % PIECES]));
        bytes_add_char(&class, ']');
        known += check_class(bytes_span(&class), span_of(flags[i / (PIECES * PIECES * PIECES) / 2]));
    }
    assert_true(known > PIECES * PIECES * PIECES / 2);
    bytes_free(&class);
}

/* A pattern and a text on their way; the text matches unless an assertion or a reference does not hold. */
struct made_up {
    uint64_t     seed;
    struct bytes pattern, text;
    unsigned     groups;
};

static unsigned
chance(struct made_up *made, unsigned below)
{
    made->seed = made->seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(made->seed >> 33) % below;
}

static void make_choice(struct made_up *, unsigned depth, bool write_text);

static void
add_text(struct made_up *made, bool write_text, char c)
{
    if (write_text)
        bytes_add_char(&made->text, c);
}

/* An item of one octet, and an octet that it accepts. */
static void
make_octet(struct made_up *made, bool write_text)
{
    static const struct {
        const char *item, *octets;
    } items[] = {
        {".", "aZ. \xc3\xff"},   {"\\d", "059"},     {"\\w", "aZ_9"},      {"\\s", " \t\n\v"},
        {"\\W", "-. \xe4"},      {"[a-f]", "abf"},   {"[^a-f]", "gA0\n-"}, {"[\\d.-]", "3.-"},
        {"[[:alpha:]_]", "aZ_"}, {"\\x41", "A"},     {"\\.", "."},         {"[\\x80-\\xff]", "\x80\xe4"},
        {"\\S", "x\xa0"},        {"[]a]", "]a"},     {"\\n", "\n"},        {"[^\\W\\d]", "a_"},
        {"\\061", "1"},          {"\\h", " \t\xa0"}, {"\\x{62}", "b"},     {"[a\\]-c]", "]a"},
    };
    unsigned item = chance(made, 2 * COUNT_OF(items));
    char     c    = "abcdefghijklmnopqrstuvwxyzABC 0123/:<>@&%\xe4\xc3"[chance(made, 43)];

    if (item < COUNT_OF(items)) {
        bytes_add(&made->pattern, span_of(items[item].item));
        add_text(made, write_text, items[item].octets[chance(made, (unsigned)strlen(items[item].octets))]);
    } else {
        bytes_add_char(&made->pattern, c);
        add_text(made, write_text, c);
    }
}

static void
make_group(struct made_up *made, unsigned depth, bool write_text)
{
    static const char *const opens[] = {"(?:", "(", "(?i:", "(?>", "(?<n%u>", "(?s:", "(?-i:", "(?^:"};
    unsigned                 open    = chance(made, COUNT_OF(opens));

    if (open == 4)
        bytes_printf(&made->pattern, "(?<n%u>", made->groups);
    else
        bytes_add(&made->pattern, span_of(opens[open]));
    made->groups += open == 1 || open == 4;
    make_choice(made, depth + 1, write_text);
    bytes_add_char(&made->pattern, ')');
}

/* What takes no octet, or refers to what was captured. */
static void
make_zero(struct made_up *made, unsigned depth)
{
    static const char *const zeros[] = {"\\b", "(?i)", "(?-i)", "(?s)", "(?#note)", "\\Q\\E", "^", "$", "(?m)", "\\B"};
    unsigned                 zero    = chance(made, 14);

    if (zero < 10) {
        bytes_add(&made->pattern, span_of(zeros[zero]));
    } else if (zero == 13 && made->groups > 0) {
        bytes_printf(&made->pattern, "\\%u?", chance(made, made->groups < 9 ? made->groups : 9) + 1);
    } else {
        bytes_add(&made->pattern, span_of(zero == 10 ? "(?=" : zero == 11 ? "(?!" : "(?<!"));
        if (zero == 12)
            make_octet(made, false);
        else
            make_choice(made, depth + 2, false);
        bytes_add_char(&made->pattern, ')');
    }
}

static void
make_item(struct made_up *made, unsigned depth, bool write_text)
{
    static const char *const quantifiers[] = {"?", "*", "+", "{2}", "{1,3}", "{0,2}", "{9}", "??", "*?", "++", "{2,}"};
    static const unsigned    least[]       = {0, 0, 1, 2, 1, 0, 9, 0, 0, 1, 2};
    unsigned                 quantifier    = chance(made, 40), again;
    size_t                   start;

    if (chance(made, 8) == 0) {
        make_zero(made, depth);
        return;
    }
    start = made->text.len;
    if (depth < 4 && chance(made, 5) == 0)
        make_group(made, depth, write_text);
    else
        make_octet(made, write_text);
    if (quantifier >= COUNT_OF(quantifiers))
        return;
    bytes_add(&made->pattern, span_of(quantifiers[quantifier]));
    again = least[quantifier] == 9 ? 8 : least[quantifier] == 2 ? 1 : 0;
    for (size_t len = made->text.len - start; again > 0 && made->text.len < 2000; again--)
        for (size_t i = 0; i < len; i++)
            bytes_add_char(&made->text, made->text.data[start + i]);
    if (least[quantifier] == 0 && write_text && chance(made, 2) == 0)
        made->text.len = start;
}

static void
make_choice(struct made_up *made, unsigned depth, bool write_text)
{
    unsigned branches = chance(made, 4) == 0 ? 1 + chance(made, 4) : 1, taken = chance(made, branches);

    for (unsigned branch = 0; branch < branches; branch++) {
        if (branch > 0)
            bytes_add_char(&made->pattern, '|');
        for (unsigned items = 1 + chance(made, depth == 0 ? 12 : 5); items > 0; items--)
            make_item(made, depth, write_text && branch == taken);
    }
}

/* The text as it was made, with other text around it, and with an octet that is another. */
static unsigned
check_texts(struct made_up *made, const struct regex *regex, const struct prefilter *prefilter,
            const struct automaton *automaton)
{
    unsigned     matched = 0;
    struct bytes text    = {0};

    for (unsigned variant = 0; variant < 7; variant++) {
        struct regex_found found;
        size_t             first;

        bytes_clear(&text);
        bytes_add(&text, variant == 1 ? SPAN("Some text ") : variant == 2 ? SPAN("a\n") : SPAN(""));
        for (unsigned i = chance(made, 300); variant == 6 && i > 0; i--)
            bytes_add_char(&text, "etaoin \n"[chance(made, 8)]);
        bytes_add(&text, bytes_span(&made->text));
        bytes_add(&text, variant == 1 ? SPAN(" and more") : SPAN(""));
        for (unsigned i = chance(made, 300); variant == 6 && i > 0; i--)
            bytes_add_char(&text, "etaoin \n"[chance(made, 8)]);
        if (variant > 2 && variant < 6 && text.len > 0)
            text.data[chance(made, (unsigned)text.len)] ^= (char)(variant == 3 ? 0x20 : chance(made, 255));
        if (!regex_find(regex, bytes_span(&text), 0, &found))
            continue;
        matched++;
        first = found.ends[0];
        if (find_by_sightings(prefilter, regex, bytes_span(&text)) != first)
            fail_msg("/%s/%.*s matches \"%s\" and is not found there", made->pattern.data, SPAN_ARG(regex_flags(regex)),
                     text.data);
        if (!is_candidate(prefilter, bytes_span(&text)))
            fail_msg("/%s/%.*s matches \"%s\" and is no candidate", made->pattern.data, SPAN_ARG(regex_flags(regex)),
                     text.data);
        if (automaton != NULL && !accepts(automaton, bytes_span(&text)))
            fail_msg("/%s/%.*s matches \"%s\" and its automaton does not", made->pattern.data,
                     SPAN_ARG(regex_flags(regex)), text.data);
    }
    bytes_free(&text);
    return matched;
}

static void
test_made_up(void **state)
{
    static const char *const flags[] = {"", "i", "s", "x", "ia", "is", "m"};
    unsigned                 matched = 0, filtered = 0, compiled = 0, built = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 6000; seed++) {
        struct made_up made = {.seed = seed};
        struct regex  *regex;

        make_choice(&made, 0, true);
        bytes_add(&made.text, SPAN(""));
        regex = compile(bytes_span(&made.pattern), span_of(flags[chance(&made, COUNT_OF(flags))]));
        if (regex != NULL) {
            struct prefilter *prefilter = prefilter_of(regex);
            struct automaton *automaton = automaton_new(regex_pattern(regex), regex_flags(regex), 150000);

            compiled++;
            built += automaton != NULL;
            matched += check_texts(&made, regex, prefilter, automaton);
            automaton_free(&automaton);
            filtered += !is_candidate(prefilter, SPAN("What mail says that has nothing to do with it."));
            prefilter_free(&prefilter);
        }
        regex_free(&regex);
        bytes_free(&made.pattern);
        bytes_free(&made.text);
    }
    /* The test is none if little compiles, matches or is filtered. */
    assert_true(compiled > 4500);
    assert_true(matched > compiled * 2);
    assert_true(filtered > compiled / 2);
    assert_true(built > compiled / 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_candidates), cmocka_unit_test(test_automatons), cmocka_unit_test(test_groups),
        cmocka_unit_test(test_classes),    cmocka_unit_test(test_made_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
