/* Filters for test_message.c, each of which does one thing. */
#ifndef TESTS_UNIT_MESSAGE_FILTERS_H
#define TESTS_UNIT_MESSAGE_FILTERS_H

#include <stdlib.h>

#include "base/memory.h"
#include "filters/filter.h"

static struct filter *asking; /* the one that waits */

static unsigned
open_headers(struct filter *filter)
{
    (void)filter;
    return FILTER_HEADERS;
}

static unsigned
open_body(struct filter *filter)
{
    (void)filter;
    return FILTER_BODY;
}

static unsigned
open_hold(struct filter *filter)
{
    filter->state = memory_new(sizeof(size_t));
    return FILTER_BODY | FILTER_HOLD;
}

static unsigned
open_rewrite(struct filter *filter)
{
    (void)filter;
    return FILTER_REWRITE;
}

static enum filter_verdict
add_field(struct filter *filter, struct header_list *list)
{
    (void)filter;
    headers_insert(list, 0, SPAN("X-A"), SPAN("1"));
    return FILTER_CONTINUE;
}

/* Says so if a filter in front of it has added its field. */
static enum filter_verdict
look_for_field(struct filter *filter, struct header_list *list)
{
    (void)filter;
    if (headers_find(list, SPAN("X-A"), 0) >= 0)
        headers_insert(list, 0, SPAN("X-Seen"), SPAN("1"));
    return FILTER_CONTINUE;
}

static enum filter_verdict
watch(struct filter *filter, struct span text)
{
    filter->report->recorded = true;
    bytes_add(&filter->report->fields, text);
    return FILTER_CONTINUE;
}

static const char *
record_nowhere(const void *conf)
{
    (void)conf;
    return NULL;
}

/* Has seen enough after four octets of body. */
static enum filter_verdict
hold_four(struct filter *filter, struct span text)
{
    size_t *seen = filter->state;

    *seen += text.len;
    return *seen >= 4 ? FILTER_ENOUGH : FILTER_CONTINUE;
}

static enum filter_verdict
refuse_body(struct filter *filter, struct span text)
{
    (void)filter;
    return memchr(text.data, '!', text.len) != NULL ? FILTER_WITHHOLD : FILTER_CONTINUE;
}

static enum filter_verdict
fail_body(struct filter *filter, struct span text)
{
    (void)filter;
    return memchr(text.data, '!', text.len) != NULL ? FILTER_FAILED : FILTER_CONTINUE;
}

/* Every octet twice, but for line ends. */
static enum filter_verdict
double_octets(struct filter *filter, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        filter_write(filter, (struct span){text.data + i, 1});
        if (text.data[i] != '\r' && text.data[i] != '\n')
            filter_write(filter, (struct span){text.data + i, 1});
    }
    return FILTER_CONTINUE;
}

/* Asks somebody at its first call, and has the answer at the second. */
static enum filter_verdict
wait_once(struct filter *filter, struct header_list *list)
{
    size_t *calls = filter->state;

    asking = filter;
    if ((*calls)++ == 0)
        return FILTER_WAIT;
    return add_field(filter, list);
}

/* Asks somebody about every text, and has the answer at the second call. */
static bool
has_asked(struct filter *filter)
{
    bool *asked = filter->state;

    asking = filter;
    *asked = !*asked;
    return !*asked;
}

static enum filter_verdict
ask_body(struct filter *filter, struct span text)
{
    (void)text;
    return has_asked(filter) ? FILTER_CONTINUE : FILTER_WAIT;
}

static enum filter_verdict
ask_and_double(struct filter *filter, struct span text)
{
    return has_asked(filter) ? double_octets(filter, text) : FILTER_WAIT;
}

static unsigned
open_asking(struct filter *filter)
{
    filter->state = memory_new(sizeof(bool));
    return FILTER_BODY;
}

static unsigned
open_asking_rewriter(struct filter *filter)
{
    filter->state = memory_new(sizeof(bool));
    return FILTER_REWRITE;
}

static void
close_state(struct filter *filter)
{
    free(filter->state);
}

static const struct filter_module edits   = {.name = "edits", .open = open_headers, .headers = add_field};
static const struct filter_module looks   = {.name = "looks", .open = open_headers, .headers = look_for_field};
static const struct filter_module watches = {
    .name = "watches", .records_to = record_nowhere, .open = open_body, .body = watch};
static const struct filter_module holds = {.name = "holds", .open = open_hold, .end = add_field, .close = close_state};
static const struct filter_module holds_4 = {
    .name = "holds4", .open = open_hold, .body = hold_four, .end = add_field, .close = close_state};
static const struct filter_module doubles = {.name = "doubles", .open = open_rewrite, .body = double_octets};
static const struct filter_module waits = {.name = "waits", .open = open_hold, .end = wait_once, .close = close_state};
static const struct filter_module asks  = {.name = "asks", .open = open_asking, .body = ask_body, .close = close_state};
static const struct filter_module asks_holding = {
    .name = "asks-holding", .open = open_hold, .body = ask_body, .end = add_field, .close = close_state};
static const struct filter_module asks_doubling = {
    .name = "asks-doubling", .open = open_asking_rewriter, .body = ask_and_double, .close = close_state};
static const struct filter_module refuses = {
    .name = "refuses", .open = open_hold, .body = refuse_body, .end = add_field, .close = close_state};
static const struct filter_module fails = {
    .name = "fails", .open = open_hold, .body = fail_body, .end = add_field, .close = close_state};
static const struct filter_module stops = {.name = "stops", .open = open_body, .body = refuse_body};

#endif
