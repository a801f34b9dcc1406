/* What proxy.conf holds, as arrays that grow. */
#include <stdlib.h>

#include "base/memory.h"
#include "proxy/config/config_file.h"

static unsigned
line_of(const struct setting_place *place, const char *name)
{
    return config_section_spot(container_of(place, struct config_section, place), name).line;
}

void
config_file_add_section(struct config_file *file, const char *kind, const char *name, struct config_spot spot)
{
    struct config_section section = {
        .place = {.file = spot.file, .line = spot.line, .line_of = line_of},
        .kind  = memory_copy_string(kind),
        .name  = memory_copy_string(name),
    };

    file->sections = memory_resize_array(file->sections, file->section_count + 1, sizeof(section));
    file->sections[file->section_count++] = section;
}

const char *
config_file_add_path(struct config_file *file, const char *path)
{
    setting_list_add(&file->paths, memory_copy_string(path));
    return file->paths.items[file->paths.count - 1];
}

struct config_key *
config_section_add(struct config_section *section, const char *name, struct config_spot spot)
{
    struct config_key key = {.name = memory_copy_string(name), .file = spot.file, .line = spot.line};

    section->keys                     = memory_resize_array(section->keys, section->key_count + 1, sizeof(key));
    section->keys[section->key_count] = key;
    return &section->keys[section->key_count++];
}

struct config_key *
config_section_find(const struct config_section *section, const char *name)
{
    for (size_t i = 0; i < section->key_count; i++)
        if (strcmp(section->keys[i].name, name) == 0)
            return &section->keys[i];
    return NULL;
}

struct config_spot
config_section_spot(const struct config_section *section, const char *name)
{
    const struct config_key *key = config_section_find(section, name);

    return key != NULL ? (struct config_spot){key->file, key->line}
                       : (struct config_spot){section->place.file, section->place.line};
}

void
config_spot_write(struct config_spot spot, const char *from, struct bytes *text)
{
    if (strcmp(spot.file, from) == 0)
        bytes_printf(text, "line %u", spot.line);
    else
        bytes_printf(text, "%s:%u", spot.file, spot.line);
}

static void
free_section(struct config_section *section)
{
    for (size_t i = 0; i < section->key_count; i++) {
        free(section->keys[i].name);
        setting_list_free(&section->keys[i].values);
    }
    free(section->keys);
    free(section->kind);
    free(section->name);
}

void
config_file_free(struct config_file *file)
{
    for (size_t i = 0; i < file->section_count; i++)
        free_section(&file->sections[i]);
    free(file->sections);
    setting_list_free(&file->paths);
    free(file->folder);
    *file = (struct config_file){0};
}
