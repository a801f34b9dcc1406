/*
 * The unique ids (RFC 1939, 7) of the messages of one session, as they pass in answers to UIDL. Bounded: past
 * UIDL_OCTETS_MAX the last further id alone is remembered, so that whoever needs more asks for them one by one.
 */
#ifndef PROXY_POP3_UIDL_H
#define PROXY_POP3_UIDL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { UIDL_OCTETS_MAX = 1024 * 1024 };

struct uidl_table; /* made by the first uidl_add(), NULL before */

/*
 * Takes "NUMBER ID" (a line of the listing, or the text of a status line), without its line end. Others are ignored,
 * and so is a second id for a number: ids do not change within a session.
 */
void uidl_add(struct uidl_table **, struct span line);

/* The id of message `number`, valid until the next uidl_add(); NULL if it is not known. The table may be NULL. */
const char *uidl_find(const struct uidl_table *, uint64_t number);

/*
 * Has another message the same id, as far as this session knows? A server that is wrong about that is rare; the last
 * further id is compared with those that fit alone.
 */
bool uidl_is_shared(struct uidl_table *, uint64_t number);

/* A message whose id is known was deleted. uidl_next_deleted() returns the first behind `number`, 0: there is none;
 * uidl_undelete() forgets all. Further ids are not remembered so. */
void     uidl_delete(struct uidl_table *, uint64_t number);
uint64_t uidl_next_deleted(const struct uidl_table *, uint64_t number);
void     uidl_undelete(struct uidl_table *);

/* Was there an id that did not fit? */
bool uidl_is_full(const struct uidl_table *);

void uidl_free(struct uidl_table **);

#endif
