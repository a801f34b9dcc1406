/* The definition of one rule: /pattern/flags, Field =~ /pattern/, exists:Field, eval:function(), or an expression. */
#include <ctype.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "rules/spamassassin/pattern.h"
#include "rules/spamassassin/ruleset.h"

/* What a definition is read with. */
struct reading {
    struct score_rules        *rules;
    struct rule               *rule;
    const struct plugins      *plugins;
    const struct replace_tags *tags;
    struct bytes               why;
};

static int
read_pattern(struct reading *reading, struct span text)
{
    struct rule               *rule = reading->rule;
    const struct replace_tags *tags = rule->has_tags ? reading->tags : NULL;

    rule->regex = pattern_compile(text, tags, &reading->why);
    if (rule->regex == NULL)
        return -1;
    if (rule->kind != RULE_MIMEHEADER)
        rule->capture = capture_read(&reading->rules->captures, text, tags, rule->regex);
    if (rule->capture == NULL || rule->capture->part_count == 0)
        return 0;
    regex_free(&rule->regex);
    rule->regex = capture_compile(rule->capture, NULL);
    return rule->regex != NULL ? 0 : -1;
}

/* Takes "[if-unset: TEXT]" off the end. */
static struct span
take_if_unset(struct rule *rule, struct span text)
{
    static struct regex_built_in pattern = {"\\s+\\[if-unset:\\s+(.+)\\]$", "", NULL};
    struct regex_found           found;

    if (!regex_find(regex_of(&pattern), text, 0, &found))
        return text;
    rule->if_unset = memory_copy_span(regex_group(&found, 1));
    return span_head(text, text.len - regex_group(&found, 0).len);
}

static int
read_field(struct reading *reading, struct span text)
{
    struct field field;

    if (text.len > 0 && text.data[text.len - 1] == ':')
        text.len--;
    if (field_parse(&field, text, &reading->why) != 0) {
        field_clear(&field);
        return -1;
    }
    reading->rule->field = ruleset_field(reading->rules, &field);
    return 0;
}

/* Takes "Field =~" off the text, or "Field !~"; what is left is the pattern. */
static int
take_field(struct reading *reading, struct span *text, struct span *field)
{
    size_t len = 0;

    while (len < text->len && !isspace((unsigned char)text->data[len]) && strchr("=!~", text->data[len]) == NULL)
        len++;
    *field                 = span_head(*text, len);
    *text                  = text_trim(span_tail(*text, len));
    reading->rule->negated = span_starts(*text, SPAN("!~"));
    if (!reading->rule->negated && !span_starts(*text, SPAN("=~"))) {
        bytes_printf(&reading->why, "=~ or !~ expected behind the field's name");
        return -1;
    }
    *text = take_if_unset(reading->rule, text_trim(span_tail(*text, 2)));
    return 0;
}

static int
read_header(struct reading *reading, struct span text)
{
    struct span field;

    if (span_starts(text, SPAN("exists:")))
        return read_field(reading, span_tail(text, 7));
    if (take_field(reading, &text, &field) != 0 || read_field(reading, field) != 0)
        return -1;
    return read_pattern(reading, text);
}

static int
read_mimeheader(struct reading *reading, struct span text)
{
    struct span field;

    if (take_field(reading, &text, &field) != 0 ||
        mimeheader_read(&reading->rule->mimeheader, field, &reading->why) != 0)
        return -1;
    return read_pattern(reading, text);
}

/* Is it a function of SpamAssassin's that asks DNS, whatever plugin has it? */
static bool
asks_network(struct span function)
{
    return span_starts(function, SPAN("check_rbl")) || span_starts(function, SPAN("check_dns"));
}

static int
read_eval(struct reading *reading, struct span text)
{
    struct rule              *rule  = reading->rule;
    const char               *open  = memchr(text.data, '(', text.len);
    struct span               name  = open != NULL ? span_head(text, (size_t)(open - text.data)) : text;
    const struct eval_plugin *owner = eval_function_owner(name);

    if (open == NULL || text.data[text.len - 1] != ')') {
        bytes_printf(&reading->why, "eval: needs a function and its arguments in parentheses");
        return -1;
    }
    if (rule->network || asks_network(name)) {
        rule->fate = RULE_NETWORK;
    } else if (rule->learning) {
        rule->fate = RULE_LEARNING;
    } else if (owner == NULL || !plugins_on_short(reading->plugins, span_of(owner->name))) {
        rule->fate = RULE_NO_FUNCTION;
        report_count(&reading->rules->report.functions, name);
    } else {
        rule->call = eval_call_read(reading->rules->eval_settings, text, &reading->why);
        if (rule->call == NULL)
            return -1;
        rule->call->rawbody = rule->rawbody;
    }
    return 0;
}

static int
read_text(struct reading *reading)
{
    struct span text = bytes_span(&reading->rule->text);

    switch (reading->rule->kind) {
    case RULE_HEADER:
        return read_header(reading, text);
    case RULE_MIMEHEADER:
        return read_mimeheader(reading, text);
    case RULE_EVAL:
        return read_eval(reading, text);
    default:
        return read_pattern(reading, text);
    }
}

void
rule_read(struct score_rules *rules, struct rule *rule, const struct plugins *plugins, const struct replace_tags *tags)
{
    struct reading reading = {.rules = rules, .rule = rule, .plugins = plugins, .tags = tags};

    rule->fate = rule->score != 0 ? RULE_RUNS : RULE_NO_POINTS;
    if (read_text(&reading) != 0)
        rule_mistaken(rules, rule, "%s", reading.why.data);
    bytes_free(&reading.why);
}

void
rule_mistaken(struct score_rules *rules, struct rule *rule, const char *format, ...)
{
    struct bytes why = {0};
    va_list      args;

    va_start(args, format);
    bytes_vprintf(&why, format, args);
    va_end(args);
    error_add(&rules->mistakes, rule->file, rule->line, "%s: %s", rule->name, why.data);
    bytes_free(&why);
    rule->fate = RULE_MISTAKEN;
}

void
rule_define(struct rule *rule, enum rule_kind kind, struct span text, const char *file, unsigned line)
{
    rule_undefine(rule);
    rule->kind = kind;
    rule->file = memory_copy_string(file);
    rule->line = line;
    if (kind == RULE_HEADER && span_starts(text, SPAN("rbleval:")))
        text = span_tail(text, 3);
    if (kind != RULE_META && kind != RULE_URI && kind != RULE_MIMEHEADER && span_starts(text, SPAN("eval:"))) {
        rule->kind    = RULE_EVAL;
        rule->rawbody = kind == RULE_RAWBODY;
        text          = span_tail(text, 5);
    }
    bytes_add(&rule->text, text);
    if (rule->kind != RULE_META && rule->kind != RULE_EVAL && capture_in(text))
        rule->priority = CAPTURE_PRIORITY;
}

void
rule_undefine(struct rule *rule)
{
    rule->kind = RULE_UNDEFINED;
    regex_free(&rule->regex);
    meta_free(&rule->meta);
    eval_call_free(&rule->call);
    capture_free(&rule->capture);
    mimeheader_clear(&rule->mimeheader);
    bytes_free(&rule->text);
    free(rule->if_unset);
    free(rule->file);
    rule->if_unset = rule->file = NULL;
    rule->negated               = false;
}
