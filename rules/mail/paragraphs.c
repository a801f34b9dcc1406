/*
 * Most of a text are words with a space or a line end between: blocks of such are copied as they are, the line ends in
 * them made spaces. What is left are runs of white space, and octets beyond ASCII.
 */
#include "rules/mail/paragraphs.h"
#include "base/block.h"
#include "rules/mail/charset.h"

static size_t
white_space_length(struct span text)
{
    size_t len = 0, one;

    while ((one = charset_white_space(span_tail(text, len))) > 0)
        len += one;
    return len;
}

/* What a run of white space comes to: empty lines part paragraphs, anything else is a space. */
static char *
put_space(struct span run, char *to)
{
    const char *first = memchr(run.data, '\n', run.len), *last = memrchr(run.data, '\n', run.len);

    if (first == last) {
        *to++ = ' ';
        return to;
    }
    if (first > run.data)
        *to++ = ' ';
    *to++ = '\n';
    if (last + 1 < run.data + run.len)
        *to++ = ' ';
    return to;
}

/* An octet of UTF-8 that no character begins with, nor white space therefore. */
static bool
is_continuation(char octet)
{
    return ((unsigned char)octet & 0xc0) == 0x80;
}

/*
 * Copies up to the first octet that is neither a sign of ASCII nor a space or line end in front of one; returns how far
 * it came. There is room for all of the text.
 */
FOR_THIS_PROCESSOR static size_t
copy_words(char *to, struct span text)
{
    size_t at = 0;

    while (text.len - at > BLOCK) {
        block        here, marks;
        signed_block letters, behind;

        memcpy(&here, text.data + at, BLOCK);
        memcpy(&letters, text.data + at, BLOCK);
        memcpy(&behind, text.data + at + 1, BLOCK);
        marks = (block)((letters > ' ') | (((here == ' ') | (here == '\n')) & (behind > ' ')));
        marks = ~marks;
        here ^= (block)(here == '\n') & (uint8_t)('\n' ^ ' ');
        memcpy(to + at, &here, BLOCK);
        if (block_any(&marks))
            return at + block_first(&marks);
        at += BLOCK;
    }
    for (; at < text.len && text.data[at] > ' '; at++)
        to[at] = text.data[at];
    return at;
}

void
paragraphs_collapse(struct span text, struct bytes *lines)
{
    char *start = bytes_reserve(lines, text.len), *to = start;

    while (text.len > 0) {
        size_t len = copy_words(to, text), space;

        to += len;
        text  = span_tail(text, len);
        space = white_space_length(text);
        if (space > 0) {
            to   = put_space(span_head(text, space), to);
            text = span_tail(text, space);
        } else if (text.len > 0) {
            *to++ = (char)(text.data[0] != '\0' ? text.data[0] : '\n');
            for (text = span_tail(text, 1); text.len > 0 && is_continuation(text.data[0]); text = span_tail(text, 1))
                *to++ = text.data[0];
        }
    }
    *to = '\0';
    lines->len += (size_t)(to - start);
}
