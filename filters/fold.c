/* Folding, word by word: a line is broken in front of the white space between two words, where it would be too long. */
#include "filters/fold.h"

enum {
    LINE_WANTED     = 78,
    LINE_OCTETS_MAX = 998,
    GAP_MAX         = 32, /* octets of white space that are kept between two words */
};

/* A field under construction, and where the line that is being written began. */
struct folding {
    struct bytes *text;
    size_t        line_start;
    struct span   line_end;
};

static void
break_line(struct folding *folding)
{
    bytes_add(folding->text, folding->line_end);
    folding->line_start = folding->text->len;
}

static size_t
column(const struct folding *folding)
{
    return folding->text->len - folding->line_start;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* White space, or what becomes it. */
static bool
is_gap(char c)
{
    static const bool gaps[256] = {[' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true, ['\0'] = true};

    return gaps[(unsigned char)c];
}

/* Writes the white space between two words: what is left of it without line ends and NUL, at least one space. */
static void
add_gap(struct folding *folding, struct span gap)
{
    size_t before = folding->text->len;

    for (size_t i = 0; i < gap.len && folding->text->len - before < GAP_MAX; i++)
        if (is_blank(gap.data[i]))
            bytes_add_char(folding->text, gap.data[i]);
    if (folding->text->len == before)
        bytes_add_char(folding->text, ' ');
}

/* How much of `word` fits into `room` octets without taking a UTF-8 sequence apart. */
static size_t
fitting(struct span word, size_t room)
{
    size_t len = word.len < room ? word.len : room;

    for (size_t back = 0; len < word.len && back < 4 && len - back > 1; back++)
        if ((word.data[len - back] & 0xc0) != 0x80)
            return len - back;
    return len;
}

/* Writes the gap and the word, on a new line where that keeps lines short; the first stays beside the name if it can.
 */
static void
add_word(struct folding *folding, struct span gap, struct span word, bool first)
{
    size_t gap_len  = gap.len < GAP_MAX ? gap.len : GAP_MAX;
    size_t start    = column(folding) + gap_len;
    bool   too_long = start + word.len > (first ? LINE_OCTETS_MAX : LINE_WANTED);

    if (too_long && (!first || gap_len + word.len <= LINE_OCTETS_MAX || start >= LINE_OCTETS_MAX))
        break_line(folding);
    add_gap(folding, gap);
    while (word.len > 0) {
        size_t len = fitting(word, LINE_OCTETS_MAX - column(folding));

        bytes_add(folding->text, span_head(word, len));
        word = span_tail(word, len);
        if (word.len > 0) {
            break_line(folding);
            bytes_add_char(folding->text, ' ');
        }
    }
}

static size_t
run_length(struct span text, bool gap)
{
    size_t len = 0;

    while (len < text.len && is_gap(text.data[len]) == gap)
        len++;
    return len;
}

/* Writes the value word by word; white space at both ends goes. */
static void
fold_value(struct folding *folding, struct span value)
{
    struct span gap   = SPAN(" ");
    bool        first = true;

    while (value.len > 0) {
        size_t      len = run_length(value, true);
        struct span word;

        if (!first)
            gap = span_head(value, len);
        value = span_tail(value, len);
        word  = span_head(value, run_length(value, false));
        value = span_tail(value, word.len);
        if (word.len > 0)
            add_word(folding, gap, word, first);
        first = false;
    }
}

/* Does the value fit into `room` octets as it is? Says no, too, where it might hold a gap that is too wide. */
static bool
is_short(struct span value, size_t room)
{
    enum { MANY = GAP_MAX + 1 };
    static const unsigned char blanks[256] = {[' '] = 1, ['\t'] = 1, ['\r'] = MANY, ['\n'] = MANY, ['\0'] = MANY};
    unsigned                   sum         = 0;

    if (value.len > room)
        return false;
    for (size_t i = 0; i < value.len; i++)
        sum += blanks[(unsigned char)value.data[i]];
    return sum <= GAP_MAX;
}

static struct span
trim(struct span text)
{
    while (text.len > 0 && is_gap(text.data[0]))
        text = span_tail(text, 1);
    while (text.len > 0 && is_gap(text.data[text.len - 1]))
        text.len--;
    return text;
}

void
fold_field(struct bytes *text, struct span name, struct span value, struct span line_end)
{
    struct folding folding = {.text = text, .line_start = text->len, .line_end = line_end};

    value = trim(value);
    (void)bytes_reserve(text, name.len + 2 + value.len + line_end.len);
    bytes_put(text, name);
    bytes_put(text, SPAN(":"));
    if (name.len + 2 <= LINE_WANTED && is_short(value, LINE_WANTED - name.len - 2)) {
        if (value.len > 0)
            bytes_put(text, SPAN(" "));
        bytes_put(text, value);
    } else {
        fold_value(&folding, value);
    }
    break_line(&folding);
}
