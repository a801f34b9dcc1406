/* From rules in the order of their files to rules in the order in which they run. */
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/spamassassin/ruleset.h"
#include "rules/spamassassin/run.h"
#include "rules/spamassassin/score.h"

enum { MISSING_SAID = 12 }; /* how many of the names that metas ask for and nobody defines are said */

size_t
ruleset_index(struct score_rules *rules, struct span name)
{
    char  *key   = memory_copy_span(name);
    size_t index = GPOINTER_TO_SIZE(g_hash_table_lookup(rules->names, key));

    if (index > 0) {
        free(key);
        return index - 1;
    }
    if (rules->count == rules->capacity) {
        rules->capacity = rules->capacity > 0 ? rules->capacity * 2 : 64;
        rules->rules    = memory_resize_array(rules->rules, rules->capacity, sizeof(rules->rules[0]));
    }
    rules->rules[rules->count++] = (struct rule){.name = key, .kind = RULE_UNDEFINED};
    (void)g_hash_table_insert(rules->names, key, GSIZE_TO_POINTER(rules->count));
    return rules->count - 1;
}

size_t
ruleset_field(struct score_rules *rules, struct field *field)
{
    for (size_t i = 0; i < rules->field_count; i++) {
        if (field_equal(&rules->fields[i], field)) {
            field_clear(field);
            return i;
        }
    }
    rules->fields = memory_resize_array(rules->fields, rules->field_count + 1, sizeof(rules->fields[0]));
    rules->fields[rules->field_count++] = *field;
    return rules->field_count - 1;
}

static void
free_rule(struct rule *rule)
{
    rule_undefine(rule);
    free(rule->describe);
    free(rule->name);
}

static int
compare_names(const void *left, const void *right)
{
    return strcmp(((const struct rule *)left)->name, ((const struct rule *)right)->name);
}

/* Leaves what is defined, sorted by name, and fills in the scores that nobody gave. */
static void
sort_rules(struct score_rules *rules)
{
    size_t kept = 0;

    for (size_t i = 0; i < rules->count; i++) {
        struct rule *rule = &rules->rules[i];

        if (rule->kind == RULE_UNDEFINED) {
            free_rule(rule);
            continue;
        }
        if (!rule->scored)
            rule->score = (strncmp(rule->name, "T_", 2) == 0 ? 0.01 : 1.0) * (rule->nice ? -1 : 1);
        rules->rules[kept++] = *rule;
    }
    rules->count = kept;
    if (kept > 0)
        qsort(rules->rules, kept, sizeof(rules->rules[0]), compare_names);
}

static long
find_rule(void *context, struct span name)
{
    const struct score_rules *rules = context;
    char                     *key   = memory_copy_span(name);
    struct rule              *found = NULL;

    if (rules->count > 0)
        found =
            bsearch(&(struct rule){.name = key}, rules->rules, rules->count, sizeof(rules->rules[0]), compare_names);
    free(key);
    return found != NULL ? found - rules->rules : -1;
}

/* The rules that a meta's glob fits, the meta itself not among them. */
struct matching {
    struct score_rules *rules;
    const struct rule  *asker;
};

/* A name that nobody defines is a slip, or belongs to another set of rules: it counts 0. */
static void
note_missing(struct matching *matching, struct span name)
{
    struct score_rules *rules = matching->rules;
    char               *key   = memory_copy_span(name);

    if (!g_hash_table_contains(rules->spared, key) && rules->missing++ < MISSING_SAID)
        error_note(&rules->mistakes, matching->asker->file, matching->asker->line, "%s asks for %s, which is not there",
                   matching->asker->name, key);
    free(key);
}

static long
find_for_meta(void *context, struct span name)
{
    struct matching *matching = context;
    long             index    = find_rule(matching->rules, name);

    if (index < 0)
        note_missing(matching, name);
    return index;
}

static void
match_rules(void *context, struct span glob, void (*add)(void *adder, size_t rule), void *adder)
{
    const struct matching *matching = context;
    char                  *pattern  = memory_copy_span(glob);

    for (size_t i = 0; i < matching->rules->count; i++)
        if (&matching->rules->rules[i] != matching->asker && fnmatch(pattern, matching->rules->rules[i].name, 0) == 0)
            add(adder, i);
    free(pattern);
}

static void
read_meta(struct score_rules *rules, struct rule *rule)
{
    struct matching   matching = {rules, rule};
    struct meta_names names    = {find_for_meta, match_rules, &matching};
    struct bytes      why      = {0};

    rule->fate = rule->score != 0 ? RULE_RUNS : RULE_NO_POINTS;
    rule->meta = meta_compile(bytes_span(&rule->text), &names, &why);
    if (rule->meta == NULL)
        rule_mistaken(rules, rule, "%s", why.data);
    bytes_free(&why);
}

static void
read_rules(struct score_rules *rules, const struct plugins *plugins, const struct replace_tags *tags)
{
    for (size_t i = 0; i < rules->count; i++) {
        struct rule *rule = &rules->rules[i];

        if (rule->kind == RULE_META)
            read_meta(rules, rule);
        else
            rule_read(rules, rule, plugins, tags);
        bytes_free(&rule->text);
    }
}

/*
 * Meta `index` goes behind those it asks for. `state` of a rule: 0 not looked at, 1 being looked at, 2 done. One that
 * asks for a meta without points waits for ever in SpamAssassin, while of other rules that do not run it knows that
 * they do not hit.
 */
static void
place_meta(struct score_rules *rules, size_t index, unsigned char *state, size_t *placed)
{
    struct rule *rule = &rules->rules[index];
    size_t       at   = 0;
    long         needed;

    state[index] = 1;
    while (rule->fate == RULE_RUNS && (needed = meta_next_rule(rule->meta, &at)) >= 0) {
        const struct rule *other = &rules->rules[needed];

        if (other->kind != RULE_META)
            continue;
        if (state[needed] == 0)
            place_meta(rules, (size_t)needed, state, placed);
        if (state[needed] == 1)
            rule_mistaken(rules, rule, "it depends on itself");
        else if (other->fate == RULE_NO_POINTS || other->fate == RULE_BLOCKED)
            rule->fate = RULE_BLOCKED;
    }
    state[index] = 2;
    if (rule->fate == RULE_RUNS)
        rules->order[(*placed)++] = index;
}

/* Does it run, without capturing anything or asking for what was captured? */
static bool
runs_alone(const struct rule *rule)
{
    return rule->fate == RULE_RUNS && rule->capture == NULL;
}

/* The header rules of a field stand together, so that it is read once. */
static size_t
place_headers(struct score_rules *rules)
{
    size_t placed = 0;

    for (size_t field = 0; field < rules->field_count; field++)
        for (size_t i = 0; i < rules->count; i++)
            if (rules->rules[i].kind == RULE_HEADER && runs_alone(&rules->rules[i]) && rules->rules[i].field == field)
                rules->order[placed++] = i;
    return placed;
}

static void
order_rules(struct score_rules *rules)
{
    unsigned char *state = memory_new(rules->count);
    size_t         placed;

    rules->order = memory_resize_array(NULL, rules->count, sizeof(rules->order[0]));
    placed       = place_headers(rules);
    for (int kind = RULE_BODY; kind < RULE_KINDS; kind++) {
        rules->start[kind] = placed;
        for (size_t i = 0; i < rules->count; i++) {
            if ((int)rules->rules[i].kind != kind || state[i] != 0)
                continue;
            if (kind == RULE_META)
                place_meta(rules, i, state, &placed);
            else if (runs_alone(&rules->rules[i]))
                rules->order[placed++] = i;
        }
    }
    rules->start[RULE_KINDS] = placed;
    rules->capturing         = capture_order(rules, &rules->capturing_count);
    free(state);
}

/* Those that call a function nobody has were counted where it was looked for. */
static void
count_fates(struct score_rules *rules)
{
    size_t counts[RULE_FATES] = {0};

    for (size_t i = 0; i < rules->count; i++)
        counts[rules->rules[i].fate]++;
    rules->report.rules     = rules->count;
    rules->report.runs      = counts[RULE_RUNS];
    rules->report.mistaken  = counts[RULE_MISTAKEN];
    rules->report.network   = counts[RULE_NETWORK];
    rules->report.learning  = counts[RULE_LEARNING];
    rules->report.no_points = counts[RULE_NO_POINTS];
    rules->report.blocked   = counts[RULE_BLOCKED];
}

void
score_rules_free(struct score_rules **rules)
{
    if (*rules == NULL)
        return;
    for (size_t i = 0; i < (*rules)->count; i++)
        free_rule(&(*rules)->rules[i]);
    for (size_t i = 0; i < (*rules)->field_count; i++)
        field_clear(&(*rules)->fields[i]);
    run_forget(*rules);
    free((*rules)->rules);
    free((*rules)->order);
    free((*rules)->capturing);
    captures_free(&(*rules)->captures);
    free((*rules)->fields);
    free((*rules)->subject_tag);
    error_free(&(*rules)->mistakes);
    report_free(&(*rules)->report);
    mail_settings_clear(&(*rules)->mail_settings);
    eval_settings_free(&(*rules)->eval_settings);
    free(*rules);
    *rules = NULL;
    regex_trim();
}

void
ruleset_finish(struct score_rules *rules, const struct plugins *plugins, const struct replace_tags *tags)
{
    g_hash_table_destroy(rules->names);
    rules->names = NULL;
    rules->captures.first_mail =
        plugins_can(plugins, SPAN("Mail::SpamAssassin::Conf::compat_capture_first_mail"), false);
    sort_rules(rules);
    read_rules(rules, plugins, tags);
    g_hash_table_destroy(rules->spared);
    rules->spared = NULL;
    if (rules->missing > MISSING_SAID)
        error_note(&rules->mistakes, NULL, 0, "metas ask for %zu more names that are not there",
                   rules->missing - MISSING_SAID);
    order_rules(rules);
    count_fates(rules);
    run_prepare(rules);
}

const struct error *
score_mistakes(const struct score_rules *rules)
{
    return &rules->mistakes;
}

void
score_report(const struct score_rules *rules, struct bytes *text)
{
    report_write(&rules->report, text);
}

size_t
score_rules_count(const struct score_rules *rules)
{
    return rules->report.runs;
}

bool
score_required(const struct score_rules *rules, double *required)
{
    if (isnan(rules->required_score))
        return false;
    *required = rules->required_score;
    return true;
}

const char *
score_subject_tag(const struct score_rules *rules)
{
    return rules->subject_tag;
}
