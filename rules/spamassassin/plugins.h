/*
 * Which of SpamAssassin's plugins are here, and on: what loadplugin, ifplugin, can() and has() speak of. Those in
 * rules/eval/ and a few whose work is done in rules/ itself.
 *
 * All are on, until a file that chooses, one of *.pre, has a loadplugin line: from then on those that such lines name,
 * there or in any other file.
 */
#ifndef RULES_SPAMASSASSIN_PLUGINS_H
#define RULES_SPAMASSASSIN_PLUGINS_H

#include <stdbool.h>

#include "base/bytes.h"
#include "rules/eval/eval.h"

struct plugins;

struct plugins *plugins_new(void);

/* Frees them and sets them to NULL. It may be NULL. */
void plugins_free(struct plugins **);

/* "loadplugin Mail::SpamAssassin::Plugin::NAME [FILE]", in a file that chooses or not: a plugin that is not here stays
 * away. */
void plugins_load(struct plugins *, struct span value, bool chooses);

/* Is the plugin of this class on? "Mail::SpamAssassin::Plugin::HTMLEval" */
bool plugins_on(const struct plugins *, struct span class);

/* The last part of a class's name. */
struct span plugins_short(struct span class);

/* The same by its short name, "HTMLEval". */
bool plugins_on_short(const struct plugins *, struct span name);

/* "enable_compat NAME": can(Mail::SpamAssassin::Conf::compat_NAME) is true from now on. */
void plugins_enable(struct plugins *, struct span name);

/* can(CLASS::METHOD) and, with `has`, has(CLASS::METHOD), where functions of rules count as well. */
bool plugins_can(const struct plugins *, struct span method, bool has);

#endif
