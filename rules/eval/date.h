/*
 * Dates as mail has them (RFC 5322, 3.3 and 4.3; RFC 850 and asctime() too): read as SpamAssassin reads them, which
 * takes what is there and mends what is impossible.
 */
#ifndef RULES_EVAL_DATE_H
#define RULES_EVAL_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/*
 * The first date in `text`, in seconds since 1970, UTC: false if there is none. Years are kept within 1970..2037,
 * hours, minutes and seconds within theirs, the day behind a month's last is the first of the next; a zone that is not
 * known is UTC.
 */
bool date_read(struct span text, int64_t *seconds);

#endif
