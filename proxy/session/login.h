/*
 * Who the client says it is, and how far the server has taken that: what may be said before TLS, name and password,
 * APOP and SASL. Takes lines and statuses, and answers what is to be sent and to be said; it knows neither peer nor
 * session.
 *
 *      OPEN -> NAME -> NAMED -> PASSWORD -> DONE       USER and PASS, one by one
 *      OPEN -> KEPT -> TOGETHER -> DONE                both go to the server with PASS: login_trial.c
 *      OPEN -> PASSWORD -> DONE                        APOP
 *      OPEN -> EXCHANGE <-> RESPONSE; EXCHANGE -> DONE AUTH
 *      any before DONE -> OPEN                         it was refused, or something else is begun
 */
#ifndef PROXY_SESSION_LOGIN_H
#define PROXY_SESSION_LOGIN_H

#include "base/bytes.h"
#include "proxy/config/config.h"
#include "proxy/pop3/pop3.h"
#include "proxy/pop3/sasl.h"

enum login_state {
    LOGIN_OPEN,     /* nothing has been said that counts */
    LOGIN_NAME,     /* the name is with the server */
    LOGIN_NAMED,    /* it may be followed by PASS; with a refusal: the server refused it after popgate had said yes */
    LOGIN_KEPT,     /* popgate said yes to the name, and the server gets it with the password */
    LOGIN_TOGETHER, /* name and password went to the server together */
    LOGIN_PROBED,   /* the password was not answered for a while: CAPA was sent behind it */
    LOGIN_AGAIN, /* the server did not take the password: the name goes first, and the password once the name was taken
                  */
    LOGIN_PASSWORD, /* the server has to judge the password */
    LOGIN_EXCHANGE, /* SASL: the server is to speak */
    LOGIN_RESPONSE, /* SASL: the client is to speak, and its line is no command */
    LOGIN_STLS,     /* the client was told +OK, and is to start TLS */
    LOGIN_DONE,
};

struct login {
    const struct config_listener *listener;
    enum login_state              state;
    bool                          tls;      /* the client's connection has TLS */
    bool                          is_owner; /* `name` says whose mailbox it is */
    unsigned responses; /* SASL: the client's so far; once there are as many as the mechanism takes, empty ones do not
                           count */
    const struct sasl_mechanism *sasl;
    const char                  *mechanism; /* USER, APOP or the SASL mechanism; NULL: none yet */
    struct bytes                 name;      /* that was last given, "" for none */
    struct bytes refusal;  /* LOGIN_NAMED and on: what the server has against the name; without data: nothing */
    struct bytes password; /* LOGIN_TOGETHER to LOGIN_AGAIN: it may have to be sent again */
};

/* What is to be done about a command of the client's. */
enum login_act {
    LOGIN_ANSWER,    /* the client is told `status` and `text` */
    LOGIN_FORWARD,   /* the command goes to the server */
    LOGIN_SEND_NAME, /* login_user() goes to the server, and the command is taken again when the server has answered
                        that */
    LOGIN_SEND_BOTH, /* login_user() goes to the server, and the command behind it */
    LOGIN_ASK_CAPA,  /* the server is asked for CAPA: the client wants the list of mechanisms */
};

/* Was it refused because there is no TLS? Then somebody who listens may have the password. */
enum login_danger { LOGIN_SAFE, LOGIN_UNENCRYPTED, LOGIN_EXPOSED };

struct login_verdict {
    enum login_act    act;
    enum pop3_status  status;
    const char       *text; /* valid until the login changes */
    enum login_danger danger;
};

/* `listener` outlives it. `tls`: the connection begins with TLS. */
void login_start(struct login *, const struct config_listener *, bool tls);

/* Wipes the password, and gives all memory back. */
void login_free(struct login *);

/* May the client log in at all yet? May a password cross its connection now? Can it start TLS? */
bool login_allowed(const struct login *);
bool login_plaintext_allowed(const struct login *);
bool login_stls_offered(const struct login *);

/* The client's commands. `together`: the server is known to take name and password at once. Not after LOGIN_DONE. */
struct login_verdict login_take_user(struct login *, const struct pop3_command *, bool together);
struct login_verdict login_take_pass(struct login *, const struct pop3_command *, bool together);
struct login_verdict login_take_apop(struct login *, const struct pop3_command *);
struct login_verdict login_take_auth(struct login *, const struct pop3_command *);
struct login_verdict login_take_stls(struct login *);

/* TLS begins behind STLS: what was said before does not count (RFC 2595, 4). */
void login_start_tls(struct login *);

/* Takes the server's challenge, in LOGIN_EXCHANGE. False: it is not one that the client can have. */
bool login_take_challenge(struct login *, struct span text);

/* Takes the client's line in LOGIN_RESPONSE; returns what the server gets in its place. */
struct span login_take_response(struct login *, struct span line);

/* What the server's answer to the name asks for. */
enum login_next {
    LOGIN_GOES_ON,
    LOGIN_SEND_PASSWORD,   /* login_pass() goes to the server: then login_end_trial() */
    LOGIN_ANSWER_PASSWORD, /* the password was for a name that is refused: the client is told `refusal`, then
                              login_reject() */
};

/* The server answered the name: `asked` by the client, or sent by popgate. */
enum login_next login_on_user(struct login *, bool asked, enum pop3_status, struct span text);

/* The server let the client in; it did not, or is not asked any more. */
void login_accept(struct login *);
void login_reject(struct login *);

/* The name that was given; without data: none. */
struct span login_name(const struct login *);

/* Has the server refused the name that the password is for? `refusal` says why. */
bool login_is_refused(const struct login *);

/* The commands that popgate sends itself; their spans are the login's. */
struct pop3_command login_user(const struct login *);
struct pop3_command login_pass(const struct login *);

/* --- name and password together: login_trial.c --- */

/* Is it not settled yet whether the server has seen the password? */
bool login_on_trial(const struct login *);

/* The trial is over: wipes the password. What remains is to wait for the answer to it. */
void login_end_trial(struct login *);

/* The password of LOGIN_TOGETHER is not answered: CAPA is sent behind it. */
void login_probe(struct login *);

/* The server has not seen the password, as is known now: name and password go one by one from here on. */
void login_go_again(struct login *);

/* Octets of the server's that login_settle() looks at. */
enum { LOGIN_SETTLE_MAX = 2 * POP3_SASL_MAX };

/*
 * In LOGIN_PROBED, once the name was answered: is `input` the beginning of the answer to the password, or to CAPA?
 * `quiet`: nothing has come for a while, or will come. False: that is not known yet. Else the login is in
 * LOGIN_PASSWORD if the password was taken, and in LOGIN_AGAIN if it was not.
 */
bool login_settle(struct login *, struct span input, bool quiet);

#endif
