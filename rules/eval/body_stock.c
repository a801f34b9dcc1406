/* Lines as "Trading Date: today" and "Symbol: XYZ", with which shares were advertised. */
#include <ctype.h>
#include <glib.h>

#include "rules/eval/body_eval.h"
#include "rules/mail/charset.h"

enum {
    TEXT_MAX  = 1024 * 1024, /* octets of a part that are looked at */
    PIECE     = 2048,        /* characters that are looked at in one go, and up to twice that */
    LABEL_MAX = 32,
};

static struct regex_built_in label_pattern = {"^\\s*([^:\\s][^:\\n]{2,29})\\s*:\\s*\\S", "m", NULL};
static struct regex_built_in stock_pattern = {"((?:^trad(?:ing|e)date"
                                              "|company(?:name)?"
                                              "|s\\w?(?:y\\w?m(?:\\w?b\\w?o\\w?l)?|t\\w?o\\w?c\\w?k)"
                                              "|t(?:icker|arget)"
                                              "|(?:current|opening)p(?:rice)?"
                                              "|p(?:osition|rojected)"
                                              "|expectations"
                                              "|weeks?high"
                                              "|marketperformance"
                                              "|(?:day|week|month|year|price)(?:target|estimates?)"
                                              "|sector"
                                              "|r(?:ating|ecommendation)))$",
                                              "", NULL};

/* The text with an octet for each character: rules count those. */
static struct span
one_octet_each(struct arena *arena, struct span utf8)
{
    char  *copy = arena_new(arena, utf8.len);
    size_t len  = 0;

    while (utf8.len > 0) {
        unsigned char c     = (unsigned char)utf8.data[0];
        size_t        space = c < 0x80 ? 0 : charset_white_space(utf8);
        size_t        take  = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

        copy[len++] = (char)(space > 0 ? ' ' : c);
        utf8        = span_tail(utf8, take < utf8.len ? take : utf8.len);
    }
    return (struct span){copy, len};
}

/* The label in lower case, its letters alone. */
static struct span
letters_of(struct span label, char letters[LABEL_MAX])
{
    size_t len = 0;

    for (size_t i = 0; i < label.len && len < LABEL_MAX; i++)
        if (isalpha((unsigned char)label.data[i]) && (unsigned char)label.data[i] < 0x80)
            letters[len++] = (char)tolower((unsigned char)label.data[i]);
    return (struct span){letters, len};
}

static void
note_labels(struct span piece, GHashTable *words)
{
    struct regex_found found;
    char               memory[LABEL_MAX];

    for (size_t at = 0; at <= piece.len && regex_find(regex_of(&label_pattern), piece, at, &found);) {
        struct span letters = letters_of(regex_group(&found, 1), memory);

        at = regex_next(&found);
        if (regex_find(regex_of(&stock_pattern), letters, 0, &found)) {
            struct span word = regex_group(&found, 1);

            (void)g_hash_table_add(words, g_strndup(word.data, word.len));
        }
    }
}

/* The piece at the start: it ends at a line end, a > or a space where there is one. */
static struct span
next_piece(struct span text)
{
    if (text.len <= 2 * (size_t)PIECE)
        return text;
    for (const char *where = "\n> "; *where != '\0'; where++) {
        const char *found = memchr(text.data + PIECE, *where, PIECE);

        if (found != NULL)
            return span_head(text, (size_t)(found - text.data) + 1);
    }
    return span_head(text, PIECE + 1);
}

static double
count_words(struct span text)
{
    GHashTable *words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    double      count;

    while (text.len > 0) {
        struct span piece = next_piece(text);

        note_labels(piece, words);
        text = span_tail(text, piece.len);
    }
    count = g_hash_table_size(words);
    g_hash_table_destroy(words);
    return count;
}

static struct span
start_of(struct span text)
{
    return text.len > TEXT_MAX ? span_head(text, TEXT_MAX) : text;
}

double
body_count_stock_words(struct eval_run *run)
{
    const struct mime_parts *parts = &run->mail->parts;

    for (size_t i = 0; i < parts->count; i++)
        if (parts->items[i].leaf && span_equal(parts->items[i].type, SPAN("text/plain")))
            return count_words(one_octet_each(&run->arena, start_of(parts->items[i].rendered)));
    return 0;
}
