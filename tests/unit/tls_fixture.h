/* For the tests of TLS: a server of ours and a client of OpenSSL's, at the two ends of a pair of sockets. */
#ifndef TESTS_UNIT_TLS_FIXTURE_H
#define TESTS_UNIT_TLS_FIXTURE_H

#include <openssl/ssl.h>
#include <sys/socket.h>

#include "tests/unit/config_fixture.h"

struct tls_pair {
    struct tls     *server;
    SSL            *client;
    int             fds[2];
    enum tls_result result; /* of the server's handshake */
};

/* A listener's context with these certificates in the folder, each with its key; `settings` says the rest. */
static inline struct tls_context *
open_listener(struct tls_server_settings settings, char **files, size_t count, struct error *error)
{
    const struct setting_place place = {.file = "proxy.conf", .line_of = NULL};
    const struct setting_list  none  = {0};
    struct setting_list        paths = {memory_new(count * sizeof(char *)), count};
    struct tls_context        *context;

    for (size_t i = 0; i < count; i++) {
        paths.items[i] = memory_new(512);
        (void)snprintf(paths.items[i], 512, "%s/%s", folder, files[i]);
    }
    settings.certificate = &paths;
    settings.key         = &none;
    context              = tls_server_new(&settings, &place, error);
    for (size_t i = 0; i < count; i++)
        free(paths.items[i]);
    free(paths.items);
    return context;
}

/* Shakes hands as far as it goes; `session` (may be NULL) is what the client offers to resume. */
static inline void
shake_hands(struct tls_pair *pair, struct tls_context *server, SSL_CTX *client, SSL_SESSION *session)
{
    *pair = (struct tls_pair){0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->fds), 0);
    pair->server = tls_open(server, pair->fds[0], NULL);
    pair->client = SSL_new(client);
    assert_int_equal(SSL_set_fd(pair->client, pair->fds[1]), 1);
    if (session != NULL)
        assert_int_equal(SSL_set_session(pair->client, session), 1);
    SSL_set_connect_state(pair->client);
    for (int i = 0; i < 8; i++) {
        (void)SSL_do_handshake(pair->client);
        tls_readable(pair->server, false);
        pair->result = tls_handshake(pair->server);
    }
}

/* The server's first octets, which bring the client its ticket. */
static inline void
greet(struct tls_pair *pair)
{
    char   data[16];
    size_t len;

    assert_int_equal(tls_seal(pair->server, (struct span){"+OK", 3}, false, &len), TLS_OK);
    assert_int_equal(tls_send(pair->server), TLS_OK);
    assert_int_equal(SSL_read_ex(pair->client, data, sizeof(data), &len), 1);
}

static inline void
close_pair(struct tls_pair *pair)
{
    (void)SSL_shutdown(pair->client); /* else its session is not resumed */
    SSL_free(pair->client);
    tls_free(&pair->server);
    assert_int_equal(close(pair->fds[0]), 0);
    assert_int_equal(close(pair->fds[1]), 0);
}

#endif
