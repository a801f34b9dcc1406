/* Records in packets. */
#include "proxy/audit/audit_packet.h"

static size_t
read_number(const char *octets, size_t count)
{
    size_t number = 0;

    for (size_t i = 0; i < count; i++)
        number = number << 8 | (unsigned char)octets[i];
    return number;
}

void
audit_packet_write_head(char head[AUDIT_HEAD_SIZE], unsigned id, size_t len)
{
    const char octets[AUDIT_HEAD_SIZE] = {(char)(id >> 8),   (char)id,         (char)(len >> 24),
                                          (char)(len >> 16), (char)(len >> 8), (char)len};

    memcpy(head, octets, sizeof(octets));
}

bool
audit_packet_next(struct span *rest, struct audit_packet_record *record)
{
    size_t len;

    if (rest->len < AUDIT_HEAD_SIZE)
        return false;
    len = read_number(rest->data + 2, 4);
    if (len > rest->len - AUDIT_HEAD_SIZE)
        return false;
    record->id   = (unsigned)read_number(rest->data, 2);
    record->line = span_head(span_tail(*rest, AUDIT_HEAD_SIZE), len);
    *rest        = span_tail(*rest, AUDIT_HEAD_SIZE + len);
    return true;
}
