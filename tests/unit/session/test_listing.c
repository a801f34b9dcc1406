/* proxy/session/listing.h: lists that come in pieces, what goes on, what is kept, and one that has no end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/count.h"
#include "proxy/session/listing.h"

static struct listing listing;
static struct buffer  from, to;

static int
end(void **state)
{
    (void)state;
    listing_free(&listing);
    listing = (struct listing){0};
    buffer_clear(&from);
    buffer_clear(&to);
    return 0;
}

/* A list that comes in pieces of `size` octets. */
static enum listing_progress
read_pieces(enum pop3_verb verb, bool is_read, const char *text, size_t size, bool passes)
{
    enum listing_progress progress = LISTING_WANTS_MORE;
    struct span           rest     = span_of(text);

    listing_start(&listing, (struct dot_reader){0});
    while (rest.len > 0 && progress == LISTING_WANTS_MORE) {
        struct span piece = span_head(rest, size < rest.len ? size : rest.len);

        buffer_add(&from, piece);
        rest     = span_tail(rest, piece.len);
        progress = listing_read(&listing, verb, is_read, &from, passes ? &to : NULL);
    }
    return progress;
}

static void
test_unique_ids_are_learnt_as_the_list_passes(void **state)
{
    static const char text[] = "1 a\r\n2 b b\r\n\r\n3 ..c\r\n.\r\n";

    (void)state;
    for (size_t size = 1; size <= sizeof(text); size++) {
        assert_int_equal(read_pieces(POP3_UIDL, true, text, size, true), LISTING_COMPLETE);
        assert_string_equal(uidl_find(listing.uidls, 1), "a");
        assert_string_equal(uidl_find(listing.uidls, 3), "..c");
        assert_null(uidl_find(listing.uidls, 4));
        assert_true(span_equal(buffer_pull(&to, to.length), span_of(text)));
        assert_int_equal(listing.octets, 0);
        (void)end(state);
    }
}

static void
test_a_list_that_is_of_no_use_passes_unread(void **state)
{
    (void)state;
    assert_int_equal(read_pieces(POP3_UIDL, false, "1 a\r\n.\r\n", 64, true), LISTING_COMPLETE);
    assert_null(uidl_find(listing.uidls, 1));
    assert_int_equal(to.length, 8);
}

static void
test_what_is_popgates_own_goes_no_further(void **state)
{
    (void)state;
    assert_int_equal(read_pieces(POP3_LIST, true, "1 120\r\n2 7\r\n.\r\n+OK", 3, false), LISTING_COMPLETE);
    assert_int_equal(sizes_find(&listing.sizes, 1), 120);
    assert_int_equal(sizes_find(&listing.sizes, 2), 7);
    assert_int_equal(to.length, 0);
}

static void
test_what_is_behind_a_list_is_left_there(void **state)
{
    (void)state;
    buffer_add(&from, SPAN("1 a\r\n.\r\n+OK next\r\n"));
    listing_start(&listing, (struct dot_reader){0});
    assert_int_equal(listing_read(&listing, POP3_UIDL, true, &from, NULL), LISTING_COMPLETE);
    assert_true(span_equal(buffer_pull(&from, from.length), SPAN("+OK next\r\n")));
}

static void
test_capabilities_are_kept_until_they_have_been_used(void **state)
{
    (void)state;
    assert_int_equal(read_pieces(POP3_CAPA, true, "PIPELINING\r\nTO", 64, false), LISTING_WANTS_MORE);
    assert_false(listing.capa.known);
    buffer_add(&from, SPAN("P\r\n.\r\n"));
    assert_int_equal(listing_read(&listing, POP3_CAPA, true, &from, NULL), LISTING_COMPLETE);
    assert_true(listing.capa.known && listing.capa.pipelining);
    listing_forget_capa(&listing);
    assert_false(listing.capa.known || listing.capa.pipelining);
}

static void
test_of_a_line_only_its_head_is_read(void **state)
{
    struct span x = SPAN("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");

    (void)state;
    listing_start(&listing, (struct dot_reader){0});
    buffer_add(&from, SPAN("1 a "));
    for (int i = 0; i < 4096; i++)
        buffer_add(&from, x);
    assert_int_equal(listing_read(&listing, POP3_UIDL, true, &from, NULL), LISTING_WANTS_MORE);
    assert_true(listing.line.len <= 1024);
    buffer_add(&from, SPAN("\r\n2 b\r\n.\r\n"));
    assert_int_equal(listing_read(&listing, POP3_UIDL, true, &from, NULL), LISTING_COMPLETE);
    assert_string_equal(uidl_find(listing.uidls, 2), "b");
}

static void
test_a_list_that_goes_nowhere_has_an_end(void **state)
{
    enum { PIECE = 1024 * 1024, PIECES_MAX = 257 };
    static char           lines[PIECE];
    enum listing_progress progress = LISTING_WANTS_MORE;
    int                   pieces   = 0;

    (void)state;
    memset(lines, '\n', sizeof(lines));
    listing_start(&listing, (struct dot_reader){.lf_ends_line = true});
    while (progress == LISTING_WANTS_MORE && pieces <= PIECES_MAX) {
        buffer_add(&from, (struct span){lines, PIECE});
        progress = listing_read(&listing, POP3_UIDL, false, &from, NULL);
        pieces++;
    }
    assert_int_equal(progress, LISTING_ENDLESS);
    assert_int_equal(pieces, PIECES_MAX);
}

static void
test_it_is_known_whether_a_list_was_asked_for(void **state)
{
    const struct pop3_command uidl = {.verb = POP3_UIDL}, list = {.verb = POP3_LIST},
                              one = {.verb = POP3_UIDL, .has_number = true, .number = 1}, stat = {.verb = POP3_STAT};

    (void)state;
    listing_note_asked(&listing, &one);
    listing_note_asked(&listing, &stat);
    listing_note_over(&listing, &one);
    assert_int_equal(listing.uidl_list, LIST_UNKNOWN);
    listing_note_asked(&listing, &uidl);
    assert_int_equal(listing.uidl_list, LIST_ASKED);
    assert_int_equal(listing.size_list, LIST_UNKNOWN);
    listing_note_over(&listing, &uidl);
    listing_note_asked(&listing, &uidl);
    assert_int_equal(listing.uidl_list, LIST_KNOWN);
    listing_note_asked(&listing, &list);
    listing_note_over(&listing, &list);
    assert_int_equal(listing.size_list, LIST_KNOWN);
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_unique_ids_are_learnt_as_the_list_passes),
        TEST(test_a_list_that_is_of_no_use_passes_unread),
        TEST(test_what_is_popgates_own_goes_no_further),
        TEST(test_what_is_behind_a_list_is_left_there),
        TEST(test_capabilities_are_kept_until_they_have_been_used),
        TEST(test_of_a_line_only_its_head_is_read),
        TEST(test_a_list_that_goes_nowhere_has_an_end),
        TEST(test_it_is_known_whether_a_list_was_asked_for),
    };

    return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
