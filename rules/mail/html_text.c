/* Words are looked at where two pieces meet. */
#include <glib.h>

#include "base/text.h"
#include "rules/mail/charset.h"
#include "rules/mail/html_text.h"

enum { PART_MAX = 7 }; /* characters of a parted word that count */

/* The characters next to where two pieces meet, from there on. */
struct edge {
    gunichar characters[PART_MAX + 1];
    size_t   count;
    bool     wide;
};

static bool
is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Neither white space nor a sign of ASCII. */
static bool
is_letter(gunichar c, bool wide)
{
    if (c < 0x80)
        return g_ascii_isalnum((gchar)c) || (!g_ascii_ispunct((gchar)c) && !text_is_space((char)c));
    return !wide || (!g_unichar_isspace(c) && c != 0x85 && g_unichar_type(c) != G_UNICODE_LINE_SEPARATOR &&
                     g_unichar_type(c) != G_UNICODE_PARAGRAPH_SEPARATOR);
}

/* Is it part of a word, as \w is? */
static bool
is_word(gunichar c, bool wide)
{
    if (c < 0x80)
        return g_ascii_isalnum((gchar)c) || c == '_';
    return wide && (g_unichar_isalnum(c) || g_unichar_ismark(c));
}

/* The character that starts at `at`. */
static gunichar
character_at(struct span text, size_t at)
{
    return (unsigned char)text.data[at] < 0x80 ? (gunichar)text.data[at]
                                               : g_utf8_get_char_validated(text.data + at, (gssize)(text.len - at));
}

static void
read_end_of(struct span text, bool wide, struct edge *edge)
{
    *edge = (struct edge){.wide = wide};
    for (size_t at = text.len; at > 0 && edge->count <= PART_MAX;) {
        do
            at--;
        while (at > 0 && is_continuation(text.data[at]));
        edge->characters[edge->count++] = character_at(text, at);
    }
}

static void
read_start_of(struct span text, bool wide, struct edge *edge)
{
    *edge = (struct edge){.wide = wide};
    for (size_t at = 0; at < text.len && edge->count <= PART_MAX;) {
        edge->characters[edge->count++] = character_at(text, at);
        do
            at++;
        while (at < text.len && is_continuation(text.data[at]));
    }
}

/* The longest run of letters at the edge, PART_MAX at most, that a word's boundary ends; 0: there is none. */
static size_t
part_length(const struct edge *edge)
{
    size_t letters = 0, len;

    while (letters < edge->count && letters < PART_MAX && is_letter(edge->characters[letters], edge->wide))
        letters++;
    for (len = letters; len > 0; len--) {
        bool inside  = is_word(edge->characters[len - 1], edge->wide);
        bool outside = len < edge->count && is_word(edge->characters[len], edge->wide);

        if (inside != outside)
            return len;
    }
    return 0;
}

/* Does the tag between the last piece and `text` part a word? */
static void
note_parted_word(struct html_text *text, struct span piece, bool wide)
{
    struct span before = span_tail(bytes_span(text->out), text->last);
    struct edge end, start;
    size_t      left, right;

    if (!text->any || before.len == 0 || text_is_space(before.data[before.len - 1]) || piece.len == 0 ||
        text_is_space(piece.data[0]))
        return;
    read_end_of(before, text->last_wide, &end);
    read_start_of(piece, wide, &start);
    text->obfuscation += is_letter(end.characters[0], end.wide) && is_letter(start.characters[0], start.wide);
    left  = part_length(&end);
    right = left > 0 ? part_length(&start) : 0;
    if (right > 0)
        text->backhair |= (uint64_t)1 << ((left - 1) * PART_MAX + right - 1);
}

static void
begin_piece(struct html_text *text, bool space, bool wide, bool invisible)
{
    text->last           = text->out->len;
    text->any            = true;
    text->last_space     = space;
    text->last_wide      = wide;
    text->last_invisible = invisible;
    text->wide |= wide;
}

void
html_text_add_space(struct html_text *text, const char *space)
{
    struct bytes *out = text->out;

    if (text->any && !text->last_space && !text->last_invisible && out->len > text->last &&
        out->data[out->len - 1] == ' ')
        out->len--;
    begin_piece(text, true, false, false);
    bytes_add(out, span_of(space));
}

/* A non-breaking space as it looks when its UTF-8 was taken for Latin-1 becomes a space, too. */
static const struct span mangled_space = {"\u00c2\u00a0", 4};

/* Appends the text with each run of white space a space; returns where it starts. */
static char *
add_squeezed(struct bytes *out, struct span text)
{
    char *start = bytes_reserve(out, text.len), *to = start;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c == '\xc3' && text.len - i >= mangled_space.len &&
            memcmp(text.data + i, mangled_space.data, mangled_space.len) == 0) {
            i += mangled_space.len - 1;
            *to++ = ' ';
        } else if (!text_is_space(c)) {
            *to++ = c;
        } else if (i == 0 || !text_is_space(text.data[i - 1])) {
            *to++ = ' ';
        }
    }
    out->len += (size_t)(to - start);
    return start;
}

void
html_text_add(struct html_text *text, struct span piece, bool wide, bool invisible)
{
    struct bytes *out    = text->out;
    bool          behind = text->any && text->last_space && !invisible;
    size_t        before = out->len;
    char         *start;

    note_parted_word(text, piece, wide);
    begin_piece(text, false, wide, invisible);
    start = add_squeezed(out, piece);
    if (!behind || out->len == before || *start != ' ')
        return;
    out->len--;
    memmove(start, start + 1, out->len - before);
}

size_t
html_text_count(struct span utf8)
{
    const uint64_t ones          = UINT64_C(0x0101010101010101);
    size_t         continuations = 0, i = 0;

    for (; utf8.len - i >= sizeof(ones); i += sizeof(ones)) {
        uint64_t octets;

        memcpy(&octets, utf8.data + i, sizeof(octets));
        continuations += (size_t)__builtin_popcountll(octets >> 7 & ~octets >> 6 & ones);
    }
    for (; i < utf8.len; i++)
        continuations += is_continuation(utf8.data[i]);
    return utf8.len - continuations;
}

/* A form feed is white space to \s alone. */
size_t
html_text_spaces(struct span utf8, bool wide)
{
    const char none   = wide ? '\0' : '\f';
    size_t     spaces = 0;

    for (size_t i = 0; i < utf8.len; i++)
        spaces += text_is_space(utf8.data[i]) && utf8.data[i] != none;
    for (size_t i = 0; wide && i < utf8.len; i++) {
        unsigned char c = (unsigned char)utf8.data[i];

        if (c >= 0xc2 && c <= 0xe3)
            spaces += charset_white_space(span_tail(utf8, i)) > 0;
    }
    return spaces;
}
