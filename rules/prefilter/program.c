/* Written from its end to its front: what comes behind is always known. */
#include <stdlib.h>

#include "base/memory.h"
#include "rules/prefilter/program.h"

enum { STEPS_MAX = 200000 }; /* past them what repeats is not written out, and nothing is called */

static uint32_t
add_step(struct program *program, struct program_step step)
{
    if (program->count == program->capacity) {
        program->capacity = program->capacity > 0 ? program->capacity * 2 : 256;
        program->steps    = memory_resize_array(program->steps, program->capacity, sizeof(step));
    }
    program->steps[program->count] = step;
    return (uint32_t)program->count++;
}

static uint32_t
add_fork(struct program *program, uint32_t next, uint32_t other)
{
    return add_step(program, (struct program_step){.operation = PROGRAM_FORK, .next = next, .other = other});
}

static uint32_t write_node(struct program *, struct syntax_node *, uint32_t next);

/*
 * Writes `part` `least` times or more, and then `next`. The copies that must be passed are written last, so that the
 * entries in the part are those of a copy that every match passes, if there is one.
 */
static uint32_t
write_loop(struct program *program, struct syntax_node *part, uint32_t least, uint32_t next)
{
    uint32_t fork  = add_fork(program, next, next);
    uint32_t entry = write_node(program, part, fork);

    program->steps[fork].other = entry;
    for (uint32_t i = 1; i < least && i < program->copies && program->count < STEPS_MAX; i++)
        entry = write_node(program, part, entry);
    return least > 0 ? entry : fork;
}

static uint32_t
write_repeat(struct program *program, struct syntax_node *node, uint32_t next)
{
    uint32_t extra = node->most - node->least;

    if (extra > 1 || node->least > program->copies || program->count >= STEPS_MAX)
        return write_loop(program, node->part, node->least, next);
    if (extra > 0) {
        uint32_t entry = write_node(program, node->part, next);

        next = add_fork(program, next, entry);
    }
    for (uint32_t i = 0; i < node->least; i++)
        next = write_node(program, node->part, next);
    return next;
}

static struct syntax_node *
reverse(struct syntax_node *node)
{
    struct syntax_node *before = NULL;

    while (node != NULL) {
        struct syntax_node *next = node->next;

        node->next = before;
        before     = node;
        node       = next;
    }
    return before;
}

static uint32_t
write_sequence(struct program *program, struct syntax_node *node, uint32_t next)
{
    struct syntax_node *last = reverse(node->part);

    for (struct syntax_node *part = last; part != NULL; part = part->next)
        next = write_node(program, part, next);
    (void)reverse(last);
    return next;
}

static uint32_t
write_choice(struct program *program, struct syntax_node *node, uint32_t next)
{
    uint32_t entry = UINT32_MAX;

    for (struct syntax_node *part = node->part; part != NULL; part = part->next) {
        uint32_t branch = write_node(program, part, next);

        entry = entry == UINT32_MAX ? branch : add_fork(program, branch, entry);
    }
    return entry;
}

static uint32_t
write_anything(struct program *program, uint32_t next)
{
    uint32_t fork = add_fork(program, next, next), take;

    take                       = add_step(program, (struct program_step){.operation = PROGRAM_TAKE, .next = fork});
    program->steps[fork].other = take;
    return fork;
}

/* What calls itself accepts anything there. */
static uint32_t
write_call(struct program *program, struct syntax_node *group, uint32_t next)
{
    if (group->opened || program->count >= STEPS_MAX)
        return write_anything(program, next);
    group->opened = true;
    next          = write_node(program, group, next);
    group->opened = false;
    return next;
}

/* Writes what accepts the node and goes on with `next`; where it begins. */
static uint32_t
write_node(struct program *program, struct syntax_node *node, uint32_t next)
{
    switch (node->kind) {
    case SYNTAX_NOTHING:
        node->entry = next;
        break;
    case SYNTAX_OCTET:
        node->entry =
            add_step(program, (struct program_step){.operation = PROGRAM_TAKE, .set = &node->set, .next = next});
        break;
    case SYNTAX_ANYTHING:
        node->entry = write_anything(program, next);
        break;
    case SYNTAX_SEQUENCE:
        node->entry = write_sequence(program, node, next);
        break;
    case SYNTAX_CHOICE:
        node->entry = write_choice(program, node, next);
        break;
    case SYNTAX_REPEAT:
        node->entry = write_repeat(program, node, next);
        break;
    case SYNTAX_CALL:
        node->entry = write_call(program, node->group, next);
        break;
    }
    return node->entry;
}

void
program_write(struct program *program, struct syntax_node *root, uint32_t copies)
{
    uint32_t match;

    *program         = (struct program){.copies = copies};
    match            = add_step(program, (struct program_step){.operation = PROGRAM_MATCH});
    program->start   = write_node(program, root, match);
    program->seen    = memory_new(program->count * sizeof(program->seen[0]));
    program->pending = memory_resize_array(NULL, 2 * program->count + 1, sizeof(program->pending[0]));
}

void
program_free(struct program *program)
{
    free(program->steps);
    free(program->seen);
    free(program->pending);
    *program = (struct program){0};
}

struct program_places
program_places(const struct program *program)
{
    return (struct program_places){.items = memory_resize_array(NULL, program->count, sizeof(uint32_t))};
}

void
program_clear(struct program *program, struct program_places *places)
{
    program->round++;
    places->count = 0;
    places->ends  = false;
}

void
program_reach(struct program *program, uint32_t step, struct program_places *places)
{
    size_t pending = 0;

    program->pending[pending++] = step;
    while (pending > 0) {
        uint32_t                   at     = program->pending[--pending];
        const struct program_step *passed = &program->steps[at];

        if (program->seen[at] == program->round)
            continue;
        program->seen[at] = program->round;
        program->work++;
        if (passed->operation == PROGRAM_MATCH)
            places->ends = true;
        else if (passed->operation == PROGRAM_TAKE)
            places->items[places->count++] = at;
        else {
            program->pending[pending++] = passed->next;
            program->pending[pending++] = passed->other;
        }
    }
}

void
program_advance(struct program *program, const struct program_places *here, struct program_places *there,
                struct octet_set *set)
{
    static const struct octet_set all = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};

    program_clear(program, there);
    for (size_t i = 0; i < here->count; i++) {
        const struct program_step *step = &program->steps[here->items[i]];

        octet_set_merge(set, step->set != NULL ? step->set : &all);
        program_reach(program, step->next, there);
    }
    program->work += here->count;
}
