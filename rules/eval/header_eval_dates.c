/* When a mail says it was sent, against when hosts say they received it. */
#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "rules/eval/date.h"
#include "rules/eval/header_eval.h"

enum { SECONDS_IN_HOUR = 3600, SECONDS_IN_YEAR = 31556952 /* of the Gregorian calendar, on average */ };

static struct regex_built_in received_date = {"\\s.?\\d+ \\S{3} \\d+ \\d+:\\d+:\\d+ \\S+", "", NULL};
static struct regex_built_in from_itself   = {
      "\\bfrom (?:localhost\\s|(?:\\S+ ){1,2}\\S*\\b127\\.0\\.0\\.1\\b)|qmail \\d+ invoked by uid \\d", "", NULL};
static struct regex_built_in by_fetchmail = {"\\bby localhost with \\w+ \\(fetchmail-[\\d.]", "", NULL};

static bool
line_date(struct span line, int64_t *seconds)
{
    struct regex_found found;

    return regex_find(regex_of(&received_date), line, 0, &found) && date_read(regex_group(&found, 0), seconds);
}

/* The first that can be read. A Resent-Date tells more than a Date. */
static void
read_date_field(struct eval_run *run, struct header_dates *dates)
{
    static const struct span   names[] = {{"Resent-Date", 11}, {"Date", 4}};
    const struct mail_headers *headers = &run->mail->headers;

    for (size_t i = 0; i < 2 && !dates->has_date; i++)
        for (size_t j = 0; j < headers->count && !dates->has_date; j++)
            if (span_equal_nocase(headers->items[j].name, names[i]))
                dates->has_date = date_read(headers->items[j].value, &dates->date);
}

/* The topmost lines that this host's own delivery wrote: `count` of them. */
static size_t
count_local(const struct span *lines, size_t count)
{
    size_t local = count > 0 && eval_matches(&from_itself, lines[0]) ? 1 : 0;

    if (count > local && eval_matches(&by_fetchmail, lines[local]))
        return local + 1;
    return 0;
}

/* When fetchmail brought the mail: the latest time that is not yet to come. */
static void
read_fetched(const struct span *lines, size_t count, struct header_dates *dates)
{
    int64_t seconds, now = time(NULL);

    for (size_t i = 0; i < count; i++) {
        if (!line_date(lines[i], &seconds) || seconds > now)
            continue;
        if (!dates->has_fetched || seconds > dates->fetched)
            dates->fetched = seconds;
        dates->has_fetched = true;
    }
}

static void
read_received(struct eval_run *run, struct header_dates *dates)
{
    struct span  rest  = eval_field(run, "Received"), line;
    struct spans lines = {0};
    size_t       local;

    while (eval_next_line(&rest, &line))
        if (!text_is_blank(line))
            spans_add(&lines, line);
    local = count_local(lines.items, lines.count);
    read_fetched(lines.items, local, dates);
    dates->received = arena_new(&run->arena, lines.count * sizeof(dates->received[0]));
    for (size_t i = local; i < lines.count; i++)
        if (line_date(lines.items[i], &dates->received[dates->received_count]))
            dates->received_count++;
    spans_free(&lines);
}

static int64_t
magnitude(int64_t number)
{
    return number < 0 ? -number : number;
}

/* Against the nearest. The lowest Received field says nothing if it has the very same time. */
static void
find_shift(struct header_dates *dates)
{
    size_t count = dates->received_count;

    if (!dates->has_date || count == 0)
        return;
    if (count > 1 && dates->received[count - 1] == dates->date)
        count--;
    dates->shift = dates->date - dates->received[0];
    for (size_t i = 1; i < count; i++)
        if (magnitude(dates->date - dates->received[i]) < magnitude(dates->shift))
            dates->shift = dates->date - dates->received[i];
}

static const struct header_dates *
find_dates(struct eval_run *run)
{
    struct header_dates *dates = &header_facts(run)->dates;

    if (dates->known)
        return dates;
    dates->known = true;
    read_date_field(run, dates);
    read_received(run, dates);
    find_shift(dates);
    return dates;
}

unsigned
header_shifted_date(struct eval_run *run, const struct eval_call *call)
{
    const struct header_range *range = call->prepared;
    double                     shift = (double)find_dates(run)->shift;

    return shift >= SECONDS_IN_HOUR * range->least && shift < SECONDS_IN_HOUR * range->most;
}

static int
compare_times(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return left < right ? 1 : left > right ? -1 : 0;
}

/* The middle one of the times that are known, of two the later; 0 if there is none. */
static int64_t
time_received(const struct header_dates *dates)
{
    int64_t known[4];
    size_t  count = 0;

    if (dates->has_date)
        known[count++] = dates->date;
    if (dates->received_count > 0)
        known[count++] = dates->received[0];
    if (dates->has_fetched)
        known[count++] = dates->fetched;
    if (dates->has_date && dates->received_count > 0)
        known[count++] = dates->date - dates->shift;
    qsort(known, count, sizeof(known[0]), compare_times);
    return count > 0 ? known[(count - 1) / 2] : 0;
}

unsigned
header_received_within_months(struct eval_run *run, const struct eval_call *call)
{
    const struct header_range *range = call->prepared;
    double                     age   = (double)(time(NULL) - time_received(find_dates(run)));

    return age >= SECONDS_IN_YEAR * (range->least / 12) && age < SECONDS_IN_YEAR * (range->most / 12);
}
