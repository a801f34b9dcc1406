/* The note is the mark, the score, and behind them the rules. */
#include "filters/verdict_note.h"

/* Of the Received fields the topmost, which says when and where the message came to its mailbox. */
static bool
marks(const struct header_field *field, bool *received)
{
    static const struct span names[] = {{"Message-ID", 10}, {"Date", 4}, {"From", 4}, {"To", 2}, {"Subject", 7}};

    if (!*received && span_equal_nocase(field->name, SPAN("Received"))) {
        *received = true;
        return true;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (span_equal_nocase(field->name, names[i]))
            return true;
    return false;
}

struct verdict_mark
verdict_mark(const struct header_list *list, const struct siphash_key *key)
{
    struct siphash      fields;
    struct verdict_mark mark     = {0};
    bool                received = false;

    siphash_begin(&fields, key);
    for (size_t i = 0; i < list->count; i++)
        if (marks(&list->fields[i], &received))
            siphash_add(&fields, list->fields[i].text);
    siphash_end(&fields, mark.words);
    return mark;
}

void
verdict_note(const struct verdict_mark *mark, double score, struct span rules, struct bytes *note)
{
    bytes_add(note, (struct span){(const char *)mark->words, sizeof(mark->words)});
    bytes_add(note, (struct span){(const char *)&score, sizeof(score)});
    bytes_add(note, rules);
}

bool
verdict_read_note(struct span note, const struct verdict_mark *mark, double *score, struct span *rules)
{
    if (note.len < sizeof(mark->words) + sizeof(*score) || memcmp(note.data, mark->words, sizeof(mark->words)) != 0)
        return false;
    memcpy(score, note.data + sizeof(mark->words), sizeof(*score));
    *rules = span_tail(note, sizeof(mark->words) + sizeof(*score));
    return true;
}
