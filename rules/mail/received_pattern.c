/* A form is read from left to right, and each thing in it becomes a piece of the pattern. */
#include <assert.h>
#include <ctype.h>

#include "base/count.h"
#include "rules/mail/received_pattern.h"

static const char localhost[] = "(?:(?i:localhost(?:\\.localdomain)?)|\\b(?<!:)127\\.0\\.0\\.1\\b|" RECEIVED_IPV6(
    "(?:(?=[0:]*:)[0:]{2,39}1|[0:]{2,30}(?i:ffff):127\\.0\\.0\\.1)") ")";

/* What a letter stands for if nothing behind it says otherwise. */
static const struct {
    char        letter;
    bool        kept; /* it is a group */
    const char *pattern;
} letters[] = {
    {'h', true, "\\S+"},     {'r', true, "\\S+"}, {'R', true, "\\S+"},  {'i', true, RECEIVED_ADDRESS},
    {'b', true, "\\S+"},     {'d', true, "\\S+"}, {'n', true, "\\S+"},  {'e', true, "\\S+"},
    {'o', true, "\\S+"},     {'x', true, "\\S+"}, {'w', false, "\\S+"}, {'a', true, RECEIVED_ADDRESS},
    {'L', false, localhost},
};

/* A letter, and perhaps {what it looks like}. Returns what follows. */
static const char *
add_letter(struct received_pattern *pattern, const char *form, struct bytes *text)
{
    size_t      row = 0, groups = strlen(pattern->letters);
    const char *end;

    while (row < COUNT_OF(letters) && letters[row].letter != *form)
        row++;
    assert(row < COUNT_OF(letters) && groups < RECEIVED_GROUPS_MAX);
    if (letters[row].kept)
        pattern->letters[groups] = *form;
    bytes_add(text, letters[row].kept ? SPAN("(") : SPAN("(?:"));
    end = form[1] == '{' ? strchr(form, '}') : NULL;
    if (end != NULL)
        bytes_add(text, (struct span){form + 2, (size_t)(end - form) - 2});
    else
        bytes_add(text, span_of(letters[row].pattern));
    bytes_add_char(text, ')');
    return end != NULL ? end + 1 : form + 1;
}

/* A regular expression between two `. Returns what follows. */
static const char *
add_expression(const char *form, struct bytes *text)
{
    const char *end = strchr(form + 1, '`');

    assert(end != NULL);
    bytes_add(text, (struct span){form + 1, (size_t)(end - form) - 1});
    return end + 1;
}

static const char *
add_literal(const char *form, struct bytes *text)
{
    if (!isalnum((unsigned char)*form) && *form != ' ')
        bytes_add_char(text, '\\');
    bytes_add_char(text, *form);
    return form + 1;
}

void
received_pattern_compile(struct received_pattern *pattern, const char *form)
{
    struct bytes text = {0}, why = {0};

    if (strncmp(form, "...", 3) == 0)
        form += 3;
    else
        bytes_add_char(&text, '^');
    while (*form != '\0')
        form = *form == '%'   ? add_letter(pattern, form + 1, &text)
               : *form == '`' ? add_expression(form, &text)
                              : add_literal(form, &text);
    pattern->regex = regex_compile(bytes_span(&text), SPAN(""), &why);
    assert(pattern->regex != NULL);
    bytes_free(&why);
    bytes_free(&text);
}
