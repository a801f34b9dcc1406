/* For the tests of proxy/audit.h: a worker's side that is at work, and the auditor's end of its socket. */
#ifndef TESTS_UNIT_AUDIT_END_H
#define TESTS_UNIT_AUDIT_END_H

#include <jansson.h>
#include <regex.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/audit.h"
#include "proxy/auditor.h"
#include "proxy/channel.h"
#include "proxy/log.h"

static const unsigned one_log[] = {7};

static const struct audit_session session = {{one_log, 1}, "9f3c-12", "192.0.2.1:49152", "pop3s"};

static struct event_base *base;
static int                auditor;                                    /* the other end of the socket */
static char               packet[AUDITOR_ID_SIZE + AUDITOR_LINE_MAX]; /* the last that came */

static inline int
start(void **state)
{
    int ends[2];

    (void)state;
    base = event_base_new();
    assert_non_null(base);
    assert_int_equal(channel_open(ends), 0);
    assert_int_equal(audit_start(base, ends[0]), 0);
    auditor = ends[1];
    return log_open("/dev/null", LOG_LEVEL_INFO);
}

static inline int
stop(void **state)
{
    (void)state;
    audit_stop(0);
    (void)close(auditor);
    event_base_free(base);
    return 0;
}

/* The next record's line, without its number; NULL if there is none. */
static inline json_t *
next_record(unsigned *id)
{
    ssize_t      got = recv(auditor, packet, sizeof(packet), MSG_DONTWAIT);
    json_error_t error;
    json_t      *record;

    if (got < 0)
        return NULL;
    assert_true(got > AUDITOR_ID_SIZE);
    assert_ptr_equal(memchr(packet, '\n', (size_t)got), packet + got - 1);
    *id    = (unsigned)(unsigned char)packet[0] << 8 | (unsigned char)packet[1];
    record = json_loadb(packet + AUDITOR_ID_SIZE, (size_t)got - AUDITOR_ID_SIZE, 0, &error);
    if (record == NULL)
        fail_msg("%s: %.*s", error.text, (int)got - AUDITOR_ID_SIZE, packet + AUDITOR_ID_SIZE);
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
