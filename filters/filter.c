/* What a filter may ask of whoever runs it, but for what the run itself decides (filters/chain.c). */
#include <errno.h>
#include <stdarg.h>

#include "filters/chain.h"
#include "filters/chain_notes.h"

void
filter_log(struct filter *filter, enum filter_log_level level, const char *format, ...)
{
    const struct chain_host *host = filter->host;
    struct bytes             line = {0};
    va_list                  args;

    if (host->log == NULL || (host->wants != NULL && !host->wants(host->context, level)))
        return;
    va_start(args, format);
    bytes_vprintf(&line, format, args);
    va_end(args);
    host->log(host->context, filter->name, level, line.data);
    bytes_free(&line);
}

bool
filter_recall(const struct filter *filter, struct bytes *note)
{
    return chain_recall(filter->chain, filter->at, filter->info, filter->host->notes, note);
}

void
filter_remember(const struct filter *filter, struct span note)
{
    chain_remember(filter->chain, filter->at, filter->info, filter->host->notes, note);
}

int
filter_keep(struct filter *filter, struct span text)
{
    const struct chain_host *host = filter->host;

    if (host->keep(host->context, &filter->kept, text) == 0)
        return 0;
    filter_explain(filter, "the held message could not be written to spool_dir: %s", strerror(errno));
    return -1;
}

int
filter_kept(struct filter *filter, struct span *text)
{
    const struct chain_host *host = filter->host;

    *text = (struct span){"", 0};
    if (filter->kept == NULL || host->kept(host->context, filter->kept, text) == 0)
        return 0;
    filter_explain(filter, "the held message could not be read from spool_dir: %s", strerror(errno));
    return -1;
}

void
filter_drop(struct filter *filter)
{
    if (filter->kept != NULL)
        filter->host->drop(filter->host->context, &filter->kept);
}

void
filter_explain(struct filter *filter, const char *format, ...)
{
    va_list args;

    bytes_clear(&filter->why);
    va_start(args, format);
    bytes_vprintf(&filter->why, format, args);
    va_end(args);
}
