/* Metas stand behind those they ask for, so that one pass over those that may have changed is enough. */
#include <stdlib.h>

#include "base/memory.h"
#include "rules/spamassassin/run_metas.h"

struct meta_plan {
    double   *values;     /* of each rule: what metas take it for where no rule but metas hits */
    size_t   *user_start; /* of each rule: where the metas that ask for it begin in `users`; and their end */
    uint32_t *users;      /* metas, by their place among the metas in the order of rules */
};

/* What other metas take a meta for. */
static double
value_of(const struct meta *meta, const double *values)
{
    double value = meta_evaluate(meta, values);

    return value < 0 ? 1 : value;
}

/* A meta that is true counts as often as its value says, and at least once. */
static unsigned
hits_of(double value)
{
    return value == 0 ? 0 : value < 1 ? 1 : value > INT32_MAX ? INT32_MAX : (unsigned)value;
}

static size_t
meta_count(const struct score_rules *rules)
{
    return rules->start[RULE_META + 1] - rules->start[RULE_META];
}

/* The rule at a place among the metas. */
static size_t
meta_at(const struct score_rules *rules, size_t place)
{
    return rules->order[rules->start[RULE_META] + place];
}

/* Calls for each meta and rule that it asks for; one may come twice. */
static void
each_use(const struct score_rules *rules, struct meta_plan *plan,
         void (*take)(struct meta_plan *, size_t rule, size_t place))
{
    for (size_t place = 0; place < meta_count(rules); place++) {
        size_t at = 0;
        long   rule;

        while ((rule = meta_next_rule(rules->rules[meta_at(rules, place)].meta, &at)) >= 0)
            take(plan, (size_t)rule, place);
    }
}

static void
count_use(struct meta_plan *plan, size_t rule, size_t place)
{
    (void)place;
    plan->user_start[rule]++;
}

static void
add_use(struct meta_plan *plan, size_t rule, size_t place)
{
    plan->users[--plan->user_start[rule]] = (uint32_t)place;
}

struct meta_plan *
meta_plan_new(const struct score_rules *rules)
{
    struct meta_plan *plan = memory_new(sizeof(*plan));
    size_t            uses = 0;

    plan->user_start = memory_new((rules->count + 1) * sizeof(plan->user_start[0]));
    each_use(rules, plan, count_use);
    for (size_t rule = 0; rule <= rules->count; rule++)
        plan->user_start[rule] = uses += plan->user_start[rule];
    plan->users = memory_new(uses * sizeof(plan->users[0]));
    each_use(rules, plan, add_use);
    plan->values = memory_new(rules->count * sizeof(plan->values[0]));
    for (size_t place = 0; place < meta_count(rules); place++)
        plan->values[meta_at(rules, place)] = value_of(rules->rules[meta_at(rules, place)].meta, plan->values);
    return plan;
}

void
meta_plan_free(struct meta_plan **plan)
{
    if (*plan == NULL)
        return;
    free((*plan)->values);
    free((*plan)->user_start);
    free((*plan)->users);
    free(*plan);
    *plan = NULL;
}

static void
mark_users(const struct meta_plan *plan, size_t rule, uint64_t *marked)
{
    for (size_t i = plan->user_start[rule]; i < plan->user_start[rule + 1]; i++)
        marked[plan->users[i] / 64] |= UINT64_C(1) << plan->users[i] % 64;
}

static void
evaluate_marked(const struct score_rules *rules, double *values, uint64_t *marked)
{
    const struct meta_plan *plan = rules->meta_plan;

    for (size_t word = 0; word < meta_count(rules) / 64 + 1; word++) {
        while (marked[word] != 0) { /* a meta may mark others of the same word, behind it */
            size_t index = meta_at(rules, 64 * word + (size_t)__builtin_ctzll(marked[word]));

            marked[word] &= marked[word] - 1;
            values[index] = value_of(rules->rules[index].meta, values);
            if (values[index] != plan->values[index])
                mark_users(plan, index, marked);
        }
    }
}

static bool
asks_for_any(const struct meta *meta, const bool *unknown)
{
    size_t at = 0;
    long   needed;

    while ((needed = meta_next_rule(meta, &at)) >= 0)
        if (unknown[needed])
            return true;
    return false;
}

/*
 * Where not all other rules ran, a rule that hit before the time was up is known to hit; of the others nothing is
 * known.
 */
static void
evaluate_known(const struct run *run, double *values)
{
    const struct score_rules *rules   = run->rules;
    bool                     *unknown = memory_new(rules->count * sizeof(unknown[0]));

    for (size_t i = run->reached; i < rules->start[RULE_META]; i++)
        unknown[rules->order[i]] = run->hits[rules->order[i]] == 0;
    for (size_t place = 0; place < meta_count(rules); place++) {
        size_t             index = meta_at(rules, place);
        const struct meta *meta  = rules->rules[index].meta;

        unknown[index] = asks_for_any(meta, unknown);
        values[index]  = unknown[index] ? 0 : value_of(meta, values);
    }
    free(unknown);
}

static void
evaluate_changed(const struct run *run, double *values)
{
    const struct score_rules *rules  = run->rules;
    uint64_t                 *marked = memory_new((meta_count(rules) / 64 + 1) * sizeof(marked[0]));

    for (size_t rule = 0; rule < rules->count; rule++)
        if (run->hits[rule] > 0)
            mark_users(rules->meta_plan, rule, marked);
    evaluate_marked(rules, values, marked);
    free(marked);
}

void
run_metas(struct run *run)
{
    const struct score_rules *rules  = run->rules;
    double                   *values = memory_resize_array(NULL, rules->count, sizeof(values[0]));

    for (size_t rule = 0; rule < rules->count; rule++)
        values[rule] = run->hits[rule] > 0 ? run->hits[rule] : rules->meta_plan->values[rule];
    if (run->late)
        evaluate_known(run, values);
    else
        evaluate_changed(run, values);
    for (size_t place = 0; place < meta_count(rules); place++)
        run->hits[meta_at(rules, place)] = hits_of(values[meta_at(rules, place)]);
    free(values);
}
