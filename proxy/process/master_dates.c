/* A look at the dates of certificates, once an hour. */
#include "proxy/process/master_dates.h"
#include "proxy/log.h"
#include "proxy/net/tls.h"

enum { HOUR = 3600 /* seconds */ };

int
master_dates_check(const struct config *config, time_t *checked)
{
    time_t       now   = time(NULL);
    struct error notes = {0};

    if (*checked == 0)
        *checked = now;
    if (now >= *checked && now < *checked + HOUR)
        return (int)(*checked + HOUR - now) * 1000;
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];

        if (listener->context != NULL)
            tls_server_note_dates(listener->context, *checked, now, listener->file, listener->line, &notes);
    }
    log_lines(LOG_LEVEL_WARNING, span_of(error_notes(&notes)));
    error_free(&notes);
    *checked = now;
    return HOUR * 1000;
}
