/*
 * Header blocks: found at the same place whole and as the text grows; written as they came unless edited; and after any
 * edits a block of the same fields, whose new lines are not too long.
 */
#include "filters/headers.h"
#include "tests/fuzz/fuzz.h"

enum { LINE_OCTETS_MAX = 1000 }; /* octets with CR LF (RFC 5322, 2.1.1) */

/* The block's length, looked for as the text comes in pieces. */
static ssize_t
length_in_pieces(struct span text, uint32_t seed)
{
    struct headers_scan scan  = {0};
    size_t              len   = 0;
    ssize_t             found = -1;

    while (found < 0 && len < text.len) {
        struct span grown;

        len += fuzz_piece(span_tail(text, len), &seed);
        grown = fuzz_copy(span_head(text, len));
        found = headers_length(grown, &scan);
        fuzz_drop(grown);
    }
    return found;
}

static struct bytes
write_list(const struct header_list *list)
{
    struct bytes out = {0};

    headers_write(list, &out);
    return out;
}

static void
check_untouched(const struct header_list *list, struct span block)
{
    struct bytes out = write_list(list), value = {0};
    size_t       total = list->separator.len + list->rest.len;

    FUZZ_EXPECT(span_equal(bytes_span(&out), block));
    for (size_t i = 0; i < list->count; i++) {
        total += list->fields[i].text.len;
        headers_unfold(&list->fields[i], &value);
        FUZZ_EXPECT(value.len == 0 || memchr(value.data, '\n', value.len) == NULL);
    }
    FUZZ_EXPECT(total == block.len);
    bytes_free(&value);
    bytes_free(&out);
}

/* One edit, as the next octets of `input` have it. */
static void
edit(struct header_list *list, struct span *input)
{
    static const char *const names[] = {"Subject", "X-Spam-Flag", "a", "From"};

    size_t      verb = fuzz_number(input, 6), at = fuzz_number(input, list->count + 1);
    struct span name  = span_of(names[fuzz_number(input, 4)]);
    size_t      len   = fuzz_number(input, 256);
    struct span value = span_head(*input, len < input->len ? len : input->len);

    if (verb == 0)
        headers_insert(list, at, name, value);
    else if (verb == 1)
        (void)headers_insert_line(list, at, value);
    else if (verb == 2 && at < list->count && list->fields[at].name.len > 0)
        headers_replace(list, at, value);
    else if (verb == 3 && at < list->count && list->fields[at].name.len > 0)
        (void)headers_replace_line(list, at, value);
    else if (verb == 4 && at < list->count)
        headers_remove(list, at);
    else if (verb == 5)
        (void)headers_remove_all(list, &name, 1);
}

static void
check_new_lines(const struct header_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct span rest = list->fields[i].text;

        while (list->fields[i].owned != NULL && rest.len > 0) {
            const char *lf = memchr(rest.data, '\n', rest.len);

            FUZZ_EXPECT(lf != NULL && lf - rest.data < LINE_OCTETS_MAX && memchr(rest.data, '\0', rest.len) == NULL);
            rest = span_tail(rest, (size_t)(lf - rest.data) + 1);
            FUZZ_EXPECT(rest.len == 0 || rest.data[0] == ' ' || rest.data[0] == '\t');
        }
    }
}

/* Behind a leading "From " line. */
static bool
odd_line_leads(const struct header_list *list)
{
    size_t first = list->count > 0 && span_starts(list->fields[0].text, SPAN("From ")) ? 1 : 0;

    return first < list->count && list->fields[first].name.len == 0;
}

/* Where an empty line ends the block it still does, behind the same fields; unless an odd line now leads. */
static void
check_edited(const struct header_list *list)
{
    struct bytes        out   = write_list(list);
    struct span         block = span_head(bytes_span(&out), out.len - list->rest.len);
    struct header_list  again = {0};
    struct headers_scan scan  = {0};

    check_new_lines(list);
    if (list->separator.len > 0 && !odd_line_leads(list)) {
        FUZZ_EXPECT(headers_length(bytes_span(&out), &scan) == (ssize_t)block.len);
        headers_parse(&again, block);
        FUZZ_EXPECT(again.count == list->count);
        for (size_t i = 0; i < again.count; i++)
            FUZZ_EXPECT(span_equal(again.fields[i].name, list->fields[i].name));
        headers_free(&again);
    }
    bytes_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span         input = {(const char *)data, size}, block;
    uint32_t            seed  = (uint32_t)fuzz_number(&input, 256) + 1;
    size_t              edits = fuzz_number(&input, 8);
    struct headers_scan scan  = {0};
    ssize_t             len   = headers_length(input, &scan);
    struct header_list  list  = {0};

    FUZZ_EXPECT(len == length_in_pieces(input, seed) && len <= (ssize_t)input.len);
    block = fuzz_copy(len >= 0 ? span_head(input, (size_t)len) : input);
    input = span_tail(input, block.len);
    headers_parse(&list, block);
    check_untouched(&list, block);
    while (edits-- > 0)
        edit(&list, &input);
    if (fuzz_number(&input, 2) == 1)
        headers_finish(&list);
    check_edited(&list);
    headers_free(&list);
    fuzz_drop(block);
    return 0;
}
