/*
 * Name and password that go to the server together, because it was known to take several commands at a time. Another
 * server may stand there by now: one that answers the name and never sees the password, for that came in the same
 * packet; or one that hangs up on it. Then both are sent again, one by one, and what was known of the server is
 * forgotten.
 *
 * But no password goes where it has been judged. A server that does not answer may still be at it (Dovecot lets
 * failures wait for up to 15 s), so it is asked for its capabilities behind the password, which changes nothing for it:
 *
 *      it says                          it took the password?
 *      +OK / -ERR, then a status line   yes: the first is what it says of the password, the second of CAPA
 *      +OK, then any other line         no:  that is CAPA's list
 *      -ERR, then nothing for a while   no:  it does not know CAPA; the server that was known did
 *      +OK, then nothing; or it ends    yes, for all that can be known
 *
 * One that hangs up before it has answered the name has not come to the password. One that hangs up behind that may
 * have: there it ends.
 */
#include <assert.h>
#include <openssl/crypto.h>

#include "proxy/session/login.h"

enum finding { WAIT, TAKES_PASSWORD, LOST_PASSWORD };

bool
login_on_trial(const struct login *login)
{
    return login->state == LOGIN_TOGETHER || login->state == LOGIN_PROBED || login->state == LOGIN_AGAIN;
}

void
login_end_trial(struct login *login)
{
    if (!login_on_trial(login))
        return;
    OPENSSL_cleanse(login->password.data, login->password.capacity);
    bytes_free(&login->password);
    login->state = LOGIN_PASSWORD;
}

void
login_probe(struct login *login)
{
    assert(login->state == LOGIN_TOGETHER);
    login->state = LOGIN_PROBED;
}

void
login_go_again(struct login *login)
{
    assert(login->state == LOGIN_TOGETHER || login->state == LOGIN_PROBED);
    bytes_free(&login->refusal);
    login->state = LOGIN_AGAIN;
}

/* Is this the beginning of the answer to the password, or to CAPA? */
static enum finding
find_answered(struct span input, bool quiet)
{
    struct span      line, text;
    size_t           len = pop3_next_line(input, &line);
    enum pop3_status first, second;

    if (len == 0)
        return input.len >= LOGIN_SETTLE_MAX / 2 ? TAKES_PASSWORD : WAIT;
    first = pop3_parse_status(line, &text);
    if (pop3_next_line(span_tail(input, len), &line) > 0) {
        second = pop3_parse_status(line, &text);
        return first == POP3_OK && second != POP3_OK && second != POP3_ERR ? LOST_PASSWORD : TAKES_PASSWORD;
    }
    if (!quiet && input.len < LOGIN_SETTLE_MAX)
        return WAIT;
    return first == POP3_ERR && input.len == len ? LOST_PASSWORD : TAKES_PASSWORD;
}

bool
login_settle(struct login *login, struct span input, bool quiet)
{
    enum finding finding = find_answered(input, quiet);

    assert(login->state == LOGIN_PROBED);
    if (finding == LOST_PASSWORD)
        login_go_again(login);
    else if (finding == TAKES_PASSWORD)
        login_end_trial(login);
    return finding != WAIT;
}
