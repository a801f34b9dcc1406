/* Free addresses in the header and the text, and whether an answer would go to another one. */
#include <stdlib.h>

#include "base/memory.h"
#include "rules/eval/freemail.h"
#include "rules/eval/wlbl_eval.h"

/* What a call asks for. */
struct freemail_call {
    char         *field;         /* "Reply-To:addr" */
    struct regex *regex;         /* that the address has to match, too; NULL: none */
    bool          need_reply_to; /* From does not stand in for it */
};

/* Is it from a list or a program? Nobody answers those. */
static struct regex_built_in bulk_sender = {
    "(?:^(?:post|host|domain)master|^double-bounce|^(?:sentto|owner|return|(?:gr)?bounced?)-.+|"
    "-(?:request|bounces?|admin|owner)|\\b(?:do[._-t]?)?no[._-t]?repl(?:y|ies)|.=.[^@]*)@",
    "i", NULL};

/* The addresses of a field, in lower case; with `free_alone` only those at free providers. */
static void
read_addresses(struct eval_run *run, const char *field, bool free_alone, struct spans *addresses)
{
    struct span rest = eval_field(run, field), line;

    while (eval_next_line(&rest, &line)) {
        struct span address = eval_lower(run, line);

        if (!free_alone || freemail_is_free(run, address))
            spans_add(addresses, address);
    }
}

static bool
matches(const struct regex *regex, struct span address)
{
    return regex == NULL || regex_matches(regex, address);
}

static unsigned
check_freemail_header(struct eval_run *run, const struct eval_call *call)
{
    const struct freemail_call *wanted    = call->prepared;
    struct spans                addresses = {0};
    bool                        hit       = false;

    if (!freemail_is_available(run))
        return 0;
    read_addresses(run, wanted->field, true, &addresses);
    for (size_t i = 0; i < addresses.count && !hit; i++)
        hit = matches(wanted->regex, addresses.items[i]);
    spans_free(&addresses);
    return hit;
}

static unsigned
check_freemail_from(struct eval_run *run, const struct eval_call *call)
{
    const struct freemail_call  *wanted  = call->prepared;
    const struct wlbl_addresses *senders = wlbl_senders(run);

    for (size_t i = 0; freemail_is_available(run) && i < senders->count; i++) {
        struct span address = span_of(senders->items[i]);

        if (freemail_is_free(run, address) && matches(wanted->regex, address))
            return 1;
    }
    return 0;
}

static struct freemail_facts *
read_body(struct eval_run *run, struct freemail_facts *facts)
{
    const struct freemail_settings *settings  = freemail_settings_of(run);
    struct spans                    addresses = {0};

    freemail_find_addresses(run, &addresses);
    facts->body         = arena_new(&run->arena, addresses.count * sizeof(facts->body[0]));
    facts->body_skipped = settings->skip_when_over_max && (long)addresses.count >= settings->max_body_emails &&
                          settings->max_body_emails > 0;
    for (size_t i = 0; i < addresses.count && !facts->body_skipped; i++) {
        if (!freemail_is_free(run, addresses.items[i]))
            continue;
        facts->body[facts->body_count++] = addresses.items[i];
        facts->body_skipped = settings->skip_when_over_max && (long)facts->body_count == settings->max_body_freemails;
    }
    spans_free(&addresses);
    facts->body_known = true;
    return facts;
}

/* The free addresses in the text. False if there are so many that they say nothing. */
static bool
find_body(struct eval_run *run, struct freemail_facts **facts)
{
    *facts = eval_facts(run, &freemail_plugin);
    if (!(*facts)->body_known)
        *facts = read_body(run, *facts);
    return !(*facts)->body_skipped;
}

static unsigned
check_freemail_body(struct eval_run *run, const struct eval_call *call)
{
    const struct freemail_call *wanted = call->prepared;
    struct freemail_facts      *facts;

    if (!freemail_is_available(run) || !find_body(run, &facts))
        return 0;
    for (size_t i = 0; i < facts->body_count; i++)
        if (matches(wanted->regex, facts->body[i]))
            return 1;
    return 0;
}

/* Is there another address in the text than each of these? */
static bool
body_has_other(struct eval_run *run, const struct spans *addresses)
{
    struct freemail_facts *facts;

    if (!find_body(run, &facts))
        return false;
    for (size_t i = 0; i < facts->body_count; i++)
        for (size_t j = 0; j < addresses->count; j++)
            if (!span_equal(facts->body[i], addresses->items[j]))
                return true;
    return false;
}

/* Sorts them and leaves one of each. */
static bool
have_common(struct spans *a, struct spans *b)
{
    struct spans both = {0};
    bool         common;

    spans_sort_unique(a);
    spans_sort_unique(b);
    for (size_t i = 0; i < a->count; i++)
        spans_add(&both, a->items[i]);
    for (size_t i = 0; i < b->count; i++)
        spans_add(&both, b->items[i]);
    spans_sort_unique(&both);
    common = both.count < a->count + b->count;
    spans_free(&both);
    return common;
}

static bool
any_free(struct eval_run *run, const struct spans *addresses)
{
    for (size_t i = 0; i < addresses->count; i++)
        if (freemail_is_free(run, addresses->items[i]))
            return true;
    return false;
}

/* An answer goes to another free address than From, or than one that the text names. */
static bool
answer_goes_elsewhere(struct eval_run *run, struct spans *from, struct spans *reply_to, bool need_reply_to)
{
    bool from_free = any_free(run, from), reply_free = any_free(run, reply_to);

    if (from_free && reply_free && !have_common(from, reply_to))
        return true;
    if (need_reply_to ? !reply_free : !from_free || (reply_to->count > 0 && !reply_free))
        return false;
    return body_has_other(run, reply_free ? reply_to : from);
}

static unsigned
check_freemail_replyto(struct eval_run *run, const struct eval_call *call)
{
    const struct freemail_call *wanted = call->prepared;
    struct spans                from = {0}, reply_to = {0};
    bool                        hit;

    if (!freemail_is_available(run) || (freemail_settings_of(run)->skip_bulk_envfrom &&
                                        eval_matches(&bulk_sender, eval_field_first(run, "EnvelopeFrom"))))
        return 0;
    read_addresses(run, "From:addr", false, &from);
    read_addresses(run, "Reply-To:addr", false, &reply_to);
    hit = answer_goes_elsewhere(run, &from, &reply_to, wanted->need_reply_to);
    spans_free(&from);
    spans_free(&reply_to);
    return hit;
}

static void
release_question(void *prepared)
{
    struct freemail_call *wanted = prepared;

    free(wanted->field);
    regex_free(&wanted->regex);
    free(wanted);
}

/* The argument at `index`, if there is one, is a pattern. */
static int
prepare_pattern(struct eval_call *call, size_t index, struct bytes *why)
{
    struct freemail_call *wanted = memory_new(sizeof(*wanted));

    call->prepared = wanted;
    if (index >= call->argument_count)
        return 0;
    wanted->regex = regex_compile(call->arguments[index], SPAN(""), why);
    return wanted->regex != NULL ? 0 : -1;
}

static int
prepare_first(struct eval_call *call, void *settings, struct bytes *why)
{
    (void)settings;
    return prepare_pattern(call, 0, why);
}

static int
prepare_header(struct eval_call *call, void *settings, struct bytes *why)
{
    struct freemail_call *wanted;
    struct bytes          field = {0};

    (void)settings;
    if (prepare_pattern(call, 1, why) != 0)
        return -1;
    bytes_printf(&field, "%s:addr", call->arguments[0].data);
    wanted        = call->prepared;
    wanted->field = field.data;
    return 0;
}

static int
prepare_replyto(struct eval_call *call, void *settings, struct bytes *why)
{
    struct freemail_call *wanted = memory_new(sizeof(*wanted));
    bool                  reply  = call->argument_count == 1 && span_equal(call->arguments[0], SPAN("reply"));

    (void)settings;
    call->prepared        = wanted;
    wanted->need_reply_to = !reply;
    if (call->argument_count == 0 || reply || span_equal(call->arguments[0], SPAN("replyto")))
        return 0;
    bytes_printf(why, "check_freemail_replyto: \"replyto\" or \"reply\" expected");
    return -1;
}

static const struct eval_function functions[] = {
    {"check_freemail_replyto", 0, 1, check_freemail_replyto, prepare_replyto, release_question},
    {"check_freemail_from", 0, 1, check_freemail_from, prepare_first, release_question},
    {"check_freemail_header", 1, 2, check_freemail_header, prepare_header, release_question},
    {"check_freemail_body", 0, 1, check_freemail_body, prepare_first, release_question},
    {.name = NULL},
};

const struct eval_plugin freemail_plugin = {
    .name          = "FreeMail",
    .functions     = functions,
    .directives    = freemail_directives,
    .settings_size = sizeof(struct freemail_settings),
    .fill          = freemail_fill,
    .clear         = freemail_clear,
    .changes_body  = check_freemail_replyto,
    .facts_size    = sizeof(struct freemail_facts),
};
