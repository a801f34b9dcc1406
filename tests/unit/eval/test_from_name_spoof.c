/* FromNameSpoof: names in From that are mail addresses. */
#include "base/count.h"
#include "tests/unit/eval/eval_fixture.h"

#define FROM(name, address) "From: \"" name "\" <" address ">\n"
#define OTHER FROM("ann@a.com", "eve@b.com")

static const struct eval_row rows[] = {
    {"", "check_fromname_contains_email()", OTHER "\n", 1},
    {"", "check_fromname_contains_email()", FROM("Ann (ANN@a.com) of A", "eve@b.com") "\n", 1},
    {"", "check_fromname_contains_email()", FROM("Ann", "eve@b.com") "\n", 0},
    {"", "check_fromname_contains_email()", FROM("ann@a.invalidtop", "eve@b.com") "\n", 0},
    {"", "check_fromname_contains_email()", FROM("ann@a.com", "eve@b.invalidtop") "\n", 0},
    {"", "check_fromname_different()", OTHER "\n", 1},
    {"", "check_fromname_different()", FROM("Eve@B.com", "eve@b.com") "\n", 0},
    {"", "check_fromname_domain_differ()", OTHER "\n", 1},
    {"", "check_fromname_domain_differ()", FROM("ann@www.b.com", "eve@b.com") "\n", 0},
    {"", "check_fromname_owners_differ()", OTHER "\n", 1},
    {"", "check_fromname_owners_differ()", FROM("ann@b.net", "eve@b.com") "\n", 0},
    {"fns_add_addrlist (A) *@a.com *@b.com", "check_fromname_owners_differ()", OTHER "\n", 0},
    {"fns_add_addrlist (A) *@a.com *@b.com", "check_fromname_owners_differ()", FROM("ann@a.com", "e@x.b.com") "\n", 0},
    {"fns_add_addrlist (A) *@a.com *@b.com\nfns_remove_addrlist (a) *@b.com", "check_fromname_owners_differ()",
     OTHER "\n", 1},
    {"fns_add_addrlist (b) *@a.com", "check_fromname_owners_differ()", OTHER "\n", 0},
    {"", "check_fromname_spoof()", OTHER "\n", 1},
    {"", "check_fromname_spoof()", FROM("ann@b.net", "eve@b.com") "\n", 0},
    {"", "check_fromname_spoof('0')", FROM("ann@b.com", "eve@b.com") "\n", 1},
    {"fns_check 0", "check_fromname_spoof()", FROM("ann@b.com", "eve@b.com") "\n", 1},
    {"fns_check 2", "check_fromname_spoof()", FROM("ann@b.net", "eve@b.com") "\n", 1},
    {"fns_check 2", "check_fromname_spoof()", FROM("ann@b.com", "eve@b.com") "\n", 0},
    {"", "check_fromname_spoof()", FROM("ann@a.com is quite a long name for anybody to have in From", "eve@b.com") "\n",
     0},
    {"fns_extrachars 80", "check_fromname_spoof()",
     FROM("ann@a.com is quite a long name for anybody to have in From", "eve@b.com") "\n", 1},
    {"fns_ignore_headers X-List", "check_fromname_spoof()", OTHER "X-List: a\n\n", 0},
    {"fns_ignore_headers X-List", "check_fromname_spoof()", OTHER "\n", 1},
    {"fns_ignore_dkim a.com", "check_fromname_spoof()", OTHER "\n", 1},
    {"", "check_fromname_equals_to()", OTHER "To: ann@a.com\n\n", 1},
    {"", "check_fromname_equals_to()", OTHER "To: eve@b.com\n\n", 0},
    {"", "check_fromname_equals_replyto()", OTHER "Reply-To: Ann@a.com\n\n", 1},
    {"", "check_fromname_equals_replyto()", OTHER "Reply-To: eve@b.com\n\n", 0},
};

static void
test_spoof(void **state)
{
    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static const char *const all_calls[] = {"check_fromname_spoof()"};

static void
test_hostile(void **state)
{
    static const char *const units[] = {"a@", "a.", "=", "a@b.", "\xff"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        struct bytes mail = {0};

        repeat(&mail, "From: \"", units[i], 250000, "\" <a@b.com>\n\n");
        check_bounded("", all_calls, COUNT_OF(all_calls), bytes_span(&mail), 1000);
        bytes_free(&mail);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spoof), cmocka_unit_test(test_hostile)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
