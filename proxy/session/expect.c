/* The replies that are due, and how many of each kind. */
#include <assert.h>

#include "base/pool.h"
#include "proxy/session/expect.h"

enum { EXPECTED_MAX = 128 };

static struct pool expectations = {.size = sizeof(struct expectation)};

void
expect_start(struct expectations *expected)
{
    *expected = (struct expectations){0};
    STAILQ_INIT(&expected->queue);
}

struct expectation *
expect_oldest(const struct expectations *expected)
{
    return STAILQ_FIRST(&expected->queue);
}

static bool
is_message(const struct expectation *expectation)
{
    return expectation->command.verb == POP3_RETR || expectation->command.verb == POP3_TOP;
}

struct expectation *
expect_add(struct expectations *expected, enum expectation_kind kind, const struct pop3_command *command,
           uint64_t lines, struct bytes *answer)
{
    struct expectation *expectation = pool_take(&expectations);

    expectation->kind    = kind;
    expectation->command = *command;
    expectation->lines   = lines;
    if (answer != NULL)
        expectation->answer = *answer;
    STAILQ_INSERT_TAIL(&expected->queue, expectation, next);
    expected->count++;
    expected->of_server += kind != EXPECT_LOCAL;
    expected->uidls += kind == EXPECT_UIDLS;
    expected->messages += is_message(expectation);
    return expectation;
}

void
expect_drop(struct expectations *expected)
{
    struct expectation *oldest = expect_oldest(expected);

    assert(oldest != NULL);
    STAILQ_REMOVE_HEAD(&expected->queue, next);
    expected->count--;
    expected->of_server -= oldest->kind != EXPECT_LOCAL;
    expected->uidls -= oldest->kind == EXPECT_UIDLS;
    expected->messages -= is_message(oldest);
    if (oldest->kind != EXPECT_LOCAL)
        expected->after_uidls = oldest->kind == EXPECT_UIDLS;
    if (oldest == expected->alone)
        expected->alone = NULL;
    bytes_free(&oldest->answer);
    pool_give(&expectations, oldest);
}

bool
expect_has_room(const struct expectations *expected)
{
    return expected->count < EXPECTED_MAX;
}

bool
expect_may_send(const struct expectations *expected, bool pipelines)
{
    if (expected->alone != NULL)
        return false;
    return expected->of_server == 0 || pipelines || (expected->of_server == 1 && expect_oldest(expected)->unfinished);
}

void
expect_alone(struct expectations *expected, const struct expectation *expectation)
{
    assert(expected->alone == NULL);
    expected->alone = expectation;
}

void
expect_follow(struct expectations *expected)
{
    expected->alone = NULL;
}

void
expect_mark_unfinished(struct expectations *expected)
{
    expect_oldest(expected)->unfinished = true;
}

void
expect_again(struct expectations *expected)
{
    struct expectation *oldest = expect_oldest(expected);

    oldest->lines = oldest->command.lines;
    oldest->again = true;
}
