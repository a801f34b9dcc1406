/* UTF-8, a character at a time. */
#include <assert.h>

#include "base/count.h"
#include "base/utf8.h"

/*
 * Returns how many octets the character has that `first` begins, 0 if no character begins so; sets its smallest code,
 * and the bits of its code that `first` holds.
 */
static size_t
length(unsigned char first, unsigned *least, unsigned *bits)
{
    static const struct {
        unsigned char mask, lead;
        unsigned      least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

    for (size_t i = 0; i < COUNT_OF(forms); i++)
        if ((first & forms[i].mask) == forms[i].lead) {
            *least = forms[i].least;
            *bits  = first & (unsigned char)~forms[i].mask;
            return i + 1;
        }
    return 0;
}

size_t
utf8_read(struct span text, unsigned *code)
{
    unsigned least = 0, bits = 0;
    size_t   len;

    assert(text.len > 0);
    len = length((unsigned char)text.data[0], &least, &bits);
    if (len == 0 || len > text.len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        unsigned char next = (unsigned char)text.data[i];

        if ((next & 0xc0) != 0x80)
            return 0;
        bits = bits << 6 | (next & 0x3f);
    }
    *code = bits;
    return bits < least || bits > 0x10ffff || (bits >= 0xd800 && bits <= 0xdfff) ? 0 : len;
}

bool
utf8_acts(unsigned code)
{
    static const struct {
        unsigned first, last;
    } ranges[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     /* C0, DEL and C1 */
        {0x61c, 0x61c},   {0x200e, 0x200f}, /* marks of direction */
        {0x2028, 0x202e}, {0x2066, 0x2069}, /* separators, embeddings, overrides; isolates */
    };

    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}
