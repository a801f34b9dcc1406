/* base/trust.h: who could change what a path leads to, by whatever folder or link on the way. Only root is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/trust.h"

enum { OTHER = 65534 /* nobody */ };

static char folder[] = "/tmp/popgate-trust-XXXXXX";

static void
make(const char *path, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0 && fchmod(fd, mode) == 0 && close(fd) == 0);
}

static void
check(const char *path, const char *expected)
{
    struct bytes why     = {0};
    bool         trusted = trust_path(path, &why);

    if (trusted != (expected == NULL) || (expected != NULL && strstr(why.data, expected) == NULL))
        fail_msg("%s: %s, not %s", path, trusted ? "trusted" : why.data, expected != NULL ? expected : "trusted");
    bytes_free(&why);
}

static void
walks_the_whole_way(void **state)
{
    (void)state;
    if (getuid() != 0)
        skip();
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(mkdir("mine", 0755) | mkdir("others", 0755) | mkdir("open", 0755) | mkdir("others/inner", 0755),
                     0);
    make("mine/file", 0644);
    make("mine/shared", 0664);
    make("open/file", 0600);
    make("others/inner/file", 0600);
    make("foreign", 0600);
    assert_int_equal(chmod("open", 0777) | chown("others", OTHER, OTHER) | chown("foreign", OTHER, OTHER), 0);
    assert_int_equal(symlink("../mine/file", "mine/link") | symlink("mine/link", "twice") |
                         symlink("others/inner/file", "astray") | symlink("loop", "loop"),
                     0);
    assert_int_equal(symlink("mine/file", "theirs") | lchown("theirs", OTHER, OTHER), 0);

    check("mine/file", NULL);
    check("./mine/../mine//file", NULL);
    check("twice", NULL);
    check("nowhere/at/all", NULL);
    check("loop", NULL);
    check("mine/shared", "others than its owner may write to");
    check("open/file", "/open: chmod go-w it");
    check("others/inner/file", "/others belongs to nobody");
    check("astray", "/others belongs to nobody");
    check("foreign", "/foreign belongs to nobody");
    check("theirs", "/theirs belongs to nobody");
    assert_int_equal(chmod("open", 01777), 0);
    check("open/file", NULL);
    assert_int_equal(chdir("/"), 0);
}

static void
asks_nobody_but_root(void **state)
{
    (void)state;
    if (getuid() == 0)
        skip();
    check("/etc/passwd", NULL);
    check(".", NULL);
}

static int
start(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static int
stop(void **state)
{
    (void)state;
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_the_whole_way),
        cmocka_unit_test(asks_nobody_but_root),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
