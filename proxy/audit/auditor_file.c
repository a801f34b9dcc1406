/* An audit log's file: whole lines, whatever the disk does. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/audit/auditor_file.h"
#include "proxy/log.h"

void
auditor_file_add(struct auditor_file *file, struct span head, struct span tail)
{
    bytes_add(&file->waiting, head);
    bytes_add(&file->waiting, tail);
}

/* The size of a regular file; -1 for a device or a pipe, where lines neither stay nor tear. */
static off_t
size_of(int fd)
{
    struct stat stat;

    return fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) ? stat.st_size : -1;
}

/* Something else (a crash, a rotation by truncation) may have left half a line at the end: it gets its newline. */
static bool
end_last_line(int fd)
{
    off_t size = size_of(fd);
    char  last = '\n';

    if (size > 0 && pread(fd, &last, 1, size - 1) != 1)
        return true; /* not to be read: hope for the best */
    return last == '\n' || write(fd, "\n", 1) == 1;
}

/* Makes the file's end a place to go on at. */
static bool
prepare_end(struct auditor_file *file)
{
    if (file->torn > 0 && size_of(file->fd) != file->size) {
        file->torn  = 0;
        file->fresh = true;
    }
    if (file->fresh && !end_last_line(file->fd))
        return false;
    file->fresh = false;
    return true;
}

/*
 * Forgets the first `written` octets that wait, for they are in the file; a line of which only a part was written
 * stays.
 */
static void
forget_written(struct auditor_file *file, size_t written)
{
    const char *end   = memrchr(file->waiting.data, '\n', written);
    size_t      whole = end != NULL ? (size_t)(end - file->waiting.data) + 1 : 0;

    file->torn = written - whole;
    file->waiting.len -= whole;
    memmove(file->waiting.data, file->waiting.data + whole, file->waiting.len);
    if (file->torn > 0)
        file->size = size_of(file->fd);
}

/* Logs that writing has become impossible, or possible again; once each. */
static void
note_failure(struct auditor_file *file, bool failing, int why)
{
    if (failing && !file->failing)
        log_write(LOG_LEVEL_ERROR, NULL, "cannot write the audit log %s: %s; its records wait", file->path,
                  strerror(why));
    else if (!failing && file->failing)
        log_write(LOG_LEVEL_WARNING, NULL, "the audit log %s can be written again", file->path);
    file->failing = failing;
}

/* One write(2): true if all that waited is in the file. */
static bool
write_some(struct auditor_file *file)
{
    struct span rest;
    ssize_t     put;

    if (!prepare_end(file)) {
        note_failure(file, true, errno);
        return false;
    }
    rest = span_tail(bytes_span(&file->waiting), file->torn);
    put  = write(file->fd, rest.data, rest.len);
    if (put < 0) {
        note_failure(file, true, errno);
        return false;
    }
    forget_written(file, file->torn + (size_t)put);
    if (file->waiting.len == 0)
        note_failure(file, false, 0);
    return file->waiting.len == 0;
}

/* After a short write the second one says why it was short. */
void
auditor_file_write(struct auditor_file *file)
{
    if (file->fd >= 0 && file->waiting.len > 0 && !write_some(file) && !file->failing)
        (void)write_some(file);
}

/* Finishes the torn line, or takes its piece back so that it can go elsewhere as a whole. */
static void
mend(struct auditor_file *file)
{
    size_t line = (size_t)((char *)memchr(file->waiting.data, '\n', file->waiting.len) - file->waiting.data) + 1;
    off_t  size = size_of(file->fd);

    if (size == file->size) {
        ssize_t put = write(file->fd, file->waiting.data + file->torn, line - file->torn);

        if (put > 0)
            forget_written(file, file->torn + (size_t)put);
        if (file->torn > 0 && ftruncate(file->fd, file->size - (off_t)file->torn) != 0)
            log_write(LOG_LEVEL_ERROR, NULL, "the old audit log ends in the middle of a line: %s", strerror(errno));
    }
    file->torn = 0;
}

void
auditor_file_change(struct auditor_file *file, int fd, struct span path)
{
    if (file->fd >= 0) {
        if (file->torn > 0)
            mend(file);
        (void)close(file->fd);
    }
    free(file->path);
    file->fd    = fd;
    file->path  = memory_copy_span(path);
    file->fresh = true;
}

void
auditor_file_close(struct auditor_file *file)
{
    if (file->waiting.len > 0)
        log_write(LOG_LEVEL_ERROR, NULL, "%zu octets of audit records could not be written and are lost",
                  file->waiting.len);
    auditor_file_change(file, -1, SPAN(""));
    free(file->path);
    bytes_free(&file->waiting);
}
