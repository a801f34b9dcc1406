/*
 * An IP address in text, for patterns made of literals: IPv4 in decimal, IPv6 in the forms of RFC 4291, 2.2, perhaps
 * with "IPv6:" in front (RFC 5321, 4.1.3). Not a part of a longer number.
 */
#ifndef RULES_EVAL_IP_PATTERN_H
#define RULES_EVAL_IP_PATTERN_H

#define IP_PATTERN_BYTE "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
#define IP_PATTERN_V4 "(?:" IP_PATTERN_BYTE "\\.){3}" IP_PATTERN_BYTE
#define IP_PATTERN_GROUP "[a-f0-9]{1,4}"

/* Groups around a "::", if any. */
#define IP_PATTERN_SHORT "(?:" IP_PATTERN_GROUP "(?::" IP_PATTERN_GROUP ")*)?::"

/* All eight groups; or a "::" among less; or either with the last two groups in IPv4's form. */
#define IP_PATTERN_V6                                                                                                  \
    "(?:(?:" IP_PATTERN_GROUP ":){6}" IP_PATTERN_V4 "|(?!:*(?:" IP_PATTERN_GROUP ":+){6})" IP_PATTERN_SHORT            \
    "(?:" IP_PATTERN_GROUP ":)*" IP_PATTERN_V4 "|(?:" IP_PATTERN_GROUP ":){7}" IP_PATTERN_GROUP                        \
    "|(?!:*(?:" IP_PATTERN_GROUP ":+){7}" IP_PATTERN_GROUP ")" IP_PATTERN_SHORT "(?:" IP_PATTERN_GROUP                 \
    "(?::" IP_PATTERN_GROUP ")*)?)"

#define IP_PATTERN "(?i:\\b(?<!:)" IP_PATTERN_V4 "\\b|(?:IPv6:|(?<![a-f0-9:]))" IP_PATTERN_V6 "(?![a-f0-9:]))"

#endif
