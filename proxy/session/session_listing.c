/*
 * Lists: LIST, UIDL and LANG go on as they come, UIDL being read along for the audit log and the filters' notes; CAPA
 * is kept, and the client gets a new one.
 */
#include "proxy/clock.h"
#include "proxy/net/buffer.h"
#include "proxy/session/session_private.h"

bool
session_passes_listing(const struct expectation *expectation)
{
    return expectation->kind == EXPECT_REPLY && expectation->command.verb != POP3_CAPA;
}

struct dot_reader
session_dot_reader(const struct session *session)
{
    bool lf = link_target(&session->link)->lf_ends_line;

    return (struct dot_reader){.lf_ends_line = lf,
                               .keep_bare_lf = !lf && session->listener->bare_lf == CONFIG_BARE_LF_PASS};
}

void
session_start_listing(struct session *session, struct expectation *expectation, struct span text)
{
    session->in_reply = true;
    listing_start(&session->listing, session_dot_reader(session));
    if (session_passes_listing(expectation))
        session_put_status(session, POP3_OK, text);
}

static struct capa_offer
offer(const struct session *session)
{
    int64_t now = clock_now();

    return (struct capa_offer){.stls      = login_stls_offered(&session->login),
                               .plaintext = login_plaintext_allowed(&session->login),
                               .login     = login_allowed(&session->login),
                               .uidl      = !upstream_refuses(&session->link.attempt, UPSTREAM_UIDL, now),
                               .top       = !upstream_refuses(&session->link.attempt, UPSTREAM_TOP, now)};
}

/* The server's list is whole: the client gets popgate's, unless popgate asked for itself. */
static void
answer_capa(struct session *session, enum expectation_kind kind)
{
    const struct capa_offer now   = offer(session);
    struct bytes            reply = {0};

    link_note_capa(&session->link, session->listing.capa.pipelining && session->login.state != LOGIN_AGAIN);
    if (kind == EXPECT_REPLY)
        capa_write(&session->listing.capa, &now, &reply);
    else if (kind == EXPECT_LIST_OF_MECHANISMS)
        capa_write_mechanisms(&session->listing.capa, &now, &reply);
    peer_put(&session->client, bytes_span(&reply));
    bytes_free(&reply);
    listing_forget_capa(&session->listing);
}

/*
 * Where there is no list, mail programs try what they need; what a list lacks they do not try. So popgate makes a list
 * only where programs could not know of STLS without one.
 */
void
session_answer_without_capa(struct session *session, const struct expectation *expectation, struct span text)
{
    const struct capa_offer now   = offer(session);
    struct bytes            reply = {0};

    link_note_capa(&session->link, false);
    if (expectation->kind == EXPECT_REPLY && now.stls)
        capa_write(&session->listing.capa, &now, &reply);
    else if (expectation->kind != EXPECT_CAPA)
        pop3_write_status(POP3_ERR, text, &reply);
    peer_put(&session->client, bytes_span(&reply));
    bytes_free(&reply);
}

/* A list of unique ids begins with a number. What looks like a status line is the answer to the next command: there is
 * no list, though the server said +OK. */
static bool
lacks_list(struct session *session, const struct expectation *expectation)
{
    struct span input = buffer_pull(&session->link.peer.in, 1);

    return expectation->kind == EXPECT_UIDLS && session->listing.octets == 0 && input.len > 0 &&
           (input.data[0] == '+' || input.data[0] == '-');
}

/* Is the list of use to popgate? */
static bool
is_read(struct session *session, enum pop3_verb verb)
{
    return verb == POP3_CAPA || (verb == POP3_UIDL && session_learns_uidls(session)) ||
           (verb == POP3_LIST && session_notes(session) != NULL);
}

bool
session_read_listing(struct session *session, const struct expectation *expectation)
{
    enum pop3_verb verb   = expectation->command.verb;
    bool           passes = session_passes_listing(expectation);

    if (lacks_list(session, expectation)) {
        upstream_spare_uidl(&session->link.attempt, true);
        return true;
    }
    switch (listing_read(&session->listing, verb, is_read(session, verb), &session->link.peer.in,
                         passes ? &session->client.out : NULL)) {
    case LISTING_WANTS_MORE:
        return false;
    case LISTING_ENDLESS:
        session_fail(session, "server's list has no end");
        return false;
    case LISTING_COMPLETE:
        break;
    }
    if (verb == POP3_CAPA)
        answer_capa(session, expectation->kind);
    if (verb == POP3_UIDL)
        upstream_spare_uidl(&session->link.attempt, false);
    return true;
}
