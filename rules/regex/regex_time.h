/*
 * The time of one match that may be slow. Once those of a message have taken much of its time, others have less: a
 * sender can make many that are.
 */
#ifndef RULES_REGEX_REGEX_TIME_H
#define RULES_REGEX_REGEX_TIME_H

#include <stdbool.h>

/* Before and after the match; one is timed at a time. */
void regex_time_start(void);
void regex_time_stop(void);

/* Has it had its time, or is the budget of all spent? */
bool regex_time_is_up(void);

#endif
