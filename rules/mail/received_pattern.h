/* Forms of received_forms.h as patterns, and what their groups are. */
#ifndef RULES_MAIL_RECEIVED_PATTERN_H
#define RULES_MAIL_RECEIVED_PATTERN_H

#include "rules/mail/received_forms.h"

enum { RECEIVED_GROUPS_MAX = 8 };

struct received_pattern {
    struct regex *regex;
    char          letters[RECEIVED_GROUPS_MAX + 1]; /* of its groups, by number from 1; '\0' behind the last */
};

/* Compiles a form. It is part of the program: one that cannot be ends it. */
void received_pattern_compile(struct received_pattern *, const char *form);

#define RECEIVED_NUMBER "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
#define RECEIVED_IPV4 RECEIVED_NUMBER "\\." RECEIVED_NUMBER "\\." RECEIVED_NUMBER "\\." RECEIVED_NUMBER
#define RECEIVED_IPV6(address)                                                                                         \
    "(?:(?i:IPv6:)|(?<![a-fA-F0-9:]))" address "(?![a-fA-F0-9:])" /* IPv6 takes 45 octets at most (RFC 4291, 2.2) */

/* An IP address as a regular expression; of IPv6 what it finds still has to be read by network_address_read(). */
#define RECEIVED_ADDRESS "(?:\\b(?<!:)" RECEIVED_IPV4 "\\b|" RECEIVED_IPV6("(?=[a-fA-F0-9.]*:)[a-fA-F0-9:.]{2,45}") ")"

#endif
