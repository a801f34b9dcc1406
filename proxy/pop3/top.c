/* Lines are counted. */
#include "proxy/pop3/top.h"

enum { NOTHING, A_CR, MORE };

/* Takes one line or a part of one; true if it is the empty line that ends the header. */
static bool
is_end_of_header(struct top *top, struct span line, bool whole)
{
    for (size_t i = 0; i < line.len && top->seen != MORE; i++)
        top->seen = line.data[i] == '\r' && top->seen == NOTHING ? A_CR : MORE;
    if (!whole)
        return false;
    if (top->seen != MORE)
        return true;
    top->seen = NOTHING;
    return false;
}

size_t
top_read(struct top *top, struct span text)
{
    struct span rest = text;

    while (rest.len > 0 && !top->done) {
        const char *newline = memchr(rest.data, '\n', rest.len);
        size_t      len     = newline != NULL ? (size_t)(newline - rest.data) : rest.len;

        if (!top->body)
            top->body = is_end_of_header(top, span_head(rest, len), newline != NULL);
        else
            top->lines -= newline != NULL;
        top->done = top->body && top->lines == 0;
        rest      = span_tail(rest, newline != NULL ? len + 1 : len);
    }
    return text.len - rest.len;
}
