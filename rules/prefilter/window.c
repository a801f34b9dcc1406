/*
 * A pattern's tree becomes a program for a machine that is in many places at once: from a place that each match must
 * pass, the octets possible at the first step, at the second, ... are a window. Of all such places the cheapest is
 * taken; where the pattern is a choice, that of each branch is an alternative.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/prefilter/program.h"
#include "rules/prefilter/sieve.h"
#include "rules/prefilter/usual.h"
#include "rules/prefilter/window.h"

enum {
    WORK_MAX   = 2000000, /* steps looked at for a pattern; past it what was found is good enough */
    DEPTH_MAX  = 12,      /* groups in each other that are looked into */
    LEAD_MAX   = 100000,  /* octets; more are no help */
    MATCH_COST = 1000,    /* cycles that PCRE2 takes for a text of usual length, */
    BEGIN_COST = 150,     /* and for each octet that a match can begin with */
    NEAR_COST  = 500,     /* for what is near a window, */
    LEAD_COST  = 5,       /* and for each octet in front of it where a match may begin */
    LOOK_COST  = 10,      /* of a closer look at where a window may stand */
};

#define GOOD_COST 0.002 /* with one window: nothing much better will be found */
#define WHOLE_COST 1    /* what is given for a text not to have to be matched as a whole */
#define ODDS_MAX 0.04   /* a window with higher odds stands in most texts */

struct search {
    struct program        program;
    struct program_places here, there;
    double                match_cost, window_cost; /* cycles */
};

/* The window that begins at `entry`; it may be empty. */
static struct window
window_at(struct search *search, uint32_t entry, uint32_t lead)
{
    struct window window = {.lead = lead};

    program_clear(&search->program, &search->here);
    program_reach(&search->program, entry, &search->here);
    while (!search->here.ends && window.len < WINDOW_MAX) {
        struct program_places swap = search->here;

        program_advance(&search->program, &search->here, &search->there, &window.sets[window.len++]);
        search->here  = search->there;
        search->there = swap;
    }
    return window;
}

/* The odds that the window stands at an octet of a text whose octets come by chance. */
static double
odds_by_chance(const struct window *window)
{
    double odds = 1;

    for (size_t i = 0; i < window->len; i++)
        odds *= usual_odds(&window->sets[i]);
    return odds;
}

/* The same, counted in the usual text of mail. */
static double
odds_in_use(const struct window *window)
{
    size_t found = 0;

    for (size_t at = 0; at + window->len <= usual_text.len; at++) {
        size_t len = 0;

        while (len < window->len && octet_set_has(&window->sets[len], (unsigned char)usual_text.data[at + len]))
            len++;
        found += len == window->len;
    }
    return (double)found / (double)usual_text.len;
}

/* One window for two: it stands where either does. */
static struct window
merged(const struct window *a, const struct window *b)
{
    struct window both = *a;

    both.len = a->len < b->len ? a->len : b->len;
    for (size_t i = 0; i < both.len; i++)
        octet_set_merge(&both.sets[i], &b->sets[i]);
    both.lead = a->lead > b->lead ? a->lead : b->lead;
    return both;
}

/* What it takes to match where a window stands. */
static double
cost_at(const struct search *search, const struct window *window)
{
    double near = window->lead < WINDOW_ANYWHERE ? NEAR_COST + (double)LEAD_COST * window->lead : HUGE_VAL;

    return near < search->match_cost ? near : search->match_cost;
}

/* Adds a window of its own, or merges it with the one where that costs least, if that costs less. */
static void
add_window(const struct search *search, struct windows *windows, const struct window *window)
{
    double least = 0, own = odds_by_chance(window) * cost_at(search, window) + search->window_cost;
    size_t best = 0;

    for (size_t i = 0; i < windows->count; i++) {
        struct window both = merged(&windows->items[i], window);
        double        more = (odds_by_chance(&both) - windows->items[i].odds) * cost_at(search, &both);

        if (i == 0 || more < least) {
            best  = i;
            least = more;
        }
    }
    if (windows->count == 0 || (least > own && windows->count < WINDOWS_MAX)) {
        best                 = windows->count++;
        windows->items[best] = *window;
    } else
        windows->items[best] = merged(&windows->items[best], window);
    windows->items[best].odds = odds_by_chance(&windows->items[best]);
}

/* The cost by which windows are chosen. */
static double
rank(const struct windows *windows)
{
    return windows->cost + (windows->lead == WINDOW_ANYWHERE ? WHOLE_COST : 0);
}

/* Sets the cost; it is only known exactly if it is less than `most`. */
static void
set_cost(const struct search *search, struct windows *windows, double most)
{
    windows->cost = 0;
    windows->odds = 0;
    windows->lead = 0;
    for (size_t i = 0; i < windows->count; i++) {
        const struct window *window = &windows->items[i];

        windows->cost += window->odds * cost_at(search, window) + search->window_cost;
        windows->lead = window->lead > windows->lead ? window->lead : windows->lead;
    }
    if (windows->cost >= most)
        return;
    for (size_t i = 0; i < windows->count; i++) {
        double odds = windows->items[i].odds, in_use = odds_in_use(&windows->items[i]);

        windows->cost += in_use > odds ? (in_use - odds) * cost_at(search, &windows->items[i]) : 0;
        windows->odds += in_use > odds ? in_use : odds;
    }
}

/* The lead of what follows `part`. */
static uint32_t
behind(uint32_t lead, const struct syntax_node *part)
{
    uint32_t longest = syntax_longest(part);

    return lead == WINDOW_ANYWHERE || longest > LEAD_MAX - lead ? WINDOW_ANYWHERE : lead + longest;
}

static void best_of(struct search *, const struct syntax_node *, struct windows *best, unsigned depth, uint32_t lead);

/* One branch after the other: the windows of each, side by side. */
static void
best_of_branches(struct search *search, const struct syntax_node *choice, struct windows *best, unsigned depth,
                 uint32_t lead)
{
    struct windows all = {.count = 0};

    for (const struct syntax_node *part = choice->part; part != NULL; part = part->next) {
        struct windows branch;

        best_of(search, part, &branch, depth + 1, lead);
        for (size_t i = 0; i < branch.count; i++)
            add_window(search, &all, &branch.items[i]);
    }
    set_cost(search, &all, rank(best));
    if (rank(&all) < rank(best))
        *best = all;
}

/*
 * The cheapest windows of which one stands behind each passing of the node's entry, where a match comes first after
 * `lead` octets at most.
 */
static void
best_of(struct search *search, const struct syntax_node *node, struct windows *best, unsigned depth, uint32_t lead)
{
    bool passes_all = node->kind == SYNTAX_SEQUENCE || (node->kind == SYNTAX_REPEAT && node->least > 0);

    best->count         = 1;
    best->items[0]      = window_at(search, node->entry, lead);
    best->items[0].odds = odds_by_chance(&best->items[0]);
    set_cost(search, best, HUGE_VAL);
    if (depth == DEPTH_MAX || search->program.work > WORK_MAX || rank(best) < GOOD_COST + search->window_cost)
        return;
    if (node->kind == SYNTAX_CHOICE)
        best_of_branches(search, node, best, depth, lead);
    for (const struct syntax_node *part = passes_all ? node->part : NULL; part != NULL; part = part->next) {
        struct windows one;

        if (rank(best) < GOOD_COST + search->window_cost)
            return;
        best_of(search, part, &one, depth + 1, lead);
        if (rank(&one) < rank(best))
            *best = one;
        lead = behind(lead, part);
    }
}

/*
 * Takes sets off the window's end that do not tell much: where it may stand is told by its last sets alone at first
 * (see rules/prefilter/sieve.h).
 */
static void
trim(struct window *window)
{
    double least = HUGE_VAL;
    size_t best = window->len, len = window->len;

    for (; window->len > 0; window->len--) {
        struct window end = {.len = window->len < SIEVE_DEPTH ? window->len : SIEVE_DEPTH};
        double        cost;

        memcpy(end.sets, window->sets + window->len - end.len, end.len * sizeof(end.sets[0]));
        cost = odds_by_chance(&end) * LOOK_COST + odds_by_chance(window) * BEGIN_COST;
        if (cost < least) {
            least = cost;
            best  = window->len;
        }
    }
    memset(window->sets + best, 0, (len - best) * sizeof(window->sets[0]));
    window->len = best;
}

/*
 * Does the tree say where a match begins? Not if a part is called from elsewhere, nor with \G, which asks where the
 * search began.
 */
static bool
is_local(struct span pattern, const struct syntax_node *root)
{
    return !syntax_has_call(root) && memmem(pattern.data, pattern.len, "\\G", 2) == NULL;
}

/* A match that can begin in many ways takes longer to be ruled out. */
static void
set_match_cost(struct search *search)
{
    program_clear(&search->program, &search->here);
    program_reach(&search->program, search->program.start, &search->here);
    search->match_cost = MATCH_COST + BEGIN_COST * (double)search->here.count;
}

bool
windows_find(struct windows *windows, struct span pattern, struct span flags, double window_cost)
{
    struct arena        arena  = {0};
    struct syntax_node *root   = syntax_read(&arena, pattern, flags);
    size_t              begins = 0;

    if (root != NULL) {
        struct search search;

        program_write(&search.program, root, WINDOW_MAX);
        search.window_cost = window_cost;
        search.here        = program_places(&search.program);
        search.there       = program_places(&search.program);
        set_match_cost(&search);
        begins = search.here.count;
        best_of(&search, root, windows, 0, is_local(pattern, root) ? 0 : WINDOW_ANYWHERE);
        for (size_t i = 0; i < windows->count; i++)
            trim(&windows->items[i]);
        free(search.here.items);
        free(search.there.items);
        program_free(&search.program);
    }
    arena_free(&arena);
    windows->begins = begins;
    return root != NULL && windows->odds < ODDS_MAX;
}
