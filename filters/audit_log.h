/*
 * The module "audit-log": has every message recorded, and finds out what only the text can tell: Message-ID, From,
 * Subject and a digest. It writes nothing itself; the session does, from struct message_report. Behind a filter that
 * rewrites the text, the digest is that of the rewritten text.
 */
#ifndef FILTERS_AUDIT_LOG_H
#define FILTERS_AUDIT_LOG_H

#include "filters/filter.h"

extern const struct filter_module audit_log_module;

#endif
