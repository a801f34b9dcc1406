/* EUC-JP has the same characters with the eighth bit set: KANA and JIS X 0212 behind an octet that says so. */
#include "rules/mail/charset_jis.h"
#include "base/count.h"

enum jis_set { JIS_ASCII, JIS_X_0208, JIS_X_0212, JIS_KANA };

enum { KANA_NEXT = 0x8e, JIS_X_0212_NEXT = 0x8f, KANA_LAST = 0xdf };

static const struct {
    struct span  sequence;
    enum jis_set set;
} escapes[] = {
    {{"\033$(D", 4}, JIS_X_0212},      {{"\033$@", 3}, JIS_X_0208}, {{"\033$B", 3}, JIS_X_0208},
    {{"\033&@\033$B", 6}, JIS_X_0208}, {{"\033(B", 3}, JIS_ASCII},  {{"\033(J", 3}, JIS_ASCII},
    {{"\033(I", 3}, JIS_KANA},
};

/* Takes the escape sequence off the text. False if it is none that is known. */
static bool
take_escape(struct span *text, enum jis_set *set)
{
    for (size_t i = 0; i < COUNT_OF(escapes); i++)
        if (span_starts(*text, escapes[i].sequence)) {
            *text = span_tail(*text, escapes[i].sequence.len);
            *set  = escapes[i].set;
            return true;
        }
    return false;
}

static bool
is_character(struct span text, size_t at)
{
    return at < text.len && text.data[at] > ' ' && text.data[at] < 0x7f;
}

/* A text without escape sequences. */
static void
add_characters(struct span text, enum jis_set set, struct bytes *euc)
{
    for (size_t i = 0; i < text.len; i++) {
        char high = (char)(text.data[i] | 0x80);

        if (set == JIS_ASCII || !is_character(text, i)) {
            bytes_add_char(euc, text.data[i]);
            continue;
        }
        if (set == JIS_KANA && (unsigned char)high <= KANA_LAST)
            bytes_add_char(euc, (char)KANA_NEXT);
        if (set == JIS_X_0212 && is_character(text, i + 1)) {
            bytes_add_char(euc, (char)JIS_X_0212_NEXT);
            bytes_add_char(euc, high);
            high = (char)(text.data[++i] | 0x80);
        }
        bytes_add_char(euc, high);
    }
}

void
charset_jis_to_euc(struct span text, struct bytes *euc)
{
    enum jis_set set = JIS_ASCII;

    do {
        struct span characters = span_head(text, span_find(text, '\033'));

        add_characters(characters, set, euc);
        text = span_tail(text, characters.len);
    } while (text.len > 0 && take_escape(&text, &set));
}
