/* What the rules that a mail hits come to: a score, names, and for people the reasons. */
#include <stdlib.h>

#include "base/memory.h"
#include "rules/spamassassin/run.h"
#include "rules/spamassassin/score.h"

static void
add_name(struct bytes *names, const char *name)
{
    if (names->len > 0)
        bytes_add_char(names, ',');
    bytes_add(names, span_of(name));
}

/* A pattern that counts its hits has its points for each; a function or a meta has them once, whatever its value. */
static double
points_of(const struct run *run, size_t index)
{
    const struct rule *rule = &run->rules->rules[index];
    bool               each = rule->multiple && rule->kind != RULE_EVAL && rule->kind != RULE_META;

    return rule_is_silent(rule) ? 0 : rule->score * (each ? run->hits[index] : 1);
}

static void
sum_up(const struct run *run, struct score_result *result)
{
    const struct score_rules *rules = run->rules;

    result->score    = 0;
    result->given_up = run->given_up;
    result->late     = run->late;
    bytes_clear(&result->rules);
    for (size_t i = 0; i < rules->count; i++) {
        if (run->hits[i] == 0 || rule_is_silent(&rules->rules[i]))
            continue;
        result->score += points_of(run, i);
        add_name(&result->rules, rules->rules[i].name);
    }
    result->score = score_round(result->score, 1000);
}

void
score_run(const struct score_rules *rules, const struct mail *mail, struct score_result *result)
{
    struct run run;

    run_start(&run, rules, mail);
    sum_up(&run, result);
    run_end(&run);
}

struct run *
score_begin(const struct score_rules *rules, const struct mail *mail)
{
    struct run *run = memory_new(sizeof(*run));

    run_begin(run, rules, mail);
    return run;
}

bool
score_go_on(struct run *run)
{
    return run_go_on(run);
}

void
score_end(struct run **run, struct score_result *result)
{
    if (*run == NULL)
        return;
    if (result != NULL)
        sum_up(*run, result);
    run_end(*run);
    free(*run);
    *run = NULL;
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
    struct bytes value = {0};
    struct run   run;

    run_start(&run, rules, mail);
    sum_up(&run, result);
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        struct score_hit   hit  = {.name     = rule->name,
                                   .points   = points_of(&run, i),
                                   .describe = rule->describe,
                                   .silent   = rule_is_silent(rule),
                                   .times    = run.hits[i]};
        struct span        one;

        if (run.hits[i] == 0)
            continue;
        bytes_clear(&value);
        if (rule->regex != NULL && !rule->negated) {
            struct spans texts = texts_of(rules, rule, &run.mail, &value, &one);

            hit.matched = first_match(rule, &texts);
        }
        take(context, &hit);
    }
    bytes_free(&value);
    run_end(&run);
}

void
score_list_hits(const struct score_rules *rules, const struct mail *mail, struct bytes *names)
{
    struct run run;

    run_start(&run, rules, mail);
    for (size_t i = 0; i < rules->count; i++)
        if (run.hits[i] > 0)
            add_name(names, rules->rules[i].name);
    run_end(&run);
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
