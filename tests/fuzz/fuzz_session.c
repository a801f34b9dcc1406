/*
 * A whole session, with a client and a server in the same process. The input chooses TLS on either side, filters and
 * pipelining, and then goes on as a row of acts: either of them says something, reads or does not, ends its half, its
 * TLS or all of it; a system call of popgate fails; time passes. Nothing of that may do more than end the session, no
 * session goes on by itself for ever, and none outlives its deadlines.
 */
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/count.h"
#include "proxy/net/channel.h"
#include "proxy/session/session_private.h"
#include "tests/fuzz/fuzz_end.h"
#include "tests/unit/certificate.h"

enum { TURNS_MAX = 20000 /* of the loop: more are for ever */, HOUR = 3600, SESSIONS = 3 /* of an input, at most */ };

static char                folder[] = "/tmp/fuzz_session.XXXXXX";
static struct event_base  *base;
static struct config      *config;
static struct session_host host;
static SSL_CTX            *client_context, *server_context;
static int                 listening, auditor;
static struct end          client = {.fd = -1}, server = {.fd = -1};
static bool                answers; /* the server says by itself what one would */

static const char *const tls_kinds[]   = {"none", "implicit", "stls"};
static const char *const filter_sets[] = {"", "score", "headers", "audit", "score, headers, audit"};

enum { TLS_KINDS = 3, FILTER_SETS = 5, PIPELININGS = 2 };

static const struct span client_lines[] = {
    SPAN("USER bob\r\n"),
    SPAN("PASS secret\r\n"),
    SPAN("USER bob\r\nPASS secret\r\n"),
    SPAN("AUTH PLAIN\r\n"),
    SPAN("AUTH PLAIN AGJvYgBzZWNyZXQ=\r\n"),
    SPAN("AGJvYgBzZWNyZXQ=\r\n"),
    SPAN("AUTH LOGIN\r\n"),
    SPAN("*\r\n"),
    SPAN("APOP bob 0123456789abcdef0123456789abcdef\r\n"),
    SPAN("AUTH\r\n"),
    SPAN("CAPA\r\n"),
    SPAN("STLS\r\n"),
    SPAN("STAT\r\n"),
    SPAN("LIST\r\n"),
    SPAN("UIDL\r\n"),
    SPAN("UIDL 1\r\n"),
    SPAN("RETR 1\r\n"),
    SPAN("RETR 2\r\nDELE 2\r\n"),
    SPAN("TOP 1 0\r\n"),
    SPAN("TOP 2 1\r\n"),
    SPAN("DELE 1\r\n"),
    SPAN("RSET\r\n"),
    SPAN("NOOP\r\nNOOP\r\nNOOP\r\n"),
    SPAN("UTF8\r\n"),
    SPAN("XTND\r\n"),
    SPAN("QUIT\r\n"),
    SPAN("RETR 1\r\nRETR 2\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n"),
    SPAN("\r\n"),
};

#define MAIL                                                                                                           \
    "+OK 120 octets\r\nFrom: a@b.example\r\nSubject: one\r\nX-Spam: no\r\n\r\nbuy "                                    \
    "now\r\n..\r\nhttp://x.example/\r\n.\r\n"

static const struct span server_lines[] = {
    SPAN("+OK <1.2@x.example> ready\r\n"),
    SPAN("+OK\r\n"),
    SPAN("-ERR no\r\n"),
    SPAN("+ \r\n"),
    SPAN("+ Username:\r\n"),
    SPAN("+OK\r\nPIPELINING\r\nUIDL\r\nTOP\r\nSTLS\r\nSASL PLAIN\r\n.\r\n"),
    SPAN("+OK\r\n.\r\n"),
    SPAN("+OK\r\n1 uid-1\r\n2 uid-2\r\n.\r\n"),
    SPAN(MAIL),
    SPAN(MAIL MAIL MAIL),
    SPAN("+OK\r\nSubject: half\r\n\r\nhalf"),
    SPAN("\r\n.\r\n"),
    SPAN("+O"),
    SPAN("junk\r\n"),
};

/* What a server answers that can do all that popgate asks for; else "+OK". */
static const struct {
    struct span verb, answer;
} usual[] = {
    {SPAN("CAPA"), SPAN("+OK\r\nPIPELINING\r\nUIDL\r\nTOP\r\nUTF8\r\nSASL PLAIN LOGIN\r\n.\r\n")},
    {SPAN("UIDL "), SPAN("+OK 1 uid-1\r\n")},
    {SPAN("UIDL"), SPAN("+OK\r\n1 uid-1\r\n2 uid-2\r\n.\r\n")},
    {SPAN("LIST"), SPAN("+OK\r\n1 120\r\n2 120\r\n.\r\n")},
    {SPAN("RETR"), SPAN(MAIL)},
    {SPAN("TOP"), SPAN(MAIL)},
    {SPAN("XTND"), SPAN("-ERR what?\r\n")},
};

static struct span
path_of(const char *name)
{
    static struct bytes path;

    bytes_clear(&path);
    bytes_printf(&path, "%s/%s", folder, name);
    return bytes_span(&path);
}

static void
write_file(const char *name, struct span text)
{
    FILE *file = fopen(path_of(name).data, "w");

    FUZZ_EXPECT(file != NULL && fwrite(text.data, 1, text.len, file) == text.len && fclose(file) == 0);
}

/* A listener for each choice, and the upstream behind it. */
static void
add_choice(struct bytes *text, unsigned near, unsigned far, unsigned filters, unsigned pipelining)
{
    bytes_printf(text,
                 "listener \"%u%u%u%u\" {\n  address = \"127.0.0.1:0\"\n  tls = \"%s\"\n  plaintext_login = true\n",
                 near, far, filters, pipelining, tls_kinds[near]);
    if (near > 0)
        bytes_printf(text, "  certificate = \"one.pem\"\n");
    bytes_printf(text, "  upstream = \"%u%u%u%u\"\n  filters = { %s }\n  commands = \"%s\"\n}\n", near, far, filters,
                 pipelining, filter_sets[filters], filters % 2 == 0 ? "strict" : "pass");
    bytes_printf(text, "upstream \"%u%u%u%u\" {\n  server = { \"127.0.0.1:1\", \"127.0.0.1:2\" }\n  tls = \"%s\"\n",
                 near, far, filters, pipelining, tls_kinds[far]);
    if (far > 0)
        bytes_printf(text, "  tls_verify = false\n");
    bytes_printf(text, "  pipelining = \"%s\"\n}\n", pipelining == 0 ? "auto" : "off");
}

static void
load_config(void)
{
    struct bytes text  = {0};
    struct error error = {0};

    bytes_printf(&text, "user = nobody\nworkers = 1\nspool_dir = \"%s\"\nhold_memory = \"1K\"\n", folder);
    for (unsigned near = 0; near < TLS_KINDS; near++)
        for (unsigned far = 0; far < TLS_KINDS; far++)
            for (unsigned filters = 0; filters < FILTER_SETS; filters++)
                for (unsigned pipelining = 0; pipelining < PIPELININGS; pipelining++)
                    add_choice(&text, near, far, filters, pipelining);
    bytes_printf(&text, "filter \"score\" {\n  module = \"spam-score\"\n  rules = { \"rules.cf\" }\n}\n"
                        "filter \"headers\" {\n  module = \"header-rewrite\"\n  rules = { \"checks\" }\n}\n"
                        "filter \"audit\" {\n  module = \"audit-log\"\n  path = \"audit\"\n}\n");
    write_file("rules.cf", SPAN("body BUY /buy/\nscore BUY 6\nuri X /x.example/\nscore X 1\nreport_safe 0\n"));
    write_file("checks", SPAN("/^X-Spam:/ IGNORE\n/^Subject: (.*)/ REPLACE Subject: [$1]\n"));
    write_file("proxy.conf", bytes_span(&text));
    FUZZ_EXPECT(certificate_write(path_of("one.pem").data));
    config = config_load(path_of("proxy.conf").data, &error);
    (void)fputs(error_text(&error), stderr);
    error_free(&error);
    FUZZ_EXPECT(config != NULL);
    bytes_free(&text);
}

/* The server's address is a socket's in the folder: a connection costs little, and no port. */
static void
listen_for_popgate(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path_of("server").data);
    listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    FUZZ_EXPECT(bind(listening, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(listening, 8) == 0);
    for (size_t i = 0; i < config->upstream_count; i++)
        for (size_t j = 0; j < config->upstreams[i].addresses.count; j++) {
            struct config_address *item = &config->upstreams[i].addresses.items[j];

            memcpy(&item->sockaddr, &address, sizeof(address));
            item->len = sizeof(address);
        }
}

static void
listen_for_audit(void)
{
    int ends[2];

    FUZZ_EXPECT(channel_open(ends) == 0 && audit_start(base, ends[0], audit_batch_open()) == 0);
    auditor = ends[1];
}

static void
remove_folder(void)
{
    static const char *const names[] = {"rules.cf", "checks", "proxy.conf", "one.pem", "server"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        (void)unlink(path_of(names[i]).data);
    (void)rmdir(folder);
}

static void
set_up(void)
{
    struct event_config *features = event_config_new();

    FUZZ_EXPECT(mkdtemp(folder) != NULL && atexit(remove_folder) == 0 && tls_start() == 0);
    FUZZ_EXPECT(log_open("/dev/null", LOG_LEVEL_DEBUG) == 0);
    FUZZ_EXPECT(event_config_require_features(features, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE) == 0);
    base = event_base_new_with_config(features);
    event_config_free(features);
    load_config();
    listen_for_popgate();
    listen_for_audit();
    client_context = SSL_CTX_new(TLS_client_method());
    server_context = SSL_CTX_new(TLS_server_method());
    FUZZ_EXPECT(SSL_CTX_use_certificate_chain_file(server_context, path_of("one.pem").data) == 1 &&
                SSL_CTX_use_PrivateKey_file(server_context, path_of("one.pem").data, SSL_FILETYPE_PEM) == 1);
    host = (struct session_host){.base   = base,
                                 .budget = {.limit = config->hold_memory, .spool_dir = config->spool_dir},
                                 .config = config,
                                 .notes  = notes_open(64 * 1024)};
    session_host_start(&host);
    host.upstreams = memory_new(config->upstream_count * sizeof(*host.upstreams));
}

static struct span
answer_to(struct span line)
{
    for (size_t i = 0; i < COUNT_OF(usual); i++)
        if (span_starts_nocase(line, usual[i].verb))
            return usual[i].answer;
    return SPAN("+OK\r\n");
}

/* The server answers the lines that have come. */
static void
answer(void)
{
    struct span rest = bytes_span(&server.in), line;

    for (size_t len; (len = pop3_next_line(rest, &line)) > 0; rest = span_tail(rest, len)) {
        end_say(&server, answer_to(line));
        end_send(&server);
        if (span_equal(line, SPAN("STLS")))
            end_start_tls(&server, server_context, true);
    }
    memmove(server.in.data, rest.data, rest.len);
    server.in.len = rest.len;
}

/* Popgate has connected: to the second address, if the first was of no use. */
static void
accept_popgate(const struct config_upstream *upstream)
{
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return;
    end_close(&server);
    server.fd = fd;
    if (answers && upstream->tls == CONFIG_TLS_IMPLICIT)
        end_start_tls(&server, server_context, true);
    if (answers && upstream->tls != CONFIG_TLS_IMPLICIT)
        end_say(&server, server_lines[0]);
}

/* All that can go on without another act does so. */
static void
settle(const struct config_upstream *upstream)
{
    static char packet[AUDIT_BATCH_SIZE];
    uint64_t    before;
    int         turns = 0;

    do {
        before = calls.asked;
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
        accept_popgate(upstream);
        end_move(&client);
        end_move(&server);
        if (server.in.len > 0 && answers)
            answer();
        bytes_clear(&client.in);
        FUZZ_EXPECT(++turns < TURNS_MAX);
    } while (calls.asked != before);
    while (__real_recv(auditor, packet, sizeof(packet), MSG_DONTWAIT) > 0)
        ;
}

static struct session *
only_session(void)
{
    struct session *session = NULL;

    for (size_t i = 0; i < SESSION_PHASES && session == NULL; i++)
        session = TAILQ_FIRST(&host.sessions[i]);
    return session;
}

static void
let_time_pass(int64_t seconds)
{
    struct session *session = only_session();

    calls.ahead += seconds;
    if (session != NULL)
        session_note_timer(-1, 0, session);
}

static void
say_many(struct end *end, struct span line, size_t count)
{
    for (size_t i = 0; i < count; i++)
        end_say(end, line);
}

static struct span
take_span(struct span *input, size_t len)
{
    struct span taken = span_head(*input, len < input->len ? len : input->len);

    *input = span_tail(*input, taken.len);
    return taken;
}

/* With close_notify in one write, and a reset behind it. */
static void
say_last_word(struct end *end, struct span line)
{
    end_say(end, line);
    if (end->ssl != NULL)
        (void)SSL_shutdown(end->ssl);
    end_send(end);
    end_close(end);
}

/* One of what both ends can do. */
static void
act_at(struct end *end, bool is_server, struct span *input)
{
    const struct span *lines = is_server ? server_lines : client_lines;
    size_t             count = is_server ? COUNT_OF(server_lines) : COUNT_OF(client_lines);

    switch (fuzz_number(input, 16)) {
    default:
        end_say(end, lines[fuzz_number(input, count)]);
        break;
    case 5:
        end_say(end, take_span(input, fuzz_number(input, 64)));
        break;
    case 6:
        end_put(end, take_span(input, fuzz_number(input, 16)));
        break;
    case 7:
        say_many(end, lines[fuzz_number(input, count)], 4 * fuzz_number(input, 256));
        break;
    case 8:
        end_start_tls(end, is_server ? server_context : client_context, is_server);
        break;
    case 9:
        if (end->ssl != NULL)
            (void)SSL_shutdown(end->ssl);
        break;
    case 10:
        if (end->ssl != NULL)
            (void)SSL_key_update(end->ssl, SSL_KEY_UPDATE_REQUESTED);
        break;
    case 11:
        end->stops = !end->stops;
        break;
    case 12:
        end_send(end);
        (void)shutdown(end->fd, SHUT_WR);
        break;
    case 13:
        (void)shutdown(end->fd, SHUT_RD);
        break;
    case 14:
        end_send(end);
        end_close(end); /* a reset, if there is something that it has not read */
        break;
    case 15:
        say_last_word(end, lines[fuzz_number(input, count)]);
        break;
    }
}

static void
act(struct span *input)
{
    static const int errors[] = {EPIPE, ECONNRESET, EINTR, ETIMEDOUT};

    switch (fuzz_number(input, 8)) {
    default:
        act_at(&client, false, input);
        break;
    case 3:
    case 4:
        act_at(&server, true, input);
        break;
    case 5:
        calls.error  = errors[fuzz_number(input, COUNT_OF(errors))];
        calls.writes = fuzz_number(input, 8);
        break;
    case 6:
        calls.error = errors[fuzz_number(input, COUNT_OF(errors))];
        calls.reads = fuzz_number(input, 8);
        break;
    case 7:
        let_time_pass((int64_t)fuzz_number(input, 256) * 4);
        break;
    }
}

static void
open_session(const struct config_listener *listener)
{
    static const unsigned           ids[]   = {0};
    static const struct sockaddr_in address = {.sin_family = AF_INET};
    const struct admission_seat     seat    = {0};
    const int                       narrow  = 4096;
    int                             ends[2];

    FUZZ_EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    (void)setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &narrow, sizeof(narrow));
    client.fd = ends[1];
    if (listener->tls == CONFIG_TLS_IMPLICIT)
        end_start_tls(&client, client_context, false);
    session_open(&host, listener, &(struct audit_logs){ids, 1}, &seat, ends[0], (const struct sockaddr *)&address);
}

/* Both have gone, or speak no more: a session that has not ended does so when its time is over. */
static void
close_session(const struct config_upstream *upstream, bool quietly)
{
    calls.writes = calls.reads = calls.part = 0;
    if (quietly) {
        client.stops = server.stops = true;
        answers                     = false;
    } else {
        end_close(&client);
        end_close(&server);
    }
    for (int i = 0; i < 8 && only_session() != NULL; i++) {
        settle(upstream);
        let_time_pass(HOUR);
    }
    FUZZ_EXPECT(host.count == 0 && host.budget.used == 0);
    end_close(&client);
    end_close(&server);
    accept_popgate(upstream);
    end_close(&server);
}

/* Nothing is known of any server. */
static void
forget_servers(void)
{
    for (size_t i = 0; i < config->upstream_count; i++) {
        upstream_release(&host.upstreams[i]);
        host.upstreams[i] = (struct upstream){.target = target_of(&config->upstreams[i])};
    }
}

static void
run_session(const struct config_listener *listener, struct span *input)
{
    size_t options = fuzz_number(input, 8);

    answers    = (options & 1) == 0;
    calls.part = (options & 4) != 0 ? fuzz_number(input, 256) : 0;
    open_session(listener);
    settle(listener->upstream);
    while (input->len > 0 && only_session() != NULL) {
        act(input);
        if (fuzz_number(input, 4) != 0)
            settle(listener->upstream);
    }
    close_session(listener->upstream, (options & 2) != 0);
}

/* What a session leaves of its input is the next one's, which may resume what the first had with its server. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span                   input = {(const char *)data, size};
    const struct config_listener *listener;

    if (config == NULL)
        set_up();
    forget_servers();
    listener = &config->listeners[fuzz_number(&input, config->listener_count)];
    for (int i = 0; i < SESSIONS && (i == 0 || input.len > 0); i++)
        run_session(listener, &input);
    return 0;
}
