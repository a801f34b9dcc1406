/* Mail of three sizes: a text, and where that would be too long an attachment behind it. */
#include <assert.h>
#include <stdint.h>

#include "base/bytes.h"
#include "tests/bench/mail.h"

enum { TEXT_MAX = 6 * 1024 };

static const size_t sizes[MAIL_COUNT] = {4 * 1024, 64 * 1024, 1024 * 1024};

static const char *const words[] = {
    "the",     "meeting", "report",   "about",  "we",      "price",   "tomorrow", "please", "find",     "and",
    "server",  "house",   "attached", "number", "of",      "garden",  "offer",    "with",   "monday",   "free",
    "account", "train",   "a",        "letter", "result",  "from",    "our",      "office", "question", "kind",
    "regards", "invoice", "is",       "late",   "picture", "holiday", "music",    "in",     "project",  "done",
};

static struct mail mails[MAIL_COUNT];

static uint32_t
next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

static void
add_header(struct bytes *wire, unsigned number)
{
    for (unsigned hop = 1; hop <= 3; hop++)
        bytes_printf(wire,
                     "Received: from relay%u.example.org (relay%u.example.org [192.0.2.%u])\r\n"
                     "\tby mx%u.example.net (Postfix) with ESMTPS id 4XK%u%uZ\r\n"
                     "\tfor <bench@example.net>; Tue,  3 Mar 2026 08:12:0%u +0000 (UTC)\r\n",
                     hop, hop, hop, hop, number, hop, hop);
    bytes_printf(wire,
                 "From: Ann Example <ann@example.org>\r\nTo: bench@example.net\r\n"
                 "Subject: The figures for week %u\r\nDate: Tue, 3 Mar 2026 08:12:00 +0000\r\n"
                 "Message-ID: <bench-%u@example.org>\r\nMIME-Version: 1.0\r\n"
                 "X-Mailer: Example 7.1\r\nContent-Type: multipart/mixed; boundary=\"=_bench\"\r\n\r\n",
                 number, number);
}

/* Lines of words up to `end`; one in sixteen begins with a dot, and is stuffed. */
static void
add_text(struct bytes *wire, size_t end, uint32_t *random)
{
    bytes_printf(wire, "--=_bench\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n");
    while (wire->len < end) {
        size_t line = wire->len;
        if (next_random(random) % 16 == 0)
            bytes_printf(wire, "..");
        while (wire->len - line < 66)
            bytes_printf(wire, "%s ", words[next_random(random) % (sizeof(words) / sizeof(*words))]);
        bytes_printf(wire, "\r\n");
    }
}

static void
add_attachment(struct bytes *wire, size_t end, uint32_t *random)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    bytes_printf(wire, "--=_bench\r\nContent-Type: application/octet-stream; name=\"data.bin\"\r\n"
                       "Content-Transfer-Encoding: base64\r\n\r\n");
    while (wire->len < end) {
        for (unsigned i = 0; i < 76; i++)
            bytes_add_char(wire, alphabet[next_random(random) % 64]);
        bytes_printf(wire, "\r\n");
    }
}

static struct mail
make_mail(unsigned number, size_t size)
{
    struct bytes wire   = {0};
    uint32_t     random = number;
    size_t       header;

    add_header(&wire, number);
    header = wire.len;
    add_text(&wire, size < TEXT_MAX ? size : TEXT_MAX, &random);
    if (size > TEXT_MAX)
        add_attachment(&wire, size, &random);
    bytes_printf(&wire, "--=_bench--\r\n.\r\n");
    return (struct mail){bytes_span(&wire), span_head(bytes_span(&wire), header), span_tail(bytes_span(&wire), header)};
}

void
mail_make(void)
{
    for (unsigned i = 0; i < MAIL_COUNT; i++)
        mails[i] = make_mail(i + 1, sizes[i]);
}

const struct mail *
mail_get(unsigned number)
{
    assert(number >= 1 && number <= MAIL_COUNT);
    return &mails[number - 1];
}
