/* Pattern by pattern, each piece cut out once it was read, so that the next cannot be found in it. */
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/eval/date.h"
#include "rules/regex/regex.h"

#define MONTH "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"

enum { TEXT_MAX = 16 * 1024, YEAR_MIN = 1970, YEAR_MAX = 2037 };

/* What was found in a date, not yet put right. */
struct pieces {
    long     year, month, day; /* month: 1 to 12 */
    long     hour, minute, second;
    long     zone; /* seconds east of UTC */
    unsigned year_digits;
};

/* Where the day, the month, the year stand in the three forms of a date. */
static struct {
    struct regex_built_in pattern;
    size_t                day, month, year;
} forms[] = {
    {{" (\\d+) " MONTH " (\\d{4}) ", "i", NULL}, 1, 2, 3},
    {{" " MONTH " +(\\d+) \\d+:\\d+:\\d+ (\\d{4}) ", "i", NULL}, 2, 1, 3},
    {{" (\\d+) " MONTH " (\\d{2,3}) ", "i", NULL}, 1, 2, 3},
};

enum { FORMS = COUNT_OF(forms) };

static struct regex_built_in time_pattern   = {" (\\d?\\d):(\\d\\d)(?::(\\d\\d))? ", "", NULL};
static struct regex_built_in offset_pattern = {" ([-+])(\\d\\d)(\\d\\d) ", "", NULL};
static struct regex_built_in zone_pattern   = {"\\b[A-Z]{2,4}(?:-DST)?\\b", "", NULL};

/* Zones by name, in minutes east of UTC. */
static const struct {
    const char *name;
    int         minutes;
} zones[] = {
    {"UT", 0},     {"UTC", 0},    {"GMT", 0},     {"WET", 0},     {"BST", 60},    {"IST", 60},   {"WEST", 60},
    {"CET", 60},   {"MET", 60},   {"MEZ", 60},    {"CEST", 120},  {"MEST", 120},  {"MESZ", 120}, {"EET", 120},
    {"EEST", 180}, {"MSK", 180},  {"IDT", 180},   {"MSD", 240},   {"AWST", 480},  {"HKT", 480},  {"SGT", 480},
    {"PHT", 480},  {"JST", 540},  {"KST", 540},   {"ACST", 570},  {"AEST", 600},  {"ACDT", 630}, {"AEDT", 660},
    {"NZST", 720}, {"NZDT", 780}, {"BRST", -120}, {"NDT", -150},  {"ADT", -180},  {"BRT", -180}, {"NST", -210},
    {"AST", -240}, {"EDT", -240}, {"EST", -300},  {"CDT", -300},  {"CST", -360},  {"MDT", -360}, {"MST", -420},
    {"PDT", -420}, {"PST", -480}, {"AKDT", -480}, {"AKST", -540}, {"HADT", -540}, {"HST", -600}, {"HAST", -600},
};

/* White space runs and commas to a space each, and one at both ends. */
static void
make_plain(struct span text, struct bytes *plain)
{
    static const char space[] = " \t\n\v\f\r,";

    bytes_add_char(plain, ' ');
    for (size_t i = 0; i < text.len && i < TEXT_MAX; i++)
        if (text.data[i] == '\0' || strchr(space, text.data[i]) == NULL)
            bytes_add_char(plain, text.data[i]);
        else if (plain->data[plain->len - 1] != ' ')
            bytes_add_char(plain, ' ');
    if (plain->data[plain->len - 1] != ' ')
        bytes_add_char(plain, ' ');
}

/* The first match and its groups: views of `text`. */
static bool
find_match(struct bytes *text, struct regex_built_in *pattern, struct span groups[4])
{
    struct regex_found found;

    if (!regex_find(regex_of(pattern), bytes_span(text), 0, &found))
        return false;
    for (size_t i = 0; i < 4; i++)
        groups[i] = regex_group(&found, i);
    return true;
}

/* Replaces a match by a space. */
static void
cut_match(struct bytes *text, struct span piece)
{
    size_t start = (size_t)(piece.data - text->data);

    text->data[start] = ' ';
    memmove(text->data + start + 1, text->data + start + piece.len, text->len - start - piece.len);
    text->len -= piece.len - 1;
}

/* At most five digits count: a number with more is wrong in any case. */
static long
number_of(struct span digits)
{
    long number = 0;

    for (size_t i = 0; i < digits.len && number < 100000; i++)
        number = number * 10 + (digits.data[i] - '0');
    return number;
}

static long
month_of(struct span name)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    long              month   = 1;

    while (!span_equal_nocase(name, (struct span){names + 3 * (month - 1), 3}))
        month++;
    return month;
}

static bool
take_day(struct bytes *text, struct pieces *pieces)
{
    struct span groups[4];

    for (size_t i = 0; i < FORMS; i++) {
        if (!find_match(text, &forms[i].pattern, groups))
            continue;
        pieces->day         = number_of(groups[forms[i].day]);
        pieces->month       = month_of(groups[forms[i].month]);
        pieces->year        = number_of(groups[forms[i].year]);
        pieces->year_digits = (unsigned)groups[forms[i].year].len;
        cut_match(text, groups[0]);
        return true;
    }
    return false;
}

static void
take_time(struct bytes *text, struct pieces *pieces)
{
    struct span groups[4];

    if (!find_match(text, &time_pattern, groups))
        return;
    pieces->hour   = number_of(groups[1]);
    pieces->minute = number_of(groups[2]);
    pieces->second = number_of(groups[3]);
    cut_match(text, groups[0]);
}

static void
take_zone(struct bytes *text, struct pieces *pieces)
{
    struct span groups[4];

    if (find_match(text, &offset_pattern, groups)) {
        pieces->zone = (number_of(groups[2]) * 60 + number_of(groups[3])) * 60;
        if (groups[1].data[0] == '-')
            pieces->zone = -pieces->zone;
    } else if (find_match(text, &zone_pattern, groups)) {
        for (size_t i = 0; i < COUNT_OF(zones); i++)
            if (span_equal(groups[0], span_of(zones[i].name)))
                pieces->zone = zones[i].minutes * 60L;
    }
}

static bool
is_leap(long year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static long
month_days(long year, long month)
{
    static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Two digits are of this century or the last (RFC 5322, 4.3). */
static void
mend(struct pieces *pieces)
{
    if (pieces->year_digits != 4)
        pieces->year += pieces->year_digits == 2 && pieces->year < 50 ? 2000 : 1900;
    if (pieces->day > month_days(pieces->year, pieces->month)) {
        pieces->day = 1;
        if (++pieces->month > 12) {
            pieces->month = 1;
            pieces->year++;
        }
    }
    pieces->year   = pieces->year < YEAR_MIN ? YEAR_MIN : pieces->year > YEAR_MAX ? YEAR_MAX : pieces->year;
    pieces->hour   = pieces->hour > 23 ? 23 : pieces->hour;
    pieces->minute = pieces->minute > 59 ? 59 : pieces->minute;
    pieces->second = pieces->second > 59 ? 59 : pieces->second;
}

static int64_t
days_since_1970(long year, long month, long day)
{
    int64_t days = day - 1;

    for (long i = YEAR_MIN; i < year; i++)
        days += is_leap(i) ? 366 : 365;
    for (long i = 1; i < month; i++)
        days += month_days(year, i);
    return days;
}

bool
date_read(struct span text, int64_t *seconds)
{
    struct bytes  plain  = {0};
    struct pieces pieces = {0};
    bool          found;

    make_plain(text, &plain);
    found = take_day(&plain, &pieces);
    if (found) {
        take_time(&plain, &pieces);
        take_zone(&plain, &pieces);
        mend(&pieces);
    }
    bytes_free(&plain);
    if (!found || pieces.day == 0)
        return false;
    if (pieces.month == 2 && pieces.day > month_days(pieces.year, 2))
        return false;
    *seconds = days_since_1970(pieces.year, pieces.month, pieces.day) * 86400 + pieces.hour * 3600 +
               pieces.minute * 60 + pieces.second - pieces.zone;
    if (*seconds < 0 && pieces.zone > 0)
        *seconds = 0;
    return true;
}
