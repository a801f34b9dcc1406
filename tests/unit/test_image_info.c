/* The functions of ImageInfo, each on mails that it hits and on mails that it does not; and on mails made to hurt. */
#include "tests/unit/eval_fixture.h"

static const struct eval_row rows[] = {
    {"", "image_count('gif','1','1')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     1},
    {"", "image_count('gif','2')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     0},
    {"", "image_count('all',1)",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     1},
    {"", "image_count('png',1)",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     0},
    {"", "image_named('image001.gif')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     1},
    {"", "image_named('image002.gif')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     0},
    {"", "image_size_exact('gif','127','264')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     1},
    {"", "image_size_exact('gif','264','127')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     0},
    {"", "image_size_exact('all',127,264)",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     1},
    {"", "image_size_range('gif',100,200)",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     1},
    {"", "image_size_range('gif',100,200,120,300)",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     0},
    {"", "image_size_range('gif',128,200)",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     0},
    {"", "pixel_coverage('gif','33528','33528')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     1},
    {"", "pixel_coverage('gif','33529')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     0},
    {"", "image_to_text_ratio('all','0.000','0.008')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     1},
    {"", "image_to_text_ratio('all','0.000','0.0001')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     0},
    {"", "image_to_text_ratio('png','0.000','0.008')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     0},
    {"", "image_name_regex('^image\\d+')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     1},
    {"", "image_name_regex('/^image/')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsome text\n--b\nContent-Type: "
     "image/gif; name=\"image001.gif\"\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b--\n",
     0},
    {"", "image_count('all','3','3')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b\nContent-Type: image/png; "
     "name=\"p.png\"\nContent-Transfer-Encoding: "
     "base64\n\niVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAIAAABjcmMhAAAAAAAAAAA=\n--b\nContent-Type: image/jpeg; "
     "name=\"j.jpg\"\nContent-Transfer-Encoding: "
     "base64\n\n/9j/4AAQSkZJRgABAQAAAQABAAD/wAARCADIASwDeHh4eHh4eHh4eHh4eHh4eHh4eHg=\n--b--\n",
     1},
    {"", "image_count('jpeg','1','1')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b\nContent-Type: image/png; "
     "name=\"p.png\"\nContent-Transfer-Encoding: "
     "base64\n\niVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAIAAABjcmMhAAAAAAAAAAA=\n--b\nContent-Type: image/jpeg; "
     "name=\"j.jpg\"\nContent-Transfer-Encoding: "
     "base64\n\n/9j/4AAQSkZJRgABAQAAAQABAAD/wAARCADIASwDeHh4eHh4eHh4eHh4eHh4eHh4eHg=\n--b--\n",
     1},
    {"", "pixel_coverage('jpeg','60000','60000')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b\nContent-Type: image/png; "
     "name=\"p.png\"\nContent-Transfer-Encoding: "
     "base64\n\niVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAIAAABjcmMhAAAAAAAAAAA=\n--b\nContent-Type: image/jpeg; "
     "name=\"j.jpg\"\nContent-Transfer-Encoding: "
     "base64\n\n/9j/4AAQSkZJRgABAQAAAQABAAD/wAARCADIASwDeHh4eHh4eHh4eHh4eHh4eHh4eHg=\n--b--\n",
     1},
    {"", "pixel_coverage('png','307200','307200')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b\nContent-Type: image/png; "
     "name=\"p.png\"\nContent-Transfer-Encoding: "
     "base64\n\niVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAIAAABjcmMhAAAAAAAAAAA=\n--b\nContent-Type: image/jpeg; "
     "name=\"j.jpg\"\nContent-Transfer-Encoding: "
     "base64\n\n/9j/4AAQSkZJRgABAQAAAQABAAD/wAARCADIASwDeHh4eHh4eHh4eHh4eHh4eHh4eHg=\n--b--\n",
     1},
    {"", "pixel_coverage('all','400728','400728')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b\nContent-Type: image/png; "
     "name=\"p.png\"\nContent-Transfer-Encoding: "
     "base64\n\niVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAIAAABjcmMhAAAAAAAAAAA=\n--b\nContent-Type: image/jpeg; "
     "name=\"j.jpg\"\nContent-Transfer-Encoding: "
     "base64\n\n/9j/4AAQSkZJRgABAQAAAQABAAD/wAARCADIASwDeHh4eHh4eHh4eHh4eHh4eHh4eHg=\n--b--\n",
     1},
    {"", "image_size_exact('jpeg',200,300)",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b\nContent-Type: image/png; "
     "name=\"p.png\"\nContent-Transfer-Encoding: "
     "base64\n\niVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAIAAABjcmMhAAAAAAAAAAA=\n--b\nContent-Type: image/jpeg; "
     "name=\"j.jpg\"\nContent-Transfer-Encoding: "
     "base64\n\n/9j/4AAQSkZJRgABAQAAAQABAAD/wAARCADIASwDeHh4eHh4eHh4eHh4eHh4eHh4eHg=\n--b--\n",
     1},
    {"", "image_named('j.jpg')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4\n--b\nContent-Type: image/png; "
     "name=\"p.png\"\nContent-Transfer-Encoding: "
     "base64\n\niVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAIAAABjcmMhAAAAAAAAAAA=\n--b\nContent-Type: image/jpeg; "
     "name=\"j.jpg\"\nContent-Transfer-Encoding: "
     "base64\n\n/9j/4AAQSkZJRgABAQAAAQABAAD/wAARCADIASwDeHh4eHh4eHh4eHh4eHh4eHh4eHg=\n--b--\n",
     1},
    {"", "image_count('gif','1')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif\n\nGIF89a\n--b--\n", 0},
    {"", "image_count('gif','1')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif; "
     "name=\"n.gif\"\nContent-Transfer-Encoding: base64\n\nbm9uc2Vuc2U=\n--b--\n",
     1},
    {"", "image_named('n.gif')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif; "
     "name=\"n.gif\"\nContent-Transfer-Encoding: base64\n\nbm9uc2Vuc2U=\n--b--\n",
     0},
    {"", "pixel_coverage('gif',0)",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif\nContent-Transfer-Encoding: "
     "base64\n\nR0lGODlhCAF/\n--b--\n",
     1},
    {"", "image_count('jpeg','1')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/jpg\nContent-Transfer-Encoding: "
     "base64\n\n/9j/4AAQSkZJRgABAQAAAQABAAD/wAARCADIASwDeHh4eHh4eHh4eHh4eHh4eHh4eHg=\n--b--\n",
     1},
    {"", "pixel_coverage('jpeg','1')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/jpg\nContent-Transfer-Encoding: "
     "base64\n\n/9j/4AAQSkZJRgABAQAAAQABAAD/wAAR\n--b--\n",
     0},
};

static void
test_rows(void **state)
{
    (void)state;
    check_rows(rows, ROWS(rows));
}

static const char *const all_calls[] = {
    "image_count('gif','1','1')",
    "image_named('image001.gif')",
    "image_size_exact('gif','127','264')",
    "image_size_range('gif',100,200)",
    "pixel_coverage('gif','33528','33528')",
    "image_to_text_ratio('all','0.000','0.008')",
    "image_name_regex('^image\\d+')",
};

static const struct {
    const char *start, *unit;
    size_t      times;
    const char *end;
} hostile[] = {
    {"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=", "AAAA", 1000000, "\n"},
    {"Content-Type: image/jpeg\nContent-Transfer-Encoding: base64\n\n/9j/", "4AAC/+AAAv/gAAL/", 500000, "\n"},
    {"Content-Type: image/gif\nContent-Transfer-Encoding: base64\n\n", "=", 2000000, "\n"},
    {"Content-Type: multipart/mixed; boundary=b\n\n",
     "--b\nContent-Type: image/gif; name=a\nContent-Transfer-Encoding: base64\n\nR0lGODlhCAF/APcAAHh4\n", 20000,
     "--b--\n"},
    {"", "", 0, ""},
};

static void
test_hostile(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(hostile); i++) {
        struct bytes mail = {0};

        repeat(&mail, hostile[i].start, hostile[i].unit, hostile[i].times, hostile[i].end);
        check_bounded("", all_calls, ROWS(all_calls), bytes_span(&mail), 1000);
        bytes_free(&mail);
    }
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
