/* proxy/audit/audit.h: every event's members in their order, harmless whatever mail and peers say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/count.h"
#include "tests/unit/audit/audit_end.h"

static const unsigned two_logs[] = {0, 258};

/* The only record, which must be in the log 7. */
static json_t *
only_record(void)
{
    unsigned id     = 0;
    json_t  *record = next_record(&id);

    assert_non_null(record);
    assert_int_equal(id, one_log[0]);
    assert_null(next_record(&id));
    return record;
}

/* The one record is `expected`, which stands here without the members that all records begin with. */
static void
assert_record(const char *event, const char *expected)
{
    json_t     *record   = only_record();
    const char *names[]  = {"time", "event", "session", "client", "listener"};
    const char *values[] = {NULL, event, session.session, session.client, session.listener};
    char       *others;

    for (size_t i = 0; i < 5; i++) {
        const char *key = json_object_iter_key(json_object_iter(record));

        assert_string_equal(key, names[i]);
        if (values[i] != NULL)
            assert_string_equal(json_string_value(json_object_get(record, key)), values[i]);
        else
            assert_is_time(json_string_value(json_object_get(record, key)));
        assert_int_equal(json_object_del(record, names[i]), 0);
    }
    others = json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(12));
    assert_string_equal(others, expected);
    free(others);
    json_decref(record);
}

static void
records_a_connection(void **state)
{
    (void)state;
    audit_connect(&session);
    assert_record("connect", "{}");
}

static void
records_tls(void **state)
{
    static const struct {
        struct audit_tls tls;
        const char      *expected;
    } rows[] = {
        {{AUDIT_CLIENT, "TLSv1.3", "TLS_AES_256_GCM_SHA384", "mail.example.org", true},
         "{\"side\":\"client\",\"version\":\"TLSv1.3\",\"cipher\":\"TLS_AES_256_GCM_SHA384\","
         "\"sni\":\"mail.example.org\",\"resumed\":true}"},
        {{AUDIT_SERVER, "TLSv1.2", "ECDHE-RSA-AES128-SHA", NULL, false},
         "{\"side\":\"server\",\"version\":\"TLSv1.2\",\"cipher\":\"ECDHE-RSA-AES128-SHA\",\"resumed\":false}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        audit_tls(&session, &rows[i].tls);
        assert_record("tls", rows[i].expected);
    }
}

static void
records_a_login(void **state)
{
    static const struct {
        struct audit_login login;
        const char        *expected;
    } rows[] = {
        {{"bob", "USER", "legacy", true, {"not shown", 9}},
         "{\"user\":\"bob\",\"mechanism\":\"USER\",\"upstream\":\"legacy\",\"ok\":true}"},
        {{NULL, "SCRAM-SHA-256", "legacy", false, {"[AUTH] no\tway\r", 14}},
         "{\"mechanism\":\"SCRAM-SHA-256\",\"upstream\":\"legacy\",\"ok\":false,\"text\":\"[AUTH] no\\tway\\r\"}"},
        {{"b\xc3\xb6"
          "b \xf6",
          "APOP",
          "legacy",
          false,
          {NULL, 0}},
         "{\"user\":\"b\xc3\xb6"
         "b \xef\xbf\xbd\",\"mechanism\":\"APOP\",\"upstream\":\"legacy\",\"ok\":false}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        audit_login(&session, &rows[i].login);
        assert_record("login", rows[i].expected);
    }
}

static struct bytes
bytes_of(const char *text)
{
    struct bytes bytes = {0};

    if (text != NULL)
        bytes_add(&bytes, span_of(text));
    return bytes;
}

static const struct {
    struct message_info info;
    const char         *message_id, *from, *subject, *rules, *sha256;
    bool                scored;
    double              score;
    const char         *changes;
    enum audit_outcome  outcome;
    const char         *expected;
} messages[] = {
    {{.number = 3, .uidl = "u-3"},
     "<1@x>",
     "A <a@x>",
     "Hello",
     "A_RULE,B_RULE",
     "00ff",
     true,
     3.4 + 3.7,
     "added X-Spam-Flag, changed Subject",
     AUDIT_DELIVERED,
     "{\"command\":\"RETR\",\"number\":3,\"uidl\":\"u-3\",\"message_id\":\"<1@x>\",\"from\":\"A <a@x>\","
     "\"subject\":\"Hello\",\"octets_in\":1000,\"octets_out\":1200,\"sha256\":\"00ff\",\"score\":7.1,\"required\":5.0,"
     "\"rules\":[\"A_RULE\",\"B_RULE\"],\"changes\":[\"added X-Spam-Flag\",\"changed Subject\"],"
     "\"outcome\":\"delivered\",\"ms\":12}"},
    {{.top = true, .number = UINT64_MAX},
     NULL,
     NULL,
     NULL,
     NULL,
     "",
     false,
     0,
     "",
     AUDIT_ABORTED,
     "{\"command\":\"TOP\",\"number\":9223372036854775807,\"octets_in\":1000,\"octets_out\":1200,\"changes\":[],"
     "\"outcome\":\"aborted\",\"ms\":12}"},
    {{.number = 1},
     NULL,
     "",
     "=?utf-8?q?x?=",
     NULL,
     "",
     true,
     -0.1,
     "one",
     AUDIT_WITHHELD,
     "{\"command\":\"RETR\",\"number\":1,\"from\":\"\",\"subject\":\"=?utf-8?q?x?=\",\"octets_in\":1000,"
     "\"octets_out\":1200,\"score\":-0.1,\"required\":5.0,\"rules\":[],\"changes\":[\"one\"],\"outcome\":\"withheld\","
     "\"ms\":12}"},
};

static bool
has(struct span text, const char *piece)
{
    return memmem(text.data, text.len, piece, strlen(piece)) != NULL;
}

static void
records_a_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        struct message_report      report  = {.scored     = messages[i].scored,
                                              .score      = messages[i].score,
                                              .required   = 5,
                                              .rules      = bytes_of(messages[i].rules),
                                              .message_id = span_of(messages[i].message_id),
                                              .from       = span_of(messages[i].from),
                                              .subject    = span_of(messages[i].subject)};
        const struct audit_message message = {&messages[i].info,   &report, messages[i].changes, 1000, 1200,
                                              messages[i].outcome, 12};

        memcpy(report.sha256, messages[i].sha256, strlen(messages[i].sha256));
        audit_message(&session, &message);
        assert_record("message", messages[i].expected);
        assert_true(!report.scored || has(line, "\"required\":5.0,"));
        assert_true(report.score < 7 || has(line, "\"score\":7.1,"));
        bytes_free(&report.rules);
    }
}

static void
records_a_deletion(void **state)
{
    (void)state;
    audit_delete(&session, 2, "u-2", true);
    assert_record("delete", "{\"number\":2,\"uidl\":\"u-2\",\"ok\":true}");
    audit_delete(&session, 2, NULL, false);
    assert_record("delete", "{\"number\":2,\"ok\":false}");
}

static void
names_the_user(void **state)
{
    struct audit_session        known  = session;
    const struct message_info   info   = {.number = 1};
    const struct message_report report = {0};

    (void)state;
    known.user = "ann";
    audit_delete(&known, 2, "u-2", true);
    assert_record("delete", "{\"user\":\"ann\",\"number\":2,\"uidl\":\"u-2\",\"ok\":true}");
    audit_reset(&known, 3, true);
    assert_record("reset", "{\"user\":\"ann\",\"deleted\":3,\"ok\":true}");
    audit_message(&known, &(struct audit_message){&info, &report, "", 1, 2, AUDIT_DELIVERED, 3});
    assert_record("message", "{\"user\":\"ann\",\"command\":\"RETR\",\"number\":1,\"octets_in\":1,\"octets_out\":2,"
                             "\"changes\":[],\"outcome\":\"delivered\",\"ms\":3}");
}

static void
records_a_refusal(void **state)
{
    (void)state;
    audit_refused(&session, &(struct audit_refused){"TLS", SPAN("ann"), "PLAIN", true});
    assert_record("refused", "{\"why\":\"TLS\",\"user\":\"ann\",\"mechanism\":\"PLAIN\",\"exposed\":true}");
    audit_refused(&session, &(struct audit_refused){"TLS", {0}, "USER", false});
    assert_record("refused", "{\"why\":\"TLS\",\"mechanism\":\"USER\",\"exposed\":false}");
}

static void
records_the_end(void **state)
{
    (void)state;
    audit_disconnect(&session, &(struct audit_disconnect){"the client closed", NULL, 0, 0, false, 1, 2, 3});
    assert_record("disconnect", "{\"reason\":\"the client closed\",\"retrieved\":0,\"deleted\":0,\"committed\":false,"
                                "\"bytes_in\":1,\"bytes_out\":2,\"ms\":3}");
    audit_disconnect(&session, &(struct audit_disconnect){"QUIT", "bob", 5, 4, true, 1, 2, 3});
    assert_record("disconnect",
                  "{\"reason\":\"QUIT\",\"user\":\"bob\",\"retrieved\":5,\"deleted\":4,\"committed\":true,"
                  "\"bytes_in\":1,\"bytes_out\":2,\"ms\":3}");
}

static const struct {
    struct span in;
    const char *out;
} texts[] = {
    {SPAN("plain \"quoted\" \\ /"), "plain \"quoted\" \\ /"},
    {SPAN("a\r\nb\t\x1b[31m"), "a\r\nb\t\x1b[31m"},
    {SPAN("nul \0 del \x7f"), "nul \xef\xbf\xbd del \xef\xbf\xbd"},
    {SPAN("C1 \xc2\x9b"), "C1 \xef\xbf\xbd"},
    {SPAN("\xe2\x82\xac \xf0\x9f\x98\x80"), "\xe2\x82\xac \xf0\x9f\x98\x80"},
    {SPAN("latin \xe9t\xe9"), "latin \xef\xbf\xbdt\xef\xbf\xbd"},
    {SPAN("cut \xf0\x9f\x98"), "cut \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {SPAN("surrogate \xed\xa0\x80"), "surrogate \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {SPAN("overlong \xc0\xaf"), "overlong \xef\xbf\xbd\xef\xbf\xbd"},
    {SPAN(""), ""},
};

/* The member "text" of a refused login whose text is `in`, which is copied to a block of its exact size. */
static json_t *
login_text(struct span in)
{
    char                    *copy  = malloc(in.len > 0 ? in.len : 1);
    const struct audit_login login = {.mechanism = "USER", .text = {copy, in.len}};
    json_t                  *record, *text;

    memcpy(copy, in.data, in.len);
    audit_login(&session, &login);
    free(copy);
    record = only_record();
    text   = json_incref(json_object_get(record, "text"));
    json_decref(record);
    return text;
}

static void
makes_text_harmless(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        json_t *text = login_text(texts[i].in);

        if (strcmp(json_string_value(text), texts[i].out) != 0)
            fail_msg("row %zu: %s", i, json_string_value(text));
        json_decref(text);
    }
}

/* Four-octet characters at every place about the bound: a text ends at most there, and never within a character. */
static void
bounds_a_text(void **state)
{
    char long_text[2000];

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        json_t *text;

        memset(long_text, 'x', shift);
        for (size_t i = shift; i + 4 <= sizeof(long_text); i += 4)
            memcpy(long_text + i, "\xf0\x9f\x98\x80", 4);
        text = login_text((struct span){long_text, sizeof(long_text) - 4});
        assert_true(json_string_length(text) <= AUDIT_TEXT_MAX);
        assert_true(json_string_length(text) > AUDIT_TEXT_MAX - 4);
        assert_int_equal(json_string_length(text) % 4, shift);
        json_decref(text);
    }
}

/* Control characters take six octets in JSON: the worst of all records still fits, and its lists end in "...". */
static void
bounds_a_record(void **state)
{
    struct bytes              worst   = {0};
    struct message_report     report  = {.scored = true, .sha256 = "00"};
    const struct message_info info    = {.number = 1, .uidl = NULL};
    struct audit_message      message = {.info = &info, .report = &report};
    json_t                   *record;
    json_t                   *changes;

    (void)state;
    for (int i = 0; i < 20000; i++)
        bytes_add(&worst, i % 20 == 18 ? SPAN(",") : i % 20 == 19 ? SPAN(" ") : SPAN("\001"));
    report.rules      = worst;
    report.message_id = report.from = report.subject = bytes_span(&worst);
    message.changes                                  = worst.data;
    audit_message(&session, &message);
    record  = only_record();
    changes = json_object_get(record, "changes");
    assert_int_equal(json_array_size(changes), AUDIT_LIST_MAX / 20 + 2);
    assert_int_equal(json_string_length(json_array_get(changes, 0)), 18);
    assert_string_equal(json_string_value(json_array_get(changes, AUDIT_LIST_MAX / 20 + 1)), "...");
    json_decref(record);
    bytes_free(&worst);
}

static void
records_nothing_without_a_log(void **state)
{
    const struct audit_session none = {{NULL, 0}, "s", "c", "l", NULL};
    unsigned                   id;

    (void)state;
    audit_connect(&none);
    audit_delete(&none, 1, NULL, true);
    assert_null(next_record(&id));
}

static void
sends_to_each_log(void **state)
{
    const struct audit_session both = {{two_logs, 2}, "s", "c", "l", NULL};

    (void)state;
    audit_connect(&both);
    for (size_t i = 0; i < 2; i++) {
        unsigned id;
        json_t  *record = next_record(&id);

        assert_non_null(record);
        assert_int_equal(id, two_logs[i]);
        json_decref(record);
    }
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(records_a_connection), TEST(records_tls),    TEST(records_a_login),   TEST(records_a_message),
        TEST(records_a_deletion),   TEST(names_the_user), TEST(records_a_refusal), TEST(records_the_end),
        TEST(makes_text_harmless),  TEST(bounds_a_text),  TEST(bounds_a_record),   TEST(records_nothing_without_a_log),
        TEST(sends_to_each_log),
    };

    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
