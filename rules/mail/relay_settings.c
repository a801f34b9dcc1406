/* A table of the lines. */
#include <assert.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"
#include "rules/mail/relay_settings.h"

enum what { TRUSTED, INTERNAL, MSA };

struct line {
    const char *word;
    int (*read)(struct relay_settings *, const struct line *, struct span value, struct bytes *why);
    enum what what; /* of networks */
};

static struct networks *
networks_of(struct relay_settings *settings, enum what what)
{
    return what == TRUSTED ? &settings->trusted : what == INTERNAL ? &settings->internal : &settings->msa;
}

/* Trusted and internal networks have this machine in them always. */
static void
reset_networks(struct relay_settings *settings, enum what what)
{
    struct networks *networks = networks_of(settings, what);
    struct bytes     why      = {0};

    networks_clear(networks);
    if (what != MSA) {
        (void)networks_add(networks, SPAN("127.0.0.0/8"), &why);
        (void)networks_add(networks, SPAN("::1"), &why);
    }
    bytes_free(&why);
}

static void
set_networks(struct relay_settings *settings, enum what what, bool set)
{
    settings->trusted_set  = what == TRUSTED ? set : settings->trusted_set;
    settings->internal_set = what == INTERNAL ? set : settings->internal_set;
}

/* "192.0.2.0/24 !192.0.2.1"; one that cannot be read does not keep the others out. */
static int
read_networks(struct relay_settings *settings, const struct line *line, struct span value, struct bytes *why)
{
    struct span word;

    while ((word = text_next_word(&value)).len > 0)
        (void)networks_add(networks_of(settings, line->what), word, why);
    set_networks(settings, line->what, true);
    return why->len > 0 ? -1 : 0;
}

static int
read_clear_networks(struct relay_settings *settings, const struct line *line, struct span value, struct bytes *why)
{
    (void)value;
    (void)why;
    reset_networks(settings, line->what);
    set_networks(settings, line->what, false);
    return 0;
}

static void
add_originating(struct relay_settings *settings, struct span name)
{
    for (size_t i = 0; i < settings->originating_count; i++)
        if (span_equal_nocase(span_of(settings->originating_ip_headers[i]), name))
            return;
    settings->originating_ip_headers = memory_resize_array(
        settings->originating_ip_headers, settings->originating_count + 1, sizeof(settings->originating_ip_headers[0]));
    settings->originating_ip_headers[settings->originating_count++] = memory_copy_span(name);
}

static int
read_originating(struct relay_settings *settings, const struct line *line, struct span value, struct bytes *why)
{
    struct span word;

    (void)line;
    (void)why;
    while ((word = text_next_word(&value)).len > 0)
        add_originating(settings, word);
    return 0;
}

static int
read_clear_originating(struct relay_settings *settings, const struct line *line, struct span value, struct bytes *why)
{
    (void)line;
    (void)value;
    (void)why;
    for (size_t i = 0; i < settings->originating_count; i++)
        free(settings->originating_ip_headers[i]);
    free(settings->originating_ip_headers);
    settings->originating_ip_headers = NULL;
    settings->originating_count      = 0;
    return 0;
}

static int
read_envelope(struct relay_settings *settings, const struct line *line, struct span value, struct bytes *why)
{
    (void)line;
    (void)why;
    free(settings->envelope_sender_header);
    settings->envelope_sender_header = memory_copy_span(value);
    return 0;
}

static const struct line lines[] = {
    {"trusted_networks", read_networks, TRUSTED},
    {"internal_networks", read_networks, INTERNAL},
    {"msa_networks", read_networks, MSA},
    {"clear_trusted_networks", read_clear_networks, TRUSTED},
    {"clear_internal_networks", read_clear_networks, INTERNAL},
    {"clear_msa_networks", read_clear_networks, MSA},
    {"originating_ip_headers", read_originating, 0},
    {"clear_originating_ip_headers", read_clear_originating, 0},
    {"envelope_sender_header", read_envelope, 0},
};

static const struct line *
find_line(struct span word)
{
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        if (span_equal_nocase(word, span_of(lines[i].word)))
            return &lines[i];
    return NULL;
}

bool
relay_settings_know_line(struct span word)
{
    return find_line(word) != NULL;
}

/* Lines that clear something say no more; all others do. */
int
relay_settings_read_line(struct relay_settings *settings, struct span word, struct span value, struct bytes *why)
{
    const struct line *line   = find_line(word);
    bool               clears = span_starts_nocase(word, SPAN("clear_"));

    assert(line != NULL);
    if (clears != (value.len == 0)) {
        bytes_printf(why, clears ? "\"%.*s\" behind it says nothing" : "there is nothing behind it%.*s",
                     SPAN_ARG(value));
        return -1;
    }
    return line->read(settings, line, value, why);
}

void
relay_settings_fill(struct relay_settings *settings)
{
    reset_networks(settings, TRUSTED);
    reset_networks(settings, INTERNAL);
}

void
relay_settings_clear(struct relay_settings *settings)
{
    networks_clear(&settings->trusted);
    networks_clear(&settings->internal);
    networks_clear(&settings->msa);
    (void)read_clear_originating(settings, NULL, (struct span){0}, NULL);
    free(settings->envelope_sender_header);
    *settings = (struct relay_settings){0};
}
