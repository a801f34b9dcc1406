/* For the tests of proxy/audit/audit.h: a worker's side that is at work, and the auditor's end of its socket. */
#ifndef TESTS_UNIT_AUDIT_END_H
#define TESTS_UNIT_AUDIT_END_H

#include <jansson.h>
#include <regex.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/audit/audit.h"
#include "proxy/log.h"
#include "proxy/net/channel.h"

static const unsigned one_log[] = {7};

static const struct audit_session session = {{one_log, 1}, "9f3c-12", "192.0.2.1:49152", "pop3s", NULL};

static struct event_base  *base;
static struct audit_batch *batch;
static int                 auditor; /* the other end of the socket */
static struct span         rest;    /* of the last packet that came */
static struct span         line;    /* of the last record */

static inline int
start(void **state)
{
    int ends[2];

    (void)state;
    base = event_base_new();
    assert_non_null(base);
    assert_int_equal(channel_open(ends), 0);
    batch = audit_batch_open();
    assert_non_null(batch);
    assert_int_equal(audit_start(base, ends[0], batch), 0);
    auditor = ends[1];
    return log_open("/dev/null", LOG_LEVEL_INFO);
}

static inline int
stop(void **state)
{
    (void)state;
    audit_stop(0);
    audit_batch_close(&batch);
    rest = SPAN("");
    (void)close(auditor);
    event_base_free(base);
    return 0;
}

/* Is there a packet? Records that are made just now are waited for. */
static inline bool
take_packet(void)
{
    static char packet[AUDIT_BATCH_SIZE];
    ssize_t     got = recv(auditor, packet, sizeof(packet), MSG_DONTWAIT);

    if (got < 0 && audit_batch_packet(batch).len > 0) {
        (void)event_base_loop(base, EVLOOP_ONCE);
        got = recv(auditor, packet, sizeof(packet), MSG_DONTWAIT);
    }
    rest = (struct span){packet, got > 0 ? (size_t)got : 0};
    return got > 0;
}

/* The next record and its log's number; NULL if there is none. */
static inline json_t *
next_record(unsigned *id)
{
    struct audit_packet_record next;
    json_error_t               error;
    json_t                    *record;

    if (rest.len == 0 && !take_packet())
        return NULL;
    assert_true(audit_packet_next(&rest, &next));
    line = next.line;
    *id  = next.id;
    assert_true(line.len > 1);
    assert_int_equal(span_find(line, '\n'), line.len - 1);
    record = json_loadb(line.data, line.len, 0, &error);
    if (record == NULL)
        fail_msg("%s: %.*s", error.text, SPAN_ARG(line));
    return record;
}

static inline void
assert_is_time(const char *text)
{
    regex_t regex;

    assert_int_equal(regcomp(&regex, "^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9][.][0-9]{6}Z$",
                             REG_EXTENDED | REG_NOSUB),
                     0);
    assert_int_equal(regexec(&regex, text, 0, NULL, 0), 0);
    regfree(&regex);
}

#endif
