/* Senders and message identifiers: those that do not fit together, and those that only bulk mailers write. */
#include <ctype.h>
#include <stdlib.h>

#include "rules/eval/date.h"
#include "rules/eval/header_eval.h"

enum { ADDRESS_MAX = 320 /* octets: RFC 5321, 4.5.3.1 */ };

/* The last two labels of the host. */
static struct span
address_domain(struct span address)
{
    const char *at     = address.len > 0 ? memrchr(address.data, '@', address.len) : NULL;
    struct span host   = at != NULL ? span_tail(address, (size_t)(at - address.data) + 1) : (struct span){0};
    const char *last   = host.len > 0 ? memrchr(host.data, '.', host.len) : NULL;
    const char *second = last != NULL ? memrchr(host.data, '.', (size_t)(last - host.data)) : NULL;

    if (second == NULL || second == host.data || last == second + 1 || last == host.data + host.len - 1)
        return host;
    return span_tail(host, (size_t)(second - host.data) + 1);
}

/* That both are known and differ. */
unsigned
header_equal_from_domains(struct eval_run *run, const struct eval_call *call)
{
    struct span from     = address_domain(eval_field_first(run, "From:addr"));
    struct span envelope = address_domain(eval_field_first(run, "EnvelopeFrom:addr"));

    (void)call;
    return from.len > 0 && envelope.len > 0 && !span_equal_nocase(from, envelope);
}

unsigned
header_matching_env_and_hdr_from(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return span_equal_nocase(eval_field_first(run, "EnvelopeFrom:addr"), eval_field_first(run, "From:addr"));
}

/*
 * Outlook writes the upper half of a FILETIME, units of 100 ns since 1601, into its identifiers: the hexadecimal
 * digits 5 to 12.
 */
static int64_t
filetime(int64_t seconds)
{
    return ((seconds + 11644473600) * 10000000) >> 32;
}

static bool
is_near(int64_t token, struct span text)
{
    enum { FUDGE = 250 }; /* a little less than 30 hours */
    int64_t seconds = 0;

    if (!date_read(text, &seconds))
        seconds = 0;
    return llabs(token - filetime(seconds)) < FUDGE;
}

/* That it has the form of Outlook's, with another time than the mail's. */
unsigned
header_outlook_message_id(struct eval_run *run, const struct eval_call *call)
{
    static struct regex_built_in form = {"^<[0-9a-f]{4}([0-9a-f]{8})\\$[0-9a-f]{8}\\$[0-9a-f]{8}@", "", NULL};
    struct regex_found           found;
    char                         digits[9] = "";
    int64_t                      token;

    (void)call;
    if (!regex_find(regex_of(&form), eval_field(run, "MESSAGEID"), 0, &found))
        return 0;
    memcpy(digits, regex_group(&found, 1).data, 8);
    token = strtoll(digits, NULL, 16);
    return !is_near(token, eval_field(run, "Date")) && !is_near(token, eval_field(run, "Received"));
}

/* That somebody on the way is known to replace identifiers. */
unsigned
header_messageid_not_usable(struct eval_run *run, const struct eval_call *call)
{
    static struct regex_built_in list_manager = {"<mailto:(?:leave-\\S+|\\S+-unsubscribe)@\\S+>$", "i", NULL};
    static struct regex_built_in server       = {"/CWT/DCE\\)|iPlanet Messaging Server", "", NULL};

    return eval_field_matches(run, "List-Unsubscribe", &list_manager) ||
           header_gated_through_received_hdr_remover(run, call) || eval_field_matches(run, "Received", &server);
}

/* Does a quoted name stand in front of the `<` at `at`? */
static bool
quoted_before(struct span text, size_t at)
{
    while (at > 0 && isspace((unsigned char)text.data[at - 1]))
        at--;
    return at >= 3 && text.data[at - 1] == '"' && text.data[at - 2] != '"' && memchr(text.data, '"', at - 2) != NULL;
}

/* That the identifier holds 28 capitals and the sender's address. */
unsigned
header_ratware_name_id(struct eval_run *run, const struct eval_call *call)
{
    static struct regex_built_in form = {"<[A-Z]{28}\\.([^>]+)>", "", NULL};
    struct span                  from = eval_field(run, "From"), address;
    struct regex_found           found;

    (void)call;
    if (from.len == 0 || !regex_find(regex_of(&form), eval_field(run, "MESSAGEID"), 0, &found))
        return 0;
    address = regex_group(&found, 1);
    address = (struct span){address.data - 1, address.len + 2}; /* the point and the bracket, too */
    for (size_t i = 0; i + address.len <= from.len; i++) {
        if (from.data[i] == '<' && memcmp(from.data + i + 1, address.data + 1, address.len - 1) == 0 &&
            quoted_before(from, i))
            return 1;
    }
    return 0;
}

static bool
is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Is "DOMAIN?USER@" in the sender's address, whatever ? is? */
static bool
names_recipient(struct span sender, struct span user, struct span domain)
{
    size_t len = domain.len + 1 + user.len + 1;

    for (size_t i = 0; i + len <= sender.len; i++) {
        struct span piece = {sender.data + i, len};

        if ((i > 0 && is_word(piece.data[-1])) == is_word(piece.data[0]) || piece.data[len - 1] != '@')
            continue;
        if (span_starts_nocase(piece, domain) &&
            span_equal_nocase((struct span){piece.data + domain.len + 1, user.len}, user))
            return true;
    }
    return false;
}

/* That the envelope's sender is made of the recipient's address, and not by SRS. */
unsigned
header_ratware_envelope_from(struct eval_run *run, const struct eval_call *call)
{
    static struct regex_built_in srs      = {"^SRS\\d[=+-]", "i", NULL};
    struct span                  to       = eval_field_first(run, "To:addr");
    struct span                  from     = eval_field_first(run, "EnvelopeFrom:addr");
    const struct registry       *registry = run->mail->settings->registry;
    const char                  *at       = to.len > 0 ? memchr(to.data, '@', to.len) : NULL;
    struct span                  domain;

    (void)call;
    if (from.len == 0 || at == NULL || to.len > ADDRESS_MAX || from.len > ADDRESS_MAX || eval_matches(&srs, from))
        return 0;
    domain = registry_domain(registry, span_tail(to, (size_t)(at - to.data) + 1));
    return registry_host_valid(registry, domain) &&
           names_recipient(from, span_head(to, (size_t)(at - to.data)), domain);
}
