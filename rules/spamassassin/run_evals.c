/* Functions, one after the other; one that has much to do is called again and again. */
#include "rules/spamassassin/run_evals.h"
#include "base/budget.h"

/* False if the function has to be called again. */
static bool
run_eval(struct run *run, size_t index)
{
    uint64_t limits = regex_limits_hit();

    run->eval.pauses = false;
    run->hits[index] = eval_run_call(&run->eval, run->rules->rules[index].call);
    run->given_up += (unsigned)(regex_limits_hit() - limits);
    run->late = budget_check();
    return !run->eval.pauses || run->late;
}

/* Those that may change the body, or the others. */
static bool
run_evals(struct run *run, bool changing)
{
    const struct score_rules *rules = run->rules;
    size_t                    start = rules->start[RULE_EVAL], count = rules->start[RULE_EVAL + 1] - start;

    for (; run->next < count && !run->late; run->next++) {
        size_t                  index = rules->order[start + run->next];
        const struct eval_call *call  = rules->rules[index].call;

        if (!changing)
            run->reached = start + run->next + 1;
        if ((call->function->run == call->plugin->changes_body) != changing)
            continue;
        if (budget_slice_is_over() || !run_eval(run, index))
            return false;
    }
    return true;
}

/* The rules that are left see the body as the evals that may change it leave it. */
bool
run_body_changes(struct run *run)
{
    if (!run_evals(run, true))
        return false;
    if (run->eval.body != NULL)
        run->mail.body.items = run->eval.body;
    return true;
}

bool
run_other_evals(struct run *run)
{
    return run_evals(run, false);
}
