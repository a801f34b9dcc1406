/* What is known of HTML beside its text: numbers, open elements, lists of texts, links. And HTML made to hurt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/count.h"
#include "rules/mail/html.h"
#include "rules/mail/html_color.h"

#define NONE (-1) /* the number is not known */

static const struct {
    const char *name, *html;
    double      number;
} numbers[] = {
    {"html", "x", 1},
    {"length", "<b>\u00e9\u20ac</b>", 9},
    {"html_length", "<b>\u00e9\u20ac</b> ", 3},
    {"non_space_len", "<b>a b\u2003\u20ac</b>\n", 3},
    {"non_space_len", "a&#160;b&eacute;", 4}, /* to Latin-1 that space is none */
    {"ratio", "<b>abc</b>", 0.7},

    /* elements */
    {"bad_tag_ratio", "<b><foo><bar></b>", 0.5},
    {"bad_tag_ratio", "<o:p><st1:city><o:><bgsound>", 0.5},
    {"bad_tag_ratio", "<!DOCTYPE html><foo>", 0.5},
    {"bad_tag_ratio", "<foo>", NONE},
    {"non_element_ratio", "<b><b><foo><foo><bar><i>", 0.5},
    {"closed_extra_ratio", "<b></b></b></i>", 0.5},
    {"closed_extra_ratio", "x", NONE},

    /* images and other things */
    {"image_area", "<img width=10 height=20><img width=5>", 200},
    {"image_area", "<img width=\"50%\" height=1>", 400},
    {"image_area", "<img width=x height=0>", 40000},
    {"image_area", "x", 0},
    {"embeds", "<object>", 1},
    {"embeds", "<embed src=x>", 1},
    {"embeds", "</object>", NONE},
    {"form_action_mailto", "<form action=MAILTO:a@b.com>", 1},
    {"form_action_mailto", "<form action=/x>", NONE},
    {"font_face_bad", "<font face=\"Arial, 'Times New Roman', sans-serif\">", NONE},
    {"font_face_bad", "<font face=\"Ar&#233;al\">", 1},
    {"font_face_bad", "<p face=1>", NONE},

    /* sizes: 3 is normal */
    {"max_size", "<font size=5>", 5},
    {"max_size", "<font size=\"+2\">", 5},
    {"max_size", "<basefont size=4><font size=\"+2\">", 6},
    {"max_size", "<big><big><font face=x>", 5},
    {"max_size", "<big><big>", 3},
    {"max_size", "<p style=\"font-size: 99px\">", 3},
    {"min_size", "<font size=\"-1\">", 2},
    {"min_size", "<font size=1><font size=5>", 1},
    {"min_size", "<font size=x>", 3},

    /* colours */
    {"font_low_contrast", "<font color=white>x", 1},
    {"font_low_contrast", "<font color=white> &nbsp; ", NONE},
    {"font_low_contrast", "<font color=white></font>x", NONE},
    {"font_low_contrast", "<font color=\"#fff\">x", 1},
    {"font_low_contrast", "<font color=\"#fdfdfd\">x", 1},
    {"font_low_contrast", "<font color=\"#e0e0e0\">x", NONE},
    {"font_low_contrast", "<body text=white>x", 1},
    {"font_low_contrast", "<body text=white></body>x", 1},
    {"font_low_contrast", "<body bgcolor=black>x", NONE}, /* as SpamAssassin has it */
    {"font_low_contrast", "<p style=\"color:white\">x", 1},
    {"font_low_contrast", "<p style=\"color : white\">x", NONE},
    {"font_low_contrast", "<p style=\"COLOR:WHITE ! important;\">x", 1},
    {"font_low_contrast", "<p style=\"color:rgb(255, 255,300)\">x", 1},
    {"font_low_contrast", "<p style=\"background-color:#000\">x", 1},
    {"font_low_contrast", "<p style=\"background-color:#000;color:#fff\">x", NONE},
    {"font_low_contrast", "<p style=\"background: url(a,b) white, url('c)') black\">x", 1},
    {"font_low_contrast", "<p style=\"background: black, white\">x", NONE},
    {"font_low_contrast", "<p style=\"color:transparent\">x", 1},
    {"font_low_contrast", "<p style=\"background-color:black\"><span style=\"background-color:transparent\">x", 1},
    {"font_low_contrast", "<p style=\"color:white\"><p style=\"color:inherit\">x", 1},
    {"font_low_contrast", "<table><tr><td style=\"color:white\">x<td>y</table>", 1},
    {"font_low_contrast", "<table><tr><td style=\"color:white\"><td>y</table>", NONE}, /* a cell ends the one before */
    {"font_low_contrast", "<td style=\"color:white\"><p></td>y", NONE},
    {"font_low_contrast", "<div style=\"color:white\"></p>y", 1}, /* what was not open is not closed */
    {"font_invalid_color", "<font color=ffffff>x", 1},
    {"font_invalid_color", "<font color=nonsense>x", 1},
    {"font_invalid_color", "<p style=\"color: \">x", 1},
    {"font_invalid_color", "<p style=\"color:\">x", NONE},
    {"font_invalid_color", "<font color=red>x", NONE},

    /* words that are parted by tags */
    {"obfuscation_ratio", "via<b>gra</b>x", 1},
    {"obfuscation_ratio", "via <b>gra</b>", NONE},
    {"obfuscation_ratio", "<b>via</b>, gra<br>x", NONE},
    {"obfuscation_ratio", "v<b></b>\u00e9", 0.5},
    {"backhair_count", "via<b>gra</b>xyz<i>uvw", 1},
    {"backhair_count", "via<b>gra</b>x", 2},
    {"backhair_count", "viagraviagra<b>x", NONE},

    {"uri_truncated", "<a href=x>", NONE},
};

static const struct html_facts *
render(const char *html, struct arena *arena, struct bytes *text)
{
    return html_render(span_of(html), strlen(html), arena, text);
}

static void
test_numbers(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(numbers); row++) {
        struct arena     arena  = {0};
        struct bytes     text   = {0};
        enum html_number number = html_number_called(span_of(numbers[row].name));
        double           value;

        assert_int_not_equal(number, HTML_NUMBERS);
        value = render(numbers[row].html, &arena, &text)->numbers[number];
        if (numbers[row].number == NONE ? !isnan(value) : !(fabs(value - numbers[row].number) < 1e-9))
            fail_msg("%s of %s is %g and not %g", numbers[row].name, numbers[row].html, value, numbers[row].number);
        bytes_free(&text);
        arena_free(&arena);
    }
}

static void
test_insides(void **state)
{
    struct arena             arena = {0};
    struct bytes             text  = {0};
    const struct html_facts *facts = render("<!doctype x><B><b></b><foo></i></i><textarea></title>", &arena, &text);

    (void)state;
    assert_true(html_inside(facts, SPAN("b")) == 1);
    assert_true(html_inside(facts, SPAN("foo")) == 1);
    assert_true(html_inside(facts, SPAN("i")) == 0);
    assert_true(html_inside(facts, SPAN("!doctype")) == 0);
    assert_true(html_inside(facts, SPAN("textarea")) == 1);
    assert_true(isnan(html_inside(facts, SPAN("title"))));
    bytes_free(&text);
    arena_free(&arena);
}

/* Each list's texts, "|" between. */
static const struct {
    const char *name, *html, *texts;
} lists[] = {
    {"anchor", "<a href=x>o<b>n</b>e</a> no <a>two<img>&lt;</a><a href=x>", "one|two<img>\n<|"},
    {"anchor", "</a>x", ""},
    {"comment", "<!-- a -->b<!c>", "<!-- a -->|<!c>"},
    {"script", "<script>a&lt;</script>b<script>c", "a&lt;|c"},
    {"title", "<title> a&eacute;</title>b<title>c</title>", " a\u00e9|c"},
    {"title", "<title></title>", ""},
};

static void
test_lists(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(lists); row++) {
        struct arena             arena = {0};
        struct bytes             text = {0}, joined = {0};
        enum html_list           list  = html_list_called(span_of(lists[row].name));
        const struct html_facts *facts = render(lists[row].html, &arena, &text);

        for (size_t i = 0; i < facts->list_counts[list]; i++)
            bytes_printf(&joined, "%s%.*s", i > 0 ? "|" : "", SPAN_ARG(facts->lists[list][i]));
        bytes_add(&joined, SPAN(""));
        assert_string_equal(joined.data != NULL ? joined.data : "", lists[row].texts);
        bytes_free(&joined);
        bytes_free(&text);
        arena_free(&arena);
    }
}

static void
test_colors(void **state)
{
    static const struct {
        const char *text;
        uint32_t    color;
    } rows[] = {
        {"red", 0xff0000},
        {" Red\n", 0xff0000},
        {"lightgoldenrodyellow", 0xfafad2},
        {"yellowgreen", 0x9acd32},
        {"aliceblue", 0xf0f8ff},
        {"#123456", 0x123456},
        {"#12345678", 0x123456},
        {"#1a3", 0x11aa33},
        {"#1234", 0x112233},
        {"#12", 0x112200},
        {"#1", 0x110000},
        {"#", HTML_COLOR_EMPTY},
        {"123456", HTML_COLOR_INVALID},
        {"#12345g", HTML_COLOR_INVALID},
        {"", HTML_COLOR_INVALID},
        {"rgb(1, 2,3)", 0x010203},
        {"rgb(100%, 50%, 0%)", 0xff7f00},
        {"rgb(1 2 3)", HTML_COLOR_INVALID},
        {"rgb(300,0,0)", 0x12c000},
        {"hsl(0,0%,0%)", HTML_COLOR_INVALID},
    };

    (void)state;
    for (size_t row = 0; row < COUNT_OF(rows); row++)
        if (html_color(span_of(rows[row].text)) != rows[row].color)
            fail_msg("%s is %x", rows[row].text, html_color(span_of(rows[row].text)));
    assert_int_equal(html_color(SPAN("tan\0xyz")), HTML_COLOR_INVALID);
    assert_int_equal(html_color_rgb(SPAN("rgba(1.5, , 999, 4)")), 0x0f00ff);
    assert_true(html_colors_contrast(0, 0xffffff));
    assert_false(html_colors_contrast(0x0000ff, 0x0000f0)); /* blue is dark */
    assert_true(html_colors_contrast(0x00ff00, 0x00e000));
    assert_false(html_colors_contrast(HTML_COLOR_INVALID, HTML_COLOR_INVALID));
}

static void
test_links(void **state)
{
    struct arena             arena = {0};
    struct bytes             text = {0}, shown = {0};
    const struct html_facts *facts = render(
        "<base href=http://h.com/d/f.html><a href=' x '>1</a><img src=x><a href=x>2</a><a>3</a><a x/href=y>4"
        "<meta http-equiv=Refresh content='0; URL=/r;x'><a href='mailto:a@b.com' data-saferedirecturl='//s.com'>",
        &arena, &text);

    (void)state;
    for (size_t i = 0; i < facts->link_count; i++) {
        const struct uri_place *link = &facts->links[i];

        bytes_printf(&shown, "%.*s", SPAN_ARG(link->raw));
        for (unsigned type = 0; type < URI_TYPES; type++)
            if ((link->types >> type & 1) != 0)
                bytes_printf(&shown, " %s", uri_type_names[type]);
        for (size_t j = 0; j < link->text_count; j++)
            bytes_printf(&shown, " [%.*s]", SPAN_ARG(link->texts[j]));
        bytes_add_char(&shown, '\n');
    }
    assert_string_equal(shown.data, "http://h.com/d/f.html base\nhttp://h.com/d/x a img\nx [1] [2]\n [3]\n"
                                    "http://h.com/d/y a\ny [4]\nhttp://h.com/r meta\nmailto:a@b.com a []\n"
                                    "http://s.com a\n");
    bytes_free(&shown);
    bytes_free(&text);
    arena_free(&arena);
}

/* HTML that hurts: what stands in front, a piece, and how often that is repeated. */
static const struct {
    const char *what, *front, *piece;
    size_t      times;
} hostile[] = {
    {"a megabyte of <", "", "<", 1000000},
    {"nested <div>", "", "<div style=\"color:#111\">", 100000},
    {"nested cells", "", "<table><tr><td>", 100000},
    {"ends of what is not open, in a deep nest", "<p><p><p>", "<span></p>x</b>", 100000},
    {"attributes", "<p ", "a=b ", 200000},
    {"attributes with a slash", "<a ", "aaaaaaaaaaaaaaaa//////////////// ", 30000},
    {"names that nobody knows", "", "<xNUMBER>", 100000},
    {"anchors", "", "<a href=xNUMBER>t", 100000},
    {"anchors of one address", "", "<a href=x>t", 100000},
    {"titles without an end", "", "<title>", 100000},
    {"titles without an end, and texts", "", "<title>x y ", 100000},
    {"textareas that end and never began", "", "</textarea>", 100000},
    {"marked sections", "", "<![INCLUDE[", 100000},
    {"marked sections that are none", "", "<![a a ", 100000},
    {"their ends", "<![INCLUDE[", "]]>", 200000},
    {"quotes in end tags", "", "</a \"", 200000},
    {"declarations", "", "<!doctype \"", 100000},
    {"dashes", "<!--", "--", 500000},
    {"slashes", "", "<a /", 200000},
    {"a style of many declarations", "<p style=\"", "color:#fff;", 100000},
    {"a background of many layers", "<p style=\"background:", "url(((,,", 100000},
    {"colours that are none", "", "<p style='color:rgb(((((((((('>x", 50000},
    {"fonts with long faces", "", "<font face=\"a a a a a a a a a a a a a a a a a a a a a a a a a a a!\">", 20000},
    {"ampersands", "", "&", 1000000},
    {"characters in halves", "", "&#xd800;&#xdc00;", 60000},
    {"a word of many pieces", "", "x<b>", 200000},
    {"NULs", "", "<p\0>", 200000},
    {"images in an anchor", "<a>", "<img width=1 height=1>", 50000},
    {"bases", "", "<base href=http://a/NUMBER>", 50000},
};

enum { BOUND_MS = 5000 }; /* generous: with the sanitizers and beside other work */

static void
add_piece(struct bytes *html, const char *piece, size_t number)
{
    const char *word = strstr(piece, "NUMBER");

    if (word == NULL)
        bytes_add(html, (struct span){piece, strcmp(piece, "<p") == 0 ? 4 : strlen(piece)});
    else
        bytes_printf(html, "%.*s%zu%s", (int)(word - piece), piece, number, word + 6);
}

static void
test_hostile(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(hostile); row++) {
        struct arena arena = {0};
        struct bytes html = {0}, text = {0};
        clock_t      start;
        long         ms;

        bytes_add(&html, span_of(hostile[row].front));
        for (size_t i = 0; i < hostile[row].times; i++)
            add_piece(&html, hostile[row].piece, i);
        start = clock();
        (void)html_render(bytes_span(&html), html.len, &arena, &text);
        ms = (long)(clock() - start) * 1000 / CLOCKS_PER_SEC;
        if (ms > BOUND_MS)
            fail_msg("%s: %ld ms", hostile[row].what, ms);
        if (getenv("SHOW_TIMES") != NULL)
            print_message("%6ld ms %s\n", ms, hostile[row].what);
        assert_true(text.len <= html.len * 3);
        bytes_free(&text);
        bytes_free(&html);
        arena_free(&arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_insides), cmocka_unit_test(test_lists),
        cmocka_unit_test(test_colors),  cmocka_unit_test(test_links),   cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
