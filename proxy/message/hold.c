/* Held octets: a file, and parked buffers behind it. */
#include "proxy/message/hold.h"

enum { PIECE = 64 * 1024 /* octets that are read at once */ };

void
hold_open(struct hold *hold, struct hold_budget *budget)
{
    *hold = (struct hold){.budget = budget, .spool = {.fd = -1}};
}

static int
spill_parked(struct hold *hold)
{
    while (hold->parked.length > 0) {
        struct span first = buffer_first(&hold->parked);

        if (spool_write(&hold->spool, hold->budget->spool_dir, first) != 0)
            return -1;
        buffer_drain(&hold->parked, first.len);
    }
    return 0;
}

int
hold_settle(struct hold *hold)
{
    int result = 0;

    hold_count(hold->budget, &hold->counted, hold->parked.length);
    if (hold_is_over(hold->budget))
        result = spill_parked(hold);
    hold_count(hold->budget, &hold->counted, hold->parked.length);
    return result;
}

static int
read_piece(struct hold *hold, struct buffer *to)
{
    off_t         left  = hold->spool.size - hold->drained;
    size_t        len   = left < PIECE ? (size_t)left : PIECE;
    struct block *block = block_new(len);

    if (spool_read(&hold->spool, hold->drained, block->data, len) != 0) {
        block_leave(block);
        return -1;
    }
    buffer_add_block(to, block, block->data, len);
    hold->drained += (off_t)len;
    return 0;
}

enum hold_drain
hold_drain(struct hold *hold, struct buffer *to, size_t most)
{
    while (hold->drained < hold->spool.size) {
        if (to->length >= most)
            return HOLD_FULL;
        if (read_piece(hold, to) != 0)
            return HOLD_BROKEN;
    }
    spool_close(&hold->spool);
    hold->drained = 0;
    buffer_move(&hold->parked, to, hold->parked.length);
    return HOLD_EMPTY;
}

void
hold_close(struct hold *hold)
{
    if (hold->budget == NULL)
        return;
    hold_count(hold->budget, &hold->counted, 0);
    buffer_clear(&hold->parked);
    spool_close(&hold->spool);
    *hold = (struct hold){.spool = {.fd = -1}};
}
