/* The octets that an escape or a class in brackets stands for. Octets are read as PCRE2's own tables have them: ASCII.
 */
#include <ctype.h>
#include <stdlib.h>

#include "base/count.h"
#include "rules/prefilter/syntax.h"

static const struct {
    char        letter;
    const char *ranges; /* pairs: first and last; of the capital letter it is the rest */
    size_t      len;
} types[] = {
    {'d', "09", 2}, {'w', "09AZ__az", 8}, {'s', "\t\r  ", 4}, {'h', "\t\t  \xa0\xa0", 6}, {'v', "\n\r\x85\x85", 4},
};

enum { POSIX_ALPHA, POSIX_LOWER, POSIX_UPPER }; /* in the table */

static const struct {
    const char *name;
    const char *ranges;
    size_t      len;
} posix[] = {
    {"alpha", "AZaz", 4},
    {"lower", "az", 2},
    {"upper", "AZ", 2},
    {"alnum", "09AZaz", 6},
    {"ascii", "\0\x7f", 2},
    {"blank", "\t\t  ", 4},
    {"cntrl", "\0\x1f\x7f\x7f", 4},
    {"digit", "09", 2},
    {"graph", "!~", 2},
    {"print", " ~", 2},
    {"punct", "!/:@[`{~", 8},
    {"space", "\t\r  ", 4},
    {"word", "09AZ__az", 8},
    {"xdigit", "09AFaf", 6},
};

static const char simple_escapes[] = "a\ae\x1b"
                                     "f\fn\nr\rt\t";

static void
add_ranges(struct octet_set *set, const char *ranges, size_t len, bool inverted)
{
    struct octet_set ours = {0};

    for (size_t i = 0; i + 1 < len; i += 2)
        octet_set_add_range(&ours, (unsigned char)ranges[i], (unsigned char)ranges[i + 1]);
    if (inverted)
        octet_set_invert(&ours);
    octet_set_merge(set, &ours);
}

/* Up to `most` digits of a base, as a number; it is an octet, or the pattern is lost. */
static unsigned
read_digits(struct syntax_reader *reader, int base, size_t most)
{
    char     digits[8] = "";
    size_t   len       = 0;
    unsigned number;

    while (len < most && len + 1 < sizeof(digits) && reader->at < reader->end &&
           (base == 16 ? isxdigit((unsigned char)*reader->at) : *reader->at >= '0' && *reader->at <= '7'))
        digits[len++] = *reader->at++;
    number = (unsigned)strtoul(digits, NULL, base);
    reader->lost |= number > 0xff;
    return number & 0xff;
}

/* \x41, \x{41}, \o{101}: what follows the letter. */
static unsigned
read_code(struct syntax_reader *reader, int base)
{
    unsigned code;

    if (reader->at == reader->end || *reader->at != '{') {
        reader->lost |= base == 8;
        return read_digits(reader, base, 2);
    }
    reader->at++;
    code = read_digits(reader, base, 6);
    reader->lost |= reader->at == reader->end || *reader->at != '}';
    reader->at += !reader->lost;
    return code;
}

/* \p{Lu} and \pL: anything, as nobody writes it for octets. */
static void
read_property(struct syntax_reader *reader, struct octet_set *set)
{
    const char *close = NULL;

    if (reader->at < reader->end && *reader->at != '{')
        close = reader->at;
    else if (reader->at < reader->end)
        close = memchr(reader->at, '}', (size_t)(reader->end - reader->at));
    reader->lost |= close == NULL;
    reader->at = close != NULL ? close + 1 : reader->end;
    octet_set_invert(set);
}

static bool
read_type(char letter, struct octet_set *set)
{
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (tolower((unsigned char)letter) != types[i].letter)
            continue;
        add_ranges(set, types[i].ranges, types[i].len, letter != types[i].letter);
        return true;
    }
    return false;
}

/* An escape that stands for one octet, `letter` being its first character, which is taken. */
static bool
read_single(struct syntax_reader *reader, char letter, unsigned *octet)
{
    const char *simple;

    *octet = (unsigned char)letter;
    if (!isalnum((unsigned char)letter))
        return true;
    for (simple = simple_escapes; *simple != '\0'; simple += 2) {
        if (*simple == letter) {
            *octet = (unsigned char)simple[1];
            return true;
        }
    }
    if (letter == 'x' || letter == 'o') {
        *octet = read_code(reader, letter == 'x' ? 16 : 8);
        return true;
    }
    if (letter == '0') {
        *octet = read_digits(reader, 8, 2);
        return true;
    }
    if (letter == 'c' && reader->at < reader->end) {
        *octet = (unsigned)toupper((unsigned char)*reader->at++) ^ 0x40u;
        return true;
    }
    return false;
}

bool
syntax_read_octets(struct syntax_reader *reader, struct octet_set *set)
{
    char     letter = reader->at < reader->end ? *reader->at : '\0';
    unsigned octet;

    *set = (struct octet_set){0};
    if (reader->at == reader->end)
        return false;
    reader->at++;
    if (read_type(letter, set))
        return true;
    if (letter == 'p' || letter == 'P') {
        read_property(reader, set);
        return true;
    }
    if (!read_single(reader, letter, &octet)) {
        reader->at--;
        return false;
    }
    octet_set_add(set, octet);
    if (reader->ignore_case)
        octet_set_fold(set, reader->latin);
    return true;
}

/* What a class is read into. */
struct class
{
    struct octet_set set;
    bool             ranged; /* the last member was one octet, which a '-' may follow */
    unsigned         last;
};

static void
add_one(struct class *class, unsigned octet)
{
    octet_set_add(&class->set, octet);
    class->ranged = true;
    class->last   = octet;
}

/* "[:alpha:]" and "[:^alpha:]", behind the '['. */
static void
read_posix(struct syntax_reader *reader, struct class *class)
{
    bool   inverted = reader->end - reader->at > 1 && reader->at[1] == '^';
    size_t row      = 0, len;

    reader->at += 1 + inverted;
    for (; row < COUNT_OF(posix); row++) {
        len = strlen(posix[row].name);
        if ((size_t)(reader->end - reader->at) >= len + 2 && memcmp(reader->at, posix[row].name, len) == 0 &&
            memcmp(reader->at + len, ":]", 2) == 0)
            break;
    }
    class->ranged = false;
    reader->lost |= row == COUNT_OF(posix);
    if (reader->lost)
        return;
    reader->at += len + 2;
    if (reader->ignore_case && (row == POSIX_LOWER || row == POSIX_UPPER))
        row = POSIX_ALPHA;
    add_ranges(&class->set, posix[row].ranges, posix[row].len, inverted);
}

static void
read_class_escape(struct syntax_reader *reader, struct class *class)
{
    char             letter = reader->at < reader->end ? *reader->at : '\0';
    struct octet_set set    = {0};
    unsigned         octet  = 0;

    reader->at += reader->at < reader->end;
    class->ranged = false;
    if (letter == 'b')
        add_one(class, '\b');
    else if (letter >= '1' && letter <= '7') {
        reader->at--;
        add_one(class, read_digits(reader, 8, 3));
    } else if (read_type(letter, &set))
        octet_set_merge(&class->set, &set);
    else if (letter != '\0' && read_single(reader, letter, &octet))
        add_one(class, octet);
    else
        reader->lost = true;
}

static void
read_member(struct syntax_reader *reader, struct class *class)
{
    char c = *reader->at++;

    if (c == '\\')
        read_class_escape(reader, class);
    else if (c == '[' && reader->at < reader->end && strchr(":.=", *reader->at) != NULL && *reader->at != '\0')
        read_posix(reader, class);
    else
        add_one(class, (unsigned char)c);
}

/* Behind a member: if a '-' makes a range of it and the next, that next one is read, and all between are added. */
static void
read_range(struct syntax_reader *reader, struct class *class)
{
    unsigned first  = class->last;
    bool     ranged = class->ranged;

    if (reader->end - reader->at < 2 || reader->at[0] != '-' || reader->at[1] == ']')
        return;
    reader->at++;
    if (!ranged) {
        octet_set_add(&class->set, '-');
        return;
    }
    read_member(reader, class);
    if (class->ranged && class->last >= first)
        octet_set_add_range(&class->set, first, class->last);
    else
        reader->lost = true;
    class->ranged = false;
}

struct octet_set
syntax_read_class(struct syntax_reader *reader)
{
    struct class class  = {0};
    bool        negated = reader->at < reader->end && *reader->at == '^';
    const char *start   = reader->at += negated;

    while (!reader->lost && reader->at < reader->end && (*reader->at != ']' || reader->at == start)) {
        read_member(reader, &class);
        read_range(reader, &class);
    }
    reader->lost |= reader->at == reader->end;
    reader->at += !reader->lost;
    if (reader->ignore_case)
        octet_set_fold(&class.set, reader->latin);
    if (negated)
        octet_set_invert(&class.set);
    return class.set;
}
