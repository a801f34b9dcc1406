/*
 * The POP3 server behind the proxies of the bench: everything in memory, a thread for each session. It ends with status
 * 1 at the first command that no proxy should have sent. On a second port it answers nginx's auth_http.
 *
 *      upstream [PORT]     prints "POP3PORT HTTPPORT"
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "tests/bench/mail.h"

enum { LINE_MAX_OCTETS = 512, STACK_OCTETS = 128 * 1024 };

static uint16_t pop3_port;

static void
die(const char *what)
{
    perror(what);
    _exit(1);
}

static bool
send_all(int fd, struct span data)
{
    while (data.len > 0) {
        ssize_t sent = send(fd, data.data, data.len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        data = span_tail(data, (size_t)sent);
    }
    return true;
}

static void
add_listing(struct bytes *out, bool sizes)
{
    bytes_printf(out, "+OK\r\n");
    for (unsigned i = 1; i <= MAIL_COUNT; i++)
        if (sizes)
            bytes_printf(out, "%u %zu\r\n", i, mail_get(i)->wire.len);
        else
            bytes_printf(out, "%u bench-%u\r\n", i, i);
    bytes_printf(out, ".\r\n");
}

static void
add_message(struct bytes *out, const char *number)
{
    unsigned long n = strtoul(number, NULL, 10);

    if (n < 1 || n > MAIL_COUNT)
        die(number);
    bytes_printf(out, "+OK\r\n");
    bytes_add(out, mail_get((unsigned)n)->wire);
}

/* Adds the answer to a command; false after QUIT. */
static bool
answer(char *line, struct bytes *out)
{
    static const char *const plain[] = {"USER ", "PASS ", "STAT", "NOOP", "RSET", "QUIT"};

    if (strncmp(line, "RETR ", 5) == 0) {
        add_message(out, line + 5);
        return true;
    }
    if (strcmp(line, "CAPA") == 0) {
        bytes_printf(out, "+OK\r\nUSER\r\nTOP\r\nUIDL\r\nPIPELINING\r\n.\r\n");
        return true;
    }
    if (strcmp(line, "LIST") == 0 || strcmp(line, "UIDL") == 0) {
        add_listing(out, line[0] == 'L');
        return true;
    }
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
        if (strncmp(line, plain[i], strlen(plain[i])) == 0) {
            bytes_printf(out, "+OK 3 1118208\r\n");
            return strcmp(line, "QUIT") != 0;
        }
    (void)fprintf(stderr, "upstream: what is `%s`?\n", line);
    _exit(1);
}

static void *
serve_pop3(void *argument)
{
    int    fd = (int)(intptr_t)argument, one = 1;
    char   in[LINE_MAX_OCTETS * 16 + 1];
    size_t len  = 0;
    bool   open = setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 && send_all(fd, SPAN("+OK\r\n"));
    struct bytes out = {0};

    while (open) {
        ssize_t got = recv(fd, in + len, sizeof(in) - 1 - len, 0);
        if (got <= 0)
            break;
        len += (size_t)got;
        in[len]    = '\0';
        char *line = in;
        for (char *end; open && (end = strstr(line, "\r\n")) != NULL; line = end + 2) {
            *end = '\0';
            open = answer(line, &out);
        }
        len -= (size_t)(line - in);
        memmove(in, line, len);
        open = send_all(fd, bytes_span(&out)) && open;
        bytes_clear(&out);
    }
    bytes_free(&out);
    (void)close(fd);
    return NULL;
}

/* Any user with any password belongs to the POP3 server above. */
static void *
serve_auth(void *argument)
{
    int          fd = (int)(intptr_t)argument;
    char         in[8192];
    size_t       len = 0;
    struct bytes out = {0};

    for (;;) {
        ssize_t got = recv(fd, in + len, sizeof(in) - 1 - len, 0);
        if (got <= 0)
            break;
        len += (size_t)got;
        in[len] = '\0';
        if (strstr(in, "\r\n\r\n") == NULL)
            continue;
        bytes_printf(&out, "HTTP/1.0 200 OK\r\nAuth-Status: OK\r\nAuth-Server: 127.0.0.1\r\nAuth-Port: %u\r\n\r\n",
                     pop3_port);
        (void)send_all(fd, bytes_span(&out));
        break;
    }
    bytes_free(&out);
    (void)close(fd);
    return NULL;
}

static int
listen_on(uint16_t *port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int       fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 1024) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        die("listen");
    *port = ntohs(address.sin_port);
    return fd;
}

struct service {
    int fd;
    void *(*serve)(void *);
};

static void *
accept_all(void *argument)
{
    const struct service *service = argument;
    pthread_attr_t        detached;

    if (pthread_attr_init(&detached) != 0 || pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED) != 0 ||
        pthread_attr_setstacksize(&detached, STACK_OCTETS) != 0)
        die("pthread_attr");
    for (;;) {
        pthread_t thread;
        int       fd = accept(service->fd, NULL, NULL);
        if (fd < 0 || pthread_create(&thread, &detached, service->serve, (void *)(intptr_t)fd) != 0)
            die("accept");
    }
    return NULL;
}

int
main(int argc, char **argv)
{
    uint16_t       http_port = 0;
    struct service pop3 = {.serve = serve_pop3}, http = {.serve = serve_auth};
    pthread_t      thread;

    mail_make();
    pop3_port = argc > 1 ? (uint16_t)strtoul(argv[1], NULL, 10) : 0;
    pop3.fd   = listen_on(&pop3_port);
    http.fd   = listen_on(&http_port);
    (void)printf("%u %u\n", pop3_port, http_port);
    (void)fflush(stdout);
    if (pthread_create(&thread, NULL, accept_all, &http) != 0)
        die("pthread_create");
    accept_all(&pop3);
    return 0;
}
