/* Messages from the server's +OK to the client's socket. */
#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/pool.h"
#include "proxy/clock.h"
#include "proxy/session/deliveries.h"

enum { COMPLETED_MAX = 64 };

static struct pool pool = {.size = sizeof(struct delivery)};

void
deliveries_start(struct deliveries *deliveries)
{
    *deliveries = (struct deliveries){0};
    STAILQ_INIT(&deliveries->completed);
}

/* The filters may ask for the current delivery as soon as its message exists. */
void
deliveries_begin(struct deliveries *deliveries, const struct message_setup *setup)
{
    struct delivery     *delivery = pool_take(&pool);
    struct message_setup own      = *setup;

    assert(deliveries->current == NULL);
    delivery->info = *setup->info;
    if (delivery->info.uidl != NULL)
        delivery->info.uidl = delivery->uidl = memory_copy_string(delivery->info.uidl);
    delivery->started   = clock_now();
    deliveries->current = delivery;
    own.info            = &delivery->info;
    delivery->message   = message_open(&own);
}

void
deliveries_complete(struct deliveries *deliveries, uint64_t mark)
{
    deliveries->current->mark = mark;
    STAILQ_INSERT_TAIL(&deliveries->completed, deliveries->current, next);
    deliveries->count++;
    deliveries->current = NULL;
}

bool
deliveries_have_room(const struct deliveries *deliveries)
{
    return deliveries->count < COMPLETED_MAX;
}

struct delivery *
deliveries_oldest(const struct deliveries *deliveries)
{
    struct delivery *completed = STAILQ_FIRST(&deliveries->completed);

    return completed != NULL ? completed : deliveries->current;
}

struct delivery *
deliveries_delivered(const struct deliveries *deliveries, uint64_t sent)
{
    struct delivery *completed = STAILQ_FIRST(&deliveries->completed);

    return completed != NULL && completed->mark <= sent ? completed : NULL;
}

void
deliveries_drop(struct deliveries *deliveries)
{
    struct delivery *oldest = deliveries_oldest(deliveries);

    message_close(&oldest->message); /* its filters may still ask for it */
    if (oldest == deliveries->current) {
        deliveries->current = NULL;
    } else {
        STAILQ_REMOVE_HEAD(&deliveries->completed, next);
        deliveries->count--;
    }
    free(oldest->uidl);
    pool_give(&pool, oldest);
}
