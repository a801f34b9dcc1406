/* URIEval and HTTPSMismatch: addresses that lead to others, and links whose text says they lead somewhere else. */
#include <stdlib.h>

#include "rules/eval/html_walk.h"
#include "rules/eval/plugins.h"
#include "rules/mail/uri_forms.h"
#include "rules/mail/uri_host.h"
#include "rules/regex/regex.h"

static struct regex_built_in redirect_pattern = {"^https?://([^/:?]+).+?(https?:/{0,2}?([^/:?]+).*)$", "i", NULL};
static struct regex_built_in web_pattern      = {"^https?://([^/:?#]+)", "i", NULL};
static struct regex_built_in text_pattern     = {"https://([^\\s/:?#]+)", "i", NULL};
static struct regex_built_in web_ip_pattern   = {"^https?:/*(?:[^@/]+@)?\\d+\\.\\d+\\.\\d+\\.\\d+", "i", NULL};
static struct regex_built_in https_ip_pattern = {"^https:/*(?:[^@/]+@)?\\d+\\.\\d+\\.\\d+\\.\\d+", "i", NULL};
static struct regex_built_in https_pattern    = {"https:", "i", NULL};

/* The domain, or the text itself if it has none. */
static struct span
domain_or_self(struct eval_run *run, struct span host)
{
    struct uri_host found;

    return uri_host_read(run->mail->settings->registry, host, &run->arena, &found) ? found.domain : host;
}

/* Does it lead to another domain, at once or over others of its own? */
static bool
leads_elsewhere(struct eval_run *run, struct span uri)
{
    struct regex_found found;

    for (unsigned i = 0; i < URI_REDIRECTS_MAX && regex_find(regex_of(&redirect_pattern), uri, 0, &found); i++) {
        struct span from = regex_group(&found, 1), to = regex_group(&found, 3);

        uri = regex_group(&found, 2);
        if (!span_equal(domain_or_self(run, from), domain_or_self(run, to)))
            return true;
    }
    return false;
}

static unsigned
check_for_http_redirector(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    for (size_t i = 0; i < run->mail->uris.count; i++)
        if (leads_elsewhere(run, run->mail->uris.items[i]))
            return 1;
    return 0;
}

/* A link to an IP address whose text begins as a secure one to a name does. */
static unsigned
check_https_ip_mismatch(struct eval_run *run, const struct eval_call *call)
{
    const struct html_facts *html;

    (void)call;
    for (size_t part = 0; (html = html_walk(run, &part)) != NULL;) {
        for (size_t i = 0; i < html->link_count; i++) {
            const struct uri_place *link = &html->links[i];

            if (link->text_count == 0 || !regex_matches(regex_of(&web_ip_pattern), link->raw))
                continue;
            for (size_t text = 0; text < link->text_count; text++)
                if (!regex_matches(regex_of(&https_ip_pattern), link->texts[text]) &&
                    regex_matches(regex_of(&https_pattern), link->texts[text]))
                    return 1;
        }
    }
    return 0;
}

static unsigned
check_uri_truncated(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return run->mail->uri_details.truncated;
}

/* The domain that a link leads to; false if it does to none. */
static bool
linked_domain(struct eval_run *run, struct span uri, struct span *domain)
{
    const struct registry *registry = run->mail->settings->registry;
    struct regex_found     found;
    struct uri_host        host;

    if (!regex_find(regex_of(&web_pattern), uri, 0, &found) || uri_host_is_ip(regex_group(&found, 1)))
        return false;
    *domain = uri_host_trim(registry, regex_group(&found, 1), &run->arena);
    return domain->len > 0 && uri_host_read(registry, *domain, &run->arena, &host) &&
           registry_domain_valid(registry, host.domain);
}

/* Does a text say that it leads to another domain than `domain`? */
static bool
says_otherwise(struct eval_run *run, struct span text, struct span domain)
{
    const struct registry *registry = run->mail->settings->registry;
    struct regex_found     found;
    struct span            said;

    if (!regex_find(regex_of(&text_pattern), text, 0, &found))
        return false;
    said = arena_copy(&run->arena, regex_group(&found, 1));
    if (!uri_host_is_ip(said)) {
        said = uri_host_trim(registry, said, &run->arena);
        if (!registry_domain_valid(registry, said))
            return false;
    }
    return !span_equal(said, domain);
}

/* check_https_http_mismatch('1', '10'): a link in a part that has that many, and fewer than the second number. */
static unsigned
check_https_http_mismatch(struct eval_run *run, const struct eval_call *call)
{
    size_t                   least = call->argument_count > 0 ? strtoul(call->arguments[0].data, NULL, 10) : 0;
    size_t                   most  = call->argument_count > 1 ? strtoul(call->arguments[1].data, NULL, 10) : SIZE_MAX;
    const struct html_facts *html;

    for (size_t part = 0; (html = html_walk(run, &part)) != NULL;) {
        size_t links = 0;
        bool   hit   = false;

        for (size_t i = 0; i < html->link_count; i++) {
            const struct uri_place *link = &html->links[i];
            struct span             domain;

            if (link->text_count == 0 || !linked_domain(run, link->raw, &domain))
                continue;
            links++;
            for (size_t text = 0; text < link->text_count && !hit; text++)
                hit = says_otherwise(run, link->texts[text], domain);
        }
        if (hit && links >= (least > 0 ? least : 1) && links < most)
            return 1;
    }
    return 0;
}

static const struct eval_function uri_functions[] = {
    {"check_for_http_redirector", 0, 0, check_for_http_redirector, NULL, NULL},
    {"check_https_ip_mismatch", 0, 0, check_https_ip_mismatch, NULL, NULL},
    {"check_uri_truncated", 0, 0, check_uri_truncated, NULL, NULL},
    {.name = NULL},
};

static const struct eval_function mismatch_functions[] = {
    {"check_https_http_mismatch", 0, 2, check_https_http_mismatch, NULL, NULL},
    {.name = NULL},
};

const struct eval_plugin uri_eval_plugin       = {.name = "URIEval", .functions = uri_functions};
const struct eval_plugin https_mismatch_plugin = {.name = "HTTPSMismatch", .functions = mismatch_functions};
