/*
 * The longest way from the program's start. Programs are written from their end to their front: but for loops, which go
 * back, each step leads to one with a lower number, so that one pass in the order of numbers sees what is behind first.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "rules/prefilter/lead.h"

enum { STEPS_MAX = 20000, PASSES_MAX = 20 };

/* What is known of a step. */
struct place {
    bool     comes;  /* from there the goal can be reached */
    bool     passed; /* a match can be there before it comes to the goal */
    uint32_t far;    /* octets to the goal, at most */
};

/* Where a step leads to; the same twice where it leads to one. */
static void
behind(const struct program_step *step, uint32_t next[2])
{
    next[0] = step->next;
    next[1] = step->operation == PROGRAM_FORK ? step->other : step->next;
}

/* Finds all that can come to the goal: several passes where loops are in each other. False: too many. */
static bool
find_coming(const struct program *program, uint32_t goal, struct place *places)
{
    bool changed = true;

    places[goal].comes = true;
    for (unsigned pass = 0; changed; pass++) {
        changed = false;
        if (pass == PASSES_MAX)
            return false;
        for (uint32_t step = 0; step < program->count; step++) {
            uint32_t next[2];

            if (places[step].comes || program->steps[step].operation == PROGRAM_MATCH)
                continue;
            behind(&program->steps[step], next);
            places[step].comes = places[next[0]].comes || places[next[1]].comes;
            changed |= places[step].comes;
        }
    }
    return true;
}

/* Finds where a match can be before it comes to the goal. */
static void
find_passed(const struct program *program, uint32_t goal, struct place *places)
{
    uint32_t *pending = memory_resize_array(NULL, 2 * program->count + 1, sizeof *pending);
    size_t    count   = 0;

    pending[count++] = program->start;
    while (count > 0) {
        uint32_t step = pending[--count], next[2];

        if (places[step].passed)
            continue;
        places[step].passed = true;
        if (step == goal || program->steps[step].operation == PROGRAM_MATCH)
            continue;
        behind(&program->steps[step], next);
        pending[count++] = next[0];
        pending[count++] = next[1];
    }
    free(pending);
}

/* Adds up the octets on the longest way. False: there is a loop on one. */
static bool
add_up(const struct program *program, uint32_t goal, struct place *places)
{
    for (uint32_t step = 0; step < program->count; step++) {
        const struct program_step *here = &program->steps[step];
        uint32_t                   next[2];

        if (!places[step].comes || !places[step].passed || step == goal || here->operation == PROGRAM_MATCH)
            continue;
        behind(here, next);
        for (size_t i = 0; i < 2; i++) {
            const struct place *place = &places[next[i]];
            uint32_t            far   = place->far + (here->operation == PROGRAM_TAKE);

            if (!place->comes)
                continue;
            if (next[i] >= step)
                return false;
            places[step].far = far > places[step].far ? far : places[step].far;
        }
    }
    return true;
}

uint32_t
lead_to(const struct program *program, uint32_t step)
{
    struct place *places;
    uint32_t      lead = LEAD_ENDLESS;

    if (program->count > STEPS_MAX)
        return LEAD_ENDLESS;
    places = memory_new(program->count * sizeof *places);
    if (find_coming(program, step, places)) {
        find_passed(program, step, places);
        if (add_up(program, step, places))
            lead = places[program->start].far;
    }
    free(places);
    return lead;
}
