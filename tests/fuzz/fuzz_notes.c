/*
 * Notes in shared memory: what is found under a key is what was kept there last, or nothing, and nothing at all when
 * another process has written into the slot.
 */
#include "proxy/shared/notes.h"
#include "tests/fuzz/fuzz.h"

enum { KEYS = 16 };

struct kept {
    struct bytes note; /* the last one */
    bool         some;
};

/* A piece of the input, of a length that the input says. */
static struct span
take_piece(struct span *input)
{
    size_t      len   = (fuzz_number(input, 256) << 2) % (NOTES_NOTE_MAX + 16);
    struct span piece = span_head(*input, len < input->len ? len : input->len);

    *input = span_tail(*input, piece.len);
    return piece;
}

static void
keep(struct notes *notes, const struct notes_key *key, struct span note, struct kept *kept)
{
    struct span copy = fuzz_copy(note);
    bool        fits = notes_keep(notes, key, copy);

    FUZZ_EXPECT(fits == (note.len <= NOTES_NOTE_MAX));
    if (fits) {
        bytes_clear(&kept->note);
        bytes_add(&kept->note, note);
        kept->some = true;
    }
    fuzz_drop(copy);
}

static void
find(struct notes *notes, const struct notes_key *key, const struct kept *kept)
{
    struct bytes note = {0};

    if (notes_find(notes, key, &note))
        FUZZ_EXPECT(kept->some && span_equal(bytes_span(&note), bytes_span(&kept->note)));
    bytes_free(&note);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span   input      = {(const char *)data, size};
    struct notes *notes      = notes_open(NOTES_SLOT * NOTES_WAYS); /* one set: keys push each other out */
    struct kept   kept[KEYS] = {0};

    FUZZ_EXPECT(notes != NULL);
    while (input.len > 0) {
        size_t            choice = fuzz_number(&input, 2 * KEYS), number = choice / 2;
        char              name    = (char)number;
        const struct span parts[] = {{&name, number % 2}, {&name, 1}};
        struct notes_key  key     = notes_key(notes, parts, 2);

        if (choice % 2 == 0)
            keep(notes, &key, take_piece(&input), &kept[number]);
        else
            find(notes, &key, &kept[number]);
    }
    for (size_t i = 0; i < KEYS; i++)
        bytes_free(&kept[i].note);
    notes_close(&notes);
    return 0;
}
