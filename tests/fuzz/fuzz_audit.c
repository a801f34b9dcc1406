/*
 * Records of the audit log: whatever mail and peers say, a record is one line of JSON in UTF-8, without a character
 * that acts on a terminal. And packets of records, as the auditor is sent them: what is taken off one lies in it.
 */
#include "base/utf8.h"
#include "proxy/audit/audit_packet.h"
#include "proxy/audit/audit_record.h"
#include "tests/fuzz/fuzz_file.h"

static char memory[AUDIT_LINE_MAX];

/* A string of RFC 8259, 7, whose first quote is at the beginning of `text`; returns its length. */
static size_t
check_string(struct span text)
{
    size_t at = 1;

    while (text.data[at] != '"') {
        unsigned code = 0;
        size_t   len  = utf8_read(span_tail(text, at), &code);

        FUZZ_EXPECT(len > 0 && !utf8_acts(code));
        if (code == '\\') {
            unsigned unit = 0;

            at++;
            FUZZ_EXPECT(strchr("\"\\/bfnrtu", text.data[at]) != NULL);
            if (text.data[at] == 'u')
                FUZZ_EXPECT(sscanf(text.data + at + 1, "%4x", &unit) == 1);
            len = text.data[at] == 'u' ? 5 : 1;
        }
        at += len;
        FUZZ_EXPECT(at < text.len);
    }
    return at + 1;
}

/* Signs and numbers between strings, and nothing else. */
static void
check_line(struct span line)
{
    FUZZ_EXPECT(line.len > 2 && line.data[0] == '{' && memcmp(line.data + line.len - 2, "}\n", 2) == 0);
    for (size_t at = 1; at < line.len - 2;)
        if (line.data[at] == '"')
            at += check_string(span_tail(line, at));
        else
            FUZZ_EXPECT(strchr(",:[]0123456789.-+eEtruefals", line.data[at++]) != NULL);
}

static void
check_record(struct span input)
{
    struct audit_record record;
    struct span         list = fuzz_copy(fuzz_text(&input)), text = fuzz_copy(input);
    double              decimal = 0;
    size_t              len;

    memcpy(&decimal, input.data, input.len < sizeof(decimal) ? input.len : sizeof(decimal));
    audit_record_begin(&record, memory, sizeof(memory));
    audit_record_text(&record, AUDIT_KEY("text"), text);
    audit_record_list(&record, AUDIT_KEY("list"), list, SPAN(","));
    audit_record_decimal(&record, AUDIT_KEY("decimal"), decimal);
    audit_record_number(&record, AUDIT_KEY("number"), input.len);
    len = audit_record_end(&record);
    FUZZ_EXPECT(len > 0);
    check_line((struct span){memory, len});
    fuzz_drop(list);
    fuzz_drop(text);
}

static void
check_packet(struct span packet)
{
    struct span                rest = packet;
    struct audit_packet_record record;
    char                       head[AUDIT_HEAD_SIZE];

    while (audit_packet_next(&rest, &record)) {
        FUZZ_EXPECT(record.line.data >= packet.data + AUDIT_HEAD_SIZE &&
                    record.line.data + record.line.len == rest.data);
        audit_packet_write_head(head, record.id, record.line.len);
        FUZZ_EXPECT(memcmp(head, record.line.data - AUDIT_HEAD_SIZE, AUDIT_HEAD_SIZE) == 0);
    }
    FUZZ_EXPECT(rest.data + rest.len == packet.data + packet.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span copy = fuzz_copy((struct span){(const char *)data, size});

    check_record(copy);
    check_packet(copy);
    fuzz_drop(copy);
    return 0;
}
