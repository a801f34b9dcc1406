/* What all owners of settings do in the same way. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/setting.h"
#include "base/trust.h"

/* Why it cannot be read; NULL if it can. Opening a pipe would wait for whoever writes into it. */
static const char *
find_fault(const char *path)
{
    struct stat status;

    if (access(path, R_OK) != 0 || stat(path, &status) != 0)
        return strerror(errno);
    return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ? NULL : "it is neither a file nor a directory";
}

void
setting_list_add(struct setting_list *list, char *item)
{
    list->items                = memory_resize_array(list->items, list->count + 1, sizeof(*list->items));
    list->items[list->count++] = item;
}

void
setting_list_free(struct setting_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct setting_list){0};
}

struct setting_list
setting_readable(const struct setting_list *files, const char *key, const struct setting_place *place,
                 struct error *error)
{
    struct setting_list readable = {.items = memory_new(files->count * sizeof(char *))};
    struct bytes        why      = {0};

    for (size_t i = 0; i < files->count; i++) {
        const char *fault = find_fault(files->items[i]);

        if (fault == NULL)
            readable.items[readable.count++] = files->items[i];
        else
            error_add(error, place->file, place->line_of(place, key), "%s %s: %s", key, files->items[i], fault);
        if (fault == NULL && !trust_path(files->items[i], &why))
            error_note(error, place->file, place->line_of(place, key), "%s %s: %s", key, files->items[i], why.data);
        bytes_clear(&why);
    }
    bytes_free(&why);
    return readable;
}
