/* Reads paths, files and lines: a mistake does not stop the next line from being read. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"
#include "rules/spamassassin/loader.h"
#include "rules/spamassassin/score.h"

enum { INCLUDE_DEPTH_MAX = 10 };

/* Files that say which plugins to load are read before all others. */
static const char *const suffixes[] = {".pre", ".cf"};

enum { PASSES = COUNT_OF(suffixes) };

void
loader_complain(struct loader *loader, const char *format, ...)
{
    struct bytes why = {0};
    va_list      args;

    va_start(args, format);
    bytes_vprintf(&why, format, args);
    va_end(args);
    error_add(&loader->rules->mistakes, loader->file->path, loader->file->line, "%s", why.data);
    bytes_free(&why);
}

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

/* A "lang xx" in front is taken off; false if the line is for people who read another language than English. */
static bool
take_language(struct span *line)
{
    static const struct span ours = {"en_US", 5};
    struct span              rest = *line, word = text_next_token(&rest), language;

    if (!span_equal(word, SPAN("lang")))
        return true;
    language = text_next_token(&rest);
    *line    = rest;
    return language.len <= ours.len && span_equal_nocase(language, span_head(ours, language.len));
}

/* The words of lines are written in any case, and with hyphens or underscores. */
static void
lower_word(struct span word, struct bytes *lower)
{
    bytes_clear(lower);
    for (size_t i = 0; i < word.len; i++)
        bytes_add_char(lower, word.data[i] == '-' ? '_' : (char)tolower((unsigned char)word.data[i]));
}

static void
obey_or_skip(struct loader *loader, struct span word, struct span value)
{
    if (loader->file->skips)
        loader_skip(loader, word, value);
    else if (word.len > 0)
        loader_obey(loader, word, value);
}

static void
load_line(struct loader *loader, struct span line)
{
    struct bytes clean = {0}, word = {0};
    struct span  value;

    take_comment_off(line, &clean);
    value = text_trim(bytes_span(&clean));
    loader->lines += value.len > 0;
    if (value.len > 0 && take_language(&value)) {
        lower_word(text_next_token(&value), &word);
        if (!loader_obey_condition(loader, bytes_span(&word), value))
            obey_or_skip(loader, bytes_span(&word), value);
    }
    bytes_free(&word);
    bytes_free(&clean);
}

static void
load_lines(struct loader *loader, FILE *file)
{
    char   *line = NULL;
    size_t  size = 0;
    ssize_t len;

    while (!loader->file->left && (len = getline(&line, &size, file)) >= 0) {
        struct span text = {line, (size_t)len};

        loader->file->line++;
        if (span_find(text, '\0') < text.len) {
            error_add(loader->error, loader->file->path, loader->file->line, "the file holds a NUL: it is no text");
            break;
        }
        load_line(loader, text);
    }
    if (ferror(file))
        error_add(loader->error, loader->file->path, 0, "%s", strerror(errno));
    free(line);
}

static bool
has_suffix(const char *name, const char *suffix)
{
    size_t len = strlen(name), suffix_len = strlen(suffix);

    return len > suffix_len && strcasecmp(name + len - suffix_len, suffix) == 0;
}

/* False if it was read before, or cannot be read. */
static bool
load_file(struct loader *loader, const char *path)
{
    struct loader_file *outer   = loader->file;
    struct loader_file  reading = {.path    = path,
                                   .depth   = outer != NULL ? outer->depth + 1 : 0,
                                   .chooses = has_suffix(path, suffixes[0]) || (outer != NULL && outer->chooses)};
    char               *real    = realpath(path, NULL);
    FILE               *file;

    if (real != NULL && !g_hash_table_add(loader->read, real))
        return false;
    file = fopen(path, "re");
    if (file == NULL) {
        if (outer != NULL)
            loader_complain(loader, "%s: %s", path, strerror(errno));
        else
            error_add(loader->error, path, 0, "%s", strerror(errno));
        return false;
    }
    loader->file = &reading;
    load_lines(loader, file);
    loader_close_conditions(loader);
    loader->file = outer;
    (void)fclose(file);
    return true;
}

/* SpamAssassin's own rules, as its updates bring them, stand first so that others can change them. */
static int
compare_entries(const struct dirent **left, const struct dirent **right)
{
    static const char first[] = "updates_spamassassin_org.cf";
    int               is_left = strcmp((*left)->d_name, first) == 0, is_right = strcmp((*right)->d_name, first) == 0;

    return is_left != is_right ? is_right - is_left : strcmp((*left)->d_name, (*right)->d_name);
}

/* The files of a directory whose names end as those of the pass. */
static void
load_directory(struct loader *loader, const char *path, int pass)
{
    struct dirent **entries = NULL;
    int             count   = scandir(path, &entries, NULL, compare_entries);
    size_t          files   = 0;

    if (count < 0)
        error_add(loader->error, path, 0, "%s", strerror(errno));
    for (int i = 0; i < count; i++) {
        struct bytes name = {0};
        struct stat  status;

        bytes_printf(&name, "%s/%s", path, entries[i]->d_name);
        if (has_suffix(entries[i]->d_name, suffixes[pass]) && stat(name.data, &status) == 0 &&
            S_ISREG(status.st_mode)) {
            (void)load_file(loader, name.data);
            files++;
        }
        bytes_free(&name);
        free(entries[i]);
    }
    free(entries);
    if (files == 0 && count >= 0 && pass == PASSES - 1)
        error_note(&loader->rules->mistakes, path, 0, "the folder holds no rules: no file *%s is in it",
                   suffixes[pass]);
}

static bool
is_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Reads what belongs to the pass: a file with any other ending is a file of rules. */
static void
load_path(struct loader *loader, const char *path, int pass)
{
    size_t lines = loader->lines;

    if (is_directory(path))
        load_directory(loader, path, pass);
    else if ((pass == 0) == has_suffix(path, suffixes[0]) && load_file(loader, path) && loader->lines == lines)
        error_note(&loader->rules->mistakes, path, 0, "the file holds no rules: nothing is in it but comments");
}

void
loader_include(struct loader *loader, struct span value)
{
    const char  *slash = strrchr(loader->file->path, '/');
    struct bytes path  = {0};

    if (value.len == 0 || loader->file->depth == INCLUDE_DEPTH_MAX) {
        loader_complain(loader, value.len == 0 ? "missing path" : "too many includes in each other");
        return;
    }
    if (value.data[0] != '/' && slash != NULL)
        bytes_add(&path, (struct span){loader->file->path, (size_t)(slash - loader->file->path) + 1});
    bytes_add(&path, value);
    if (is_directory(path.data))
        load_directory(loader, path.data, PASSES - 1);
    else
        (void)load_file(loader, path.data);
    bytes_free(&path);
}

static struct score_rules *
new_rules(void)
{
    struct score_rules *rules = memory_new(sizeof(*rules));

    mail_start();
    mail_settings_fill(&rules->mail_settings);
    rules->eval_settings  = eval_settings_new(&rules->mail_settings);
    rules->names          = g_hash_table_new(g_str_hash, g_str_equal);
    rules->spared         = g_hash_table_new_full(g_str_hash, g_str_equal, free, NULL);
    rules->required_score = NAN;
    return rules;
}

struct score_rules *
score_load(const char *const *paths, size_t count, struct error *error)
{
    size_t        before = error->count;
    struct loader loader = {
        .rules   = new_rules(),
        .error   = error,
        .plugins = plugins_new(),
        .tags    = replace_tags_new(),
        .read    = g_hash_table_new_full(g_str_hash, g_str_equal, free, NULL),
    };

    for (int pass = 0; pass < PASSES; pass++)
        for (size_t i = 0; i < count; i++)
            load_path(&loader, paths[i], pass);
    ruleset_finish(loader.rules, loader.plugins, loader.tags);
    plugins_free(&loader.plugins);
    replace_tags_free(&loader.tags);
    g_hash_table_destroy(loader.read);
    if (error->count > before)
        score_rules_free(&loader.rules);
    return loader.rules;
}
