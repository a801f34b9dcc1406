/* Mail of four sizes: a text, and where that would be too long an attachment behind it. */
#include <assert.h>
#include <inttypes.h>

#include "base/bytes.h"
#include "base/count.h"
#include "tests/bench/mail.h"

enum { TEXT_MAX = 6 * 1024 };

/* About how long a message is, and how often the block of its attachment comes. The block has no size that a buffer
 * has: a buffer too much or too little does not go unseen. */
static const struct {
    size_t   size;
    unsigned blocks;
} shapes[MAIL_COUNT] = {{4 * 1024, 1}, {64 * 1024, 1}, {1024 * 1024, 1}, {1000 * 1000, 1074}};

static const char *const words[] = {
    "the",     "meeting", "report",   "about",  "we",      "price",   "tomorrow", "please", "find",     "and",
    "server",  "house",   "attached", "number", "of",      "garden",  "offer",    "with",   "monday",   "free",
    "account", "train",   "a",        "letter", "result",  "from",    "our",      "office", "question", "kind",
    "regards", "invoice", "is",       "late",   "picture", "holiday", "music",    "in",     "project",  "done",
};

/* A message as it is written; `stuffed` counts the dots that are not its own. */
struct draft {
    struct bytes text;
    size_t       header, block, block_len, stuffed;
    uint32_t     random;
};

static struct mail mails[MAIL_COUNT];

struct flow
flow_of(struct span memory)
{
    return (struct flow){.memory = memory, .block_len = memory.len, .size = memory.len};
}

struct span
flow_at(const struct flow *flow, uint64_t offset)
{
    uint64_t repeated = flow->size - flow->memory.len; /* octets that are not held */
    uint64_t past     = flow->block + repeated;        /* the last of the blocks begins here */

    assert(offset < flow->size);
    if (offset >= past)
        return span_tail(flow->memory, (size_t)(offset - repeated));
    if (offset >= flow->block)
        offset = flow->block + (offset - flow->block) % flow->block_len;
    return span_tail(span_head(flow->memory, flow->block + flow->block_len), (size_t)offset);
}

static uint32_t
next_random(struct draft *draft)
{
    draft->random = draft->random * 1664525u + 1013904223u;
    return draft->random >> 16;
}

static void
add_header(struct draft *draft, unsigned number)
{
    bytes_printf(&draft->text, "Return-Path: <ann@example.org>\r\nDelivered-To: bench@example.net\r\n");
    for (unsigned hop = 1; hop <= 3; hop++)
        bytes_printf(&draft->text,
                     "Received: from relay%u.example.org (relay%u.example.org [192.0.2.%u])\r\n"
                     "\tby mx%u.example.net (Postfix) with ESMTPS id 4XK%u%uZ\r\n"
                     "\tfor <bench@example.net>; Tue,  3 Mar 2026 08:12:0%u +0000 (UTC)\r\n",
                     hop, hop, hop, hop, number, hop, hop);
    bytes_printf(&draft->text,
                 "From: Ann Example <ann@example.org>\r\nTo: bench@example.net\r\n"
                 "Cc: Bob Example <bob@example.org>, Carl Example <carl@example.org>\r\n"
                 "Subject: The figures for week %u\r\nDate: Tue, 3 Mar 2026 08:12:00 +0000\r\n"
                 "Message-ID: <bench-%u@example.org>\r\nReferences: <figures-%u@example.net>\r\nMIME-Version: 1.0\r\n"
                 "X-Mailer: Example 7.1\r\nContent-Type: multipart/mixed; boundary=\"=_bench\"\r\n\r\n",
                 number, number, number);
    draft->header = draft->text.len;
}

/* Lines of words up to `end`; one in sixteen begins with a dot, and is stuffed. */
static void
add_text(struct draft *draft, size_t end)
{
    struct bytes *text = &draft->text;

    bytes_printf(text, "--=_bench\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n");
    while (text->len < end) {
        size_t line = text->len;
        if (next_random(draft) % 16 == 0) {
            bytes_printf(text, "..");
            draft->stuffed++;
        }
        while (text->len - line < 66)
            bytes_printf(text, "%s ", words[next_random(draft) % COUNT_OF(words)]);
        bytes_printf(text, "\r\n");
    }
}

static void
add_attachment(struct draft *draft, size_t end)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    bytes_printf(&draft->text, "--=_bench\r\nContent-Type: application/octet-stream; name=\"data.bin\"\r\n"
                               "Content-Transfer-Encoding: base64\r\n\r\n");
    draft->block = draft->text.len;
    while (draft->text.len < end) {
        for (unsigned i = 0; i < 76; i++)
            bytes_add_char(&draft->text, alphabet[next_random(draft) % 64]);
        bytes_printf(&draft->text, "\r\n");
    }
    draft->block_len = draft->text.len - draft->block;
}

/* Puts the line of status, which tells the size, in front of the message. */
static struct mail
finish_mail(const struct draft *draft, unsigned blocks)
{
    uint64_t     repeated = (uint64_t)draft->block_len * (blocks - 1);
    uint64_t     octets   = draft->text.len + repeated - draft->stuffed;
    struct bytes answer   = {0};
    size_t       status;

    bytes_printf(&answer, "+OK %" PRIu64 " octets\r\n", octets);
    status = answer.len;
    bytes_add(&answer, bytes_span(&draft->text));
    bytes_printf(&answer, ".\r\n");
    return (struct mail){.answer = {.memory    = bytes_span(&answer),
                                    .block     = status + draft->block,
                                    .block_len = draft->block_len,
                                    .size      = answer.len + repeated},
                         .header = status,
                         .body   = status + draft->header,
                         .octets = octets};
}

static struct mail
make_mail(unsigned number, size_t size, unsigned blocks)
{
    struct draft draft = {.random = number};
    struct mail  mail;

    add_header(&draft, number);
    add_text(&draft, size < TEXT_MAX ? size : TEXT_MAX);
    if (size > TEXT_MAX)
        add_attachment(&draft, size);
    bytes_printf(&draft.text, "--=_bench--\r\n");
    mail = finish_mail(&draft, blocks);
    bytes_free(&draft.text);
    return mail;
}

void
mail_make(void)
{
    for (unsigned i = 0; i < MAIL_COUNT; i++)
        mails[i] = make_mail(i + 1, shapes[i].size, shapes[i].blocks);
}

const struct mail *
mail_get(unsigned number)
{
    assert(number >= 1 && number <= MAIL_COUNT);
    return &mails[number - 1];
}

uint64_t
mail_octets(void)
{
    uint64_t octets = 0;

    for (unsigned i = 0; i < MAIL_COUNT; i++)
        octets += mails[i].octets;
    return octets;
}
