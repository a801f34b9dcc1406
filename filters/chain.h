/*
 * The modules, a configured chain of them, and one run of a chain over one message. What message.c knows of filters.
 */
#ifndef FILTERS_CHAIN_H
#define FILTERS_CHAIN_H

#include "filters/filter.h"

/* The module called `name`; NULL if there is none. */
const struct filter_module *chain_module(const char *name);

/* All modules, ended by NULL: for those who list their names or their settings. */
extern const struct filter_module *const chain_modules[];

enum chain_on_failure { CHAIN_PASS, CHAIN_REFUSE };

/* A filter section of proxy.conf, ready for use. */
struct chain_filter {
    const struct filter_module *module;
    const char                 *name;
    void                       *conf;
    enum chain_on_failure       on_failure;
    int64_t                     time_limit; /* milliseconds of the processor's time; 0: none */
    int64_t                     timeout;    /* milliseconds that it may wait for an answer; 0: without end */
};

enum {
    CHAIN_TIME_DEFAULT = 2000, /* milliseconds, where proxy.conf says nothing */
    CHAIN_SLICE        = 10,   /* milliseconds of the processor's time after which filters yield that can */
};

/* The filters of a listener, in their order. The filters are the configuration's, and outlive the chain. */
struct chain {
    const struct chain_filter **filters;
    size_t                      count;
};

/* Where the runner keeps what filters note of messages. `scope` says whose note it is, next to the message's. */
struct chain_notes {
    bool (*recall)(void *context, const struct message_info *, struct span scope, struct bytes *note);
    void (*remember)(void *context, const struct message_info *, struct span scope, struct span note);
    void (*forget)(void *context, const struct message_info *, struct span scope);
    void *context;
};

/* Does a filter keep notes, so that unique ids are of use? */
bool chain_remembers(const struct chain *);

/* May a filter have messages recorded, so that what others change is of use? */
bool chain_records(const struct chain *);

/* Has a filter a note of the message? */
bool chain_has_note(const struct chain *, const struct message_info *, const struct chain_notes *);

/* The message is gone: all notes of it are forgotten. */
void chain_forget(const struct chain *, const struct message_info *, const struct chain_notes *);

/* How many lines of the message's body the filters need that have no note of it; `notes` may be NULL. */
uint64_t chain_needs(const struct chain *, const struct message_info *, const struct chain_notes *);

/* What the runner of a chain provides. All but `context` may be NULL; those of filter_keep() only if no filter calls
 * it.
 */
struct chain_host {
    void (*log)(void *context, const char *filter, enum filter_log_level, const char *line);
    bool (*wants)(void *context,
                  enum filter_log_level); /* are lines of this level wanted? If not they are not written */
    void (*resume)(void *context); /* filter_resume() was called: run the chain again, soon, from the event loop */
    void (*yield)(void *context);  /* filter_yield() was called: chain_next_turn() and run the chain again, in the next
                                      turn of the event loop. NULL: what filters have to do they do in one */
    void (*text)(void *context, struct span);                  /* FILTER_REWRITE: text that leaves the last filter */
    int (*keep)(void *context, void **kept, struct span text); /* filter_keep(); 0, or -1 with errno */
    int (*kept)(void *context, void *kept, struct span *text); /* filter_kept() */
    void (*drop)(void *context, void **kept);
    int (*unfold)(void *context); /* the header list is needed: it may have been folded. 0, or -1 with errno */
    const struct chain_notes *notes;
    void                     *context;
};

struct chain_run;

/*
 * The time that headers() and end() of all filters take is that of the message, counted in its one budget: see
 * base/budget.h. A filter that the sender can make slow stops when as much was used as its own time_limit says, and has
 * failed. The first that does is logged; those behind it have nothing left either, unless they may use more.
 */

/*
 * Opens every filter for one message. NULL where no filter is interested: the message then needs no chain at all.
 * All that is given must outlive the run. chain_close() ends it at any time.
 */
struct chain_run *
chain_open(const struct chain *, const struct message_info *, struct message_report *, const struct chain_host *);

/* What the filters that have not finished still need: enum filter_reach, or-ed. It shrinks as they finish. */
unsigned chain_reach(const struct chain_run *);

/*
 * Each runs the filters in order. FILTER_CONTINUE: done, go on. FILTER_WAIT: call again, with the same arguments, when
 * there may be something new: after host->resume, host->yield or chain_expire(); chain_body() has taken its text, and
 * is called again without any. FILTER_WITHHOLD: a filter withholds the message. FILTER_FAILED: a filter failed whose
 * on_failure is "refuse" (one that says "pass" is logged and left out from there). chain_failure() then names it.
 * FILTER_ENOUGH is never returned.
 *
 * A filter of reach FILTER_HEADERS alone, behind one that holds, is called when that one has spoken: it sees what that
 * one wrote. Until then chain_reach() has FILTER_HOLD for it.
 *
 * The calls that follow use the list given to chain_headers(). Filters edit the header while chain_reach() has
 * FILTER_HOLD, in whatever callback ends the hold: when FILTER_HOLD is gone the header can be written.
 *
 * Text that is at hand when chain_body() says FILTER_WAIT may still be given to it: it is kept, for the filter that
 * waits and for those behind one that rewrites. A caller that wants to bound the memory gives no more. Where a filter
 * has FILTER_REWRITE when the first text comes, it stays in chain_reach() and all text leaves by host->text, though
 * that filter finish early. Where none has, host->text is not called.
 */
enum filter_verdict chain_headers(struct chain_run *, struct header_list *);
enum filter_verdict chain_body(struct chain_run *, struct span text);
enum filter_verdict chain_end(struct chain_run *);

/*
 * As chain_body(), for text that the client did not ask for: it stands behind the lines of a TOP. Only filters with
 * `needs` see it, and those in front of them that rewrite; it does not leave by host->text.
 */
enum filter_verdict chain_surplus(struct chain_run *, struct span text);

/*
 * While a filter waits for an answer: until when the first one may, in milliseconds of CLOCK_MONOTONIC; INT64_MAX:
 * without end. chain_expire() makes those fail whose time is over at `now`, in the next call of the chain.
 */
int64_t chain_deadline(const struct chain_run *);
void    chain_expire(struct chain_run *, int64_t now);

/* Another turn of the event loop has begun: filters that yielded may go on. */
void chain_next_turn(struct chain_run *);

/*
 * Before chain_headers(): the list will lack fields, for the block is longer than what is taken apart. Filters whose
 * on_failure is "refuse" have failed; the others go on with what there is. Both are logged, with `why`.
 */
enum filter_verdict chain_cut(struct chain_run *, const char *why);

/*
 * The message cannot be held: every filter that holds it has failed, as if it had said so itself, and nothing holds it
 * any longer. The others go on. FILTER_CONTINUE if all that failed let it pass, else FILTER_FAILED; or what another
 * filter says whose turn has come.
 */
enum filter_verdict chain_fail_holds(struct chain_run *, const char *why);

/* The name of the filter that withheld the message or failed; NULL if none did. */
const char *chain_failure(const struct chain_run *);

/* Closes every filter; frees the run and sets it to NULL. It may be NULL. */
void chain_close(struct chain_run **);

#endif
