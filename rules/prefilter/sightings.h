/*
 * Where in a text the windows of patterns stand, and so where their matches may begin. Few places are remembered; of a
 * pattern whose windows stand in many, or that may begin anywhere in front of them, all of the text is of interest.
 */
#ifndef RULES_PREFILTER_SIGHTINGS_H
#define RULES_PREFILTER_SIGHTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sightings;

/* For `patterns` patterns at a time, in one text. */
struct sightings *sightings_new(size_t patterns);

/* Frees them and sets them to NULL. It may be NULL. */
void sightings_free(struct sightings **);

/* Forgets all places, for a text of so many octets. */
void sightings_clear(struct sightings *, size_t text_len);

/* All of the text is of interest to the pattern. */
void sightings_set_whole(struct sightings *, size_t pattern);

/* Nothing of it is as yet. To look at a place takes as long as to look at `place_cost` octets on the way. */
void sightings_begin(struct sightings *, size_t pattern, uint32_t place_cost);

/*
 * Windows of the pattern end with octets from `first` to `last`, and a match begins `reach` octets in front of them at
 * most. Once it would not take less to look there than to look at all of the text, that becomes of interest.
 */
void sightings_add(struct sightings *, size_t pattern, uint32_t reach, size_t first, size_t last);

bool sightings_are_whole(const struct sightings *, size_t pattern);

/*
 * The next stretch of octets at `*from` or behind, which is never less than before, where a match may begin: from
 * `*from` to `*last`. False: there is none.
 */
bool sightings_next(struct sightings *, size_t pattern, size_t *from, size_t *last);

#endif
