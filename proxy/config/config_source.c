/* The descriptor of the file that was opened is looked at, so that nothing can change between look and use. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/trust.h"
#include "proxy/config/config_source.h"

enum { OCTETS_MAX = 1024 * 1024 };

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

/* Why the file is not to be read; NULL if it is. */
static const char *
read_text(int fd, struct bytes *text)
{
    ssize_t got;

    while ((got = read(fd, bytes_reserve(text, 4096), 4096)) > 0)
        text->len += (size_t)got;
    bytes_add(text, SPAN(""));
    if (got < 0)
        return strerror(errno);
    return strlen(text->data) < text->len ? "there is a NUL in it: save it as UTF-8" : NULL;
}

/* Some editors begin a file with the mark of UTF-8, which nobody sees. */
static void
skip_mark(struct bytes *text)
{
    static const char mark[] = "\xef\xbb\xbf";

    if (span_starts(bytes_span(text), SPAN(mark)))
        memset(text->data, ' ', sizeof(mark) - 1);
}

int
config_source_read(struct config_source *source, const char *path, struct bytes *why)
{
    bool        trusted = trust_path(path, why);
    int         fd      = trusted ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    struct stat status  = {0};
    const char *fault;

    if (!trusted)
        return -1;
    if (fd < 0 || fstat(fd, &status) != 0)
        fault = strerror(errno);
    else if ((fault = find_fault(&status)) == NULL)
        fault = read_text(fd, &source->text);
    if (fd >= 0)
        (void)close(fd);
    if (fault != NULL) {
        bytes_add(why, span_of(fault));
        return -1;
    }
    skip_mark(&source->text);
    source->device = status.st_dev;
    source->inode  = status.st_ino;
    return 0;
}

void
config_source_free(struct config_source *source)
{
    bytes_free(&source->text);
}

/* The text with a backslash in front of what glob(7) knows. */
static void
add_escaped(struct bytes *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("*?[\\", *text) != NULL)
            bytes_add_char(to, '\\');
        bytes_add_char(to, *text);
    }
}

char *
config_source_absolute(const char *folder, const char *path)
{
    struct bytes text = {0};

    if (path[0] != '/')
        bytes_printf(&text, "%s/", strcmp(folder, "/") == 0 ? "" : folder);
    bytes_printf(&text, "%s", path);
    return text.data;
}

static int
find_matches(const char *pattern, struct setting_list *paths, struct bytes *why)
{
    glob_t matches;
    int    result = glob(pattern, GLOB_ERR, NULL, &matches);

    if (result != 0 && result != GLOB_NOMATCH) {
        bytes_printf(why, "%s", strerror(errno));
        globfree(&matches);
        return -1;
    }
    for (size_t i = 0; result == 0 && i < matches.gl_pathc; i++)
        setting_list_add(paths, memory_copy_string(matches.gl_pathv[i]));
    globfree(&matches);
    return 0;
}

int
config_source_find(const char *folder, const char *pattern, struct setting_list *paths, struct bytes *why)
{
    char        *path   = config_source_absolute(folder, pattern);
    struct bytes search = {0};
    struct stat  status;
    int          result;
    bool         there = stat(path, &status) == 0;

    if (there && S_ISDIR(status.st_mode)) {
        add_escaped(&search, path);
        bytes_add(&search, SPAN("/*.conf"));
    } else if (!there && strpbrk(pattern, "*?[") != NULL) {
        add_escaped(&search, pattern[0] != '/' ? folder : "");
        bytes_printf(&search, "%s%s", pattern[0] != '/' ? "/" : "", pattern);
    }
    if (search.len == 0) {
        setting_list_add(paths, path);
        return 0;
    }
    result = find_matches(search.data, paths, why);
    bytes_free(&search);
    free(path);
    return result;
}
