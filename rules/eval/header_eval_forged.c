/* Mail that says it is from a big provider, and did not come its way. */
#include "rules/eval/header_eval.h"
#include "rules/eval/ip_pattern.h"

enum { GOOGLE_TOKEN_MIN = 60 }; /* octets */

static bool
is_from(struct eval_run *run, struct regex_built_in *sender)
{
    return eval_matches(sender, eval_field_first(run, "From:addr"));
}

static struct span
received(struct eval_run *run)
{
    return eval_squeezed(run, eval_field(run, "Received"));
}

static bool
has_ip(struct eval_run *run, const char *field)
{
    static struct regex_built_in ip = {IP_PATTERN, "", NULL};

    return eval_field_matches(run, field, &ip);
}

/* Hotmail's own hosts, and those of Microsoft's that took over. */
static bool
came_by_hotmail(struct eval_run *run, struct span way)
{
    static struct regex_built_in originator = {"hotmail\\.com|msonline-outlook", "", NULL};
    static struct regex_built_in with_ip    = {
           "from (?:\\S*\\.)?hotmail.com \\(\\S+\\.hotmail(?:\\.msn)?\\.com[ )]|from \\S*\\.hotmail.com \\(\\[" IP_PATTERN
           "\\][ ):]|from \\S+ by \\S+\\.hotmail(?:\\.msn)?\\.com with HTTP;|from \\[66\\.218.\\S+\\] by "
              "\\S+\\.yahoo\\.com",
           "", NULL};
    static struct regex_built_in with_originator = {
        "from \\S*\\.outbound\\.protection\\.outlook\\.com \\(\\S+\\.outbound\\.protection\\.outlook\\.com[ )]|"
        "from \\S*\\.(?:eur|nam)prd\\d+\\.prod\\.outlook\\.com \\(" IP_PATTERN "\\)",
        "", NULL};

    return (has_ip(run, "X-Originating-Ip") && eval_matches(&with_ip, way)) ||
           (eval_field_matches(run, "X-OriginatorOrg", &originator) && eval_matches(&with_originator, way));
}

/* Where Hotmail's mail could have come from without its Received fields. */
static bool
hotmail_excused(struct eval_run *run, const struct eval_call *call, struct span way)
{
    static struct regex_built_in pickup = {"from mail pickup service by hotmail\\.com with Microsoft SMTPSVC;", "",
                                           NULL};

    return eval_matches(&pickup, way) || header_msn_groups(run, call) ||
           header_gated_through_received_hdr_remover(run, call) || came_by_hotmail(run, way);
}

static bool
says_hotmail(struct span way)
{
    static struct regex_built_in name = {"(?:from |HELO |helo=)\\S*hotmail\\.com\\b", "", NULL};

    return eval_matches(&name, way);
}

unsigned
header_forged_hotmail_received(struct eval_run *run, const struct eval_call *call)
{
    struct span way = received(run);

    return says_hotmail(way) && !hotmail_excused(run, call, way);
}

unsigned
header_no_hotmail_received(struct eval_run *run, const struct eval_call *call)
{
    static struct regex_built_in sender = {"\\bhotmail\\.com$", "i", NULL};
    struct span                  way    = received(run);

    return !says_hotmail(way) && is_from(run, &sender) && !hotmail_excused(run, call, way);
}

/* Does the first identifier begin with `<`, `start` and at least one more character in front of "@HOST>"? */
static bool
id_is(struct eval_run *run, struct span start, struct span host)
{
    struct span id = eval_field_first(run, "Message-Id"), user;
    const char *at = id.len > 0 ? memchr(id.data, '@', id.len) : NULL;

    if (at == NULL || id.data[0] != '<')
        return false;
    user = (struct span){id.data + 1, (size_t)(at - id.data) - 1};
    id   = span_tail(id, user.len + 2);
    return user.len > start.len && (start.len == 0 || memcmp(user.data, start.data, start.len) == 0) &&
           id.len > host.len && memcmp(id.data, host.data, host.len) == 0 && id.data[host.len] == '>';
}

/* The bounces of the list `name` go to "NAME-bounce@groups.msn.com". */
static bool
bounces_to(struct eval_run *run, struct span name)
{
    static const struct span end    = {"-bounce@groups.msn.com", 22};
    struct span              sender = eval_field_first(run, "EnvelopeFrom:addr");

    for (size_t i = 0; i + name.len + end.len <= sender.len; i++)
        if (memcmp(sender.data + i + name.len, end.data, end.len) == 0 &&
            memcmp(sender.data + i, name.data, name.len) == 0)
            return true;
    return false;
}

unsigned
header_msn_groups(struct eval_run *run, const struct eval_call *call)
{
    static struct regex_built_in list   = {"<(\\S+)@groups\\.msn\\.com>", "i", NULL};
    static struct regex_built_in pickup = {"from mail pickup service by (p\\d\\d\\.groups\\.msn\\.com)\\b", "", NULL};
    struct span                  name, server;
    struct regex_found           found;
    struct bytes                 start = {0};
    bool                         result;

    (void)call;
    if (!regex_find(regex_of(&list), eval_field(run, "To"), 0, &found))
        return 0;
    name = regex_group(&found, 1);
    if (!regex_find(regex_of(&pickup), eval_field(run, "Received"), 0, &found))
        return 0;
    server = regex_group(&found, 1);
    if (span_equal(name, SPAN("notifications")))
        return id_is(run, SPAN(""), server);
    bytes_add(&start, name);
    bytes_add_char(&start, '-');
    result = id_is(run, bytes_span(&start), SPAN("groups.msn.com")) && bounces_to(run, name);
    bytes_free(&start);
    return result;
}

unsigned
header_forged_eudoramail_received(struct eval_run *run, const struct eval_call *call)
{
    static struct regex_built_in sender = {"\\beudoramail\\.com$", "i", NULL};
    static struct regex_built_in way    = {"by \\S*whowhere.com;", "", NULL};

    if (!is_from(run, &sender) || header_gated_through_received_hdr_remover(run, call))
        return 0;
    return !has_ip(run, "X-Sender-Ip") || !eval_matches(&way, received(run));
}

/* What a redirected mail's own way was is in X-Received. */
static struct span
yahoo_way(struct eval_run *run)
{
    struct span before = eval_field(run, "X-Received");

    if (before.len > 0 && eval_field(run, "Resent-From").len > 0 && eval_field(run, "Resent-To").len > 0)
        return eval_squeezed(run, before);
    return received(run);
}

/* A bounce from Yahoo, by a host whose name the DNS confirms. */
static bool
came_by_yahoo_relay(struct eval_run *run)
{
    static struct regex_built_in trusted   = {" rdns=\\S+\\.yahoo\\.com ", "", NULL};
    static struct regex_built_in untrusted = {"^[^\\]]+ rdns=\\S+\\.yahoo\\.com ", "", NULL};

    return eval_field_matches(run, "X-Spam-Relays-Trusted", &trusted) ||
           eval_field_matches(run, "X-Spam-Relays-Untrusted", &untrusted);
}

unsigned
header_forged_yahoo_received(struct eval_run *run, const struct eval_call *call)
{
    static struct regex_built_in sender = {"\\byahoo\\.com$", "i", NULL};
    static struct regex_built_in way    = {
           "by web\\S+\\.mail\\S*\\.yahoo\\.com via HTTP|by sonic\\S+\\.consmr\\.mail\\S*\\.yahoo\\.com with HTTP|"
              "by smtp\\S+\\.yahoo\\.com with SMTP|"
              "from \\[" IP_PATTERN "\\] by \\S+\\.(?:groups|scd|dcn)\\.yahoo\\.com with NNFMP|"
              "by \\w+\\.\\w+\\.yahoo\\.com \\(\\d+\\.\\d+\\.\\d+/\\d+\\.\\d+\\.\\d+\\)(?: with ESMTP)? id \\w",
           "", NULL};
    static struct regex_built_in forward_sender = {"@reply\\.yahoo\\.com$", "i", NULL};
    static struct regex_built_in forward_way    = {"\\bmailer\\d+\\.bulk\\.scd\\.yahoo\\.com\\b", "", NULL};
    struct span                  fields;

    if (!is_from(run, &sender) || header_gated_through_received_hdr_remover(run, call) || came_by_yahoo_relay(run))
        return 0;
    fields = yahoo_way(run);
    return !eval_matches(&way, fields) && (!is_from(run, &forward_sender) || !eval_matches(&forward_way, fields));
}

/* Juno's own program, or its web mail. */
unsigned
header_forged_juno_received(struct eval_run *run, const struct eval_call *call)
{
    static struct regex_built_in sender  = {"\\bjuno\\.com$", "i", NULL};
    static struct regex_built_in program = {
        "from.*\\b(?:juno|untd)\\.com.*[\\[(]" IP_PATTERN "[\\])].*by| cookie\\.(?:juno|untd)\\.com ", "", NULL};
    static struct regex_built_in program_mailer = {"Juno ", "", NULL};

    if (!is_from(run, &sender) || header_gated_through_received_hdr_remover(run, call))
        return 0;
    if (eval_field(run, "X-Originating-IP").len == 0)
        return 1; /* web mail always says where it was written */
    return !eval_field_matches(run, "Received", &program) || !eval_field_matches(run, "X-Mailer", &program_mailer);
}

static bool
has_google_tokens(struct eval_run *run)
{
    return eval_field(run, "X-Gm-Message-State").len >= GOOGLE_TOKEN_MIN &&
           eval_field(run, "X-Google-Smtp-Source").len >= GOOGLE_TOKEN_MIN;
}

unsigned
header_forged_gmail_received(struct eval_run *run, const struct eval_call *call)
{
    static struct regex_built_in sender = {"\\bgmail\\.com$", "i", NULL};
    static struct regex_built_in inside = {"by (?:10\\.\\S+|2002:a\\d\\d:\\w+:\\S+) with SMTP id \\S", "", NULL};
    static struct regex_built_in client = {"by smtp\\.googlemail\\.com with ESMTPSA id \\S", "", NULL};

    (void)call;
    return is_from(run, &sender) && !eval_field_matches(run, "X-Received", &inside) &&
           !eval_field_matches(run, "Received", &client) && !has_google_tokens(run);
}
