/* One pattern takes mailbox after mailbox off the front; what it cannot read, the grammar may. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"
#include "rules/mail/mailboxes.h"
#include "rules/mail/mailboxes_grammar.h"
#include "rules/mail/registry.h"
#include "rules/mail/uri_host.h"
#include "rules/regex/regex.h"

/* Quantifiers are possessive where they can be, so that the time is in proportion to the field. */
#define QUOTED "\"(?:[^\"\\\\]++|\\\\.)*+\""
#define ADDRESS "(?:" QUOTED "|[^@\\s<>()\\[\\],:;]+)@(?:[^\"\\s<>()\\[\\],:;]+|\\[[\\d:.]+\\])"
#define PHRASE "((?:" QUOTED "|[^\",;<]++)+)"
#define COMMENT "\\(((?:[^()\\\\]++|\\\\.)*+)\\)"

/* PHRASE <ADDRESS>, or one of them; what else stands in angle brackets behind it is passed over. */
static struct regex_built_in next_mailbox = {"\\G\\s*(?:(?:" PHRASE
                                             "\\s*)?<(?=[^>]*>)\\s*((?:[^>@\\s]*+\\s++)*\\S+|\\s*)\\s*>"
                                             "(?:\\s*<\\s*(?:(?:" QUOTED ")?\\S+|\\s*)\\s*>)*+"
                                             "|(" ADDRESS ")|" PHRASE ")(?:\\s*" COMMENT ")?\\s*(?:[,;]|\\z)",
                                             "", NULL};

enum { PHRASE_BEFORE = 1, BRACKETS, BARE_ADDRESS, PHRASE_ALONE, COMMENT_BEHIND }; /* its groups */

static struct regex_built_in group_name   = {"^[^\"()<>]+:\\s*(?:;.*)?", "s", NULL};
static struct regex_built_in address      = {"^(?:" ADDRESS ")$", "", NULL};
static struct regex_built_in in_brackets  = {"<(" ADDRESS ")>", "", NULL};
static struct regex_built_in phrase_piece = {"(" QUOTED ")|([^\"]++)", "", NULL};
static struct regex_built_in comment      = {COMMENT, "", NULL};

void
mailboxes_start(void)
{
    struct regex_built_in *patterns[] = {&next_mailbox, &group_name, &address, &in_brackets, &phrase_piece, &comment};

    for (size_t i = 0; i < COUNT_OF(patterns); i++)
        (void)regex_of(patterns[i]);
}

void
mailboxes_add(struct mailboxes *mailboxes, struct mailbox mailbox)
{
    if (mailboxes->count == mailboxes->capacity) {
        mailboxes->capacity = mailboxes->capacity > 0 ? mailboxes->capacity * 2 : 8;
        mailboxes->items    = memory_resize_array(mailboxes->items, mailboxes->capacity, sizeof(mailboxes->items[0]));
    }
    mailboxes->items[mailboxes->count++] = mailbox;
}

void
mailboxes_free(struct mailboxes *mailboxes)
{
    free(mailboxes->items);
    *mailboxes = (struct mailboxes){0};
}

/* Without "\\" and white space at the end. */
static struct span
clean_value(struct span value, struct arena *arena)
{
    char  *copy = arena_new(arena, value.len + 1);
    size_t len  = 0;

    while (value.len > 0 && strchr(" \t\n\v\f\r", value.data[value.len - 1]) != NULL &&
           value.data[value.len - 1] != '\0')
        value.len--;
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] == '\\' && i + 1 < value.len && value.data[i + 1] == '\\')
            i++;
        else
            copy[len++] = value.data[i];
    return (struct span){copy, len};
}

static void
add_without_comments(struct span text, struct bytes *clean_text)
{
    struct regex_found found;
    size_t             at = 0;

    while (regex_find(regex_of(&comment), text, at, &found)) {
        bytes_add(clean_text, (struct span){text.data + at, found.ends[0] - at});
        at = found.ends[1];
    }
    bytes_add(clean_text, span_tail(text, at));
}

static struct span
keep_text(struct bytes *text, struct arena *arena)
{
    struct span copy = text->len > 0 ? arena_copy(arena, bytes_span(text)) : SPAN("");

    bytes_free(text);
    return copy;
}

/* Signs that the address was not read rightly: an empty name in quotes, a quote too few. */
static bool
is_mistaken(struct span text)
{
    const char *quote = memchr(text.data, '"', text.len);

    return (text.len >= 3 && memcmp(text.data, "\"\"@", 3) == 0) ||
           (quote != NULL && memchr(quote + 1, '"', text.len - (size_t)(quote - text.data) - 1) == NULL);
}

static struct span
in_angle_brackets(struct span text, struct arena *arena)
{
    struct bytes bare = {0};

    add_without_comments(text, &bare);
    text = keep_text(&bare, arena);
    return regex_matches(regex_of(&address), text) ? text : (struct span){0};
}

/* Quotes, escapes and comments taken off. */
static struct span
read_phrase(struct span text, struct arena *arena)
{
    struct bytes       phrase = {0};
    struct regex_found found;
    size_t             at = 0;

    while (at < text.len && regex_find(regex_of(&phrase_piece), text, at, &found)) {
        struct span quoted = regex_group(&found, 1), plain = regex_group(&found, 2);

        at = found.ends[1];
        for (size_t i = 1; quoted.len > 0 && i < quoted.len - 1; i++)
            if (quoted.data[i] != '\\')
                bytes_add_char(&phrase, quoted.data[i]);
        if (plain.len > 0)
            add_without_comments(plain, &phrase);
    }
    return keep_text(&phrase, arena);
}

/* Up to a second @, if it has one. */
static struct span
until_second_at(struct span text)
{
    const char *at     = memchr(text.data, '@', text.len);
    const char *second = at != NULL ? memchr(at + 1, '@', text.len - (size_t)(at - text.data) - 1) : NULL;

    return second != NULL ? span_head(text, (size_t)(second - text.data)) : text;
}

/* Is what is behind the @ the name of a host? */
static bool
has_valid_host(struct span text)
{
    struct bytes ascii = {0};
    struct span  host  = span_tail(text, span_find(text, '@') + 1);
    bool         valid = uri_host_to_ascii(host, &ascii) && registry_name_valid(bytes_span(&ascii));

    bytes_free(&ascii);
    return valid;
}

/* Can it be an address: something at a host? */
static bool
looks_like_address(struct span text)
{
    return text.len > 0 && !is_mistaken(text) && regex_matches(regex_of(&address), text) &&
           has_valid_host(until_second_at(text));
}

bool
mailboxes_phrase_is_address(struct span phrase)
{
    static struct regex_built_in parts = {"^[^\\s@]+@[^\\s@]+$", "", NULL};

    return phrase.len > 0 && !is_mistaken(phrase) && regex_matches(regex_of(&parts), phrase) && has_valid_host(phrase);
}

static void
read_mailbox(struct mailboxes *mailboxes, const struct regex_found *found, struct arena *arena)
{
    struct span groups[COMMENT_BEHIND + 1];
    struct span mail, phrase;

    for (size_t i = 0; i <= COMMENT_BEHIND; i++)
        groups[i] = regex_group(found, i);
    mail   = groups[BRACKETS].data != NULL ? in_angle_brackets(groups[BRACKETS], arena) : groups[BARE_ADDRESS];
    phrase = groups[PHRASE_BEFORE].data != NULL ? groups[PHRASE_BEFORE] : groups[PHRASE_ALONE];
    if (mail.data != NULL && is_mistaken(mail))
        mail = (struct span){0};
    if (phrase.data != NULL)
        phrase = read_phrase(phrase, arena);
    if (mail.data == NULL && looks_like_address(phrase)) {
        mail   = phrase;
        phrase = (struct span){0};
    }
    if (phrase.len == 0 || (mail.data != NULL && span_equal(phrase, mail)))
        phrase = groups[COMMENT_BEHIND];
    mailboxes_add(mailboxes, (struct mailbox){mail.data != NULL ? until_second_at(mail) : mail, phrase});
}

/* Where nothing else was found: any address in angle brackets. */
static void
read_remains(struct mailboxes *mailboxes, struct span text)
{
    struct regex_found found;

    for (size_t at = 0; at < text.len && regex_find(regex_of(&in_brackets), text, at, &found); at = found.ends[1]) {
        struct span mail = regex_group(&found, 1);

        if (!is_mistaken(mail))
            mailboxes_add(mailboxes, (struct mailbox){until_second_at(mail), {0}});
    }
}

static void
read_mailboxes(struct mailboxes *mailboxes, struct span value, struct arena *arena)
{
    struct span        text = clean_value(value, arena);
    struct regex_found found;

    if (regex_find(regex_of(&group_name), text, 0, &found))
        text = span_tail(text, regex_group(&found, 0).len);
    while (text.len > 0 && regex_find(regex_of(&next_mailbox), text, 0, &found)) {
        struct span rest = span_tail(text, found.ends[1]);

        read_mailbox(mailboxes, &found, arena);
        text = rest;
    }
    read_remains(mailboxes, text);
}

static size_t
count_octets(struct span text, char c)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += text.data[i] == c;
    return count;
}

static bool
is_blank(struct span text)
{
    return count_octets(text, ' ') + count_octets(text, '\t') + count_octets(text, '\n') == text.len;
}

/* The octets at the start of the text that letters and digits are, and the signs. */
static size_t
plain_length(struct span text, const char *signs)
{
    size_t len = 0;

    while (len < text.len &&
           (text_is_alphanumeric(text.data[len]) || (text.data[len] != '\0' && strchr(signs, text.data[len]) != NULL)))
        len++;
    return len;
}

/*
 * What most fields hold, `somebody@example.org` or `Some Body <somebody@example.org>` and nothing that could be read in
 * another way: the same as read_mailboxes() makes of it. False: it is something else.
 */
static bool
read_plain(struct mailboxes *mailboxes, struct span value, struct arena *arena)
{
    struct span text = text_trim(value), phrase = {text.data, 0}, mail;
    size_t      open = span_find(text, '<'), local;

    if (open > 0 && open < text.len && text.data[text.len - 1] == '>') {
        phrase = span_head(text, open);
        text   = span_tail(span_head(text, text.len - 1), open + 1);
    }
    local = plain_length(text, "._+-=");
    if (local == 0 || local == text.len || text.data[local] != '@' || local + 1 == text.len ||
        plain_length(span_tail(text, local + 1), ".-") != text.len - local - 1 ||
        (phrase.len > 0 && phrase.data[0] == ' ') || plain_length(phrase, " .'-_") != phrase.len)
        return false;
    mail = arena_copy(arena, text);
    mailboxes_add(mailboxes, (struct mailbox){mail, phrase.len > 0 ? arena_copy(arena, phrase) : (struct span){0}});
    return true;
}

/* Did the pattern find fewer mailboxes than there seem to be? Then the grammar is asked. */
void
mailboxes_read(struct mailboxes *mailboxes, struct span value, struct arena *arena)
{
    struct mailboxes  ours = {0}, theirs = {0};
    struct mailboxes *chosen = &ours;

    if (is_blank(value) || read_plain(mailboxes, value, arena))
        return;
    mailboxes_start();
    read_mailboxes(&ours, value, arena);
    if (ours.count < count_octets(value, ',') + 1)
        mailboxes_read_grammar(&theirs, clean_value(value, arena), arena);
    if (theirs.count > ours.count)
        chosen = &theirs;
    for (size_t i = 0; i < chosen->count; i++)
        mailboxes_add(mailboxes, chosen->items[i]);
    mailboxes_free(&ours);
    mailboxes_free(&theirs);
}
