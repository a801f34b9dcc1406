/*
 * What is wrong with proxy.conf is said with the line it is at, and all of it at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/count.h"
#include "tests/unit/config_fixture.h"

/* What is behind FRAME begins at line 4. In `errors` F stands for the file, and D for its folder. */
static const struct broken {
    const char *text, *errors;
    const char *module; /* needed; NULL: none */
} broken[] = {
    /* Keys. */
    {"workres = 1\n", "F:4: unknown key \"workres\"; do you mean \"workers\"?\n", NULL},
    {"zzz = 1\n", "F:4: unknown key \"zzz\"\n", NULL},
    {"zzz = { 1, 2 }\n# c\nyyy += { }\nxxx += 2", "F:4: unknown key \"zzz\"\nF:7: unknown key \"xxx\"\n", NULL},
    {"workers = 1\nworkers = 2\n", "F:5: workers is given again: it is at line 4 already\n", NULL},
    {"upstream \"b\" {\n\n}\n", "F:4: upstream \"b\" lacks the key \"server\"\n", NULL},
    {"listener \"b\" {\n}\n",
     "F:4: listener \"b\" lacks the key \"address\"\nF:4: listener \"b\" lacks the key \"upstream\"\n", NULL},
    {"upstream \"b\" {\n # c\n /* d\n */ server = { \"127.0.0.1:110\", # e\n }\n sever = 3 }\n",
     "F:9: unknown key \"sever\" in upstream \"b\"; do you mean \"server\"?\n", NULL},

    /* Values. */
    {"workers = many\n", "F:4: workers = \"many\": not a whole number\n", NULL},
    {"workers = 1025\n", "F:4: workers = \"1025\": more than 1024, the most allowed\n", NULL},
    {"workers = -1\n", "F:4: workers = \"-1\": less than 0, the least allowed\n", NULL},
    {"workers = 99999999999999999999\n", "F:4: workers = \"99999999999999999999\": more than 1024, the most allowed\n",
     NULL},
    {"workers = { 1, 2 }\n", "F:4: workers takes one value, not a list\n", NULL},
    {"workers =\n\n\"\"\n", "F:6: workers = \"\": not a whole number\n", NULL},
    {"shutdown_timeout = 30\n",
     "F:4: shutdown_timeout = \"30\": not a duration: a number with ms, s, m, h or d, as 30s\n", NULL},
    {"shutdown_timeout = 25h\n", "F:4: shutdown_timeout = \"25h\": more than 1d, the most allowed\n", NULL},
    {"hold_memory = 64X\n", "F:4: hold_memory = \"64X\": not a size: a number alone, or with K, M or G, as 512K\n",
     NULL},
    {"hold_memory = 9999999999999G\n",
     "F:4: hold_memory = \"9999999999999G\": more than 9223372036854775807, the most allowed\n", NULL},
    {"log_level = warn\n", "F:4: log_level = \"warn\": not one of \"error\", \"warning\", \"info\", \"debug\"\n", NULL},
    {"log_level = ifno\n",
     "F:4: log_level = \"ifno\": not one of \"error\", \"warning\", \"info\", \"debug\"; do you mean \"info\"?\n",
     NULL},
    {"spool_dir = ''\n", "F:4: spool_dir = \"\": must not be empty\n", NULL},
    {"log = 'none/log'\n", "F:4: log = \"D/none/log\": the folder D/none/: No such file or directory\n", NULL},
    {"log = 'proxy.conf/log'\n", "F:4: log = \"D/proxy.conf/log\": the folder D/proxy.conf/: Not a directory\n", NULL},

    {"log = 'spool'\n", "F:4: log = \"D/spool\": this is a folder: name a file in it\n", NULL},
    {"log = { a, b }\n", "F:4: log takes one value, not a list\n", NULL},

    /* Sections. */
    {"upstream \"u\" {\nserver = \"127.0.0.1:1\" }\n", "F:4: upstream \"u\" is there already, at line 3\n", NULL},
    {"upstream \"\" {\nserver = \"127.0.0.1:1\" }\n", "F:4: a upstream needs a name, as in: upstream \"name\" {\n",
     NULL},
    {"fliter \"x\" {\nmodule = 1 }\n", "F:4: there are no sections called \"fliter\"; do you mean \"filter\"?\n", NULL},
    {"web {\nport = 1 }\n", "F:4: there are no sections called \"web\"\n", NULL},

    {"root \"x\" {\n}\nroot \"x\" {\n}\n",
     "F:4: there are no sections called \"root\"\nF:6: there are no sections called \"root\"\n", NULL},

    /* Addresses. */
    {"upstream \"b\" {\nserver = { \"192.0.2.1\",\n\"::1:110\", \"a:b\", \"a:70000\", \"a:0\", \":110\", \"*:110\" } "
     "}\n",
     "F:5: server = \"192.0.2.1\": it lacks the port, as in 192.0.2.1:110\n"
     "F:5: server = \"::1:110\": an IPv6 address stands in brackets, as in [2001:db8::1]:110\n"
     "F:5: server = \"a:b\": the port is not a number\n"
     "F:5: server = \"a:70000\": the port is over 65535\n"
     "F:5: server = \"a:0\": the port must not be 0\n"
     "F:5: server = \":110\": it lacks the host, as in 192.0.2.1:110\n"
     "F:5: server = \"*:110\": * is no address to connect to\n",
     NULL},
    {"upstream \"b\" {\nserver = \"host name.invalid:110\" }\n",
     "F:5: server = \"host name.invalid:110\": neither an address nor the name of a host\n", NULL},
    {"upstream \"b\" {\nserver = { \"192.0.2.256:110\",\n\".example:110\", \"user@mail.example:110\", "
     "\"mail.example.:110\" } }\n",
     "F:5: server = \"192.0.2.256:110\": neither an address nor the name of a host\n"
     "F:5: server = \".example:110\": neither an address nor the name of a host\n"
     "F:5: server = \"user@mail.example:110\": neither an address nor the name of a host\n",
     NULL},

    /* Listeners. */
    {"listener \"m\" { address = \"127.0.0.1:0\"\n upstream = \"v\"\n filters = { \"f\" } }\n",
     "F:5: there is no upstream \"v\"\nF:6: there is no filter \"f\"\n", NULL},
    {"listener \"m\" { upstream = u address = \"127.0.0.1:0\"\n tls = implicit }\n",
     "F:5: listener \"m\" has TLS and needs a certificate\n", NULL},
    {"listener \"m\" { upstream = u address = \"127.0.0.1:0\"\n tls = starttls }\n",
     "F:5: tls = \"starttls\": not one of \"none\", \"stls\", \"stls-required\", \"implicit\"\n", NULL},
    {"listener \"m\" { upstream = u address = \"127.0.0.1:0\"\n certificate = x }\n",
     "F:5: certificate is given, but tls is \"none\"\n", NULL},
    {"listener \"m\" { upstream = u address = \"127.0.0.1:0\"\n certificate = x tls = stls\n key = { a, b } }\n",
     "F:6: there are more keys (2) than certificates (1)\n", NULL},
    {"listener \"m\" { upstream = u address = \"127.0.0.1:0\"\n idle_timeout = 9m }\n",
     "F:5: idle_timeout = \"9m\": less than 10m, the least allowed\n", NULL},
    {"listener \"m\" { upstream = u address = \"127.0.0.1:0\"\n plaintext_login = maybe }\n",
     "F:5: plaintext_login = \"maybe\": not true or false\n", NULL},
    {"listener \"m\" { upstream = u\n address = { \"127.0.0.1:9\", \"127.0.0.2:9\" } }\n"
     "listener \"n\" { upstream = u\n address = { \"[::1]:9\", \"127.0.0.2:9\" } }\n"
     "listener \"o\" { upstream = u\n address = \"*:9\" }\n",
     "F:7: 127.0.0.2:9: the listener \"m\" at line 4 has 127.0.0.2:9 already\n"
     "F:9: 0.0.0.0:9: the listener \"m\" at line 4 has 127.0.0.1:9 already\n"
     "F:9: [::]:9: the listener \"n\" at line 6 has [::1]:9 already\n",
     NULL},

    {"listener \"m\" { address = \"*:9\"\n upstream = \"l\" }\nupstream \"l\" {\n server = { \"192.0.2.1:9\", "
     "\"127.0.0.3:9\" } }\n",
     "F:4: listener \"m\" would connect to itself: the server of its upstream \"l\" (line 6) is popgate\n", NULL},
    {"listener \"m\" { address = \"127.0.0.1:9\" upstream = \"v\" }\nupstream \"v\" { server = \"0.0.0.0:9\" }\n"
     "listener \"n\" { address = \"127.0.0.2:9\" upstream = \"w\" }\nupstream \"w\" { server = "
     "\"[::ffff:127.0.0.2]:9\" }\n"
     "listener \"o\" { address = \"[::1]:9\" upstream = \"x\" }\nupstream \"x\" { server = \"[::]:9\" }\n",
     "F:4: listener \"m\" would connect to itself: the server of its upstream \"v\" (line 5) is popgate\n"
     "F:6: listener \"n\" would connect to itself: the server of its upstream \"w\" (line 7) is popgate\n"
     "F:8: listener \"o\" would connect to itself: the server of its upstream \"x\" (line 9) is popgate\n",
     NULL},
    {"listener \"m\" { address = \"127.0.0.2:9\" upstream = \"v\" }\nupstream \"v\" { server = \"127.0.0.3:9\" }\n"
     "listener \"n\" { address = \"127.0.0.3:9\" upstream = \"w\" }\nupstream \"w\" { server = \"127.0.0.2:9\" }\n"
     "listener \"o\" { address = \"127.0.0.4:9\" upstream = \"w\" }\n",
     "F:4: listener \"m\" would connect to itself: the server of its upstream \"v\" (line 5) is popgate\n"
     "F:6: listener \"n\" would connect to itself: the server of its upstream \"w\" (line 7) is popgate\n",
     NULL},

    /* Upstreams. */
    {"upstream \"b\" { server = \"127.0.0.1:110\"\n tls = stls-required }\n",
     "F:5: tls = \"stls-required\": not one of \"none\", \"stls\", \"implicit\"\n", NULL},
    {"upstream \"b\" { server = \"127.0.0.1:110\"\n tls_name = b\n tls_ca = \"b.pem\" }\n",
     "F:6: tls_ca is given, but tls is \"none\"\nF:5: tls_name is given, but tls is \"none\"\n", NULL},
    {"upstream \"b\" { server = \"127.0.0.1:110\"\n tls = stls\n tls_name = '' }\n",
     "F:6: tls_name = \"\": not the name of a host\n", NULL},
    {"upstream \"b\" { server = \"127.0.0.1:110\"\n tls = stls\n tls_name = '.example' }\n",
     "F:6: tls_name = \".example\": not the name of a host\n", NULL},
    {"upstream \"b\" { server = \"127.0.0.1:110\"\n tls = stls\n tls_ca = \"b.pem\" }\n",
     "F:6: tls_ca D/b.pem: No such file or directory\n", NULL},

    /* Filters. */
    {"filter \"f\" {\n on_failure = ignore }\n",
     "F:4: filter \"f\" lacks the key \"module\"\nF:5: on_failure = \"ignore\": not one of \"pass\", \"refuse\"\n",
     NULL},
    {"filter \"f\" {\n module = \"audit-log\"\n path = \"a.jsonl\"\n on_failure = refuse }\n",
     "F:7: on_failure = \"refuse\" is not for audit-log: what becomes of a message is recorded behind it, so that a "
     "full "
     "disk cannot hold it back\n",
     NULL},
    {"filter \"f\" {\n module = \"audit-log\"\n}\n", "F:4: filter \"f\" lacks the key \"path\"\n", "audit-log"},
    {"filter \"f\" { module = \"audit-log\" path = \"a\" }\n"
     "listener \"m\" { address = \"127.0.0.1:0\" upstream = u\n filters = { f,\n f } }\n",
     "F:6: filter \"f\" is named twice\n", "audit-log"},
    {"filter \"f\" {\n module = \"audit-log\"\n path = \"none/a.jsonl\"\n}\n",
     "F:6: path = \"D/none/a.jsonl\": the folder D/none/: No such file or directory\n", "audit-log"},
    {"filter \"f\" {\n module = \"audit-log\"\n path = \"spool\"\n}\n",
     "F:6: path = \"D/spool\": this is a folder: name a file in it\n", "audit-log"},
    {"filter \"f\" {\n module = \"header-rewrite\"\n rules = { \"none.rules\",\n\"bad.rules\" } }\n",
     "F:6: rules D/none.rules: No such file or directory\nD/bad.rules:2: action REJECT makes no sense on retrieval\n",
     "header-rewrite"},
    {"filter \"f\" {\n module = \"audit-log\" path = \"a\"\n rules = b\n zzz = 1 }\n",
     "F:6: rules is a key of the module \"header-rewrite\", not of \"audit-log\"\n"
     "F:7: unknown key \"zzz\" in filter \"f\"\n",
     "header-rewrite"},

    /* Syntax. */
    {"workers 1\n", "F:4: missing equal sign after option 'workers'\n", NULL},
    {"workers = = 1\n", "F:4: unexpected token '='\n", NULL},
    {"}\n", "F:4: unexpected closing brace\n", NULL},
    {"upstream \"b\" {\nserver = \"127.0.0.1:110\"\nlistener \"m\" {\n}\n", "F:4: this { has no }\n", NULL},
    {"upstream \"b\" {\nserver = \"127.0.0.1:110\"\n", "F:4: this { has no }\n", NULL},
    {"upstream \"b\" {\nserver = \"127.0.0.1:110\"\nlistener \"m\" {\n} }\n",
     "F:6: no such option 'listener', in the upstream \"b\" that begins at line 4\n", NULL},
    {"upstream \"b\"\nserver = 1\n", "F:5: missing opening brace for section 'upstream'\n", NULL},
    {"user = { nobody\n", "F:4: this { has no }\n", NULL},
    {"upstream \"b\" {\nserver = { a, , b } }\n",
     "F:5: unexpected token ',', in the upstream \"b\" that begins at line 4\n", NULL},
    {"\nuser = \"x\nworkers = 1\n", "F:5: this string has no end in its line: a quote is missing\n", NULL},
    {"\nuser = 'x\nworkers = 1\n", "F:5: this string has no end in its line: a quote is missing\n", NULL},
    {"upstream \"b\" {\nserver = \"127.0.0.1:110\n tls = \"none\"\n tls_name = \"x\"\n }\n",
     "F:5: this string has no end in its line: a quote is missing\n", NULL},
    {"user = 'x\\'\nlog = 'stderr'\n", "F:4: this string has no end in its line: a quote is missing\n", NULL},

    /* Habits from other languages. */
    {"workers = 1;\nlog = \"stderr\" ;\nuser = \"a;b\"\n",
     "F:4: 1;: no line ends in a semicolon here: remove it\nF:5: ;: no line ends in a semicolon here: remove it\n"
     "F:6: user is given again: it is at line 1 already\n",
     NULL},
    {"workers: 1\nupstream \"b\" {\n tls: none }\n",
     "F:4: workers:: a key and its value are joined by =, as in: workers = 1\n"
     "F:6: tls:: a key and its value are joined by =, as in: workers = 1\n",
     NULL},
    {"include(\"other.conf\")\n", "F:4: include lacks what to include, as in: include \"conf.d/*.conf\"\n", NULL},
    {"include = \"other.conf\"\n", "F:4: include lacks what to include, as in: include \"conf.d/*.conf\"\n", NULL},
    {"upstream \"b\" {\nserver = { \"pop3://mail.invalid:110\", \"pop3s://mail.invalid\" } }\n",
     "F:5: server = \"pop3://mail.invalid:110\": this is a URL: write HOST:PORT, and whether there is TLS under the "
     "key "
     "tls\n"
     "F:5: server = \"pop3s://mail.invalid\": this is a URL: write HOST:PORT, and whether there is TLS under the key "
     "tls\n",
     NULL},
    {"\nuser = x /* \" ' \nworkers = 1\n", "F:5: this comment has no end\n", NULL},
    {"user = \"\\777\"\n", "F:4: invalid octal number '\\777'\n", NULL},
    {"user = \"\\08\"\n", "F:4: invalid octal number '\\08'\n", NULL},
    {"user = \"\\1234\"\n", "F:4: invalid octal number '\\1234'\n", NULL},
    {"user = \"a\\x00\"\n", "F:4: invalid hexadecimal number '\\x00'\n", NULL},
    {"log = stderr\nuser = \"${POPGATE_IS_NOT_SET}\"\n",
     "F:5: the environment has no POPGATE_IS_NOT_SET: ${POPGATE_IS_NOT_SET:-VALUE} has a value without it\n", NULL},
    {"\"\" = 1\n", "F:4: a key stands here, and without quotes\n", NULL},
    {"\"workers\" = 1\n", "F:4: a key stands here, and without quotes\n", NULL},
    {"a|b = 1\n", "F:4: unknown key \"a|b\"\n", NULL},
    {"workers", "F:4: missing equal sign after option 'workers'\n", NULL},
    {"workers =", "F:4: premature end of file\n", NULL},
    {"workers +\n", "F:4: missing equal sign after option 'workers'\n", NULL},
    {"workers = { 1 2 }\n", "F:4: unexpected token '2'\n", NULL},
    {"workers = { , }\n", "F:4: unexpected token ','\n", NULL},
    {"(\n", "F:4: unexpected token '('\n", NULL},

    /* A word that is wrong does not keep the files behind it from being looked at. */
    {"listener \"m\" {\n address = \"127.0.0.1:0\"\n tls = \"implict\"\n certificate = \"none.pem\"\n upstream = u }\n",
     "F:6: tls = \"implict\": not one of \"none\", \"stls\", \"stls-required\", \"implicit\"; do you mean "
     "\"implicit\"?\n"
     "F:7: certificate D/none.pem: no certificate could be read from it: No such file or directory\n",
     NULL},

    /* Many at once, comments of each kind between them. */
    {"# one\nworkers = lots // two\n/* three\n\n four */ hold_memory = big\n"
     "listener \"m\" { # five\n address = { \"127.0.0.1:x\", # six\n \"127.0.0.1:0\" }\n"
     " upstream = nobody /* seven */ tls = implicit\n idle_timeout = 1s\n colour = \"red # not a comment\"\n}\n"
     "upstream \"b\" {\n reply_timeout = 'now' // eight\n pipelining = 'on' }\n",
     "F:5: workers = \"lots\": not a whole number\n"
     "F:8: hold_memory = \"big\": not a size: a number alone, or with K, M or G, as 512K\n"
     "F:13: idle_timeout = \"1s\": less than 10m, the least allowed\n"
     "F:14: unknown key \"colour\" in listener \"m\"\n"
     "F:10: address = \"127.0.0.1:x\": the port is not a number\n"
     "F:12: listener \"m\" has TLS and needs a certificate\n"
     "F:16: upstream \"b\" lacks the key \"server\"\n"
     "F:17: reply_timeout = \"now\": not a duration: a number with ms, s, m, h or d, as 30s\n"
     "F:18: pipelining = \"on\": not one of \"auto\", \"off\"\n"
     "F:12: there is no upstream \"nobody\"\n",
     NULL},
};

/* A row's errors with F and D filled in; to be given to free(). */
static char *
expand(const char *errors)
{
    struct bytes file = {0}, here = {0};
    char        *with_folder, *expanded;

    bytes_printf(&file, "%s/proxy.conf:", folder);
    bytes_printf(&here, "%s/", folder);
    with_folder = replace(errors, "D/", here.data); /* first: the folder's own name may end in D */
    expanded    = replace(with_folder, "F:", file.data);
    free(with_folder);
    bytes_free(&file);
    bytes_free(&here);
    return expanded;
}

static void
check_broken(size_t row)
{
    struct error   error  = {0};
    struct bytes   text   = {0};
    char          *expect = expand(broken[row].errors);
    struct config *config;

    bytes_printf(&text, FRAME "%s", broken[row].text);
    config = load(text.data, &error);
    if (config != NULL)
        fail_msg("row %zu is valid:\n%s", row, broken[row].text);
    if (strcmp(error_text(&error), expect) != 0)
        fail_msg("row %zu:\n%s\nsays\n%snot\n%s", row, broken[row].text, error_text(&error), expect);
    error_free(&error);
    bytes_free(&text);
    free(expect);
}

/* Whatever was wrong with a file, the next is read as if nothing had been. */
static void
test_broken(void **state)
{
    (void)state;
    write_file("bad.rules", "# c\n/x/ REJECT\n", 0644);
    for (size_t row = 0; row < COUNT_OF(broken); row++) {
        struct error   error = {0};
        struct config *config;

        if (broken[row].module != NULL && chain_module(broken[row].module) == NULL)
            continue;
        check_broken(row);
        config = load(FRAME, &error);
        if (config == NULL)
            fail_msg("after row %zu: %s", row, error_text(&error));
        config_free(&config);
    }
}

static void
test_unknown_module(void **state)
{
    struct error error = {0};
    struct bytes what  = {0};
    char        *expect;

    (void)state;
    bytes_printf(&what, "F:5: module = \"audit_log\": not one of");
    for (size_t i = 0; chain_modules[i] != NULL; i++)
        bytes_printf(&what, "%s \"%s\"", i > 0 ? "," : "", chain_modules[i]->name);
    bytes_printf(&what, "; do you mean \"audit-log\"?\nF:7: unknown key \"colour\" in filter \"f\"\n");
    expect = expand(what.data);
    assert_null(load(FRAME "filter \"f\" {\n module = audit_log\n path = x rules = y\n colour = z }\n", &error));
    assert_string_equal(error_text(&error), expect);
    free(expect);
    bytes_free(&what);
    error_free(&error);
}

static void
check_file_fault(const char *name, const char *fault)
{
    struct error error = {0};
    char         path[256], expect[512];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)snprintf(expect, sizeof(expect), "%s: %s\n", path, fault);
    assert_null(config_load(path, &error));
    assert_string_equal(error_text(&error), expect);
    error_free(&error);
}

static void
test_file_faults(void **state)
{
    char open_to_others[256];

    (void)state;
    check_file_fault("none.conf", "No such file or directory");
    check_file_fault("none/none.conf", "No such file or directory");
    check_file_fault("", "this is not a file");
    (void)snprintf(open_to_others, sizeof(open_to_others), "others than its owner may write to %s%s: chmod go-w it",
                   getuid() == 0 ? folder : "it", getuid() == 0 ? "/open.conf" : "");
    write_file("open.conf", FRAME, 0664);
    check_file_fault("open.conf", open_to_others);
    write_file("open.conf", FRAME, 0602);
    check_file_fault("open.conf", open_to_others);
    write_file("empty.conf", "user = nobody", 0600);
    check_file_fault("empty.conf", "there is no listener");
}

/* Who the workers become matters to root alone. */
static void
test_user(void **state)
{
    static const char *const rows[][2] = {
        {"user = nosuchuser\n" LISTENER, "F:1: user = \"nosuchuser\": there is no such user\n"},
        {LISTENER "user = root", "F:3: user = \"root\": the workers must not be root\n"},
    };

    (void)state;
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error error  = {0};
        char        *expect = expand(rows[i][1]);

        assert_null(load(rows[i][0], &error));
        assert_string_equal(error_text(&error), expect);
        error_free(&error);
        free(expect);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_unknown_module),
        cmocka_unit_test(test_file_faults),
        cmocka_unit_test(test_user),
    };

    return cmocka_run_group_tests_name("config_error", tests, set_up, tear_down);
}
