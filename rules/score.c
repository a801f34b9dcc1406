/* Runs the rules over a mail, kind by kind, each text of a kind past each rule. Nothing is allocated for a rule. */
#include <stdlib.h>

#include "base/memory.h"
#include "rules/ruleset.h"
#include "rules/score.h"

struct run {
    const struct score_rules *rules;
    const struct mail        *mail;
    unsigned                 *hits; /* for each rule */
};

/* How often the rule hits in one text, up to `most`; `*given_up` if a match met a bound. */
static unsigned
count_hits(const struct rule *rule, struct span text, unsigned most, bool *given_up)
{
    uint64_t           limits = regex_limits_hit();
    struct regex_found found;
    unsigned           hits = 0;
    size_t             at   = 0;

    while (hits < most && at <= text.len && regex_find(rule->regex, text, at, &found)) {
        hits++;
        at = regex_next(&found);
    }
    *given_up = regex_limits_hit() != limits;
    return hits;
}

static unsigned
most_hits(const struct rule *rule)
{
    if (!rule->multiple)
        return 1;
    return rule->hits_max > 0 ? rule->hits_max : UINT32_MAX;
}

static void
run_over(struct run *run, size_t index, const struct span *texts, size_t count)
{
    const struct rule *rule = &run->rules->rules[index];
    unsigned           most = most_hits(rule), hits = 0;
    bool               given_up = false;

    for (size_t i = 0; i < count && hits < most && !given_up; i++)
        hits += count_hits(rule, texts[i], most - hits, &given_up);
    run->hits[index] = hits;
}

static void
run_kind(struct run *run, enum rule_kind kind, const struct span *texts, size_t count)
{
    const struct score_rules *rules = run->rules;

    for (size_t i = rules->start[kind]; i < rules->start[kind + 1]; i++) {
        const struct rule *rule = &rules->rules[rules->order[i]];
        size_t             skip = rule->no_subject && kind == RULE_BODY && count > 0;

        if (rule->score != 0)
            run_over(run, rules->order[i], texts + skip, count - skip);
    }
}

static unsigned
run_header(const struct rule *rule, struct span value, bool present)
{
    bool     given_up;
    unsigned hits;

    if (rule->regex == NULL)
        return present;
    if (!present && rule->if_unset != NULL)
        value = span_of(rule->if_unset);
    hits = count_hits(rule, value, rule->negated ? 1 : most_hits(rule), &given_up);
    return rule->negated ? hits == 0 && !given_up : hits;
}

static void
run_headers(struct run *run)
{
    const struct score_rules *rules   = run->rules;
    struct bytes              value   = {0};
    size_t                    field   = rules->field_count;
    bool                      present = false;

    for (size_t i = rules->start[RULE_HEADER]; i < rules->start[RULE_HEADER + 1]; i++) {
        const struct rule *rule = &rules->rules[rules->order[i]];

        if (rule->field != field) {
            field = rule->field;
            bytes_clear(&value);
            present = field_read(&rules->fields[field], run->mail, &value);
        }
        if (rule->score != 0)
            run->hits[rules->order[i]] = run_header(rule, bytes_span(&value), present);
    }
    bytes_free(&value);
}

/* The first part that the pattern matches in decides, however often it does there. */
static unsigned
run_mimeheader(const struct rule *rule, const struct mail *mail, struct bytes *memory, struct bytes *joined)
{
    const struct mimeheader *header = &rule->mimeheader;
    size_t   last = header->last > 0 && header->last < mail->parts.count ? header->last : mail->parts.count;
    unsigned most = most_hits(rule), hits = 0;
    bool     given_up = false;

    if (rule->negated) /* as SpamAssassin 4.0 has it, whatever there is */
        return 1;
    bytes_clear(joined);
    for (size_t i = header->first > 0 ? header->first - 1 : 0; i < last && i < MIMEHEADER_PARTS_MAX; i++) {
        bool        present;
        struct span value = mimeheader_value(header, &mail->parts.items[i], memory, &present);

        if (!present && rule->if_unset != NULL)
            value = span_of(rule->if_unset);
        if (!header->concat && (hits = count_hits(rule, value, most, &given_up)) > 0)
            return hits;
        if (header->concat) {
            bytes_add(joined, value);
            if (value.len == 0 || value.data[value.len - 1] != '\n')
                bytes_add_char(joined, '\n');
        }
    }
    return header->concat ? count_hits(rule, bytes_span(joined), most, &given_up) : 0;
}

static void
run_mimeheaders(struct run *run)
{
    const struct score_rules *rules  = run->rules;
    struct bytes              memory = {0}, joined = {0};

    for (size_t i = rules->start[RULE_MIMEHEADER]; i < rules->start[RULE_MIMEHEADER + 1]; i++) {
        const struct rule *rule = &rules->rules[rules->order[i]];

        if (rule->score != 0)
            run->hits[rules->order[i]] = run_mimeheader(rule, run->mail, &memory, &joined);
    }
    bytes_free(&joined);
    bytes_free(&memory);
}

static void
run_evals(struct run *run)
{
    const struct score_rules *rules = run->rules;
    struct eval_run           eval;

    eval_run_start(&eval, rules->eval_settings, run->mail);
    for (size_t i = rules->start[RULE_EVAL]; i < rules->start[RULE_EVAL + 1]; i++) {
        const struct rule *rule = &rules->rules[rules->order[i]];

        if (rule->score != 0)
            run->hits[rules->order[i]] = eval_run_call(&eval, rule->call);
    }
    eval_run_end(&eval);
}

/* A meta that is true counts as often as its value says, and at least once. */
static void
run_metas(struct run *run)
{
    const struct score_rules *rules = run->rules;

    for (size_t i = rules->start[RULE_META]; i < rules->start[RULE_META + 1]; i++) {
        const struct rule *rule  = &rules->rules[rules->order[i]];
        double             value = rule->score != 0 ? meta_evaluate(rule->meta, run->hits) : 0;

        if (value != 0)
            run->hits[rules->order[i]] = value < 1 ? 1 : value > INT32_MAX ? INT32_MAX : (unsigned)value;
    }
}

static unsigned *
run_all(const struct score_rules *rules, const struct mail *mail)
{
    struct run run = {rules, mail, memory_new(rules->count * sizeof(unsigned))};

    captures_run(rules, mail, run.hits);
    run_headers(&run);
    run_kind(&run, RULE_BODY, mail->body.items, mail->body.count);
    run_kind(&run, RULE_RAWBODY, mail->rawbody.items, mail->rawbody.count);
    run_kind(&run, RULE_FULL, &mail->full, 1);
    run_kind(&run, RULE_URI, mail->uris.items, mail->uris.count);
    run_mimeheaders(&run);
    run_evals(&run);
    run_metas(&run);
    return run.hits;
}

static void
add_name(struct bytes *names, const char *name)
{
    if (names->len > 0)
        bytes_add_char(names, ',');
    bytes_add(names, span_of(name));
}

static void
sum_up(const struct score_rules *rules, const unsigned *hits, struct score_result *result)
{
    result->score = 0;
    bytes_clear(&result->rules);
    for (size_t i = 0; i < rules->count; i++) {
        if (hits[i] == 0 || rule_is_silent(&rules->rules[i]))
            continue;
        result->score += rules->rules[i].score;
        add_name(&result->rules, rules->rules[i].name);
    }
    result->score = score_round(result->score, 1000);
}

void
score_run(const struct score_rules *rules, const struct mail *mail, struct score_result *result)
{
    uint64_t  limits = regex_limits_hit();
    unsigned *hits   = run_all(rules, mail);

    result->given_up = (unsigned)(regex_limits_hit() - limits);
    sum_up(rules, hits, result);
    free(hits);
}

/* The texts that rules of a kind look at; a header rule's is read into `value`. */
static struct spans
texts_of(const struct score_rules *rules, const struct rule *rule, const struct mail *mail, struct bytes *value,
         struct span *one)
{
    switch (rule->kind) {
    case RULE_HEADER:
        *one = field_read(&rules->fields[rule->field], mail, value) ? bytes_span(value) : span_of(rule->if_unset);
        return (struct spans){one, 1, 1};
    case RULE_BODY:
        return mail->body;
    case RULE_RAWBODY:
        return mail->rawbody;
    case RULE_URI:
        return mail->uris;
    case RULE_FULL:
        *one = mail->full;
        return (struct spans){one, 1, 1};
    default:
        return (struct spans){0};
    }
}

/* What the rule, which hit, matched first. */
static struct span
first_match(const struct rule *rule, const struct spans *texts)
{
    struct regex_found found;

    for (size_t i = rule->no_subject && rule->kind == RULE_BODY; i < texts->count; i++) {
        struct span matched;

        if (!regex_find(rule->regex, texts->items[i], 0, &found))
            continue;
        matched = regex_group(&found, 0);
        return span_head(matched, matched.len < SCORE_MATCHED_MAX ? matched.len : SCORE_MATCHED_MAX);
    }
    return (struct span){0};
}

void
score_explain(const struct score_rules *rules, const struct mail *mail, struct score_result *result,
              void (*take)(void *context, const struct score_hit *), void *context)
{
    uint64_t     limits = regex_limits_hit();
    unsigned    *hits   = run_all(rules, mail);
    struct bytes value  = {0};

    result->given_up = (unsigned)(regex_limits_hit() - limits);
    sum_up(rules, hits, result);
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule   = &rules->rules[i];
        bool               silent = rule_is_silent(rule);
        struct score_hit   hit    = {rule->name, silent ? 0 : rule->score, rule->describe, silent, hits[i], {0}};
        struct span        one;

        if (hits[i] == 0)
            continue;
        bytes_clear(&value);
        if (rule->regex != NULL && !rule->negated) {
            struct spans texts = texts_of(rules, rule, mail, &value, &one);

            hit.matched = first_match(rule, &texts);
        }
        take(context, &hit);
    }
    bytes_free(&value);
    free(hits);
}

void
score_list_hits(const struct score_rules *rules, const struct mail *mail, struct bytes *names)
{
    unsigned *hits = run_all(rules, mail);

    for (size_t i = 0; i < rules->count; i++)
        if (hits[i] > 0)
            add_name(names, rules->rules[i].name);
    free(hits);
}

const struct mail_settings *
score_mail_settings(const struct score_rules *rules)
{
    return &rules->mail_settings;
}

double
score_round(double score, long steps)
{
    double scaled = score * (double)steps;

    return (double)(long long)(scaled < 0 ? scaled - 0.5 : scaled + 0.5) / (double)steps;
}

void
score_result_free(struct score_result *result)
{
    bytes_free(&result->rules);
    *result = (struct score_result){0};
}
