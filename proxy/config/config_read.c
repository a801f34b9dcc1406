/*
 * Token by token. A mistake in the syntax ends the reading of a file. Only after signs of other languages the reading
 * goes on, so that all of them are named.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "proxy/config/config_read.h"
#include "proxy/config/config_source.h"
#include "proxy/config/config_token.h"

/* One of the files while it is read. */
struct reader {
    struct config_file  *file;
    struct error        *error;
    const struct reader *outer; /* of the file that includes this one; NULL: none does */
    const char          *path;
    struct config_source source;
    struct config_lexer  lexer;
    struct config_token  token;   /* the next */
    size_t               section; /* the number of the one that keys belong to */
    bool                 wrong;   /* there was a mistake, after which the reading went on */
};

static bool
read_file(struct config_file *, const char *path, const struct reader *outer, unsigned line, struct error *);

/* Says what is wrong, and in which section; returns false. */
static bool __attribute__((format(printf, 3, 4))) refuse(struct reader *reader, unsigned line, const char *format, ...)
{
    const struct config_section *section = &reader->file->sections[reader->section];
    struct bytes                 text    = {0};
    va_list                      args;

    va_start(args, format);
    bytes_vprintf(&text, format, args);
    va_end(args);
    if (reader->section > 0)
        bytes_printf(&text, ", in the %s \"%s\" that begins at line %u", section->kind, section->name,
                     section->place.line);
    error_add(reader->error, reader->path, line, "%s", text.data);
    bytes_free(&text);
    return false;
}

static bool
refuse_token(struct reader *reader)
{
    if (reader->token.kind == CONFIG_TOKEN_END)
        return refuse(reader, reader->token.line, "premature end of file");
    return refuse(reader, reader->token.line, "unexpected token '%.*s'", SPAN_ARG(reader->token.text));
}

/* Names a sign that other languages have at a line's end, and takes it off the token. */
static void
forgive(struct reader *reader, struct config_token *token, const char *advice)
{
    error_add(reader->error, reader->path, token->line, "%.*s: %s", SPAN_ARG(token->text), advice);
    token->text.len--;
    reader->wrong = true;
}

static void
advance(struct reader *reader)
{
    struct config_token *token = &reader->token;

    do {
        *token = config_token_next(&reader->lexer);
        if (token->kind == CONFIG_TOKEN_WORD && token->text.data[token->text.len - 1] == ';')
            forgive(reader, token, "no line ends in a semicolon here: remove it");
    } while (token->kind == CONFIG_TOKEN_WORD && token->text.len == 0);
}

/* Is that sign next? If so, goes on behind it. */
static bool
accept(struct reader *reader, const char *sign)
{
    bool is = config_token_is(&reader->token, sign);

    if (is)
        advance(reader);
    return is;
}

/* Takes the next word or string, and returns what it stands for, to be given to free(); NULL if neither comes next. */
static char *
take_text(struct reader *reader)
{
    const struct config_token *token = &reader->token;
    struct bytes               value = {0}, why = {0};

    if (!config_token_is_text(token)) {
        (void)refuse_token(reader);
        return NULL;
    }
    if (config_token_value(token, &value, &why) == 0) {
        advance(reader);
    } else {
        (void)refuse(reader, token->line, "%s", why.data);
        bytes_free(&value);
    }
    bytes_free(&why);
    return value.data;
}

/* The key to which a value is added; `more`: it may have some already. */
static struct config_key *
find_key(struct reader *reader, const char *name, unsigned line, bool more)
{
    struct config_section *section = &reader->file->sections[reader->section];
    struct config_key     *key     = config_section_find(section, name);
    struct bytes           where   = {0};

    if (key == NULL)
        return config_section_add(section, name, (struct config_spot){reader->path, line});
    if (!more) {
        config_spot_write((struct config_spot){key->file, key->line}, reader->path, &where);
        error_add(reader->error, reader->path, line, "%s is given again: it is at %s already", name, where.data);
        setting_list_free(&key->values);
        bytes_free(&where);
    }
    return key;
}

static bool
take_value(struct reader *reader, const char *name, bool more)
{
    unsigned line  = reader->token.line;
    char    *value = take_text(reader);

    if (value == NULL)
        return false;
    setting_list_add(&find_key(reader, name, line, more)->values, value);
    return true;
}

static bool
take_list(struct reader *reader, const char *name, bool more)
{
    for (; !accept(reader, "}"); more = true) {
        if (!take_value(reader, name, more))
            return false;
        if (!accept(reader, ",") && !config_token_is(&reader->token, "}"))
            return refuse_token(reader);
    }
    return true;
}

/* Takes what stands behind the = of a key; with `more`, behind its +=. */
static bool
take_values(struct reader *reader, struct span word, bool more)
{
    char *name = memory_copy_span(word);
    bool  done = accept(reader, "{") ? take_list(reader, name, more) : take_value(reader, name, more);

    free(name);
    return done;
}

static bool
include(struct reader *reader)
{
    struct setting_list paths   = {0};
    struct bytes        why     = {0};
    unsigned            line    = reader->token.line;
    char               *pattern = NULL;

    if (reader->section > 0)
        return refuse(reader, line, "include stands outside of sections");
    if (!config_token_is_text(&reader->token))
        return refuse(reader, line, "include lacks what to include, as in: include \"conf.d/*.conf\"");
    if ((pattern = take_text(reader)) == NULL)
        return false;
    if (config_source_find(reader->file->folder, pattern, &paths, &why) != 0) {
        error_add(reader->error, reader->path, line, "include %s: %s", pattern, why.data);
        reader->wrong = true;
    }
    for (size_t i = 0; i < paths.count; i++)
        if (!read_file(reader->file, config_file_add_path(reader->file, paths.items[i]), reader, line, reader->error))
            reader->wrong = true;
    setting_list_free(&paths);
    bytes_free(&why);
    free(pattern);
    return true;
}

static bool
has_sections(const struct config_file *file, struct span kind)
{
    for (size_t i = 0; i < file->section_count; i++)
        if (span_equal(span_of(file->sections[i].kind), kind))
            return true;
    return false;
}

/* Neither = nor { follows a word, but something else that begins in `line`. */
static bool
refuse_word(struct reader *reader, struct span word, unsigned line)
{
    if (has_sections(reader->file, word))
        return refuse(reader, reader->token.line, "missing opening brace for section '%.*s'", SPAN_ARG(word));
    return refuse(reader, line, "missing equal sign after option '%.*s'", SPAN_ARG(word));
}

static bool
open_section(struct reader *reader, const struct config_token *word, const char *title)
{
    char *kind;

    if (reader->section > 0)
        return refuse(reader, word->line, "no such option '%.*s'", SPAN_ARG(word->text));
    kind = memory_copy_span(word->text);
    config_file_add_section(reader->file, kind, title, (struct config_spot){reader->path, word->line});
    reader->section = reader->file->section_count - 1;
    free(kind);
    return true;
}

static bool
take_head(struct reader *reader, const struct config_token *word)
{
    unsigned line  = reader->token.line;
    char    *title = config_token_is_text(&reader->token) ? take_text(reader) : memory_copy_string("");
    bool     done  = title != NULL;

    if (done)
        done = accept(reader, "{") ? open_section(reader, word, title) : refuse_word(reader, word->text, line);
    free(title);
    return done;
}

static bool
take_item(struct reader *reader)
{
    struct config_token word = reader->token;

    if (word.kind == CONFIG_TOKEN_STRING)
        return refuse(reader, word.line, "a key stands here, and without quotes");
    if (word.kind != CONFIG_TOKEN_WORD)
        return refuse_token(reader);
    advance(reader);
    if (span_equal(word.text, SPAN("include")))
        return include(reader);
    if (word.text.len > 1 && word.text.data[word.text.len - 1] == ':') {
        forgive(reader, &word, "a key and its value are joined by =, as in: workers = 1");
        return take_values(reader, word.text, false);
    }
    if (accept(reader, "="))
        return take_values(reader, word.text, false);
    if (accept(reader, "+="))
        return take_values(reader, word.text, true);
    return take_head(reader, &word);
}

static bool
take_items(struct reader *reader)
{
    advance(reader);
    while (reader->token.kind != CONFIG_TOKEN_END) {
        if (!config_token_is(&reader->token, "}")) {
            if (!take_item(reader))
                return false;
        } else if (reader->section > 0) {
            reader->section = 0;
            advance(reader);
        } else {
            return refuse(reader, reader->token.line, "unexpected closing brace");
        }
    }
    return true;
}

/* Looks ahead for a string or comment that has no end: what seems wrong behind it may not be. */
static bool
check_ends(struct reader *reader)
{
    struct config_lexer lexer = reader->lexer;
    struct config_token token;
    unsigned            depth = 0, open = 0;

    do {
        token = config_token_next(&lexer);
        if (config_token_is(&token, "{") && depth++ == 0)
            open = token.line;
        else if (config_token_is(&token, "}") && depth > 0)
            depth--;
    } while (token.kind != CONFIG_TOKEN_END && token.kind != CONFIG_TOKEN_CUT);
    if (token.kind == CONFIG_TOKEN_CUT)
        error_add(reader->error, reader->path, token.line,
                  *token.text.data == '/' ? "this comment has no end"
                                          : "this string has no end in its line: a quote is missing");
    else if (depth > 0)
        error_add(reader->error, reader->path, open, "this { has no }");
    return token.kind == CONFIG_TOKEN_END && depth == 0;
}

/* Is the file one of those that are being read? */
static bool
includes_itself(const struct reader *reader)
{
    for (const struct reader *outer = reader->outer; outer != NULL; outer = outer->outer)
        if (outer->source.device == reader->source.device && outer->source.inode == reader->source.inode)
            return true;
    return false;
}

/*
 * `path` is one of the file's. False with an error; for a file that cannot be read the error is where it is included,
 * in `line` of `outer`.
 */
static bool
read_file(struct config_file *file, const char *path, const struct reader *outer, unsigned line, struct error *error)
{
    struct reader reader = {.file = file, .error = error, .outer = outer, .path = path};
    struct bytes  why    = {0};
    bool          done   = false;

    if (config_source_read(&reader.source, path, &why) == 0 && includes_itself(&reader))
        bytes_printf(&why, "it includes itself");
    if (why.len == 0) {
        reader.lexer = (struct config_lexer){reader.source.text.data, 1};
        done         = check_ends(&reader) && take_items(&reader);
    } else if (outer == NULL) {
        error_add(error, path, 0, "%s", why.data);
    } else {
        error_add(error, outer->path, line, "include %s: %s", path, why.data);
    }
    config_source_free(&reader.source);
    bytes_free(&why);
    return done && !reader.wrong;
}

static char *
find_folder(const char *path)
{
    const char *slash  = strrchr(path, '/');
    char       *head   = slash != NULL ? memory_copy_span((struct span){path, (size_t)(slash + 1 - path)}) : NULL;
    char       *folder = realpath(head != NULL ? head : ".", NULL);

    free(head);
    return folder;
}

int
config_read(struct config_file *file, const char *path, struct error *error)
{
    *file = (struct config_file){.folder = find_folder(path)};
    path  = config_file_add_path(file, path);
    config_file_add_section(file, "", "", (struct config_spot){path, 0});
    if (file->folder == NULL) {
        error_add(error, path, 0, "%s", strerror(errno));
        return -1;
    }
    return read_file(file, path, NULL, 0, error) ? 0 : -1;
}
