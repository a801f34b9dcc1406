/* One rule: pattern, flags, action and text. What is taken and what it means follows Postfix's src/util/dict_pcre.c. */
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"
#include "rules/postfix/check_rule.h"

const char *const header_check_names[] = {
    [HEADER_CHECK_DUNNO] = "DUNNO",     [HEADER_CHECK_IGNORE] = "IGNORE",   [HEADER_CHECK_INFO] = "INFO",
    [HEADER_CHECK_PREPEND] = "PREPEND", [HEADER_CHECK_REPLACE] = "REPLACE", [HEADER_CHECK_STRIP] = "STRIP",
    [HEADER_CHECK_WARN] = "WARN",
};

/* Actions of Postfix that decide about a mail as a whole, or its delivery. */
static const char *const refused_names[] = {"ACCEPT", "BCC",  "DEFER",      "DELAY",    "DISCARD", "FILTER",
                                            "HOLD",   "PASS", "QUARANTINE", "REDIRECT", "REJECT"};

/* A rule while it is read. */
struct reading {
    struct check_rule *rule;
    struct error      *error;
    struct span        rest; /* of its line */
};

#define SAY(reading, ...) error_add((reading)->error, (reading)->rule->file, (reading)->rule->line, __VA_ARGS__)

static void
skip(struct reading *reading, size_t len)
{
    reading->rest = check_skip_space(span_tail(reading->rest, len));
}

/* The word that `text` starts with. */
static struct span
first_word(struct span text)
{
    size_t len = 0;

    while (len < text.len && !isspace((unsigned char)text.data[len]))
        len++;
    return span_head(text, len);
}

/* Takes "/pattern/flags". A delimiter within the pattern has a backslash in front, which stays there, as in Postfix. */
static int
split_pattern(struct reading *reading, struct span *pattern, struct span *flags)
{
    struct span line = reading->rest;
    size_t      at   = 1;

    if (line.len == 0 || isalnum((unsigned char)line.data[0])) {
        SAY(reading, "a pattern is missing, as /pattern/");
        return -1;
    }
    while (at < line.len && line.data[at] != line.data[0])
        at += line.data[at] == '\\' ? 2 : 1;
    if (at >= line.len) {
        SAY(reading, "the pattern has no closing delimiter \"%c\"", line.data[0]);
        return -1;
    }
    *pattern = (struct span){line.data + 1, at - 1};
    *flags   = first_word(span_tail(line, at + 1));
    skip(reading, at + 1 + flags->len);
    return 0;
}

/* Toggles the letters of pcre_table(5): i and s are on unless named. X is accepted, for PCRE2 always acts as it says.
 */
static int
toggle_flags(struct reading *reading, struct span flags, struct bytes *letters)
{
    static const char known[]               = "imsxAEU";
    bool              on[sizeof(known) - 1] = {[0] = true, [2] = true};

    for (size_t i = 0; i < flags.len; i++) {
        const char *letter = memchr(known, flags.data[i], sizeof(known) - 1);

        if (letter != NULL) {
            on[letter - known] = !on[letter - known];
        } else if (flags.data[i] != 'X') {
            SAY(reading, "unknown flag \"%c\" behind the pattern", flags.data[i]);
            return -1;
        }
    }
    for (size_t i = 0; i < sizeof(on); i++)
        if (on[i])
            bytes_add_char(letters, known[i]);
    return 0;
}

/*
 * The text behind the ^ of a pattern that is nothing else, as in /^X-Mailer:/. PCRE2 is not needed to find it; most
 * patterns that take a field out, or put one in front, are of this kind.
 */
static struct span
plain_start(const struct regex *regex)
{
    struct span pattern = regex_pattern(regex), flags = regex_flags(regex);
    size_t      at = 1;

    if (!span_starts(pattern, SPAN("^")) || span_find(flags, 'i') == flags.len || span_find(flags, 'm') < flags.len ||
        span_find(flags, 'x') < flags.len)
        return (struct span){0};
    while (at < pattern.len && (text_is_alphanumeric(pattern.data[at]) || memchr("-_: ", pattern.data[at], 4) != NULL))
        at++;
    return at == pattern.len ? span_tail(pattern, 1) : (struct span){0};
}

/* Takes "!/pattern/flags" into the rule. */
static int
read_pattern(struct reading *reading)
{
    struct check_rule *rule = reading->rule;
    struct span        pattern, flags;
    struct bytes       letters = {0}, why = {0};

    reading->rest = check_skip_space(reading->rest);
    while (reading->rest.len > 0 && reading->rest.data[0] == '!') {
        rule->negated = !rule->negated;
        skip(reading, 1);
    }
    if (split_pattern(reading, &pattern, &flags) != 0)
        return -1;
    if (toggle_flags(reading, flags, &letters) == 0) {
        rule->regex = regex_compile(pattern, bytes_span(&letters), &why);
        if (rule->regex != NULL)
            rule->start = plain_start(rule->regex);
        else
            SAY(reading, "%s in the pattern \"%.*s\"", why.data, SPAN_ARG(pattern));
    }
    bytes_free(&letters);
    bytes_free(&why);
    return rule->regex != NULL ? 0 : -1;
}

static bool
is_refused(struct span word)
{
    for (size_t i = 0; i < COUNT_OF(refused_names); i++)
        if (span_equal_nocase(word, span_of(refused_names[i])))
            return true;
    return false;
}

static int
read_action(struct reading *reading)
{
    struct span word = first_word(reading->rest);

    skip(reading, word.len);
    if (span_equal_nocase(word, SPAN("OK")))
        word = SPAN("DUNNO");
    for (size_t i = 0; i < HEADER_CHECK_ACTIONS; i++)
        if (span_equal_nocase(word, span_of(header_check_names[i]))) {
            reading->rule->action = (enum header_check_action)i;
            return 0;
        }
    if (word.len == 0)
        SAY(reading, "an action is missing behind the pattern");
    else if (is_refused(word))
        SAY(reading, "action %.*s makes no sense on retrieval", SPAN_ARG(word));
    else
        SAY(reading, "unknown action \"%.*s\"", SPAN_ARG(word));
    return -1;
}

/* The name behind a `$`: in braces, in parentheses, or as far as letters, digits and _ go. `*len`: all that it takes.
 */
static struct span
group_name(struct span text, size_t *len)
{
    const char *close;
    size_t      end = 0;

    *len = 0;
    if (text.len > 0 && (text.data[0] == '{' || text.data[0] == '(')) {
        close = memchr(text.data, text.data[0] == '{' ? '}' : ')', text.len);
        if (close == NULL)
            return (struct span){0};
        *len = (size_t)(close - text.data) + 1;
        return (struct span){text.data + 1, *len - 2};
    }
    while (end < text.len && (isalnum((unsigned char)text.data[end]) || text.data[end] == '_'))
        end++;
    *len = end;
    return span_head(text, end);
}

/* `name` as a number, or something too large; 0 if it is none. */
static size_t
read_number(struct span name)
{
    size_t number = 0;

    for (size_t i = 0; i < name.len; i++) {
        if (!isdigit((unsigned char)name.data[i]))
            return 0;
        if (number <= REGEX_GROUPS_MAX)
            number = number * 10 + (size_t)(name.data[i] - '0');
    }
    return number;
}

/* The number of a group that the pattern has; 0 and an error if `name` is none. */
static size_t
group_number(struct reading *reading, struct span name)
{
    size_t number = read_number(name), groups = regex_group_count(reading->rule->regex);

    if (number == 0)
        SAY(reading, "\"$\" must be followed by the number of a group, or by another \"$\"");
    else if (reading->rule->negated)
        SAY(reading, "$%zu in a rule whose pattern is negated", number);
    else if (number > groups)
        SAY(reading, "$%.*s, but the pattern has %zu groups", SPAN_ARG(name), groups);
    else if (number >= REGEX_GROUPS_MAX)
        SAY(reading, "$%.*s: the last group that can be used is $%d", SPAN_ARG(name), REGEX_GROUPS_MAX - 1);
    else
        return number;
    return 0;
}

static void
add_part(struct check_rule *rule, struct span literal, size_t group)
{
    rule->parts                     = memory_resize_array(rule->parts, rule->part_count + 1, sizeof(*rule->parts));
    rule->parts[rule->part_count++] = (struct check_part){literal, group};
}

/* Takes the text behind the action apart at each `$`. */
static int
read_text(struct reading *reading)
{
    struct check_rule *rule = reading->rule;
    struct span        text = reading->rest;

    rule->text = memory_copy_span(text);
    text.data  = rule->text;
    while (text.len > 0) {
        const char *dollar  = memchr(text.data, '$', text.len);
        struct span literal = dollar != NULL ? span_head(text, (size_t)(dollar - text.data)) : text;
        size_t      group   = 0, len;

        text = span_tail(text, literal.len);
        if (text.len > 1 && text.data[1] == '$') {
            literal.len++;
            text = span_tail(text, 2);
        } else if (text.len > 0) {
            group = group_number(reading, group_name(span_tail(text, 1), &len));
            if (group == 0)
                return -1;
            text = span_tail(text, 1 + len);
        }
        add_part(rule, literal, group);
    }
    return 0;
}

/* PREPEND and REPLACE need a field; what can be seen of it before a mail is there is checked here. */
static int
check_text(struct reading *reading)
{
    const struct check_rule *rule = reading->rule;
    struct span              name = rule->part_count > 0 ? rule->parts[0].literal : (struct span){0};
    bool                     open = rule->part_count > 1 || (rule->part_count == 1 && rule->parts[0].group > 0);
    size_t                   at   = 0;

    if (rule->action != HEADER_CHECK_PREPEND && rule->action != HEADER_CHECK_REPLACE)
        return 0;
    while (at < name.len && name.data[at] > ' ' && name.data[at] < 127 && name.data[at] != ':')
        at++;
    while (at > 0 && at < name.len && (name.data[at] == ' ' || name.data[at] == '\t'))
        at++;
    if (at == name.len ? open : at > 0 && name.data[at] == ':')
        return 0;
    SAY(reading, "%s needs a field, as \"Name: value\"", header_check_names[rule->action]);
    return -1;
}

int
check_rule_read(struct check_rule *rule, struct span line, struct error *error)
{
    struct reading reading = {.rule = rule, .error = error, .rest = line};

    if (read_pattern(&reading) != 0 || read_action(&reading) != 0 || read_text(&reading) != 0)
        return -1;
    return check_text(&reading);
}

int
check_rule_read_if(struct check_rule *rule, struct span line, struct error *error)
{
    struct reading reading = {.rule = rule, .error = error, .rest = line};

    rule->is_if = true;
    if (read_pattern(&reading) != 0)
        return -1;
    if (reading.rest.len == 0)
        return 0;
    SAY(&reading, "text behind if /pattern/: a rule in the block must not start with white space");
    return -1;
}

void
check_rule_free(struct check_rule *rule)
{
    regex_free(&rule->regex);
    free(rule->text);
    free(rule->parts);
}

enum check_verdict
check_rule_applies(const struct check_rule *rule, struct span header, struct regex_found *found)
{
    uint64_t before = regex_limits_hit();
    bool     matches;

    if (rule->start.len > 0) {
        *found  = (struct regex_found){0};
        matches = span_starts_nocase(header, rule->start);
    } else {
        matches = regex_find(rule->regex, header, 0, found);
    }
    if (regex_limits_hit() != before)
        return CHECK_GIVEN_UP;
    return matches != rule->negated ? CHECK_APPLIES : CHECK_PASSES;
}

void
check_rule_expand(const struct check_rule *rule, const struct regex_found *found, struct bytes *text)
{
    bytes_clear(text);
    for (size_t i = 0; i < rule->part_count; i++) {
        struct span literal = rule->parts[i].literal, captured = {0};

        if (rule->parts[i].group > 0)
            captured = regex_group(found, rule->parts[i].group);
        (void)bytes_reserve(text, literal.len + captured.len);
        bytes_put(text, text->len > 0 ? literal : check_skip_space(literal));
        bytes_put(text, text->len > 0 ? captured : check_skip_space(captured));
    }
}
