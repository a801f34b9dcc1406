/*
 * For the tests of proxy/upstream/link.h: a link to two servers over the loopback interface, which say what a test has
 * them say, one behind the other. No client, and no session.
 */
#ifndef TESTS_UNIT_UPSTREAM_LINK_FIXTURE_H
#define TESTS_UNIT_UPSTREAM_LINK_FIXTURE_H

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "proxy/clock.h"
#include "proxy/log.h"
#include "proxy/upstream/link.h"
#include "tests/unit/config_fixture.h"

enum { STUCK = 20 /* seconds: then a test is in a loop that does not end */, TURNS = 500, CONNECT_TIMEOUT = 7000 };

/* A server, and what it does: `greeting` at once, `answer` to the first line. NULL: it is silent. */
struct server {
    int         ear, fd;
    SSL        *ssl;
    const char *greeting, *answer;
    bool        octets;       /* one by one */
    bool        hangs_up;     /* behind its greeting */
    bool        tls_at_once;  /* before the greeting */
    bool        tls_answered; /* behind the answer */
    char        heard[64];    /* the first line */
};

static struct event_base    *base;
static struct tls_context   *context;
static SSL_CTX              *their_context;
static struct server         servers[2];
static struct config_address addresses[2];
static struct upstream       upstream;
static struct link           side;
static unsigned              woken;

static inline void
wake(void *context_of_mine)
{
    assert_ptr_equal(context_of_mine, &woken);
    woken++;
}

static inline void
open_server(struct server *server, struct config_address *address)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          len   = sizeof(where);

    *server     = (struct server){.fd = -1, .greeting = "+OK ready <1.2@a.example>\r\n"};
    server->ear = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->ear, (struct sockaddr *)&where, sizeof(where)), 0);
    assert_int_equal(listen(server->ear, 4), 0);
    assert_int_equal(getsockname(server->ear, (struct sockaddr *)&where, &len), 0);
    memcpy(&address->sockaddr, &where, sizeof(where));
    address->len = sizeof(where);
}

static inline void
close_ear(struct server *server)
{
    if (server->ear >= 0)
        (void)close(server->ear);
    server->ear = -1;
}

static inline int
begin(void **state)
{
    static const struct config_addresses both = {addresses, 2};

    (void)state;
    addresses[0] = (struct config_address){.text = "first:110", .host = "first"};
    addresses[1] = (struct config_address){.text = "second:110", .host = "second"};
    for (size_t i = 0; i < 2; i++)
        open_server(&servers[i], &addresses[i]);
    upstream = (struct upstream){.target = {.name            = "u",
                                            .addresses       = &both,
                                            .context         = context,
                                            .connect_timeout = CONNECT_TIMEOUT,
                                            .pipelining      = true}};
    woken    = 0;
    link_start(&side, &upstream, base, wake, &woken);
    (void)alarm(STUCK);
    return 0;
}

static inline void
hang_up(struct server *server)
{
    SSL_free(server->ssl);
    server->ssl = NULL;
    if (server->fd >= 0)
        (void)close(server->fd);
    server->fd = -1;
}

static inline int
end(void **state)
{
    (void)state;
    link_close(&side);
    upstream_release(&upstream);
    for (size_t i = 0; i < 2; i++) {
        hang_up(&servers[i]);
        close_ear(&servers[i]);
    }
    (void)alarm(0);
    return 0;
}

static inline void
start_their_tls(struct server *server)
{
    server->ssl = SSL_new(their_context);
    assert_int_equal(SSL_set_fd(server->ssl, server->fd), 1);
    SSL_set_accept_state(server->ssl);
}

/* All of it, or one octet. */
static inline void
say(struct server *server, const char **text)
{
    size_t len = server->octets && **text != '\0' ? 1 : strlen(*text);

    if (server->ssl != NULL)
        assert_int_equal(SSL_write(server->ssl, *text, (int)len), len);
    else
        assert_int_equal(send(server->fd, *text, len, MSG_NOSIGNAL), len);
    *text += len;
    if (**text == '\0')
        *text = NULL;
}

static inline void
hear(struct server *server)
{
    ssize_t len = recv(server->fd, server->heard, sizeof(server->heard) - 1, MSG_DONTWAIT);

    if (len <= 0 || server->answer == NULL)
        return;
    say(server, &server->answer);
    if (server->tls_answered)
        start_their_tls(server);
}

static inline void
serve(struct server *server)
{
    if (server->fd < 0 && server->ear >= 0) {
        server->fd = accept4(server->ear, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (server->fd >= 0 && server->tls_at_once)
            start_their_tls(server);
    }
    if (server->fd < 0 || (server->ssl != NULL && SSL_do_handshake(server->ssl) != 1))
        return;
    if (server->greeting != NULL)
        say(server, &server->greeting);
    else if (server->hangs_up)
        hang_up(server);
    else if (server->ssl == NULL)
        hear(server);
}

/* Drives the link until it says something; LINK_WAITS if nothing comes of it for a while. */
static inline enum link_answer
drive(void)
{
    for (int turn = 0; turn < TURNS;) {
        enum link_answer answer = link_step(&side);

        if (answer == LINK_WENT_ON)
            continue;
        if (answer != LINK_WAITS)
            return answer;
        for (size_t i = 0; i < 2; i++)
            serve(&servers[i]);
        (void)usleep(1000);
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
        turn++;
    }
    return LINK_WAITS;
}

static inline void
assert_greeting(const char *text)
{
    assert_true(span_equal(bytes_span(&side.greeting), span_of(text)));
}

static inline unsigned
no_line(const struct setting_place *place, const char *key)
{
    (void)key;
    return place->line;
}

static inline int
open_contexts(void **state)
{
    const struct tls_client_settings settings = {.common = {.least = TLS_VERSION_1_2, .ciphers = "", .curves = ""}};
    const struct setting_place       place    = {.file = "proxy.conf", .line_of = no_line};
    struct event_config             *features = event_config_new();
    struct error                     error    = {0};
    char                             path[512];

    if (set_up(state) != 0)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/one.pem", folder);
    their_context = SSL_CTX_new(TLS_server_method());
    context       = tls_client_new(&settings, &place, &error);
    event_config_require_features(features, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE);
    base = event_base_new_with_config(features);
    event_config_free(features);
    return context != NULL && base != NULL && log_open("/dev/null", LOG_LEVEL_DEBUG) == 0 &&
                   SSL_CTX_use_certificate_chain_file(their_context, path) == 1 &&
                   SSL_CTX_use_PrivateKey_file(their_context, path, SSL_FILETYPE_PEM) == 1
               ? 0
               : -1;
}

static inline int
close_contexts(void **state)
{
    SSL_CTX_free(their_context);
    tls_context_free(&context);
    event_base_free(base);
    return tear_down(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
