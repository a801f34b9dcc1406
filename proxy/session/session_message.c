/*
 * Messages: from the server's +OK to the moment when the client's socket has taken the last octet, and what the audit
 * log says of them then.
 */
#include "proxy/clock.h"
#include "proxy/session/session_private.h"

static const enum log_level log_levels[] = {[FILTER_LOG_ERROR]   = LOG_LEVEL_ERROR,
                                            [FILTER_LOG_WARNING] = LOG_LEVEL_WARNING,
                                            [FILTER_LOG_INFO]    = LOG_LEVEL_INFO,
                                            [FILTER_LOG_DEBUG]   = LOG_LEVEL_DEBUG};

static bool
wants_line(void *context, enum filter_log_level level)
{
    (void)context;
    return log_wants(log_levels[level]);
}

static void
log_filter(void *context, const char *filter, enum filter_log_level level, const char *line)
{
    const struct session *session = context;

    session_log(session, log_levels[level], "filter %s, message %llu: %s", filter,
                (unsigned long long)session->deliveries.current->info.number, line);
}

/* Behind what others have become ready for meanwhile. */
static void
call_again(void *context)
{
    static const struct timeval at_once = {0};
    struct session             *session = context;

    (void)evtimer_add(&session->again, &at_once);
}

void
session_start_message(struct session *session, const struct expectation *expectation)
{
    struct message_info        info   = session_describe(session, &expectation->command);
    const struct dot_reader    reader = session_dot_reader(session);
    const struct message_setup setup  = {.chain        = &session->listener->chain,
                                         .info         = &info,
                                         .notes        = session_notes(session),
                                         .budget       = &session->host->budget,
                                         .keep_bare_lf = reader.keep_bare_lf,
                                         .lf_ends_line = reader.lf_ends_line,
                                         .log          = log_filter,
                                         .wants        = wants_line,
                                         .resume       = call_again,
                                         .yield        = call_again,
                                         .context      = session};

    info.needed       = expectation->lines;
    session->in_reply = true;
    deliveries_begin(&session->deliveries, &setup);
}

static void
record(const struct session *session, const struct delivery *delivery, enum audit_outcome outcome)
{
    const struct message_facts facts = message_facts(delivery->message);
    const struct audit_message event = {.info       = &delivery->info,
                                        .report     = facts.report,
                                        .changes    = facts.changes,
                                        .octets_in  = facts.octets_in,
                                        .octets_out = facts.octets_out,
                                        .outcome    = facts.withheld ? AUDIT_WITHHELD : outcome,
                                        .ms         = clock_now() - delivery->started};

    if (facts.report->recorded)
        audit_message(&session->audit, &event);
    if (facts.withheld)
        session_log(session, LOG_LEVEL_WARNING, "message %llu withheld", (unsigned long long)delivery->info.number);
}

static void
break_off(struct session *session)
{
    int lost = message_facts(session->deliveries.current->message).lost;

    if (lost != 0)
        session_log(session, LOG_LEVEL_ERROR, "message %llu: what was held of it could not be read from spool_dir: %s",
                    (unsigned long long)session->deliveries.current->info.number, strerror(lost));
    session_finish(session, END_RESET,
                   lost != 0 ? "a held message could not be read" : "a filter stopped a message in the middle");
}

bool
session_holds_message(const struct session *session)
{
    return session->deliveries.current != NULL &&
           (message_waits_for_client(session->deliveries.current->message) ||
            message_waits_for_filter(session->deliveries.current->message) != NULL);
}

static struct chain_run *
waiting_filters(const struct session *session)
{
    return session->deliveries.current != NULL ? message_waits_for_filter(session->deliveries.current->message) : NULL;
}

int64_t
session_filter_deadline(const struct session *session)
{
    const struct chain_run *filters = waiting_filters(session);

    return filters != NULL ? chain_deadline(filters) : 0;
}

void
session_expire_filter(struct session *session)
{
    chain_expire(waiting_filters(session), clock_now());
}

void
session_take_turn(struct session *session)
{
    struct chain_run *filters = waiting_filters(session);

    if (filters != NULL && session->state >= SESSION_CLOSING)
        message_stop(session->deliveries.current->message);
    else if (filters != NULL)
        chain_next_turn(filters);
}

/* A filter kept both waiting: their time begins when it has spoken. */
static void
excuse_wait(struct session *session)
{
    if (waiting_filters(session) != NULL)
        session->active = session->asked = clock_now();
}

bool
session_move_message(struct session *session)
{
    excuse_wait(session);
    switch (message_move(session->deliveries.current->message, &session->link.peer.in, &session->client.out)) {
    case MESSAGE_WANTS_MORE:
    case MESSAGE_FULL:
    case MESSAGE_WAITS:
        return false;
    case MESSAGE_COMPLETE:
        if (!session->deliveries.current->info.top)
            session_learn_size(session, &session->deliveries.current->info,
                               message_facts(session->deliveries.current->message).octets_in);
        /* it waits in the client's buffer to be handed over */
        deliveries_complete(&session->deliveries, session->client.sent + peer_unsent(&session->client));
        return true;
    case MESSAGE_BROKEN:
        break;
    }
    break_off(session);
    return false;
}

bool
session_note_delivered(struct session *session)
{
    const struct delivery *oldest;
    bool                   changed = false;

    while ((oldest = deliveries_delivered(&session->deliveries, session->client.sent)) != NULL) {
        record(session, oldest, AUDIT_DELIVERED);
        session->retrieved += !oldest->info.top && !message_facts(oldest->message).withheld;
        deliveries_drop(&session->deliveries);
        changed = true;
    }
    return changed;
}

void
session_drop_messages(struct session *session)
{
    const struct delivery *oldest;

    (void)session_note_delivered(session);
    while ((oldest = deliveries_oldest(&session->deliveries)) != NULL) {
        record(session, oldest, AUDIT_ABORTED);
        deliveries_drop(&session->deliveries);
    }
}

bool
session_has_delivered(const struct session *session)
{
    return deliveries_oldest(&session->deliveries) == NULL;
}
