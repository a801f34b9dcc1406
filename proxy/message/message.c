/*
 * One message on its way. A stage is a function that makes what progress it can; message_move() runs them until one has
 * to wait.
 *
 *      HEADER -> CHECK -> BODY -> END -> REST -> DONE      a message that a filter withholds goes to DISCARD -> DONE
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/pool.h"
#include "proxy/message/message.h"
#include "proxy/message/message_header.h"
#include "proxy/message/message_host.h"
#include "proxy/message/message_writer.h"
#include "proxy/message/relay.h"
#include "proxy/net/buffer.h"
#include "proxy/pop3/dot.h"
#include "proxy/pop3/top.h"

#define STATUS SPAN("+OK message follows\r\n")

enum {
    WRITTEN_KEPT = 64 * 1024,  /* octets of memory */
    UNREAD_MAX   = 256 * 1024, /* octets that the client has not taken, beyond which none are read from the spool */
};

enum message_stage {
    MESSAGE_HEADER,  /* the header block is being collected */
    MESSAGE_CHECK,   /* the chain is to see it */
    MESSAGE_BODY,    /* the text behind it passes, or is parked */
    MESSAGE_END,     /* the server ended the message; the chain has the last word */
    MESSAGE_REST,    /* what is still held goes to the client */
    MESSAGE_DISCARD, /* the client was told -ERR; what the server still sends is dropped */
    MESSAGE_DONE,
};

/* Does the body wait in `hold`? */
enum message_hold {
    MESSAGE_HOLDS_NOTHING,
    MESSAGE_HOLDS,    /* nothing may be put into `to` yet */
    MESSAGE_RELEASES, /* what is held goes on, as the client takes it */
};

struct message {
    struct message_setup  setup;
    struct message_report report;
    struct message_host   host;
    struct chain_run     *run; /* NULL: no filter is interested */
    enum message_stage    stage;
    enum filter_verdict   verdict; /* of the filters that saw the body */
    struct dot_reader     reader;
    struct message_header header;  /* {0} where no filter is interested, and once the message is complete */
    struct bytes          changes; /* to the header, for the audit log; once the message is complete */
    struct hold           hold;
    enum message_hold     holds;
    int64_t               counted;   /* octets of the header that the client gets, while it has not taken all */
    int                   lost;      /* errno: what was held cannot be read */
    bool                  rewriting; /* the body is what the last filter writes */
    bool                  cutting;   /* the body is copied, up to where `top` says */
    struct top            top;
    bool                  writes_end; /* the reply's end does not come with octets that are moved */
    bool                  begun;      /* the client got octets of the answer */
    bool                  withheld;
    struct sink           text;   /* what the reader reads, on its way to the filters */
    struct message_writer head;   /* to the client */
    struct message_writer body;   /* to the client, or to where the message is parked */
    struct buffer        *to;     /* message_move()'s, during the call */
    bool                  waits;  /* the last call ended in MESSAGE_WAITS: */
    struct buffer         behind; /* what a filter is asking about, which the client does not get before the answer */
    uint64_t              octets_in, octets_out;
};

static unsigned
message_reach(const struct message *message)
{
    return message->run != NULL ? chain_reach(message->run) : FILTER_SKIPS;
}

/* Shows text to the filters: what is at hand goes to those that wait as well, which keep it. */
static void
show(struct message *message, struct span text, enum filter_verdict (*call)(struct chain_run *, struct span))
{
    bool stopped = message->verdict == FILTER_WITHHOLD || message->verdict == FILTER_FAILED;

    if (text.len > 0 && !stopped && message_reach(message) != FILTER_SKIPS)
        message->verdict = call(message->run, text);
}

/* Text of the body that the reader read. */
static void
take_text(struct sink *sink, struct span span)
{
    struct message *message = container_of(sink, struct message, text);
    size_t          len     = message->cutting ? top_read(&message->top, span) : span.len;
    struct span     asked   = span_head(span, len);

    message->octets_in += len;
    show(message, asked, chain_body);
    if (message->cutting && !message->rewriting)
        sink_take(&message->body.sink, asked);
    show(message, span_tail(span, len), chain_surplus);
}

static struct pool messages = {.size = sizeof(struct message)};

struct message *
message_open(const struct message_setup *setup)
{
    struct message *message = pool_take(&messages);

    message->setup               = *setup;
    message->reader.keep_bare_lf = setup->keep_bare_lf;
    message->reader.lf_ends_line = setup->lf_ends_line;
    message->text.take           = take_text;
    message_writer_open(&message->head, &message->octets_out, setup->keep_bare_lf);
    message_writer_open(&message->body, &message->octets_out, setup->keep_bare_lf);
    message->top.lines  = setup->info->lines;
    message->cutting    = setup->info->top && setup->info->needed > setup->info->lines;
    message->writes_end = message->cutting;
    message_host_open(&message->host, &message->setup, &message->header, &message->body.sink);
    message->run   = chain_open(setup->chain, setup->info, &message->report, &message->host.chain);
    message->stage = message->run != NULL ? MESSAGE_HEADER : MESSAGE_BODY;
    if (message->run != NULL) {
        message_header_open(&message->header, setup->budget);
        message->header.list.unnoted = !chain_records(setup->chain);
    }
    return message;
}

/* The first octets of the answer: from here on it is +OK. */
static void
begin_answer(struct message *message)
{
    if (message->begun)
        return;
    message->begun = true;
    buffer_add(message->to, STATUS);
}

/* A part of what was held is lost, whatever the client has of it. */
static bool
lose(struct message *message, enum message_progress *progress)
{
    message->lost = errno;
    *progress     = MESSAGE_BROKEN;
    return false;
}

/* The header as it is now and the status line in front, as one piece: what edits leave are many and small. */
static void
write_header(struct message *message)
{
    static struct bytes written; /* kept for the next message */
    struct span         status = message->begun ? SPAN("") : STATUS;

    message->begun   = true;
    message->head.to = message->to;
    bytes_add(&written, status);
    headers_write(&message->header.list, &written);
    sink_take(&message->head.sink, bytes_span(&written));
    hold_count(message->setup.budget, &message->counted, written.len);
    message->octets_out -= status.len;
    bytes_clear(&written);
    if (written.capacity > WRITTEN_KEPT)
        bytes_free(&written);
}

/* Nothing holds the message any longer: the header as it is now, then what was parked. */
static bool
release_held(struct message *message, enum message_progress *progress)
{
    if (message_header_unfold(&message->header) != 0)
        return lose(message, progress);
    write_header(message);
    message->body.to = message->to;
    if (message->holds == MESSAGE_HOLDS)
        message->holds = MESSAGE_RELEASES;
    return true;
}

/* Moves on what was held, as the client has room for it. True once all of it has gone. */
static bool
drain(struct message *message, enum message_progress *progress)
{
    switch (hold_drain(&message->hold, message->to, UNREAD_MAX)) {
    case HOLD_EMPTY:
        message->holds = MESSAGE_HOLDS_NOTHING;
        return true;
    case HOLD_FULL:
        *progress = MESSAGE_FULL;
        return false;
    case HOLD_BROKEN:
        break;
    }
    return lose(message, progress);
}

/* A filter, or one that failed and must not, keeps the message from the client. */
static bool
refuse(struct message *message, enum filter_verdict verdict, enum message_progress *progress)
{
    *progress = MESSAGE_BROKEN;
    if (message->begun)
        return false;
    message_write_refusal(message->to, verdict, chain_failure(message->run));
    message->withheld = true;
    message->stage    = MESSAGE_DISCARD;
    hold_close(&message->hold);
    return true;
}

static bool
collect_header(struct message *message, struct buffer *from, enum message_progress *progress)
{
    enum message_header_progress header = message_header_read(&message->header, &message->reader, from);

    *progress = MESSAGE_WANTS_MORE;
    if (header == MESSAGE_HEADER_LOST)
        return lose(message, progress);
    if (header == MESSAGE_HEADER_WANTS_MORE)
        return false;
    message->octets_in = message->header.octets;
    if (message->header.cut)
        message->verdict = chain_cut(message->run, "the header is too long: fields at its end pass unseen");
    message->stage = MESSAGE_CHECK;
    return true;
}

/*
 * The body begins in the line where the header ends: if the header ends in a bare LF that stays one, the body does not
 * begin a line.
 */
static void
begin_body(struct message *message)
{
    struct span header = span_head(bytes_span(&message->header.text), message->header.octets);

    message_writer_skip(&message->body, span_tail(header, header.len > 2 ? header.len - 2 : 0));
}

/* Text that was collected with the header but belongs to the body goes where the body goes. */
static void
pass_collected_body(struct message *message)
{
    struct span text = span_tail(bytes_span(&message->header.text), message->header.octets);

    if (message->cutting)
        (void)top_read(&message->top, span_head(bytes_span(&message->header.text), message->header.octets));
    sink_take(&message->text, text);
    if (!message->rewriting && !message->cutting)
        sink_take(&message->body.sink, text);
}

/* The filters have seen the header: where does the rest go? */
static bool
choose_path(struct message *message, enum message_progress *progress)
{
    message->rewriting  = (message_reach(message) & FILTER_REWRITE) != 0;
    message->holds      = (message_reach(message) & FILTER_HOLD) != 0 ? MESSAGE_HOLDS : MESSAGE_HOLDS_NOTHING;
    message->writes_end = message->rewriting || message->cutting || message->reader.done;
    if (message->holds == MESSAGE_HOLDS_NOTHING)
        return release_held(message, progress);
    hold_open(&message->hold, message->setup.budget);
    message->body.to = &message->hold.parked;
    return true;
}

static bool
check_header(struct message *message, struct buffer *from, enum message_progress *progress)
{
    enum filter_verdict verdict = message->verdict;

    (void)from;
    if (verdict == FILTER_CONTINUE)
        verdict = chain_headers(message->run, &message->header.list);
    *progress = MESSAGE_WAITS;
    if (verdict == FILTER_WAIT)
        return false;
    if (verdict != FILTER_CONTINUE)
        return refuse(message, verdict, progress);
    if (!choose_path(message, progress))
        return false;
    begin_body(message);
    pass_collected_body(message);
    message->stage = MESSAGE_BODY;
    return true;
}

/* Reads one piece and passes it on: by moving what may stay as it is, or through the filters that rewrite. */
static bool
pass_piece(struct message *message, struct buffer *from)
{
    bool moves = !message->rewriting && !message->cutting;
    bool shown =
        (message_reach(message) & (FILTER_BODY | FILTER_REWRITE)) != 0 || (message->cutting && !message->top.done);
    uint64_t before = message->octets_in;
    bool passed = relay_piece(&message->reader, from, moves ? message->body.to : NULL, shown ? &message->text : NULL,
                              &message->octets_out);

    if (moves)
        message->octets_out += message->octets_in - before;
    return passed;
}

static void
fail_holds(struct message *message)
{
    struct bytes why = {0};

    bytes_printf(&why, "the held message could not be written to spool_dir: %s", strerror(errno));
    message->verdict = chain_fail_holds(message->run, why.data);
    bytes_free(&why);
}

/* After the filters saw more of the body: are they content, and does one still hold the message? */
static bool
settle(struct message *message, enum message_progress *progress)
{
    if (message->verdict == FILTER_WAIT)
        message->verdict = chain_body(message->run, (struct span){0});
    *progress = MESSAGE_WAITS;
    if (message->verdict == FILTER_WAIT)
        return false;
    if (message->verdict == FILTER_CONTINUE && message->holds == MESSAGE_HOLDS && hold_settle(&message->hold) != 0)
        fail_holds(message);
    if (message->verdict != FILTER_CONTINUE)
        return refuse(message, message->verdict, progress) && message->stage == MESSAGE_BODY;
    if (message->holds == MESSAGE_HOLDS && (message_reach(message) & FILTER_HOLD) != 0) {
        message_header_fold(&message->header);
        return true;
    }
    if (message->holds == MESSAGE_HOLDS && !release_held(message, progress))
        return false;
    return message->holds == MESSAGE_HOLDS_NOTHING || drain(message, progress);
}

static bool
pass_body(struct message *message, struct buffer *from, enum message_progress *progress)
{
    if (message->run == NULL && from->length > 0) {
        begin_answer(message);
        message->body.to = message->to;
    }
    while (settle(message, progress)) {
        *progress = MESSAGE_WANTS_MORE;
        if (pass_piece(message, from))
            continue;
        if (message->reader.done)
            message->stage = MESSAGE_END;
        return message->reader.done;
    }
    return message->stage == MESSAGE_DISCARD;
}

/* Nothing moves any more, but it may wait for the client for long: what is still known of it is for the audit log. */
void
message_stop(struct message *message)
{
    message->stage = MESSAGE_DONE;
    if (message->run == NULL)
        return;
    chain_close(&message->run);
    if (message->report.recorded) {
        message->changes             = message->header.list.changes;
        message->header.list.changes = (struct bytes){0};
    }
    message_header_close(&message->header);
}

static bool
end_chain(struct message *message, struct buffer *from, enum message_progress *progress)
{
    enum filter_verdict verdict = message->run != NULL ? chain_end(message->run) : FILTER_CONTINUE;
    struct buffer_sink  wire    = buffer_sink(message->body.to);

    (void)from;
    *progress = MESSAGE_WAITS;
    if (verdict == FILTER_WAIT)
        return false;
    if (verdict != FILTER_CONTINUE)
        return refuse(message, verdict, progress);
    if (message->writes_end)
        dot_finish(&message->body.dots, &wire.sink);
    if (message->holds == MESSAGE_HOLDS && !release_held(message, progress))
        return false;
    message->stage = MESSAGE_REST;
    return true;
}

static bool
pass_rest(struct message *message, struct buffer *from, enum message_progress *progress)
{
    (void)from;
    if (message->holds == MESSAGE_RELEASES && !drain(message, progress))
        return false;
    message_stop(message);
    return true;
}

static bool
discard(struct message *message, struct buffer *from, enum message_progress *progress)
{
    *progress = MESSAGE_WANTS_MORE;
    while (relay_piece(&message->reader, from, NULL, NULL, &message->octets_out))
        ;
    if (message->reader.done)
        message_stop(message);
    return message->reader.done;
}

static bool
stop(struct message *message, struct buffer *from, enum message_progress *progress)
{
    (void)message;
    (void)from;
    *progress = MESSAGE_COMPLETE;
    return false;
}

/* Each returns true if the next stage can run at once; else it has set `*progress` to the reason. */
static bool (*const stages[])(struct message *, struct buffer *from, enum message_progress *) = {
    [MESSAGE_HEADER]  = collect_header,
    [MESSAGE_CHECK]   = check_header,
    [MESSAGE_BODY]    = pass_body,
    [MESSAGE_END]     = end_chain,
    [MESSAGE_REST]    = pass_rest,
    [MESSAGE_DISCARD] = discard,
    [MESSAGE_DONE]    = stop,
};

enum message_progress
message_move(struct message *message, struct buffer *from, struct buffer *to)
{
    enum message_progress progress = MESSAGE_WANTS_MORE;
    size_t                before   = to->length;

    message->to = to;
    buffer_move(&message->behind, to, message->behind.length);
    while (stages[message->stage](message, from, &progress))
        ;
    message->waits = progress == MESSAGE_WAITS;
    if (message->waits)
        buffer_move_rest(to, &message->behind, before);
    return progress;
}

bool
message_begun(const struct message *message)
{
    return message->begun;
}

bool
message_waits_for_client(const struct message *message)
{
    return message->holds == MESSAGE_RELEASES;
}

struct chain_run *
message_waits_for_filter(const struct message *message)
{
    return message->waits ? message->run : NULL;
}

struct message_facts
message_facts(const struct message *message)
{
    const struct bytes *changes = message->changes.data != NULL ? &message->changes : &message->header.list.changes;

    return (struct message_facts){
        .report     = &message->report,
        .changes    = changes->data != NULL ? changes->data : "",
        .octets_in  = message->octets_in,
        .octets_out = message->withheld ? 0 : message->octets_out,
        .withheld   = message->withheld,
        .ended      = message->reader.done,
        .lost       = message->lost,
    };
}

void
message_close(struct message **message)
{
    if (*message == NULL)
        return;
    message_stop(*message);
    hold_close(&(*message)->hold);
    buffer_clear(&(*message)->behind);
    hold_count((*message)->setup.budget, &(*message)->counted, 0);
    bytes_free(&(*message)->changes);
    bytes_free(&(*message)->report.rules);
    bytes_free(&(*message)->report.fields);
    pool_give(&messages, *message);
    *message = NULL;
}
