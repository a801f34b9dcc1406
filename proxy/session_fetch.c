/*
 * What is asked of the server before a message and with it. A filter that keeps notes needs the message's unique id:
 * where the client has not asked for the list of them, popgate does, once in a session, in front of the first message;
 * where the list is longer than what is remembered of it, for one id at a time. And a filter may need more of a message
 * than a TOP of the client's brings: the server is asked for a TOP of as many lines then, and message.c cuts the answer
 * to what the client asked for. It is no RETR, for that is more than reading: servers mark a message as seen by it,
 * count it as the last one read, or let it expire.
 */
#include "proxy/session_private.h"

/* Unique ids are unique within a mailbox alone. RFC 6856: after UTF8 the server may show another message. */
static struct notes_key
key_of(const struct session *session, const struct message_info *info, struct span scope)
{
    const struct span parts[] = {span_of(info->upstream), bytes_span(&session->user), span_of(info->uidl),
                                 session->utf8 ? SPAN("UTF8") : SPAN(""), scope};

    return notes_key(session->host->notes, parts, sizeof(parts) / sizeof(*parts));
}

static bool
recall(void *context, const struct message_info *info, struct span scope, struct bytes *note)
{
    const struct session *session = context;
    struct notes_key      key;

    if (info->uidl == NULL)
        return false;
    key = key_of(session, info, scope);
    return notes_find(session->host->notes, &key, note);
}

static void
remember(void *context, const struct message_info *info, struct span scope, struct span note)
{
    const struct session *session = context;
    struct notes_key      key;

    if (info->uidl == NULL)
        return;
    key = key_of(session, info, scope);
    if (!notes_keep(session->host->notes, &key, note))
        session_log(session, LOG_LEVEL_DEBUG, "message %llu: a note of %zu octets is not kept",
                    (unsigned long long)info->number, note.len);
}

const struct chain_notes *
session_notes(struct session *session)
{
    if (session->host->notes == NULL || !session->owner_known || !chain_remembers(&session->listener->chain))
        return NULL;
    session->notes = (struct chain_notes){.recall = recall, .remember = remember, .context = session};
    return &session->notes;
}

bool
session_learns_uidls(struct session *session)
{
    return session->audit.logs.count > 0 || session_notes(session) != NULL;
}

struct message_info
session_describe(const struct session *session, const struct pop3_command *command)
{
    return (struct message_info){.top      = command->verb == POP3_TOP,
                                 .lines    = command->verb == POP3_TOP ? command->lines : UINT64_MAX,
                                 .needed   = command->lines,
                                 .number   = command->number,
                                 .uidl     = uidl_find(session->uidls, command->number),
                                 .user     = session->user.data,
                                 .client   = session->client_name,
                                 .listener = session->listener->name,
                                 .upstream = session->listener->upstream->name};
}

/* The command that brings the message's id; not UIDL: there is none, or it is on its way. */
static struct pop3_command
command_for_uidl(const struct session *session, uint64_t number)
{
    struct pop3_command uidl = {.verb = POP3_UIDL, .name = SPAN("UIDL")};

    if (session->uidl_list == UIDL_LIST_UNKNOWN)
        return uidl;
    uidl.has_number = true;
    uidl.number     = number;
    if (session->uidl_list == UIDL_LIST_KNOWN && uidl_is_full(session->uidls) && session->uidl_asked != number)
        return uidl;
    return (struct pop3_command){.verb = POP3_OTHER};
}

bool
session_prepare_fetch(struct session *session, const struct pop3_command *command)
{
    struct pop3_command uidl;

    if (session_notes(session) == NULL || uidl_find(session->uidls, command->number) != NULL ||
        upstream_spares_uidl(&session->attempt))
        return true;
    uidl = command_for_uidl(session, command->number);
    if (uidl.verb == POP3_UIDL) {
        if (!session_may_send(session))
            return false;
        session_send(session, EXPECT_UIDLS, &uidl);
        session->uidl_asked = uidl.number;
    }
    return command->verb != POP3_TOP || (session->uidl_list == UIDL_LIST_KNOWN && session->expected_uidls == 0);
}

bool
session_awaits_uidls(const struct session *session)
{
    const struct expectation *oldest = STAILQ_FIRST(&session->expected);

    return oldest != NULL && oldest->kind == EXPECT_UIDLS && session->in_reply && session->list_octets == 0 &&
           session->uidl_list == UIDL_LIST_ASKED;
}

static void
spare(struct session *session, const char *why)
{
    session_log(session, LOG_LEVEL_WARNING, "server %s UIDL, which no client had asked for: it is not asked again",
                why);
    upstream_spare_uidl(&session->attempt, true);
}

/* A list may still come, and goes in front of the next answer then. */
bool
session_expire_uidls(struct session *session)
{
    if (!session_awaits_uidls(session))
        return false;
    spare(session, "said no more than +OK to");
    session->uidl_list = UIDL_LIST_DOUBTED;
    return true;
}

void
session_note_end_at_uidl(struct session *session)
{
    const struct expectation *oldest = STAILQ_FIRST(&session->expected);

    if (oldest != NULL && (oldest->kind == EXPECT_UIDLS || session->uidl_latest))
        spare(session, "ended the connection at");
}

uint64_t
session_lines_to_ask(struct session *session, const struct pop3_command *command)
{
    const struct message_info info   = session_describe(session, command);
    uint64_t                  needed = 0;

    if (command->verb == POP3_TOP)
        needed = chain_needs(&session->listener->chain, &info, session_notes(session));
    return needed > command->lines ? needed : command->lines;
}
