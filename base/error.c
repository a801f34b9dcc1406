/* Mistakes in files, a line each. */
#include "base/error.h"

static void __attribute__((format(printf, 4, 0)))
add_line(struct bytes *text, const char *file, unsigned line, const char *format, va_list args)
{
    if (file != NULL && line > 0)
        bytes_printf(text, "%s:%u: ", file, line);
    else if (file != NULL)
        bytes_printf(text, "%s: ", file);
    bytes_vprintf(text, format, args);
    bytes_add_char(text, '\n');
}

void
error_add(struct error *error, const char *file, unsigned line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_line(&error->text, file, line, format, args);
    va_end(args);
    error->count++;
}

void
error_note(struct error *error, const char *file, unsigned line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_line(&error->notes, file, line, format, args);
    va_end(args);
}

static const char *
c_string(const struct bytes *text)
{
    return text->data != NULL ? text->data : "";
}

const char *
error_text(const struct error *error)
{
    return c_string(&error->text);
}

const char *
error_notes(const struct error *error)
{
    return c_string(&error->notes);
}

void
error_free(struct error *error)
{
    bytes_free(&error->text);
    bytes_free(&error->notes);
    error->count = 0;
}
