/* Where the answer to a TOP ends: each row at every cut, beside what is read at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/count.h"
#include "proxy/pop3/top.h"

static const struct {
    const char *text;
    uint64_t    lines;
    size_t      len; /* that belong to the answer */
    bool        done;
} rows[] = {
    {"A: b\r\n\r\nx\r\ny\r\n", 0, 8, true},
    {"A: b\r\n\r\nx\r\ny\r\n", 1, 11, true},
    {"A: b\r\n\r\nx\r\ny\r\n", 2, 14, true},
    {"A: b\r\n\r\nx\r\ny\r\n", 3, 14, false},
    {"A: b\r\n\r\nx\r\ny\r\n", 4294967295, 14, false},
    {"A: b\r\n\r\nx\r\ny", 1, 11, true},
    {"A: b\r\n\r\nx\r\ny", 2, 12, false},
    {"A: b\r\n\r\n\r\n\r\nx", 1, 10, true},
    {"A: b\r\n\r\n.\r\nx", 1, 11, true},
    {"\r\nx\r\n", 0, 2, true},
    {"\r\nx\r\ny", 1, 5, true},
    {"A: b\r\n", 0, 6, false},
    {"A: b\r\n x\r\n\tx\r\n", 0, 14, false},
    {"", 0, 0, false},
    {"A: b\n\nx\ny\n", 1, 8, true},            /* bare LF */
    {"A: b\r\n\nx\n", 0, 7, true},             /* mixed */
    {"A: b\r\n\r\r\nc\r\n\r\nx", 0, 14, true}, /* CR CR LF is no empty line */
    {"A: b\r\n \r\nc\r\n\r\nx", 0, 14, true},  /* nor is a space */
    {"A\rb\r\n\r\nx", 0, 7, true},
};

static void
check(size_t row, const char *how, const struct top *top, size_t read)
{
    if (read != rows[row].len || top->done != rows[row].done)
        fail_msg("row %zu, %s: %zu octets, %s", row, how, read, top->done ? "done" : "not done");
}

static void
answers_end(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        struct span text   = span_of(rows[row].text);
        struct top  single = {.lines = rows[row].lines};
        size_t      read   = 0;

        for (size_t cut = 0; cut <= text.len; cut++) {
            struct top top = {.lines = rows[row].lines};

            read = top_read(&top, span_head(text, cut));
            read += top_read(&top, span_tail(text, cut));
            check(row, "cut in two", &top, read);
        }
        read = 0;
        for (size_t at = 0; at < text.len; at++)
            read += top_read(&single, span_head(span_tail(text, at), 1));
        check(row, "octet by octet", &single, read);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_end)};

    return cmocka_run_group_tests_name("top", tests, NULL, NULL);
}
