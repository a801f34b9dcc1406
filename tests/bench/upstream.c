/*
 * The POP3 server behind the proxies of the bench: in memory, in one thread. It ends with status 1 at the first command
 * that no proxy should have sent. On a port of its own it answers nginx's auth_http.
 *
 *      upstream [-c CERTIFICATE -k KEY]
 *
 * With a certificate it offers STLS, and TLS from the start on two more ports, of which the second gives no tickets.
 * When it is ready it prints its ports as a line of JSON: {"pop3": PORT, "http": PORT, "pop3s": PORT, "once": PORT}.
 * Where a TLS session was resumed the answer to QUIT says so.
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
    SSL_CTX     *tls; /* from the start; NULL: in the clear */
    void (*open)(int fd, SSL_CTX *);
};

static void
open_http(int fd, SSL_CTX *tls)
{
    (void)tls;
    auth_open(fd);
}

static void
accept_one(struct watch *watch, uint32_t events)
{
    const struct service *service = container_of(watch, struct service, watch);
    int                   fd      = accept4(service->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd >= 0)
        service->open(fd, service->tls);
    else if (errno != EAGAIN && errno != ECONNABORTED)
        process_fail_call("accept4");
}

/* Connections take over TCP_NODELAY from the socket that listens. */
static void
start_service(struct service *service, void (*open)(int, SSL_CTX *), SSL_CTX *tls)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          len     = sizeof(address);
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0 ||
        bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        process_fail_call("listen");
    *service = (struct service){{accept_one}, fd, ntohs(address.sin_port), tls, open};
    (void)loop_add(fd, EPOLLIN, &service->watch);
}

static SSL_CTX *
open_tls(const char *certificate, const char *key, size_t tickets)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_set_num_tickets(context, tickets) != 1)
        process_fail_call("TLS");
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return context;
}

struct options {
    const char *certificate, *key; /* both or none */
};

static struct options
read_options(int argc, char **argv)
{
    struct options options = {NULL, NULL};

    for (int letter; (letter = getopt(argc, argv, "c:k:")) != -1;) {
        if (letter == '?')
            exit(2);
        *(letter == 'c' ? &options.certificate : &options.key) = optarg;
    }
    if (optind < argc || (options.certificate == NULL) != (options.key == NULL))
        process_fail("-c and -k come together, and there is nothing else");
    return options;
}

int
main(int argc, char **argv)
{
    static struct service pop3, http, pop3s, once;
    struct options        options = read_options(argc, argv);
    bool                  secure  = options.certificate != NULL;
    SSL_CTX              *tls     = secure ? open_tls(options.certificate, options.key, 1) : NULL;

    process_prepare();
    mail_make();
    pop3_prepare(tls);
    loop_open();
    start_service(&pop3, pop3_open, NULL);
    start_service(&http, open_http, NULL);
    auth_prepare(pop3.port);
    (void)printf("{\"pop3\": %u, \"http\": %u", pop3.port, http.port);
    if (secure) {
        start_service(&pop3s, pop3_open, tls);
        start_service(&once, pop3_open, open_tls(options.certificate, options.key, 0));
        (void)printf(", \"pop3s\": %u, \"once\": %u", pop3s.port, once.port);
    }
    (void)puts("}");
    (void)fflush(stdout);
    for (;;)
        (void)loop_wait(UINT64_C(3600000000000));
}
