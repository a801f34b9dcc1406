/*
 * One record of the audit log while it is written: a JSON object (RFC 8259) in one line. Its members stand in the order
 * in which they are added. What mail and peers say is made harmless, see proxy/audit/audit.h.
 *
 * A member's name is a literal in AUDIT_KEY(): it is written as it is.
 */
#ifndef PROXY_AUDIT_AUDIT_RECORD_H
#define PROXY_AUDIT_AUDIT_RECORD_H

#include <stdint.h>

#include "base/span.h"

#define AUDIT_KEY(name) SPAN(",\"" name "\":")

struct audit_record {
    char *start;
    char *at;  /* where the next octet goes */
    char *end; /* where there is no room any more */
    bool  cut; /* something did not fit */
};

/* Begins a record in `size` octets of memory. */
void audit_record_begin(struct audit_record *, char *memory, size_t size);

/* Ends it with its newline. Returns its length; 0 if it did not fit. */
size_t audit_record_end(struct audit_record *);

/* A text; one without data is left out. */
void audit_record_text(struct audit_record *, struct span key, struct span text);

/* A text of popgate's own that JSON can have as it is. */
void audit_record_word(struct audit_record *, struct span key, const char *word);

/* The items of `list`, which `separator` is between, as an array of texts. */
void audit_record_list(struct audit_record *, struct span key, struct span list, struct span separator);

/* A number; one beyond INT64_MAX is that. */
void audit_record_number(struct audit_record *, struct span key, uint64_t number);

/* A number with a decimal point, of 12 digits at most; one that is not finite is left out. */
void audit_record_decimal(struct audit_record *, struct span key, double number);

void audit_record_bool(struct audit_record *, struct span key, bool value);

#endif
