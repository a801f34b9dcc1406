/*
 * Dots: any wire read whole and in pieces gives one text and one relayed wire; that wire holds no bare LF, reads as the
 * same text and relays as itself; any text written whole and in pieces reads back as itself.
 */
#include "proxy/pop3/dot.h"
#include "tests/fuzz/fuzz.h"

struct relayed {
    struct bytes text, wire;
    size_t       read;
    bool         done;
};

static void
relay_piece(struct dot_reader *reader, struct span piece, struct relayed *out)
{
    struct bytes_sink sink = bytes_sink(&out->text);

    while (piece.len > 0 && !reader->done) {
        struct dot_step step;
        size_t          got = dot_read(reader, piece, &sink.sink, &step);

        FUZZ_EXPECT(got == step.pass + step.drop && got <= piece.len && got + step.insert.len > 0);
        bytes_add(&out->wire, span_head(piece, step.pass));
        bytes_add(&out->wire, step.insert);
        out->read += got;
        piece = span_tail(piece, got);
    }
    out->done = reader->done;
}

/* Relays all of it; in pieces, unless the seed is 0. */
static struct relayed
relay(struct span wire, struct dot_reader reader, uint32_t seed)
{
    struct relayed out = {0};

    while (wire.len > 0 && !reader.done) {
        size_t      len   = seed != 0 ? fuzz_piece(wire, &seed) : wire.len;
        struct span piece = fuzz_copy(span_head(wire, len));

        relay_piece(&reader, piece, &out);
        fuzz_drop(piece);
        wire = span_tail(wire, len);
    }
    return out;
}

static void
relayed_free(struct relayed *relayed)
{
    bytes_free(&relayed->text);
    bytes_free(&relayed->wire);
}

static bool
relayed_equal(const struct relayed *a, const struct relayed *b)
{
    return span_equal(bytes_span(&a->text), bytes_span(&b->text)) &&
           span_equal(bytes_span(&a->wire), bytes_span(&b->wire)) && a->read == b->read && a->done == b->done;
}

static void
add_crs(struct span text, struct bytes *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\n' && (i == 0 || text.data[i - 1] != '\r'))
            bytes_add_char(out, '\r');
        bytes_add_char(out, text.data[i]);
    }
}

static void
check_relay(struct span wire, uint32_t seed)
{
    const struct dot_reader mends = {0}, keeps = {.keep_bare_lf = true};
    struct relayed whole = relay(wire, mends, 0), pieces = relay(wire, mends, seed), kept = relay(wire, keeps, seed);
    struct relayed again = relay(bytes_span(&whole.wire), mends, seed);
    struct bytes   clean = {0};

    add_crs(bytes_span(&whole.text), &clean);
    FUZZ_EXPECT(whole.done && again.done);
    FUZZ_EXPECT(relayed_equal(&whole, &pieces));
    FUZZ_EXPECT(span_equal(bytes_span(&kept.text), bytes_span(&whole.text)));
    FUZZ_EXPECT(span_equal(bytes_span(&kept.wire), span_head(wire, whole.read)));
    FUZZ_EXPECT(span_equal(bytes_span(&again.text), bytes_span(&clean)));
    FUZZ_EXPECT(span_equal(bytes_span(&again.wire), bytes_span(&whole.wire)));
    relayed_free(&whole);
    relayed_free(&pieces);
    relayed_free(&kept);
    relayed_free(&again);
    bytes_free(&clean);
}

/* Of a server that ends its lines with LF: whole or in pieces, and what goes out is as of a server that does not. */
static void
check_lf_relay(struct span wire, uint32_t seed)
{
    struct dot_reader reader = {.lf_ends_line = true};
    struct relayed    whole = relay(wire, reader, 0), pieces = relay(wire, reader, seed);
    struct relayed    again = relay(bytes_span(&whole.wire), (struct dot_reader){0}, seed);

    FUZZ_EXPECT(whole.done && again.done);
    FUZZ_EXPECT(relayed_equal(&whole, &pieces));
    FUZZ_EXPECT(span_equal(bytes_span(&again.wire), bytes_span(&whole.wire)));
    relayed_free(&whole);
    relayed_free(&pieces);
    relayed_free(&again);
}

static struct bytes
write_all(struct span text, bool keep, uint32_t seed)
{
    struct dot_writer writer = {.keep_bare_lf = keep};
    struct bytes      wire   = {0};
    struct bytes_sink sink   = bytes_sink(&wire);

    while (text.len > 0) {
        size_t      len   = seed != 0 ? fuzz_piece(text, &seed) : text.len;
        struct span piece = fuzz_copy(span_head(text, len));

        (void)dot_write(&writer, piece, &sink.sink);
        fuzz_drop(piece);
        text = span_tail(text, len);
    }
    dot_finish(&writer, &sink.sink);
    return wire;
}

static void
check_write(struct span text, bool keep, uint32_t seed)
{
    struct bytes   whole = write_all(text, keep, 0), pieces = write_all(text, keep, seed), want = {0};
    struct relayed back = relay(bytes_span(&whole), (struct dot_reader){.keep_bare_lf = keep}, seed);

    if (keep)
        bytes_add(&want, text);
    else
        add_crs(text, &want);
    if (want.len > 0 && (want.data[want.len - 1] != '\n' || want.len == 1 || want.data[want.len - 2] != '\r'))
        bytes_add(&want, SPAN("\r\n"));
    FUZZ_EXPECT(span_equal(bytes_span(&whole), bytes_span(&pieces)));
    FUZZ_EXPECT(back.done && back.read == whole.len);
    FUZZ_EXPECT(span_equal(bytes_span(&back.text), bytes_span(&want)));
    FUZZ_EXPECT(span_equal(bytes_span(&back.wire), bytes_span(&whole)));
    bytes_free(&whole);
    bytes_free(&pieces);
    bytes_free(&want);
    relayed_free(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span  input = {(const char *)data, size};
    uint32_t     seed  = (uint32_t)fuzz_number(&input, 256) + 1;
    struct bytes wire  = {0};

    bytes_add(&wire, input);
    bytes_add(&wire, SPAN("\r\n.\r\n+OK"));
    check_relay(bytes_span(&wire), seed);
    check_write(input, false, seed);
    check_write(input, true, seed);
    check_lf_relay(bytes_span(&wire), seed);
    bytes_free(&wire);
    return 0;
}
