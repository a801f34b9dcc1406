/*
 * The log: one event is one line whatever a peer put into it. It is UTF-8, nothing in it acts on a terminal, and it
 * says what was to be said: taken apart again it is the text, as far as the line goes.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "proxy/log.h"
#include "tests/fuzz/fuzz_file.h"

enum { LINE_OCTETS_MAX = 4096 };

static char path[64];

static void
open_log(void)
{
    char folder[] = "/tmp/popgate-fuzz-XXXXXX";

    FUZZ_EXPECT(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof(path), "%s/log", folder);
    FUZZ_EXPECT(log_open(path, LOG_LEVEL_DEBUG) == 0);
    (void)unlink(path);
    (void)rmdir(folder);
}

static struct span
read_line(char *line)
{
    ssize_t got = pread(log_descriptor(), line, LINE_OCTETS_MAX + 1, 0);
    char    name[64];
    int     fd;

    if (got < 0) { /* the log is only written to: by another descriptor of the same file */
        (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", log_descriptor());
        fd  = open(name, O_RDONLY | O_CLOEXEC);
        got = pread(fd, line, LINE_OCTETS_MAX + 1, 0);
        (void)close(fd);
    }
    FUZZ_EXPECT(got > 0 && got <= LINE_OCTETS_MAX && ftruncate(log_descriptor(), 0) == 0);
    return (struct span){line, (size_t)got};
}

static void
check_characters(struct span line)
{
    FUZZ_EXPECT(line.data[line.len - 1] == '\n');
    for (struct span rest = span_head(line, line.len - 1); rest.len > 0;) {
        unsigned code;
        size_t   len = utf8_read(rest, &code);

        FUZZ_EXPECT(len > 0 && !utf8_acts(code));
        rest = span_tail(rest, len);
    }
}

/* The octet that stands at `*at`, written as it is or as \xHH. */
static unsigned char
take_octet(struct span line, size_t *at)
{
    unsigned octet = (unsigned char)line.data[*at];

    if (octet != '\\') {
        ++*at;
        return (unsigned char)octet;
    }
    FUZZ_EXPECT(*at + 4 <= line.len && sscanf(line.data + *at, "\\x%2x", &octet) == 1);
    *at += 4;
    return (unsigned char)octet;
}

/* The message behind the head of the line, which ends in "session NAME: ". */
static void
check_message(struct span line, struct span said)
{
    bool        cut = line.len >= 4 && memcmp(line.data + line.len - 4, "...\n", 4) == 0;
    const char *end = line.data + line.len - (cut ? 4 : 1), *head = memmem(line.data, line.len, ": !", 3);
    size_t      at;

    if (cut)
        return; /* where it was cut is not to be told from text that ends so */
    FUZZ_EXPECT(head != NULL);
    at = (size_t)(head + 3 - line.data);
    for (size_t i = 0; i < said.len; i++)
        FUZZ_EXPECT(line.data + at < end && take_octet(line, &at) == (unsigned char)said.data[i]);
    FUZZ_EXPECT(line.data + at == end);
}

/* A C string of it: log_write() takes no others. */
static const char *
string_of(struct span *input)
{
    static char room[2][LINE_OCTETS_MAX * 2];
    static int  turn;
    struct span text = fuzz_text(input);

    turn = !turn;
    text = span_head(text, text.len < sizeof(room[0]) ? text.len : sizeof(room[0]) - 1);
    memcpy(room[turn], text.data, text.len);
    room[turn][text.len] = '\0';
    return room[turn];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span              input   = {(const char *)data, size}, line;
    const char              *said    = string_of(&input);
    const struct log_context context = {.user = input.len > 0 ? string_of(&input) : NULL};
    char                     text[LINE_OCTETS_MAX + 1];

    if (path[0] == '\0')
        open_log();
    log_write(LOG_LEVEL_INFO, &context, "!%s", said);
    line = read_line(text);
    check_characters(line);
    if (context.user == NULL)
        check_message(line, span_of(said));
    return 0;
}
