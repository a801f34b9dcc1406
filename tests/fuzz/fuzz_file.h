/* For readers that want the path of a file: the octets as a file without a name. */
#ifndef TESTS_FUZZ_FUZZ_FILE_H
#define TESTS_FUZZ_FUZZ_FILE_H

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

struct fuzz_file {
    int  fd;
    char path[64];
};

static inline struct fuzz_file
fuzz_file_open(struct span text)
{
    struct fuzz_file file = {.fd = memfd_create("input", MFD_CLOEXEC)};

    FUZZ_EXPECT(file.fd >= 0 && fchmod(file.fd, 0600) == 0 && write(file.fd, text.data, text.len) == (ssize_t)text.len);
    (void)snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", file.fd);
    return file;
}

static inline void
fuzz_file_close(struct fuzz_file *file)
{
    (void)close(file->fd);
}

/* What is in front of the first NUL of the input, which is then what is behind it. */
static inline struct span
fuzz_text(struct span *input)
{
    const char *nul  = input->len > 0 ? memchr(input->data, '\0', input->len) : NULL;
    size_t      len  = nul != NULL ? (size_t)(nul - input->data) : input->len;
    struct span text = span_head(*input, len);

    *input = span_tail(*input, len + (nul != NULL));
    return text;
}

#endif
