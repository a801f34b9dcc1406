/*
 * The addresses of a mail, where they were found and what is to be seen in them: what SpamAssassin's
 * get_uri_detail_list() tells its plugins.
 */
#ifndef RULES_MAIL_URI_H
#define RULES_MAIL_URI_H

#include "base/arena.h"
#include "rules/mail/mail_settings.h"

/* Where an address was found: in text, in these elements of HTML, or in a signature. Bits. */
enum uri_type {
    URI_PARSED     = 1 << 0, /* in the text */
    URI_UNLINKED   = 1 << 1, /* there, and no mail program would make a link of it */
    URI_SCHEMELESS = 1 << 2, /* there, without a scheme */
    URI_A          = 1 << 3,
    URI_AREA       = 1 << 4,
    URI_BASE       = 1 << 5,
    URI_BGSOUND    = 1 << 6,
    URI_BODY       = 1 << 7,
    URI_EMBED      = 1 << 8,
    URI_FORM       = 1 << 9,
    URI_FRAME      = 1 << 10,
    URI_IFRAME     = 1 << 11,
    URI_IMG        = 1 << 12,
    URI_LINK       = 1 << 13,
    URI_META       = 1 << 14,
    URI_SCRIPT     = 1 << 15,
    URI_TABLE      = 1 << 16,
    URI_TD         = 1 << 17,
    URI_TR         = 1 << 18,
    URI_DOMAINKEYS = 1 << 19, /* "domainkeys:" and the domain that signed the mail */
    URI_NOCANON    = 1 << 20, /* it has no plainer forms */
    URI_NOCLEAN    = 1 << 21, /* it is not among those that uri rules see */
};

enum { URI_TYPES = 22 };

/* What rules call a type: "parsed", "a"; by the number of its bit. */
extern const char *const uri_type_names[URI_TYPES];

/* What SpamAssassin has of an address: of those in text the octets; of links the characters, and if there is more in
 * the HTML than Latin-1 letters by reference, their octets in UTF-8 as well, where it asks for these. */
enum uri_letters { URI_OCTETS, URI_CHARACTERS, URI_WIDE };

/* An address in one text: all its places there together. */
struct uri_place {
    struct span        raw;   /* as it stands there, with a scheme in front if it was found in text */
    unsigned           types; /* of enum uri_type; 0: an <a> has it that leads elsewhere, seen from the <base> */
    const struct span *texts; /* the texts of the <a> that have it */
    size_t             text_count;
    enum uri_letters   letters;
};

/* Starts as {0}. */
struct uri_places {
    struct uri_place *items;
    size_t            count;
    size_t            capacity;
};

void uri_places_add(struct uri_places *, struct uri_place);
void uri_places_free(struct uri_places *);

/* Both in lower case, IDNs in their ASCII form (RFC 5891). */
struct uri_host {
    struct span host;
    struct span domain; /* that somebody registered; of an IP address, itself */
};

/* An address in all of the mail. */
struct uri_detail {
    struct uri_place       place;   /* of all texts together */
    const struct span     *cleaned; /* itself and its plainer forms (uri_forms.h); none with URI_NOCLEAN */
    size_t                 cleaned_count;
    const struct uri_host *hosts; /* the hosts in those, each once */
    size_t                 host_count;
};

/* By `raw`. Starts as {0}. */
struct uri_details {
    struct uri_detail *items;
    size_t             count;
    size_t             capacity;
    bool               truncated; /* one was longer than URI_LENGTH_MAX */
    size_t             looked_at; /* addresses, */
    size_t             next;      /* and the place that comes next */
};

/*
 * What `places` come to, which are sorted for it. Those that were found in text (URI_PARSED) or in a signature count
 * only if they have a host. No more than `most` addresses are looked at. All the details point to lives in the arena,
 * or in the places. False: the turn has had its slice (base/budget.h), and this is to be called again.
 */
bool
uri_details_fill(struct uri_details *, struct uri_places *, const struct mail_settings *, struct arena *, size_t most);

void uri_details_free(struct uri_details *);

#endif
