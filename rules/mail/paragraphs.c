/*
 * Most of a text are words with a space or a line end between: blocks of such are copied as they are, the line ends in
 * them made spaces. What is left are runs of white space, and octets beyond ASCII.
 */
#include "rules/mail/paragraphs.h"
#include "base/block.h"
#include "rules/mail/charset.h"

/* A run of white space. */
struct run {
    size_t len;
    size_t line_ends;
    size_t first, last; /* of the line ends: where they are */
};

static struct run
read_run(struct span text)
{
    struct run run = {.len = 0};
    size_t     one;

    for (; (one = charset_white_space(span_tail(text, run.len))) > 0; run.len += one)
        if (text.data[run.len] == '\n') {
            run.first = run.line_ends++ == 0 ? run.len : run.first;
            run.last  = run.len;
        }
    return run;
}

/* What it comes to: empty lines part paragraphs, anything else is a space. */
static char *
put_space(const struct run *run, char *to)
{
    if (run->line_ends < 2) {
        *to++ = ' ';
        return to;
    }
    if (run->first > 0)
        *to++ = ' ';
    *to++ = '\n';
    if (run->last + 1 < run->len)
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
        size_t     len = copy_words(to, text);
        struct run run;

        to += len;
        text = span_tail(text, len);
        run  = read_run(text);
        if (run.len > 0) {
            to   = put_space(&run, to);
            text = span_tail(text, run.len);
        } else if (text.len > 0) {
            *to++ = (char)(text.data[0] != '\0' ? text.data[0] : '\n');
            for (text = span_tail(text, 1); text.len > 0 && is_continuation(text.data[0]); text = span_tail(text, 1))
                *to++ = text.data[0];
        }
    }
    *to = '\0';
    lines->len += (size_t)(to - start);
}
