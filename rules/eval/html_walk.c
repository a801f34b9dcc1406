/* What the plugins that look at HTML share. */
#include "rules/eval/html_walk.h"
#include "rules/mail/charset.h"

const struct html_facts *
html_walk(const struct eval_run *run, size_t *part)
{
    const struct mime_parts *parts = &run->mail->parts;

    while (*part < parts->count) {
        const struct mime_part *one = &parts->items[(*part)++];

        if (one->html != NULL)
            return one->html;
    }
    return NULL;
}

struct span
html_characters(struct eval_run *run, struct span utf8)
{
    char  *characters;
    size_t len = 0;

    if (charset_is_ascii(utf8))
        return utf8;
    characters = arena_new(&run->arena, utf8.len);
    for (size_t i = 0; i < utf8.len; i++) {
        unsigned char c = (unsigned char)utf8.data[i];

        if (c < 0x80)
            characters[len++] = (char)c;
        else if ((c == 0xc2 || c == 0xc3) && i + 1 < utf8.len)
            characters[len++] = (char)((c & 3) << 6 | (utf8.data[i + 1] & 0x3f));
        else if (c >= 0xc4)
            characters[len++] = '\xff';
    }
    return (struct span){characters, len};
}
