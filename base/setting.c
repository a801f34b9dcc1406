/* What the owners of settings do alike. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/setting.h"

struct setting_list
setting_readable(const struct setting_list *files, const char *key, const struct setting_place *place,
                 struct error *error)
{
    struct setting_list readable = {.items = memory_new(files->count * sizeof(char *))};

    for (size_t i = 0; i < files->count; i++) {
        if (access(files->items[i], R_OK) == 0)
            readable.items[readable.count++] = files->items[i];
        else
            error_add(error, place->file, place->line_of(place, key), "%s %s: %s", key, files->items[i],
                      strerror(errno));
    }
    return readable;
}
