/* The answers to nginx's auth_http. */
#include "tests/bench/upstream_auth.h"
#include "tests/bench/upstream_session.h"

static struct flow answer;

void
auth_prepare(uint16_t pop3_port)
{
    static struct bytes text;

    bytes_printf(&text, "HTTP/1.0 200 OK\r\nAuth-Status: OK\r\nAuth-Server: 127.0.0.1\r\nAuth-Port: %u\r\n\r\n",
                 pop3_port);
    answer = flow_of(bytes_span(&text));
}

/* The request ends with an empty line. */
static void
take_line(struct session *session, struct span line)
{
    if (line.len > 0)
        return;
    session_answer(session, &answer);
    session->ends = true;
}

void
auth_open(int fd)
{
    (void)session_open(fd, take_line, NULL);
}
