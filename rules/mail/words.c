/* Encoded words are taken apart by hand in one pass; GLib makes base64. */
#include <ctype.h>
#include <glib.h>

#include "base/count.h"
#include "base/text.h"
#include "rules/mail/charset.h"
#include "rules/mail/words.h"

enum { WORD_OCTETS = 45 }; /* of text in an encoded word that we write: it has 75 octets at most (RFC 2047, 2) */

struct word {
    struct span charset;
    char        encoding; /* 'b' or 'q' */
    struct span text;
    size_t      len; /* of all of it, =? and ?= included */
};

static int
hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : isxdigit((unsigned char)c) ? (c | 0x20) - 'a' + 10 : -1;
}

/* What an = in quoted-printable stands for: appended; returns the octets it takes. */
static size_t
decode_escape(struct span at, struct bytes *octets)
{
    if (at.len >= 3 && hex(at.data[1]) >= 0 && hex(at.data[2]) >= 0) {
        bytes_add_char(octets, (char)(hex(at.data[1]) * 16 + hex(at.data[2])));
        return 3;
    }
    bytes_add_char(octets, '=');
    return 1;
}

static void
decode_escapes(struct span text, struct bytes *octets)
{
    while (text.len > 0) {
        size_t plain = span_find(text, '=');

        bytes_add(octets, span_head(text, plain));
        text = span_tail(text, plain);
        if (text.len > 0)
            text = span_tail(text, decode_escape(text, octets));
    }
}

/* Appends the lines without white space at their ends, and those that end in = with the next. */
static void
join_soft_lines(struct span text, struct bytes *joined)
{
    while (text.len > 0) {
        const char *newline = memchr(text.data, '\n', text.len);
        size_t      len     = newline != NULL ? (size_t)(newline - text.data) : text.len;
        struct span line    = span_head(text, len);
        bool        cr      = newline != NULL && len > 0 && line.data[len - 1] == '\r';

        text = span_tail(text, newline != NULL ? len + 1 : len);
        line.len -= cr;
        while (newline != NULL && line.len > 0 && (line.data[line.len - 1] == ' ' || line.data[line.len - 1] == '\t'))
            line.len--;
        if (newline != NULL && line.len > 0 && line.data[line.len - 1] == '=') {
            bytes_add(joined, span_head(line, line.len - 1));
            continue;
        }
        bytes_add(joined, line);
        if (newline != NULL)
            bytes_add(joined, cr ? SPAN("\r\n") : SPAN("\n"));
    }
}

/* An escape may be cut in two by the end of a line. */
void
words_decode_quoted_printable(struct span text, struct bytes *octets)
{
    struct bytes joined = {0};

    join_soft_lines(text, &joined);
    decode_escapes(bytes_span(&joined), octets);
    bytes_free(&joined);
}

enum { BASE64_END = 64, BASE64_SPACE = 65, BASE64_OTHER = 66 };

/* What an octet is in base64: 0 to 63, or one of those above. */
static unsigned
base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    if (c == ' ' || (c >= '\t' && c <= '\r'))
        return BASE64_SPACE;
    return c == '+' ? 62 : c == '/' ? 63 : c == '=' ? BASE64_END : BASE64_OTHER;
}

/* What "=" stands for where it is not at the end: in clean base64 something else than among other octets. */
static unsigned
value_of_end(const unsigned char values[256], struct span text, size_t *count)
{
    bool clean = true;

    *count = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned value = values[(unsigned char)text.data[i]];

        *count += value <= BASE64_END;
        clean &= value != BASE64_OTHER;
    }
    return clean && *count % 4 == 0 ? 0 : 63;
}

/* As many whole octets as the digits make. */
void
words_decode_base64(struct span text, struct bytes *octets)
{
    static unsigned char values[256];
    char                *out;
    size_t               count, len = 0;
    unsigned             bits = 0, have = 0, end;

    if (values[0] == 0)
        for (int c = 0; c < 256; c++)
            values[c] = (unsigned char)base64_value((char)c);
    end = value_of_end(values, text, &count);
    while (text.len > 0 && values[(unsigned char)text.data[text.len - 1]] >= BASE64_END)
        text.len--;
    out = bytes_reserve(octets, count / 4 * 3 + 4);
    for (size_t i = 0; i < text.len; i++) {
        unsigned value = values[(unsigned char)text.data[i]];

        if (value > BASE64_END)
            continue;
        bits = bits << 6 | (value == BASE64_END ? end : value);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[len++] = (char)(bits >> have);
        }
    }
    octets->len += len;
    octets->data[octets->len] = '\0';
}

static void
decode_q(struct span text, struct bytes *octets)
{
    while (text.len > 0) {
        if (text.data[0] == '=') {
            text = span_tail(text, decode_escape(text, octets));
            continue;
        }
        bytes_add_char(octets, (char)(text.data[0] == '_' ? ' ' : text.data[0]));
        text = span_tail(text, 1);
    }
}

static bool
is_charset_octet(char c)
{
    return isalnum((unsigned char)c) || c == '*' || c == '_' || c == '-';
}

/* Is there an encoded word at the start of `text`? */
static bool
parse_word(struct span text, struct word *word)
{
    size_t      at = 2, start;
    const char *end;

    if (text.len < 8 || text.data[0] != '=' || text.data[1] != '?')
        return false;
    while (at < text.len && is_charset_octet(text.data[at]))
        at++;
    if (at == 2 || text.len - at < 4 || text.data[at] != '?' || text.data[at + 2] != '?')
        return false;
    word->charset  = (struct span){text.data + 2, at - 2};
    word->encoding = (char)tolower((unsigned char)text.data[at + 1]);
    start          = at + 3;
    end            = memchr(text.data + start, '?', text.len - start);
    if ((word->encoding != 'b' && word->encoding != 'q') || end == NULL || end + 1 == text.data + text.len ||
        end[1] != '=')
        return false;
    word->text = (struct span){text.data + start, (size_t)(end - text.data) - start};
    word->len  = (size_t)(end - text.data) + 2;
    return true;
}

/* The charset without the language behind an asterisk (RFC 2231, 5). */
static struct span
without_language(struct span charset)
{
    const char *asterisk = memchr(charset.data, '*', charset.len);

    return asterisk != NULL ? span_head(charset, (size_t)(asterisk - charset.data)) : charset;
}

static size_t
count_white_space(struct span text)
{
    size_t len = 0;

    while (len < text.len && isspace((unsigned char)text.data[len]))
        len++;
    return len;
}

static void
decode_word(const struct word *word, struct bytes *octets)
{
    if (word->encoding == 'b')
        words_decode_base64(word->text, octets);
    else
        decode_q(word->text, octets);
}

/*
 * A run of encoded words in one charset: the octets of all are put together first, since characters are often cut in
 * two between words. Returns what the run takes of `text`, which begins with the word `first`.
 */
static size_t
decode_run(struct span text, struct word first, struct bytes *utf8)
{
    struct bytes octets = {0};
    struct word  word   = first;
    size_t       len    = first.len, gap;

    decode_word(&first, &octets);
    for (gap = count_white_space(span_tail(text, len)); parse_word(span_tail(text, len + gap), &word);
         gap = count_white_space(span_tail(text, len))) {
        len += gap;
        if (!span_equal_nocase(word.charset, first.charset))
            break;
        decode_word(&word, &octets);
        len += word.len;
    }
    charset_decode(bytes_span(&octets), without_language(first.charset), CHARSET_INSIST, utf8);
    bytes_free(&octets);
    return len;
}

static void
decode_words(struct span text, struct bytes *utf8)
{
    struct word word;

    while (text.len > 0) {
        const char *start = memmem(text.data, text.len, "=?", 2);
        size_t      plain = start != NULL ? (size_t)(start - text.data) : text.len;

        bytes_add(utf8, span_head(text, plain));
        text = span_tail(text, plain);
        if (text.len == 0)
            break;
        if (parse_word(text, &word)) {
            text = span_tail(text, decode_run(text, word, utf8));
        } else {
            bytes_add_char(utf8, '=');
            text = span_tail(text, 1);
        }
    }
}

/* Fields whose grammar has no place for encoded words (RFC 2047, 5). */
static bool
has_words(struct span name)
{
    static const char *const without[] = {
        "Received",    "Message-ID",   "Resent-Message-ID", "Date",
        "Resent-Date", "MIME-Version", "References",        "In-Reply-To",
    };

    for (size_t i = 0; i < COUNT_OF(without); i++)
        if (span_equal_nocase(name, span_of(without[i])))
            return false;
    return !span_starts_nocase(name, SPAN("List-"));
}

/* Line ends and the white space behind each become one space. Returns the octets of what comes of it, which is no
 * longer than the text. */
static size_t
unfold_line(struct span text, char *line)
{
    size_t len = 0;

    while (text.len > 0) {
        size_t plain = span_find(text, '\n');

        memcpy(line + len, text.data, plain);
        len += plain;
        text = span_tail(text, plain);
        if (text.len == 0)
            break;
        text = span_tail(text, 1);
        if (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
            line[len++] = ' ';
        while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
            text = span_tail(text, 1);
    }
    return len;
}

/* Decodes what was unfolded. */
static void
decode_line(struct span name, struct span line, struct bytes *utf8)
{
    struct bytes clean = {0};

    charset_decode(line, SPAN("utf-8"), CHARSET_GUESS, &clean);
    if (has_words(name))
        decode_words(bytes_span(&clean), utf8);
    else
        bytes_add(utf8, bytes_span(&clean));
    bytes_free(&clean);
}

static bool
has_word(struct span line)
{
    for (size_t at; (at = span_find(line, '=') + 1) < line.len; line = span_tail(line, at))
        if (line.data[at] == '?')
            return true;
    return false;
}

/* Most fields are ASCII without encoded words, and stay as they are. */
void
words_decode(struct span name, struct span raw, struct bytes *utf8)
{
    struct span  trimmed = text_trim(raw), line;
    struct bytes copy    = {0};
    size_t       start   = utf8->len;

    utf8->len += unfold_line(trimmed, bytes_reserve(utf8, trimmed.len));
    utf8->data[utf8->len] = '\0';
    line                  = span_tail(bytes_span(utf8), start);
    if (charset_is_ascii(line) && !has_word(line))
        return;
    bytes_add(&copy, line);
    utf8->len = start;
    decode_line(name, bytes_span(&copy), utf8);
    bytes_free(&copy);
}

/* Words are cut between characters. */
void
words_encode(struct span utf8, struct bytes *field)
{
    while (utf8.len > 0) {
        size_t len = utf8.len < WORD_OCTETS ? utf8.len : WORD_OCTETS;
        char  *base64;

        while (len > 1 && len < utf8.len && ((unsigned char)utf8.data[len] & 0xc0) == 0x80)
            len--;
        base64 = g_base64_encode((const unsigned char *)utf8.data, len);
        utf8   = span_tail(utf8, len);
        bytes_printf(field, "=?UTF-8?B?%s?=%s", base64, utf8.len > 0 ? " " : "");
        g_free(base64);
    }
}
