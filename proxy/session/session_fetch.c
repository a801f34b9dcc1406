/*
 * What is asked of the server before a message and with it. A filter that keeps notes needs the message's unique id:
 * where the client has not asked for the list of them, popgate does, once in a session, in front of the first message;
 * where the list is longer than what is remembered of it, for one id at a time. And a filter may need more of a message
 * than a TOP of the client's brings: the server is asked for a TOP of as many lines then, and message.c cuts the answer
 * to what the client asked for. It is not asked for a RETR, which is more than reading: servers then mark the message
 * as seen, count it as the last one read, or let it expire.
 */
#include "base/count.h"
#include "proxy/clock.h"
#include "proxy/session/session_private.h"

enum { SIZE_OCTETS = sizeof(uint64_t) };

/*
 * Unique ids are unique within a mailbox alone. RFC 6856: after UTF8 the server may show another message, and `utf8` is
 * another name.
 */
static struct notes_key
key_of(const struct session *session, const struct message_info *info, bool utf8, struct span scope)
{
    const struct span parts[] = {span_of(info->upstream), bytes_span(&session->login.name), span_of(info->uidl),
                                 utf8 ? SPAN("UTF8") : SPAN(""), scope};

    return notes_key(session->host->notes, parts, COUNT_OF(parts));
}

/* An id that two messages have says nothing. */
static bool
has_key(const struct session *session, const struct message_info *info)
{
    return info->uidl != NULL && !uidl_is_shared(session->listing.uidls, info->number);
}

/* In front of each note stands the size of its message, 0 if it was not known. */
static bool
recall(void *context, const struct message_info *info, struct span scope, struct bytes *note)
{
    static struct bytes   sized; /* the memory is kept */
    const struct session *session = context;
    struct notes_key      key;
    uint64_t              size;

    if (!has_key(session, info))
        return false;
    key = key_of(session, info, session->utf8, scope);
    if (!notes_find(session->host->notes, &key, &sized) || sized.len < SIZE_OCTETS)
        return false;
    memcpy(&size, sized.data, SIZE_OCTETS);
    if (size != 0 && info->size != 0 && size != info->size)
        return false;
    bytes_clear(note);
    bytes_add(note, span_tail(bytes_span(&sized), SIZE_OCTETS));
    return true;
}

/* The size that the server lists; or, at the end of a RETR, the octets that were counted. */
static uint64_t
size_of(const struct session *session, const struct message_info *info)
{
    struct message_facts facts;

    if (info->size > 0 || info->top || session->deliveries.current == NULL)
        return info->size;
    facts = message_facts(session->deliveries.current->message);
    return facts.ended ? facts.octets_in : 0;
}

static void
remember(void *context, const struct message_info *info, struct span scope, struct span note)
{
    const struct session *session = context;
    const uint64_t        size    = size_of(session, info);
    struct bytes          sized   = {0};
    struct notes_key      key;

    if (!has_key(session, info))
        return;
    key = key_of(session, info, session->utf8, scope);
    bytes_add(&sized, (struct span){(const char *)&size, SIZE_OCTETS});
    bytes_add(&sized, note);
    if (!notes_keep(session->host->notes, &key, bytes_span(&sized)))
        session_log(session, LOG_LEVEL_DEBUG, "message %llu: a note of %zu octets is not kept",
                    (unsigned long long)info->number, note.len);
    bytes_free(&sized);
}

static void
forget_note(void *context, const struct message_info *info, struct span scope)
{
    const struct session *session = context;

    for (int utf8 = 0; utf8 <= 1; utf8++) {
        struct notes_key key = key_of(session, info, utf8, scope);

        notes_forget(session->host->notes, &key);
    }
}

const struct chain_notes *
session_notes(struct session *session)
{
    if (session->host->notes == NULL || !session->login.is_owner || !chain_remembers(&session->listener->chain))
        return NULL;
    session->notes =
        (struct chain_notes){.recall = recall, .remember = remember, .forget = forget_note, .context = session};
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
                                 .size     = sizes_find(&session->listing.sizes, command->number),
                                 .uidl     = uidl_find(session->listing.uidls, command->number),
                                 .user     = session->login.name.data,
                                 .client   = session->client_name,
                                 .listener = session->listener->name,
                                 .upstream = link_target(&session->link)->name};
}

/* The command that brings the message's id. Not UIDL if there is no such command to send, or it was sent. */
static struct pop3_command
command_for_uidl(const struct session *session, uint64_t number)
{
    struct pop3_command uidl = {.verb = POP3_UIDL, .name = SPAN("UIDL")};

    if (session->listing.uidl_list == LIST_UNKNOWN)
        return uidl;
    uidl.has_number = true;
    uidl.number     = number;
    if (session->listing.uidl_list == LIST_KNOWN && uidl_is_full(session->listing.uidls) &&
        session->listing.uidl_asked != number)
        return uidl;
    return (struct pop3_command){.verb = POP3_OTHER};
}

/* Asks for the message's unique id, if it is not known. False: the command has to wait for the answer. */
static bool
prepare_uidl(struct session *session, const struct pop3_command *command)
{
    struct pop3_command uidl;

    if (uidl_find(session->listing.uidls, command->number) != NULL || upstream_spares_uidl(&session->link.attempt))
        return true;
    uidl = command_for_uidl(session, command->number);
    if (uidl.verb == POP3_UIDL) {
        if (!session_may_send(session))
            return false;
        session_send(session, EXPECT_UIDLS, &uidl, 0);
        session->listing.uidl_asked = uidl.number;
    }
    return command->verb == POP3_DELE || (session->listing.uidl_list == LIST_KNOWN && session->expected.uidls == 0);
}

/*
 * Asks for the sizes where one is needed: to see that a note is on this message, and that a TOP brings all of it.
 * False: the command has to wait for the answer.
 */
static bool
prepare_size(struct session *session, const struct pop3_command *command)
{
    static const struct pop3_command list  = {.verb = POP3_LIST, .name = SPAN("LIST")};
    const struct message_info        info  = session_describe(session, command);
    const struct chain              *chain = &session->listener->chain;

    if (command->verb == POP3_DELE || info.size > 0 || session->listing.size_list == LIST_KNOWN)
        return true;
    if (!chain_has_note(chain, &info, session_notes(session)) &&
        (command->verb == POP3_RETR || chain_needs(chain, &info, session_notes(session)) == 0))
        return true;
    if (session->listing.size_list == LIST_UNKNOWN) {
        if (!session_may_send(session))
            return false;
        session_send(session, EXPECT_SIZES, &list, 0);
    }
    return command->verb != POP3_TOP;
}

bool
session_prepare_fetch(struct session *session, const struct pop3_command *command)
{
    bool noted = session_notes(session) != NULL;

    if (!noted && (command->verb != POP3_DELE || !session_learns_uidls(session)))
        return true;
    return prepare_uidl(session, command) && (!noted || prepare_size(session, command));
}

void
session_learn_size(struct session *session, const struct message_info *info, uint64_t octets)
{
    if (session_notes(session) != NULL && sizes_find(&session->listing.sizes, info->number) == 0)
        sizes_set(&session->listing.sizes, info->number, octets);
}

static void
forget_notes(struct session *session, uint64_t number)
{
    const struct pop3_command retr = {.verb = POP3_RETR, .number = number};
    const struct message_info info = session_describe(session, &retr);

    if (info.uidl != NULL)
        chain_forget(&session->listener->chain, &info, session_notes(session));
}

void
session_forget_notes(struct session *session, uint64_t number)
{
    forget_notes(session, number);
    if (session->listing.uidls != NULL)
        uidl_delete(session->listing.uidls, number);
}

/* Another session may have made a note in the meantime. */
void
session_forget_deleted(struct session *session)
{
    if (session_notes(session) == NULL)
        return;
    for (uint64_t number = 0; (number = uidl_next_deleted(session->listing.uidls, number)) != 0;)
        forget_notes(session, number);
}

bool
session_awaits_uidls(const struct session *session)
{
    const struct expectation *oldest = expect_oldest(&session->expected);

    return oldest != NULL && oldest->kind == EXPECT_UIDLS && !oldest->unfinished && session->in_reply &&
           session->listing.octets == 0;
}

static void
spare(struct session *session, const char *why)
{
    session_log(session, LOG_LEVEL_WARNING, "server %s UIDL, which no client had asked for: it is not asked again",
                why);
    upstream_spare_uidl(&session->link.attempt, true);
}

/* A list may still come, and goes in front of the next answer then. */
bool
session_expire_uidls(struct session *session)
{
    if (!session_awaits_uidls(session))
        return false;
    spare(session, "said no more than +OK to");
    expect_mark_unfinished(&session->expected);
    return true;
}

void
session_note_end_at_uidl(struct session *session)
{
    const struct expectation *oldest = expect_oldest(&session->expected);

    if (oldest != NULL && (oldest->kind == EXPECT_UIDLS || session->expected.after_uidls))
        spare(session, "ended the connection at");
}

uint64_t
session_lines_to_ask(struct session *session, const struct pop3_command *command)
{
    const struct message_info info   = session_describe(session, command);
    uint64_t                  needed = 0;

    if (command->verb == POP3_TOP && !upstream_refuses(&session->link.attempt, UPSTREAM_MORE_LINES, clock_now()))
        needed = chain_needs(&session->listener->chain, &info, session_notes(session));
    return needed > command->lines ? needed : command->lines;
}

/*
 * Asks again. Nothing was sent behind the first TOP, for the server had not taken such a one before: so the next answer
 * is to this one.
 */
static void
ask_less(struct session *session, const struct expectation *expectation)
{
    struct pop3_command top  = expectation->command;
    struct bytes        line = {0};

    top.name = SPAN("TOP"); /* that of the client's line is gone */
    pop3_write_command(&top, &line);
    peer_put(&session->link.peer, bytes_span(&line));
    bytes_free(&line);
    session->asked = clock_now();
    expect_again(&session->expected);
}

bool
session_asks_less(struct session *session, const struct expectation *expectation, enum pop3_status status)
{
    bool more = expectation->lines > expectation->command.lines, taken = status == POP3_OK;

    if (more && !taken && session->expected.of_server == 1) {
        ask_less(session, expectation);
        return true;
    }
    if (taken && (more || expectation->again))
        upstream_note_command(&session->link.attempt, UPSTREAM_MORE_LINES, more, clock_now());
    session->takes_more = session->takes_more || (more && taken);
    if (more || expectation->again)
        expect_follow(&session->expected);
    return false;
}
