/* Rules that capture and rules that ask, past one mail. */
#include <stdlib.h>

#include "base/budget.h"
#include "base/memory.h"
#include "rules/spamassassin/ruleset.h"

struct capture_run {
    const struct score_rules *rules;
    const struct mail        *mail;
    struct arena              arena;
    struct spans             *values; /* of each name, what was captured last */
    size_t                    next;   /* of the rules that capture or ask */
};

/* The texts that a rule looks at. */
struct texts {
    struct spans spans;
    struct span  one;
    struct bytes value;
};

static void
read_texts(const struct capture_run *run, const struct rule *rule, struct texts *texts)
{
    *texts = (struct texts){0};
    switch (rule->kind) {
    case RULE_BODY:
        texts->spans = run->mail->body;
        if (rule->no_subject && texts->spans.count > 0) {
            texts->spans.items++;
            texts->spans.count--;
        }
        return;
    case RULE_RAWBODY:
        texts->spans = run->mail->rawbody;
        return;
    case RULE_URI:
        texts->spans = run->mail->uris;
        return;
    case RULE_HEADER:
        texts->one = field_read(&run->rules->fields[rule->field], run->mail, &texts->value) ? bytes_span(&texts->value)
                                                                                            : span_of(rule->if_unset);
        break;
    default:
        texts->one = run->mail->full;
    }
    texts->spans = (struct spans){&texts->one, 1, 1};
}

static bool
is_among(const struct spans *values, struct span value)
{
    for (size_t i = 0; i < values->count; i++)
        if (span_equal(values->items[i], value))
            return true;
    return false;
}

/* Keeps a text, once. */
static void
keep_value(struct capture_run *run, struct spans *values, struct span value)
{
    if (value.len > 0 && value.len <= CAPTURE_VALUE_MAX && values->count < CAPTURE_VALUES_MAX &&
        !is_among(values, value))
        spans_add(values, arena_copy(&run->arena, value));
}

/* What is known under a name. */
static const struct spans *
values_of(struct capture_run *run, int name)
{
    struct spans       *values = &run->values[name];
    const struct field *field  = run->rules->captures.names[name].field;
    struct bytes        value  = {0};

    if (values->count == 0 && field != NULL && field_read(field, run->mail, &value))
        keep_value(run, values, bytes_span(&value));
    bytes_free(&value);
    return values;
}

/* Are all names known that the rule asks for? */
static bool
can_ask(struct capture_run *run, const struct capture *capture)
{
    for (size_t i = 0; i + 1 < capture->part_count; i++)
        if (values_of(run, capture->parts[i].name)->count == 0)
            return false;
    return true;
}

/* In lower case, as patterns that ignore case compare Latin-1. */
static void
lower(struct span text, struct bytes *out)
{
    char *end;

    bytes_clear(out);
    end = bytes_reserve(out, text.len);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c        = (unsigned char)text.data[i];
        bool          is_upper = (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7);

        end[i] = (char)(c + (is_upper ? 0x20 : 0));
    }
    out->len += text.len;
    out->data[out->len] = '\0';
}

/* Can a pattern that needs one of these values match any of those texts? */
static bool
any_holds(const struct spans *texts, const struct spans *values)
{
    struct bytes text = {0}, wanted[CAPTURE_VALUES_MAX] = {{0}};
    bool         found = false;

    for (size_t j = 0; j < values->count; j++)
        lower(values->items[j], &wanted[j]);
    for (size_t i = 0; i < texts->count && !found; i++) {
        lower(texts->items[i], &text);
        for (size_t j = 0; j < values->count && !found; j++)
            found = memmem(text.data, text.len, wanted[j].data, wanted[j].len) != NULL;
    }
    bytes_free(&text);
    for (size_t j = 0; j < values->count; j++)
        bytes_free(&wanted[j]);
    return found;
}

static void
keep_groups(struct capture_run *run, const struct capture *capture, const struct regex_found *found,
            struct spans *values)
{
    for (size_t i = 0; i < capture->group_count; i++)
        keep_value(run, &values[i], regex_group(found, capture->groups[i].group));
}

/* What was captured under a name takes the place of what an earlier rule captured. */
static void
set_values(struct capture_run *run, const struct capture *capture, struct spans *values)
{
    for (size_t i = 0; i < capture->group_count; i++) {
        struct spans *known = &run->values[capture->groups[i].name];

        if (values[i].count == 0)
            continue;
        spans_free(known);
        *known    = values[i];
        values[i] = (struct spans){0};
    }
}

/* How often the rule hits; what it captures on the way is kept. */
static unsigned
match_texts(struct capture_run *run, const struct rule *rule, const struct regex *regex, const struct spans *texts)
{
    unsigned           most = !rule->multiple ? 1 : rule->hits_max > 0 ? rule->hits_max : UINT32_MAX, hits = 0;
    uint64_t           limits = regex_limits_hit();
    struct spans      *values = memory_new((rule->capture->group_count + 1) * sizeof(*values));
    struct regex_found found;

    for (size_t i = 0; i < texts->count && hits < most && regex_limits_hit() == limits; i++) {
        size_t at = 0;

        while (hits < most && at <= texts->items[i].len && regex_find(regex, texts->items[i], at, &found)) {
            hits++;
            at = regex_next(&found);
            keep_groups(run, rule->capture, &found, values);
        }
    }
    set_values(run, rule->capture, values);
    for (size_t i = 0; i < rule->capture->group_count; i++)
        spans_free(&values[i]);
    free(values);
    if (rule->negated)
        return hits == 0 && regex_limits_hit() == limits;
    return hits;
}

/* Is the rule's pattern put together for this mail? */
static bool
asks_each_mail(const struct capture_run *run, const struct rule *rule)
{
    return rule->capture->part_count > 0 && (!run->rules->captures.first_mail || rule->kind == RULE_FULL);
}

static unsigned
run_rule(struct capture_run *run, const struct rule *rule)
{
    const struct capture *capture = rule->capture;
    struct regex         *made    = NULL;
    struct texts          texts;
    unsigned              hits;

    if (!can_ask(run, capture))
        return 0;
    read_texts(run, rule, &texts);
    if (!asks_each_mail(run, rule))
        hits = match_texts(run, rule, rule->regex, &texts.spans);
    else if (capture->needed != CAPTURE_NO_NAME && !any_holds(&texts.spans, values_of(run, capture->needed)))
        hits = rule->negated;
    else if ((made = capture_compile(capture, run->values)) == NULL)
        hits = 0;
    else
        hits = match_texts(run, rule, made, &texts.spans);
    regex_free(&made);
    bytes_free(&texts.value);
    return hits;
}

struct capture_run *
captures_begin(const struct score_rules *rules, const struct mail *mail)
{
    struct capture_run *run;

    if (rules->capturing_count == 0)
        return NULL;
    run         = memory_new(sizeof(*run));
    *run        = (struct capture_run){.rules = rules, .mail = mail};
    run->values = memory_new((rules->captures.count + 1) * sizeof(run->values[0]));
    return run;
}

bool
captures_go_on(struct capture_run *run, unsigned *hits)
{
    for (; run != NULL && run->next < run->rules->capturing_count; run->next++) {
        size_t index = run->rules->capturing[run->next];

        if (budget_slice_is_over())
            return false;
        hits[index] = run_rule(run, &run->rules->rules[index]);
    }
    return true;
}

void
captures_end(struct capture_run **run)
{
    if (*run == NULL)
        return;
    for (size_t i = 0; i < (*run)->rules->captures.count; i++)
        spans_free(&(*run)->values[i]);
    free((*run)->values);
    arena_free(&(*run)->arena);
    free(*run);
    *run = NULL;
}
