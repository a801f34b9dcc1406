/*
 * What a server lists. Of capabilities popgate's own list is made, a whole and clean reply whatever they were; of
 * unique ids the first of each number is kept, as they came.
 */
#include "base/text.h"
#include "proxy/pop3/capa.h"
#include "proxy/pop3/pop3.h"
#include "proxy/pop3/uidl.h"
#include "tests/fuzz/fuzz.h"

enum { NUMBERS = 256, UIDL_MAX = 255 /* octets */ };

/* A whole reply: a status line, listed lines, the end, and no control character in them. */
static void
check_reply(const struct bytes *reply)
{
    struct span rest = bytes_span(reply), line = {0};

    FUZZ_EXPECT(reply->len > 5 && memcmp(reply->data + reply->len - 5, "\r\n.\r\n", 5) == 0);
    for (size_t len; (len = pop3_next_line(rest, &line)) > 0; rest = span_tail(rest, len))
        FUZZ_EXPECT(len <= 512 && !text_has_control(line) && (line.data[0] != '.' || rest.len == 3));
    FUZZ_EXPECT(rest.len == 0);
}

static void
check_offers(struct capa *capa, size_t choice)
{
    struct capa_offer offer = {
        .stls = choice & 1, .plaintext = choice & 2, .login = choice & 4, .uidl = choice & 16, .top = choice & 32};
    struct bytes reply = {0};

    capa->known = choice & 8;
    capa_write(capa, &offer, &reply);
    check_reply(&reply);
    bytes_clear(&reply);
    capa_write_mechanisms(capa, &offer, &reply);
    check_reply(&reply);
    bytes_free(&reply);
}

/* "NUMBER ID" as RFC 1939, 7 has it, for small numbers; else 0. */
static size_t
split_id(struct span line, struct span *id)
{
    size_t number = 0, i = 0;

    for (; i < line.len && i < 3 && line.data[i] >= '0' && line.data[i] <= '9'; i++)
        number = number * 10 + (size_t)(line.data[i] - '0');
    if (i == 0 || i + 1 >= line.len || line.data[i] != ' ' || number >= NUMBERS || line.data[0] == '0')
        return 0;
    *id = span_tail(line, i + 1);
    for (size_t k = 0; k < id->len; k++)
        if (id->data[k] < '!' || id->data[k] > '~')
            return 0;
    return id->len <= 70 ? number : 0;
}

static void
check_ids(const struct uidl_table *table, const struct span first[NUMBERS])
{
    for (size_t number = 1; number < NUMBERS; number++) {
        const char *id = uidl_find(table, number);

        FUZZ_EXPECT(id == NULL || (strlen(id) <= UIDL_MAX && strlen(id) > 0));
        FUZZ_EXPECT(first[number].data == NULL || id != NULL);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span        input = {(const char *)data, size}, line, id, first[NUMBERS] = {{0}};
    size_t             choice = fuzz_number(&input, 64);
    struct capa        capa   = {0};
    struct uidl_table *table  = NULL;

    for (size_t len; (len = pop3_next_line(input, &line)) > 0; input = span_tail(input, len)) {
        struct span copy   = fuzz_copy(line);
        size_t      number = split_id(line, &id);

        capa_add(&capa, copy);
        (void)capa_has_mechanism(&capa, copy);
        uidl_add(&table, copy);
        if (number > 0 && first[number].data == NULL)
            first[number] = id;
        fuzz_drop(copy);
    }
    check_offers(&capa, choice);
    check_ids(table, first);
    capa_free(&capa);
    uidl_free(&table);
    return 0;
}
