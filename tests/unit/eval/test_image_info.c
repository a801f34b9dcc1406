/* The functions of ImageInfo, each on mails that it hits and on mails that it does not; and on mails made to hurt. */
#include "base/count.h"
#include "tests/unit/eval/eval_fixture.h"

/* Parts: headers and the start of an image, in base64; 264 x 127, 640 x 480, 300 x 200 pixels. */
#define MIXED(parts) "Content-Type: multipart/mixed; boundary=b\n\n" parts "--b--\n"
#define TEXT "--b\nContent-Type: text/plain\n\nsome text\n"
#define IMAGE(type, data) "--b\nContent-Type: " type "\nContent-Transfer-Encoding: base64\n\n" data "\n"
#define GIF "R0lGODlhCAF/APcAAHh4eHh4eHh4eHh4eHh4eHh4eHh4"
#define PNG "iVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAIAAABjcmMhAAAAAAAAAAA="
#define JPEG "/9j/4AAQSkZJRgABAQAAAQABAAD/wAARCADIASwDeHh4eHh4eHh4eHh4eHh4eHh4eHg="

#define ONE_GIF MIXED(TEXT IMAGE("image/gif; name=\"image001.gif\"", GIF))
#define ALL_KINDS                                                                                                      \
    MIXED(IMAGE("image/gif", GIF) IMAGE("image/png; name=\"p.png\"", PNG) IMAGE("image/jpeg; name=\"j.jpg\"", JPEG))
#define NO_IMAGE MIXED(IMAGE("image/gif; name=\"n.gif\"", "bm9uc2Vuc2U="))

static const struct eval_row rows[] = {
    {"", "image_count('gif','1','1')", ONE_GIF, 1},
    {"", "image_count('gif','2')", ONE_GIF, 0},
    {"", "image_count('all',1)", ONE_GIF, 1},
    {"", "image_count('png',1)", ONE_GIF, 0},
    {"", "image_named('image001.gif')", ONE_GIF, 1},
    {"", "image_named('image002.gif')", ONE_GIF, 0},
    {"", "image_size_exact('gif','127','264')", ONE_GIF, 1},
    {"", "image_size_exact('gif','264','127')", ONE_GIF, 0},
    {"", "image_size_exact('all',127,264)", ONE_GIF, 1},
    {"", "image_size_range('gif',100,200)", ONE_GIF, 1},
    {"", "image_size_range('gif',100,200,120,300)", ONE_GIF, 0},
    {"", "image_size_range('gif',128,200)", ONE_GIF, 0},
    {"", "pixel_coverage('gif','33528','33528')", ONE_GIF, 1},
    {"", "pixel_coverage('gif','33529')", ONE_GIF, 0},
    {"", "image_to_text_ratio('all','0.000','0.008')", ONE_GIF, 1},
    {"", "image_to_text_ratio('all','0.000','0.0001')", ONE_GIF, 0},
    {"", "image_to_text_ratio('png','0.000','0.008')", ONE_GIF, 0},
    {"", "image_name_regex('^image\\d+')", ONE_GIF, 1},
    {"", "image_name_regex('/^image/')", ONE_GIF, 0},
    {"", "image_count('all','3','3')", ALL_KINDS, 1},
    {"", "image_count('jpeg','1','1')", ALL_KINDS, 1},
    {"", "pixel_coverage('jpeg','60000','60000')", ALL_KINDS, 1},
    {"", "pixel_coverage('png','307200','307200')", ALL_KINDS, 1},
    {"", "pixel_coverage('all','400728','400728')", ALL_KINDS, 1},
    {"", "image_size_exact('jpeg',200,300)", ALL_KINDS, 1},
    {"", "image_named('j.jpg')", ALL_KINDS, 1},
    {"", "image_count('gif','1')", MIXED("--b\nContent-Type: image/gif\n\nGIF89a\n"), 0},
    {"", "image_count('gif','1')", NO_IMAGE, 1},
    {"", "image_named('n.gif')", NO_IMAGE, 0},
    {"", "pixel_coverage('gif',0)", MIXED(IMAGE("image/gif", "R0lGODlhCAF/")), 1},
    {"", "image_count('jpeg','1')", MIXED(IMAGE("image/jpg", JPEG)), 1},
    {"", "pixel_coverage('jpeg','1')", MIXED(IMAGE("image/jpg", "/9j/4AAQSkZJRgABAQAAAQABAAD/wAAR")), 0},
};

static void
test_rows(void **state)
{
    (void)state;
    check_rows(rows, COUNT_OF(rows));
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

static const struct hostile_mail hostile[] = {
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
