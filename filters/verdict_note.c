/* The note is the mark, the score, and behind them the rules. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "filters/verdict_note.h"

static bool
marks(const struct header_field *field)
{
    static const struct span names[] = {
        {"Received", 8}, {"Message-ID", 10}, {"Date", 4}, {"From", 4}, {"To", 2}, {"Subject", 7},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (span_equal_nocase(field->name, names[i]))
            return true;
    return false;
}

struct verdict_mark
verdict_mark(const struct header_list *list)
{
    unsigned char       digest[EVP_MAX_MD_SIZE];
    struct verdict_mark mark;
    struct bytes        fields = {0};

    for (size_t i = 0; i < list->count; i++)
        if (marks(&list->fields[i]))
            bytes_add(&fields, list->fields[i].text);
    if (EVP_Digest(fields.data, fields.len, digest, NULL, EVP_sha256(), NULL) != 1)
        abort(); /* for want of memory */
    bytes_free(&fields);
    memcpy(mark.octets, digest, sizeof(mark.octets));
    return mark;
}

void
verdict_note(const struct verdict_mark *mark, double score, struct span rules, struct bytes *note)
{
    bytes_add(note, (struct span){(const char *)mark->octets, sizeof(mark->octets)});
    bytes_add(note, (struct span){(const char *)&score, sizeof(score)});
    bytes_add(note, rules);
}

bool
verdict_read_note(struct span note, const struct verdict_mark *mark, double *score, struct span *rules)
{
    if (note.len < sizeof(mark->octets) + sizeof(*score) || memcmp(note.data, mark->octets, sizeof(mark->octets)) != 0)
        return false;
    memcpy(score, note.data + sizeof(mark->octets), sizeof(*score));
    *rules = span_tail(note, sizeof(mark->octets) + sizeof(*score));
    return true;
}
