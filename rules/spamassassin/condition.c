/* Words are made numbers, and then it is an expression like those of metas. */
#include <ctype.h>

#include "base/count.h"
#include "base/text.h"
#include "rules/spamassassin/condition.h"
#include "rules/spamassassin/meta.h"

struct reader {
    struct span           rest;
    const struct plugins *plugins;
    struct bytes          expression;
    struct bytes         *why;
};

static const struct {
    const char *word, *number;
} constants[] = {
    {"version", CONDITION_VERSION},
    {"perl_version", "5.036000"},
    {"local_tests_only", "1"},
};

static bool
is_word_octet(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == ':';
}

static struct span
take_word(struct reader *reader)
{
    struct span word;
    size_t      len = 0;

    reader->rest = text_trim_start(reader->rest);
    while (len < reader->rest.len && is_word_octet(reader->rest.data[len]))
        len++;
    word         = span_head(reader->rest, len);
    reader->rest = span_tail(reader->rest, len);
    return word;
}

static int
read_call(struct reader *reader, struct span function)
{
    struct span argument;
    bool        result;

    if (!text_accept(&reader->rest, '(') || (argument = take_word(reader)).len == 0 ||
        !text_accept(&reader->rest, ')')) {
        bytes_printf(reader->why, "%.*s needs a name in parentheses", SPAN_ARG(function));
        return -1;
    }
    if (span_equal(function, SPAN("plugin")))
        result = plugins_on(reader->plugins, argument);
    else
        result = plugins_can(reader->plugins, argument, span_equal(function, SPAN("has")));
    bytes_add_char(&reader->expression, result ? '1' : '0');
    return 0;
}

static int
read_word(struct reader *reader)
{
    struct span word = take_word(reader);

    if (isdigit((unsigned char)word.data[0])) { /* the rest of the number, if there is one, is a sign to us */
        bytes_add(&reader->expression, word);
        return 0;
    }
    for (size_t i = 0; i < COUNT_OF(constants); i++) {
        if (span_equal(word, span_of(constants[i].word))) {
            bytes_add(&reader->expression, span_of(constants[i].number));
            return 0;
        }
    }
    if (span_equal(word, SPAN("plugin")) || span_equal(word, SPAN("can")) || span_equal(word, SPAN("has")))
        return read_call(reader, word);
    bytes_printf(reader->why, "\"%.*s\" is unknown", SPAN_ARG(word));
    return -1;
}

/* Nothing but numbers is left for these. */
static long
find_nothing(void *context, struct span name)
{
    (void)context;
    (void)name;
    return -1;
}

static void
match_nothing(void *context, struct span glob, void (*add)(void *adder, size_t rule), void *adder)
{
    (void)context;
    (void)glob;
    (void)add;
    (void)adder;
}

bool
condition_true(struct span text, const struct plugins *plugins, struct bytes *why)
{
    static const struct meta_names nothing = {find_nothing, match_nothing, NULL};
    struct reader                  reader  = {.rest = text, .plugins = plugins, .why = why};
    struct meta                   *meta    = NULL;
    bool                           result  = true;

    while (result && reader.rest.len > 0) {
        if (is_word_octet(reader.rest.data[0]) && reader.rest.data[0] != ':') {
            result = read_word(&reader) == 0;
        } else {
            bytes_add_char(&reader.expression, reader.rest.data[0]);
            reader.rest = span_tail(reader.rest, 1);
        }
    }
    if (result)
        meta = meta_compile(bytes_span(&reader.expression), &nothing, why);
    result = meta != NULL && meta_evaluate(meta, NULL) != 0;
    meta_free(&meta);
    bytes_free(&reader.expression);
    return result;
}
