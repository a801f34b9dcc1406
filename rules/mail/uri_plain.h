/* Addresses written in odd ways, written plainly: what a browser makes of them. */
#ifndef RULES_MAIL_URI_PLAIN_H
#define RULES_MAIL_URI_PLAIN_H

#include "base/bytes.h"

/* How many octets "http:" or "https:" is that `uri` begins with; 0: it does not. */
size_t uri_web_scheme(struct span uri);

/* Is there an escape, "%41", in it? */
bool uri_has_escape(struct span uri);

/* Appends `uri` with the escapes of what can be shown decoded, and what cannot be shown escaped. */
void uri_decode_escapes(struct span uri, struct bytes *decoded);

/*
 * Appends `uri` with slashes the right way round, a scheme in front, escapes and character references decoded, a slash
 * behind the host. `straight` is empty before.
 */
void uri_straighten(struct span uri, struct bytes *straight);

/* Appends the dotted form of a host that is a number, or four numbers of any base. False if it is none. The data of
 * `host` ends in '\0'. */
bool uri_make_dotted(struct span host, struct bytes *dotted);

#endif
