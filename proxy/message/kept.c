/* The memory of a text that was kept serves the next one. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/pool.h"
#include "proxy/message/kept.h"

enum { SPARE_MAX = 256 * 1024 /* octets of memory that is kept for the next text */ };

struct kept {
    struct hold_budget *budget;
    struct spool        spool;
    struct bytes        text; /* what stands behind that in the file; all of it while it is looked at */
    int64_t             counted;
};

static struct pool  pool = {.size = sizeof(struct kept)};
static struct bytes spare;

static void
give_text_back(struct bytes *text)
{
    if (text->capacity > spare.capacity && text->capacity <= SPARE_MAX) {
        bytes_free(&spare);
        spare = *text;
        *text = (struct bytes){0};
    }
    bytes_free(text);
}

static struct kept *
open_kept(struct hold_budget *budget)
{
    struct kept *kept = pool_take(&pool);

    *kept = (struct kept){.budget = budget, .spool = {.fd = -1}};
    if (budget->used + (int64_t)spare.capacity <= budget->limit) {
        kept->text = spare;
        spare      = (struct bytes){0};
        bytes_clear(&kept->text);
    }
    return kept;
}

static int
spill_kept(struct kept *kept)
{
    if (spool_write(&kept->spool, kept->budget->spool_dir, bytes_span(&kept->text)) != 0)
        return -1;
    give_text_back(&kept->text);
    hold_count(kept->budget, &kept->counted, 0);
    return 0;
}

int
kept_add(struct kept **made, struct hold_budget *budget, struct span text)
{
    struct kept *kept = *made != NULL ? *made : (*made = open_kept(budget));
    size_t       len  = kept->text.len + text.len;

    if (len >= kept->text.capacity && !memory_can_be_had(2 * len) && spill_kept(kept) != 0)
        return -1;
    bytes_add(&kept->text, text);
    hold_count(budget, &kept->counted, kept->text.capacity);
    return hold_is_over(budget) && kept->text.len > 0 ? spill_kept(kept) : 0;
}

int
kept_text(struct kept *kept, struct span *text)
{
    size_t size = (size_t)kept->spool.size, behind = kept->text.len;

    if (size > 0 && !memory_can_be_had(2 * (size + behind))) {
        errno = ENOMEM;
        return -1;
    }
    if (size > 0) {
        (void)bytes_reserve(&kept->text, size);
        memmove(kept->text.data + size, kept->text.data, behind);
        if (spool_read(&kept->spool, 0, kept->text.data, size) != 0)
            return -1;
        kept->text.len += size;
        spool_close(&kept->spool);
        hold_count(kept->budget, &kept->counted, kept->text.capacity);
    }
    *text = bytes_span(&kept->text);
    return 0;
}

void
kept_close(struct kept **kept)
{
    if (*kept == NULL)
        return;
    hold_count((*kept)->budget, &(*kept)->counted, 0);
    spool_close(&(*kept)->spool);
    give_text_back(&(*kept)->text);
    pool_give(&pool, *kept);
    *kept = NULL;
}
