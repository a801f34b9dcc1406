/* How far behind the beginning of a match a place of the pattern's program can be. */
#ifndef RULES_PREFILTER_LEAD_H
#define RULES_PREFILTER_LEAD_H

#include "rules/prefilter/program.h"

enum { LEAD_ENDLESS = UINT32_MAX };

/*
 * The most octets that a match takes before it first comes to `step`, which it may pass more than once; LEAD_ENDLESS if
 * there is no such number, or it is too much work to find it out.
 */
uint32_t lead_to(const struct program *, uint32_t step);

#endif
