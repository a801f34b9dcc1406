/* One pass through the text, which is not changed. */
#include <ctype.h>
#include <stdlib.h>

#include "base/memory.h"
#include "proxy/config/config_token.h"

/* The blanks in front of the next piece; false if a comment among them has no end, which `at` is then left at. */
static bool
skip_blanks(const char **at)
{
    for (;;) {
        const char *end;

        *at += strspn(*at, " \t\r\n");
        if (**at == '#' || strncmp(*at, "//", 2) == 0) {
            *at += strcspn(*at, "\n");
        } else if (strncmp(*at, "/*", 2) == 0) {
            end = strstr(*at + 2, "*/");
            if (end == NULL)
                return false;
            *at = end + 2;
        } else {
            return true;
        }
    }
}

/* The ${NAME} that the text begins with: its length, 0: it does not. */
static size_t
variable_length(const char *text)
{
    size_t len = strcspn(text, "}\n");

    return strncmp(text, "${", 2) == 0 && text[len] == '}' ? len + 1 : 0;
}

static size_t
word_length(const char *text)
{
    size_t len = 0, variable;

    while (text[len] != '\0' && strchr(" \t\r\n#\"'={}()+,*", text[len]) == NULL) {
        variable = variable_length(text + len);
        len += variable > 0 ? variable : 1;
    }
    return len;
}

/* It ends in its line: where a quote is missing, all quotes behind it mean the opposite. 0: it does not. */
static size_t
string_length(const char *text)
{
    const char *end = text + 1;

    for (; *end != '\0' && *end != '\n' && *end != text[0]; end++)
        if (*end == '\\' && end[1] != '\0')
            end++;
    return *end == text[0] ? (size_t)(end + 1 - text) : 0;
}

static enum config_token_kind
measure(const char *text, size_t *len)
{
    if (*text == '\0') {
        *len = 0;
        return CONFIG_TOKEN_END;
    }
    if (*text == '"' || *text == '\'') {
        *len = string_length(text);
        return *len > 0 ? CONFIG_TOKEN_STRING : CONFIG_TOKEN_CUT;
    }
    *len = word_length(text);
    if (*len > 0)
        return CONFIG_TOKEN_WORD;
    *len = strncmp(text, "+=", 2) == 0 ? 2 : 1;
    return CONFIG_TOKEN_SIGN;
}

static void
count_lines(struct config_lexer *lexer, const char *from)
{
    for (; from < lexer->at; from++)
        lexer->line += *from == '\n';
}

struct config_token
config_token_next(struct config_lexer *lexer)
{
    struct config_token token = {.kind = CONFIG_TOKEN_CUT};
    const char         *from  = lexer->at;
    bool                whole = skip_blanks(&lexer->at);

    count_lines(lexer, from);
    token.line      = lexer->line;
    token.text.data = lexer->at;
    if (whole)
        token.kind = measure(lexer->at, &token.text.len);
    lexer->at += token.text.len;
    count_lines(lexer, token.text.data);
    return token;
}

/* The environment's value for the NAME or NAME:-VALUE that `inside` is. */
static int
add_variable(struct span inside, struct bytes *value, struct bytes *why)
{
    const char *other = memmem(inside.data, inside.len, ":-", 2);
    size_t      len   = other != NULL ? (size_t)(other - inside.data) : inside.len;
    char       *name  = memory_copy_span(span_head(inside, len));
    const char *found = getenv(name);

    if (found != NULL)
        bytes_add(value, span_of(found));
    else if (other != NULL)
        bytes_add(value, span_tail(inside, len + 2));
    else
        bytes_printf(why, "the environment has no %s: ${%s:-VALUE} has a value without it", name, name);
    free(name);
    return found != NULL || other != NULL ? 0 : -1;
}

/* A character by its number, \101 or \x41. The escape's length; 0 with the fault, as of the NUL that no text holds. */
static size_t
add_number(const char *escape, struct bytes *value, struct bytes *why)
{
    bool          hexadecimal = escape[1] == 'x';
    const char   *digits      = escape + 1 + hexadecimal;
    size_t        len         = strspn(digits, hexadecimal ? "0123456789abcdefABCDEF" : "0123456789");
    char          copy[4]     = "", *end;
    unsigned long number;

    if (hexadecimal && len > 2)
        len = 2;
    memcpy(copy, digits, len < sizeof(copy) ? len : sizeof(copy) - 1);
    number = strtoul(copy, &end, hexadecimal ? 16 : 8);
    if (len >= sizeof(copy) || *end != '\0' || number == 0 || number > 0xff) {
        bytes_printf(why, "invalid %s number '\\%.*s'", hexadecimal ? "hexadecimal" : "octal", (int)len + hexadecimal,
                     escape + 1);
        return 0;
    }
    bytes_add_char(value, (char)number);
    return (size_t)(digits - escape) + len;
}

/* What a backslash begins within double quotes: its length; 0 with the fault. A line that ends in one goes on. */
static size_t
add_escape(const char *escape, struct bytes *value, struct bytes *why)
{
    static const char names[] = "abefnrtv", octets[] = "\a\b\x1b\f\n\r\t\v";
    const char       *name = strchr(names, escape[1]);

    if (isdigit((unsigned char)escape[1]) || (escape[1] == 'x' && isxdigit((unsigned char)escape[2])))
        return add_number(escape, value, why);
    if (name != NULL)
        bytes_add_char(value, octets[name - names]);
    else if (escape[1] != '\n')
        bytes_add_char(value, escape[1]);
    return 2;
}

/* The same within single quotes, where a backslash stands for itself in front of all but these three. */
static size_t
add_plain_escape(const char *escape, struct bytes *value)
{
    bool hides = escape[1] == '\\' || escape[1] == '\'';

    if (escape[1] == '\n')
        return 2;
    bytes_add_char(value, hides ? escape[1] : '\\');
    return hides ? 2 : 1;
}

/* `quote` is 0 in a word. The length of what is added; 0 with the fault. */
static size_t
add_piece(struct span text, char quote, struct bytes *value, struct bytes *why)
{
    size_t len = quote != '\'' ? variable_length(text.data) : 0;

    if (len > 0 && len <= text.len)
        return add_variable((struct span){text.data + 2, len - 3}, value, why) == 0 ? len : 0;
    if (text.data[0] == '\\' && quote == '"')
        return add_escape(text.data, value, why);
    if (text.data[0] == '\\' && quote == '\'')
        return add_plain_escape(text.data, value);
    bytes_add_char(value, text.data[0]);
    return 1;
}

int
config_token_value(const struct config_token *token, struct bytes *value, struct bytes *why)
{
    bool        quoted = token->kind == CONFIG_TOKEN_STRING;
    struct span text   = token->text;
    size_t      len    = 1;

    if (quoted)
        text = (struct span){text.data + 1, text.len - 2};
    bytes_add(value, SPAN("")); /* a value is a C string, and so is an empty one */
    for (; text.len > 0 && len > 0; text = span_tail(text, len))
        len = add_piece(text, quoted ? token->text.data[0] : '\0', value, why);
    return len > 0 ? 0 : -1;
}
