/*
 * proxy.conf by libConfuse, which is asked for strings, lists and syntax errors alone. Its callbacks fill the file's
 * struct as values pass.
 */
#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/config/config_file.h"
#include "proxy/config/config_scan.h"

enum { OCTETS_MAX = 1024 * 1024 };

struct reader {
    struct config_file *file;
    struct error       *error;
    struct config_words words;
    cfg_t              *root;
};

/* libConfuse hands its callbacks no pointer of ours; its lexer is one for the process anyway. */
static struct reader *reading;

static unsigned
line_of(const struct setting_place *place, const char *name)
{
    const struct config_key *key = config_section_find(container_of(place, struct config_section, place), name);

    return key != NULL ? key->line : place->line;
}

static void
add_section(struct config_file *file, const char *kind, const char *name, unsigned line)
{
    struct config_section section = {
        .place = {.file = file->path, .line = line, .line_of = line_of},
        .kind  = memory_copy_string(kind),
        .name  = memory_copy_string(name),
    };

    file->sections = memory_resize_array(file->sections, file->section_count + 1, sizeof(section));
    file->sections[file->section_count++] = section;
}

/* libConfuse parses this option's default value when it meets a section, which says where the section begins. */
static int
take_section(cfg_t *cfg, cfg_opt_t *option, const char *value, void *result)
{
    (void)option;
    add_section(reading->file, cfg_name(cfg), cfg_title(cfg) != NULL ? cfg_title(cfg) : "",
                (unsigned)reading->root->line);
    *(const char **)result = value;
    return 0;
}

static void
clear_list(struct setting_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct setting_list){0};
}

static struct config_key *
add_key(struct config_section *section, const char *name, unsigned line)
{
    struct config_key *key = config_section_find(section, name);

    if (key != NULL) {
        error_add(reading->error, reading->file->path, line, "%s is given again: it is at line %u already", name,
                  key->line);
        clear_list(&key->values);
        return key;
    }
    section->keys = memory_resize_array(section->keys, section->key_count + 1, sizeof(*section->keys));
    key           = &section->keys[section->key_count++];
    *key          = (struct config_key){.name = memory_copy_string(name), .line = line};
    return key;
}

static int
take_value(cfg_t *cfg, cfg_opt_t *option, const char *value, void *result)
{
    struct config_file    *file    = reading->file;
    struct config_section *section = &file->sections[cfg == reading->root ? 0 : file->section_count - 1];
    bool                   first   = option->nvalues == 1;
    struct config_key     *key;

    key = first ? add_key(section, option->name, (unsigned)cfg->line) : config_section_find(section, option->name);
    key->values.items = memory_resize_array(key->values.items, key->values.count + 1, sizeof(char *));
    key->values.items[key->values.count++] = memory_copy_string(value);
    *(const char **)result                 = value;
    return 0;
}

static void __attribute__((format(printf, 2, 0))) take_error(cfg_t *cfg, const char *format, va_list args)
{
    const struct config_section *last = &reading->file->sections[reading->file->section_count - 1];
    struct bytes                 text = {0};

    bytes_vprintf(&text, format, args);
    if (cfg != reading->root)
        bytes_printf(&text, ", in the %s \"%s\" that begins at line %u", last->kind, last->name, last->place.line);
    error_add(reading->error, reading->file->path, (unsigned)cfg->line, "%s", text.data);
    bytes_free(&text);
}

/*
 * The options for libConfuse: of the file, where `sections` are those of its sections; of a section if that is NULL. No
 * section is called "root": libConfuse calls the file so, and ends all work when it frees one of that name.
 */
static cfg_opt_t *
make_options(const struct config_words *words, cfg_opt_t *sections)
{
    cfg_opt_t *options = memory_new((words->count + 2) * sizeof(*options));
    cfg_opt_t  end     = CFG_END();
    cfg_opt_t  head    = CFG_STR_LIST_CB(" ", "{x}", CFGF_NONE, take_section);
    size_t     count   = 0;

    if (sections == NULL)
        options[count++] = head;
    for (size_t i = 0; i < words->count; i++) {
        const struct config_word *word    = &words->items[i];
        cfg_flag_t                flags   = word->kind == CONFIG_WORD_NAMED ? CFGF_MULTI | CFGF_TITLE : CFGF_MULTI;
        cfg_opt_t                 key     = CFG_STR_LIST_CB(word->text, NULL, CFGF_NODEFAULT, take_value);
        cfg_opt_t                 section = CFG_SEC(word->text, sections, flags);

        if (word->kind != CONFIG_WORD_KEY && sections != NULL && strcmp(word->text, "root") != 0)
            options[count++] = section;
        else if (word->kind == CONFIG_WORD_KEY && (sections == NULL || !config_words_section(words, word->text)))
            options[count++] = key;
    }
    options[count] = end;
    return options;
}

static int
parse_text(struct reader *reader, const char *text)
{
    cfg_opt_t *keys    = make_options(&reader->words, NULL);
    cfg_opt_t *options = make_options(&reader->words, keys);
    size_t     before  = reader->error->count;
    int        result;

    reading      = reader;
    reader->root = cfg_init(options, CFGF_NONE);
    (void)cfg_set_error_function(reader->root, take_error);
    result = cfg_parse_buf(reader->root, text);
    if (result != CFG_SUCCESS && reader->error->count == before)
        error_add(reader->error, reader->file->path, (unsigned)reader->root->line, "this is not understood");
    (void)cfg_free(reader->root);
    reading = NULL;
    free(options);
    free(keys);
    return result == CFG_SUCCESS ? 0 : -1;
}

/* A configuration that others may write to lets them run what they like as popgate's user. */
static const char *
find_fault(const struct stat *status)
{
    if (!S_ISREG(status->st_mode))
        return "this is not a file";
    if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "others than its owner may write to it: chmod go-w it";
    if (status->st_size > OCTETS_MAX)
        return "this is too large for a configuration";
    return NULL;
}

/* The descriptor of the file that was opened is looked at, so that nothing can change between look and use. */
static int
read_text(const struct config_file *file, struct bytes *text, struct error *error)
{
    int         fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    const char *fault;
    ssize_t     got = -1;

    if (fd < 0 || fstat(fd, &status) != 0) {
        error_add(error, file->path, 0, "%s", strerror(errno));
    } else if ((fault = find_fault(&status)) != NULL) {
        error_add(error, file->path, 0, "%s", fault);
    } else {
        while ((got = read(fd, bytes_reserve(text, 4096), 4096)) > 0)
            text->len += (size_t)got;
        if (got < 0)
            error_add(error, file->path, 0, "%s", strerror(errno));
    }
    if (fd >= 0)
        (void)close(fd);
    bytes_add_char(text, ' '); /* and a NUL behind it */
    return got == 0 ? 0 : -1;
}

/* Some editors begin a file with the mark of UTF-8, which nobody sees. */
static void
skip_mark(struct bytes *text)
{
    static const char mark[] = "\xef\xbb\xbf";

    if (span_starts(bytes_span(text), SPAN(mark)))
        memset(text->data, ' ', sizeof(mark) - 1);
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
config_file_read(struct config_file *file, const char *path, struct error *error)
{
    struct reader reader = {.file = file, .error = error};
    struct bytes  text   = {0};
    int           result = -1;

    *file = (struct config_file){.path = memory_copy_string(path), .folder = find_folder(path)};
    add_section(file, "", "", 0);
    if (read_text(file, &text, error) == 0 && file->folder != NULL) {
        skip_mark(&text);
        if (strlen(text.data) < text.len)
            error_add(error, path, 0, "there is a NUL in it: save it as UTF-8");
        else if (config_scan(text.data, &reader.words, path, error) == 0)
            result = parse_text(&reader, text.data);
    }
    config_words_free(&reader.words);
    bytes_free(&text);
    return result;
}

struct config_key *
config_section_find(const struct config_section *section, const char *name)
{
    for (size_t i = 0; i < section->key_count; i++)
        if (strcmp(section->keys[i].name, name) == 0)
            return &section->keys[i];
    return NULL;
}

void
config_file_free(struct config_file *file)
{
    for (size_t i = 0; i < file->section_count; i++) {
        struct config_section *section = &file->sections[i];

        for (size_t k = 0; k < section->key_count; k++) {
            free(section->keys[k].name);
            clear_list(&section->keys[k].values);
        }
        free(section->keys);
        free(section->kind);
        free(section->name);
    }
    free(file->sections);
    free(file->path);
    free(file->folder);
    *file = (struct config_file){0};
}
