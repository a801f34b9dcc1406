/*
 * A session from within, for the files that share its work:
 *
 *      session.c           opening, the driver, the end
 *      session_timer.c     deadlines
 *      session_connect.c   up to the greeting: TLS with the client, and the link to the server (proxy/upstream/link.h)
 *      session_command.c   what the client says, and what of it goes to the server
 *      login.c             who the client says it is, and TLS before that; pure
 *      login_trial.c       name and password that went to the server together, and a server that does not take them so
 *      session_login.c     what of a login goes to the server and to the client, and what is recorded of it
 *      session_trial.c     what decides a trial
 *      expect.c            the replies that are due
 *      session_reply.c     what the server answers, and what of it goes to the client
 *      session_fetch.c     what is asked of the server before a message and with it; the notes on messages
 *      listing.c           a list, read as it comes, and what is known of the mailbox by it
 *      session_listing.c   its lists: capabilities, unique ids
 *      deliveries.c        messages from the server to the client
 *      session_message.c   its messages, and what the audit log says of them
 */
#ifndef PROXY_SESSION_SESSION_PRIVATE_H
#define PROXY_SESSION_SESSION_PRIVATE_H

#include "base/memory.h"
#include "proxy/log.h"
#include "proxy/message/message.h"
#include "proxy/net/peer.h"
#include "proxy/pop3/dot.h"
#include "proxy/pop3/pop3.h"
#include "proxy/session/deliveries.h"
#include "proxy/session/expect.h"
#include "proxy/session/listing.h"
#include "proxy/session/login.h"
#include "proxy/session/session.h"
#include "proxy/shared/notes.h"
#include "proxy/upstream/link.h"

enum session_state {
    SESSION_CONNECTING,    /* no greeting yet */
    SESSION_AUTHORIZATION, /* RFC 1939, 4 */
    SESSION_TRANSACTION,   /* RFC 1939, 5 */
    SESSION_UPDATE,        /* QUIT was sent on: nothing more is taken from the client */
    SESSION_CLOSING,       /* the client's last reply is being written */
    SESSION_GONE,          /* to be freed at the end of this step */
    SESSION_STATES
};

/* What the end of the session looks like to the client. */
enum session_end {
    END_FLUSH, /* after what is in its buffer */
    END_RESET, /* with a reset: it must not take what it has for whole */
};

struct session {
    TAILQ_ENTRY(session) entry;
    struct session_host          *host;
    const struct config_listener *listener;
    struct admission_seat         seat;
    enum session_phase            phase;
    enum session_state            state;
    struct peer                   client;
    struct link                   link; /* the server's side */

    struct expectations expected;
    struct listing      listing;
    struct deliveries   deliveries;
    struct login        login;

    bool     in_reply;      /* of the oldest expectation: its status line was read, and more is to come */
    bool     utf8;          /* the server agreed to UTF8 */
    bool     skipping_line; /* the rest of an over-long line */
    bool     awaits_client; /* a DELE or QUIT stands behind messages that the client has not acknowledged */
    bool     committed;     /* the server has said +OK to QUIT */
    bool     takes_more;    /* the server took a TOP of more lines than the client had asked for */
    int      look;          /* milliseconds between the last two looks at that; 0: there was none */
    unsigned faults;        /* bad commands before login */

    uint64_t           top_refused; /* the last message of which the server refused a TOP; 0: none */
    struct chain_notes notes;       /* see session_notes() */
    uint64_t           retrieved, deleted;

    int64_t          opened;
    int64_t          active;  /* last command, or octets taken by the client */
    int64_t          asked;   /* last command to the server */
    int64_t          closing; /* since when */
    int64_t          armed;   /* when the timer goes off; 0: it is not armed */
    struct event     timer;
    struct event     again;  /* to be called again from the event loop */
    const char      *reason; /* why the session ended; NULL: it has not */
    enum session_end end;

    struct audit_session audit;
    char                 name[32];
    char                 client_name[56]; /* "[IPv6]:65535" takes 54 */
};

/* The driver: the session may be gone after it. Called by events alone. */
void session_step(struct session *);

/* Asks for the end; the first reason wins. `reason` is static, or lives as long as the process. */
void session_finish(struct session *, enum session_end, const char *reason);

/*
 * The server cannot go on. The client is told so in the reply that is due to it (-ERR [SYS/TEMP], `why`; or what the
 * server had against the name), or reset if it is in the middle of one; then the session ends.
 */
void session_fail(struct session *, const char *why);

/* The one way in which the state changes. */
void session_enter(struct session *, enum session_state);

/* The one way in which the phase changes. A handshake that is one too many ends the oldest one. */
void session_enter_phase(struct session *, enum session_phase);

/* A line of the log about this session. */
void session_log(const struct session *, enum log_level, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A status line for the client. */
void session_put_status(struct session *, enum pop3_status, struct span text);

/* What was done with a command. */
enum outcome {
    TAKEN,
    LATER, /* it stays in the client's buffer: something has to happen first */
};

/* Sends a command of the client's on, in its turn. */
enum outcome session_forward(struct session *, const struct pop3_command *);

/* popgate's own answer, in its turn among the server's. It takes the place of a command that the server never sees. */
enum outcome session_answer(struct session *, enum pop3_status, const char *text);
enum outcome session_refuse(struct session *, const char *text);

/* Asks the server for its capabilities; `kind` says for whom. Only where session_may_send(). */
void session_ask_capa(struct session *, enum expectation_kind);

/* The client's part of a login: commands, and lines of a SASL exchange. */
enum outcome session_take_user(struct session *, const struct pop3_command *);
enum outcome session_take_pass(struct session *, const struct pop3_command *);
enum outcome session_take_apop(struct session *, const struct pop3_command *);
enum outcome session_take_auth(struct session *, const struct pop3_command *);
enum outcome session_take_stls(struct session *, const struct pop3_command *);
void         session_take_response(struct session *, struct span line);

/* The server's: what it says to USER, and to the command that ends a login; a challenge. False: it was none. */
void session_on_user(struct session *, const struct expectation *, enum pop3_status, struct span text);
void session_on_login(struct session *, const struct expectation *, enum pop3_status, struct span text);
bool session_take_challenge(struct session *, struct span text);

/* Does the session wait for something that a server which took the password would have said soon? */
bool session_is_on_trial(const struct session *);

/* The server has taken too long. True: it is asked once more, or in another way. */
bool session_expire_trial(struct session *);

/* The server's side is over. True: it begins again, for nothing had been decided. */
bool session_survives_server(struct session *);

/* Has the server sent no more than the status line of a list of unique ids that popgate itself asked for? */
bool session_awaits_uidls(const struct session *);

/* That took too long. True: the session does not wait for the list any longer. */
bool session_expire_uidls(struct session *);

/* The server's side is over, perhaps because popgate asked for unique ids: this server is not asked for them again. */
void session_note_end_at_uidl(struct session *);

/* Is it known whose answer comes next? If not, more has to come first. */
bool session_settle_trial(struct session *);

/* In LOGIN_AGAIN: sends the name alone. */
void session_send_user_again(struct session *);

/* Moves, in the order of session.c's table: each returns true if it changed anything. */
bool session_connect(struct session *);
bool session_take_commands(struct session *);
bool session_take_replies(struct session *);
bool session_start_stls(struct session *);
bool session_note_delivered(struct session *);

/* Takes the oldest expectation out: it was met, or never will be. */
void session_forget(struct session *);

/* The timer goes off when the session has waited too long for whatever it waits for next. */
void session_arm_timer(struct session *);
void session_note_timer(evutil_socket_t, short events, void *session);

/* What the server said waits for its turn: for the client to take what is in front of it, or for a filter. */
bool session_has_more_of_server(const struct session *);

/* May more be put into the client's buffer? If not, the server waits, however much it has to say. */
bool session_client_has_room(const struct session *);

/* May a command be sent to the server now, or only when it has answered those before (RFC 2449, 6.6)? */
bool session_may_send(const struct session *);

/* Sends it, and adds its reply to what is expected. `lines`: how many lines of a TOP the server is asked for. */
void session_send(struct session *, enum expectation_kind, const struct pop3_command *, uint64_t lines);

/* Where filters keep notes on this session's messages; NULL: nowhere, for they keep none or the mailbox is not known.
 */
const struct chain_notes *session_notes(struct session *);

/* Are the unique ids in the server's answers of use? */
bool session_learns_uidls(struct session *);

/* What is known of the message that the command asks for. `uidl` lives until the next one is learnt. */
struct message_info session_describe(const struct session *, const struct pop3_command *);

/* Before RETR, TOP or DELE is sent: asks for what has to be known. False: the command has to wait for the answer. */
bool session_prepare_fetch(struct session *, const struct pop3_command *);

/* A TOP was answered. True: it was refused, perhaps for the number of lines that popgate asked for, and is asked again
 * with the client's. */
bool session_asks_less(struct session *, const struct expectation *, enum pop3_status);

/* All octets of the message have been counted. */
void session_learn_size(struct session *, const struct message_info *, uint64_t octets);

/*
 * Forgets what filters have noted of a message that was deleted; of all messages that were deleted, which are gone now.
 */
void session_forget_notes(struct session *, uint64_t number);
void session_forget_deleted(struct session *);

/* For TOP: how many lines the server is to be asked for. */
uint64_t session_lines_to_ask(struct session *, const struct pop3_command *);

/* A list begins behind the status line that was just read. */
void session_start_listing(struct session *, struct expectation *, struct span text);

/* How a reply of several lines is to be read: how the server ends its lines, and what the client gets. */
struct dot_reader session_dot_reader(const struct session *);

/* Does the client get it as it comes? Else popgate keeps it. */
bool session_passes_listing(const struct expectation *);

/* Reads on in it, and passes it on to the client or keeps it. True when it has ended and the client's answer is
 * complete. */
bool session_read_listing(struct session *, const struct expectation *);

/* The server refused CAPA: what does the client get, if anything? */
void session_answer_without_capa(struct session *, const struct expectation *, struct span text);

/* A message begins behind the status line that was just read. */
void session_start_message(struct session *, const struct expectation *);

/* Moves it on. True when it has ended and the client's answer is complete. */
bool session_move_message(struct session *);

/* Does a part of a message that the server has sent wait for the client's buffer to have room, or for a filter? */
bool session_holds_message(const struct session *);

/* Until when a filter may keep the message waiting, in milliseconds of worker time; 0: none does. */
int64_t session_filter_deadline(const struct session *);

/* That time is over: the filter has failed. Another turn of the event loop has begun, for filters that yielded. */
void session_expire_filter(struct session *);
void session_take_turn(struct session *);

/* Every message that the client did not get is recorded as aborted, and let go: at the end of the session. */
void session_drop_messages(struct session *);

/* Does the client have every octet of every message that it asked for, as far as popgate can know? */
bool session_has_delivered(const struct session *);

/* Puts a TLS connection that was just set up into log and audit log. */
void session_note_tls(const struct session *, enum audit_side);

#endif
