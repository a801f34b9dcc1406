/* What a line of a rule file does: a table of the words that stand first. */
#include <ctype.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"
#include "rules/spamassassin/known_words.h"
#include "rules/spamassassin/loader.h"

enum { NAME_OCTETS_MAX = 100, SCORE_SETS = 4, SCORE_MAX = 1000000, PRIORITY_MAX = 1000000 };

/* A row of the table. */
struct directive {
    const char *word;
    void (*obey)(struct loader *, const struct directive *, struct span value);
    int         which;  /* of the things alike that one function does: an enum rule_kind, replace_kind, ... */
    const char *plugin; /* that has to be on; NULL: none */
};

static bool
is_word_octet(char c)
{
    return text_is_alphanumeric(c) || c == '_';
}

static bool
is_rule_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_word_octet(name.data[i]))
            return false;
    return name.len > 0 && name.len <= NAME_OCTETS_MAX && !isdigit((unsigned char)name.data[0]);
}

/* The rule whose name stands first, which is taken off; NULL, and a mistake, if it is no name. */
static struct rule *
take_rule(struct loader *loader, struct span *value)
{
    struct span name = text_next_token(value);

    if (is_rule_name(name)) {
        size_t index = ruleset_index(loader->rules, name);

        return &loader->rules->rules[index];
    }
    loader_complain(loader, name.len > 0 ? "\"%.*s\" is no rule's name" : "missing rule name%.*s", SPAN_ARG(name));
    return NULL;
}

static void
obey_definition(struct loader *loader, const struct directive *directive, struct span value)
{
    struct rule *rule = take_rule(loader, &value);

    if (rule != NULL && value.len == 0)
        loader_complain(loader, "%s: missing %s", rule->name, directive->which == RULE_META ? "expression" : "pattern");
    else if (rule != NULL)
        rule_define(rule, (enum rule_kind)directive->which, value, loader->file->path, loader->file->line);
}

/* The words of uri_detail are the argument of a function. */
static void
obey_uri_detail(struct loader *loader, const struct directive *directive, struct span value)
{
    struct rule *rule = take_rule(loader, &value);
    struct bytes text = {0};

    if (rule == NULL)
        return;
    bytes_printf(&text, "check_uri_detail(%.*s)", SPAN_ARG(value));
    rule_define(rule, (enum rule_kind)directive->which, bytes_span(&text), loader->file->path, loader->file->line);
    bytes_free(&text);
}

/* Reads a number, or one in parentheses that is to be added. 0; or -1. */
static int
read_score(struct span word, const struct rule *rule, double *score)
{
    static struct regex_built_in number = {"^-?[0-9]+(?:\\.[0-9]+)?\\z", "", NULL};
    bool                         relative;
    char                         text[32];

    relative = word.len >= 2 && word.data[0] == '(' && word.data[word.len - 1] == ')';
    if (relative)
        word = (struct span){word.data + 1, word.len - 2};
    if (word.len >= sizeof(text) || !regex_matches(regex_of(&number), word) || (relative && !rule->scored))
        return -1;
    memcpy(text, word.data, word.len);
    text[word.len] = '\0';
    *score         = strtod(text, NULL) + (relative ? rule->score : 0);
    return *score > -SCORE_MAX && *score < SCORE_MAX ? 0 : -1;
}

/* Of four scores the first is for those who have neither network nor Bayes. */
static void
obey_score(struct loader *loader, const struct directive *directive, struct span value)
{
    struct rule *rule = take_rule(loader, &value);
    double       scores[SCORE_SETS];
    size_t       count = 0;

    (void)directive;
    if (rule == NULL)
        return;
    for (; value.len > 0 && count < SCORE_SETS; count++) {
        struct span word = text_next_token(&value);

        if (read_score(word, rule, &scores[count]) != 0) {
            loader_complain(loader, "\"%.*s\" is no score", SPAN_ARG(word));
            return;
        }
    }
    if (value.len > 0 || (count != 1 && count != SCORE_SETS)) {
        loader_complain(loader, "a rule has one score or four");
        return;
    }
    rule->score  = scores[0];
    rule->scored = true;
}

static void
obey_describe(struct loader *loader, const struct directive *directive, struct span value)
{
    struct rule *rule = take_rule(loader, &value);

    (void)directive;
    if (rule == NULL)
        return;
    free(rule->describe);
    rule->describe = memory_copy_span(value);
}

/* Does the word stand among the flags? Between them there is white space, a comma, whatever belongs to no word. */
static bool
has_flag(struct span flags, const char *word)
{
    size_t len = strlen(word);

    for (size_t at = 0; at + len <= flags.len; at++)
        if (memcmp(flags.data + at, word, len) == 0 && (at == 0 || !is_word_octet(flags.data[at - 1])) &&
            (at + len == flags.len || !is_word_octet(flags.data[at + len])))
            return true;
    return false;
}

/* "maxhits=N": 0 if it is not there. */
static unsigned
read_hits_max(struct loader *loader, struct span flags)
{
    static struct regex_built_in form = {"\\bmaxhits=(\\w*)", "", NULL};
    struct regex_found           found;
    uint64_t                     most = 0;

    if (regex_find(regex_of(&form), flags, 0, &found) &&
        !text_read_number(regex_group(&found, 1), 1, UINT32_MAX, &most))
        loader_complain(loader, "\"%.*s\": a number is missing", SPAN_ARG(regex_group(&found, 0)));
    return (unsigned)most;
}

static void
obey_tflags(struct loader *loader, const struct directive *directive, struct span value)
{
    struct rule *rule = take_rule(loader, &value);

    (void)directive;
    if (rule == NULL)
        return;
    rule->nice              = has_flag(value, "nice");
    rule->multiple          = has_flag(value, "multiple");
    rule->no_subject        = has_flag(value, "nosubject");
    rule->network           = has_flag(value, "net");
    rule->learning          = has_flag(value, "learn");
    rule->mimeheader.concat = has_flag(value, "concat");
    rule->hits_max          = read_hits_max(loader, value);
    rule->mimeheader.first = rule->mimeheader.last = 0;
    while (value.len > 0) {
        struct span flag = text_next_token(&value);

        if (span_starts(flag, SPAN("range=")))
            mimeheader_read_range(&rule->mimeheader, span_tail(flag, 6));
    }
}

static void
obey_priority(struct loader *loader, const struct directive *directive, struct span value)
{
    struct rule *rule = take_rule(loader, &value);
    uint64_t     most = 0;
    bool         minus;

    (void)directive;
    if (rule == NULL)
        return;
    minus = value.len > 0 && value.data[0] == '-';
    if (text_read_number(span_tail(value, minus), 0, PRIORITY_MAX, &most))
        rule->priority = minus ? -(int)most : (int)most;
    else
        loader_complain(loader, "\"%.*s\" is no priority", SPAN_ARG(value));
}

static void
obey_include(struct loader *loader, const struct directive *directive, struct span value)
{
    (void)directive;
    loader_include(loader, value);
}

static void
obey_loadplugin(struct loader *loader, const struct directive *directive, struct span value)
{
    if (value.len == 0)
        loader_complain(loader, "%s needs the name of a plugin", directive->word);
    else
        plugins_load(loader->plugins, value, loader->file->chooses);
}

static void
obey_enable_compat(struct loader *loader, const struct directive *directive, struct span value)
{
    (void)directive;
    plugins_enable(loader->plugins, value);
}

static void
obey_replace(struct loader *loader, const struct directive *directive, struct span value)
{
    struct span name = text_next_token(&value);

    if (value.len == 0)
        loader_complain(loader, "%s needs a name and what it stands for", directive->word);
    else
        replace_tags_set(loader->tags, (enum replace_kind)directive->which, name, value);
}

static void
obey_replace_mark(struct loader *loader, const struct directive *directive, struct span value)
{
    if (value.len == 0)
        loader_complain(loader, "%s needs a mark", directive->word);
    else if (directive->which == 0)
        replace_tags_set_start(loader->tags, value);
    else
        replace_tags_set_end(loader->tags, value);
}

static void
obey_replace_rules(struct loader *loader, const struct directive *directive, struct span value)
{
    struct rule *rule;

    (void)directive;
    if (value.len == 0)
        loader_complain(loader, "missing rule name");
    while (value.len > 0 && (rule = take_rule(loader, &value)) != NULL)
        rule->has_tags = true;
}

static void
obey_required_score(struct loader *loader, const struct directive *directive, struct span value)
{
    char *text = memory_copy_span(value), *end;

    double score = strtod(text, &end);

    if (value.len == 0 || *end != '\0' || strspn(text, "+-0123456789.") < value.len)
        loader_complain(loader, "%s needs a number", directive->word);
    else
        loader->rules->required_score = score;
    free(text);
}

/* Only the Subject is rewritten here; a line without a text ends that. */
static void
obey_rewrite_header(struct loader *loader, const struct directive *directive, struct span value)
{
    struct span field = text_next_token(&value);

    (void)directive;
    if (span_equal_nocase(field, SPAN("Subject"))) {
        free(loader->rules->subject_tag);
        loader->rules->subject_tag = value.len > 0 ? memory_copy_span(value) : NULL;
    } else if (!span_equal_nocase(field, SPAN("From")) && !span_equal_nocase(field, SPAN("To"))) {
        loader_complain(loader, "rewrite_header is about Subject, From or To");
    }
}

static const struct directive directives[] = {
    {"header", obey_definition, RULE_HEADER, NULL},
    {"body", obey_definition, RULE_BODY, NULL},
    {"rawbody", obey_definition, RULE_RAWBODY, NULL},
    {"full", obey_definition, RULE_FULL, NULL},
    {"uri", obey_definition, RULE_URI, NULL},
    {"meta", obey_definition, RULE_META, NULL},
    {"mimeheader", obey_definition, RULE_MIMEHEADER, "MIMEHeader"},
    {"uri_detail", obey_uri_detail, RULE_EVAL, "URIDetail"},
    {"score", obey_score, 0, NULL},
    {"describe", obey_describe, 0, NULL},
    {"tflags", obey_tflags, 0, NULL},
    {"priority", obey_priority, 0, NULL},
    {"include", obey_include, 0, NULL},
    {"loadplugin", obey_loadplugin, 0, NULL},
    {"tryplugin", obey_loadplugin, 0, NULL},
    {"enable_compat", obey_enable_compat, 0, NULL},
    {"required_score", obey_required_score, 0, NULL},
    {"required_hits", obey_required_score, 0, NULL},
    {"rewrite_header", obey_rewrite_header, 0, NULL},
    {"replace_tag", obey_replace, REPLACE_TAG, "ReplaceTags"},
    {"replace_pre", obey_replace, REPLACE_PRE, "ReplaceTags"},
    {"replace_inter", obey_replace, REPLACE_INTER, "ReplaceTags"},
    {"replace_post", obey_replace, REPLACE_POST, "ReplaceTags"},
    {"replace_start", obey_replace_mark, 0, "ReplaceTags"},
    {"replace_end", obey_replace_mark, 1, "ReplaceTags"},
    {"replace_rules", obey_replace_rules, 0, "ReplaceTags"},
};

/* The row for the word; NULL if nobody here obeys it. */
static const struct directive *
find_directive(const struct loader *loader, struct span word)
{
    for (size_t i = 0; i < COUNT_OF(directives); i++)
        if (span_equal(word, span_of(directives[i].word)) &&
            (directives[i].plugin == NULL || plugins_on_short(loader->plugins, span_of(directives[i].plugin))))
            return &directives[i];
    return NULL;
}

/* The rule that a line which nobody obeys would define: a meta that asks for it is no mistake. */
static void
spare_rule(struct loader *loader, struct span value)
{
    (void)g_hash_table_add(loader->rules->spared, memory_copy_span(text_next_token(&value)));
}

void
loader_skip(struct loader *loader, struct span word, struct span value)
{
    static const char *const others[] = {"askdns", "uridnsbl", "uridnssub", "urirhsbl", "urirhssub", "uri_detail"};
    bool                     defines  = false;

    for (size_t i = 0; i < COUNT_OF(directives); i++)
        defines |= directives[i].obey == obey_definition && span_equal(word, span_of(directives[i].word));
    for (size_t i = 0; i < COUNT_OF(others); i++)
        defines |= span_equal(word, span_of(others[i]));
    if (defines)
        spare_rule(loader, value);
    if (defines && loader->file->absent[0] != '\0')
        report_count(&loader->rules->report.plugins, span_of(loader->file->absent));
}

/* A line that somebody else reads: how mail is looked at, or a plugin. */
static void
obey_foreign_line(struct loader *loader, struct span word, struct span value)
{
    struct bytes why = {0};
    int          result;

    if (mail_settings_know_line(word))
        result = mail_settings_read_line(&loader->rules->mail_settings, word, value, &why);
    else
        result = eval_read_line(loader->rules->eval_settings, word, value, &why);
    if (result != 0)
        loader_complain(loader, "%.*s: %s", SPAN_ARG(word), why.data);
    bytes_free(&why);
}

void
loader_obey(struct loader *loader, struct span word, struct span value)
{
    const struct directive   *directive = find_directive(loader, word);
    const struct eval_plugin *owner     = directive == NULL ? eval_line_owner(word) : NULL;
    enum known_word           known     = known_word(word);

    if (directive != NULL)
        directive->obey(loader, directive, value);
    else if (mail_settings_know_line(word) ||
             (owner != NULL && plugins_on_short(loader->plugins, span_of(owner->name))))
        obey_foreign_line(loader, word, value);
    else if (known == WORD_PLUGIN || (owner != NULL && known == WORD_UNKNOWN)) {
        report_count(&loader->rules->report.lines, word);
        spare_rule(loader, value);
    } else if (known == WORD_UNKNOWN)
        loader_complain(loader, "unknown directive \"%.*s\"", SPAN_ARG(word));
}
