/*
 * Is a record one that a worker makes? A worker may have been taken over: who reads the audit log has to get JSON, one
 * object a line, whoever wrote it. Pure.
 */
#ifndef PROXY_AUDIT_AUDIT_CHECK_H
#define PROXY_AUDIT_AUDIT_CHECK_H

#include "base/span.h"

/*
 * Is it one line with its newline, an object of JSON that begins with the members "time", in the form of
 * clock_write_utc(), and "event"? All others have names of small letters, digits and _, of which none is one of these
 * two or "worker", which is the auditor's; their values are strings of well-formed UTF-8 without control characters,
 * numbers, true, false, or arrays of strings. No space stands between them. None is longer than AUDIT_LINE_MAX.
 */
bool audit_check(struct span line);

#endif
