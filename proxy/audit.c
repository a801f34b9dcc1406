/*
 * Events as JSON. Each function below lists the members of one event in the order in which they stand in the log; what
 * is put into them is cleaned and bounded by put_text(), whoever it came from.
 */
#include <assert.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "proxy/audit.h"
#include "proxy/audit_queue.h"
#include "proxy/auditor.h"

#define REPLACEMENT SPAN("\xef\xbf\xbd") /* U+FFFD */

int
audit_start(struct event_base *base, int fd)
{
    return audit_queue_start(base, fd);
}

void
audit_stop(int64_t ms)
{
    audit_queue_stop(ms);
}

/* Would it harm who reads the log? JSON itself escapes the other control characters. */
static bool
is_clean(unsigned code)
{
    return code != 0 && (code < 0x7f || code > 0x9f);
}

/* The well-formed beginning of `text`, at most AUDIT_TEXT_MAX octets, as a JSON string. */
static json_t *
clean_text(struct span text)
{
    char   clean[AUDIT_TEXT_MAX];
    size_t len = 0;

    while (text.len > 0) {
        unsigned    code = 0;
        size_t      size = utf8_read(text, &code);
        struct span next = size > 0 && is_clean(code) ? span_head(text, size) : REPLACEMENT;

        if (len + next.len > sizeof(clean))
            break;
        memcpy(clean + len, next.data, next.len);
        len += next.len;
        text = span_tail(text, size > 0 ? size : 1);
    }
    return json_stringn_nocheck(clean, len);
}

/* What is not known is left out. */
static void
put_text(json_t *record, const char *key, struct span text)
{
    if (text.data != NULL)
        (void)json_object_set_new_nocheck(record, key, clean_text(text));
}

static void
put_string(json_t *record, const char *key, const char *string)
{
    put_text(record, key, span_of(string));
}

static void
put_number(json_t *record, const char *key, uint64_t number)
{
    json_int_t value = number > INT64_MAX ? INT64_MAX : (json_int_t)number;

    (void)json_object_set_new_nocheck(record, key, json_integer(value));
}

static void
put_bool(json_t *record, const char *key, bool value)
{
    (void)json_object_set_new_nocheck(record, key, json_boolean(value));
}

/* The items of `list`, which `separator` is between, as an array of strings. A list that is too long ends in "...". */
static void
put_list(json_t *record, const char *key, struct span list, struct span separator)
{
    json_t     *array = json_array();
    struct span rest  = span_head(list, list.len > AUDIT_LIST_MAX ? AUDIT_LIST_MAX : list.len);

    while (rest.len > 0) {
        const char *end  = memmem(rest.data, rest.len, separator.data, separator.len);
        size_t      len  = end != NULL ? (size_t)(end - rest.data) : rest.len;
        size_t      step = end != NULL ? len + separator.len : len;

        (void)json_array_append_new(array, clean_text(span_head(rest, len)));
        rest = span_tail(rest, step);
    }
    if (list.len > AUDIT_LIST_MAX)
        (void)json_array_append_new(array, json_string("..."));
    (void)json_object_set_new_nocheck(record, key, array);
}

/* NULL if nobody wants it. */
static json_t *
record_new(const struct audit_session *session, const char *event)
{
    char    now[CLOCK_TEXT_SIZE];
    json_t *record;

    if (session->logs.count == 0)
        return NULL;
    clock_write_utc(now);
    record = json_object();
    put_string(record, "time", now);
    put_string(record, "event", event);
    put_string(record, "session", session->session);
    put_string(record, "client", session->client);
    put_string(record, "listener", session->listener);
    return record;
}

/* Sends the record to each log, and frees it. */
static void
record_send(const struct audit_session *session, json_t *record)
{
    static char line[AUDITOR_LINE_MAX];
    size_t      len  = json_dumpb(record, line, sizeof(line) - 1, JSON_COMPACT | JSON_REAL_PRECISION(12));
    bool        fits = len > 0 && len < sizeof(line);

    if (fits)
        line[len++] = '\n';
    for (size_t i = 0; i < session->logs.count; i++)
        if (fits)
            audit_queue_send(session->logs.ids[i], (struct span){line, len});
        else
            audit_queue_lose(session->logs.ids[i]);
    json_decref(record);
}

void
audit_connect(const struct audit_session *session)
{
    json_t *record = record_new(session, "connect");

    if (record != NULL)
        record_send(session, record);
}

void
audit_tls(const struct audit_session *session, const struct audit_tls *tls)
{
    json_t *record = record_new(session, "tls");

    if (record == NULL)
        return;
    put_string(record, "side", tls->side == AUDIT_CLIENT ? "client" : "server");
    put_string(record, "version", tls->version);
    put_string(record, "cipher", tls->cipher);
    put_string(record, "sni", tls->sni);
    put_bool(record, "resumed", tls->resumed);
    record_send(session, record);
}

void
audit_login(const struct audit_session *session, const struct audit_login *login)
{
    json_t *record = record_new(session, "login");

    if (record == NULL)
        return;
    put_string(record, "user", login->user);
    put_string(record, "mechanism", login->mechanism);
    put_string(record, "upstream", login->upstream);
    put_bool(record, "ok", login->ok);
    if (!login->ok)
        put_text(record, "text", login->text);
    record_send(session, record);
}

static void
put_score(json_t *record, const struct message_report *report)
{
    (void)json_object_set_new_nocheck(record, "score", json_real(report->score));
    (void)json_object_set_new_nocheck(record, "required", json_real(report->required));
    put_list(record, "rules", bytes_span(&report->rules), SPAN(","));
}

void
audit_message(const struct audit_session *session, const struct audit_message *message)
{
    static const char *const outcomes[] = {
        [AUDIT_DELIVERED] = "delivered",
        [AUDIT_WITHHELD]  = "withheld",
        [AUDIT_ABORTED]   = "aborted",
    };
    const struct message_info   *info   = message->info;
    const struct message_report *report = message->report;
    json_t                      *record = record_new(session, "message");

    if (record == NULL)
        return;
    put_string(record, "command", info->top ? "TOP" : "RETR");
    put_number(record, "number", info->number);
    put_string(record, "uidl", info->uidl);
    put_text(record, "message_id", bytes_span(&report->message_id));
    put_text(record, "from", bytes_span(&report->from));
    put_text(record, "subject", bytes_span(&report->subject));
    put_number(record, "octets_in", message->octets_in);
    put_number(record, "octets_out", message->octets_out);
    put_string(record, "sha256", report->sha256[0] != '\0' ? report->sha256 : NULL);
    if (report->scored)
        put_score(record, report);
    put_list(record, "changes", span_of(message->changes), SPAN(", "));
    put_string(record, "outcome", outcomes[message->outcome]);
    put_number(record, "ms", (uint64_t)message->ms);
    record_send(session, record);
}

void
audit_delete(const struct audit_session *session, uint64_t number, const char *uidl, bool ok)
{
    json_t *record = record_new(session, "delete");

    if (record == NULL)
        return;
    put_number(record, "number", number);
    put_string(record, "uidl", uidl);
    put_bool(record, "ok", ok);
    record_send(session, record);
}

void
audit_disconnect(const struct audit_session *session, const struct audit_disconnect *end)
{
    json_t *record = record_new(session, "disconnect");

    if (record == NULL)
        return;
    put_string(record, "reason", end->reason);
    put_string(record, "user", end->user);
    put_number(record, "retrieved", end->retrieved);
    put_number(record, "deleted", end->deleted);
    put_bool(record, "committed", end->committed);
    put_number(record, "bytes_in", end->bytes_in);
    put_number(record, "bytes_out", end->bytes_out);
    put_number(record, "ms", (uint64_t)end->ms);
    record_send(session, record);
}
