/* Files that proxy.conf includes: which, in what order, and how mistakes in them are named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/count.h"
#include "tests/unit/config_fixture.h"

#define FILTER(name) "filter \"" name "\" { module = \"audit-log\" path = \"a.jsonl\" }\n"

static void
make_folder(const char *name)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int
set_up_files(void **state)
{
    if (set_up(state) != 0)
        return -1;
    make_folder("conf.d");
    make_folder("a[b]");
    write_file("conf.d/20-b.conf", FILTER("b"), 0600);
    write_file("conf.d/10-a.conf", FILTER("a"), 0600);
    write_file("conf.d/15-m.conf", FILTER("m"), 0600); /* so many that no folder lists them in this order by chance */
    write_file("conf.d/01-z.conf", FILTER("z"), 0600);
    write_file("conf.d/02-y.conf", FILTER("y"), 0600);
    write_file("conf.d/04-x.conf", FILTER("x"), 0600);
    write_file("conf.d/.hidden.conf", FILTER("hidden"), 0600);
    write_file("conf.d/note.txt", FILTER("text"), 0600);
    write_file("a[b]/c.conf", FILTER("c"), 0600);
    write_file("one", FILTER("one"), 0600);
    write_file("both.conf", "include one\n" FILTER("two") "include 'conf.d'\n", 0600);
    write_file("keys.conf", "# keys\nworkers = 7\nlog_level = debug", 0600);
    write_file("section.conf", "upstream \"v\" {\n server = \"127.0.0.1:1\"\n wrong = 1 }\n", 0600);
    write_file("syntax.conf", "\nworkers 1\n", 0600);
    write_file("wrong.conf", "\nworkers = many\nzzz = 1\nlog = 'none/log'\n", 0600);
    write_file("brace.conf", "}\n", 0600);
    write_file("open.conf", "upstream 'w' {\n", 0600);
    write_file("self.conf", "include 'self.conf'\n", 0600);
    write_file("there.conf", "\ninclude 'back.conf'\n", 0600);
    write_file("back.conf", "include 'there.conf'\n", 0600);
    write_file("others.conf", "", 0622);
    write_file("same.conf", "listener \"l\" { address = \"127.0.0.1:0\" upstream = \"u\" }\n", 0600);
    write_file("port.conf", "\nlistener \"p\" { address = \"127.0.0.1:9\" upstream = \"u\" }\n", 0600);
    return 0;
}

/* The filters' names in their order. */
static const struct {
    const char *text, *names;
} included[] = {
    {"include \"conf.d/*.conf\"\n", " z y x a m b"},
    {"include conf.d\n", " z y x a m b"},
    {"include \"conf.d/\"\n", " z y x a m b"},
    {"include 'conf.d/10-a.conf'\n", " a"},
    {"include \"conf.d/?0-[b-z].*\"\n", " b"},
    {"include \"conf.d/*.none\"\n", ""},
    {"include \"a[b]\"\n", " c"},
    {"include \"a[b]/c.conf\"\n", " c"},
    {FILTER("first") "include 'conf.d/*.conf' " FILTER("last"), " first z y x a m b last"},
    {"include 'both.conf'\n", " one two z y x a m b"},
    {"include \"${POPGATE_NONE:-conf.d}/20*\"\n", " b"},
};

static void
test_included(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(included); row++) {
        struct bytes   text = {0}, names = {0};
        struct error   error = {0};
        struct config *config;

        bytes_printf(&text, FRAME "%s", included[row].text);
        bytes_add(&names, SPAN(""));
        config = load(text.data, &error);
        if (config == NULL)
            fail_msg("%s: %s", included[row].text, error_text(&error));
        for (size_t i = 0; i < config->filter_count; i++)
            bytes_printf(&names, " %s", config->filters[i].name);
        if (strcmp(names.data, included[row].names) != 0)
            fail_msg("%s:%s", included[row].text, names.data);
        config_free(&config);
        bytes_free(&text);
        bytes_free(&names);
    }
}

/* Relative paths are relative to proxy.conf wherever they stand, and what a message names lives as long as it may. */
static void
test_keys(void **state)
{
    char           expect[512];
    struct error   error = {0};
    struct config *config;

    (void)state;
    write_file("conf.d/30-c.conf",
               "log = 'popgate.log'\nlistener \"m\" { address = \"127.0.0.1:0\" upstream = \"u\" }\n", 0600);
    config = load(FRAME "include 'keys.conf'\ninclude 'conf.d/30-c.conf'\n", &error);
    assert_string_equal(error_text(&error), "");
    assert_int_equal(config->workers, 7);
    (void)snprintf(expect, sizeof(expect), "%s/popgate.log", folder);
    assert_string_equal(config->log, expect);
    (void)snprintf(expect, sizeof(expect), "%s/conf.d/30-c.conf", folder);
    assert_string_equal(config->listeners[1].file, expect);
    assert_int_equal(config->listeners[1].line, 2);
    (void)snprintf(expect, sizeof(expect), "%s/proxy.conf", folder);
    assert_string_equal(config->listeners[0].file, expect);
    assert_string_equal(config->file, expect);
    config_free(&config);
}

/* What is behind FRAME begins at line 4; D is the folder. */
static const struct {
    const char *text, *errors;
} broken[] = {
    {"\ninclude 'none.conf'\n", "D/proxy.conf:5: include D/none.conf: No such file or directory\n"},
    {"include 'none/*.conf'\n", "D/proxy.conf:4: include none/*.conf: No such file or directory\n"},
    {"include 'spool/../one/x'\n", "D/proxy.conf:4: include D/spool/../one/x: Not a directory\n"},
    {"include 'self.conf'\n", "D/self.conf:1: include D/self.conf: it includes itself\n"},
    {"include 'there.conf'\n", "D/back.conf:1: include D/there.conf: it includes itself\n"},
    {"include 'proxy.conf'\n", "D/proxy.conf:4: include D/proxy.conf: it includes itself\n"},
    {"include 'section.conf'\n", "D/section.conf:3: unknown key \"wrong\" in upstream \"v\"\n"},
    {"include 'syntax.conf'\n", "D/syntax.conf:2: missing equal sign after option 'workers'\n"},
    {"include 'wrong.conf'\n", "D/wrong.conf:2: workers = \"many\": not a whole number\n"
                               "D/wrong.conf:3: unknown key \"zzz\"\n"
                               "D/wrong.conf:4: log = \"D/none/log\": the folder D/none/: No such file or directory\n"},
    {"include 'brace.conf'\n", "D/brace.conf:1: unexpected closing brace\n"},
    {"include 'open.conf'\n}\n", "D/open.conf:1: this { has no }\nD/proxy.conf:5: unexpected closing brace\n"},
    {"include 'syntax.conf'\ninclude 'open.conf'\n",
     "D/syntax.conf:2: missing equal sign after option 'workers'\nD/open.conf:1: this { has no }\n"},
    {"workers = 1\ninclude 'keys.conf'\n", "D/keys.conf:2: workers is given again: it is at D/proxy.conf:4 already\n"},
    {"include 'keys.conf'\nworkers = 1\n", "D/proxy.conf:5: workers is given again: it is at D/keys.conf:2 already\n"},
    {"include 'same.conf'\n", "D/same.conf:1: listener \"l\" is there already, at D/proxy.conf:2\n"},
    {"include 'port.conf'\nlistener \"q\" { upstream = u\naddress = \"127.0.0.1:9\" }\n",
     "D/proxy.conf:6: 127.0.0.1:9: the listener \"p\" at D/port.conf:2 has 127.0.0.1:9 already\n"},
    {"upstream \"v\" {\nserver = \"127.0.0.1:1\"\ninclude 'keys.conf' }\n",
     "D/proxy.conf:6: include stands outside of sections, in the upstream \"v\" that begins at line 4\n"},
    {"include\n", "D/proxy.conf:5: include lacks what to include, as in: include \"conf.d/*.conf\"\n"},
};

static void
check_broken(const char *text, const char *errors)
{
    struct bytes   whole = {0}, here = {0};
    struct error   error = {0};
    struct config *config;
    char          *expect;

    bytes_printf(&whole, FRAME "%s", text);
    bytes_printf(&here, "%s/", folder);
    expect = replace(errors, "D/", here.data);
    config = load(whole.data, &error);
    if (config != NULL || strcmp(error_text(&error), expect) != 0)
        fail_msg("%s\nsays\n%snot\n%s", text, error_text(&error), expect);
    error_free(&error);
    bytes_free(&whole);
    bytes_free(&here);
    free(expect);
}

static void
test_broken(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(broken); row++)
        check_broken(broken[row].text, broken[row].errors);
}

/* Root is told which file of the way it is. */
static void
test_written_by_others(void **state)
{
    (void)state;
    if (getuid() == 0)
        check_broken("include 'others.conf'\n",
                     "D/proxy.conf:4: include D/others.conf: others than its owner may write to "
                     "D/others.conf: chmod go-w it\n");
    else
        check_broken("include 'others.conf'\n",
                     "D/proxy.conf:4: include D/others.conf: others than its owner may write to it: chmod go-w it\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_included),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_written_by_others),
    };

    return cmocka_run_group_tests_name("config_include", tests, set_up_files, tear_down);
}
