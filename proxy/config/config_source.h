/*
 * The files of a configuration: found, looked at, and read. Nobody else may be able to change any of them
 * (base/trust.h).
 */
#ifndef PROXY_CONFIG_CONFIG_SOURCE_H
#define PROXY_CONFIG_CONFIG_SOURCE_H

#include "base/setting.h"

/* One file. */
struct config_source {
    struct bytes text; /* without a NUL in it, and one behind it */
    dev_t        device;
    ino_t        inode;
};

/* Reads `path` into the source, which is {0}. 0; or -1 with the reason in `why`. config_source_free() follows in either
 * case. */
int config_source_read(struct config_source *, const char *path, struct bytes *why);

void config_source_free(struct config_source *);

/*
 * The files that `pattern`, which is relative to `folder`, names: a file; all files in a folder whose names end in
 * .conf; or all that fit a pattern as in glob(7), which may be none. In the order of their names, hidden files left
 * out. 0; or -1 with the reason in `why`. setting_list_free() follows in either case.
 */
int config_source_find(const char *folder, const char *pattern, struct setting_list *paths, struct bytes *why);

/* `path` made absolute by `folder`, to be given to free(). */
char *config_source_absolute(const char *folder, const char *path);

#endif
