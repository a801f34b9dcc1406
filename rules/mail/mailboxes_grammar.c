/*
 * A reader for each rule of the grammar (RFC 5322, 3.4 and 4.4), as Email::Address::XS has them, which SpamAssassin
 * asks: where they differ from the RFC, they do so to have more of what people write.
 */
#include "rules/mail/mailboxes_grammar.h"
#include "rules/mail/mailboxes_words.h"

/* A mailbox that is being read. Data NULL: it has none. */
struct parts {
    struct span name, user, host, comment;
    bool        invalid;
};

struct reader {
    struct words      words; /* their text is that of the rule that is being read */
    struct parts      parts;
    struct span       all;
    struct mailboxes *found;
    struct arena     *arena;
};

static struct span
keep_text(struct reader *reader, const struct bytes *text)
{
    return text->len > 0 ? arena_copy(reader->arena, bytes_span(text)) : SPAN("");
}

static enum outcome
read_user(struct reader *reader)
{
    bool         flawed  = false;
    enum outcome outcome = ENDS;

    bytes_clear(&reader->words.text);
    while (!words_at_end(&reader->words)) {
        outcome = words_peek(&reader->words) == '"' ? words_read_quoted(&reader->words)
                                                    : words_read_dot_atom(&reader->words, true);
        if (outcome == BROKEN)
            return BROKEN;
        flawed |= outcome == FLAWED;
        if (words_at_end(&reader->words) || (outcome = words_skip_blanks(&reader->words)) != FOLLOWS ||
            words_peek(&reader->words) != '.')
            break;
        reader->words.at++;
        flawed |= words_at_end(&reader->words);
        if (words_at_end(&reader->words) || (outcome = words_skip_blanks(&reader->words)) != FOLLOWS)
            break;
        flawed |= words_peek(&reader->words) == '@';
        if (words_peek(&reader->words) == '@')
            break;
    }
    reader->parts.invalid |= flawed || outcome == BROKEN || outcome == FLAWED;
    reader->parts.user = keep_text(reader, &reader->words.text);
    return outcome;
}

static enum outcome
read_host(struct reader *reader)
{
    enum outcome outcome;

    bytes_clear(&reader->words.text);
    outcome = words_read_domain(&reader->words);
    if (outcome != BROKEN)
        reader->parts.host = keep_text(reader, &reader->words.text);
    return outcome;
}

/* "@a,@b:", the obsolete way to say by which hosts a mail has to go. False if nothing can be behind it. */
static bool
skip_route(struct reader *reader)
{
    enum outcome outcome = FOLLOWS;
    bool         flawed  = false;

    while (!words_is_unread(outcome) && words_peek(&reader->words) == '@') {
        outcome = words_read_domain(&reader->words);
        flawed |= outcome == FLAWED;
        while (!words_is_unread(outcome) && words_skip_blanks(&reader->words) == FOLLOWS &&
               words_peek(&reader->words) == ',')
            reader->words.at++;
    }
    if (words_at_end(&reader->words))
        return false;
    if (!words_is_unread(outcome) && (flawed || words_peek(&reader->words) == ':'))
        reader->words.at++;
    return words_skip_blanks(&reader->words) == FOLLOWS;
}

/* "<user@host>". What was read of it stays where it is broken. */
static void
read_angle_address(struct reader *reader)
{
    reader->words.at++;
    if (words_skip_blanks(&reader->words) != FOLLOWS || (words_peek(&reader->words) == '@' && !skip_route(reader)))
        return;
    if (words_peek(&reader->words) != '>') {
        if (words_is_unread(read_user(reader)) || words_at_end(&reader->words))
            return;
        if (words_peek(&reader->words) == '@' && (words_is_unread(read_host(reader)) || words_at_end(&reader->words)))
            return;
    }
    if (words_peek(&reader->words) != '>')
        return;
    reader->words.at++;
    (void)words_skip_blanks(&reader->words);
}

static void
take_comment(struct reader *reader)
{
    if (reader->words.comment.len > 0)
        reader->parts.comment = keep_text(reader, &reader->words.comment);
}

/* "Ann <user@host>". False if it is no such thing. */
static bool
read_name_address(struct reader *reader, enum outcome *outcome)
{
    if (words_is_unread(words_read_phrase(&reader->words)) || words_peek(&reader->words) != '<')
        return false;
    if (reader->words.text.len > 0)
        reader->parts.name = keep_text(reader, &reader->words.text);
    bytes_clear(&reader->words.comment);
    read_angle_address(reader);
    take_comment(reader);
    *outcome = words_at_end(&reader->words) ? ENDS : FOLLOWS;
    return true;
}

/* "user@host", or a name alone. */
static enum outcome
read_address(struct reader *reader)
{
    enum outcome user, host;

    bytes_clear(&reader->words.comment);
    user = read_user(reader);
    reader->parts.invalid |= user != FOLLOWS;
    if (user != ENDS && words_peek(&reader->words) == '@') {
        host = read_host(reader);
        if (host == FLAWED && words_at_end(&reader->words))
            user = ENDS;
        else if (host != FOLLOWS && user != FLAWED)
            user = host;
        reader->parts.invalid |= host == FLAWED;
    }
    take_comment(reader);
    if (reader->parts.invalid && reader->parts.user.data != NULL && reader->parts.host.data == NULL) {
        reader->parts.name = reader->parts.user;
        reader->parts.user = (struct span){0};
    }
    return user;
}

/* The user, in quotes where it has to be (RFC 5322, 3.2.4), at the host. */
static struct span
compose(struct reader *reader, struct span user, struct span host)
{
    struct bytes *text   = &reader->words.text;
    bool          quoted = user.data[0] == '.' || user.data[user.len - 1] == '.';
    bool          points = !quoted;

    for (size_t i = 0; i < user.len; i++)
        quoted |= !words_is_atom(user.data[i]) && !(points && user.data[i] == '.');
    bytes_clear(text);
    if (quoted)
        bytes_add_char(text, '"');
    for (size_t i = 0; i < user.len; i++) {
        if (user.data[i] == '\0' || strchr("\"\\\t\n\r", user.data[i]) != NULL)
            bytes_add_char(text, '\\');
        bytes_add_char(text, user.data[i]);
    }
    if (quoted)
        bytes_add_char(text, '"');
    bytes_add_char(text, '@');
    bytes_add(text, host);
    return keep_text(reader, text);
}

/* Empty parts are none. */
static void
add_mailbox(struct reader *reader)
{
    struct parts   parts   = reader->parts;
    struct mailbox mailbox = {.phrase = parts.name};

    if (parts.user.len > 0 && parts.host.len > 0)
        mailbox.address = compose(reader, parts.user, parts.host);
    else if (parts.user.len == 0 && parts.comment.data == NULL && mailboxes_phrase_is_address(parts.name))
        mailbox = (struct mailbox){.address = parts.name};
    if (mailbox.phrase.data == NULL)
        mailbox.phrase = parts.comment;
    if (mailbox.phrase.data == NULL && mailbox.address.data == NULL)
        mailbox.phrase = reader->all;
    mailboxes_add(reader->found, mailbox);
    reader->parts = (struct parts){0};
}

static enum outcome
read_mailbox(struct reader *reader)
{
    const char  *start = reader->words.at;
    enum outcome outcome;

    if (!read_name_address(reader, &outcome)) {
        reader->words.at = start;
        outcome          = read_address(reader);
    }
    add_mailbox(reader);
    return outcome;
}

/* "friends: ann@a.example, bob@b.example;". False if it is none. */
static bool
read_group(struct reader *reader, enum outcome *outcome)
{
    if (words_is_unread(words_read_phrase(&reader->words)) || words_peek(&reader->words) != ':')
        return false;
    reader->words.at++;
    *outcome = words_skip_blanks(&reader->words);
    while (*outcome == FOLLOWS && words_peek(&reader->words) != ';') {
        (void)read_mailbox(reader);
        if (words_peek(&reader->words) != ',')
            break;
        reader->words.at++;
        if (words_skip_blanks(&reader->words) != FOLLOWS)
            *outcome = BROKEN;
        else if (words_peek(&reader->words) == ';')
            (void)read_mailbox(reader);
    }
    if (*outcome != BROKEN && words_peek(&reader->words) == ';') {
        reader->words.at++;
        *outcome = words_skip_blanks(&reader->words);
    } else {
        *outcome = BROKEN;
    }
    return true;
}

void
mailboxes_read_grammar(struct mailboxes *mailboxes, struct span text, struct arena *arena)
{
    struct reader reader = {
        .words = {.at = text.data, .end = text.data + text.len}, .all = text, .found = mailboxes, .arena = arena};
    enum outcome outcome = words_skip_blanks(&reader.words);

    while (outcome == FOLLOWS) {
        const char *start = reader.words.at;

        if (!read_group(&reader, &outcome)) {
            reader.words.at = start;
            outcome         = read_mailbox(&reader);
        }
        if (outcome == ENDS || words_peek(&reader.words) != ',')
            break;
        reader.words.at++;
        outcome = words_skip_blanks(&reader.words);
        if (outcome == BROKEN)
            add_mailbox(&reader);
    }
    words_free(&reader.words);
}
