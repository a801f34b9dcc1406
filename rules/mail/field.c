/* Names and modifiers to values. Addresses are taken apart by GMime, which sees at most MAIL_HEADER_VALUE_MAX octets.
 */
#include <ctype.h>
#include <gmime/gmime.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/mail/envelope.h"
#include "rules/mail/field.h"
#include "rules/mail/relays.h"
#include "rules/mail/words.h"

static const struct {
    const char *name;
    size_t      offset; /* of a bool in struct field */
} modifiers[] = {
    {"raw", offsetof(struct field, raw)},     {"addr", offsetof(struct field, address)},
    {"name", offsetof(struct field, phrase)}, {"first", offsetof(struct field, first)},
    {"last", offsetof(struct field, last)},
};

enum { ALL_MAX = 64 * 1024, MODIFIERS = sizeof modifiers / sizeof modifiers[0] };

/* Names that stand for more than one field. */
static const struct {
    const char       *name;
    enum field_source source;
} sources[] = {
    {"ALL", FIELD_ALL},
    {"ToCc", FIELD_TO_CC},
    {"MESSAGEID", FIELD_MESSAGE_ID},
    {"EnvelopeFrom", FIELD_ENVELOPE_FROM},
    {"X-Spam-Relays-Trusted", FIELD_RELAYS},
    {"X-Spam-Relays-Untrusted", FIELD_RELAYS},
    {"X-Spam-Relays-Internal", FIELD_RELAYS},
    {"X-Spam-Relays-External", FIELD_RELAYS},
};

static const char *const message_id_fields[] = {"X-Message-Id", "Resent-Message-Id", "X-Original-Message-ID",
                                                "Message-Id"};
static const char *const to_cc_fields[]      = {"To", "Cc"};

static bool
is_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.data[i]) && strchr("_.-", name.data[i]) == NULL)
            return false;
    return name.len > 0;
}

static struct span
take_word(struct span *text)
{
    const char *colon = memchr(text->data, ':', text->len);
    struct span word  = span_head(*text, colon != NULL ? (size_t)(colon - text->data) : text->len);

    *text = span_tail(*text, colon != NULL ? word.len + 1 : word.len);
    return word;
}

static int
parse_modifier(struct field *field, struct span word, struct bytes *why)
{
    for (size_t i = 0; i < MODIFIERS; i++) {
        if (!span_equal(word, span_of(modifiers[i].name)))
            continue;
        *(bool *)((char *)field + modifiers[i].offset) = true;
        return 0;
    }
    bytes_printf(why, "unknown modifier \":%.*s\"", SPAN_ARG(word));
    return -1;
}

int
field_parse(struct field *field, struct span text, struct bytes *why)
{
    struct span name = take_word(&text);

    *field = (struct field){.source = FIELD_NAMED};
    if (!is_name(name)) {
        bytes_printf(why, "\"%.*s\" is no header field's name", SPAN_ARG(name));
        return -1;
    }
    field->name = memory_copy_span(name);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (strcmp(field->name, sources[i].name) == 0)
            field->source = sources[i].source;
    while (text.len > 0)
        if (parse_modifier(field, take_word(&text), why) != 0)
            return -1;
    return 0;
}

bool
field_equal(const struct field *a, const struct field *b)
{
    return strcasecmp(a->name, b->name) == 0 && a->source == b->source && a->raw == b->raw &&
           a->address == b->address && a->phrase == b->phrase && a->first == b->first && a->last == b->last;
}

/*
 * Encoded words are hidden from GMime, which would decode them where we must not, and not as rules expect where we
 * must: a ~, which hardly ever follows a =, stands in for their first question mark.
 */
static void
hide_words(char *text)
{
    for (char *word = strstr(text, "=?"); word != NULL; word = strstr(word, "=?"))
        word[1] = '~';
}

static void
show_words(char *text)
{
    for (char *word = strstr(text, "=~"); word != NULL; word = strstr(word, "=~"))
        word[1] = '?';
}

/* White space runs to a space, none at the ends, and a pair of single quotes around it goes. */
static void
add_tidy(struct span phrase, struct bytes *value)
{
    size_t      start = value->len;
    struct span tidy;

    for (size_t i = 0; i < phrase.len; i++)
        if (!isspace((unsigned char)phrase.data[i]))
            bytes_add_char(value, phrase.data[i]);
        else if (value->len > start && value->data[value->len - 1] != ' ')
            bytes_add_char(value, ' ');
    while (value->len > start && value->data[value->len - 1] == ' ')
        value->len--;
    tidy = (struct span){value->data + start, value->len - start};
    if (tidy.len >= 2 && tidy.data[0] == '\'' && tidy.data[tidy.len - 1] == '\'') {
        memmove(value->data + start, tidy.data + 1, tidy.len - 2);
        value->len -= 2;
    }
}

static void
add_phrase(const struct field *field, const char *phrase, struct bytes *value)
{
    char        *shown   = memory_copy_string(phrase);
    struct bytes decoded = {0};

    show_words(shown);
    if (field->raw) {
        bytes_add(value, span_of(shown));
    } else {
        words_decode(SPAN(""), span_of(shown), &decoded);
        add_tidy(bytes_span(&decoded), value);
    }
    bytes_free(&decoded);
    free(shown);
}

/* A lone word is nobody's address, but may be a name. */
static void
add_mailbox(const struct field *field, InternetAddress *address, struct bytes *value)
{
    const char *phrase = internet_address_get_name(address);
    const char *mail   = INTERNET_ADDRESS_IS_MAILBOX(address) ? INTERNET_ADDRESS_MAILBOX(address)->addr : NULL;
    bool        lone   = mail != NULL && strchr(mail, '@') == NULL;
    const char *wanted = field->address ? (lone ? NULL : mail) : (lone && phrase == NULL ? mail : phrase);

    if (wanted == NULL || *wanted == '\0')
        return;
    if (value->len > 0)
        bytes_add_char(value, '\n');
    if (field->address)
        bytes_add(value, span_of(wanted));
    else
        add_phrase(field, wanted, value);
}

/* The addresses or names in a field's value, a group's members among them. */
static void
add_addresses(const struct field *field, struct span raw, struct bytes *value)
{
    char                *copy = memory_copy_span(raw);
    InternetAddressList *list;

    hide_words(copy);
    list = internet_address_list_parse(NULL, copy);
    for (int i = 0; list != NULL && i < internet_address_list_length(list); i++) {
        InternetAddress     *address = internet_address_list_get_address(list, i);
        InternetAddressList *members =
            INTERNET_ADDRESS_IS_GROUP(address) ? INTERNET_ADDRESS_GROUP(address)->members : NULL;

        if (members == NULL)
            add_mailbox(field, address, value);
        for (int j = 0; members != NULL && j < internet_address_list_length(members); j++)
            add_mailbox(field, internet_address_list_get_address(members, j), value);
    }
    if (list != NULL)
        g_object_unref(list);
    free(copy);
}

static void
add_field(const struct field *field, const struct mail_header *header, struct bytes *value)
{
    if (field->address || field->phrase)
        add_addresses(field, header->raw, value);
    else if (field->raw)
        bytes_add(value, header->raw);
    else
        bytes_add(value, header->value);
}

/* All fields called `name`, or the first or last of them. */
static bool
read_named(const struct field *field, const char *name, const struct mail *mail, struct bytes *value)
{
    const struct mail_header *chosen = NULL;

    for (size_t i = 0; i < mail->headers.count; i++) {
        const struct mail_header *header = &mail->headers.items[i];

        if (!span_equal_nocase(header->name, span_of(name)))
            continue;
        if (!field->first || chosen == NULL)
            chosen = header;
        if (!field->first && !field->last)
            add_field(field, header, value);
    }
    if (chosen != NULL && (field->first || field->last))
        add_field(field, chosen, value);
    return chosen != NULL;
}

static bool
read_all(const struct field *field, const struct mail *mail, struct bytes *value)
{
    if (field->raw) {
        bytes_add(value, mail->head);
        if (value->len >= 2 && memcmp(value->data + value->len - 2, "\n\n", 2) == 0)
            value->len--;
        return mail->headers.count > 0;
    }
    for (size_t i = 0; i < mail->headers.count && value->len < ALL_MAX; i++) {
        bytes_add(value, mail->headers.items[i].name);
        bytes_add(value, SPAN(": "));
        bytes_add(value, mail->headers.items[i].value);
    }
    return mail->headers.count > 0;
}

static bool
read_several(const struct field *field, const char *const *names, size_t count, const struct mail *mail,
             struct bytes *value)
{
    bool any = false;

    for (size_t i = 0; i < count; i++)
        any |= read_named(field, names[i], mail, value);
    return any;
}

static bool
read_envelope_from(const struct mail *mail, struct bytes *value)
{
    struct span sender = envelope_sender(mail);

    bytes_add(value, sender);
    return sender.data != NULL;
}

static bool
read_relays(const struct field *field, const struct mail *mail, struct bytes *value)
{
    static const char *const parts[] = {"X-Spam-Relays-Trusted", "X-Spam-Relays-Untrusted", "X-Spam-Relays-Internal",
                                        "X-Spam-Relays-External"};
    unsigned                 part    = 0;

    while (strcmp(field->name, parts[part]) != 0)
        part++;
    relays_print(relays_of(mail), part, value);
    return true;
}

bool
field_read(const struct field *field, const struct mail *mail, struct bytes *value)
{
    size_t start = value->len;
    bool   any   = false;

    switch (field->source) {
    case FIELD_NAMED:
        any = read_named(field, field->name, mail, value);
        break;
    case FIELD_ALL:
        any = read_all(field, mail, value);
        break;
    case FIELD_TO_CC:
        any = read_several(field, to_cc_fields, sizeof to_cc_fields / sizeof to_cc_fields[0], mail, value);
        break;
    case FIELD_MESSAGE_ID:
        any =
            read_several(field, message_id_fields, sizeof message_id_fields / sizeof message_id_fields[0], mail, value);
        break;
    case FIELD_ENVELOPE_FROM:
        any = read_envelope_from(mail, value);
        break;
    case FIELD_RELAYS:
        any = read_relays(field, mail, value);
        break;
    }
    return any && (value->len > start || !(field->address || field->phrase));
}

void
field_clear(struct field *field)
{
    free(field->name);
    *field = (struct field){0};
}
