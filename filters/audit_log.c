/* The message is digested as it passes. One digest context is kept for the next message, for making one costs more. */
#include <openssl/evp.h>

#include "base/count.h"
#include "filters/audit_log.h"

enum {
    RECORDED_MAX = 998,      /* octets of a field that are recorded */
    LOOKED_AT    = 4 * 1024, /* octets of it as it is folded in the message */
    USUAL_FIELDS = 250,      /* octets of all fields, nearly always */
    SHA256_LEN   = 32,
};

struct audit_log {
    char *path;
};

static struct {
    EVP_MD     *sha256;
    EVP_MD_CTX *spare;
} process;

static EVP_MD_CTX *
take_context(void)
{
    EVP_MD_CTX *context = process.spare;

    process.spare = NULL;
    if (process.sha256 == NULL)
        process.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (context == NULL)
        context = EVP_MD_CTX_new();
    if (context != NULL && process.sha256 != NULL && EVP_DigestInit_ex2(context, process.sha256, NULL) == 1)
        return context;
    EVP_MD_CTX_free(context);
    return NULL;
}

static void
give_context(EVP_MD_CTX *context)
{
    if (process.spare == NULL)
        process.spare = context;
    else
        EVP_MD_CTX_free(context);
}

static unsigned
open_filter(struct filter *filter)
{
    filter->report->recorded = true;
    filter->state            = take_context();
    return FILTER_HEADERS | FILTER_BODY;
}

/* Adds the first field called `name`, unfolded, to `fields`; `value` gets its length, and data only if there is some.
 */
static void
add_field(const struct header_list *list, struct span name, struct bytes *fields, struct span *value)
{
    static struct bytes unfolded; /* the memory is kept */
    ssize_t             at = headers_find(list, name, 0);
    struct header_field field;

    if (at < 0)
        return;
    field = list->fields[at];
    if (field.value.len > LOOKED_AT)
        field.value.len = LOOKED_AT;
    headers_unfold(&field, &unfolded);
    if (unfolded.len == 0)
        return;
    *value = (struct span){"", unfolded.len < RECORDED_MAX ? unfolded.len : RECORDED_MAX};
    bytes_add(fields, span_head(bytes_span(&unfolded), value->len));
}

/*
 * The fields stand one behind the other in one block of memory; where that block is is known only when all are in it.
 */
static void
record_fields(const struct header_list *list, struct message_report *report)
{
    static const struct span names[]  = {SPAN("Message-ID"), SPAN("From"), SPAN("Subject")};
    struct span *const       values[] = {&report->message_id, &report->from, &report->subject};
    struct span              rest;

    (void)bytes_reserve(&report->fields, USUAL_FIELDS);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        add_field(list, names[i], &report->fields, values[i]);
    rest = bytes_span(&report->fields);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (values[i]->data != NULL) {
            *values[i] = span_head(rest, values[i]->len);
            rest       = span_tail(rest, values[i]->len);
        }
}

static enum filter_verdict
digest(struct filter *filter, struct span text)
{
    if (filter->state == NULL || EVP_DigestUpdate(filter->state, text.data, text.len) != 1) {
        filter_log(filter, FILTER_LOG_ERROR, "the message cannot be digested");
        return FILTER_FAILED;
    }
    return FILTER_CONTINUE;
}

static enum filter_verdict
read_headers(struct filter *filter, struct header_list *list)
{
    record_fields(list, filter->report);
    return digest(filter, list->raw);
}

static enum filter_verdict
finish_digest(struct filter *filter, struct header_list *list)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char     octets[SHA256_LEN];
    char             *hex = filter->report->sha256;

    (void)list;
    if (EVP_DigestFinal_ex(filter->state, octets, NULL) != 1)
        return FILTER_FAILED;
    for (size_t i = 0; i < SHA256_LEN; i++) {
        *hex++ = digits[octets[i] >> 4];
        *hex++ = digits[octets[i] & 15];
    }
    *hex = '\0';
    return FILTER_CONTINUE;
}

static void
close_filter(struct filter *filter)
{
    if (filter->state != NULL)
        give_context(filter->state);
}

static const char *
records_to(const void *conf)
{
    const struct audit_log *audit = conf;

    return audit->path;
}

static const struct setting settings[] = {
    {.key = "path", .type = SETTING_PATH, .offset = offsetof(struct audit_log, path), .required = true},
    {.key = NULL},
};

const struct filter_module audit_log_module = {
    .name       = "audit-log",
    .settings   = settings,
    .conf_size  = sizeof(struct audit_log),
    .records_to = records_to,
    .open       = open_filter,
    .headers    = read_headers,
    .body       = digest,
    .end        = finish_digest,
    .close      = close_filter,
};
