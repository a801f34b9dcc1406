/* What descriptors carry, and whether that is as much as proxy.conf asks for. */
#ifndef PROXY_CONFIG_CONFIG_LIMITS_H
#define PROXY_CONFIG_CONFIG_LIMITS_H

#include "proxy/config/config.h"
#include "proxy/config/config_section.h"

/*
 * How many sessions a worker's descriptors carry (the hard limit of RLIMIT_NOFILE, to which the master raises the soft
 * one): two sockets for each, beside those it has anyway and a reserve for messages that wait in files, for logs, and
 * for a last word to those who are turned away. At least 1.
 */
size_t config_limits_capacity(const struct config *);

/* Notes it if that is less than a section's max_sessions, or very little. */
void config_limits_check(struct config_loader *);

#endif
