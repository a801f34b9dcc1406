/* The audit-log filter: the digest of the text as it came, however it is cut, and the fields that are recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "filters/audit_log.h"
#include "filters/chain.h"

static const struct chain_host   host;
static const struct message_info info;

/* Opens a chain of the filter alone. */
static struct chain_run *
open_run(struct message_report *report)
{
    static char                      *path   = (char *)"/var/log/popgate/audit.jsonl";
    static const struct chain_filter  setup  = {&audit_log_module, "audit", &path, CHAIN_REFUSE, 0, 0};
    static const struct chain_filter *filter = &setup;
    static const struct chain         chain  = {&filter, 1};

    return chain_open(&chain, &info, report, &host);
}

static void
free_report(struct message_report *report)
{
    bytes_free(&report->fields);
}

/* The digests are those of sha256sum(1). */
static const struct digest_row {
    struct span block, body;
    const char *expect;
} digests[] = {
    {SPAN(""), SPAN(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {SPAN("a"), SPAN("bc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {SPAN("A: b\r\n\r\n"), SPAN("body\r\n\0.\r\n"), "18684a0094d93fb585d98f7d14d1a7900875d7e5418801d12f0547efda5abe3b"},
};

static void
test_digests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(digests); i++)
        for (size_t cut = 0; cut <= digests[i].body.len; cut++) {
            struct message_report report = {0};
            struct header_list    list   = {0};
            struct chain_run     *run    = open_run(&report);

            assert_int_equal(chain_reach(run), FILTER_HEADERS | FILTER_BODY);
            headers_parse(&list, digests[i].block);
            assert_int_equal(chain_headers(run, &list), FILTER_CONTINUE);
            headers_insert(&list, 0, SPAN("X"), SPAN("an edit does not count"));
            assert_int_equal(chain_body(run, span_head(digests[i].body, cut)), FILTER_CONTINUE);
            assert_int_equal(chain_body(run, span_tail(digests[i].body, cut)), FILTER_CONTINUE);
            assert_string_equal(report.sha256, "");
            assert_int_equal(chain_end(run), FILTER_CONTINUE);
            assert_string_equal(report.sha256, digests[i].expect);
            assert_true(report.recorded);
            chain_close(&run);
            headers_free(&list);
            free_report(&report);
        }
}

static void
assert_field(struct span value, const char *expect)
{
    if (value.data == NULL || !span_equal(value, span_of(expect)))
        fail_msg("it is \"%.*s\", not \"%s\"", SPAN_ARG(value), expect);
}

static void
test_fields(void **state)
{
    struct message_report report = {0};
    struct header_list    list   = {0};
    struct chain_run     *run    = open_run(&report);

    (void)state;
    headers_parse(&list, SPAN("From x\r\nSUBJECT: =?utf-8?Q?caf=C3=A9?=\r\n and\r\n\tmore \r\nSubject: second\r\n"
                              "From: Ann <ann@example.com>\r\nMessage-Id:<1@example.com>\r\n\r\n"));
    assert_int_equal(chain_headers(run, &list), FILTER_CONTINUE);
    assert_field(report.subject, "=?utf-8?Q?caf=C3=A9?= and\tmore");
    assert_field(report.from, "Ann <ann@example.com>");
    assert_field(report.message_id, "<1@example.com>");
    chain_close(&run);
    assert_string_equal(report.sha256, "");
    headers_free(&list);
    free_report(&report);
}

static void
test_fields_are_bounded(void **state)
{
    struct message_report report = {0};
    struct header_list    list   = {0};
    struct bytes          block  = {0};
    struct chain_run     *run    = open_run(&report);

    (void)state;
    bytes_printf(&block, "Subject: %0100000d\r\n\r\n", 0);
    headers_parse(&list, bytes_span(&block));
    assert_int_equal(chain_headers(run, &list), FILTER_CONTINUE);
    assert_int_equal(report.subject.len, 998);
    assert_memory_equal(report.subject.data, block.data + strlen("Subject: "), 998);
    assert_in_range(report.fields.capacity, 998, 10000);
    assert_null(report.from.data);
    chain_close(&run);
    headers_free(&list);
    bytes_free(&block);
    free_report(&report);
}

/* Messages of several sessions at once do not share a digest. */
static void
test_at_once(void **state)
{
    struct message_report reports[3] = {0};
    struct header_list    list       = {0};
    struct chain_run     *runs[3];

    (void)state;
    headers_parse(&list, SPAN("a"));
    for (size_t i = 0; i < 3; i++) {
        runs[i] = open_run(&reports[i]);
        assert_int_equal(chain_headers(runs[i], &list), FILTER_CONTINUE);
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(chain_body(runs[i], i == 1 ? SPAN("xx") : SPAN("bc")), FILTER_CONTINUE);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(chain_end(runs[i]), FILTER_CONTINUE);
        chain_close(&runs[i]);
    }
    assert_string_equal(reports[0].sha256, digests[1].expect);
    assert_string_not_equal(reports[1].sha256, digests[1].expect);
    assert_string_equal(reports[2].sha256, digests[1].expect);
    for (size_t i = 0; i < 3; i++)
        free_report(&reports[i]);
    headers_free(&list);
}

static void
test_records_to(void **state)
{
    const char *path = "/var/log/popgate/audit.jsonl";

    (void)state;
    assert_string_equal(audit_log_module.records_to(&path), path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests), cmocka_unit_test(test_fields),     cmocka_unit_test(test_fields_are_bounded),
        cmocka_unit_test(test_at_once), cmocka_unit_test(test_records_to),
    };

    return cmocka_run_group_tests_name("audit_log", tests, NULL, NULL);
}
