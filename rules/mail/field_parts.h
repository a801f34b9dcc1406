/* What modifiers take out of fields: addresses, names, hosts, IP addresses. */
#ifndef RULES_MAIL_FIELD_PARTS_H
#define RULES_MAIL_FIELD_PARTS_H

#include "rules/mail/field.h"

/* Compiles the patterns: once, in the master. */
void field_parts_start(void);

/* Replaces the texts by what the field's modifiers want of them. New texts live in the arena. */
void field_parts_take(const struct field *, const struct registry *, struct spans *texts, struct arena *);

#endif
