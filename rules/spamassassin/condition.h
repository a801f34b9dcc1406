/* The conditions of "if" and "ifplugin" lines in rule files. Pure. */
#ifndef RULES_SPAMASSASSIN_CONDITION_H
#define RULES_SPAMASSASSIN_CONDITION_H

#include "rules/spamassassin/plugins.h"

/* The SpamAssassin whose language is spoken here, as conditions and require_version lines write it. */
#define CONDITION_VERSION "4.000001"

/*
 * Is it true? Operators as in meta rules (meta.h), numbers, version, perl_version, local_tests_only (true: there is no
 * network), plugin(CLASS), can(CLASS::METHOD), has(CLASS::METHOD). What cannot be read is false, with the reason
 * appended to `why`.
 */
bool condition_true(struct span text, const struct plugins *, struct bytes *why);

#endif
