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
    MATCH_COST = 1000,    /* cycles that PCRE2 takes for a text of usual length, */
    BEGIN_COST = 150,     /* and for each octet that a match can begin with */
    LOOK_COST  = 10,      /* of a closer look at where a window may stand */
};

#define WINDOW_COST 0.02 /* cycles for each octet that a window more takes */
#define GOOD_COST 0.022  /* nothing much better will be found */
#define ODDS_MOST 0.04   /* a window with higher odds stands in most texts */

struct search {
    struct program        program;
    struct program_places here, there;
    double                match_cost; /* cycles */
};

/* The window that begins at `entry`; it may be empty. */
static struct window
window_at(struct search *search, uint32_t entry)
{
    struct window window = {.entries = {entry}, .entry_count = 1};

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

/* The odds that the window stands at some octet of a text, as if octets came by chance. */
static double
odds_by_chance(const struct window *window)
{
    double odds = 1;

    for (size_t i = 0; i < window->len; i++)
        odds *= usual_odds(&window->sets[i]);
    return odds;
}

/* The same as it is in what mail usually says. */
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
    both.entry_count += b->entry_count;
    for (size_t i = 0; i < b->entry_count && a->entry_count + i < WINDOW_ENTRIES; i++)
        both.entries[a->entry_count + i] = b->entries[i];
    return both;
}

/* Adds a window of its own, or merges it with the one where that costs least, if that costs less. */
static void
add_window(const struct search *search, struct windows *windows, const struct window *window)
{
    double least = 0, own = odds_by_chance(window) * search->match_cost + WINDOW_COST;
    size_t best = 0;

    for (size_t i = 0; i < windows->count; i++) {
        struct window both = merged(&windows->items[i], window);
        double        more = (odds_by_chance(&both) - windows->items[i].odds) * search->match_cost;

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

/* Sets the cost; it is only known exactly if it is less than `most`. */
static void
set_cost(const struct search *search, struct windows *windows, double most)
{
    windows->cost = 0;
    windows->odds = 0;
    for (size_t i = 0; i < windows->count; i++)
        windows->cost += windows->items[i].odds * search->match_cost + WINDOW_COST;
    if (windows->cost >= most)
        return;
    for (size_t i = 0; i < windows->count; i++) {
        double odds = windows->items[i].odds, in_use = odds_in_use(&windows->items[i]);

        windows->cost += in_use > odds ? (in_use - odds) * search->match_cost : 0;
        windows->odds += in_use > odds ? in_use : odds;
    }
}

static void best_of(struct search *, const struct syntax_node *, struct windows *best, unsigned depth);

/* One branch after the other: the windows of each, side by side. */
static void
best_of_branches(struct search *search, const struct syntax_node *choice, struct windows *best, unsigned depth)
{
    struct windows all = {.count = 0};

    for (const struct syntax_node *part = choice->part; part != NULL; part = part->next) {
        struct windows branch;

        best_of(search, part, &branch, depth + 1);
        for (size_t i = 0; i < branch.count; i++)
            add_window(search, &all, &branch.items[i]);
    }
    set_cost(search, &all, best->cost);
    if (all.cost < best->cost)
        *best = all;
}

/* The cheapest windows of which one stands behind each passing of the node's entry. */
static void
best_of(struct search *search, const struct syntax_node *node, struct windows *best, unsigned depth)
{
    bool passes_all = node->kind == SYNTAX_SEQUENCE || (node->kind == SYNTAX_REPEAT && node->least > 0);

    best->count         = 1;
    best->items[0]      = window_at(search, node->entry);
    best->items[0].odds = odds_by_chance(&best->items[0]);
    set_cost(search, best, HUGE_VAL);
    if (depth == DEPTH_MAX || search->program.work > WORK_MAX || best->cost < GOOD_COST)
        return;
    if (node->kind == SYNTAX_CHOICE)
        best_of_branches(search, node, best, depth);
    for (const struct syntax_node *part = passes_all ? node->part : NULL; part != NULL; part = part->next) {
        struct windows one;

        if (best->cost < GOOD_COST)
            return;

        best_of(search, part, &one, depth + 1);
        if (one.cost < best->cost)
            *best = one;
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

        memcpy(end.sets, window->sets + window->len - end.len, end.len * sizeof end.sets[0]);
        cost = odds_by_chance(&end) * LOOK_COST + odds_by_chance(window) * BEGIN_COST;
        if (cost < least) {
            least = cost;
            best  = window->len;
        }
    }
    memset(window->sets + best, 0, (len - best) * sizeof window->sets[0]);
    window->len = best;
}

/* How far behind the beginning of a match they are. \G asks where that was looked for. */
static void
set_lead(const struct search *search, struct span pattern, struct windows *windows)
{
    windows->lead = memmem(pattern.data, pattern.len, "\\G", 2) != NULL ? LEAD_ENDLESS : 0;
    for (size_t i = 0; i < windows->count && windows->lead < LEAD_ENDLESS; i++) {
        const struct window *window = &windows->items[i];

        if (window->entry_count > WINDOW_ENTRIES)
            windows->lead = LEAD_ENDLESS;
        for (size_t entry = 0; entry < window->entry_count && windows->lead < LEAD_ENDLESS; entry++) {
            uint32_t lead = lead_to(&search->program, window->entries[entry]);

            windows->lead = lead > windows->lead ? lead : windows->lead;
        }
    }
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
windows_find(struct windows *windows, struct span pattern, struct span flags)
{
    struct arena        arena = {0};
    struct syntax_node *root  = syntax_read(&arena, pattern, flags);

    if (root != NULL) {
        struct search search;

        program_write(&search.program, root, WINDOW_MAX);
        search.here  = program_places(&search.program);
        search.there = program_places(&search.program);
        set_match_cost(&search);
        best_of(&search, root, windows, 0);
        set_lead(&search, pattern, windows);
        for (size_t i = 0; i < windows->count; i++)
            trim(&windows->items[i]);
        free(search.here.items);
        free(search.there.items);
        program_free(&search.program);
    }
    arena_free(&arena);
    return root != NULL && windows->odds < ODDS_MOST;
}
