/*
 * Dots: every text and every wire of up to eight octets of those that matter goes through the reader and the writer,
 * cut in every way when short, whole and octet by octet when not. Two model clients read what comes out, a strict one
 * and one that takes a LF for a line end, and have to find the same message and the same end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/count.h"
#include "proxy/pop3/dot.h"

enum {
    LONGEST       = 8, /* octets of the strings that are all tried */
    LONGEST_SPLIT = 6, /* of those that are tried at every split */
    ROOM          = 8 * LONGEST,
};

/* A string of bounded length, and a sink that appends to it. */
struct buffer {
    struct sink sink;
    size_t      len;
    char        data[ROOM];
};

static void
put(struct buffer *buffer, struct span span)
{
    assert_true(buffer->len + span.len <= sizeof(buffer->data));
    if (span.len > 0)
        memcpy(buffer->data + buffer->len, span.data, span.len);
    buffer->len += span.len;
}

static void
put_char(struct buffer *buffer, char c)
{
    put(buffer, (struct span){&c, 1});
}

static void
take(struct sink *sink, struct span span)
{
    put(container_of(sink, struct buffer, sink), span);
}

static struct span
view(const struct buffer *buffer)
{
    return (struct span){buffer->data, buffer->len};
}

/* Fails, with the input that did it, unless both are the same. */
static void
expect(const char *what, struct span input, size_t cut, struct span got, struct span want)
{
    struct span shown[] = {input, got, want};

    if (span_equal(got, want))
        return;
    for (size_t i = 0; i < 3; i++) {
        print_error("%s", i == 0 ? "input \"" : i == 1 ? "\"\n  got \"" : "\"\n want \"");
        for (size_t j = 0; j < shown[i].len; j++)
            print_error(shown[i].data[j] == 'a' || shown[i].data[j] == '.' ? "%c" : "\\x%02x", shown[i].data[j]);
    }
    fail_msg("\" %s, cut %zu", what, cut);
}

/*
 * A client: reads a reply up to its end into `text`, and returns how many octets that took, 0 if there is no end. Lines
 * end at CR LF, for a lenient client also at a LF; a dot that starts a line is un-stuffed, a line of one dot is the
 * end.
 */
static size_t
client_read(struct span wire, bool lenient, struct buffer *text)
{
    size_t start = 0;

    text->len = 0;
    for (size_t at = 0; at < wire.len; at++) {
        bool   cr    = at > start && wire.data[at - 1] == '\r';
        size_t end   = cr ? at - 1 : at;
        bool   stuff = wire.data[start] == '.';

        if (wire.data[at] != '\n' || (!cr && !lenient))
            continue;
        if (stuff && end == start + 1)
            return at + 1;
        put(text, span_tail(span_head(wire, at + 1), start + stuff));
        start = at + 1;
    }
    return 0;
}

/* What a strict server sends for a text: as dot.h promises for dot_write(), written the slow way. */
static void
server_write(struct span text, struct buffer *wire)
{
    size_t lines = 0; /* where the last line starts */

    wire->len = 0;
    for (size_t at = 0; at < text.len; at++) {
        if (at == lines && text.data[at] == '.')
            put_char(wire, '.');
        put_char(wire, text.data[at]);
        if (text.data[at] == '\n' && at > 0 && text.data[at - 1] == '\r')
            lines = at + 1;
    }
    put(wire, lines == text.len ? SPAN(".\r\n") : SPAN("\r\n.\r\n"));
}

/* The text with CR in front of each bare LF. */
static void
add_crs(struct span text, struct buffer *out)
{
    out->len = 0;
    for (size_t at = 0; at < text.len; at++) {
        if (text.data[at] == '\n' && (at == 0 || text.data[at - 1] != '\r'))
            put_char(out, '\r');
        put_char(out, text.data[at]);
    }
}

/* Octets in a heap block of their exact length, where a sanitizer sees each octet read beyond them. */
static struct span
copy(struct span span)
{
    char *data = malloc(span.len > 0 ? span.len : 1);

    assert_non_null(data);
    if (span.len > 0)
        memcpy(data, span.data, span.len);
    return (struct span){data, span.len};
}

static void
drop_copy(struct span span)
{
    free((void *)span.data);
}

struct relay {
    struct dot_reader reader;
    struct buffer     text; /* what the reader gave */
    struct buffer     wire; /* what the steps made */
};

/* Reads one piece to its end, and returns what was left of it because the reply was done. */
static size_t
relay_piece(struct relay *relay, struct span piece)
{
    size_t left = piece.len;

    while (left > 0 && !relay->reader.done) {
        struct span     rest = span_tail(piece, piece.len - left);
        struct dot_step step;
        size_t          got = dot_read(&relay->reader, rest, &relay->text.sink, &step);

        assert_int_equal(got, step.pass + step.drop);
        assert_true(got > 0 || step.insert.len > 0);
        put(&relay->wire, span_head(rest, step.pass));
        put(&relay->wire, step.insert);
        left -= got;
    }
    return left;
}

/* What the reader makes of a LF without a CR. */
enum mode { MENDS_LF, KEEPS_LF, ENDS_AT_LF };

/* Relays `wire` in pieces of `size` octets, the first of `first`; returns how many octets the reader took. */
static size_t
relay_run(struct relay *relay, struct span wire, size_t first, size_t size, enum mode mode)
{
    size_t at = 0, left = 0;

    relay->reader    = (struct dot_reader){.keep_bare_lf = mode == KEEPS_LF, .lf_ends_line = mode == ENDS_AT_LF};
    relay->text.sink = relay->wire.sink = (struct sink){take};
    relay->text.len = relay->wire.len = 0;
    for (size_t len = first; at < wire.len && left == 0; len = size) {
        struct span piece = copy(span_head(span_tail(wire, at), len < wire.len - at ? len : wire.len - at));

        left = relay_piece(relay, piece);
        at += piece.len - left;
        drop_copy(piece);
    }
    return at;
}

/* One reply of a server, relayed in pieces: the text that the server meant is what everybody gets. */
static void
check_relay(struct span wire, size_t first, size_t size)
{
    struct relay  relay;
    struct buffer meant, clean, seen;
    size_t        end = client_read(wire, false, &meant);

    add_crs(view(&meant), &clean);
    assert_true(end > 0);
    for (enum mode mode = MENDS_LF; mode <= KEEPS_LF; mode++) {
        assert_int_equal(relay_run(&relay, wire, first, size, mode), end);
        assert_true(relay.reader.done);
        expect("the reader's text", wire, first, view(&relay.text), view(&meant));
    }
    expect("the wire kept as it is", wire, first, view(&relay.wire), span_head(wire, end));

    (void)relay_run(&relay, wire, first, size, MENDS_LF);
    for (int lenient = 0; lenient <= 1; lenient++) {
        assert_int_equal(client_read(view(&relay.wire), lenient, &seen), relay.wire.len);
        expect(lenient ? "a lenient client's text" : "a strict client's text", wire, first, view(&seen), view(&clean));
    }
}

/* One reply of a server that ends its lines with LF: it ends where a lenient client finds the end, and all clients of
 * popgate's find the same text. */
static void
check_lf_relay(struct span wire, size_t first, size_t size)
{
    struct relay  relay;
    struct buffer meant, clean, seen;
    size_t        end = client_read(wire, true, &meant);

    add_crs(view(&meant), &clean);
    assert_true(end > 0);
    assert_int_equal(relay_run(&relay, wire, first, size, ENDS_AT_LF), end);
    assert_true(relay.reader.done);
    expect("a reader's text that ends at LF", wire, first, view(&relay.text), view(&meant));
    for (int lenient = 0; lenient <= 1; lenient++) {
        assert_int_equal(client_read(view(&relay.wire), lenient, &seen), relay.wire.len);
        expect("a client's text of a server with LF", wire, first, view(&seen), view(&clean));
    }
}

/* The text of a reply's first piece goes through a writer, the rest is relayed. */
static void
check_handover(struct span wire, size_t first, enum mode mode)
{
    struct relay      relay;
    struct buffer     meant, clean, seen;
    struct dot_writer writer = {0};

    (void)client_read(wire, mode == ENDS_AT_LF, &meant);
    add_crs(view(&meant), &clean);
    (void)relay_run(&relay, span_head(wire, first), first, 1, mode);
    relay.wire.len = 0;
    (void)dot_write(&writer, view(&relay.text), &relay.wire.sink);
    if (!relay.reader.done)
        (void)relay_piece(&relay, span_tail(wire, first));
    else
        dot_finish(&writer, &relay.wire.sink);
    for (int lenient = 0; lenient <= 1; lenient++) {
        assert_int_equal(client_read(view(&relay.wire), lenient, &seen), relay.wire.len);
        expect("a text handed over to the wire", wire, first, view(&seen), view(&clean));
    }
}

/* Returns the sum of what dot_write() returned. */
static size_t
write_run(struct buffer *wire, struct span text, size_t first, size_t size, bool keep)
{
    struct dot_writer writer = {.keep_bare_lf = keep};
    size_t            at = 0, longer = 0;

    wire->sink = (struct sink){take};
    wire->len  = 0;
    for (size_t len = first; at < text.len; len = size) {
        struct span piece = copy(span_head(span_tail(text, at), len < text.len - at ? len : text.len - at));

        longer += dot_write(&writer, piece, &wire->sink);
        at += piece.len;
        drop_copy(piece);
    }
    dot_finish(&writer, &wire->sink);
    return longer;
}

/* One text, written in pieces: clients read it, with a line end at its end. */
static void
check_write(struct span text, size_t first, size_t size)
{
    struct buffer wire, model, seen, clean;

    add_crs(text, &clean);
    assert_int_equal(write_run(&wire, text, first, size, false), clean.len - text.len);
    if (clean.len > 0 && clean.data[clean.len - 1] != '\n')
        put(&clean, SPAN("\r\n"));
    for (int lenient = 0; lenient <= 1; lenient++) {
        assert_int_equal(client_read(view(&wire), lenient, &seen), wire.len);
        expect("a written text", text, first, view(&seen), view(&clean));
    }
    server_write(text, &model);
    assert_int_equal(write_run(&wire, text, first, size, true), 0);
    expect("a text written with its bare LFs", text, first, view(&wire), view(&model));
}

/* Calls `check` for every string of up to `longest` octets. */
static void
for_all_strings(size_t longest, void (*check)(struct span))
{
    static const char alphabet[] = {'\r', '\n', '.', 'a', '\0'};
    char              string[LONGEST];
    size_t            count = 1;

    for (size_t len = 0; len <= longest; len++, count *= sizeof(alphabet)) {
        for (size_t number = 0; number < count; number++) {
            size_t rest = number;

            for (size_t i = 0; i < len; i++, rest /= sizeof(alphabet))
                string[i] = alphabet[rest % sizeof(alphabet)];
            check((struct span){string, len});
        }
    }
}

static void
check_reply(struct span wire)
{
    check_relay(wire, wire.len, 1);
    check_relay(wire, 1, 1);
}

static void
check_text(struct span text)
{
    struct buffer wire;

    server_write(text, &wire);
    put(&wire, SPAN("+OK"));
    check_reply(view(&wire));
    check_write(text, text.len, 1);
    check_write(text, 1, 1);
}

static void
check_wire(struct span octets)
{
    struct buffer wire = {.len = 0};

    put(&wire, octets);
    put(&wire, SPAN("\r\n.\r\n"));
    check_reply(view(&wire));
    wire.len = 0;
    put(&wire, octets);
    put(&wire, SPAN("\n.\n+OK\n"));
    check_lf_relay(view(&wire), wire.len, 1);
    check_lf_relay(view(&wire), 1, 1);
}

static void
check_splits(struct span string)
{
    struct buffer wire, raw = {.len = 0};

    server_write(string, &wire);
    put(&raw, string);
    put(&raw, SPAN("\r\n.\r\n"));
    for (size_t cut = 1; cut < wire.len; cut++) {
        check_relay(view(&wire), cut, wire.len);
        check_handover(view(&wire), cut, MENDS_LF);
    }
    for (size_t cut = 1; cut < raw.len; cut++) {
        check_relay(view(&raw), cut, raw.len);
        check_lf_relay(view(&raw), cut, raw.len);
        check_handover(view(&raw), cut, MENDS_LF);
        check_handover(view(&raw), cut, ENDS_AT_LF);
    }
    for (size_t cut = 1; cut < string.len; cut++)
        check_write(string, cut, string.len);
}

static void
every_text(void **state)
{
    (void)state;
    for_all_strings(LONGEST, check_text);
}

static void
every_wire(void **state)
{
    (void)state;
    for_all_strings(LONGEST, check_wire);
}

static void
every_split(void **state)
{
    (void)state;
    for_all_strings(LONGEST_SPLIT, check_splits);
}

/* The steps themselves, as message.c meets them: {input, what is read, passed, dropped, inserted, whether it is done}.
 */
static const struct {
    const char *wire;
    size_t      pass, drop;
    const char *insert;
    bool        done;
} steps[] = {
    {".\r\n", 3, 0, "", true},         {".\r\n+OK\r\n", 3, 0, "", true}, {"a\r\n.\r\n+OK\r\n", 6, 0, "", true},
    {"a\r\n..\r\nb", 8, 0, "", false}, {"a\r\nb\r\nc", 7, 0, "", false}, {"a\nb", 1, 1, "\r\n", false},
    {"a\r\n.\nb", 3, 1, "", false},    {"a\r\n.", 3, 1, "", false},      {"a\r\n.\r", 3, 1, "", false},
    {"a\r.\r\n", 5, 0, "", false},
};

static void
single_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct dot_reader reader = {0};
        struct dot_step   step;
        struct span       wire = copy(span_of(steps[i].wire));
        size_t            got  = dot_read(&reader, wire, NULL, &step);

        if (got != step.pass + step.drop || step.pass != steps[i].pass || step.drop != steps[i].drop ||
            !span_equal(step.insert, span_of(steps[i].insert)) || reader.done != steps[i].done)
            fail_msg("row %zu: pass %zu, drop %zu, insert %zu octets, done %d", i, step.pass, step.drop,
                     step.insert.len, reader.done);
        drop_copy(wire);
    }
}

static void
nothing_is_read_of_nothing_or_behind_the_end(void **state)
{
    struct dot_reader reader = {0};
    struct dot_step   step;

    (void)state;
    assert_int_equal(dot_read(&reader, (struct span){0}, NULL, &step), 0);
    assert_false(reader.done);
    assert_int_equal(dot_read(&reader, SPAN(".\r\n"), NULL, &step), 3);
    assert_int_equal(dot_read(&reader, SPAN("+OK\r\n"), NULL, &step), 0);
    assert_int_equal(step.pass + step.drop + step.insert.len, 0);
    assert_true(reader.done);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_steps), cmocka_unit_test(nothing_is_read_of_nothing_or_behind_the_end),
        cmocka_unit_test(every_text),   cmocka_unit_test(every_wire),
        cmocka_unit_test(every_split),
    };

    return cmocka_run_group_tests_name("dot", tests, NULL, NULL);
}
