/*
 * Mails, whatever they are: what is lent out lies in them, the tree of parts is one, and every field and every function
 * of rules can be asked for.
 */
#include "base/count.h"
#include "rules/eval/eval.h"
#include "rules/mail/field.h"
#include "rules/spamassassin/mimeheader.h"
#include "tests/fuzz/fuzz.h"

enum { CALLS_MAX = 16384, SHARES = 16 };

/* The fields of header rules: each name with each of the modifiers. */
static const char *const names[]     = {"From",
                                        "To",
                                        "Subject",
                                        "Received",
                                        "Content-Type",
                                        "Message-Id",
                                        "X",
                                        "ALL",
                                        "ToCc",
                                        "MESSAGEID",
                                        "EnvelopeFrom",
                                        "ALL-TRUSTED",
                                        "ALL-EXTERNAL",
                                        "X-Spam-Relays-Untrusted",
                                        "X-Spam-Relays-External",
                                        "X-Spam-Relays-Trusted",
                                        "X-Spam-Relays-Internal"};
static const char *const modifiers[] = {
    "",    ":raw",   ":addr",      ":name",        ":first",     ":last",      ":host",     ":domain",
    ":ip", ":revip", ":addr:host", ":addr:domain", ":raw:first", ":addr:last", ":name:raw", ":first:addr:raw"};

/* What is read once: calls of every function, with arguments that it takes. */
static struct {
    struct mail_settings  mail_settings;
    struct eval_settings *settings;
    struct eval_call     *calls[CALLS_MAX];
    size_t                call_count;
    struct field          fields[COUNT_OF(names) * COUNT_OF(modifiers)];
    size_t                field_count;
} made;

/* Lines of rule files without which some functions say nothing. */
static const struct {
    const char *word, *value;
} lines[] = {
    {"freemail_domains", "a.com b.com *.c.com"},
    {"freemail_welcomelist", "x@a.com"},
    {"ok_locales", "en"},
    {"welcomelist_from", "*@a.com"},
    {"welcomelist_from_rcvd", "*@a.com a.com"},
    {"blocklist_from", "*@b.com"},
    {"welcomelist_to", "*@c.com"},
    {"welcomelist_subject", "hi*"},
    {"enlist_uri_host", "(BAD) a.com"},
    {"enlist_addrlist", "(LIST) *@a.com"},
    {"welcomelist_bounce_relays", "a.com"},
    {"util_rb_2tld", "co.uk"},
    {"redirector_pattern", "m'^http://r\\.com/(.*)'i"},
};

static const char *const arguments[] = {
    "0",      "1",          "60",           "100",         "1.5",        "undef",         "gif",
    "all",    "From",       "From:addr",    "Subject:raw", "ALL",        "ToCc",          "Received",
    "/a/i",   "^a.*b$",     "BAD",          "LIST",        "text/plain", "mime_qp_count", "mime_multipart_ratio",
    "hidden", "a.com",      "image001.gif", "obfuscation", "title",      "a href",        "missing_mime_headers",
    "body",   "Message-Id", "0.05",         "big",         "8bits",      "x@a.com",       "html_length",
};

static void
make_call(const char *name, size_t count, size_t first, size_t others)
{
    struct bytes text = {0}, why = {0};

    bytes_printf(&text, "%s(", name);
    for (size_t i = 0; i < count; i++)
        bytes_printf(&text, "%s'%s'", i > 0 ? "," : "", arguments[i == 0 ? first : others]);
    bytes_add_char(&text, ')');
    if (made.call_count < CALLS_MAX)
        made.calls[made.call_count] = eval_call_read(made.settings, bytes_span(&text), &why);
    if (made.call_count < CALLS_MAX && made.calls[made.call_count] != NULL)
        made.call_count++;
    bytes_free(&why);
    bytes_free(&text);
}

/* With as many arguments as it takes, the first of them each of the arguments above. */
static void
make_calls_of(const struct eval_function *function)
{
    for (size_t count = function->least; count <= function->most && count <= function->least + 3; count++)
        for (size_t first = 0; first < (count > 0 ? COUNT_OF(arguments) : 1); first++)
            make_call(function->name, count, first, (first + count) % COUNT_OF(arguments));
}

static void
make_fields(void)
{
    for (size_t i = 0; i < COUNT_OF(names) * COUNT_OF(modifiers); i++) {
        struct bytes text = {0}, why = {0};

        bytes_printf(&text, "%s%s", names[i / COUNT_OF(modifiers)], modifiers[i % COUNT_OF(modifiers)]);
        if (field_parse(&made.fields[made.field_count], bytes_span(&text), &why) == 0)
            made.field_count++;
        else
            field_clear(&made.fields[made.field_count]);
        bytes_free(&why);
        bytes_free(&text);
    }
}

static void
make_all(void)
{
    struct bytes why = {0};

    mail_start();
    mail_settings_fill(&made.mail_settings);
    made.settings = eval_settings_new(&made.mail_settings);
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct span word = span_of(lines[i].word), value = span_of(lines[i].value);

        if (eval_line_owner(word) != NULL)
            (void)eval_read_line(made.settings, word, value, &why);
        else if (mail_settings_know_line(word))
            (void)mail_settings_read_line(&made.mail_settings, word, value, &why);
    }
    for (size_t i = 0; eval_plugins[i] != NULL; i++)
        for (const struct eval_function *f = eval_plugins[i]->functions; f != NULL && f->name != NULL; f++)
            make_calls_of(f);
    FUZZ_EXPECT(made.call_count < CALLS_MAX);
    make_fields();
    bytes_free(&why);
}

/* The sum of all octets that were lent out. */
static size_t touched;

/* Each octet is read, so that a sanitizer sees those that are not there. */
static void
touch(struct span span)
{
    for (size_t i = 0; i < span.len; i++)
        touched += (unsigned char)span.data[i];
}

static void
check_parts(const struct mime_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct mime_part *part = &parts->items[i];

        FUZZ_EXPECT(part->end > i && part->end <= parts->count && part->type.len > 0);
        FUZZ_EXPECT(!part->leaf || part->end == i + 1);
        for (size_t inside = i + 1; inside < part->end; inside++)
            FUZZ_EXPECT(parts->items[inside].end <= part->end);
        touch(part->name);
        touch(part->charset);
        touch(part->raw);
        touch(part->text);
        touch(part->rendered);
    }
}

static void
check_mimeheaders(const struct mime_parts *parts)
{
    struct mimeheader all = {0}, type = {.name = (char *)"Content-Type", .raw = true};
    struct bytes      memory = {0};
    bool              present;

    for (size_t i = 0; i < parts->count; i++) {
        touch(mimeheader_value(&all, &parts->items[i], &memory, &present));
        touch(mimeheader_value(&type, &parts->items[i], &memory, &present));
    }
    bytes_free(&memory);
}

static void
check_texts(const struct spans *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        touch(texts->items[i]);
}

static void
check_fields(const struct mail *mail)
{
    struct bytes value = {0};

    for (size_t i = 0; i < made.field_count; i++) {
        bytes_clear(&value);
        (void)field_read(&made.fields[i], mail, &value);
    }
    bytes_free(&value);
}

/* A share of them for each mail, so that there is time for many mails. */
static void
check_functions(const struct mail *mail, size_t share)
{
    struct eval_run run;

    eval_run_start(&run, made.settings, mail);
    for (size_t i = share; i < made.call_count; i += SHARES)
        (void)eval_run_call(&run, made.calls[i]);
    eval_run_end(&run);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mail mail;
    struct span text;

    if (made.settings == NULL)
        make_all();
    text = fuzz_copy((struct span){(const char *)data, size});
    mail_parse(&mail, &made.mail_settings, text);
    fuzz_drop(text);
    check_parts(&mail.parts);
    check_mimeheaders(&mail.parts);
    check_texts(&mail.body);
    check_texts(&mail.rawbody);
    check_texts(&mail.uris);
    check_fields(&mail);
    check_functions(&mail, size % SHARES);
    mail_free(&mail);
    return 0;
}
