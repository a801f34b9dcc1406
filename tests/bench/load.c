/*
 * The mail programs of the bench: threads that log in to a proxy, fetch, compare every octet with what the upstream
 * sent, and log out. Status 1 at the first octet that is wrong.
 *
 *      load -p PORT [-t] [-r] [-e] [-c THREADS] [-n SESSIONS] [-m MESSAGE] [-k TIMES] [-d DEPTH]
 *
 *      -t  TLS from the start      -m  message to fetch (1: 4 KB, 2: 64 KB, 3: 1 MB), 0: none
 *      -r  resume TLS sessions     -k  how often in a session
 *      -e  headers may be edited   -d  RETR commands on their way at a time
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "tests/bench/mail.h"

enum { BUFFER_OCTETS = 256 * 1024 };

static struct {
    unsigned port, sessions, threads, message, times, depth;
    unsigned tls, resume, edited;
} options = {.sessions = 100, .threads = 8, .times = 1, .depth = 1};

static const struct {
    char      letter;
    unsigned *value; /* becomes the argument, or 1 where the option has none */
} option_rows[] = {
    {'p', &options.port},    {'n', &options.sessions}, {'c', &options.threads},
    {'m', &options.message}, {'k', &options.times},    {'d', &options.depth},
    {'t', &options.tls},     {'r', &options.resume},   {'e', &options.edited},
};

static SSL_CTX    *context;
static atomic_int  sessions_left;
static atomic_uint resumed;

/* One session; `buffer` holds what was received and not yet looked at, from `start` to `end`. */
struct client {
    int          fd;
    SSL         *ssl;
    SSL_SESSION *ticket; /* of the session before */
    size_t       start, end;
    char         buffer[BUFFER_OCTETS];
};

static _Noreturn void
die(const char *what)
{
    perror(what);
    ERR_print_errors_fp(stderr);
    _exit(1);
}

/* Receives more behind what is there. */
static void
fill(struct client *client)
{
    int got;

    if (client->start > 0) {
        memmove(client->buffer, client->buffer + client->start, client->end - client->start);
        client->end -= client->start;
        client->start = 0;
    }
    if (client->end == BUFFER_OCTETS)
        die("a line or header without an end");
    got = client->ssl != NULL ? SSL_read(client->ssl, client->buffer + client->end, (int)(BUFFER_OCTETS - client->end))
                              : (int)recv(client->fd, client->buffer + client->end, BUFFER_OCTETS - client->end, 0);
    if (got <= 0)
        die("the proxy closed the connection");
    client->end += (size_t)got;
}

/* Takes what ends with `mark`, which is part of it; the span lives until the next fill(). */
static struct span
take_until(struct client *client, struct span mark)
{
    char *found;

    while ((found = memmem(client->buffer + client->start, client->end - client->start, mark.data, mark.len)) == NULL)
        fill(client);
    size_t      len   = (size_t)(found - (client->buffer + client->start)) + mark.len;
    struct span taken = {client->buffer + client->start, len};
    client->start += len;
    return taken;
}

static void
expect_ok(struct client *client)
{
    struct span line = take_until(client, SPAN("\r\n"));

    if (!span_starts_nocase(line, SPAN("+OK")))
        die("an answer that is not +OK");
}

static void
expect_octets(struct client *client, struct span octets)
{
    while (octets.len > 0) {
        if (client->start == client->end)
            fill(client);
        size_t len = client->end - client->start < octets.len ? client->end - client->start : octets.len;
        if (memcmp(client->buffer + client->start, octets.data, len) != 0)
            die("an octet that the upstream did not send");
        client->start += len;
        octets = span_tail(octets, len);
    }
}

static void
expect_message(struct client *client, const struct mail *mail)
{
    expect_ok(client);
    if (options.edited)
        (void)take_until(client, SPAN("\r\n\r\n"));
    else
        expect_octets(client, mail->header);
    expect_octets(client, mail->body);
}

static void
say(struct client *client, struct span line)
{
    int sent = client->ssl != NULL ? SSL_write(client->ssl, line.data, (int)line.len)
                                   : (int)send(client->fd, line.data, line.len, MSG_NOSIGNAL);
    if (sent != (int)line.len)
        die("send");
}

static void
ask(struct client *client, struct span line)
{
    say(client, line);
    expect_ok(client);
}

/* `depth` RETR in one write, then their answers. */
static void
fetch(struct client *client)
{
    struct bytes commands = {0};

    for (unsigned i = 0; i < options.depth; i++)
        bytes_printf(&commands, "RETR %u\r\n", options.message);
    for (unsigned done = 0; done < options.times; done += options.depth) {
        say(client, bytes_span(&commands));
        for (unsigned i = 0; i < options.depth; i++)
            expect_message(client, mail_get(options.message));
    }
    bytes_free(&commands);
}

static void
dial(struct client *client)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)options.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;

    client->start = client->end = 0;
    client->fd                  = socket(AF_INET, SOCK_STREAM, 0);
    if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
        die("connect");
    if (!options.tls)
        return;
    client->ssl = SSL_new(context);
    if (client->ssl == NULL || SSL_set_fd(client->ssl, client->fd) != 1)
        die("SSL_new");
    if (options.resume && client->ticket != NULL && SSL_set_session(client->ssl, client->ticket) != 1)
        die("SSL_set_session");
    if (SSL_connect(client->ssl) != 1)
        die("SSL_connect");
    if (SSL_session_reused(client->ssl))
        atomic_fetch_add(&resumed, 1);
}

static void
hang_up(struct client *client)
{
    if (client->ssl != NULL) {
        SSL_SESSION_free(client->ticket);
        client->ticket = SSL_get1_session(client->ssl);
        (void)SSL_shutdown(client->ssl);
        SSL_free(client->ssl);
        client->ssl = NULL;
    }
    (void)close(client->fd);
}

static void *
run_sessions(void *unused)
{
    struct client *client = calloc(1, sizeof(*client));

    (void)unused;
    if (client == NULL)
        die("calloc");
    while (atomic_fetch_sub(&sessions_left, 1) > 0) {
        dial(client);
        expect_ok(client);
        ask(client, SPAN("USER bench\r\n"));
        ask(client, SPAN("PASS secret\r\n"));
        ask(client, SPAN("STAT\r\n"));
        if (options.message != 0)
            fetch(client);
        ask(client, SPAN("QUIT\r\n"));
        hang_up(client);
    }
    SSL_SESSION_free(client->ticket);
    free(client);
    return NULL;
}

static void
parse_options(int argc, char **argv)
{
    for (int letter; (letter = getopt(argc, argv, "p:n:c:m:k:d:tre")) != -1;) {
        if (letter == '?')
            exit(2);
        for (size_t i = 0; i < sizeof(option_rows) / sizeof(*option_rows); i++)
            if (option_rows[i].letter == letter)
                *option_rows[i].value = optarg != NULL ? (unsigned)strtoul(optarg, NULL, 10) : 1;
    }
}

int
main(int argc, char **argv)
{
    pthread_t threads[64];

    parse_options(argc, argv);
    mail_make();
    context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || options.threads < 1 || options.threads > 64 || options.depth < 1)
        die("start");
    atomic_store(&sessions_left, (int)options.sessions);
    for (unsigned i = 0; i < options.threads; i++)
        if (pthread_create(&threads[i], NULL, run_sessions, NULL) != 0)
            die("pthread_create");
    for (unsigned i = 0; i < options.threads; i++)
        if (pthread_join(threads[i], NULL) != 0)
            die("pthread_join");
    (void)printf("%u\n", atomic_load(&resumed));
    SSL_CTX_free(context);
    return 0;
}
