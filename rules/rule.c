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

/* The delimiter that closes what `open` opens; '\0' if `open` can be none. */
static char
closing_delimiter(char open)
{
    static const char pairs[] = "{}()<>[]";
    const char       *found   = open != '\0' ? strchr(pairs, open) : NULL;

    if (isalnum((unsigned char)open) || isspace((unsigned char)open) || open == '_' || open == '\\' || open == '\0')
        return '\0';
    return found != NULL && (found - pairs) % 2 == 0 ? found[1] : open;
}

/* Is there a delimiter in the pattern that no backslash hides? Those that come in pairs may stand there. */
static bool
has_bare_delimiter(struct span pattern, char delimiter)
{
    if (strchr("})>]", delimiter) != NULL)
        return false;
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.data[i] == '\\')
            i++;
        else if (pattern.data[i] == delimiter)
            return true;
    }
    return false;
}

/* "/pattern/flags", "m{pattern}flags", "m'pattern'flags", ... to its pieces. */
static int
split_pattern(struct span text, struct span *pattern, struct span *flags, struct bytes *why)
{
    char        delimiter;
    const char *end;

    if (has_prefix(text, SPAN("qr")))
        text = span_tail(text, 2);
    else if (has_prefix(text, SPAN("m")))
        text = span_tail(text, 1);
    else if (!has_prefix(text, SPAN("/"))) {
        bytes_printf(why, text.len > 0 ? "a pattern begins with / or m and a delimiter" : "missing pattern");
        return -1;
    }
    delimiter = closing_delimiter(text.len > 0 ? text.data[0] : '\0');
    end       = text.len > 1 ? memrchr(text.data + 1, delimiter, text.len - 1) : NULL;
    if (delimiter == '\0' || end == NULL) {
        bytes_printf(why, delimiter == '\0' ? "no delimiter" : "the pattern has no closing %c", delimiter);
        return -1;
    }
    *pattern = (struct span){text.data + 1, (size_t)(end - text.data) - 1};
    *flags   = span_tail(text, pattern->len + 2);
    if (has_bare_delimiter(*pattern, delimiter)) {
        bytes_printf(why, "the pattern holds %c without a backslash", delimiter);
        return -1;
    }
    return 0;
}

static int
compile_pattern(struct rule *rule, struct span text, struct bytes *why)
{
    struct span pattern, flags;

    if (split_pattern(text, &pattern, &flags, why) != 0)
        return -1;
    for (size_t i = 0; i < flags.len; i++) {
        if (islower((unsigned char)flags.data[i]))
            continue;
        bytes_printf(why, "\"%.*s\" behind the pattern", SPAN_ARG(flags));
        return -1;
    }
    rule->regex = regex_compile(pattern, flags, why);
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
    return compile_pattern(rule, take_if_unset(rule, text_trim(span_tail(text, 2))), why);
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
    if (kind != RULE_META)
        return compile_pattern(rule, text, why);
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
