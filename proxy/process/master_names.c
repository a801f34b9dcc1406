/* A table of names, with a process for each that is being asked for. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/clock.h"
#include "proxy/log.h"
#include "proxy/process/lookup.h"
#include "proxy/process/master_names.h"

enum {
    DELAY_FIRST_MS = 1000, /* doubled with each answer without an address, */
    DELAY_LAST_MS  = 60000,
    SETTLE_MS      = 1000, /* names that are found within this share a change of generations */
    ASKED_MAX      = 16,   /* at a time */
};

static struct master_name *
find(const struct master_names *names, const char *host)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i].host, host) == 0)
            return &names->items[i];
    return NULL;
}

/* The first address of the name, or the address that stands for an unknown one; NULL if no server has the name. */
static const struct config_address *
address_of(const struct config *config, const struct master_name *name)
{
    for (size_t i = 0; i < config->upstream_count; i++)
        for (size_t k = 0; k < config->upstreams[i].addresses.count; k++)
            if (strcmp(config->upstreams[i].addresses.items[k].host, name->host) == 0)
                return &config->upstreams[i].addresses.items[k];
    return NULL;
}

static bool
is_of(const struct config *config, const struct master_name *name)
{
    return address_of(config, name) != NULL;
}

static bool
is_missing(const struct config *config, const struct master_name *name)
{
    const struct config_address *address = address_of(config, name);

    return address != NULL && address->len == 0;
}

static struct master_name *
add_name(struct master_names *names, const char *host)
{
    struct master_name *name;

    names->items = memory_resize_array(names->items, names->count + 1, sizeof(names->items[0]));
    name         = &names->items[names->count++];
    *name        = (struct master_name){.host = memory_copy_string(host), .fd = -1};
    return name;
}

static void
ask_address(struct master_names *names, const struct config_address *address)
{
    struct master_name *name = find(names, address->host);

    if (address->len > 0)
        return;
    if (name == NULL)
        name = add_name(names, address->host);
    name->due     = clock_now();
    name->delay   = DELAY_FIRST_MS;
    name->why     = NULL;
    name->awaited = true;
}

void
master_names_ask(struct master_names *names, const struct config *config)
{
    for (size_t i = 0; i < config->upstream_count; i++)
        for (size_t k = 0; k < config->upstreams[i].addresses.count; k++)
            ask_address(names, &config->upstreams[i].addresses.items[k]);
}

/* No address was found. Asks again later, unless an earlier answer brought addresses, which stay in use. */
static void
defer(struct master_name *name, const char *why)
{
    name->awaited = false;
    name->why     = why;
    name->due     = name->count > 0 ? INT64_MAX : clock_now() + name->delay;
    name->delay   = name->delay * 2 < DELAY_LAST_MS ? name->delay * 2 : DELAY_LAST_MS;
}

static void
take_answer(struct master_names *names, struct master_name *name, const struct lookup_answer *answer)
{
    name->fd = -1;
    if (answer->why != NULL) {
        defer(name, answer->why);
        return;
    }
    name->found = memory_resize_array(name->found, answer->count, sizeof(name->found[0]));
    memcpy(name->found, answer->found, answer->count * sizeof(name->found[0]));
    name->count   = answer->count;
    name->awaited = false;
    name->why     = NULL;
    name->due     = INT64_MAX;
    if (names->settled == 0)
        names->settled = clock_now() + SETTLE_MS;
}

static void
take_answers(struct master_names *names)
{
    struct lookup_answer answer;

    for (size_t i = 0; i < names->count; i++)
        if (names->items[i].fd >= 0 && lookup_take(names->items[i].fd, &answer))
            take_answer(names, &names->items[i], &answer);
}

/* Does one name's part of a step; returns when the name is due again, by clock_now(). */
static int64_t
step_name(struct master_name *name, const struct config *config, const struct master_user *user, size_t *asked)
{
    if (name->fd >= 0 || name->due == INT64_MAX || !is_of(config, name))
        return INT64_MAX;
    if (name->due > clock_now() || *asked >= ASKED_MAX)
        return *asked >= ASKED_MAX ? INT64_MAX : name->due;
    log_write(LOG_LEVEL_DEBUG, NULL, "the server %s is asked for", name->host);
    name->fd = lookup_start(name->host, user);
    if (name->fd < 0)
        defer(name, "there is no process to ask for it");
    *asked += name->fd >= 0;
    return name->due > clock_now() ? name->due : INT64_MAX;
}

int
master_names_step(struct master_names *names, const struct config *config, const struct master_user *user)
{
    int64_t next, now;
    size_t  asked = 0;

    take_answers(names);
    next = names->settled != 0 ? names->settled : INT64_MAX;
    for (size_t i = 0; i < names->count; i++)
        asked += names->items[i].fd >= 0;
    for (size_t i = 0; i < names->count; i++) {
        int64_t due = step_name(&names->items[i], config, user, &asked);

        next = due < next ? due : next;
    }
    now = clock_now();
    return next == INT64_MAX ? -1 : next > now ? (int)(next - now) : 0;
}

bool
master_names_asking(const struct master_names *names, const struct config *config)
{
    for (size_t i = 0; i < names->count; i++)
        if (names->items[i].awaited && is_of(config, &names->items[i]))
            return true;
    return false;
}

/* Sleeps until there may be an answer for one of the names. */
static void
sleep_until_answer(const struct master_names *names, int64_t ms)
{
    struct pollfd fds[ASKED_MAX];
    nfds_t        count = 0;

    for (size_t i = 0; i < names->count && count < ASKED_MAX; i++)
        if (names->items[i].fd >= 0)
            fds[count++] = (struct pollfd){.fd = names->items[i].fd, .events = POLLIN};
    (void)poll(fds, count, (int)ms);
}

void
master_names_wait(struct master_names *names, const struct config *config, const struct master_user *user)
{
    int64_t end = clock_now() + MASTER_NAMES_WAIT_MS, left = MASTER_NAMES_WAIT_MS;

    master_names_ask(names, config);
    for (; left > 0 && master_names_asking(names, config); left = end - clock_now()) {
        (void)master_names_step(names, config, user);
        if (master_names_asking(names, config))
            sleep_until_answer(names, left);
    }
}

void
master_names_place(const struct master_names *names, struct config *config, struct error *error)
{
    for (size_t i = 0; i < names->count; i++)
        if (names->items[i].count > 0)
            config_place(config, names->items[i].host, names->items[i].found, names->items[i].count);
    config_check_loops(config, error);
}

static bool
place_new(struct master_name *name, struct config *config)
{
    struct error loops = {0};
    bool         fine;

    config_place(config, name->host, name->found, name->count);
    config_check_loops(config, &loops);
    fine = loops.count == 0;
    if (fine) {
        log_write(LOG_LEVEL_INFO, NULL, "the server %s is found, with %zu address%s", name->host, name->count,
                  name->count == 1 ? "" : "es");
    } else {
        log_lines(LOG_LEVEL_ERROR, span_of(error_text(&loops)));
        config_place(config, name->host, NULL, 0);
        name->count = 0;
        defer(name, "it is an address of popgate");
    }
    error_free(&loops);
    return fine;
}

bool
master_names_renew(struct master_names *names, struct config *config)
{
    bool renewed = false;

    if (names->settled == 0 || clock_now() < names->settled)
        return false;
    names->settled = 0;
    for (size_t i = 0; i < names->count; i++)
        if (names->items[i].count > 0 && is_missing(config, &names->items[i]))
            renewed = place_new(&names->items[i], config) || renewed;
    return renewed;
}

static void
note_name(const struct master_name *name, const struct config_upstream *upstream, bool missing, struct error *notes)
{
    const char *why = name->why != NULL ? name->why : "no answer yet";

    if (missing)
        error_note(notes, upstream->file, upstream->line,
                   "upstream \"%s\": the server %s is not found (%s): it is asked for again, after %d s at first and "
                   "every %d s in the end, and until then it is not used",
                   upstream->name, name->host, why, DELAY_FIRST_MS / 1000, DELAY_LAST_MS / 1000);
    else if (name->why != NULL || name->awaited)
        error_note(notes, upstream->file, upstream->line,
                   "upstream \"%s\": the server %s is not found now (%s): the address of before is used",
                   upstream->name, name->host, why);
}

void
master_names_note(const struct master_names *names, const struct config *config, struct error *notes)
{
    for (size_t i = 0; i < config->upstream_count; i++) {
        const struct config_upstream *upstream = &config->upstreams[i];

        for (size_t k = 0; k < upstream->addresses.count; k++) {
            const struct config_address *address = &upstream->addresses.items[k];
            const struct master_name    *name    = find(names, address->host);

            if (name != NULL && (k == 0 || strcmp(address->host, address[-1].host) != 0))
                note_name(name, upstream, address->len == 0, notes);
        }
    }
}

void
master_names_close(struct master_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->items[i].fd >= 0)
            (void)close(names->items[i].fd);
        free(names->items[i].found);
        free(names->items[i].host);
    }
    free(names->items);
    *names = (struct master_names){0};
}
