/* The functions of BodyEval, each on mails that it hits and on mails that it does not; and on mails made to hurt. */
#include "base/count.h"
#include "tests/unit/eval/eval_fixture.h"

static const struct eval_row rows[] = {
    {"", "multipart_alternative_difference('99','100')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\none two three four "
     "five\n--b\nContent-Type: text/html\n\n<p>six seven eight nine ten\n--b--\n",
     1},
    {"", "multipart_alternative_difference('99','100')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\none two three four "
     "five\n--b\nContent-Type: text/html\n\n<p>one two three <b>four</b> five\n--b--\n",
     0},
    {"", "multipart_alternative_difference('50','100')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\none two three four "
     "five\n--b\nContent-Type: text/html\n\n<p>one two three nine ten eleven twelve\n--b--\n",
     1},
    {"", "multipart_alternative_difference('0','10')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\none two three four "
     "five\n--b\nContent-Type: text/html\n\n<p>one two three nine ten eleven twelve\n--b--\n",
     0},
    {"", "multipart_alternative_difference('0','undef')", "\nx\n", 1},
    {"", "multipart_alternative_difference('60','61')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nword word "
     "other\n--b\nContent-Type: text/html\n\nword word word more else\n--b--\n",
     0},
    {"", "multipart_alternative_difference('99','100')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\none two three four "
     "five\n--b\nContent-Type: text/html\n\n<p>six seven\n--b--\n",
     0},
    {"", "multipart_alternative_difference('99','100')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n-- ** --\n--b\nContent-Type: "
     "text/html\n\n-- ** ++\n--b--\n",
     0},
    {"", "multipart_alternative_difference('99','100')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\n\nsix seven\n--b\nContent-Type: "
     "text/calendar\n\nx\n--b--\n",
     0},
    {"", "multipart_alternative_difference('99','100')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; "
     "charset=utf-8\n\n\303\251t\303\251 \346\227\245\346\234\254\n--b\nContent-Type: text/html; "
     "charset=utf-8\n\n\303\251t\303\251 \346\227\245\346\234\254\n--b--\n",
     0},
    {"", "multipart_alternative_difference('99','100')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; "
     "charset=utf-8\n\nx\n--b\nContent-Type: text/html; charset=utf-8\n\n\303\251 \346\227\245\346\234\254\n--b--\n",
     1},
    {"", "multipart_alternative_difference('99','100')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\none two\n--b\nContent-Type: "
     "text/html\n\n<img src=x>\n--b--\n",
     1},
    {"", "multipart_alternative_difference('99','100')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\none two\n--b\nContent-Type: "
     "text/html\n\n<hr>\n--b--\n",
     0},
    {"", "multipart_alternative_difference_count('3','1')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\na b c d e f g h "
     "i\n--b\nContent-Type: text/html\n\na b\n--b--\n",
     1},
    {"", "multipart_alternative_difference_count('3','1')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\na b c\n--b\nContent-Type: "
     "text/html\n\na b\n--b--\n",
     0},
    {"", "multipart_alternative_difference_count('3','1')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\na b c d e f g h "
     "i\n--b\nContent-Type: text/html\n\na\n--b--\n",
     0},
    {"", "check_blank_line_ratio('60','80','4')", "\na\n\n\n\n\nb\n", 1},
    {"", "check_blank_line_ratio('80','90','4')", "\na\n\n\n\n\nb\n", 0},
    {"", "check_blank_line_ratio('60','80','10')", "\na\n\n\n\n\nb\n", 0},
    {"", "check_blank_line_ratio('0','10')", "\na\nb\n", 1},
    {"", "check_blank_line_ratio('0','10','5')", "\na\nb\n", 1},
    {"", "check_blank_line_ratio('10','20','4')", "\na\nb\nc\nd\ne\nf\n \n", 1},
    {"", "tvd_vertical_words('0','10')", "\nabcdefghij\n", 0},
    {"", "tvd_vertical_words('0','10')", "Subject: a b\n\nabcdefghij\n", 0},
    {"", "tvd_vertical_words('100','100')", "\na b c d e f\n", 1},
    {"", "tvd_vertical_words('90','100')", "\na b c d e f\n", 1},
    {"", "tvd_vertical_words('0','10')", "\na\n", 0},
    {"", "check_stock_info('2')", "\nSymbol: ABC\nCompany Name: X\nTarget price: 5\nCurrent Price : $1\n", 1},
    {"", "check_stock_info('4')", "\nSymbol: ABC\nCompany Name: X\nTarget price: 5\nCurrent Price : $1\n", 0},
    {"", "check_stock_info('2')", "\nSymbol: ABC\nSymbol: DEF\n", 0},
    {"", "check_stock_info('1')", "\nSymbols are: ABC\n", 0},
    {"", "check_stock_info('0')", "Content-Type: text/html\n\nx\n", 1},
    {"", "check_stock_info('1')",
     "Content-Type: text/html\n\nSymbol: ABC\nCompany Name: X\nTarget price: 5\nCurrent Price : $1\n", 0},
    {"", "check_stock_info('2')", "\nS.T.O.C.K: 1\nTrading-Date : today\n", 1},
    {"", "check_stock_info('1')", "\nNo trading date: today\n", 0},
    {"", "check_stock_info('1')",
     "Content-Type: text/plain; "
     "charset=utf-"
     "8\n\n\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245"
     "\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346"
     "\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245stock: 1\n",
     1},
    {"", "check_stock_info('1')",
     "Content-Type: text/plain; "
     "charset=utf-"
     "8\n\n\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245"
     "\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346"
     "\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245stock: 1\n",
     0},
    {"", "check_body_length('4')", "A: 1\n\nabc\n", 1},
    {"", "check_body_length('3')", "A: 1\n\nabc\n", 0},
    {"", "plaintext_body_length('10','10')", "\nbody text\n-- \nthe signature\n", 1},
    {"", "plaintext_body_length('11')", "\nbody text\n-- \nthe signature\n", 0},
    {"", "plaintext_sig_length('15','15')", "\nbody text\n-- \nthe signature\n", 1},
    {"", "plaintext_sig_length('16')", "\nbody text\n-- \nthe signature\n", 0},
    {"", "plaintext_body_sig_ratio('0.6','0.7')", "\nbody text\n-- \nthe signature\n", 1},
    {"", "plaintext_body_sig_ratio('0.7','1')", "\nbody text\n-- \nthe signature\n", 0},
    {"", "plaintext_sig_length('1')", "\nbody\n-- \nab\n", 0},
    {"", "plaintext_body_sig_ratio('1000')", "\nbody\n", 1},
    {"", "plaintext_body_length('1')", "Content-Type: text/html\n\nx\n", 0},
    {"", "plaintext_sig_length('10','10')", "\na\n-- \nb c d e f\n--\nlast bits\n", 0},
    {"", "plaintext_body_length('1')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\nx\n--b\nContent-Type: "
     "text/plain\n\nabc\n--b--\n",
     1},
};

static void
test_rows(void **state)
{
    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static const char *const all_calls[] = {
    "multipart_alternative_difference('99','100')",
    "multipart_alternative_difference_count('3','1')",
    "check_blank_line_ratio('60','80','4')",
    "tvd_vertical_words('0','10')",
    "check_stock_info('2')",
    "check_body_length('4')",
    "plaintext_body_length('10','10')",
    "plaintext_sig_length('15','15')",
    "plaintext_body_sig_ratio('0.6','0.7')",
};

static const struct hostile_mail hostile[] = {
    {"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\n\n", "a b c d ", 500000,
     "\n--b--\n"},
    {"Content-Type: multipart/alternative; boundary=b\n\n", "--b\nContent-Type: multipart/alternative; boundary=b\n\n",
     20000, "x"},
    {"Content-Type: multipart/alternative; boundary=b\n\n", "--b\nContent-Type: text/html\n\na\n", 50000, "--b--\n"},
    {"\n", "abc : ", 500000, "\n"},
    {"\n", "a:", 1000000, "\n"},
    {"\n", "   \n", 1000000, "\n"},
    {"\n", "s s s s s s s s s s s s s s: x\n", 100000, "\n"},
    {"\n", "-- \n", 1000000, "\n"},
    {"\n", "-- \r", 1000000, "\n"},
    {"\n", " ", 3000000, "\n"},
    {"Content-Type: text/plain; charset=utf-8\n\n", "\343\200\200", 500000, "\n"},
    {"", "", 0, ""},
};

static void
test_hostile(void **state)
{
    (void)state;
    check_hostile("", all_calls, COUNT_OF(all_calls), hostile, COUNT_OF(hostile));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
