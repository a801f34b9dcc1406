/* Who a mail is for: lists that a program made up, and people called by what stands before their @. */
#include <ctype.h>

#include "rules/eval/header_eval.h"

enum {
    LOOKED_AT_MAX  = 256, /* recipients */
    ENOUGH         = 5,   /* of To and Cc, or Bcc is looked at too; less are never alike */
    SORTED_ENOUGH  = 7,
    SIMILAR_LENGTH = 2, /* octets that two recipients have in common to be alike */
    ADDRESS_MAX    = 320
};

/* Those of the field that are not the same as the one before, but for case. Returns how many recipients there were. */
static size_t
add_recipients(struct span field, struct spans *recipients)
{
    struct span address, before = {0};
    size_t      count = 0;

    if (recipients->count > 0)
        before = recipients->items[recipients->count - 1];
    for (; recipients->count < LOOKED_AT_MAX && eval_next_line(&field, &address); count++) {
        if (!span_equal_nocase(address, before))
            spans_add(recipients, address);
        before = address;
    }
    return count;
}

static bool
are_sorted(const struct spans *recipients)
{
    for (size_t i = 1; i < recipients->count; i++)
        if (span_compare(recipients->items[i - 1], recipients->items[i]) > 0)
            return false;
    return recipients->count >= SORTED_ENOUGH;
}

static struct span
host_of(struct span address)
{
    const char *at = memchr(address.data, '@', address.len);

    return at != NULL ? span_tail(address, (size_t)(at - address.data) + 1) : span_tail(address, address.len);
}

static struct span
user_of(struct span address)
{
    const char *at = memchr(address.data, '@', address.len);

    return at != NULL ? span_head(address, (size_t)(at - address.data)) : address;
}

static bool
begin_alike(struct span a, struct span b)
{
    return span_equal(span_head(a, a.len < SIMILAR_LENGTH ? a.len : SIMILAR_LENGTH),
                      span_head(b, b.len < SIMILAR_LENGTH ? b.len : SIMILAR_LENGTH));
}

/* Users count a point, different hosts that begin alike another. */
static unsigned
points(struct span a, struct span b)
{
    struct span host_a = host_of(a), host_b = host_of(b);

    return begin_alike(a, b) + (begin_alike(host_a, host_b) && !span_equal(host_a, host_b));
}

static double
similarity(const struct spans *recipients)
{
    size_t   count = recipients->count;
    unsigned sum   = 0;

    if (count < ENOUGH)
        return 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            sum += points(recipients->items[i], recipients->items[j]);
    return sum / ((double)count * (double)(count - 1) / 2);
}

static const struct header_recipients *
look_at_recipients(struct eval_run *run)
{
    struct header_recipients *recipients = &header_facts(run)->recipients;
    struct spans              addresses  = {0};

    if (recipients->known)
        return recipients;
    recipients->known = true;
    if (add_recipients(eval_field(run, "ToCc:addr"), &addresses) < ENOUGH)
        (void)add_recipients(eval_field(run, "Bcc:addr"), &addresses);
    recipients->sorted  = are_sorted(&addresses);
    recipients->similar = similarity(&addresses);
    spans_free(&addresses);
    return recipients;
}

unsigned
header_sorted_recipients(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return look_at_recipients(run)->sorted;
}

unsigned
header_similar_recipients(struct eval_run *run, const struct eval_call *call)
{
    const struct header_range *range = call->prepared;
    double                     value = look_at_recipients(run)->similar;

    return value >= range->least && value < range->most;
}

static bool
is_word(struct span text, size_t at)
{
    return at < text.len && (isalnum((unsigned char)text.data[at]) || text.data[at] == '_');
}

static bool
is_space(struct span text, size_t at)
{
    return at < text.len && isspace((unsigned char)text.data[at]);
}

/* Where a word begins or ends: before or behind `at` stands a letter, digit or _, on the other side none. */
static bool
is_word_edge(struct span text, size_t at)
{
    return (at > 0 && is_word(text, at - 1)) != is_word(text, at);
}

static bool
subject_has_address(struct span subject, struct span address)
{
    if (address.len > ADDRESS_MAX)
        return false;
    for (size_t i = 0; i + address.len <= subject.len; i++)
        if (span_equal_nocase((struct span){subject.data + i, address.len}, address) && is_word_edge(subject, i) &&
            is_word_edge(subject, i + address.len))
            return true;
    return false;
}

static struct span
skip(struct span text, bool (*is_kind)(struct span, size_t))
{
    size_t at = 0;

    while (is_kind(text, at))
        at++;
    return span_tail(text, at);
}

/* "Re: USER" or "Re: hello USER" */
static bool
is_reply_to(struct span subject, struct span user)
{
    struct span rest, word;

    if (!span_starts_nocase(subject, SPAN("re:")) && !span_starts_nocase(subject, SPAN("fw:")))
        return false;
    rest = skip(span_tail(subject, 3), is_space);
    if (span_equal_nocase(rest, user))
        return true;
    word = skip(rest, is_word);
    rest = skip(word, is_space);
    return word.len > rest.len && span_equal_nocase(rest, user);
}

static bool
is_mark(struct span text, size_t at, const char *marks)
{
    return at < text.len && text.data[at] != '\0' && strchr(marks, text.data[at]) != NULL;
}

/* "USER, ..." */
static bool
calls_user(struct span subject, struct span user)
{
    struct span rest;

    if (!span_starts(subject, user))
        return false;
    rest = skip(span_tail(subject, user.len), is_space);
    return is_mark(rest, 0, ",:;!?-") && (rest.len == 1 || is_space(rest, 1));
}

/* ", USER!" */
static bool
ends_with_user(struct span subject, struct span user)
{
    struct span rest;

    if (!is_mark(subject, 0, ","))
        return false;
    rest = skip(span_tail(subject, 1), is_space);
    return rest.len == user.len + 1 && span_starts_nocase(rest, user) && is_mark(rest, user.len, ",:;!?-");
}

static bool
subject_has_user(struct span subject, struct span user)
{
    return span_equal_nocase(subject, user) || is_reply_to(subject, user) || calls_user(subject, user) ||
           ends_with_user(subject, user);
}

unsigned
header_to_in_subject(struct eval_run *run, const struct eval_call *call)
{
    struct span to      = eval_field_first(run, "To:addr");
    struct span subject = eval_field(run, "Subject");

    if (to.len == 0 || subject.len == 0)
        return 0;
    if (subject.data[subject.len - 1] == '\n')
        subject.len--;
    if (span_equal(call->arguments[0], SPAN("address")))
        return subject_has_address(subject, to);
    if (span_equal(call->arguments[0], SPAN("user")))
        return subject_has_user(subject, user_of(to));
    return 0;
}
