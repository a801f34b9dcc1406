/* URIDetail: uri_detail NAME raw =~ /%2E/ type =~ /^a$/ text !~ /here/. It hits if one address is all that. */
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/eval/html_walk.h"
#include "rules/eval/plugins.h"
#include "rules/regex/regex.h"

struct condition;

/* What may be asked of an address; true if any of its texts of that kind fits. */
struct key {
    const char *name;
    bool (*fits)(struct eval_run *, const struct condition *, const struct uri_detail *);
};

struct condition {
    struct regex *pattern; /* NULL: it is not asked for */
    bool          negated; /* !~ */
};

static bool
condition_fits(const struct condition *condition, struct span text)
{
    return regex_matches(condition->pattern, text) != condition->negated;
}

static bool
raw_fits(struct eval_run *run, const struct condition *condition, const struct uri_detail *detail)
{
    (void)run;
    return condition_fits(condition, detail->place.raw);
}

static bool
type_fits(struct eval_run *run, const struct condition *condition, const struct uri_detail *detail)
{
    (void)run;
    for (unsigned i = 0; i < URI_TYPES; i++)
        if ((detail->place.types >> i & 1) != 0 && condition_fits(condition, span_of(uri_type_names[i])))
            return true;
    return false;
}

static bool
cleaned_fits(struct eval_run *run, const struct condition *condition, const struct uri_detail *detail)
{
    (void)run;
    for (size_t i = 0; i < detail->cleaned_count; i++)
        if (condition_fits(condition, detail->cleaned[i]))
            return true;
    return false;
}

static bool
text_fits(struct eval_run *run, const struct condition *condition, const struct uri_detail *detail)
{
    for (size_t i = 0; i < detail->place.text_count; i++)
        if (condition_fits(condition, html_characters(run, detail->place.texts[i])))
            return true;
    return false;
}

static bool
domain_fits(struct eval_run *run, const struct condition *condition, const struct uri_detail *detail)
{
    (void)run;
    for (size_t i = 0; i < detail->host_count; i++)
        if (condition_fits(condition, detail->hosts[i].domain))
            return true;
    return false;
}

static bool
host_fits(struct eval_run *run, const struct condition *condition, const struct uri_detail *detail)
{
    (void)run;
    for (size_t i = 0; i < detail->host_count; i++)
        if (condition_fits(condition, detail->hosts[i].host))
            return true;
    return false;
}

static const struct key keys[] = {
    {"raw", raw_fits},   {"type", type_fits},     {"cleaned", cleaned_fits},
    {"text", text_fits}, {"domain", domain_fits}, {"host", host_fits},
};

enum { KEYS = COUNT_OF(keys) };

/* What one rule asks for. */
struct conditions {
    struct condition of[KEYS];
};

static bool
all_fit(struct eval_run *run, const struct conditions *conditions, const struct uri_detail *detail)
{
    for (size_t i = 0; i < KEYS; i++)
        if (conditions->of[i].pattern != NULL && !keys[i].fits(run, &conditions->of[i], detail))
            return false;
    return true;
}

static unsigned
check_uri_detail(struct eval_run *run, const struct eval_call *call)
{
    const struct uri_details *details = &run->mail->uri_details;

    for (size_t i = 0; i < details->count; i++)
        if (all_fit(run, call->prepared, &details->items[i]))
            return 1;
    return 0;
}

static void
release_detail(void *prepared)
{
    struct conditions *conditions = prepared;

    for (size_t i = 0; i < KEYS; i++)
        regex_free(&conditions->of[i].pattern);
    free(conditions);
}

/* One "key =~ /pattern/"; of two for one key the last counts. 0; or -1 with the reason appended to `why`. */
static int
read_condition(struct conditions *conditions, struct span name, bool negated, struct span pattern, struct bytes *why)
{
    size_t        key = 0;
    struct regex *regex;

    while (key < KEYS && !span_equal(name, span_of(keys[key].name)))
        key++;
    if (key == KEYS) {
        bytes_printf(why, "\"%.*s\" is nothing that an address has", SPAN_ARG(name));
        return -1;
    }
    regex = regex_read(pattern, why);
    if (regex == NULL)
        return -1;
    regex_free(&conditions->of[key].pattern);
    conditions->of[key] = (struct condition){regex, negated};
    return 0;
}

static int
prepare_detail(struct eval_call *call, void *settings, struct bytes *why)
{
    static struct regex_built_in form = {"\\b(\\w+)\\s*([=!])~\\s*((?:/.*?/|m(\\W).*?\\4)[imsx]*+)(?!\\S)", "", NULL};
    struct span                  text = call->arguments[0];
    struct conditions           *conditions = call->prepared = memory_new(sizeof(*conditions));
    struct regex_found           found;
    size_t                       at = 0, count = 0;

    (void)settings;
    for (; regex_find(regex_of(&form), text, at, &found); count++) {
        at = regex_next(&found);
        if (read_condition(conditions, regex_group(&found, 1), regex_group(&found, 2).data[0] == '!',
                           regex_group(&found, 3), why) != 0)
            return -1;
    }
    if (count == 0)
        bytes_printf(why, "it needs something like: domain =~ /pattern/");
    return count > 0 ? 0 : -1;
}

static const struct eval_function functions[] = {
    {.name    = "check_uri_detail",
     .most    = EVAL_WHOLE,
     .run     = check_uri_detail,
     .prepare = prepare_detail,
     .release = release_detail},
    {.name = NULL},
};

static const char *const features[] = {"has_host_key", NULL};

const struct eval_plugin uri_detail_plugin = {.name = "URIDetail", .functions = functions, .features = features};
