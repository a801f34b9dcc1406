/* A login: who may log in now and how, and what the server makes of it. */
#include <assert.h>

#include "base/text.h"
#include "proxy/session/login.h"

static const struct login_verdict forward = {.act = LOGIN_FORWARD};

static struct login_verdict
answer(enum pop3_status status, const char *text)
{
    return (struct login_verdict){.act = LOGIN_ANSWER, .status = status, .text = text};
}

static struct login_verdict
refuse(const char *text)
{
    return answer(POP3_ERR, text);
}

/* The one way in which the state changes, but for those of a trial. */
static void
enter(struct login *login, enum login_state state)
{
    assert(login->state != LOGIN_DONE);
    login->state = state;
}

void
login_start(struct login *login, const struct config_listener *listener, bool tls)
{
    *login = (struct login){.listener = listener, .tls = tls};
}

void
login_free(struct login *login)
{
    login_end_trial(login);
    bytes_free(&login->name);
    bytes_free(&login->refusal);
}

static bool
is_secure(const struct login *login)
{
    return login->tls || login->listener->tls == CONFIG_TLS_NONE;
}

bool
login_allowed(const struct login *login)
{
    return is_secure(login) || login->listener->tls != CONFIG_TLS_STLS_REQUIRED;
}

bool
login_plaintext_allowed(const struct login *login)
{
    return login_allowed(login) && (is_secure(login) || login->listener->plaintext_login);
}

bool
login_stls_offered(const struct login *login)
{
    return !login->tls && login->state != LOGIN_DONE && login->listener->context != NULL;
}

void
login_reject(struct login *login)
{
    login_end_trial(login);
    enter(login, LOGIN_OPEN);
    bytes_clear(&login->name);
    bytes_free(&login->refusal);
    login->is_owner = false;
}

/* Notes the name that the client gives; an empty one comes later. A PASS is not for a name that was given before. */
static void
note_name(struct login *login, struct span name, const char *mechanism)
{
    login_reject(login);
    bytes_add(&login->name, name);
    login->is_owner  = name.len > 0;
    login->mechanism = mechanism;
}

/*
 * May the client log in in this way now? If not, *verdict says so. `plaintext`: who listens can read the password;
 * `sent`: it has come.
 */
static bool
is_refused(const struct login *login, bool plaintext, bool sent, struct login_verdict *verdict)
{
    if (login_allowed(login) && (!plaintext || login_plaintext_allowed(login)))
        return false;
    *verdict        = refuse(login_stls_offered(login) ? "start TLS with STLS before logging in"
                                                       : "logging in needs an encrypted connection");
    verdict->danger = plaintext && sent ? LOGIN_EXPOSED : LOGIN_UNENCRYPTED;
    return true;
}

struct login_verdict
login_take_user(struct login *login, const struct pop3_command *command, bool together)
{
    struct login_verdict refusal;

    note_name(login, command->argument, "USER");
    if (is_refused(login, true, false, &refusal))
        return refusal;
    enter(login, together ? LOGIN_KEPT : LOGIN_NAME);
    return together ? answer(POP3_OK, "send the password") : forward;
}

/* The name has waited for the password. A server's CAPA may have said meanwhile that it does not pipeline. */
static struct login_verdict
send_kept(struct login *login, struct span password, bool together)
{
    enter(login, together ? LOGIN_TOGETHER : LOGIN_NAMED);
    if (together)
        bytes_add(&login->password, password);
    return (struct login_verdict){.act = together ? LOGIN_SEND_BOTH : LOGIN_SEND_NAME};
}

struct login_verdict
login_take_pass(struct login *login, const struct pop3_command *command, bool together)
{
    struct login_verdict refusal;

    if (is_refused(login, true, true, &refusal))
        return refusal;
    if (login->state == LOGIN_KEPT)
        return send_kept(login, command->argument, together);
    if (login->state != LOGIN_NAMED)
        return refuse("give a name with USER first");
    if (login_is_refused(login))
        return refuse(login->refusal.data);
    enter(login, LOGIN_PASSWORD);
    return forward;
}

struct login_verdict
login_take_apop(struct login *login, const struct pop3_command *command)
{
    struct login_verdict refusal;

    note_name(login, command->argument, "APOP");
    if (is_refused(login, false, true, &refusal))
        return refusal;
    enter(login, LOGIN_PASSWORD);
    return forward;
}

/*
 * The name in a SASL response, if it is in this one. A server that does not look at the initial response asks for
 * another one, and that may hold another name.
 */
static void
note_response(struct login *login, struct span response)
{
    if (login->responses >= login->sasl->responses)
        login->responses += response.len > 0;
    else if (sasl_user(login->sasl, response, login->responses++, &login->name))
        login->is_owner = true;
}

struct login_verdict
login_take_auth(struct login *login, const struct pop3_command *command)
{
    const struct sasl_mechanism *mechanism = sasl_find(command->argument);
    const struct span            initial   = command->second;
    struct login_verdict         refusal;

    if (command->argument.len == 0)
        return (struct login_verdict){.act = LOGIN_ASK_CAPA};
    if (mechanism == NULL)
        return refuse("this mechanism is not available");
    if (initial.len > 0 && (!mechanism->client_first || !sasl_response_valid(initial)))
        return refuse("the initial response is not valid");
    note_name(login, (struct span){0}, mechanism->name);
    login->sasl      = mechanism;
    login->responses = 0;
    if (initial.len > 0)
        note_response(login, initial);
    if (is_refused(login, mechanism->plaintext, initial.len > 0, &refusal))
        return refusal;
    enter(login, LOGIN_EXCHANGE);
    return forward;
}

/* RFC 5034, 4: it should be base64, but servers say "Username:" or "go ahead" in plain words there, which clients do
 * not look at. */
bool
login_take_challenge(struct login *login, struct span text)
{
    if (login->state != LOGIN_EXCHANGE || text_has_control(text))
        return false;
    enter(login, LOGIN_RESPONSE);
    return true;
}

/* RFC 5034, 4: a line that is no base64 ends the exchange, which only the server can do. */
struct span
login_take_response(struct login *login, struct span line)
{
    bool        cancels = span_equal(line, SPAN("*"));
    struct span sent    = cancels || sasl_response_valid(line) ? line : SPAN("*");

    if (!cancels)
        note_response(login, sent);
    enter(login, LOGIN_EXCHANGE);
    return sent;
}

struct login_verdict
login_take_stls(struct login *login)
{
    if (!login_stls_offered(login))
        return refuse(login->tls ? "TLS is active already" : "STLS is not available");
    enter(login, LOGIN_STLS);
    return answer(POP3_OK, "begin TLS");
}

void
login_start_tls(struct login *login)
{
    login_reject(login);
    login->tls = true;
}

enum login_next
login_on_user(struct login *login, bool asked, enum pop3_status status, struct span text)
{
    if (status == POP3_OK) {
        if (asked)
            enter(login, LOGIN_NAMED);
        return login->state == LOGIN_AGAIN ? LOGIN_SEND_PASSWORD : LOGIN_GOES_ON;
    }
    if (asked) {
        login_reject(login);
        return LOGIN_GOES_ON;
    }
    bytes_add(&login->refusal, text);
    return login->state == LOGIN_AGAIN ? LOGIN_ANSWER_PASSWORD : LOGIN_GOES_ON;
}

/* After an exchange that began again in the middle it is not known whose mailbox it is. */
void
login_accept(struct login *login)
{
    if (login->state == LOGIN_EXCHANGE && login->responses > login->sasl->responses)
        login_reject(login);
    login_end_trial(login);
    bytes_free(&login->refusal);
    enter(login, LOGIN_DONE);
}

struct span
login_name(const struct login *login)
{
    return login->name.len > 0 ? bytes_span(&login->name) : (struct span){0};
}

bool
login_is_refused(const struct login *login)
{
    return login->refusal.data != NULL;
}

struct pop3_command
login_user(const struct login *login)
{
    return (struct pop3_command){.verb = POP3_USER, .name = SPAN("USER"), .argument = bytes_span(&login->name)};
}

struct pop3_command
login_pass(const struct login *login)
{
    return (struct pop3_command){.verb = POP3_PASS, .name = SPAN("PASS"), .argument = bytes_span(&login->password)};
}
