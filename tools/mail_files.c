/* From a name to the streams behind it, each of which mbox.c takes apart. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "tools/mail_files.h"
#include "tools/mbox.h"

static bool
read_stream(struct mail_files *files, const char *name, int descriptor, bool single)
{
    struct mbox         mbox;
    struct mbox_message message;
    struct bytes        numbered = {0};
    bool                wanted   = true;
    int                 got      = 0;

    mbox_open(&mbox, descriptor, single);
    while (wanted && (got = mbox_next(&mbox, &message)) > 0) {
        bytes_clear(&numbered);
        bytes_add(&numbered, span_of(name));
        if (message.number > 0)
            bytes_printf(&numbered, ":%u", message.number);
        wanted = files->take(files, numbered.data, &message);
    }
    if (got < 0)
        files->fail(files, name, errno);
    bytes_free(&numbered);
    mbox_close(&mbox);
    return wanted;
}

static bool
read_file(struct mail_files *files, const char *path, bool single)
{
    int  descriptor = open(path, O_RDONLY | O_CLOEXEC);
    bool wanted     = true;

    if (descriptor < 0) {
        files->fail(files, path, errno);
        return true;
    }
    wanted = read_stream(files, path, descriptor, single);
    (void)close(descriptor);
    return wanted;
}

static bool
is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int
is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Sockets and pipes in a folder are not waited for. */
static bool
is_special(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static bool
read_folder(struct mail_files *files, const char *folder, bool single)
{
    struct dirent **entries = NULL;
    struct bytes    path    = {0};
    bool            wanted  = true;
    int             count   = scandir(folder, &entries, is_visible, versionsort);

    if (count < 0)
        files->fail(files, folder, errno);
    for (int i = 0; i < count; i++) {
        bytes_clear(&path);
        bytes_printf(&path, "%s/%s", folder, entries[i]->d_name);
        if (wanted && !is_special(path.data))
            wanted = read_file(files, path.data, single);
        free(entries[i]);
    }
    free(entries);
    bytes_free(&path);
    return wanted;
}

static bool
read_folders(struct mail_files *files, const char *path)
{
    struct bytes cur = {0}, new = {0};
    bool         wanted;

    bytes_printf(&cur, "%s/cur", path);
    bytes_printf(&new, "%s/new", path);
    if (is_folder(cur.data) && is_folder(new.data))
        wanted = read_folder(files, cur.data, true) && read_folder(files, new.data, true);
    else
        wanted = read_folder(files, path, false);
    bytes_free(&cur);
    bytes_free(&new);
    return wanted;
}

bool
mail_files_read(struct mail_files *files, const char *path)
{
    struct span folder = span_of(path);
    char       *name;
    bool        wanted;

    if (strcmp(path, "-") == 0)
        return read_stream(files, path, STDIN_FILENO, false);
    if (!is_folder(path))
        return read_file(files, path, false);
    while (folder.len > 1 && folder.data[folder.len - 1] == '/')
        folder.len--;
    name   = memory_copy_span(folder);
    wanted = read_folders(files, name);
    free(name);
    return wanted;
}
