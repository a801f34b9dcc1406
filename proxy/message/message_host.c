/* Callbacks that pass on. */
#include "proxy/message/message_host.h"
#include "proxy/message/kept.h"

static void
pass_log(void *context, const char *filter, enum filter_log_level level, const char *line)
{
    const struct message_setup *setup = ((struct message_host *)context)->setup;

    setup->log(setup->context, filter, level, line);
}

static bool
pass_wants(void *context, enum filter_log_level level)
{
    const struct message_setup *setup = ((struct message_host *)context)->setup;

    return setup->wants == NULL || setup->wants(setup->context, level);
}

static void
pass_resume(void *context)
{
    const struct message_setup *setup = ((struct message_host *)context)->setup;

    setup->resume(setup->context);
}

static void
pass_yield(void *context)
{
    const struct message_setup *setup = ((struct message_host *)context)->setup;

    setup->yield(setup->context);
}

static void
take_rewritten(void *context, struct span text)
{
    sink_take(((struct message_host *)context)->body, text);
}

static int
keep_text(void *context, void **kept, struct span text)
{
    struct kept *made   = *kept;
    int          result = kept_add(&made, ((struct message_host *)context)->setup->budget, text);

    *kept = made;
    return result;
}

static int
show_kept(void *context, void *kept, struct span *text)
{
    (void)context;
    return kept_text(kept, text);
}

static void
drop_kept(void *context, void **kept)
{
    struct kept *made = *kept;

    (void)context;
    kept_close(&made);
    *kept = NULL;
}

static int
unfold_header(void *context)
{
    return message_header_unfold(((struct message_host *)context)->header);
}

void
message_host_open(struct message_host *host, const struct message_setup *setup, struct message_header *header,
                  struct sink *body)
{
    *host       = (struct message_host){.setup = setup, .header = header, .body = body};
    host->chain = (struct chain_host){.log     = pass_log,
                                      .wants   = pass_wants,
                                      .resume  = pass_resume,
                                      .yield   = setup->yield != NULL ? pass_yield : NULL,
                                      .text    = take_rewritten,
                                      .keep    = keep_text,
                                      .kept    = show_kept,
                                      .drop    = drop_kept,
                                      .unfold  = unfold_header,
                                      .notes   = setup->notes,
                                      .context = host};
}
