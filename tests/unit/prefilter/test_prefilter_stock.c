/* The prefilter on SpamAssassin's own rules, where these are installed: what matches a text is a candidate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <unistd.h>

#include "rules/prefilter/prefilter.h"
#include "rules/prefilter/usual.h"
#include "rules/spamassassin/ruleset.h"
#include "rules/spamassassin/score.h"

/* What stands in a pattern without what says how often and where: it holds most of what the pattern needs. */
static void
make_plain(struct span pattern, struct bytes *plain)
{
    bytes_clear(plain);
    bytes_add(plain, SPAN(""));
    for (size_t i = 0; i < pattern.len && plain->len < 2000; i++)
        if (pattern.data[i] == '\0' || strchr("\\^$*+?()[]{}|", pattern.data[i]) == NULL)
            bytes_add_char(plain, pattern.data[i]);
}

/* One group of rules that look at the same texts: which of them match a text is the same with the prefilter and
 * without. */
static size_t
check_group(const struct score_rules *rules, size_t group, struct span text)
{
    size_t   start = rules->group_start[group], count = rules->group_start[group + 1] - start, matched = 0;
    uint64_t candidates[64] = {0};

    assert_true(prefilter_words(count) <= 64);
    prefilter_scan(rules->prefilter, group, text, NULL, candidates, NULL);
    for (size_t i = 0; i < count; i++) {
        const struct rule *rule    = &rules->rules[rules->order[start + i]];
        bool               matches = rule->regex != NULL && regex_matches(rule->regex, text);

        if (matches && (candidates[i / 64] >> i % 64 & 1) == 0)
            fail_msg("%s matches \"%.*s\" and is no candidate", rule->name, SPAN_ARG(text));
        matched += matches;
    }
    return matched;
}

/* SpamAssassin's own rules, on each line of what mail usually says, and on what their patterns are made of. */
static void
test_stock(void **state)
{
    static const char   folder[] = "/usr/share/spamassassin";
    struct error        error    = {0};
    struct bytes        plain    = {0};
    struct score_rules *rules;
    size_t              matched = 0;

    (void)state;
    if (access(folder, R_OK) != 0) {
        print_message("no rules in %s\n", folder);
        skip();
    }
    rules = score_load((const char *const[]){folder}, 1, &error);
    assert_non_null(rules);
    for (size_t group = 0; group < rules->group_count; group++) {
        size_t start = rules->group_start[group], end = rules->group_start[group + 1];

        for (struct span rest = usual_text; rest.len > 0 && end > start;) {
            const char *newline = memchr(rest.data, '\n', rest.len);
            size_t      len     = newline != NULL ? (size_t)(newline - rest.data) + 1 : rest.len;

            matched += check_group(rules, group, span_head(rest, len));
            rest = span_tail(rest, len);
        }
        for (size_t i = start; i < end; i += 1 + (end - start) / 100) {
            const struct regex *regex = rules->rules[rules->order[i]].regex;

            make_plain(regex != NULL ? regex_pattern(regex) : SPAN(""), &plain);
            matched += check_group(rules, group, bytes_span(&plain));
        }
    }
    assert_true(matched > 1000);
    bytes_free(&plain);
    error_free(&error);
    score_rules_free(&rules);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stock)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
