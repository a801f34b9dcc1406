/* Tables of settings: one row of `types` for each type says how its text is read. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "proxy/config/config_setting.h"
#include "proxy/config/config_source.h"
#include "proxy/config/config_value.h"

/* One value on its way into a member. */
struct reading {
    const struct setting *setting;
    void                 *member;
    const char           *folder;
    struct config_spot    spot;
    struct error         *error;
};

static void __attribute__((format(printf, 3, 4)))
complain(const struct reading *reading, const char *text, const char *format, ...)
{
    struct bytes what = {0};
    va_list      args;

    va_start(args, format);
    bytes_vprintf(&what, format, args);
    va_end(args);
    error_add(reading->error, reading->spot.file, reading->spot.line, "%s = \"%s\": %s", reading->setting->key, text,
              what.data);
    bytes_free(&what);
}

static bool
take_string(const struct reading *reading, const char *text)
{
    *(char **)reading->member = memory_copy_string(text);
    return true;
}

static bool
require_text(const struct reading *reading, const char *text)
{
    if (text[0] == '\0')
        complain(reading, text, "must not be empty");
    return text[0] != '\0';
}

static bool
take_path(const struct reading *reading, const char *text)
{
    if (!require_text(reading, text))
        return false;
    *(char **)reading->member = config_source_absolute(reading->folder, text);
    return true;
}

static bool
take_item(const struct reading *reading, const char *text)
{
    if (!require_text(reading, text))
        return false;
    setting_list_add(reading->member, memory_copy_string(text));
    return true;
}

static bool
take_path_item(const struct reading *reading, const char *text)
{
    if (!require_text(reading, text))
        return false;
    setting_list_add(reading->member, config_source_absolute(reading->folder, text));
    return true;
}

static void
refuse_choice(const struct reading *reading, const char *text)
{
    const char *const  *words = reading->setting->choices;
    struct config_guess guess = {.word = text};
    struct bytes        what  = {0};

    for (size_t i = 0; words[i] != NULL; i++) {
        bytes_printf(&what, "%s\"%s\"", i == 0 ? "not one of " : ", ", words[i]);
        config_guess_offer(&guess, words[i]);
    }
    config_guess_write(&guess, &what);
    complain(reading, text, "%s", what.data);
    bytes_free(&what);
}

static bool
take_choice(const struct reading *reading, const char *text)
{
    const char *const *words = reading->setting->choices;

    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], text) == 0) {
            *(int *)reading->member = i;
            return true;
        }
    refuse_choice(reading, text);
    return false;
}

static bool
take_bool(const struct reading *reading, const char *text)
{
    if (config_parse_bool(text, reading->member) == CONFIG_PARSED)
        return true;
    complain(reading, text, "not true or false");
    return false;
}

static bool
take_real(const struct reading *reading, const char *text)
{
    if (config_parse_real(text, reading->member) == CONFIG_PARSED)
        return true;
    complain(reading, text, "not a number");
    return false;
}

static void
refuse_limit(const struct reading *reading, const char *text, const struct config_unit *units, bool more, int64_t limit)
{
    struct bytes what = {0};

    config_write_number(limit, units, &what);
    complain(reading, text, "%s than %s, the %s allowed", more ? "more" : "less", what.data, more ? "most" : "least");
    bytes_free(&what);
}

/* Is it within the limits? Both 0: any number that is not negative is. */
static bool
take_limited(const struct reading *reading, const char *text, const struct config_unit *units, const char *form)
{
    const struct setting *setting = reading->setting;
    int64_t               most    = setting->least != 0 || setting->most != 0 ? setting->most : INT64_MAX;
    int64_t               number  = 0;
    enum config_parse     result  = config_parse_number(text, units, &number);

    if (result == CONFIG_MALFORMED)
        complain(reading, text, "not %s", form);
    else if (result == CONFIG_TOO_GREAT || number > most)
        refuse_limit(reading, text, units, true, most);
    else if (number < setting->least)
        refuse_limit(reading, text, units, false, setting->least);
    else
        *(int64_t *)reading->member = number;
    return result == CONFIG_PARSED && number >= setting->least && number <= most;
}

static bool
take_number(const struct reading *reading, const char *text)
{
    return take_limited(reading, text, config_counts, "a whole number");
}

static bool
take_size(const struct reading *reading, const char *text)
{
    return take_limited(reading, text, config_sizes, "a size: a number alone, or with K, M or G, as 512K");
}

static bool
take_duration(const struct reading *reading, const char *text)
{
    return take_limited(reading, text, config_durations, "a duration: a number with ms, s, m, h or d, as 30s");
}

static void
release_string(void *member)
{
    free(*(char **)member);
    *(char **)member = NULL;
}

static void
release_list(void *member)
{
    setting_list_free(member);
}

static const struct {
    bool list;                                              /* the key may have several values */
    bool (*take)(const struct reading *, const char *text); /* one value; false with an error if it is wrong */
    void (*release)(void *member);
} types[] = {
    [SETTING_STRING]   = {.take = take_string, .release = release_string},
    [SETTING_PATH]     = {.take = take_path, .release = release_string},
    [SETTING_LIST]     = {.take = take_item, .release = release_list, .list = true},
    [SETTING_PATHS]    = {.take = take_path_item, .release = release_list, .list = true},
    [SETTING_CHOICE]   = {.take = take_choice},
    [SETTING_BOOL]     = {.take = take_bool},
    [SETTING_NUMBER]   = {.take = take_number},
    [SETTING_REAL]     = {.take = take_real},
    [SETTING_SIZE]     = {.take = take_size},
    [SETTING_DURATION] = {.take = take_duration},
};

/* Takes the values that the file has. False if there is none, or one that is wrong. */
static bool
take_values(const struct reading *reading, const struct setting_list *values)
{
    enum setting_type type = reading->setting->type;
    bool              fine = values->count > 0;

    if (!types[type].list && values->count != 1) {
        error_add(reading->error, reading->spot.file, reading->spot.line, "%s takes one value, not a list",
                  reading->setting->key);
        return false;
    }
    for (size_t i = 0; i < values->count; i++)
        fine = types[type].take(reading, values->items[i]) && fine;
    return fine;
}

static bool
fill_member(const struct reading *reading, struct config_key *key)
{
    const struct setting *setting = reading->setting;
    bool                  done    = false;

    if (key != NULL) {
        key->known = true;
        done       = take_values(reading, &key->values);
        key->wrong = !done;
    }
    if (!done && setting->fallback != NULL) {
        bool fits = types[setting->type].take(reading, setting->fallback);

        assert(fits);
        (void)fits;
    } else if (!done && setting->type == SETTING_REAL) {
        *(double *)reading->member = NAN;
    }
    return done || setting->fallback != NULL || !setting->required;
}

static void
refuse_missing(const struct config_section *section, const char *key, struct error *error)
{
    if (section->kind[0] == '\0')
        error_add(error, section->place.file, 0, "the key \"%s\" is missing", key);
    else
        error_add(error, section->place.file, section->place.line, "%s \"%s\" lacks the key \"%s\"", section->kind,
                  section->name, key);
}

bool
config_setting_fill(const struct setting *table, void *target, const struct config_file *file,
                    struct config_section *section, struct error *error)
{
    bool complete = true;

    for (const struct setting *setting = table; setting->key != NULL; setting++) {
        struct config_key *key     = config_section_find(section, setting->key);
        struct reading     reading = {
                .setting = setting,
                .member  = (char *)target + setting->offset,
                .folder  = file->folder,
                .spot    = config_section_spot(section, setting->key),
                .error   = error,
        };

        if (fill_member(&reading, key))
            continue;
        complete = false;
        if (key == NULL)
            refuse_missing(section, setting->key, error);
    }
    return complete;
}

void
config_setting_refuse_unknown(const struct config_section *section, const struct setting *const *tables,
                              struct error *error)
{
    for (size_t i = 0; i < section->key_count; i++) {
        const struct config_key *key   = &section->keys[i];
        struct config_guess      guess = {.word = key->name};
        struct bytes             what  = {0};

        if (key->known)
            continue;
        for (const struct setting *const *table = tables; *table != NULL; table++)
            for (const struct setting *setting = *table; setting->key != NULL; setting++)
                config_guess_offer(&guess, setting->key);
        bytes_printf(&what, "unknown key \"%s\"", key->name);
        if (section->kind[0] != '\0')
            bytes_printf(&what, " in %s \"%s\"", section->kind, section->name);
        config_guess_write(&guess, &what);
        error_add(error, key->file, key->line, "%s", what.data);
        bytes_free(&what);
    }
}

void
config_setting_release(const struct setting *table, void *target)
{
    for (; table->key != NULL; table++)
        if (types[table->type].release != NULL)
            types[table->type].release((char *)target + table->offset);
}

const struct setting *
config_setting_find(const struct setting *table, const char *key)
{
    for (; table != NULL && table->key != NULL; table++)
        if (strcmp(table->key, key) == 0)
            return table;
    return NULL;
}
