/*
 * header_checks(5): a file becomes an array of rules. An if knows the rule behind its endif, so that looking up walks
 * the array forward. The text behind an action is kept as literal parts and group numbers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/postfix/check_index.h"

enum { NO_RULE = -1 };

struct header_checks {
    struct check_rule  *rules;
    size_t              count;
    struct check_index *index;
    char              **files;
    size_t              file_count;
};

/* One file while it is read. */
struct reader {
    struct header_checks *checks;
    const char           *file;
    struct error         *error;
    struct span           rest;    /* of the file */
    unsigned              at_line; /* lines taken so far */
    unsigned              line;    /* where the logical line began */
    ssize_t               open_if; /* the innermost if without endif */
};

#define SAY(reader, ...) error_add((reader)->error, (reader)->file, (reader)->line, __VA_ARGS__)

static struct span
trim_end(struct span text)
{
    while (text.len > 0 && isspace((unsigned char)text.data[text.len - 1]))
        text.len--;
    return text;
}

/* An if whose pattern is wrong still opens a block, so that its endif is not taken for a mistake. */
static void
add_rule(struct reader *reader, struct check_rule *rule)
{
    struct header_checks *checks = reader->checks;

    if (rule->is_if) {
        rule->behind    = reader->open_if;
        reader->open_if = (ssize_t)checks->count;
    }
    checks->rules                  = memory_resize_array(checks->rules, checks->count + 1, sizeof(*checks->rules));
    checks->rules[checks->count++] = *rule;
}

static void
close_if(struct reader *reader, struct span line)
{
    ssize_t open = reader->open_if;

    if (check_skip_space(line).len > 0)
        SAY(reader, "text behind endif");
    if (open == NO_RULE) {
        SAY(reader, "endif without if");
        return;
    }
    reader->open_if                    = reader->checks->rules[open].behind;
    reader->checks->rules[open].behind = (ssize_t)reader->checks->count;
}

/* Does `line` start with the word `word`? */
static bool
is_word(struct span line, struct span word)
{
    return span_starts_nocase(line, word) && (line.len == word.len || !isalnum((unsigned char)line.data[word.len]));
}

static void
read_rule(struct reader *reader, struct span line)
{
    struct check_rule rule = {.file = reader->file, .line = reader->line};

    if (isspace((unsigned char)line.data[0])) {
        SAY(reader, "a line that starts with white space, but no rule in front of it that it could continue");
        return;
    }
    if (is_word(line, SPAN("endif"))) {
        close_if(reader, span_tail(line, 5));
        return;
    }
    if (is_word(line, SPAN("if"))) {
        (void)check_rule_read_if(&rule, span_tail(line, 2), reader->error);
    } else if (isalnum((unsigned char)line.data[0])) {
        SAY(reader, "neither /pattern/, nor if, nor endif");
        return;
    } else {
        (void)check_rule_read(&rule, line, reader->error);
    }
    add_rule(reader, &rule);
}

/* Takes a line off the file, without its line feed. */
static struct span
take_file_line(struct reader *reader)
{
    const char *end  = memchr(reader->rest.data, '\n', reader->rest.len);
    struct span line = end != NULL ? span_head(reader->rest, (size_t)(end - reader->rest.data)) : reader->rest;

    reader->rest = span_tail(reader->rest, line.len + (end != NULL));
    reader->at_line++;
    return line;
}

/*
 * Takes a logical line: a line and those behind it that start with white space. Comments and empty lines are left out,
 * and do not end it. False at the end of the file.
 */
static bool
take_logical_line(struct reader *reader, struct bytes *logical)
{
    bytes_clear(logical);
    while (reader->rest.len > 0) {
        char        next = reader->rest.data[0];
        struct span line, text;

        if (logical->len > 0 && next != '#' && !isspace((unsigned char)next))
            break;
        line = take_file_line(reader);
        text = check_skip_space(line);
        if (text.len == 0 || text.data[0] == '#')
            continue;
        if (logical->len == 0)
            reader->line = reader->at_line;
        bytes_add(logical, line);
    }
    return logical->len > 0;
}

/* 0, or what errno says. */
static int
read_file(const char *file, struct bytes *content)
{
    FILE  *stream = fopen(file, "re");
    size_t got;
    int    result;

    if (stream == NULL)
        return errno;
    do {
        got = fread(bytes_reserve(content, BUFSIZ), 1, BUFSIZ, stream);
        content->len += got;
    } while (got > 0);
    result = ferror(stream) ? errno : 0;
    (void)fclose(stream);
    return result;
}

/* The number of the line in which the first `c` stands. */
static unsigned
line_of(struct span text, char c)
{
    unsigned line = 1;

    for (size_t at = 0, end = span_find(text, c); at < end; at++)
        line += text.data[at] == '\n';
    return line;
}

static void
load_file(struct header_checks *checks, const char *file, struct error *error)
{
    struct bytes  content = {0}, logical = {0};
    struct reader reader  = {.checks = checks, .file = file, .error = error, .open_if = NO_RULE};
    size_t        count   = checks->count;
    size_t        faults  = error->count;
    int           failure = read_file(file, &content);

    if (failure != 0)
        error_add(error, file, 0, "%s", strerror(failure));
    else if (content.len > 0 && memchr(content.data, '\0', content.len) != NULL)
        error_add(error, file, line_of(bytes_span(&content), '\0'), "the file holds a NUL: it is no text");
    else
        reader.rest = bytes_span(&content);
    while (take_logical_line(&reader, &logical))
        read_rule(&reader, trim_end(bytes_span(&logical)));
    for (ssize_t open = reader.open_if; open != NO_RULE; open = checks->rules[open].behind)
        error_add(error, file, checks->rules[open].line, "if without endif");
    if (checks->count == count && error->count == faults)
        error_note(error, file, 0, "the file holds no rules: nothing is in it but comments");
    bytes_free(&content);
    bytes_free(&logical);
}

struct header_checks *
header_checks_load(char *const *paths, size_t count, struct error *error)
{
    struct header_checks *checks = memory_new(sizeof(*checks));
    size_t                before = error->count;

    checks->files = memory_new(count * sizeof(*checks->files));
    for (size_t i = 0; i < count; i++) {
        checks->files[checks->file_count++] = memory_copy_string(paths[i]);
        load_file(checks, checks->files[i], error);
    }
    if (error->count > before)
        header_checks_free(&checks);
    else
        checks->index = check_index_new(checks->rules, checks->count);
    return checks;
}

void
header_checks_free(struct header_checks **checks)
{
    if (*checks == NULL)
        return;
    check_index_free(&(*checks)->index);
    for (size_t i = 0; i < (*checks)->count; i++)
        check_rule_free(&(*checks)->rules[i]);
    for (size_t i = 0; i < (*checks)->file_count; i++)
        free((*checks)->files[i]);
    free((*checks)->rules);
    free((*checks)->files);
    free(*checks);
    *checks = NULL;
}

const struct header_rules *
header_checks_for(const struct header_checks *checks, struct span name)
{
    return check_index_find(checks->index, name);
}

bool
header_checks_find(const struct header_checks *checks, const struct header_rules *rules, struct span header,
                   struct header_check *check)
{
    struct regex_found found;
    struct check_walk  walk;
    size_t             at = 0;

    check->given_up = (struct header_check_place){0};
    check_walk_begin(&walk, checks->index, rules, header);
    while ((at = check_walk_next(&walk, at)) < checks->count) {
        const struct check_rule  *rule    = &checks->rules[at];
        struct header_check_place place   = {rule->file, rule->line};
        enum check_verdict        verdict = check_rule_applies(rule, header, &found);

        if (verdict == CHECK_GIVEN_UP)
            check->given_up = place;
        if (verdict != CHECK_APPLIES) {
            at = rule->is_if ? (size_t)rule->behind : at + 1;
        } else if (rule->is_if) {
            at++;
        } else {
            check->action = rule->action;
            check->rule   = place;
            check_rule_expand(rule, &found, &check->text);
            return true;
        }
    }
    return false;
}
