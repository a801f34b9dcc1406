/*
 * The values of proxy.conf: text to numbers, sizes, durations and truth. Pure.
 */
#ifndef PROXY_CONFIG_CONFIG_VALUE_H
#define PROXY_CONFIG_CONFIG_VALUE_H

#include <stdint.h>

#include "base/bytes.h"

/* What a number may be followed by. */
struct config_unit {
    const char *word;
    int64_t     factor;
};

/* Each from the greatest unit to the smallest, ended by a row without word. */
extern const struct config_unit config_durations[]; /* to milliseconds: d, h, m, s, ms; one of them has to be there */
extern const struct config_unit config_sizes[];     /* to octets: G, M, K, or nothing */
extern const struct config_unit config_counts[];    /* nothing */

enum config_parse { CONFIG_PARSED, CONFIG_MALFORMED, CONFIG_TOO_GREAT };

/* Digits, a minus sign in front of them perhaps, and a unit. Nothing is written if it is not CONFIG_PARSED. */
enum config_parse config_parse_number(const char *text, const struct config_unit *, int64_t *value);

/* A finite decimal number. */
enum config_parse config_parse_real(const char *text, double *value);

/* true, yes, on; false, no, off: without regard to case. */
enum config_parse config_parse_bool(const char *text, bool *value);

/* Appends the number with the greatest unit that leaves it whole: "10m". */
void config_write_number(int64_t value, const struct config_unit *, struct bytes *);

/* Looks for the word that was meant: starts as {.word = what was written}. */
struct config_guess {
    const char *word;
    const char *best; /* the nearest of those that were offered; NULL if none is near */
    unsigned    distance;
};

/* Is this one nearer? Letters left out, added, replaced, or swapped with a neighbour count one each. */
void config_guess_offer(struct config_guess *, const char *word);

/* Appends `; do you mean "word"?`, or nothing. */
void config_guess_write(const struct config_guess *, struct bytes *);

#endif
