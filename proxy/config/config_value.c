/* Text to values, and the guess at a word that was misspelt. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/count.h"
#include "proxy/config/config_value.h"

enum { GUESS_MAX = 32 };

const struct config_unit config_durations[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0},
};

const struct config_unit config_sizes[] = {{"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"", 1}, {NULL, 0}};

const struct config_unit config_counts[] = {{"", 1}, {NULL, 0}};

enum config_parse
config_parse_number(const char *text, const struct config_unit *unit, int64_t *value)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    size_t      count  = strspn(digits, "0123456789");
    int64_t     number;

    while (unit->word != NULL && strcmp(unit->word, digits + count) != 0)
        unit++;
    if (count == 0 || unit->word == NULL)
        return CONFIG_MALFORMED;
    errno  = 0;
    number = strtoll(text, NULL, 10);
    if (errno != 0 || __builtin_mul_overflow(number, unit->factor, &number))
        return CONFIG_TOO_GREAT;
    *value = number;
    return CONFIG_PARSED;
}

enum config_parse
config_parse_real(const char *text, double *value)
{
    char  *end;
    double number;

    if (text[0] == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0')
        return CONFIG_MALFORMED;
    number = strtod(text, &end);
    if (*end != '\0')
        return CONFIG_MALFORMED;
    if (!isfinite(number))
        return CONFIG_TOO_GREAT;
    *value = number;
    return CONFIG_PARSED;
}

enum config_parse
config_parse_bool(const char *text, bool *value)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcasecmp(text, words[i]) == 0) {
            *value = i % 2 == 1;
            return CONFIG_PARSED;
        }
    return CONFIG_MALFORMED;
}

void
config_write_number(int64_t value, const struct config_unit *unit, struct bytes *text)
{
    while (unit[1].word != NULL && (value == 0 || value % unit->factor != 0))
        unit++;
    bytes_printf(text, "%lld%s", (long long)(value / unit->factor), unit->word);
}

static unsigned
least_of(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* The optimal string alignment distance, row by row: `rows` are for the octets of `a` before, at, and one behind. */
static unsigned
measure_distance(const char *a, const char *b)
{
    unsigned rows[3][GUESS_MAX + 1];
    size_t   len = strlen(b);

    for (size_t k = 0; k <= len; k++)
        rows[0][k] = (unsigned)k;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

        row[0] = (unsigned)i;
        for (size_t k = 1; k <= len; k++) {
            row[k] = least_of(above[k - 1] + (a[i - 1] != b[k - 1]), least_of(above[k], row[k - 1]) + 1);
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                row[k] = least_of(row[k], two_above[k - 2] + 1);
        }
    }
    return rows[strlen(a) % 3][len];
}

void
config_guess_offer(struct config_guess *guess, const char *word)
{
    size_t   len = strlen(guess->word);
    unsigned distance;

    if (len > GUESS_MAX || strlen(word) > GUESS_MAX)
        return;
    distance = measure_distance(guess->word, word);
    if (distance > (len + 2) / 3 || distance >= strlen(word) || (guess->best != NULL && distance >= guess->distance))
        return;
    guess->best     = word;
    guess->distance = distance;
}

void
config_guess_write(const struct config_guess *guess, struct bytes *text)
{
    if (guess->best != NULL)
        bytes_printf(text, "; do you mean \"%s\"?", guess->best);
}
