/* Steps that wait: for an answer, no longer than they may, or for the next turn of the event loop. */
#include "base/clock.h"
#include "base/memory.h"
#include "filters/chain_step.h"

/* filter_yield() has said what it waits for. */
void
chain_begin_wait(struct chain_step *step)
{
    if (step->wait.state == WAITS_FOR_TURN)
        return;
    step->wait.state = WAITS_FOR_ANSWER;
    if (step->wait.since == 0)
        step->wait.since = (int64_t)(clock_microseconds(CLOCK_MONOTONIC) / 1000);
}

void
chain_end_wait(struct chain_step *step)
{
    step->wait.state = WAITS_FOR_NOTHING;
    step->wait.since = 0;
}

void
filter_resume(struct filter *filter)
{
    struct chain_step *step = container_of(filter, struct chain_step, filter);

    if (step->wait.state == WAITS_FOR_ANSWER)
        step->wait.state = WAITS_FOR_NOTHING;
    if (step->run->host->resume != NULL)
        step->run->host->resume(step->run->host->context);
}

enum filter_verdict
filter_yield(struct filter *filter)
{
    struct chain_step *step = container_of(filter, struct chain_step, filter);

    step->wait.state = WAITS_FOR_TURN;
    step->run->host->yield(step->run->host->context);
    return FILTER_WAIT;
}

void
chain_next_turn(struct chain_run *run)
{
    for (size_t i = 0; i < run->count; i++)
        if (run->steps[i].wait.state == WAITS_FOR_TURN)
            run->steps[i].wait.state = WAITS_FOR_NOTHING;
}

/* When the step's time is over; INT64_MAX: never. */
static int64_t
deadline(const struct chain_step *step)
{
    int64_t timeout = step->setup->timeout;

    return step->wait.state == WAITS_FOR_ANSWER && timeout > 0 ? step->wait.since + timeout : INT64_MAX;
}

int64_t
chain_deadline(const struct chain_run *run)
{
    int64_t first = INT64_MAX;

    for (size_t i = 0; i < run->count; i++)
        first = deadline(&run->steps[i]) < first ? deadline(&run->steps[i]) : first;
    return first;
}

void
chain_expire(struct chain_run *run, int64_t now)
{
    for (size_t i = 0; i < run->count; i++)
        if (deadline(&run->steps[i]) <= now)
            run->steps[i].wait.state = WAITS_IN_VAIN;
}
