/*
 * The text of proxy.conf cut into words, strings and signs; and what stands in a word or a string. Pure, but for the
 * environment's values.
 *
 *     word      any octets but white space and # " ' = { } ( ) + , *; ${NAME} may be in it
 *     string    "..." with C's escapes and ${NAME}, or '...' with \' and \\; it ends in its line
 *     sign      += or one octet of those that end a word
 *     blank     white space, # and // up to the line's end, and from a slash with an asterisk to the same turned around
 */
#ifndef PROXY_CONFIG_CONFIG_TOKEN_H
#define PROXY_CONFIG_CONFIG_TOKEN_H

#include "base/bytes.h"

enum config_token_kind {
    CONFIG_TOKEN_END, /* of the text; again and again */
    CONFIG_TOKEN_WORD,
    CONFIG_TOKEN_STRING,
    CONFIG_TOKEN_SIGN,
    CONFIG_TOKEN_CUT, /* a string or a comment that does not end: nothing behind it can be read */
};

struct config_token {
    enum config_token_kind kind;
    struct span            text; /* as it is written, with its quotes */
    unsigned               line;
};

/* Where the reading is. Starts as {text, 1}; the text ends in NUL. */
struct config_lexer {
    const char *at;
    unsigned    line;
};

struct config_token config_token_next(struct config_lexer *);

/* Is the token that sign? */
static inline bool
config_token_is(const struct config_token *token, const char *sign)
{
    return token->kind == CONFIG_TOKEN_SIGN && span_equal(token->text, span_of(sign));
}

/* Is it a word or a string? */
static inline bool
config_token_is_text(const struct config_token *token)
{
    return token->kind == CONFIG_TOKEN_WORD || token->kind == CONFIG_TOKEN_STRING;
}

/*
 * Appends what a word or a string stands for. ${NAME} is the environment's value, and that of ${NAME:-VALUE} is VALUE
 * where the environment has none. 0; or -1 with the fault in `why`: an escape that is none, a name without a value.
 */
int config_token_value(const struct config_token *, struct bytes *value, struct bytes *why);

#endif
