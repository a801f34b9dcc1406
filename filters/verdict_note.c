/* The note is the mark, the score, and behind them the rules. */
#include "filters/verdict_note.h"
#include "base/count.h"

/* Does it begin with the letter of one of the names below? Most do not, and are not looked at further. */
static bool
begins_so(struct span name)
{
    char letter = name.len > 0 ? (char)(name.data[0] | 0x20) : '\0';

    return letter == 's' || letter == 'x' || letter == 'c' || letter == 'l';
}

/* Servers write these when a message was read or moved, and leave the message the same. */
static bool
is_of_server(struct span name)
{
    static const struct span names[] = {
        SPAN("Status"), SPAN("X-Status"),         SPAN("X-Keywords"),       SPAN("X-UID"),
        SPAN("X-UIDL"), SPAN("X-IMAP"),           SPAN("X-IMAPbase"),       SPAN("Content-Length"),
        SPAN("Lines"),  SPAN("X-Mozilla-Status"), SPAN("X-Mozilla-Status2")};

    if (!begins_so(name))
        return false;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (span_equal_nocase(name, names[i]))
            return true;
    return false;
}

struct verdict_mark
verdict_mark(const struct header_list *list, const struct siphash_key *key)
{
    struct siphash      fields;
    struct verdict_mark mark = {0};

    siphash_begin(&fields, key);
    for (size_t i = 0; i < list->count; i++)
        if (!is_of_server(list->fields[i].name))
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
