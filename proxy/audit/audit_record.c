/*
 * JSON, written from left to right. Most octets of a text stand for themselves.
 */
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "base/utf8.h"
#include "proxy/audit/audit.h"
#include "proxy/audit/audit_record.h"

#define REPLACEMENT SPAN("\xef\xbf\xbd") /* U+FFFD */

/* Numbers below the one that differ by less than this part of it are the same in twelve digits. */
#define THOUSANDTHS_MAX 1e9
#define TWELVE_DIGITS 4e-13

enum { DECIMAL_MAX = 40 };

static void
put_octets(struct audit_record *record, struct span octets)
{
    if (octets.len > (size_t)(record->end - record->at)) {
        record->cut = true;
        return;
    }
    memcpy(record->at, octets.data, octets.len);
    record->at += octets.len;
}

static void
put_char(struct audit_record *record, char c)
{
    put_octets(record, (struct span){&c, 1});
}

void
audit_record_begin(struct audit_record *record, char *memory, size_t size)
{
    *record = (struct audit_record){.start = memory, .at = memory, .end = memory + size};
}

size_t
audit_record_end(struct audit_record *record)
{
    if (record->at == record->start)
        put_char(record, '{');
    put_octets(record, SPAN("}\n"));
    if (record->cut)
        return 0;
    *record->start = '{'; /* in place of the first member's comma */
    return (size_t)(record->at - record->start);
}

/* How many octets stand for themselves up to the first that does not. */
static size_t
plain_length(struct span text)
{
    return text_plain_length(text, '"', '\\');
}

/* A character of the first 65,536 as JSON escapes it. */
static void
put_escape(struct audit_record *record, unsigned code)
{
    static const char digits[]  = "0123456789ABCDEF";
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* in pairs: the character, and what stands for it */
    char              hex[]     = "\\uXXXX";

    for (size_t i = 0; i < sizeof(letters) - 1; i += 2)
        if ((unsigned char)letters[i] == code) {
            put_octets(record, (struct span){(const char[]){'\\', letters[i + 1]}, 2});
            return;
        }
    for (unsigned place = 0; place < 4; place++)
        hex[2 + place] = digits[code >> (12 - 4 * place) & 15];
    put_octets(record, (struct span){hex, 6});
}

/* Would it harm who reads the log? JSON itself escapes the other control characters. */
static bool
is_clean(unsigned code)
{
    return code != 0 && (code < 0x7f || code > 0x9f);
}

/*
 * Takes the character that `text` begins with, if it fits into `room` octets: `room` becomes what is left. Returns how
 * many octets it was made of; 0: there is no room.
 */
static size_t
put_special(struct audit_record *record, struct span text, size_t *room)
{
    unsigned    code = 0;
    size_t      size = utf8_read(text, &code);
    struct span next = size > 0 && is_clean(code) ? span_head(text, size) : REPLACEMENT;

    if (next.len > *room)
        return 0;
    *room -= next.len;
    if (next.len == 1 || (next.data == text.data && utf8_acts(code)))
        put_escape(record, code);
    else
        put_octets(record, next);
    return size > 0 ? size : 1;
}

/* The well-formed beginning of `text`, at most AUDIT_TEXT_MAX octets, as a JSON string. */
static void
put_any_text(struct audit_record *record, struct span text)
{
    size_t room = AUDIT_TEXT_MAX, taken = 1;

    put_char(record, '"');
    while (taken > 0 && room > 0 && text.len > 0) {
        size_t plain = plain_length(span_head(text, text.len < room ? text.len : room));

        put_octets(record, span_head(text, plain));
        text = span_tail(text, plain);
        room -= plain;
        taken = text.len > 0 ? put_special(record, text, &room) : 0;
        text  = span_tail(text, taken);
    }
    put_char(record, '"');
}

/* Most texts are short, and stand for themselves. */
static void
put_text(struct audit_record *record, struct span text)
{
    size_t room = (size_t)(record->end - record->at);

    if (text.len > AUDIT_TEXT_MAX || text.len + 2 > room || plain_length(text) < text.len) {
        put_any_text(record, text);
        return;
    }
    *record->at++ = '"';
    if (text.len > 0)
        memcpy(record->at, text.data, text.len);
    record->at += text.len;
    *record->at++ = '"';
}

void
audit_record_word(struct audit_record *record, struct span key, const char *word)
{
    put_octets(record, key);
    put_octets(record, SPAN("\""));
    put_octets(record, span_of(word));
    put_octets(record, SPAN("\""));
}

void
audit_record_text(struct audit_record *record, struct span key, struct span text)
{
    if (text.data == NULL)
        return;
    put_octets(record, key);
    put_text(record, text);
}

/* How many octets of a list its first item has. Items are short, and memmem(3) takes long to begin. */
static size_t
item_length(struct span list, struct span separator)
{
    size_t len = span_find(list, separator.data[0]);

    while (len < list.len && !span_starts(span_tail(list, len), separator))
        len += 1 + span_find(span_tail(list, len + 1), separator.data[0]);
    return len;
}

static void
put_items(struct audit_record *record, struct span list, struct span separator)
{
    while (list.len > 0) {
        size_t len = item_length(list, separator);

        put_text(record, span_head(list, len));
        put_char(record, ',');
        list = span_tail(list, len < list.len ? len + separator.len : len);
    }
}

/* A list that is too long ends in "...". */
void
audit_record_list(struct audit_record *record, struct span key, struct span list, struct span separator)
{
    bool whole = list.len <= AUDIT_LIST_MAX;

    put_octets(record, key);
    put_char(record, '[');
    put_items(record, span_head(list, whole ? list.len : AUDIT_LIST_MAX), separator);
    if (!whole)
        put_octets(record, SPAN("\"...\","));
    if (list.len > 0 && !record->cut)
        record->at--; /* the last item's comma */
    put_char(record, ']');
}

static void
put_number(struct audit_record *record, uint64_t number)
{
    char room[TEXT_NUMBER_SIZE];

    put_octets(record, text_number(number, room));
}

void
audit_record_number(struct audit_record *record, struct span key, uint64_t number)
{
    put_octets(record, key);
    put_number(record, number > INT64_MAX ? INT64_MAX : number);
}

/* printf(3) takes long, and is asked only for what three decimals do not say. */
static bool
put_thousandths(struct audit_record *record, double number)
{
    double   size   = fabs(number);
    uint64_t count  = size < THOUSANDTHS_MAX ? (uint64_t)(size * 1000 + 0.5) : 0;
    char     text[] = ".000";
    size_t   len    = sizeof(text) - 1;

    if (fabs((double)count / 1000 - size) > size * TWELVE_DIGITS)
        return false;
    put_octets(record, signbit(number) ? SPAN("-") : SPAN(""));
    put_number(record, count / 1000);
    for (size_t i = 3; i > 0; i--, count /= 10)
        text[i] = (char)('0' + count % 10);
    while (len > 2 && text[len - 1] == '0')
        len--;
    put_octets(record, (struct span){text, len});
    return true;
}

void
audit_record_decimal(struct audit_record *record, struct span key, double number)
{
    char text[DECIMAL_MAX];

    if (!isfinite(number))
        return;
    put_octets(record, key);
    if (put_thousandths(record, number))
        return;
    (void)snprintf(text, sizeof(text), "%.12g", number);
    put_octets(record, span_of(text));
    if (strpbrk(text, ".e") == NULL)
        put_octets(record, SPAN(".0"));
}

void
audit_record_bool(struct audit_record *record, struct span key, bool value)
{
    put_octets(record, key);
    put_octets(record, value ? SPAN("true") : SPAN("false"));
}
