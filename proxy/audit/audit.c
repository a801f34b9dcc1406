/*
 * Events as JSON. Each function below lists the members of one event in the order in which they stand in the log; what
 * is put into them is cleaned and bounded by audit_record.c, whoever it came from.
 */
#include <assert.h>

#include "base/clock.h"
#include "proxy/audit/audit.h"
#include "proxy/audit/audit_queue.h"
#include "proxy/audit/audit_record.h"

int
audit_start(struct event_base *base, int fd, struct audit_batch *batch)
{
    return audit_queue_start(base, fd, batch);
}

void
audit_stop(int64_t ms)
{
    audit_queue_stop(ms);
}

static void
put_string(struct audit_record *record, struct span key, const char *string)
{
    audit_record_text(record, key, span_of(string));
}

/* False: nobody wants it. */
static bool
begin(struct audit_record *record, const struct audit_session *session, const char *event)
{
    char *room = session->logs.count > 0 ? audit_queue_room() : NULL;
    char  now[CLOCK_TEXT_SIZE];

    if (room == NULL)
        return false;
    clock_write_utc(now);
    audit_record_begin(record, room, AUDIT_LINE_MAX);
    audit_record_word(record, AUDIT_KEY("time"), now);
    audit_record_word(record, AUDIT_KEY("event"), event);
    put_string(record, AUDIT_KEY("session"), session->session);
    put_string(record, AUDIT_KEY("client"), session->client);
    put_string(record, AUDIT_KEY("listener"), session->listener);
    return true;
}

static void
finish_record(struct audit_record *record, const struct audit_session *session)
{
    audit_queue_send(session->logs.ids, session->logs.count, audit_record_end(record));
}

void
audit_connect(const struct audit_session *session)
{
    struct audit_record record;

    if (begin(&record, session, "connect"))
        finish_record(&record, session);
}

void
audit_tls(const struct audit_session *session, const struct audit_tls *tls)
{
    struct audit_record record;

    if (!begin(&record, session, "tls"))
        return;
    put_string(&record, AUDIT_KEY("side"), tls->side == AUDIT_CLIENT ? "client" : "server");
    put_string(&record, AUDIT_KEY("version"), tls->version);
    put_string(&record, AUDIT_KEY("cipher"), tls->cipher);
    put_string(&record, AUDIT_KEY("sni"), tls->sni);
    audit_record_bool(&record, AUDIT_KEY("resumed"), tls->resumed);
    finish_record(&record, session);
}

void
audit_login(const struct audit_session *session, const struct audit_login *login)
{
    struct audit_record record;

    if (!begin(&record, session, "login"))
        return;
    put_string(&record, AUDIT_KEY("user"), login->user);
    put_string(&record, AUDIT_KEY("mechanism"), login->mechanism);
    put_string(&record, AUDIT_KEY("upstream"), login->upstream);
    audit_record_bool(&record, AUDIT_KEY("ok"), login->ok);
    if (!login->ok)
        audit_record_text(&record, AUDIT_KEY("text"), login->text);
    finish_record(&record, session);
}

void
audit_refused(const struct audit_session *session, const struct audit_refused *refused)
{
    struct audit_record record;

    if (!begin(&record, session, "refused"))
        return;
    put_string(&record, AUDIT_KEY("why"), refused->why);
    audit_record_text(&record, AUDIT_KEY("user"), refused->user);
    put_string(&record, AUDIT_KEY("mechanism"), refused->mechanism);
    audit_record_bool(&record, AUDIT_KEY("exposed"), refused->exposed);
    finish_record(&record, session);
}

static void
put_score(struct audit_record *record, const struct message_report *report)
{
    audit_record_decimal(record, AUDIT_KEY("score"), report->score);
    audit_record_decimal(record, AUDIT_KEY("required"), report->required);
    audit_record_list(record, AUDIT_KEY("rules"), bytes_span(&report->rules), SPAN(","));
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
    struct audit_record          record;

    if (!begin(&record, session, "message"))
        return;
    put_string(&record, AUDIT_KEY("user"), session->user);
    audit_record_word(&record, AUDIT_KEY("command"), info->top ? "TOP" : "RETR");
    audit_record_number(&record, AUDIT_KEY("number"), info->number);
    put_string(&record, AUDIT_KEY("uidl"), info->uidl);
    audit_record_text(&record, AUDIT_KEY("message_id"), report->message_id);
    audit_record_text(&record, AUDIT_KEY("from"), report->from);
    audit_record_text(&record, AUDIT_KEY("subject"), report->subject);
    audit_record_number(&record, AUDIT_KEY("octets_in"), message->octets_in);
    audit_record_number(&record, AUDIT_KEY("octets_out"), message->octets_out);
    if (report->sha256[0] != '\0')
        audit_record_word(&record, AUDIT_KEY("sha256"), report->sha256);
    if (report->scored)
        put_score(&record, report);
    audit_record_list(&record, AUDIT_KEY("changes"), span_of(message->changes), SPAN(", "));
    audit_record_word(&record, AUDIT_KEY("outcome"), outcomes[message->outcome]);
    audit_record_number(&record, AUDIT_KEY("ms"), (uint64_t)message->ms);
    finish_record(&record, session);
}

void
audit_delete(const struct audit_session *session, uint64_t number, const char *uidl, bool ok)
{
    struct audit_record record;

    if (!begin(&record, session, "delete"))
        return;
    put_string(&record, AUDIT_KEY("user"), session->user);
    audit_record_number(&record, AUDIT_KEY("number"), number);
    put_string(&record, AUDIT_KEY("uidl"), uidl);
    audit_record_bool(&record, AUDIT_KEY("ok"), ok);
    finish_record(&record, session);
}

void
audit_reset(const struct audit_session *session, uint64_t deleted, bool ok)
{
    struct audit_record record;

    if (!begin(&record, session, "reset"))
        return;
    put_string(&record, AUDIT_KEY("user"), session->user);
    audit_record_number(&record, AUDIT_KEY("deleted"), deleted);
    audit_record_bool(&record, AUDIT_KEY("ok"), ok);
    finish_record(&record, session);
}

void
audit_disconnect(const struct audit_session *session, const struct audit_disconnect *end)
{
    struct audit_record record;

    if (!begin(&record, session, "disconnect"))
        return;
    put_string(&record, AUDIT_KEY("reason"), end->reason);
    put_string(&record, AUDIT_KEY("user"), end->user);
    audit_record_number(&record, AUDIT_KEY("retrieved"), end->retrieved);
    audit_record_number(&record, AUDIT_KEY("deleted"), end->deleted);
    audit_record_bool(&record, AUDIT_KEY("committed"), end->committed);
    audit_record_number(&record, AUDIT_KEY("bytes_in"), end->bytes_in);
    audit_record_number(&record, AUDIT_KEY("bytes_out"), end->bytes_out);
    audit_record_number(&record, AUDIT_KEY("ms"), (uint64_t)end->ms);
    finish_record(&record, session);
}
