/* The token in front of the data is searched for as a whole; what follows it is looked at octet by octet. */
#include "rules/mail/inline_data.h"

static const char token[] = ";base64,"; /* its first octet is not in it again */

enum { TOKEN = sizeof(token) - 1 };

/* How much of `text` is up to the end of a token that an earlier piece began; 0 if it does not go on so. */
static size_t
finish_token(struct inline_data *data, struct span text)
{
    size_t missing = TOKEN - data->matched, len = missing < text.len ? missing : text.len;

    if (data->matched == 0 || memcmp(text.data, token + data->matched, len) != 0) {
        data->matched = 0;
        return 0;
    }
    data->matched += len;
    data->inside = data->matched == TOKEN;
    return len;
}

/* Does the text end in the beginning of a token? */
static size_t
begun_token(struct span text)
{
    size_t      most = text.len < TOKEN - 1 ? text.len : TOKEN - 1;
    const char *from = most > 0 ? memchr(text.data + text.len - most, token[0], most) : NULL;
    size_t      len  = from != NULL ? (size_t)(text.data + text.len - from) : 0;

    return len > 0 && memcmp(from, token, len) == 0 ? len : 0;
}

/* The text up to the data behind the next token, or all of it. */
static size_t
find_data(struct inline_data *data, struct span text)
{
    size_t      len   = finish_token(data, text);
    const char *found = NULL;

    if (len > 0)
        return len;
    found         = memmem(text.data, text.len, token, TOKEN);
    data->inside  = found != NULL;
    data->matched = found != NULL ? 0 : begun_token(text);
    return found != NULL ? (size_t)(found - text.data) + TOKEN : text.len;
}

static bool
goes_on(struct inline_data *data, char c)
{
    bool line_end = c == '\r' || c == '\n';

    if (line_end ? data->last != '='
                 : !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
                     c == '/' || c == '=' || c == '%'))
        return false;
    if (c != '\r')
        data->last = c;
    return true;
}

static size_t
data_length(struct inline_data *data, struct span text)
{
    size_t len = 0;

    while (len < text.len && goes_on(data, text.data[len]))
        len++;
    return len;
}

bool
inline_data_next(struct inline_data *data, struct span *text, struct span *kept)
{
    size_t len, room;

    if (text->len == 0)
        return false;
    if (data->inside) {
        len           = data_length(data, *text);
        room          = data->run < INLINE_DATA_KEPT ? INLINE_DATA_KEPT - data->run : 0;
        *kept         = span_head(*text, len < room ? len : room);
        data->inside  = len == text->len;
        data->run     = data->inside ? data->run + len : 0;
        data->matched = 0;
    } else {
        len        = find_data(data, *text);
        *kept      = span_head(*text, len);
        data->last = '\0';
    }
    *text = span_tail(*text, len);
    return true;
}
