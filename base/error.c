/* Mistakes in files, a line each. */
#include "base/error.h"

void
error_add(struct error *error, const char *file, unsigned line, const char *format, ...)
{
    va_list args;

    if (file != NULL && line > 0)
        bytes_printf(&error->text, "%s:%u: ", file, line);
    else if (file != NULL)
        bytes_printf(&error->text, "%s: ", file);
    va_start(args, format);
    bytes_vprintf(&error->text, format, args);
    va_end(args);
    bytes_add_char(&error->text, '\n');
    error->count++;
}

const char *
error_text(const struct error *error)
{
    return error->text.data != NULL ? error->text.data : "";
}

void
error_free(struct error *error)
{
    bytes_free(&error->text);
    error->count = 0;
}
