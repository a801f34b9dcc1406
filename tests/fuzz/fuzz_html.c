/*
 * HTML: tokens are pieces of the source in the order in which they stand there, whatever comes; what is known of it
 * adds up; and the plainer forms of what it links to are forms of themselves.
 */
#include <math.h>

#include "rules/mail/html.h"
#include "rules/mail/html_token.h"
#include "rules/mail/mail_settings.h"
#include "rules/mail/uri_forms.h"
#include "tests/fuzz/fuzz.h"

static void
check_tokens(struct span source)
{
    struct html_reader reader = {.rest = source};
    struct html_token  token;
    const char        *at = source.data;

    while (html_read(&reader, &token)) {
        bool made_up = token.text.len == 0; /* the end of what was not ended */

        FUZZ_EXPECT(made_up || (token.text.data >= at && token.text.data + token.text.len <= source.data + source.len));
        at = made_up ? at : token.text.data + token.text.len;
        for (size_t i = 0; i < token.attribute_count; i++)
            FUZZ_EXPECT(token.attributes[i].value.data + token.attributes[i].value.len <= at);
    }
    html_reader_free(&reader);
}

static void
check_ratio(const struct html_facts *facts, enum html_number number)
{
    FUZZ_EXPECT(isnan(facts->numbers[number]) || (facts->numbers[number] >= 0 && facts->numbers[number] <= 1));
}

static void
check_link(const struct uri_place *link, struct arena *arena)
{
    struct spans forms = {0};
    bool         found = false;

    (void)uri_add_forms(link->raw, mail_settings_default(), arena, &forms);
    FUZZ_EXPECT(forms.count > 0);
    for (size_t i = 0; i < forms.count; i++) {
        FUZZ_EXPECT(forms.items[i].len <= URI_LENGTH_MAX);
        found |= forms.items[i].len <= link->raw.len;
    }
    FUZZ_EXPECT(found);
    spans_free(&forms);
}

static void
check_facts(struct span source)
{
    struct arena             arena = {0};
    struct bytes             text  = {0};
    const struct html_facts *facts = html_render(source, source.len, &arena, &text);

    FUZZ_EXPECT(facts->numbers[HTML_LENGTH] <= (double)source.len);
    FUZZ_EXPECT(facts->numbers[HTML_NON_SPACE_LEN] <= facts->numbers[HTML_HTML_LENGTH]);
    FUZZ_EXPECT(facts->numbers[HTML_MIN_SIZE] <= facts->numbers[HTML_MAX_SIZE]);
    check_ratio(facts, HTML_BAD_TAG_RATIO);
    check_ratio(facts, HTML_NON_ELEMENT_RATIO);
    check_ratio(facts, HTML_CLOSED_EXTRA_RATIO);
    for (size_t i = 0; i < facts->inside_count; i++)
        FUZZ_EXPECT(!isnan(html_inside(facts, facts->insides[i].name)));
    for (size_t i = 0; i < facts->link_count; i++)
        check_link(&facts->links[i], &arena);
    bytes_free(&text);
    arena_free(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span source = fuzz_copy((struct span){(const char *)data, size});

    check_tokens(source);
    check_facts(source);
    fuzz_drop(source);
    return 0;
}
