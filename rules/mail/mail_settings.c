/* What holds by default, and a table of the lines that change it. */
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"
#include "rules/mail/mail_settings.h"
#include "rules/mail/uri_host.h"

enum { BODY_PART_MAX = 50000, RAWBODY_PART_MAX = 500000 };

void
mail_settings_fill(struct mail_settings *settings)
{
    settings->registry         = registry_new();
    settings->body_part_max    = BODY_PART_MAX;
    settings->rawbody_part_max = RAWBODY_PART_MAX;
    relay_settings_fill(&settings->relays);
}

void
mail_settings_clear(struct mail_settings *settings)
{
    for (size_t i = 0; i < settings->redirector_count; i++)
        regex_free(&settings->redirectors[i]);
    free(settings->redirectors);
    relay_settings_clear(&settings->relays);
    registry_free(&settings->registry);
    *settings = (struct mail_settings){0};
}

const struct mail_settings *
mail_settings_default(void)
{
    static struct mail_settings settings;

    if (settings.registry == NULL)
        mail_settings_fill(&settings);
    return &settings;
}

static size_t
count_labels(struct span domain)
{
    size_t labels = 1;

    for (size_t i = 0; i < domain.len; i++)
        labels += domain.data[i] == '.';
    return labels;
}

/* "co.uk org.uk": domains of `level` labels. */
static int
read_domains(struct mail_settings *settings, unsigned level, struct span value, struct bytes *why)
{
    struct span domain;

    if (value.len == 0)
        bytes_printf(why, "missing domain");
    while ((domain = text_next_word(&value)).len > 0) {
        struct bytes ascii = {0};

        if (count_labels(domain) != level || !uri_host_to_ascii(domain, &ascii)) {
            bytes_printf(why, "\"%.*s\" is no domain of %u %s", SPAN_ARG(domain), level,
                         level > 1 ? "labels" : "label");
            return -1;
        }
        registry_add(settings->registry, level, bytes_span(&ascii));
        bytes_free(&ascii);
    }
    return why->len > 0 ? -1 : 0;
}

static int
read_tld(struct mail_settings *settings, struct span value, struct bytes *why)
{
    return read_domains(settings, 1, value, why);
}

static int
read_2tld(struct mail_settings *settings, struct span value, struct bytes *why)
{
    return read_domains(settings, 2, value, why);
}

static int
read_3tld(struct mail_settings *settings, struct span value, struct bytes *why)
{
    return read_domains(settings, 3, value, why);
}

static int
read_clear_tlds(struct mail_settings *settings, struct span value, struct bytes *why)
{
    if (value.len > 0) {
        bytes_printf(why, "\"%.*s\" behind it says nothing", SPAN_ARG(value));
        return -1;
    }
    registry_clear(settings->registry);
    return 0;
}

static int
read_redirector(struct mail_settings *settings, struct span value, struct bytes *why)
{
    struct regex *pattern = regex_read(value, why);

    if (pattern == NULL)
        return -1;
    settings->redirectors =
        memory_resize_array(settings->redirectors, settings->redirector_count + 1, sizeof(settings->redirectors[0]));
    settings->redirectors[settings->redirector_count++] = pattern;
    return 0;
}

static int
read_size(size_t *size, struct span value, struct bytes *why)
{
    uint64_t number;

    if (!text_read_number(value, 0, UINT32_MAX, &number)) {
        bytes_printf(why, "\"%.*s\" is no size", SPAN_ARG(value));
        return -1;
    }
    *size = (size_t)number;
    return 0;
}

static int
read_body_part_max(struct mail_settings *settings, struct span value, struct bytes *why)
{
    return read_size(&settings->body_part_max, value, why);
}

static int
read_rawbody_part_max(struct mail_settings *settings, struct span value, struct bytes *why)
{
    return read_size(&settings->rawbody_part_max, value, why);
}

static int
read_dkim(struct mail_settings *settings, struct span value, struct bytes *why)
{
    bool on = span_equal(value, SPAN("1")) || span_equal_nocase(value, SPAN("yes"));

    if (!on && !span_equal(value, SPAN("0")) && !span_equal_nocase(value, SPAN("no"))) {
        bytes_printf(why, "\"%.*s\" is neither 0 nor 1", SPAN_ARG(value));
        return -1;
    }
    settings->ignore_signers = !on;
    return 0;
}

static const struct {
    const char *word;
    int (*read)(struct mail_settings *, struct span value, struct bytes *why);
} lines[] = {
    {"body_part_scan_size", read_body_part_max},
    {"rawbody_part_scan_size", read_rawbody_part_max},
    {"clear_util_rb", read_clear_tlds},
    {"parse_dkim_uris", read_dkim},
    {"redirector_pattern", read_redirector},
    {"util_rb_2tld", read_2tld},
    {"util_rb_3tld", read_3tld},
    {"util_rb_tld", read_tld},
};

enum { LINES = COUNT_OF(lines) };

static size_t
find_line(struct span word)
{
    size_t row = 0;

    while (row < LINES && !span_equal_nocase(word, span_of(lines[row].word)))
        row++;
    return row;
}

bool
mail_settings_know_line(struct span word)
{
    return find_line(word) < LINES || relay_settings_know_line(word);
}

int
mail_settings_read_line(struct mail_settings *settings, struct span word, struct span value, struct bytes *why)
{
    size_t row = find_line(word);

    if (row == LINES)
        return relay_settings_read_line(&settings->relays, word, value, why);
    return lines[row].read(settings, value, why);
}
