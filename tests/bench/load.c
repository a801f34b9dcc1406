/*
 * The mail programs of the bench: sessions that log in to a proxy, fetch, compare every octet with what the upstream
 * sent, and log out. Status 1 at the first octet that is wrong.
 *
 *      load -p PORT [-s plain|tls|stls] [-g SUITE] [-r] [-e] [-c SLOTS] [-n SESSIONS] [-m MESSAGE] [-k TIMES]
 *           [-d DEPTH] [-R RATE] [-i]
 *
 *      -s  how to connect: plain, TLS from the start, STLS    -m  message to fetch (1: 4 KB, 2: 64 KB, 3: 1 MB,
 *      -g  TLS 1.3 cipher suite                                   4: 1 GB), 0: none
 *      -r  resume TLS sessions                                -k  how often in a session
 *      -e  headers may be edited                              -d  RETR commands on their way at a time
 *      -c  sessions at a time                                 -R  sessions to start in a second, come what may
 *      -n  sessions in all                                    -i  hold them after STAT until standard input ends
 *
 * It prints what it did as a line of JSON; with -i it first says {"held": SESSIONS} when they are there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/count.h"
#include "base/memory.h"
#include "tests/bench/load.h"
#include "tests/bench/load_session.h"
#include "tests/bench/process.h"

/* With sessions on their way, something comes within this time, in nanoseconds. */
static const uint64_t patience = 60 * UINT64_C(1000000000);

struct load_options load_options = {
    .sessions = 100, .slots = 8, .times = 1, .depth = 1, .suite = "TLS_AES_128_GCM_SHA256"};
struct load_totals load_totals;
SSL_CTX           *load_tls;

static const struct {
    char      letter;
    unsigned *value; /* becomes the argument, or 1 where the option has none */
} numbers[] = {
    {'p', &load_options.port},    {'n', &load_options.sessions}, {'c', &load_options.slots},
    {'m', &load_options.message}, {'k', &load_options.times},    {'d', &load_options.depth},
    {'R', &load_options.rate},    {'r', &load_options.resume},   {'e', &load_options.edited},
    {'i', &load_options.idle},
};

static struct session  *sessions;   /* one for each slot; with -i, one for each session */
static struct session **free_slots; /* a stack */
static unsigned         free_count;
static uint64_t         began;
static bool             may_leave; /* standard input ended */

static enum load_security
read_security(const char *word)
{
    static const char *const words[] = {[LOAD_PLAIN] = "plain", [LOAD_TLS] = "tls", [LOAD_STLS] = "stls"};

    for (unsigned i = 0; i < COUNT_OF(words); i++)
        if (strcmp(word, words[i]) == 0)
            return (enum load_security)i;
    process_fail("-s %s: plain, tls or stls", word);
}

static void
read_number(char letter, const char *argument)
{
    char         *end   = NULL;
    unsigned long value = argument != NULL ? strtoul(argument, &end, 10) : 1;

    if (end != NULL && (end == argument || *end != '\0' || value > UINT32_MAX))
        process_fail("-%c %s: not a number", letter, argument);
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (numbers[i].letter == letter)
            *numbers[i].value = (unsigned)value;
}

static void
read_options(int argc, char **argv)
{
    struct load_options *options = &load_options;

    for (int letter; (letter = getopt(argc, argv, "p:s:g:n:c:m:k:d:R:rei")) != -1;) {
        if (letter == '?')
            exit(2);
        if (letter == 's')
            options->security = read_security(optarg);
        else if (letter == 'g')
            options->suite = optarg;
        else
            read_number((char)letter, optarg);
    }
    if (optind < argc || options->port < 1 || options->port > UINT16_MAX || options->sessions < 1 ||
        options->slots < 1 || options->message > MAIL_COUNT || options->times < 1 || options->depth < 1)
        process_fail("-p is needed, and -c, -n, -k, -d are at least 1, -m at most %d", MAIL_COUNT);
}

static void
open_tls(void)
{
    load_tls = SSL_CTX_new(TLS_client_method());
    if (load_tls == NULL || SSL_CTX_set_min_proto_version(load_tls, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(load_tls, load_options.suite) != 1)
        process_fail_call("TLS");
    SSL_CTX_set_mode(load_tls, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(load_tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    if (load_options.resume)
        SSL_CTX_sess_set_new_cb(load_tls, session_keep_ticket);
}

static void
make_slots(void)
{
    unsigned count = load_options.idle ? load_options.sessions : load_options.slots;

    sessions   = memory_resize_array(NULL, count, sizeof(*sessions));
    free_slots = memory_resize_array(NULL, count, sizeof(struct session *));
    memset(sessions, 0, count * sizeof(*sessions));
    while (free_count < count) {
        free_slots[free_count] = &sessions[free_count];
        free_count++;
    }
}

void
session_ended(struct session *session)
{
    free_slots[free_count++] = session;
}

/* When session `number` is to begin: on schedule, or at once. */
static uint64_t
due(unsigned number, uint64_t now)
{
    return load_options.rate > 0 ? began + number * UINT64_C(1000000000) / load_options.rate : now;
}

/* Starts the sessions whose time has come. Returns how long nothing is to be done, in nanoseconds. */
static uint64_t
start_sessions(void)
{
    struct load_totals *totals = &load_totals;

    while (totals->started < load_options.sessions &&
           totals->started - totals->ended - totals->holding < load_options.slots) {
        uint64_t now = process_now(), when = due(totals->started, now);
        if (when > now)
            return when - now;
        totals->started++;
        session_start(free_slots[--free_count], totals->started, when);
    }
    return patience;
}

/* A session waits for what does not come, and so do all that are on their way. */
static _Noreturn void
give_up(void)
{
    const struct session *session = sessions;

    while (session->stage == STAGE_FREE || session->stage == STAGE_HOLD)
        session++;
    session_fail(session, "nothing came for a minute");
}

static void
run_sessions(unsigned *settled)
{
    while (*settled < load_options.sessions) {
        uint64_t pause = start_sessions();
        if (!loop_wait(pause) && pause == patience)
            give_up();
    }
}

static void
input_ready(struct watch *watch, uint32_t events)
{
    char    octets[512];
    ssize_t got = read(STDIN_FILENO, octets, sizeof(octets));

    (void)watch;
    (void)events;
    may_leave = got <= 0;
}

/* With all sessions held, waits for the end of standard input and has them leave. */
static void
hold_sessions(void)
{
    static struct watch input = {input_ready};

    (void)printf("{\"held\": %u}\n", load_totals.holding);
    (void)fflush(stdout);
    may_leave = !loop_add(STDIN_FILENO, EPOLLIN, &input);
    while (!may_leave)
        (void)loop_wait(patience);
    (void)close(STDIN_FILENO);
    for (unsigned i = 0; i < load_options.sessions; i++)
        session_leave(&sessions[i]);
}

static void
report(void)
{
    struct bytes json = {0};

    bytes_printf(&json,
                 "{\"sessions\": %u, \"resumed\": %u, \"resumed_behind\": %u, \"octets\": %" PRIu64
                 ", \"seconds\": %.6f, \"login_ms\": ",
                 load_totals.ended, load_totals.resumed, load_totals.resumed_behind, load_totals.octets,
                 (double)(process_now() - began) / 1e9);
    times_write(&load_totals.logins, &json);
    bytes_printf(&json, ", \"retr_ms\": ");
    times_write(&load_totals.fetches, &json);
    bytes_printf(&json, "}");
    (void)puts(json.data);
    bytes_free(&json);
}

int
main(int argc, char **argv)
{
    read_options(argc, argv);
    process_prepare();
    mail_make();
    loop_open();
    if (load_options.security != LOAD_PLAIN)
        open_tls();
    make_slots();
    began = process_now();
    if (load_options.idle) {
        run_sessions(&load_totals.holding);
        hold_sessions();
    }
    run_sessions(&load_totals.ended);
    report();
    return 0;
}
