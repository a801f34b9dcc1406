/*
 * The POP3 server behind the proxies of the bench: in memory, in one thread. It ends with status 1 at the first command
 * that no proxy should have sent. On a port of its own it answers nginx's auth_http.
 *
 *      upstream [-c CERTIFICATE -k KEY]
 *
 * With a certificate it offers STLS, and TLS from the start on a third port. When it is ready it prints its ports as a
 * line of JSON: {"pop3": PORT, "http": PORT, "pop3s": PORT}.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sink.h"
#include "tests/bench/loop.h"
#include "tests/bench/mail.h"
#include "tests/bench/process.h"
#include "tests/bench/upstream_auth.h"
#include "tests/bench/upstream_pop3.h"

enum { BACKLOG = 4096 };

/* A port and who serves what comes there. */
struct service {
    struct watch watch;
    int          fd;
    uint16_t     port;
    void (*open)(int fd);
};

static void
open_plain(int fd)
{
    pop3_open(fd, false);
}

static void
open_secure(int fd)
{
    pop3_open(fd, true);
}

static void
accept_one(struct watch *watch, uint32_t events)
{
    const struct service *service = container_of(watch, struct service, watch);
    int                   fd      = accept4(service->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd >= 0)
        service->open(fd);
    else if (errno != EAGAIN && errno != ECONNABORTED)
        process_fail_call("accept4");
}

/* Connections take over TCP_NODELAY from the socket that listens. */
static void
start_service(struct service *service, void (*open)(int))
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          len     = sizeof(address);
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0 ||
        bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        process_fail_call("listen");
    *service = (struct service){{accept_one}, fd, ntohs(address.sin_port), open};
    (void)loop_add(fd, EPOLLIN, &service->watch);
}

static SSL_CTX *
open_tls(const char *certificate, const char *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_set_num_tickets(context, 1) != 1)
        process_fail_call("TLS");
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return context;
}

static SSL_CTX *
read_options(int argc, char **argv)
{
    const char *certificate = NULL, *key = NULL;

    for (int letter; (letter = getopt(argc, argv, "c:k:")) != -1;) {
        if (letter == '?')
            exit(2);
        *(letter == 'c' ? &certificate : &key) = optarg;
    }
    if (optind < argc || (certificate == NULL) != (key == NULL))
        process_fail("-c and -k come together, and there is nothing else");
    return certificate != NULL ? open_tls(certificate, key) : NULL;
}

int
main(int argc, char **argv)
{
    static struct service pop3, http, pop3s;
    SSL_CTX              *tls = read_options(argc, argv);

    process_prepare();
    mail_make();
    pop3_prepare(tls);
    loop_open();
    start_service(&pop3, open_plain);
    start_service(&http, auth_open);
    auth_prepare(pop3.port);
    (void)printf("{\"pop3\": %u, \"http\": %u", pop3.port, http.port);
    if (tls != NULL) {
        start_service(&pop3s, open_secure);
        (void)printf(", \"pop3s\": %u", pop3s.port);
    }
    (void)puts("}");
    (void)fflush(stdout);
    for (;;)
        (void)loop_wait(UINT64_C(3600000000000));
}
