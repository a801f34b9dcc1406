/* proxy/log.h: what a line looks like, what is escaped, cut and left out, and where lines go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/count.h"
#include "base/utf8.h"
#include "proxy/log.h"

static char folder[] = "/tmp/popgate-log-XXXXXX";
static char path[64], other[64];

static int
setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)umask(022);
    (void)snprintf(path, sizeof(path), "%s/log", folder);
    (void)snprintf(other, sizeof(other), "%s/log.1", folder);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(other);
    return rmdir(folder);
}

static const char *
contents(const char *name)
{
    static char text[65536];
    FILE       *file = fopen(name, "re");
    size_t      len;

    assert_non_null(file);
    len = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    return text;
}

/* Starts with an empty log. */
static void
start(enum log_level level)
{
    (void)unlink(path);
    assert_int_equal(log_open(path, level), 0);
}

/* What follows "TIME popgate[PID] LEVEL: " in the only line. */
static const char *
only_line(const char *level)
{
    const char *text = contents(path);
    char        pattern[160];
    regex_t     regex;
    regmatch_t  match;

    (void)snprintf(pattern, sizeof(pattern),
                   "^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-9:]{8}[.][0-9]{6}Z popgate\\[%d\\] %s: ", (int)getpid(), level);
    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED), 0);
    if (regexec(&regex, text, 1, &match, 0) != 0)
        fail_msg("no head: %s", text);
    regfree(&regex);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    return text + match.rm_eo;
}

static const struct {
    const char *in, *out;
} escapes[] = {
    {"plain text, 100%", "plain text, 100%"},
    {"a\r\nb", "a\\x0d\\x0ab"},
    {"\x1b[31mred\x7f", "\\x1b[31mred\\x7f"},
    {"tab\there", "tab\\x09here"},
    {"back\\slash", "back\\x5cslash"},
    {"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80", "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80"},
    {"latin \xe9", "latin \\xe9"},
    {"cut \xe2\x82", "cut \\xe2\\x82"},
    {"overlong \xc0\xaf \xe0\x80\xaf", "overlong \\xc0\\xaf \\xe0\\x80\\xaf"},
    {"surrogate \xed\xa0\x80", "surrogate \\xed\\xa0\\x80"},
    {"beyond \xf4\x90\x80\x80", "beyond \\xf4\\x90\\x80\\x80"},
    {"lone \x80 \xff", "lone \\x80 \\xff"},
    {"C1 \xc2\x9b"
     "31m",
     "C1 \\xc2\\x9b31m"},
    {"bidi \xe2\x80\xae"
     "evil",
     "bidi \\xe2\\x80\\xaeevil"},
    {"separator \xe2\x80\xa8!", "separator \\xe2\\x80\\xa8!"},
    {"", ""},
};

static void
escapes_what_does_not_print(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(escapes); i++) {
        char expected[128];

        start(LOG_LEVEL_INFO);
        log_write(LOG_LEVEL_INFO, NULL, "%s", escapes[i].in);
        (void)snprintf(expected, sizeof(expected), "%s\n", escapes[i].out);
        if (strcmp(only_line("info"), expected) != 0)
            fail_msg("row %zu: %s, not %s", i, only_line("info"), expected);
    }
}

static const struct {
    struct log_context context;
    const char        *out;
} contexts[] = {
    {{0}, "what\n"},
    {{.session = "9f3c-12"}, "session 9f3c-12: what\n"},
    {{.user = "bob smith\n", .listener = "pop3s"}, "listener pop3s user bob\\x20smith\\x0a: what\n"},
    {{.action = "reading a\tline"}, "what, while reading a\\x09line\n"},
    {{"9f3c-12", "192.0.2.1:49152", "pop3s", "bob", "connecting to upstream legacy"},
     "session 9f3c-12 client 192.0.2.1:49152 listener pop3s user bob: what, while connecting to upstream legacy\n"},
};

static void
says_who_and_what_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(contexts); i++) {
        start(LOG_LEVEL_INFO);
        log_write(LOG_LEVEL_WARNING, &contexts[i].context, "%s", "what");
        if (strcmp(only_line("warning"), contexts[i].out) != 0)
            fail_msg("row %zu: %s", i, only_line("warning"));
    }
}

static void
writes_the_levels_that_are_wanted(void **state)
{
    (void)state;
    for (enum log_level level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++)
        for (enum log_level line = LOG_LEVEL_ERROR; line <= LOG_LEVEL_DEBUG; line++) {
            start(level);
            log_write(line, NULL, "x");
            assert_int_equal(log_wants(line), line <= level);
            assert_int_equal(contents(path)[0] != '\0', line <= level);
            if (line <= level)
                assert_string_equal(only_line(log_level_names[line]), "x\n");
        }
}

/* Every length about the limit, with a character that takes four octets where the cut falls. */
static void
cuts_long_lines_between_characters(void **state)
{
    static char text[6000];

    (void)state;
    for (size_t len = 3980; len < 4100; len++) {
        const char *line;
        size_t      size;

        memset(text, 'x', sizeof(text));
        memcpy(text + len, "\xf0\x9f\x98\x80", 5);
        start(LOG_LEVEL_INFO);
        log_write(LOG_LEVEL_INFO, NULL, "%s", text);
        size = strlen(contents(path));
        line = only_line("info");
        assert_true(size <= 4096);
        assert_true(strspn(line, "x") == len || size > 4090);
        for (struct span rest = span_of(line); rest.len > 0;) {
            unsigned code;
            size_t   octets = utf8_read(rest, &code);

            assert_true(octets > 0);
            rest = span_tail(rest, octets);
        }
        assert_true((strstr(line, "...\n") != NULL) != (strstr(line, "\xf0\x9f\x98\x80\n") != NULL));
    }
}

static void
reopens_after_a_rotation(void **state)
{
    (void)state;
    (void)unlink(other);
    start(LOG_LEVEL_INFO);
    log_write(LOG_LEVEL_INFO, NULL, "one");
    assert_int_equal(rename(path, other), 0);
    log_write(LOG_LEVEL_INFO, NULL, "two");
    assert_int_equal(log_reopen(), 0);
    log_write(LOG_LEVEL_INFO, NULL, "three");
    assert_string_equal(only_line("info"), "three\n");
    assert_non_null(strstr(contents(other), "one\n"));
    assert_non_null(strstr(contents(other), "two\n"));
}

/* The next line that came to the master; "" if none did. */
static const char *
next_line(int master)
{
    static char line[LOG_LINE_MAX + 1];
    ssize_t     got = recv(master, line, sizeof(line) - 1, MSG_DONTWAIT);

    line[got > 0 ? got : 0] = '\0';
    return line;
}

/* A child's lines go to the master, as they would stand in the file, and the file is closed. */
static void
sends_a_childs_lines_to_the_master(void **state)
{
    int         ends[2], old;
    const char *line;

    (void)state;
    start(LOG_LEVEL_INFO);
    old = log_descriptor();
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    log_adopt(ends[0]);
    assert_int_equal(log_descriptor(), -1);
    assert_int_equal(fcntl(old, F_GETFD), -1);
    log_write(LOG_LEVEL_INFO, NULL, "here \x1b\xc3\xa4");
    assert_string_equal(contents(path), "");
    line = next_line(ends[1]);
    assert_non_null(strstr(line, " info: here \\x1b\xc3\xa4\n"));
    start(LOG_LEVEL_INFO);
    assert_true(log_pass(span_of(line), getpid()));
    assert_string_equal(contents(path), line);
    (void)close(ends[1]);
}

/* One that takes none for a while holds the child up once, and one that has died not at all. */
static void
loses_lines_that_the_master_does_not_take(void **state)
{
    int  ends[2], lines = 0;
    char said[64];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    log_adopt(ends[0]);
    (void)alarm(10);
    for (int i = 0; i < 10000; i++)
        log_write(LOG_LEVEL_INFO, NULL, "line %d", i);
    while (next_line(ends[1])[0] != '\0')
        lines++;
    assert_in_range(lines, 50, 9999);
    log_write(LOG_LEVEL_INFO, NULL, "again");
    (void)snprintf(said, sizeof(said), " warning: %d log lines were lost here", 10000 - lines);
    assert_non_null(strstr(next_line(ends[1]), said));
    assert_non_null(strstr(next_line(ends[1]), "again\n"));
    (void)close(ends[1]);
    log_write(LOG_LEVEL_INFO, NULL, "nobody reads this");
    (void)alarm(0);
    start(LOG_LEVEL_INFO);
}

/* What a child that was taken over may send instead. */
static void
passes_nothing_but_lines_of_that_child(void **state)
{
    static const char *const bad[] = {
        "",
        "\n",
        "free text\n",
        "2026-11-20T17:42:36.123456Z popgate[41] info: x",
        "2026-11-20T17:42:36.123456Z popgate[40] info: x\n",
        "2026-11-20T17:42:36.123456Z popgate[411] info: x\n",
        "2026-11-20T17:42:36.123456 popgate[41] info: x\n",
        "2026-11-20T17:42:\x1b[2J.23456Z popgate[41] info: x\n",
        "2026-11-20T17:42:36.123456Z popgate[41] info: x\n2026-11-20T17:42:36.123456Z popgate[41] info: x\n",
        "2026-11-20T17:42:36.123456Z popgate[41] info: \x1b[2J\n",
        "2026-11-20T17:42:36.123456Z popgate[41] info: \r\n",
        "2026-11-20T17:42:36.123456Z popgate[41] info: \xff\n",
        "2026-11-20T17:42:36.123456Z popgate[41] info: \xe2\x80\xae\n",
        "11111111111111111111111111111111111111111111111111111111111\n",
    };

    (void)state;
    start(LOG_LEVEL_INFO);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (log_pass(span_of(bad[i]), 41))
            fail_msg("%s", bad[i]);
    assert_false(log_pass((struct span){"2026-11-20T17:42:36.123456Z popgate[41] info: \0\n", 49}, 41));
    assert_string_equal(contents(path), "");
    assert_true(log_pass(span_of("2026-11-20T17:42:36.123456Z popgate[41] info: x\n"), 41));
}

static void
keeps_the_log_when_another_cannot_be_opened(void **state)
{
    static const struct {
        const char *name;
        int         why;
    } bad[] = {{"/nonexistent/log", ENOENT}, {"link", ELOOP}, {"open/log", EPERM}, {"open", EISDIR}};
    char        name[96];
    struct stat made;

    (void)state;
    start(LOG_LEVEL_INFO);
    (void)snprintf(name, sizeof(name), "%s/link", folder);
    assert_int_equal(symlink(path, name), 0);
    (void)snprintf(name, sizeof(name), "%s/open", folder);
    assert_int_equal(mkdir(name, 0700), 0);
    assert_int_equal(chmod(name, 0777), 0);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        (void)snprintf(name, sizeof(name), "%s/%s", bad[i].name[0] == '/' ? "" : folder, bad[i].name);
        if (log_open(name, LOG_LEVEL_DEBUG) != -1 || errno != bad[i].why)
            fail_msg("row %zu: %s", i, strerror(errno));
        assert_false(log_wants(LOG_LEVEL_DEBUG));
    }
    log_write(LOG_LEVEL_INFO, NULL, "still here");
    assert_string_equal(only_line("info"), "still here\n");
    assert_int_equal(stat(path, &made), 0);
    assert_int_equal(made.st_mode & 07777, 0640);
    (void)snprintf(name, sizeof(name), "%s/link", folder);
    (void)unlink(name);
    (void)snprintf(name, sizeof(name), "%s/open", folder);
    (void)rmdir(name);
}

/* A pipe on standard error that is full, and one without a reader, lose lines but hold nobody up. */
static void
loses_lines_where_standard_error_takes_none(void **state)
{
    int  ends[2], real = dup(STDERR_FILENO);
    char octets[8192];

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    (void)dup2(ends[1], STDERR_FILENO);
    assert_int_equal(log_open("stderr", LOG_LEVEL_INFO), 0);
    assert_int_equal(log_descriptor(), -1);
    (void)alarm(10);
    for (int i = 0; i < 100000; i++)
        log_write(LOG_LEVEL_INFO, NULL, "line %d", i);
    (void)alarm(0);
    assert_true(read(ends[0], octets, sizeof(octets)) > 0);
    (void)close(ends[0]);
    log_write(LOG_LEVEL_INFO, NULL, "nobody reads this");
    (void)dup2(real, STDERR_FILENO);
    (void)close(real);
    (void)close(ends[1]);
}

/* The journal writes time and process itself, and is told the priority; another standard error is not. */
static void
says_priorities_to_the_journal(void **state)
{
    int         real = dup(STDERR_FILENO), file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
    struct stat status;
    char        stream[64];

    (void)state;
    (void)dup2(file, STDERR_FILENO);
    assert_int_equal(fstat(file, &status), 0);
    (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
    assert_int_equal(log_open("stderr", LOG_LEVEL_DEBUG), 0);
    log_write(LOG_LEVEL_ERROR, NULL, "one");
    log_write(LOG_LEVEL_WARNING, NULL, "two");
    log_write(LOG_LEVEL_INFO, NULL, "three");
    log_write(LOG_LEVEL_DEBUG, NULL, "four");
    assert_int_equal(setenv("JOURNAL_STREAM", "1:1", 1), 0);
    assert_int_equal(log_open("stderr", LOG_LEVEL_INFO), 0);
    (void)dup2(real, STDERR_FILENO);
    (void)close(real);
    (void)close(file);
    assert_string_equal(contents(path), "<3>one\n<4>two\n<6>three\n<7>four\n");
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

/* Even where the line cannot be written. */
static void
keeps_errno(void **state)
{
    (void)state;
    assert_int_equal(log_open("/dev/full", LOG_LEVEL_INFO), 0);
    errno = ENOTCONN;
    log_write(LOG_LEVEL_INFO, NULL, "%s", strerror(errno));
    assert_int_equal(errno, ENOTCONN);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_what_does_not_print),
        cmocka_unit_test(says_who_and_what_for),
        cmocka_unit_test(writes_the_levels_that_are_wanted),
        cmocka_unit_test(cuts_long_lines_between_characters),
        cmocka_unit_test(reopens_after_a_rotation),
        cmocka_unit_test(sends_a_childs_lines_to_the_master),
        cmocka_unit_test(loses_lines_that_the_master_does_not_take),
        cmocka_unit_test(passes_nothing_but_lines_of_that_child),
        cmocka_unit_test(keeps_the_log_when_another_cannot_be_opened),
        cmocka_unit_test(loses_lines_where_standard_error_takes_none),
        cmocka_unit_test(says_priorities_to_the_journal),
        cmocka_unit_test(keeps_errno),
    };

    return cmocka_run_group_tests_name("log", tests, setup, teardown);
}
