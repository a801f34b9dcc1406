/* The values of proxy.conf, the guess at misspelt words, and addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/count.h"
#include "proxy/config/config_address.h"
#include "proxy/config/config_value.h"

static void
test_addresses(void **state)
{
    static const struct {
        const char *text, *first, *host;
        size_t      least;
    } rows[] = {
        {"192.0.2.1:110", "192.0.2.1:110", "192.0.2.1", 1},
        {"[2001:db8::1]:0", "[2001:db8::1]:0", "2001:db8::1", 1},
        {"*:0995", "0.0.0.0:995", "*", 2},
        {"localhost:65535", NULL, "localhost", 1},
        {"[192.0.2.1]:1", "192.0.2.1:1", "192.0.2.1", 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct config_addresses addresses = {0};
        const char             *fault     = config_address_add(&addresses, rows[i].text, CONFIG_ADDRESS_LISTEN);

        if (fault != NULL || addresses.count < rows[i].least)
            fail_msg("%s: %s", rows[i].text, fault != NULL ? fault : "too few");
        assert_string_equal(addresses.items[0].host, rows[i].host);
        if (rows[i].first != NULL)
            assert_string_equal(addresses.items[0].text, rows[i].first);
        config_address_free(&addresses);
    }
}

static void
expect_texts(const struct config_addresses *addresses, const char *expect)
{
    struct bytes texts = {0};

    for (size_t i = 0; i < addresses->count; i++)
        bytes_printf(&texts, "%s%s%s", i > 0 ? " " : "", addresses->items[i].len == 0 ? "?" : "",
                     addresses->items[i].text);
    assert_string_equal(texts.data, expect);
    bytes_free(&texts);
}

/* Nobody is asked about a name: it stands there until it is placed, and its addresses take its place and no other. */
static void
test_names(void **state)
{
    static const char *const servers[] = {"192.0.2.1:110", "a.invalid:110", "b.invalid:995", "a.invalid:995",
                                          "[::1]:1"};
    struct sockaddr_storage  found[2]  = {{.ss_family = AF_INET}, {.ss_family = AF_INET6}};
    struct config_addresses  addresses = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(servers); i++)
        assert_null(config_address_add(&addresses, servers[i], CONFIG_ADDRESS_CONNECT));
    expect_texts(&addresses, "192.0.2.1:110 ?a.invalid:110 ?b.invalid:995 ?a.invalid:995 [::1]:1");
    config_address_place(&addresses, "a.invalid", found, 2);
    expect_texts(&addresses, "192.0.2.1:110 127.0.0.1:110 [::1]:110 ?b.invalid:995 127.0.0.1:995 [::1]:995 [::1]:1");
    assert_string_equal(addresses.items[2].host, "a.invalid");
    config_address_place(&addresses, "a.invalid", found + 1, 1);
    config_address_place(&addresses, "c.invalid", found, 2);
    expect_texts(&addresses, "192.0.2.1:110 [::1]:110 ?b.invalid:995 [::1]:995 [::1]:1");
    config_address_place(&addresses, "a.invalid", NULL, 0);
    config_address_place(&addresses, "b.invalid", found, 1);
    expect_texts(&addresses, "192.0.2.1:110 ?a.invalid:110 127.0.0.1:995 ?a.invalid:995 [::1]:1");
    config_address_free(&addresses);
}

static void
test_numbers(void **state)
{
    static const struct {
        const char               *text;
        const struct config_unit *units;
        enum config_parse         result;
        int64_t                   value;
        const char               *written;
    } rows[] = {
        {"0", config_counts, CONFIG_PARSED, 0, "0"},
        {"-12", config_counts, CONFIG_PARSED, -12, "-12"},
        {"9223372036854775807", config_counts, CONFIG_PARSED, INT64_MAX, "9223372036854775807"},
        {"9223372036854775808", config_counts, CONFIG_TOO_GREAT, 0, NULL},
        {"", config_counts, CONFIG_MALFORMED, 0, NULL},
        {"-", config_counts, CONFIG_MALFORMED, 0, NULL},
        {"+1", config_counts, CONFIG_MALFORMED, 0, NULL},
        {" 1", config_counts, CONFIG_MALFORMED, 0, NULL},
        {"1 ", config_counts, CONFIG_MALFORMED, 0, NULL},
        {"0x10", config_counts, CONFIG_MALFORMED, 0, NULL},
        {"1K", config_counts, CONFIG_MALFORMED, 0, NULL},
        {"1023", config_sizes, CONFIG_PARSED, 1023, "1023"},
        {"512K", config_sizes, CONFIG_PARSED, 524288, "512K"},
        {"1024K", config_sizes, CONFIG_PARSED, 1048576, "1M"},
        {"8589934591G", config_sizes, CONFIG_PARSED, 8589934591 * 1073741824, "8589934591G"},
        {"8589934592G", config_sizes, CONFIG_TOO_GREAT, 0, NULL},
        {"1k", config_sizes, CONFIG_MALFORMED, 0, NULL},
        {"K", config_sizes, CONFIG_MALFORMED, 0, NULL},
        {"0s", config_durations, CONFIG_PARSED, 0, "0ms"},
        {"1500ms", config_durations, CONFIG_PARSED, 1500, "1500ms"},
        {"60s", config_durations, CONFIG_PARSED, 60000, "1m"},
        {"90m", config_durations, CONFIG_PARSED, 5400000, "90m"},
        {"24h", config_durations, CONFIG_PARSED, 86400000, "1d"},
        {"10", config_durations, CONFIG_MALFORMED, 0, NULL},
        {"1.5s", config_durations, CONFIG_MALFORMED, 0, NULL},
        {"10 s", config_durations, CONFIG_MALFORMED, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t      value  = 0;
        struct bytes text   = {0};
        int          result = (int)config_parse_number(rows[i].text, rows[i].units, &value);

        if (result != (int)rows[i].result || value != rows[i].value)
            fail_msg("row %zu, \"%s\": %d, %lld", i, rows[i].text, result, (long long)value);
        if (rows[i].written != NULL) {
            config_write_number(value, rows[i].units, &text);
            assert_string_equal(text.data, rows[i].written);
        }
        bytes_free(&text);
    }
}

static void
test_reals(void **state)
{
    static const struct {
        const char       *text;
        enum config_parse result;
        double            value;
    } rows[] = {
        {"5", CONFIG_PARSED, 5},        {"-0.5", CONFIG_PARSED, -0.5},  {"1e3", CONFIG_PARSED, 1000},
        {"1e999", CONFIG_TOO_GREAT, 0}, {"nan", CONFIG_MALFORMED, 0},   {"inf", CONFIG_MALFORMED, 0},
        {"", CONFIG_MALFORMED, 0},      {"5,0", CONFIG_MALFORMED, 0},   {"0x5", CONFIG_MALFORMED, 0},
        {" 5", CONFIG_MALFORMED, 0},    {"5.0.0", CONFIG_MALFORMED, 0}, {"-", CONFIG_MALFORMED, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        double value  = 0;
        int    result = (int)config_parse_real(rows[i].text, &value);

        if (result != (int)rows[i].result || value != rows[i].value)
            fail_msg("\"%s\": %d, %g", rows[i].text, result, value);
    }
}

static void
test_guesses(void **state)
{
    static const struct {
        const char *word, *offers[4], *best;
    } rows[] = {
        {"fliter", {"listener", "filter"}, "filter"},
        {"filters", {"filter"}, "filter"},
        {"tls_cert", {"tls", "tls_ca", "server"}, "tls_ca"},
        {"x", {"y", "tls"}, NULL},
        {"", {"tls"}, NULL},
        {"idle", {"idle_timeout"}, NULL},
        {"tsl", {"tls", "ts"}, "tls"},
        {"a_word_of_more_than_thirty_two_octets", {"a_word_of_more_than_thirty_two_octet"}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct config_guess guess = {.word = rows[i].word};

        for (size_t k = 0; rows[i].offers[k] != NULL; k++)
            config_guess_offer(&guess, rows[i].offers[k]);
        if ((guess.best == NULL) != (rows[i].best == NULL) ||
            (guess.best != NULL && strcmp(guess.best, rows[i].best) != 0))
            fail_msg("\"%s\": %s", rows[i].word, guess.best != NULL ? guess.best : "nothing");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),   cmocka_unit_test(test_reals), cmocka_unit_test(test_guesses),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests_name("config_value", tests, NULL, NULL);
}
