/*
 * A message as scoring rules see it: headers decoded, text rendered, addresses found. What SpamAssassin's rules see, as
 * far as rules can tell, so that they mean the same here.
 *
 * The message may be hostile. The work is bounded by its size times small constants (see mime.h, uri_forms.h and
 * below), none of it recursive but MIME's MIME_DEPTH_MAX levels.
 */
#ifndef RULES_MAIL_MAIL_H
#define RULES_MAIL_MAIL_H

#include "base/arena.h"
#include "rules/mail/mail_header.h"
#include "rules/mail/mail_settings.h"
#include "rules/mail/mime.h"
#include "rules/mail/uri.h"

enum {
    MAIL_LINE_MAX = 2048, /* octets of a line of `body`; a piece of `rawbody` has up to twice that */
    MAIL_URIS_MAX = 5000, /* addresses that are looked at */
};

/* All line ends are LF. The spans live until mail_free(). */
struct mail {
    const struct mail_settings *settings;
    struct span                 full;    /* the message, without X-Spam-... fields and a "From " line in front */
    struct span                 head;    /* its header block, with the empty line */
    struct span                 text;    /* what follows that, as it came */
    struct mail_headers         headers; /* without X-Spam-... */
    struct mail_header_flaws    flaws;
    struct mime_parts           parts; /* all of MIME's tree */
    struct spans       body;    /* the Subject, then paragraphs of rendered text, a line each, white space collapsed */
    struct spans       rawbody; /* the text parts without their transfer encoding, HTML with its tags, in pieces */
    struct spans       uris;    /* the addresses in text and HTML, and their plainer forms; each once, in no order */
    struct uri_details uri_details; /* where those were found, and what hosts they have */
    struct mail_memo  *memo;        /* what is found out when asked for: relays.h, envelope.h */
    struct arena       arena;
    bool               cut;  /* the end of the message is not here: what is missing is no fault of the message */
    struct mail_work  *work; /* what mail_go_on() has in hand; NULL: it is done */
};

/* Makes the tables that this part looks things up in: once, in the master. mail_parse() does it if nobody has. */
void mail_start(void);

/*
 * Fills `mail`; `text`, with LF or CR LF line ends, is copied. The settings live longer than the mail; NULL:
 * mail_settings_default().
 */
void mail_parse(struct mail *, const struct mail_settings *, struct span text);

/* As mail_parse(), of a message that goes on behind `text`: what ends too early because of that is not among its flaws.
 */
void mail_parse_cut(struct mail *, const struct mail_settings *, struct span text);

/*
 * The same in turns (base/budget.h): mail_begin(), then mail_go_on() until that is true, which it is not where the turn
 * has had its slice. mail_free() at any time.
 */
void mail_begin(struct mail *, const struct mail_settings *, struct span text, bool cut);
bool mail_go_on(struct mail *);

/* Gives the memory back; the mail is {0} again. */
void mail_free(struct mail *);

#endif
