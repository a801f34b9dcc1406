/* Words are looked at where two pieces meet. */
#include <glib.h>

#include "rules/mail/charset.h"
#include "rules/mail/html_text.h"

enum { PART_MOST = 7 }; /* characters of a parted word that count */

/* The characters next to where two pieces meet, from there on. */
struct edge {
    gunichar characters[PART_MOST + 1];
    size_t   count;
    bool     wide;
};

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

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
        return g_ascii_isalnum((gchar)c) || (!g_ascii_ispunct((gchar)c) && !is_space((char)c));
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
    for (size_t at = text.len; at > 0 && edge->count <= PART_MOST;) {
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
    for (size_t at = 0; at < text.len && edge->count <= PART_MOST;) {
        edge->characters[edge->count++] = character_at(text, at);
        do
            at++;
        while (at < text.len && is_continuation(text.data[at]));
    }
}

/* The longest run of letters at the edge, PART_MOST at most, that a word's boundary ends; 0: there is none. */
static size_t
part_length(const struct edge *edge)
{
    size_t letters = 0, len;

    while (letters < edge->count && letters < PART_MOST && is_letter(edge->characters[letters], edge->wide))
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
    struct span before = span_tail(bytes_span(text->text), text->last);
    struct edge end, start;
    size_t      left, right;

    if (!text->any || before.len == 0 || is_space(before.data[before.len - 1]) || piece.len == 0 ||
        is_space(piece.data[0]))
        return;
    read_end_of(before, text->last_wide, &end);
    read_start_of(piece, wide, &start);
    text->obfuscation += is_letter(end.characters[0], end.wide) && is_letter(start.characters[0], start.wide);
    left  = part_length(&end);
    right = left > 0 ? part_length(&start) : 0;
    if (right > 0)
        text->backhair |= (uint64_t)1 << ((left - 1) * PART_MOST + right - 1);
}

static void
begin_piece(struct html_text *text, bool space, bool wide, bool invisible)
{
    text->last           = text->text->len;
    text->any            = true;
    text->last_space     = space;
    text->last_wide      = wide;
    text->last_invisible = invisible;
    text->wide |= wide;
}

void
html_text_add_space(struct html_text *text, const char *space)
{
    struct bytes *out = text->text;

    if (text->any && !text->last_space && !text->last_invisible && out->len > text->last &&
        out->data[out->len - 1] == ' ')
        out->len--;
    begin_piece(text, true, false, false);
    bytes_add(out, span_of(space));
}

/* The length of the white space at the front that becomes one space: ASCII's; or a non-breaking space, as it looks when
 * its UTF-8 was taken for Latin-1. */
static size_t
space_length(struct span text)
{
    static const struct span mangled = {"\u00c2\u00a0", 4};
    size_t                   len     = 0;

    while (len < text.len && is_space(text.data[len]))
        len++;
    if (len == 0 && text.len >= mangled.len && memcmp(text.data, mangled.data, mangled.len) == 0)
        return mangled.len;
    return len;
}

void
html_text_add(struct html_text *text, struct span piece, bool wide, bool invisible)
{
    struct bytes *out   = text->text;
    bool          drop  = text->any && text->last_space && !invisible;
    size_t        first = space_length(piece);

    note_parted_word(text, piece, wide);
    begin_piece(text, false, wide, invisible);
    if (drop)
        piece = span_tail(piece, first);
    while (piece.len > 0) {
        size_t space = space_length(piece), len = 0;

        if (space > 0)
            bytes_add_char(out, ' ');
        piece = span_tail(piece, space);
        while (len < piece.len && !is_space(piece.data[len]) && (len == 0 || piece.data[len] != '\xc3'))
            len++;
        if (len > 0 && space_length(piece) == 0) {
            bytes_add(out, span_head(piece, len));
            piece = span_tail(piece, len);
        }
    }
}

size_t
html_text_count(struct span text, bool wide, size_t *spaces)
{
    size_t characters = 0;

    *spaces = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        characters += !is_continuation((char)c);
        if (c < 0x80)
            *spaces += c == ' ' || (c >= '\t' && c <= '\r' && (wide || c != '\f'));
        else if (wide && c < 0xe4 && !is_continuation((char)c))
            *spaces += charset_white_space(span_tail(text, i)) > 0;
    }
    return characters;
}
