/* Commands, status lines, reply shapes: tables of lines and what is made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/count.h"
#include "base/memory.h"
#include "proxy/pop3/pop3.h"
#include "tests/unit/octets.h"

/* A row's input: its length counts, so that NUL can stand in it. */
#define TEXT(literal)                                                                                                  \
    {                                                                                                                  \
        (literal), sizeof(literal) - 1                                                                                 \
    }

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 50 octets */

/* What a client writes, and the line for the server, or the fault. */
static const struct {
    struct span     line;
    enum pop3_verb  verb;
    enum pop3_fault fault;
    const char     *canonical;
} commands[] = {
    {TEXT("USER bob"), POP3_USER, POP3_FINE, "USER bob"},
    {TEXT("user bob"), POP3_USER, POP3_FINE, "USER bob"},
    {TEXT("USER  bob smith "), POP3_USER, POP3_FINE, "USER  bob smith "},
    {TEXT("USER b\xc3\xb6"), POP3_USER, POP3_FINE, "USER b\xc3\xb6"},
    {TEXT("USER"), POP3_USER, POP3_BAD_ARGUMENT, NULL},
    {TEXT("USER "), POP3_USER, POP3_BAD_ARGUMENT, NULL},
    {TEXT("USER\tbob"), POP3_OTHER, POP3_BAD_LINE, NULL},
    {TEXT("USER b\rob"), POP3_USER, POP3_BAD_LINE, NULL},
    {TEXT("USER b\0ob"), POP3_USER, POP3_BAD_LINE, NULL},
    {TEXT("USER b\x7fob"), POP3_USER, POP3_BAD_LINE, NULL},
    {TEXT("PASS  two  words \xff "), POP3_PASS, POP3_FINE, "PASS  two  words \xff "},
    {TEXT("PASS  "), POP3_PASS, POP3_FINE, "PASS  "},
    {TEXT("PASS"), POP3_PASS, POP3_BAD_ARGUMENT, NULL},
    {TEXT("PASS a\nDELE 1"), POP3_PASS, POP3_BAD_LINE, NULL},
    {TEXT("apop bob c4c9334bac560ecc979e58001b3e22fb"), POP3_APOP, POP3_FINE,
     "APOP bob c4c9334bac560ecc979e58001b3e22fb"},
    {TEXT("APOP  bob  c4c9 "), POP3_APOP, POP3_FINE, "APOP bob c4c9"},
    {TEXT("APOP bob"), POP3_APOP, POP3_BAD_ARGUMENT, NULL},
    {TEXT("APOP bob c4c9 x"), POP3_APOP, POP3_BAD_ARGUMENT, NULL},
    {TEXT("AUTH"), POP3_AUTH, POP3_FINE, "AUTH"},
    {TEXT("AUTH "), POP3_AUTH, POP3_FINE, "AUTH"},
    {TEXT("auth plain"), POP3_AUTH, POP3_FINE, "AUTH plain"},
    {TEXT("AUTH SCRAM-SHA-256  biws "), POP3_AUTH, POP3_FINE, "AUTH SCRAM-SHA-256 biws"},
    {TEXT("AUTH PLAIN ="), POP3_AUTH, POP3_FINE, "AUTH PLAIN ="},
    {TEXT("AUTH PLAIN a b"), POP3_AUTH, POP3_BAD_ARGUMENT, NULL},
    {TEXT("AUTH PL*IN"), POP3_AUTH, POP3_BAD_ARGUMENT, NULL},
    {TEXT("AUTH PL\xc3\xa4IN"), POP3_AUTH, POP3_BAD_ARGUMENT, NULL},
    {TEXT("AUTH A2345678901234567890"), POP3_AUTH, POP3_FINE, "AUTH A2345678901234567890"},
    {TEXT("AUTH A23456789012345678901"), POP3_AUTH, POP3_BAD_ARGUMENT, NULL},
    {TEXT("CaPa"), POP3_CAPA, POP3_FINE, "CAPA"},
    {TEXT("CAPA x"), POP3_CAPA, POP3_BAD_ARGUMENT, NULL},
    {TEXT("STLS "), POP3_STLS, POP3_FINE, "STLS"},
    {TEXT("STAT"), POP3_STAT, POP3_FINE, "STAT"},
    {TEXT("STAT 1"), POP3_STAT, POP3_BAD_ARGUMENT, NULL},
    {TEXT("LIST"), POP3_LIST, POP3_FINE, "LIST"},
    {TEXT("LIST "), POP3_LIST, POP3_FINE, "LIST"},
    {TEXT("LIST 1"), POP3_LIST, POP3_FINE, "LIST 1"},
    {TEXT("LIST  1 "), POP3_LIST, POP3_FINE, "LIST 1"},
    {TEXT("LIST 1 2"), POP3_LIST, POP3_BAD_ARGUMENT, NULL},
    {TEXT("LIST\t1"), POP3_OTHER, POP3_BAD_LINE, NULL},
    {TEXT("LIST \t1"), POP3_LIST, POP3_BAD_LINE, NULL},
    {TEXT("LIST x"), POP3_LIST, POP3_BAD_ARGUMENT, NULL},
    {TEXT("UIDL"), POP3_UIDL, POP3_FINE, "UIDL"},
    {TEXT("uidl 007"), POP3_UIDL, POP3_FINE, "UIDL 7"},
    {TEXT("UIDL\t1"), POP3_OTHER, POP3_BAD_LINE, NULL},
    {TEXT("rEtR 1"), POP3_RETR, POP3_FINE, "RETR 1"},
    {TEXT("RETR"), POP3_RETR, POP3_BAD_ARGUMENT, NULL},
    {TEXT("RETR "), POP3_RETR, POP3_BAD_ARGUMENT, NULL},
    {TEXT("RETR 0"), POP3_RETR, POP3_BAD_ARGUMENT, NULL},
    {TEXT("RETR -1"), POP3_RETR, POP3_BAD_ARGUMENT, NULL},
    {TEXT("RETR +1"), POP3_RETR, POP3_BAD_ARGUMENT, NULL},
    {TEXT("RETR 0x1"), POP3_RETR, POP3_BAD_ARGUMENT, NULL},
    {TEXT("RETR 1junk"), POP3_RETR, POP3_BAD_ARGUMENT, NULL},
    {TEXT("RETR 1 junk"), POP3_RETR, POP3_BAD_ARGUMENT, NULL},
    {TEXT("RETR \xd9\xa1"), POP3_RETR, POP3_BAD_ARGUMENT, NULL},
    {TEXT("RETR 4294967295"), POP3_RETR, POP3_FINE, "RETR 4294967295"},
    {TEXT("RETR 4294967296"), POP3_RETR, POP3_BAD_ARGUMENT, NULL},
    {TEXT("RETR 18446744073709551617"), POP3_RETR, POP3_BAD_ARGUMENT, NULL},
    {TEXT("RETR 99999999999999999999999999999999999999999999"), POP3_RETR, POP3_BAD_ARGUMENT, NULL},
    {TEXT("TOP 1 0"), POP3_TOP, POP3_FINE, "TOP 1 0"},
    {TEXT("top  2  99999999 "), POP3_TOP, POP3_FINE, "TOP 2 99999999"},
    {TEXT("TOP 1"), POP3_TOP, POP3_BAD_ARGUMENT, NULL},
    {TEXT("TOP 0 1"), POP3_TOP, POP3_BAD_ARGUMENT, NULL},
    {TEXT("TOP 1 -1"), POP3_TOP, POP3_BAD_ARGUMENT, NULL},
    {TEXT("TOP 1 4294967296"), POP3_TOP, POP3_BAD_ARGUMENT, NULL},
    {TEXT("TOP 1 2 3"), POP3_TOP, POP3_BAD_ARGUMENT, NULL},
    {TEXT("DELE 3"), POP3_DELE, POP3_FINE, "DELE 3"},
    {TEXT("DELE"), POP3_DELE, POP3_BAD_ARGUMENT, NULL},
    {TEXT("NOOP"), POP3_NOOP, POP3_FINE, "NOOP"},
    {TEXT("RSET"), POP3_RSET, POP3_FINE, "RSET"},
    {TEXT("QUIT   "), POP3_QUIT, POP3_FINE, "QUIT"},
    {TEXT("QUIT now"), POP3_QUIT, POP3_BAD_ARGUMENT, NULL},
    {TEXT("QUITE"), POP3_OTHER, POP3_FINE, "QUITE"},
    {TEXT("UTF8"), POP3_UTF8, POP3_FINE, "UTF8"},
    {TEXT("UTF8 USER"), POP3_UTF8, POP3_BAD_ARGUMENT, NULL},
    {TEXT("LANG"), POP3_LANG, POP3_FINE, "LANG"},
    {TEXT("LANG  "), POP3_LANG, POP3_FINE, "LANG"},
    {TEXT("LANG  fr-CA "), POP3_LANG, POP3_FINE, "LANG fr-CA"},
    {TEXT("LANG fr de"), POP3_LANG, POP3_BAD_ARGUMENT, NULL},
    {TEXT("xtnd XLST Message-ID"), POP3_OTHER, POP3_FINE, "XTND XLST Message-ID"},
    {TEXT("XTND  a \xff b "), POP3_OTHER, POP3_FINE, "XTND  a \xff b "},
    {TEXT("a"), POP3_OTHER, POP3_FINE, "A"},
    {TEXT("a23456789012345b"), POP3_OTHER, POP3_FINE, "A23456789012345B"},
    {TEXT("a23456789012345bc"), POP3_OTHER, POP3_BAD_LINE, NULL},
    {TEXT("\xc3\xa4"), POP3_OTHER, POP3_BAD_LINE, NULL},
    {TEXT("another command"), POP3_OTHER, POP3_FINE, "ANOTHER command"},
    {TEXT(""), POP3_OTHER, POP3_BAD_LINE, NULL},
    {TEXT(" "), POP3_OTHER, POP3_BAD_LINE, NULL},
    {TEXT(" NOOP"), POP3_OTHER, POP3_BAD_LINE, NULL},
    {TEXT("\0"), POP3_OTHER, POP3_BAD_LINE, NULL},
    {TEXT("NOOP\0"), POP3_OTHER, POP3_BAD_LINE, NULL},
    {TEXT("NOOP \n"), POP3_NOOP, POP3_BAD_LINE, NULL},
    {TEXT("NOOP\r"), POP3_OTHER, POP3_BAD_LINE, NULL},
    {TEXT("USER " A A A A "12345678901234567890123456789012345678901234567"
          "8"),
     POP3_USER, POP3_FINE, "USER " A A A A "123456789012345678901234567890123456789012345678"},
    {TEXT("USER " A A A A "123456789012345678901234567890123456789012345678"
          "9"),
     POP3_USER, POP3_TOO_LONG, NULL},
    {TEXT("auth plain " A A A A A), POP3_AUTH, POP3_FINE, "AUTH plain " A A A A A},
    {TEXT("AUTHX " A A A A A), POP3_OTHER, POP3_TOO_LONG, NULL},
    {TEXT("X" A A A A A "12"), POP3_OTHER, POP3_BAD_LINE, NULL},
    {TEXT("X" A A A A A "123"), POP3_OTHER, POP3_TOO_LONG, NULL},
};

static void
commands_are_parsed_and_written_canonically(void **state)
{
    struct bytes line = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        struct span         input = exact_copy(commands[i].line);
        struct pop3_command command;

        pop3_parse_command(input, &command);
        if (command.verb != commands[i].verb || command.fault != commands[i].fault)
            fail_msg("row %zu \"%s\": verb %d, fault %d", i, commands[i].line.data, command.verb, command.fault);
        bytes_clear(&line);
        if (command.fault == POP3_FINE)
            pop3_write_command(&command, &line);
        else if (command.argument.data != NULL || command.second.data != NULL || command.has_number || command.number)
            fail_msg("row %zu \"%s\": a fault with an argument", i, commands[i].line.data);
        if (commands[i].canonical != NULL)
            assert_int_equal(line.len, strlen(commands[i].canonical) + 2);
        if (commands[i].canonical != NULL && memcmp(line.data, commands[i].canonical, line.len - 2) != 0)
            fail_msg("row %zu \"%s\": written as \"%s\"", i, commands[i].line.data, line.data);
        if (line.len > 0)
            assert_memory_equal(line.data + line.len - 2, "\r\n", 2);
        free_copy(input);
    }
    bytes_free(&line);
}

/* What popgate writes reads as the same command again: no second server can see another one in it. */
static void
canonical_lines_are_fixed_points(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        struct pop3_command command;
        struct bytes        once = {0}, twice = {0};

        pop3_parse_command(commands[i].line, &command);
        if (command.fault != POP3_FINE)
            continue;
        pop3_write_command(&command, &once);
        pop3_parse_command(span_head(bytes_span(&once), once.len - 2), &command);
        assert_int_equal(command.fault, POP3_FINE);
        pop3_write_command(&command, &twice);
        if (!span_equal(bytes_span(&once), bytes_span(&twice)))
            fail_msg("row %zu: \"%s\" is written as \"%s\"", i, once.data, twice.data);
        bytes_free(&once);
        bytes_free(&twice);
    }
}

static void
arguments_point_into_the_line(void **state)
{
    struct pop3_command command;
    struct span         line = SPAN("APOP bob c4c9");

    (void)state;
    pop3_parse_command(line, &command);
    assert_true(span_equal(command.name, SPAN("APOP")));
    assert_ptr_equal(command.argument.data, line.data + 5);
    assert_int_equal(command.argument.len, 3);
    assert_ptr_equal(command.second.data, line.data + 9);
    assert_int_equal(command.second.len, 4);

    pop3_parse_command(SPAN("TOP 12 34"), &command);
    assert_true(command.has_number);
    assert_int_equal(command.number, 12);
    assert_int_equal(command.lines, 34);

    pop3_parse_command(SPAN("LIST"), &command);
    assert_false(command.has_number);
    pop3_parse_command(SPAN("AUTH PLAIN"), &command);
    assert_null(command.second.data);
}

/* The states and the shape of +OK to each, alone and with what may follow. */
static const struct {
    const char     *line;
    unsigned        states;
    enum pop3_shape shape;
} shapes[] = {
    {"USER a", POP3_AUTHORIZATION, POP3_LINE},
    {"PASS a", POP3_AUTHORIZATION, POP3_LINE},
    {"APOP a b", POP3_AUTHORIZATION, POP3_LINE},
    {"AUTH", POP3_AUTHORIZATION, POP3_LINE},
    {"AUTH PLAIN", POP3_AUTHORIZATION, POP3_LINE},
    {"CAPA", POP3_AUTHORIZATION | POP3_TRANSACTION, POP3_LISTING},
    {"STLS", POP3_AUTHORIZATION, POP3_LINE},
    {"STAT", POP3_TRANSACTION, POP3_LINE},
    {"LIST", POP3_TRANSACTION, POP3_LISTING},
    {"LIST ", POP3_TRANSACTION, POP3_LISTING},
    {"LIST 1", POP3_TRANSACTION, POP3_LINE},
    {"UIDL", POP3_TRANSACTION, POP3_LISTING},
    {"UIDL 1", POP3_TRANSACTION, POP3_LINE},
    {"RETR 1", POP3_TRANSACTION, POP3_MESSAGE},
    {"TOP 1 0", POP3_TRANSACTION, POP3_MESSAGE},
    {"DELE 1", POP3_TRANSACTION, POP3_LINE},
    {"NOOP", POP3_TRANSACTION, POP3_LINE},
    {"RSET", POP3_TRANSACTION, POP3_LINE},
    {"QUIT", POP3_AUTHORIZATION | POP3_TRANSACTION, POP3_LINE},
    {"UTF8", POP3_AUTHORIZATION, POP3_LINE},
    {"LANG", POP3_AUTHORIZATION | POP3_TRANSACTION, POP3_LISTING},
    {"LANG de", POP3_AUTHORIZATION | POP3_TRANSACTION, POP3_LINE},
    {"XTND", POP3_AUTHORIZATION | POP3_TRANSACTION, POP3_LINE},
    {"XTND 1", POP3_AUTHORIZATION | POP3_TRANSACTION, POP3_LINE},
};

static void
shapes_and_states(void **state)
{
    bool met[POP3_VERBS] = {false};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct pop3_command command;

        pop3_parse_command(span_of(shapes[i].line), &command);
        met[command.verb] = true;
        if (command.fault != POP3_FINE || pop3_states(command.verb) != shapes[i].states ||
            pop3_reply_shape(&command, POP3_OK) != shapes[i].shape ||
            pop3_reply_shape(&command, POP3_ERR) != POP3_LINE ||
            pop3_reply_shape(&command, POP3_CONTINUE) != POP3_LINE ||
            pop3_reply_shape(&command, POP3_NONSENSE) != POP3_LINE)
            fail_msg("row %zu: %s", i, shapes[i].line);
    }
    for (enum pop3_verb verb = 0; verb < POP3_VERBS; verb++)
        assert_true(met[verb]);
    assert_string_equal(pop3_name(POP3_TOP), "TOP");
    assert_string_equal(pop3_name(POP3_OTHER), "another command");
}

static const struct {
    struct span input;
    size_t      octets;
    struct span line;
} lines[] = {
    {TEXT(""), 0, TEXT("")},
    {TEXT("NOOP"), 0, TEXT("")},
    {TEXT("NOOP\r"), 0, TEXT("")},
    {TEXT("NOOP\r\n"), 6, TEXT("NOOP")},
    {TEXT("NOOP\n"), 5, TEXT("NOOP")},
    {TEXT("\r\n"), 2, TEXT("")},
    {TEXT("\n"), 1, TEXT("")},
    {TEXT("\r\r\n"), 3, TEXT("\r")},
    {TEXT("RETR 1\rDELE 1\r\nQUIT\r\n"), 15, TEXT("RETR 1\rDELE 1")},
    {TEXT("A\r\nB\r\n"), 3, TEXT("A")},
    {TEXT("A\0B\r\n"), 5, TEXT("A\0B")},
};

static void
lines_end_at_lf(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct span input = exact_copy(lines[i].input), line = {0};

        if (pop3_next_line(input, &line) != lines[i].octets || !span_equal(line, lines[i].line))
            fail_msg("row %zu: %zu octets", i, line.len);
        free_copy(input);
    }
}

static const struct {
    struct span      line;
    enum pop3_status status;
    struct span      text;
} statuses[] = {
    {TEXT("+OK"), POP3_OK, TEXT("")},
    {TEXT("+OK "), POP3_OK, TEXT("")},
    {TEXT("+OK 2 320"), POP3_OK, TEXT("2 320")},
    {TEXT("+OK  two"), POP3_OK, TEXT(" two")},
    {TEXT("+OK, ready"), POP3_OK, TEXT(", ready")},
    {TEXT("+OK\r"), POP3_OK, TEXT("\r")},
    {TEXT("-ERR"), POP3_ERR, TEXT("")},
    {TEXT("-ERR [IN-USE] later"), POP3_ERR, TEXT("[IN-USE] later")},
    {TEXT("-ERR: no"), POP3_ERR, TEXT(": no")},
    {TEXT("+ cGFzcw=="), POP3_CONTINUE, TEXT("cGFzcw==")},
    {TEXT("+ "), POP3_CONTINUE, TEXT("")},
    {TEXT("+"), POP3_CONTINUE, TEXT("")},
    {TEXT("+OKAY"), POP3_NONSENSE, TEXT("+OKAY")},
    {TEXT("+ok fine"), POP3_NONSENSE, TEXT("+ok fine")},
    {TEXT("-err no"), POP3_NONSENSE, TEXT("-err no")},
    {TEXT("-ERROR"), POP3_NONSENSE, TEXT("-ERROR")},
    {TEXT("-ER"), POP3_NONSENSE, TEXT("-ER")},
    {TEXT("+O"), POP3_NONSENSE, TEXT("+O")},
    {TEXT(" +OK"), POP3_NONSENSE, TEXT(" +OK")},
    {TEXT(""), POP3_NONSENSE, TEXT("")},
    {TEXT("\0+OK"), POP3_NONSENSE, TEXT("\0+OK")},
};

static void
status_lines_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        struct span      line   = exact_copy(statuses[i].line), text;
        enum pop3_status status = pop3_parse_status(line, &text);

        if (status != statuses[i].status || !span_equal(text, statuses[i].text))
            fail_msg("row %zu \"%s\": status %d, %zu octets of text", i, statuses[i].line.data, status, text.len);
        free_copy(line);
    }
}

static const struct {
    enum pop3_status status;
    struct span      text;
    const char      *line;
} written[] = {
    {POP3_OK, TEXT("2 320"), "+OK 2 320\r\n"},
    {POP3_ERR, TEXT("[AUTH] no"), "-ERR [AUTH] no\r\n"},
    {POP3_OK, TEXT(""), "+OK done\r\n"},
    {POP3_ERR, TEXT(""), "-ERR failed\r\n"},
    {POP3_OK, TEXT("a\r\nb\0c\x1b[1m\x7f \xc3\xa4"), "+OK a  b c [1m  \xc3\xa4\r\n"},
};

static void
status_lines_are_written_clean(void **state)
{
    struct bytes line = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(written); i++) {
        struct span text = exact_copy(written[i].text);

        bytes_clear(&line);
        pop3_write_status(written[i].status, text, &line);
        assert_string_equal(line.data, written[i].line);
        free_copy(text);
    }
    bytes_free(&line);
}

static void
status_lines_are_cut(void **state)
{
    static const size_t lengths[] = {505, 506, 507, 508, 511, 512, 513, 100000};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct bytes line = {0};
        char        *text = memory_new(lengths[i]);

        memset(text, 'x', lengths[i]);
        bytes_add(&line, SPAN("before\r\n"));
        pop3_write_status(POP3_OK, (struct span){text, lengths[i]}, &line);
        assert_int_equal(line.len, 8 + (lengths[i] + 6 < POP3_STATUS_MAX ? lengths[i] + 6 : POP3_STATUS_MAX));
        assert_memory_equal(line.data, "before\r\n+OK xxx", 15);
        assert_string_equal(line.data + line.len - 5, "xxx\r\n");
        bytes_free(&line);
        free(text);
    }
}

static const struct {
    const char *greeting;
    const char *timestamp;
} timestamps[] = {
    {"POP3 server ready <1896.697170952@dbc.mtview.ca.us>", "<1896.697170952@dbc.mtview.ca.us>"},
    {"<a@b> ready", "<a@b>"},
    {"< <a@b>> ready <c@d>", "<a@b>"},
    {"<a> <b@c>", "<b@c>"},
    {"<a@b <c@d>", "<c@d>"},
    {"<a b@c>", ""},
    {"<a@b\tc>", ""},
    {"<a@b", ""},
    {"a@b>", ""},
    {"@ <a>", ""},
    {"ready", ""},
    {"", ""},
};

static void
timestamps_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(timestamps); i++) {
        struct span greeting = exact_copy(span_of(timestamps[i].greeting)), found = pop3_timestamp(greeting);

        if (!span_equal(found, span_of(timestamps[i].timestamp)))
            fail_msg("row %zu: \"%.*s\"", i, SPAN_ARG(found));
        free_copy(greeting);
    }
}

static void
fault_texts_are_clean_words(void **state)
{
    (void)state;
    for (enum pop3_fault fault = POP3_BAD_LINE; fault <= POP3_BAD_ARGUMENT; fault++) {
        assert_true(strlen(pop3_fault_text(fault)) > 0);
        assert_true(pop3_fault_text(fault)[0] != '[');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_parsed_and_written_canonically),
        cmocka_unit_test(canonical_lines_are_fixed_points),
        cmocka_unit_test(arguments_point_into_the_line),
        cmocka_unit_test(shapes_and_states),
        cmocka_unit_test(lines_end_at_lf),
        cmocka_unit_test(status_lines_are_read),
        cmocka_unit_test(status_lines_are_written_clean),
        cmocka_unit_test(status_lines_are_cut),
        cmocka_unit_test(timestamps_are_found),
        cmocka_unit_test(fault_texts_are_clean_words),
    };

    return cmocka_run_group_tests_name("pop3", tests, NULL, NULL);
}
