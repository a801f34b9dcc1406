/*
 * proxy.conf as a struct: what is left out has its default, what is there has its member, and no damage to the file
 * breaks the reader.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <string.h>

#include "proxy/log.h"
#include "tests/unit/config_fixture.h"

static struct config *
load_valid(const char *text)
{
    struct error   error  = {0};
    struct config *config = load(text, &error);

    if (config == NULL)
        fail_msg("%s", error_text(&error));
    return config;
}

static void
test_defaults(void **state)
{
    struct config                *config   = load_valid(FRAME);
    const struct config_listener *listener = &config->listeners[0];
    const struct config_upstream *upstream = &config->upstreams[0];
    cpu_set_t                     set;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
    assert_int_equal(config->workers, CPU_COUNT(&set));
    assert_int_equal(config->shutdown_timeout, 30000);
    assert_string_equal(config->log, "stderr");
    assert_int_equal(config->log_level, LOG_LEVEL_INFO);
    assert_string_equal(config->spool_dir, "/var/spool/popgate");
    assert_int_equal(config->hold_memory, 64 * 1024 * 1024);

    assert_int_equal(config->listener_count, 1);
    assert_string_equal(listener->name, "l");
    assert_int_equal(listener->line, 2);
    assert_int_equal(listener->tls, CONFIG_TLS_NONE);
    assert_null(listener->context);
    assert_int_equal(listener->certificate.count + listener->key.count + listener->filters.count, 0);
    assert_int_equal(listener->tls_min, TLS_VERSION_1_2);
    assert_int_equal(listener->login_timeout, 60000);
    assert_int_equal(listener->idle_timeout, 600000);
    assert_false(listener->plaintext_login);
    assert_int_equal(listener->commands, CONFIG_COMMANDS_STRICT);
    assert_int_equal(listener->bare_lf, CONFIG_BARE_LF_CRLF);
    assert_ptr_equal(listener->upstream, upstream);
    assert_int_equal(listener->chain.count, 0);

    assert_int_equal(config->upstream_count, 1);
    assert_int_equal(upstream->line, 3);
    assert_int_equal(upstream->tls, CONFIG_TLS_NONE);
    assert_null(upstream->context);
    assert_true(upstream->tls_verify);
    assert_null(upstream->tls_ca);
    assert_null(upstream->tls_name);
    assert_int_equal(upstream->tls_min, TLS_VERSION_1_2);
    assert_int_equal(upstream->connect_timeout, 10000);
    assert_int_equal(upstream->reply_timeout, 300000);
    assert_int_equal(upstream->pipelining, CONFIG_PIPELINING_AUTO);
    config_free(&config);
}

/* Every key but those of filters, with another value than the default. */
static const char whole[] = "workers = 3\nuser = 'daemon'\nshutdown_timeout = 1m\nlog = \"popgate.log\"\n"
                            "log_level = debug\nspool_dir = spool\nhold_memory = 3M\n"
                            "listener \"a\" {\n"
                            "  address = { \"127.0.0.1:0\", \"[::1]:11110\" }\n"
                            "  address += { \"127.0.0.1:0\" }\n"
                            "  tls = \"stls-required\" certificate = one.pem key = one.pem tls_min = \"TLSv1.0\"\n"
                            "  upstream = u login_timeout = 30s idle_timeout = 1h plaintext_login = YES\n"
                            "  commands = pass bare_lf = pass\n}\n"
                            "upstream \"u\" {\n"
                            "  server = { \"127.0.0.1:110\", \"[::1]:995\" }\n"
                            "  tls = implicit tls_verify = off tls_ca = 'one.pem' tls_name = 'pop.example'\n"
                            "  tls_min = \"TLSv1.3\" connect_timeout = 250ms reply_timeout = 2m pipelining = off\n}\n";

static void
check_path(const char *path, const char *name)
{
    char expect[512];

    (void)snprintf(expect, sizeof(expect), "%s/%s", folder, name);
    assert_string_equal(path, expect);
}

static void
test_whole(void **state)
{
    struct config                *config   = load_valid(whole);
    const struct config_listener *listener = &config->listeners[0];
    const struct config_upstream *upstream = &config->upstreams[0];

    (void)state;
    assert_int_equal(config->workers, 3);
    assert_string_equal(config->user, "daemon");
    assert_int_equal(config->shutdown_timeout, 60000);
    check_path(config->log, "popgate.log");
    assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
    check_path(config->spool_dir, "spool");
    assert_int_equal(config->hold_memory, 3 * 1024 * 1024);

    assert_int_equal(listener->addresses.count, 3);
    assert_string_equal(listener->addresses.items[1].text, "[::1]:11110");
    assert_int_equal(listener->tls, CONFIG_TLS_STLS_REQUIRED);
    assert_non_null(listener->context);
    check_path(listener->certificate.items[0], "one.pem");
    check_path(listener->key.items[0], "one.pem");
    assert_int_equal(listener->tls_min, TLS_VERSION_1_0);
    assert_int_equal(listener->login_timeout, 30000);
    assert_int_equal(listener->idle_timeout, 3600000);
    assert_true(listener->plaintext_login);
    assert_int_equal(listener->commands, CONFIG_COMMANDS_PASS);
    assert_int_equal(listener->bare_lf, CONFIG_BARE_LF_PASS);

    assert_int_equal(upstream->addresses.count, 2);
    assert_string_equal(upstream->addresses.items[1].text, "[::1]:995");
    assert_string_equal(upstream->addresses.items[1].host, "::1");
    assert_int_equal(upstream->tls, CONFIG_TLS_IMPLICIT);
    assert_non_null(upstream->context);
    assert_false(upstream->tls_verify);
    check_path(upstream->tls_ca, "one.pem");
    assert_string_equal(upstream->tls_name, "pop.example");
    assert_int_equal(upstream->tls_min, TLS_VERSION_1_3);
    assert_int_equal(upstream->connect_timeout, 250);
    assert_int_equal(upstream->reply_timeout, 120000);
    assert_int_equal(upstream->pipelining, CONFIG_PIPELINING_OFF);
    config_free(&config);
}

/* The mark that some editors begin a file with is no part of its first word. */
static void
test_mark(void **state)
{
    struct error   error = {0};
    struct config *config;
    char           text[sizeof(whole) + 3] = "\xef\xbb\xbf";

    (void)state;
    memcpy(text + 3, whole, sizeof(whole));
    config = load(text, &error);
    assert_string_equal(error_text(&error), "");
    assert_non_null(config);
    config_free(&config);
}

/* A file cut anywhere, and one with any octet replaced, is valid or has errors, and gives all memory back. */
static void
test_damaged(void **state)
{
    static const char octets[] = "\"{=#\\\n";
    char              text[sizeof(whole)];

    (void)state;
    for (size_t i = 0; i < sizeof(whole) - 1; i++)
        for (size_t k = 0; k < sizeof(octets); k++) { /* the NUL among them: the cut */
            struct error   error = {0};
            struct config *config;

            memcpy(text, whole, sizeof(whole));
            text[i] = octets[k];
            config  = load(text, &error);
            assert_int_equal(config == NULL, error.count > 0);
            config_free(&config);
            error_free(&error);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_mark),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests_name("config", tests, set_up, tear_down);
}
