/* A list of the names asked for so far, and their values: a few dozen, so that looking through it costs little. */
#include <ctype.h>

#include "base/text.h"
#include "rules/eval/eval_field.h"
#include "rules/mail/field.h"

struct eval_field {
    struct eval_field *next;
    const char        *name;
    struct span        value;
};

static struct span
read_value(struct eval_run *run, const char *name)
{
    static const char none[] = "";
    struct field      field;
    struct bytes      value = {0}, why = {0};
    struct span       copy = {0};

    if (field_parse(&field, span_of(name), &why) == 0 && field_read(&field, run->mail, &value)) {
        copy = bytes_span(&value);
        copy = arena_copy(&run->arena, span_head(copy, copy.len < EVAL_FIELD_MAX ? copy.len : EVAL_FIELD_MAX));
        if (copy.data == NULL)
            copy.data = none;
    }
    field_clear(&field);
    bytes_free(&value);
    bytes_free(&why);
    return copy;
}

struct span
eval_field(struct eval_run *run, const char *name)
{
    struct eval_field *field = run->fields;

    while (field != NULL && strcmp(field->name, name) != 0)
        field = field->next;
    if (field == NULL) {
        field       = arena_new(&run->arena, sizeof(*field));
        *field      = (struct eval_field){run->fields, name, read_value(run, name)};
        run->fields = field;
    }
    return field->value;
}

bool
eval_next_line(struct span *rest, struct span *line)
{
    if (rest->len == 0)
        return false;
    *line = span_head(*rest, span_find(*rest, '\n'));
    *rest = span_tail(*rest, text_line(*rest).len);
    return true;
}

struct span
eval_field_first(struct eval_run *run, const char *name)
{
    struct span value = eval_field(run, name), line = {0};

    (void)eval_next_line(&value, &line);
    return line;
}

bool
eval_matches(struct regex_built_in *pattern, struct span text)
{
    return regex_matches(regex_of(pattern), text);
}

bool
eval_field_matches(struct eval_run *run, const char *name, struct regex_built_in *pattern)
{
    struct span value = eval_field(run, name);

    return value.data != NULL && eval_matches(pattern, value);
}

struct span
eval_squeezed(struct eval_run *run, struct span text)
{
    char  *copy = arena_new(&run->arena, text.len);
    size_t len  = 0;

    for (size_t i = 0; i < text.len; i++)
        if (!isspace((unsigned char)text.data[i]))
            copy[len++] = text.data[i];
        else if (len == 0 || copy[len - 1] != ' ')
            copy[len++] = ' ';
    return (struct span){copy, len};
}

struct span
eval_lower(struct eval_run *run, struct span text)
{
    char *copy = arena_new(&run->arena, text.len + 1);

    for (size_t i = 0; i < text.len; i++)
        copy[i] = (char)(text.data[i] >= 'A' && text.data[i] <= 'Z' ? text.data[i] + ('a' - 'A') : text.data[i]);
    copy[text.len] = '\0';
    return (struct span){copy, text.len};
}
