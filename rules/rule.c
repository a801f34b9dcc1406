/* The definition of one rule: /pattern/flags, Field =~ /pattern/, exists:Field, or an expression. */
#include <ctype.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "rules/ruleset.h"

static bool
has_prefix(struct span text, struct span prefix)
{
    return text.len >= prefix.len && memcmp(text.data, prefix.data, prefix.len) == 0;
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
define_field(struct score_rules *rules, struct rule *rule, struct span text, struct bytes *why)
{
    struct field field;

    if (text.len > 0 && text.data[text.len - 1] == ':')
        text.len--;
    if (field_parse(&field, text, why) != 0) {
        field_clear(&field);
        return -1;
    }
    rule->field = ruleset_field(rules, &field);
    return 0;
}

static int
define_header(struct score_rules *rules, struct rule *rule, struct span text, struct bytes *why)
{
    size_t len = 0;

    if (has_prefix(text, SPAN("exists:")))
        return define_field(rules, rule, span_tail(text, 7), why);
    while (len < text.len && !isspace((unsigned char)text.data[len]) && strchr("=!~", text.data[len]) == NULL)
        len++;
    if (define_field(rules, rule, span_head(text, len), why) != 0)
        return -1;
    text          = text_trim(span_tail(text, len));
    rule->negated = has_prefix(text, SPAN("!~"));
    if (!rule->negated && !has_prefix(text, SPAN("=~"))) {
        bytes_printf(why, "=~ or !~ expected behind the field's name");
        return -1;
    }
    rule->regex = regex_read(take_if_unset(rule, text_trim(span_tail(text, 2))), why);
    return rule->regex != NULL ? 0 : -1;
}

static int
define_eval(struct score_rules *rules, struct rule *rule, struct span text, struct bytes *why)
{
    rule->kind = RULE_EVAL;
    rule->call = eval_call_read(rules->eval_settings, text, why);
    return rule->call != NULL ? 0 : -1;
}

int
rule_define(struct score_rules *rules, struct rule *rule, enum rule_kind kind, struct span text, struct bytes *why)
{
    rule->kind = kind;
    if (has_prefix(text, SPAN("eval:")))
        return define_eval(rules, rule, span_tail(text, 5), why);
    if (kind == RULE_HEADER)
        return define_header(rules, rule, text, why);
    if (kind != RULE_META) {
        rule->regex = regex_read(text, why);
        return rule->regex != NULL ? 0 : -1;
    }
    if (text.len == 0) {
        bytes_printf(why, "missing expression");
        return -1;
    }
    rule->expression = memory_copy_span(text);
    return 0;
}

void
rule_undefine(struct rule *rule)
{
    rule->kind = RULE_UNDEFINED;
    regex_free(&rule->regex);
    meta_free(&rule->meta);
    eval_call_free(&rule->call);
    free(rule->if_unset);
    free(rule->expression);
    free(rule->file);
    rule->if_unset = rule->expression = rule->file = NULL;
    rule->negated                                  = false;
}
