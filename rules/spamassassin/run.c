/*
 * Runs the rules over a mail. Each text goes through the prefilter of its kind once, and then through the patterns that
 * may match it, which are few. Nothing is allocated for a rule, and nothing is written to the rules.
 */
#include <stdlib.h>

#include "base/budget.h"
#include "base/clock.h"
#include "base/memory.h"
#include "rules/spamassassin/run.h"
#include "rules/spamassassin/run_evals.h"
#include "rules/spamassassin/run_metas.h"

#define NO_GROUP SIZE_MAX /* a rule that the prefilter does not know */

enum {
    LONG_TEXT    = 256,   /* octets: shorter ones take no time that is worth measuring */
    SLOW_MATCH   = 1000,  /* microseconds of a rule on one text, from which on they are added up, */
    RULE_TIME    = 10000, /* to this many for a mail */
    HITS_CHECKED = 256,   /* hits after which they are */
};

/*
 * Takes a rule's time on a text since `*before` into account, which becomes now. False if it has had too much. What
 * counts is the processor's time, so that a busy machine does not change a verdict. It is slow to ask for, so it is
 * asked only where the wall clock, which is never behind, says that much time went by.
 */
static bool
charge(struct run *run, size_t rule, uint64_t *before)
{
    uint64_t now = clock_microseconds(CLOCK_MONOTONIC), took = now - *before, spent, passed;

    *before = now;
    if (took < SLOW_MATCH)
        return true;
    spent              = clock_microseconds(CLOCK_THREAD_CPUTIME_ID);
    passed             = spent - run->spent_checked;
    run->spent_checked = spent;
    run->spent[rule] += (uint32_t)(passed < took ? passed : took);
    return run->spent[rule] < RULE_TIME;
}

static unsigned
most_hits(const struct rule *rule)
{
    if (!rule->multiple || (rule->negated && rule->kind == RULE_HEADER))
        return 1;
    return rule->hits_max > 0 ? rule->hits_max : UINT32_MAX;
}

/* A rule at work on a text. */
struct pass {
    struct run *run;
    size_t      index;  /* of the rule, */
    size_t      number; /* and in its group, whose sightings say where it may match */
    struct span text;
    uint64_t    before; /* microseconds, as charge() wants it; 0: not measured */
    uint64_t    limits; /* regex_limits_hit() when it began */
    bool        given_up;
};

/* Has it taken too long, in its last match or in all? Each sighting is a match, with the time of one. */
static bool
is_given_up(struct pass *pass)
{
    if (pass->before > 0)
        pass->given_up |= !charge(pass->run, pass->index, &pass->before);
    pass->given_up |= regex_limits_hit() != pass->limits;
    return pass->given_up;
}

/* Finds the next match at `from` or behind. */
static bool
find_match(struct pass *pass, const struct regex *regex, size_t from, struct regex_found *found)
{
    size_t last = pass->text.len;

    if (pass->number == NO_GROUP)
        return regex_find(regex, pass->text, from, found);
    for (; sightings_next(pass->run->seen, pass->number, &from, &last); from = last + 1) {
        if (regex_find_between(regex, pass->text, from, last, found))
            return true;
        if (is_given_up(pass))
            return false;
    }
    return false;
}

/* Runs a rule's pattern over a text. True if it need not see another. */
static bool
run_rule(struct run *run, size_t index, size_t number, struct span text)
{
    const struct rule *rule = &run->rules->rules[index];
    unsigned           most = most_hits(rule), *hits = &run->hits[index];
    struct pass        pass = {run, index, number, text, .limits = regex_limits_hit()};
    struct regex_found found;

    pass.before = text.len > LONG_TEXT ? clock_microseconds(CLOCK_MONOTONIC) : 0;
    for (size_t at = 0; *hits < most && !pass.given_up && at <= text.len; at = regex_next(&found)) {
        if (!find_match(&pass, rule->regex, at, &found))
            break;
        if (++*hits % HITS_CHECKED == 0)
            (void)is_given_up(&pass);
    }
    run->given_up += is_given_up(&pass);
    run->late = budget_is_spent();
    return pass.given_up || *hits >= most;
}

/* The first candidate at `from` or behind; `count`: there is none. */
static size_t
next_candidate(const struct run *run, size_t from, size_t count)
{
    for (size_t word = from / 64; word < prefilter_words(count); word++, from = 64 * word) {
        uint64_t bits = run->candidates[word] >> from % 64;

        if (bits != 0)
            return from + (size_t)__builtin_ctzll(bits);
    }
    return count;
}

/* Runs the candidates of a group over one of its texts. */
static bool
run_text(struct run *run, size_t group, struct span text, bool is_subject)
{
    const struct score_rules *rules = run->rules;
    size_t                    start = rules->group_start[group], count = rules->group_start[group + 1] - start;

    if (!run->scanned)
        prefilter_scan(rules->prefilter, group, text, run->done, run->candidates, run->seen);
    run->scanned = true;
    while ((run->rule = next_candidate(run, run->rule, count)) < count && !run->late) {
        size_t number = run->rule, index = rules->order[start + number];

        if (budget_slice_is_over())
            return false;
        run->rule++;
        if (is_subject && rules->rules[index].no_subject)
            continue;
        if (run_rule(run, index, number, text))
            run->done[number / 64] |= UINT64_C(1) << number % 64;
    }
    run->scanned = false;
    run->rule    = 0;
    return true;
}

static bool
run_kind(struct run *run, enum rule_kind kind, const struct span *texts, size_t count)
{
    const struct score_rules *rules      = run->rules;
    size_t                    group      = rules->field_count + (size_t)(kind - RULE_BODY);
    size_t                    rule_count = rules->group_start[group + 1] - rules->group_start[group];

    if (run->next == 0 && !run->scanned)
        memset(run->done, 0, prefilter_words(rule_count) * sizeof(run->done[0]));
    for (; run->next < count && rule_count > 0 && !run->late; run->next++)
        if (!run_text(run, group, texts[run->next], run->next == 0 && kind == RULE_BODY))
            return false;
    if (!run->late)
        run->reached = rules->group_start[group + 1];
    return true;
}

static bool
run_body(struct run *run)
{
    return run_kind(run, RULE_BODY, run->mail.body.items, run->mail.body.count);
}

static bool
run_rawbody(struct run *run)
{
    return run_kind(run, RULE_RAWBODY, run->mail.rawbody.items, run->mail.rawbody.count);
}

static bool
run_full(struct run *run)
{
    return run_kind(run, RULE_FULL, &run->mail.full, 1);
}

static bool
run_uris(struct run *run)
{
    return run_kind(run, RULE_URI, run->mail.uris.items, run->mail.uris.count);
}

/* A header rule on its field, which is there. */
static unsigned
run_header(struct run *run, size_t index, size_t number, struct span value, bool candidate)
{
    const struct rule *rule  = &run->rules->rules[index];
    unsigned           given = run->given_up;

    if (rule->regex == NULL)
        return 1;
    if (candidate)
        (void)run_rule(run, index, number, value);
    return rule->negated ? run->hits[index] == 0 && run->given_up == given : run->hits[index];
}

/* Reads the field, and finds which of its rules may hit. */
static void
read_field(struct run *run, size_t field)
{
    const struct score_rules *rules = run->rules;

    bytes_clear(&run->value);
    run->present = field_read(&rules->fields[field], &run->mail, &run->value);
    if (run->present)
        prefilter_scan(rules->prefilter, field, bytes_span(&run->value), NULL, run->candidates, run->seen);
    run->scanned = true;
}

static bool
run_field(struct run *run, size_t field)
{
    const struct score_rules *rules = run->rules;
    size_t                    start = rules->group_start[field], count = rules->group_start[field + 1] - start;

    if (count == 0)
        return true;
    if (!run->scanned)
        read_field(run, field);
    for (; run->rule < count && !run->late; run->rule++) {
        size_t number = run->rule, index = rules->order[start + number];
        bool   candidate = run->present && (run->candidates[number / 64] >> number % 64 & 1);

        if (budget_slice_is_over())
            return false;
        run->hits[index] = run->present ? run_header(run, index, number, bytes_span(&run->value), candidate)
                                        : rules->rules[index].hits_unset;
    }
    if (!run->late)
        run->reached = start + count;
    run->scanned = false;
    run->rule    = 0;
    return true;
}

static bool
run_headers(struct run *run)
{
    for (; run->next < run->rules->field_count && !run->late; run->next++)
        if (!run_field(run, run->next))
            return false;
    return true;
}

/* Adds a part's field to those of the others, which the pattern sees as one text. */
static void
join(struct bytes *joined, struct span value)
{
    bytes_add(joined, value);
    if (value.len == 0 || value.data[value.len - 1] != '\n')
        bytes_add_char(joined, '\n');
}

/* The first part that the pattern matches in decides, however often it does there. */
static void
run_mimeheader(struct run *run, size_t index, struct bytes *memory, struct bytes *joined)
{
    const struct rule       *rule   = &run->rules->rules[index];
    const struct mimeheader *header = &rule->mimeheader;
    const struct mail       *mail   = &run->mail;
    size_t last = header->last > 0 && header->last < mail->parts.count ? header->last : mail->parts.count;

    bytes_clear(joined);
    for (size_t i = header->first > 0 ? header->first - 1 : 0; i < last && i < MIMEHEADER_PARTS_MAX; i++) {
        bool        present;
        struct span value = mimeheader_value(header, &mail->parts.items[i], memory, &present);

        if (!present && rule->if_unset != NULL)
            value = span_of(rule->if_unset);
        if (header->concat)
            join(joined, value);
        else if (run_rule(run, index, NO_GROUP, value) || run->hits[index] > 0 || run->late)
            return;
    }
    if (header->concat)
        (void)run_rule(run, index, NO_GROUP, bytes_span(joined));
}

/* They are few. */
static bool
run_mimeheaders(struct run *run)
{
    const struct score_rules *rules  = run->rules;
    struct bytes              memory = {0}, joined = {0};

    for (size_t i = rules->start[RULE_MIMEHEADER]; i < rules->start[RULE_MIMEHEADER + 1] && !run->late; i++) {
        if (rules->rules[rules->order[i]].negated) /* as SpamAssassin 4.0 has it, whatever there is */
            run->hits[rules->order[i]] = 1;
        else
            run_mimeheader(run, rules->order[i], &memory, &joined);
        run->reached = run->late ? i : i + 1;
    }
    bytes_free(&joined);
    bytes_free(&memory);
    return true;
}

static bool
run_captures(struct run *run)
{
    if (!captures_go_on(run->captures, run->hits))
        return false;
    captures_end(&run->captures);
    return true;
}

static bool
finish(struct run *run)
{
    run_metas(run);
    return true;
}

/* Each returns true when it is done, and false where the turn has had its slice. */
static bool (*const stages[RUN_STAGES])(struct run *) = {
    [RUN_CAPTURES] = run_captures, [RUN_HEADERS] = run_headers,         [RUN_BODY_CHANGES] = run_body_changes,
    [RUN_BODY] = run_body,         [RUN_RAWBODY] = run_rawbody,         [RUN_FULL] = run_full,
    [RUN_URIS] = run_uris,         [RUN_MIMEHEADERS] = run_mimeheaders, [RUN_EVALS] = run_other_evals,
    [RUN_METAS] = finish,
};

static size_t
most_words(const struct score_rules *rules)
{
    size_t most = 1;

    for (size_t group = 0; group < rules->group_count; group++) {
        size_t words = prefilter_words(rules->group_start[group + 1] - rules->group_start[group]);

        most = words > most ? words : most;
    }
    return most;
}

void
run_begin(struct run *run, const struct score_rules *rules, const struct mail *mail)
{
    *run = (struct run){
        .rules      = rules,
        .mail       = *mail,
        .captures   = captures_begin(rules, mail),
        .hits       = memory_new(rules->count * sizeof(run->hits[0])),
        .spent      = memory_new(rules->count * sizeof(run->spent[0])),
        .done       = memory_new(most_words(rules) * sizeof(run->done[0])),
        .candidates = memory_new(most_words(rules) * sizeof(run->candidates[0])),
        .seen       = sightings_new(prefilter_largest_group(rules->prefilter)),
    };
    run->late          = budget_check();
    run->spent_checked = clock_microseconds(CLOCK_THREAD_CPUTIME_ID);
    eval_run_start(&run->eval, rules->eval_settings, &run->mail);
}

bool
run_go_on(struct run *run)
{
    for (; run->stage < RUN_STAGES; run->stage++, run->next = 0)
        if (budget_slice_is_over() || !stages[run->stage](run))
            return false;
    return true;
}

void
run_start(struct run *run, const struct score_rules *rules, const struct mail *mail)
{
    run_begin(run, rules, mail);
    while (!run_go_on(run))
        ;
}

void
run_end(struct run *run)
{
    captures_end(&run->captures);
    eval_run_end(&run->eval);
    bytes_free(&run->value);
    free(run->hits);
    free(run->spent);
    free(run->done);
    free(run->candidates);
    sightings_free(&run->seen);
    *run = (struct run){0};
}

/* What a header rule hits where its field is missing. */
static unsigned
hits_unset(const struct rule *rule)
{
    struct span        text = span_of(rule->if_unset);
    struct regex_found found;
    unsigned           hits = 0;

    if (rule->regex == NULL)
        return 0;
    for (size_t at = 0; hits < most_hits(rule) && at <= text.len; at = regex_next(&found), hits++)
        if (!regex_find(rule->regex, text, at, &found))
            break;
    return rule->negated ? hits == 0 : hits;
}

/* Where the groups begin: those of each field, and then the kinds. */
static void
find_groups(struct score_rules *rules)
{
    size_t at = rules->start[RULE_HEADER];

    rules->group_count = rules->field_count + (RULE_URI - RULE_BODY + 1);
    rules->group_start = memory_new((rules->group_count + 1) * sizeof(rules->group_start[0]));
    for (size_t field = 0; field < rules->field_count; field++) {
        rules->group_start[field] = at;
        while (at < rules->start[RULE_BODY] && rules->rules[rules->order[at]].field == field)
            at++;
    }
    for (size_t kind = RULE_BODY; kind <= RULE_URI + 1; kind++)
        rules->group_start[rules->field_count + kind - RULE_BODY] = rules->start[kind];
}

void
run_prepare(struct score_rules *rules)
{
    struct prefilter_group *groups;
    const struct regex    **patterns = memory_new(rules->start[RULE_KINDS] * sizeof(patterns[0]));

    find_groups(rules);
    groups = memory_new(rules->group_count * sizeof(groups[0]));
    for (size_t i = 0; i < rules->start[RULE_MIMEHEADER]; i++) {
        struct rule *rule = &rules->rules[rules->order[i]];

        patterns[i] = rule->regex;
        if (rule->kind == RULE_HEADER)
            rule->hits_unset = hits_unset(rule);
    }
    for (size_t group = 0; group < rules->group_count; group++) {
        size_t start = rules->group_start[group];

        groups[group] =
            (struct prefilter_group){.patterns = patterns + start, .count = rules->group_start[group + 1] - start};
    }
    rules->meta_plan = meta_plan_new(rules);
    rules->prefilter = prefilter_new(groups, rules->group_count);
    free(groups);
    free(patterns);
}

void
run_forget(struct score_rules *rules)
{
    prefilter_free(&rules->prefilter);
    meta_plan_free(&rules->meta_plan);
    free(rules->group_start);
    rules->group_start = NULL;
}
