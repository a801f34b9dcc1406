/* A batch of records in shared memory. Who wrote it may have been anybody by the time it is read: its length is
 * checked. */
#include <assert.h>
#include <sys/mman.h>

#include "proxy/audit/audit_batch.h"

struct audit_batch *
audit_batch_open(void)
{
    void *memory = mmap(NULL, sizeof(struct audit_batch), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

void
audit_batch_close(struct audit_batch **pointer)
{
    if (*pointer != NULL)
        (void)munmap(*pointer, sizeof(**pointer));
    *pointer = NULL;
}

static size_t
length(const struct audit_batch *batch)
{
    size_t len = atomic_load_explicit(&batch->len, memory_order_acquire);

    return len <= sizeof(batch->octets) ? len : 0;
}

/* The length is written after the octets that it counts: a worker that dies in between has added nothing. */
static void
set_length(struct audit_batch *batch, size_t len)
{
    atomic_store_explicit(&batch->len, len, memory_order_release);
}

struct span
audit_batch_packet(const struct audit_batch *batch)
{
    return (struct span){batch->octets, length(batch)};
}

char *
audit_batch_room(struct audit_batch *batch)
{
    assert(!audit_batch_is_full(batch));
    return batch->octets + length(batch) + AUDIT_HEAD_SIZE;
}

void
audit_batch_add(struct audit_batch *batch, unsigned id, size_t len)
{
    size_t before = length(batch);

    assert(before < AUDIT_BATCH_FULL && len <= AUDIT_LINE_MAX);
    audit_packet_write_head(batch->octets + before, id, len);
    set_length(batch, before + AUDIT_HEAD_SIZE + len);
}

bool
audit_batch_is_full(const struct audit_batch *batch)
{
    return length(batch) >= AUDIT_BATCH_FULL;
}

void
audit_batch_clear(struct audit_batch *batch)
{
    set_length(batch, 0);
}
