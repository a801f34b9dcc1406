/* Reads rule files line by line: a table of directives, a mistake does not stop the next line from being read. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/text.h"
#include "rules/ruleset.h"
#include "rules/score.h"

enum { INCLUDE_DEPTH_MAX = 10, NAME_MAX_OCTETS = 100, SCORE_SETS = 4, SCORE_MOST = 1000000 };

struct loader {
    struct score_rules *rules;
    struct error       *error;
    const char         *file;
    unsigned            line;
    unsigned            depth; /* of includes */
};

static void load_file(struct loader *, const char *path);

/* The first word, which is taken off. */
static struct span
take_word(struct span *text)
{
    struct span word = *text;
    size_t      len  = 0;

    while (len < text->len && !isspace((unsigned char)text->data[len]))
        len++;
    word.len = len;
    *text    = text_trim(span_tail(*text, len));
    return word;
}

static bool
is_rule_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.data[i]) && name.data[i] != '_')
            return false;
    return name.len > 0 && name.len <= NAME_MAX_OCTETS && !isdigit((unsigned char)name.data[0]);
}

/* The rule whose name stands first, which is taken off; NULL, and an error, if it is no name. */
static struct rule *
take_rule(struct loader *loader, struct span *value)
{
    struct span name = take_word(value);

    if (is_rule_name(name)) {
        size_t index = ruleset_index(loader->rules, name);

        return &loader->rules->rules[index];
    }
    error_add(loader->error, loader->file, loader->line,
              name.len > 0 ? "\"%.*s\" is no rule's name" : "missing rule name%.*s", SPAN_ARG(name));
    return NULL;
}

static void
load_definition(struct loader *loader, enum rule_kind kind, struct span value)
{
    struct rule *rule = take_rule(loader, &value);
    struct bytes why  = {0};

    if (rule == NULL)
        return;
    rule_undefine(rule);
    rule->file = memory_copy_string(loader->file);
    rule->line = loader->line;
    if (rule_define(loader->rules, rule, kind, value, &why) != 0) {
        error_add(loader->error, loader->file, loader->line, "%s: %s", rule->name, why.data);
        rule_undefine(rule);
    }
    bytes_free(&why);
}

/* A number, or in parentheses one to be added. 0; or -1. */
static int
read_score(struct span word, double before, double *score)
{
    char text[32], *end;
    bool relative = word.len >= 2 && word.data[0] == '(' && word.data[word.len - 1] == ')';

    if (relative)
        word = (struct span){word.data + 1, word.len - 2};
    if (word.len == 0 || word.len >= sizeof text || strspn(word.data, "+-0123456789.") < word.len)
        return -1;
    memcpy(text, word.data, word.len);
    text[word.len] = '\0';
    *score         = strtod(text, &end) + (relative ? before : 0);
    return *end == '\0' && *score<SCORE_MOST && * score> - SCORE_MOST ? 0 : -1;
}

static void
load_score(struct loader *loader, struct span value)
{
    struct rule *rule = take_rule(loader, &value);
    double       scores[SCORE_SETS];
    size_t       count = 0;

    if (rule == NULL)
        return;
    for (; value.len > 0; count++) {
        struct span word = take_word(&value);

        if (count < SCORE_SETS && read_score(word, rule->score, &scores[count]) == 0)
            continue;
        if (count < SCORE_SETS)
            error_add(loader->error, loader->file, loader->line, "\"%.*s\" is no score", SPAN_ARG(word));
        else
            error_add(loader->error, loader->file, loader->line, "a rule has one score or four");
        return;
    }
    if (count != 1 && count != SCORE_SETS) {
        error_add(loader->error, loader->file, loader->line, "a rule has one score or four");
        return;
    }
    rule->score  = scores[0];
    rule->scored = true;
}

static void
load_describe(struct loader *loader, struct span value)
{
    struct rule *rule = take_rule(loader, &value);

    if (rule == NULL)
        return;
    free(rule->describe);
    rule->describe = memory_copy_span(value);
}

static void
load_tflags(struct loader *loader, struct span value)
{
    struct rule *rule = take_rule(loader, &value);
    uint64_t     most = 0;

    if (rule == NULL)
        return;
    rule->nice = rule->multiple = rule->no_subject = false;
    rule->hits_max                                 = 0;
    while (value.len > 0) {
        struct span flag = take_word(&value);

        rule->nice |= span_equal(flag, SPAN("nice"));
        rule->multiple |= span_equal(flag, SPAN("multiple"));
        rule->no_subject |= span_equal(flag, SPAN("nosubject"));
        if (flag.len < 8 || memcmp(flag.data, "maxhits=", 8) != 0)
            continue;
        if (!text_read_number(span_tail(flag, 8), 1, UINT32_MAX, &most))
            error_add(loader->error, loader->file, loader->line, "\"%.*s\": a number is missing", SPAN_ARG(flag));
        rule->hits_max = (unsigned)most;
    }
}

static void
load_include(struct loader *loader, struct span value)
{
    const char   *slash  = strrchr(loader->file, '/');
    struct bytes  path   = {0};
    struct loader inside = {.rules = loader->rules, .error = loader->error, .depth = loader->depth + 1};

    if (value.len == 0 || inside.depth > INCLUDE_DEPTH_MAX) {
        error_add(loader->error, loader->file, loader->line,
                  value.len == 0 ? "missing path" : "too many includes in each other");
        return;
    }
    if (value.data[0] != '/' && slash != NULL)
        bytes_add(&path, (struct span){loader->file, (size_t)(slash - loader->file) + 1});
    bytes_add(&path, value);
    load_file(&inside, path.data);
    bytes_free(&path);
}

/* A line that somebody else reads: how mail is looked at, or a plugin. */
static void
load_foreign_line(struct loader *loader, struct span word, struct span value)
{
    struct bytes why = {0};
    int          result;

    if (mail_settings_know_line(word))
        result = mail_settings_read_line(&loader->rules->mail_settings, word, value, &why);
    else
        result = eval_read_line(loader->rules->eval_settings, word, value, &why);
    if (result != 0)
        error_add(loader->error, loader->file, loader->line, "%.*s: %s", SPAN_ARG(word), why.data);
    bytes_free(&why);
}

static const struct {
    const char *word;
    void (*load)(struct loader *, struct span value); /* NULL: it defines a rule of this kind */
    enum rule_kind kind;
} directives[] = {
    {"header", NULL, RULE_HEADER}, {"body", NULL, RULE_BODY},      {"rawbody", NULL, RULE_RAWBODY},
    {"full", NULL, RULE_FULL},     {"uri", NULL, RULE_URI},        {"meta", NULL, RULE_META},
    {"score", load_score, 0},      {"describe", load_describe, 0}, {"tflags", load_tflags, 0},
    {"include", load_include, 0},
};

/* Takes a comment off; "\#" is a number sign. */
static void
take_comment_off(struct span line, struct bytes *clean)
{
    bytes_clear(clean);
    for (size_t i = 0; i < line.len; i++) {
        bool escaped = line.data[i] == '\\' && i + 1 < line.len && line.data[i + 1] == '#';

        if (line.data[i] == '#')
            break;
        bytes_add_char(clean, escaped ? '#' : line.data[i]);
        i += escaped;
    }
}

static void
load_line(struct loader *loader, struct span line)
{
    struct bytes clean = {0};
    struct span  value, word;
    size_t       row = 0;

    if (memchr(line.data, '\0', line.len) != NULL) {
        error_add(loader->error, loader->file, loader->line, "the line holds a NUL");
        return;
    }
    take_comment_off(line, &clean);
    value = text_trim(bytes_span(&clean));
    word  = take_word(&value);
    while (row < sizeof directives / sizeof directives[0] && !span_equal_nocase(word, span_of(directives[row].word)))
        row++;
    if (row < sizeof directives / sizeof directives[0] && directives[row].load != NULL)
        directives[row].load(loader, value);
    else if (row < sizeof directives / sizeof directives[0])
        load_definition(loader, directives[row].kind, value);
    else if (mail_settings_know_line(word) || eval_knows_line(word))
        load_foreign_line(loader, word, value);
    else if (word.len > 0)
        error_add(loader->error, loader->file, loader->line, "unknown directive \"%.*s\"", SPAN_ARG(word));
    bytes_free(&clean);
}

static void
load_file(struct loader *loader, const char *path)
{
    FILE   *file = fopen(path, "re");
    char   *line = NULL;
    size_t  size = 0;
    ssize_t len;

    loader->file = path;
    if (file == NULL) {
        error_add(loader->error, path, 0, "%s", strerror(errno));
        return;
    }
    while ((len = getline(&line, &size, file)) >= 0) {
        loader->line++;
        load_line(loader, (struct span){line, (size_t)len});
    }
    if (ferror(file))
        error_add(loader->error, path, 0, "%s", strerror(errno));
    free(line);
    (void)fclose(file);
}

static int
is_rule_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 3 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 3, ".cf") == 0;
}

static int
compare_entries(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static void
load_path(struct loader *loader, const char *path)
{
    struct stat     status;
    struct dirent **entries = NULL;
    int             count;

    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        load_file(loader, path);
        return;
    }
    count = scandir(path, &entries, is_rule_file, compare_entries);
    if (count < 0)
        error_add(loader->error, path, 0, "%s", strerror(errno));
    for (int i = 0; i < count; i++) {
        struct bytes  name = {0};
        struct loader one  = {.rules = loader->rules, .error = loader->error};

        bytes_printf(&name, "%s/%s", path, entries[i]->d_name);
        load_file(&one, name.data);
        bytes_free(&name);
        free(entries[i]);
    }
    free(entries);
}

struct score_rules *
score_load(const char *const *paths, size_t count, struct error *error)
{
    struct score_rules *rules  = memory_new(sizeof *rules);
    size_t              before = error->count;

    mail_start();
    mail_settings_fill(&rules->mail_settings);
    rules->eval_settings = eval_settings_new(&rules->mail_settings);
    rules->names         = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < count; i++) {
        struct loader loader = {.rules = rules, .error = error};

        load_path(&loader, paths[i]);
    }
    ruleset_finish(rules, error);
    if (error->count > before)
        score_rules_free(&rules);
    return rules;
}
