/* Each reads from left to right once. */
#include <string.h>

#include "rules/mail/mailboxes_words.h"

void
words_free(struct words *words)
{
    bytes_free(&words->text);
    bytes_free(&words->comment);
}

bool
words_is_atom(char c)
{
    return (unsigned char)c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static enum outcome
worse(enum outcome outcome, bool flawed)
{
    return flawed && outcome != BROKEN ? FLAWED : outcome;
}

static void
add_text(struct bytes *text, const char *start, const char *end)
{
    bytes_add(text, (struct span){start, (size_t)(end - start)});
}

/* To the character that a backslash makes a plain one. */
static void
skip_escape(struct words *words, char c)
{
    if (c == '\\' && words->at + 1 < words->end)
        words->at++;
}

/* From its "(" on; one without an end goes as far as the text. */
static bool
skip_comment(struct words *words)
{
    unsigned    depth = 1;
    const char *start = ++words->at;

    bytes_clear(&words->comment);
    for (; !words_at_end(words); words->at++) {
        char c = *words->at;

        depth += c == '(';
        if (c == ')' && --depth == 0) {
            add_text(&words->comment, start, words->at++);
            return true;
        }
        if (c == '\n' || c == '\\') {
            add_text(&words->comment, start, words->at);
            start = words->at + 1;
            skip_escape(words, c);
        }
    }
    words->at = words->end;
    if (start < words->end)
        add_text(&words->comment, start, words->end);
    return false;
}

enum outcome
words_skip_blanks(struct words *words)
{
    while (!words_at_end(words)) {
        if (strchr(" \t\r\n", *words->at) != NULL && *words->at != '\0')
            words->at++;
        else if (*words->at != '(')
            return FOLLOWS;
        else if (!skip_comment(words))
            return BROKEN;
    }
    return ENDS;
}

enum outcome
words_read_dot_atom(struct words *words, bool point_back)
{
    const char *start = words->at, *point = words->at;
    bool        behind_point = false, flawed = false;

    if (!words_is_atom(words_peek(words)))
        return BROKEN;
    for (;;) {
        enum outcome outcome;

        while (words_is_atom(words_peek(words)))
            words->at++;
        add_text(&words->text, start, words->at);
        behind_point = behind_point && words->at == start;
        if (words_at_end(words))
            return flawed ? FLAWED : ENDS;
        outcome = words_skip_blanks(words);
        if (outcome != FOLLOWS)
            return worse(outcome, flawed);
        if (words_peek(words) != '.') {
            if (behind_point && point_back)
                words->at = point;
            return (behind_point && !point_back) || flawed ? FLAWED : FOLLOWS;
        }
        flawed |= behind_point;
        point = words->at++;
        bytes_add_char(&words->text, '.');
        behind_point = true;
        if (words_skip_blanks(words) != FOLLOWS)
            return flawed ? FLAWED : FOLLOWS;
        start = words->at;
    }
}

enum outcome
words_read_quoted(struct words *words)
{
    const char *start  = ++words->at;
    bool        flawed = false;

    for (; !words_at_end(words); words->at++) {
        char c = *words->at;

        if (c == '"') {
            add_text(&words->text, start, words->at++);
            return worse(words_skip_blanks(words), flawed);
        }
        flawed |= c == '\0' || c == '\n';
        if (c != '\\')
            continue;
        add_text(&words->text, start, words->at);
        start = words->at + 1;
        skip_escape(words, c);
    }
    words->at = words->end;
    return BROKEN;
}

static enum outcome
read_word(struct words *words)
{
    const char *start = words->at;

    if (words_peek(words) == '"')
        return words_read_quoted(words);
    while (words_is_atom(words_peek(words)) || words_peek(words) == '.')
        words->at++;
    add_text(&words->text, start, words->at);
    return words_at_end(words) ? ENDS : words_skip_blanks(words);
}

enum outcome
words_read_phrase(struct words *words)
{
    bool flawed = false;

    bytes_clear(&words->text);
    if (words_at_end(words))
        return ENDS;
    if (words_peek(words) == '.')
        return BROKEN;
    for (;;) {
        enum outcome outcome = read_word(words);

        flawed |= outcome == FLAWED;
        if (words_is_unread(outcome) || words_at_end(words))
            return worse(outcome, flawed);
        if (!words_is_atom(words_peek(words)) && words_peek(words) != '"' && words_peek(words) != '.')
            return flawed ? FLAWED : FOLLOWS;
        bytes_add_char(&words->text, ' ');
    }
}

/* [192.0.2.1] */
static enum outcome
read_literal(struct words *words)
{
    const char *start = words->at++;

    for (; !words_at_end(words); words->at++) {
        char c = *words->at;

        if (c == '[' || c == '\0')
            return BROKEN;
        if (c == ']') {
            add_text(&words->text, start, ++words->at);
            return words_skip_blanks(words);
        }
        if (c == '\n') {
            add_text(&words->text, start, words->at);
            start = words->at + 1;
        }
        skip_escape(words, c);
    }
    words->at = words->end;
    return BROKEN;
}

enum outcome
words_read_domain(struct words *words)
{
    words->at++;
    if (words_skip_blanks(words) != FOLLOWS)
        return BROKEN;
    return words_peek(words) == '[' ? read_literal(words) : words_read_dot_atom(words, false);
}
