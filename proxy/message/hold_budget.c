/* The system is asked at each megabyte more: what is smaller is not worth two calls. */
#include "proxy/message/hold_budget.h"
#include "base/memory.h"

enum {
    STEP    = 1024 * 1024,
    RESERVE = 16 * 1024 * 1024, /* octets that stay for all that is not counted */
};

bool
hold_is_over(struct hold_budget *budget)
{
    if (budget->used < budget->asked) {
        budget->asked = budget->used;
        budget->lacks = false;
    } else if (budget->used - budget->asked >= STEP) {
        budget->asked = budget->used;
        budget->lacks = !memory_can_be_had(RESERVE);
    }
    return budget->lacks || budget->used > budget->limit;
}
