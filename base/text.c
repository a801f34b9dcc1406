/* Lines, and their words, signs and numbers. */
#include "base/text.h"

struct span
text_next_line(struct span *rest)
{
    struct span line = text_line(*rest);

    *rest = span_tail(*rest, line.len);
    return line;
}

struct span
text_next_word(struct span *rest)
{
    struct span word;
    size_t      len = 0;

    while (rest->len > 0 && rest->data[0] == ' ')
        *rest = span_tail(*rest, 1);
    while (len < rest->len && rest->data[len] != ' ')
        len++;
    if (len == 0)
        return (struct span){0};
    word  = span_head(*rest, len);
    *rest = span_tail(*rest, len);
    return word;
}

struct span
text_next_token(struct span *rest)
{
    struct span text = text_trim_start(*rest);
    size_t      len  = 0;

    while (len < text.len && !text_is_space(text.data[len]))
        len++;
    *rest = text_trim(span_tail(text, len));
    return span_head(text, len);
}

bool
text_accept(struct span *rest, char sign)
{
    *rest = text_trim_start(*rest);
    if (rest->len == 0 || rest->data[0] != sign)
        return false;
    *rest = span_tail(*rest, 1);
    return true;
}

bool
text_read_number(struct span word, uint64_t least, uint64_t most, uint64_t *number)
{
    uint64_t value = 0;

    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] < '0' || word.data[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(word.data[i] - '0');
        if (value > most)
            return false;
    }
    if (word.len == 0 || value < least)
        return false;
    *number = value;
    return true;
}

bool
text_has_control(struct span span)
{
    for (size_t i = 0; i < span.len; i++)
        if (text_is_control(span.data[i]))
            return true;
    return false;
}

bool
text_is_blank(struct span text)
{
    return text_trim_start(text).len == 0;
}

struct span
text_trim_start(struct span text)
{
    while (text.len > 0 && text_is_space(text.data[0]))
        text = span_tail(text, 1);
    return text;
}

struct span
text_trim(struct span text)
{
    while (text.len > 0 && text_is_space(text.data[text.len - 1]))
        text.len--;
    return text_trim_start(text);
}

struct span
text_number(uint64_t number, char room[TEXT_NUMBER_SIZE])
{
    size_t first = TEXT_NUMBER_SIZE;

    do
        room[--first] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return (struct span){room + first, TEXT_NUMBER_SIZE - first};
}

typedef signed char block __attribute__((vector_size(16)));
typedef uint64_t    pair __attribute__((vector_size(16)));

/* Are all sixteen octets plain? (Of a shorter text some come twice.) Octets beyond ASCII are negative. */
static inline bool
are_plain(uint64_t low, uint64_t high, char but, char nor)
{
    const pair  both  = {low, high};
    const block these = (block)both;
    const pair  marks = (pair)((these < ' ') | (these == 0x7f) | (these == but) | (these == nor));

    return (marks[0] | marks[1]) == 0;
}

static inline bool
is_plain(char c, char but, char nor)
{
    return (signed char)c >= ' ' && c != 0x7f && c != but && c != nor;
}

static inline uint64_t
eight_at(const char *octets)
{
    uint64_t eight;

    memcpy(&eight, octets, sizeof(eight));
    return eight;
}

/* At the end the eights overlap those before. */
size_t
text_plain_length(struct span text, char but, char nor)
{
    const char *at   = text.data;
    size_t      left = text.len;

    for (; left > 16 && are_plain(eight_at(at), eight_at(at + 8), but, nor); left -= 16)
        at += 16;
    if (left <= 16 && text.len >= 8) {
        const char *last = at + left - 8;

        if (are_plain(eight_at(at < last ? at : last), eight_at(last), but, nor))
            return text.len;
    }
    for (; left > 0 && is_plain(*at, but, nor); left--)
        at++;
    return text.len - left;
}
