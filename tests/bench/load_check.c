/* Compares an answer to RETR with what the upstream sent. */
#include <inttypes.h>

#include "tests/bench/load_check.h"

enum { HEADER_MAX = 64 * 1024 };

void
check_start(struct check *check, const struct mail *mail, bool edited)
{
    *check = (struct check){.mail = mail, .edited = edited, .offset = mail->header, .line_end = 2};
}

bool
check_is_done(const struct check *check)
{
    return check->offset == check->mail->answer.size;
}

static bool
wrong(const struct check *check, struct span came, struct span sent, struct bytes *why)
{
    size_t at = 0;

    while (came.data[at] == sent.data[at])
        at++;
    bytes_printf(why, "octet %" PRIu64 " of the message is 0x%02x and not 0x%02x",
                 check->offset + at - check->mail->header, (unsigned char)came.data[at], (unsigned char)sent.data[at]);
    return false;
}

/* Finds the empty line that ends a header block. */
static bool
skip_header(struct check *check, struct span *came, struct bytes *why)
{
    static const char end[] = "\r\n\r\n";
    size_t            at    = 0;

    while (at < came->len && check->line_end < sizeof(end) - 1) {
        if (check->line_end == 0)
            at += span_find(span_tail(*came, at), '\r');
        if (at == came->len)
            break;
        char c          = came->data[at++];
        check->line_end = c == end[check->line_end] ? check->line_end + 1 : c == '\r';
    }
    *came = span_tail(*came, at);
    check->skipped += at;
    if (check->line_end == sizeof(end) - 1)
        check->offset = check->mail->body;
    if (check->skipped <= HEADER_MAX)
        return true;
    bytes_printf(why, "%zu octets of header and no end", check->skipped);
    return false;
}

bool
check_octets(struct check *check, struct span *came, struct bytes *why)
{
    if (check->edited && check->offset < check->mail->body && !skip_header(check, came, why))
        return false;
    if (check->edited && check->offset < check->mail->body)
        return true;
    while (came->len > 0 && !check_is_done(check)) {
        struct span sent = flow_at(&check->mail->answer, check->offset);
        size_t      len  = came->len < sent.len ? came->len : sent.len;
        if (memcmp(came->data, sent.data, len) != 0)
            return wrong(check, *came, sent, why);
        check->offset += len;
        *came = span_tail(*came, len);
    }
    return true;
}
