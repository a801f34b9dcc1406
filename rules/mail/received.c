/* A line is cleaned, searched for what can stand anywhere, and then goes along the forms until one fits. */
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"
#include "rules/mail/networks.h"
#include "rules/mail/received.h"
#include "rules/mail/received_auth.h"
#include "rules/mail/received_pattern.h"

enum { LINE_OCTETS_MAX = 2048 }; /* of a value that are looked at: some patterns take longer than in proportion */

/* The tables, and how lines begin that are theirs. */
static struct {
    const char                 *start;
    const struct received_form *forms;
    const size_t               *count;
    struct received_pattern    *patterns; /* of the forms */
} tables[] = {
    {"from ", received_from_forms, &received_from_count, NULL},
    {"FROM ", received_upper_forms, &received_upper_count, NULL},
    {"(from ", received_paren_forms, &received_paren_count, NULL},
};

enum { TABLES = COUNT_OF(tables) };

static struct regex_built_in no_handover = {
    "^(?!(?i:\\(?from ))|\\bwith local for\\b|^(?i:from (?!\\[[\\d.]+\\] )\\S+ by [^\\s;]+ ?;)", "", NULL};
static struct regex_built_in date = {
    "(?<![\\s;])[\\s;]+(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\\d+ "
    "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \\d+ \\d+:\\d+(?::\\d+)? \\S+$",
    "", NULL};
static struct regex_built_in any_id       = {" id <?([^\\s<>;]{3,})", "", NULL};
static struct regex_built_in any_by       = {" by (\\S+)", "", NULL};
static struct regex_built_in any_helo     = {"\\bhelo=([-\\w.^+&:=?!@%*$\\\\/]+)", "", NULL};
static struct regex_built_in any_greet    = {"\\b(?:HE|EH)LO ([-\\w.^+&:=?!@%*$\\\\/]+)", "", NULL};
static struct regex_built_in any_sender   = {"(?i:return-path:? |envelope-(?:sender|from)[ =])(\\S+)\\b", "", NULL};
static struct regex_built_in some_address = {"(" RECEIVED_ADDRESS ")", "", NULL};
static struct regex_built_in in_brackets  = {"\\[(" RECEIVED_ADDRESS ")\\]", "", NULL};
static struct regex_built_in option_helo  = {"helo=(\\S+)", "", NULL};
static struct regex_built_in option_ident = {"ident=(\\S*)", "", NULL};
static struct regex_built_in exchange     = {
        " with (?:Microsoft SMTP Server|mapi id) (?:\\([^)]+\\) )?\\d+\\.\\d+\\.\\d+\\.\\d+(?: |$)", "", NULL};

static struct regex_built_in mapped = {"^0*:0*:(?:0*:)*(?i:ffff):(\\d+\\.\\d+\\.\\d+\\.\\d+)$", "", NULL};

static struct regex_built_in ecelerity = {"\\(ecelerity\\b", "", NULL};

/* What a line has in it that is of a family; the first decides. */
static const struct {
    const char            *needle;
    struct regex_built_in *pattern; /* NULL: the needle says it all */
    enum received_family   family;
} families[] = {
    {" SMTPSVC", NULL, FAMILY_SMTPSVC},
    {" with Microsoft SMTP Server ", &exchange, FAMILY_EXCHANGE},
    {" with mapi id ", &exchange, FAMILY_EXCHANGE},
    {"[XMail ", NULL, FAMILY_XMAIL},
    {"(ecelerity", &ecelerity, FAMILY_ECELERITY},
    {"Exim", NULL, FAMILY_EXIM},
    {" (Postfix) with", NULL, FAMILY_POSTFIX},
    {"(Scalix SMTP Relay", NULL, FAMILY_SCALIX},
    {" (Lotus Domino ", NULL, FAMILY_DOMINO},
};

static bool
has(struct span line, const char *needle)
{
    return memmem(line.data, line.len, needle, strlen(needle)) != NULL;
}

static enum received_family
family_of(struct span line)
{
    for (size_t i = 0; i < COUNT_OF(families); i++)
        if (has(line, families[i].needle) &&
            (families[i].pattern == NULL || regex_matches(regex_of(families[i].pattern), line)))
            return families[i].family;
    return FAMILY_ANY;
}

/* A line while it is read. */
struct reading {
    struct span          line;
    enum received_family family;
    bool                 looked_up; /* the MTA asked DNS for the name */
    struct relay        *relay;
};

void
received_start(void)
{
    struct regex_built_in *built_in[] = {&no_handover,  &date,       &any_id,       &any_by,      &any_helo,
                                         &any_greet,    &any_sender, &some_address, &in_brackets, &option_helo,
                                         &option_ident, &exchange,   &ecelerity,    &mapped};

    if (tables[0].patterns != NULL)
        return;
    for (size_t i = 0; i < COUNT_OF(built_in); i++)
        (void)regex_of(built_in[i]);
    received_auth_start();
    for (size_t i = 0; i < TABLES; i++) {
        tables[i].patterns = memory_new(*tables[i].count * sizeof(tables[i].patterns[0]));
        for (size_t j = 0; j < *tables[i].count; j++)
            received_pattern_compile(&tables[i].patterns[j], tables[i].forms[j].form);
    }
}

/* Group 1, or nothing. */
static struct span
find_text(struct regex_built_in *pattern, struct span text)
{
    struct regex_found found;

    if (!regex_find(regex_of(pattern), text, 0, &found))
        return (struct span){0};
    return regex_group(&found, 1);
}

/* A copy with single spaces between words, and no semicolons at the end. */
static struct span
squeeze(struct span value, struct arena *arena)
{
    char  *copy = arena_new(arena, value.len + 1);
    size_t len  = 0;

    for (size_t i = 0; i < value.len; i++)
        if (!text_is_space(value.data[i]))
            copy[len++] = value.data[i];
        else if (len > 0 && copy[len - 1] != ' ')
            copy[len++] = ' ';
    if (len > 0 && copy[len - 1] == ' ')
        len--;
    while (len > 0 && copy[len - 1] == ';') {
        len--;
        if (len > 0 && copy[len - 1] == ' ')
            len--;
    }
    return (struct span){copy, len};
}

/* Without the date, and with a space where it is missing in "(...)by". */
static struct span
take_date_off(struct span line, struct arena *arena)
{
    struct regex_found found;
    const char        *by;
    char              *copy;
    size_t             head;

    if (regex_find(regex_of(&date), line, 0, &found))
        line.len -= regex_group(&found, 0).len;
    by = memmem(line.data, line.len, ")by ", 4);
    if (by == NULL)
        return line;
    head = (size_t)(by - line.data) + 1;
    copy = arena_new(arena, line.len + 1);
    memcpy(copy, line.data, head);
    copy[head] = ' ';
    memcpy(copy + head + 1, line.data + head, line.len - head);
    return (struct span){copy, line.len + 1};
}

/* "USER@name" or "IDENT:USER@name", the name of a host and who it says it was. */
static void
take_ident(struct relay *relay, struct span text)
{
    static const struct span prefix = {"IDENT:", 6};

    for (unsigned pass = 0; pass < 2; pass++) {
        bool        marked = span_starts(text, prefix);
        struct span user   = marked && pass == 0 ? span_tail(text, prefix.len) : text;
        const char *at     = memchr(user.data, '@', user.len);

        if (at == NULL || (pass == 0 && !marked))
            continue;
        relay->ident = span_head(user, (size_t)(at - user.data));
        text         = span_tail(user, relay->ident.len + 1);
    }
    relay->rdns = text;
}

static void
take_options(struct relay *relay, struct span text)
{
    struct span helo  = find_text(&option_helo, text);
    struct span rest  = helo.data != NULL ? span_head(text, (size_t)(helo.data - text.data) - 5) : text;
    struct span ident = find_text(&option_ident, rest);

    if (helo.data != NULL)
        relay->helo = helo;
    if (ident.data == NULL && helo.data != NULL)
        ident = find_text(&option_ident, span_tail(text, (size_t)(helo.data - text.data) + helo.len));
    if (ident.data != NULL)
        relay->ident = ident;
}

/* Where the groups of forms go; one may go to two places. */
static const struct {
    char   letter;
    size_t offset; /* of a span in struct relay */
} places[] = {
    {'h', offsetof(struct relay, helo)}, {'r', offsetof(struct relay, rdns)},  {'R', offsetof(struct relay, helo)},
    {'R', offsetof(struct relay, rdns)}, {'i', offsetof(struct relay, ip)},    {'b', offsetof(struct relay, by)},
    {'d', offsetof(struct relay, id)},   {'n', offsetof(struct relay, ident)}, {'e', offsetof(struct relay, envfrom)},
};

static void
take_group(struct relay *relay, char letter, struct span text)
{
    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (places[i].letter == letter)
            *(struct span *)((char *)relay + places[i].offset) = text;
    if (letter == 'o')
        take_options(relay, text);
    if (letter == 'x')
        take_ident(relay, text);
}

/* Does the form fit? Then its groups are taken. */
static bool
form_fits(struct reading *reading, const struct received_form *form, const struct received_pattern *pattern)
{
    struct span            groups[RECEIVED_GROUPS_MAX];
    struct network_address address;
    struct regex_found     found;

    if ((form->family != FAMILY_ANY && form->family != reading->family) ||
        (form->needle != NULL && !has(reading->line, form->needle)) ||
        (form->action == FORM_NOTE_HELO && reading->relay->helo.len > 0) ||
        !regex_find(pattern->regex, reading->line, 0, &found))
        return false;
    for (size_t i = 0; pattern->letters[i] != '\0'; i++) {
        groups[i] = regex_group(&found, i + 1);
        if (strchr("ia", pattern->letters[i]) != NULL && groups[i].data != NULL &&
            !network_address_read(groups[i], &address))
            return false;
    }
    for (size_t i = 0; pattern->letters[i] != '\0'; i++)
        if (groups[i].data != NULL)
            take_group(reading->relay, pattern->letters[i], groups[i]);
    return true;
}

static void
ask_dns(struct reading *reading, const struct received_form *form)
{
    bool nameless = form->nameless != NULL && span_equal(reading->relay->rdns, span_of(form->nameless));

    reading->looked_up = form->looked_up && !nameless;
    if (nameless)
        reading->relay->rdns.len = 0;
}

static const struct {
    bool               decides;
    enum received_kind kind;
} outcomes[] = {
    [FORM_RELAY] = {true, RECEIVED_RELAY},         [FORM_SKIP] = {true, RECEIVED_SKIPPED},
    [FORM_SKIP_SENDER] = {true, RECEIVED_SKIPPED}, [FORM_FETCHED] = {true, RECEIVED_FETCHED},
    [FORM_NOTE] = {false, RECEIVED_RELAY},         [FORM_NOTE_HELO] = {false, RECEIVED_RELAY},
    [FORM_NOTE_BY] = {true, RECEIVED_RELAY},       [FORM_GATE] = {false, RECEIVED_RELAY},
};

/* Along the forms of a table, to the first that decides; RECEIVED_UNPARSEABLE if none does. */
static enum received_kind
read_forms(struct reading *reading, const struct received_form *forms, const struct received_pattern *patterns,
           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum received_action action = forms[i].action;
        bool                 fit    = form_fits(reading, &forms[i], &patterns[i]);

        if (action == FORM_GATE && !fit)
            i += forms[i].gated;
        if (!fit || !outcomes[action].decides || (action == FORM_NOTE_BY && reading->relay->ip.len == 0))
            continue;
        ask_dns(reading, &forms[i]);
        if (action == FORM_SKIP || action == FORM_FETCHED)
            reading->relay->envfrom = (struct span){0};
        return outcomes[action].kind;
    }
    return RECEIVED_UNPARSEABLE;
}

/* The first address that the pattern finds and that is one. */
static struct span
find_address(struct regex_built_in *pattern, struct span text)
{
    struct network_address address;
    struct regex_found     found;

    for (size_t at = 0; at < text.len && regex_find(regex_of(pattern), text, at, &found); at = found.ends[0] + 1)
        if (network_address_read(regex_group(&found, 1), &address))
            return regex_group(&found, 1);
    return (struct span){0};
}

struct span
received_find_address(struct span text)
{
    return find_address(&some_address, text);
}

/* By how the line begins. If no form fits, an address in brackets will do, if it is known who received; "0" nobody is
 * called. */
static enum received_kind
read_line(struct reading *reading)
{
    enum received_kind kind  = RECEIVED_UNPARSEABLE;
    struct relay      *relay = reading->relay;

    for (size_t i = 0; i < TABLES && kind == RECEIVED_UNPARSEABLE; i++) {
        struct span start = span_of(tables[i].start), line = reading->line;

        if (!span_starts(line, start))
            continue;
        reading->line = span_tail(line, start.len);
        if (i == 0)
            relay->envfrom = find_text(&any_sender, reading->line);
        kind = read_forms(reading, tables[i].forms, tables[i].patterns, *tables[i].count);
    }
    if (kind == RECEIVED_UNPARSEABLE && relay->ip.len == 0)
        relay->ip = find_address(&in_brackets, reading->line);
    if (kind == RECEIVED_UNPARSEABLE && relay->ip.len > 0 && relay->by.len > 0 && !span_equal(relay->by, SPAN("0")))
        return RECEIVED_RELAY;
    return kind;
}

static void
read_anywhere(struct reading *reading)
{
    struct span   line  = reading->line;
    struct relay *relay = reading->relay;

    relay->id   = find_text(&any_id, line);
    relay->by   = find_text(&any_by, line);
    relay->helo = find_text(&any_helo, line);
    if (relay->helo.data == NULL)
        relay->helo = find_text(&any_greet, line);
}

/* A copy in which what could be taken for the end of a name is '!'. */
static struct span
without_marks(struct span text, struct arena *arena)
{
    static const struct span marks = {" \t\n\v\f\r#[]()<>|", 15};
    char                    *copy  = arena_new(arena, text.len + 1);

    for (size_t i = 0; i < text.len; i++)
        copy[i] = memchr(marks.data, text.data[i], marks.len) != NULL || text.data[i] == '\0' ? '!' : text.data[i];
    return (struct span){copy, text.len};
}

/* Without the angle brackets around it. */
static struct span
clean_sender(struct span sender, struct arena *arena)
{
    while (sender.len > 0 && (sender.data[0] == '<' || text_is_space(sender.data[0])))
        sender = span_tail(sender, 1);
    while (sender.len > 0 && (sender.data[sender.len - 1] == '>' || text_is_space(sender.data[sender.len - 1])))
        sender.len--;
    return without_marks(sender, arena);
}

/* Without brackets, "IPv6:" and the interface; what is mapped into IPv6 is IPv4. */
static struct span
clean_address(struct span ip)
{
    struct span ipv4;

    if (span_starts_nocase(ip, SPAN("IPv6:")))
        ip = span_tail(ip, 5);
    if (ip.len == 0 || memchr(ip.data, ':', ip.len) == NULL)
        return ip;
    ipv4 = find_text(&mapped, ip);
    return ipv4.data != NULL ? ipv4 : ip;
}

static void
clean_line(struct reading *reading, struct arena *arena)
{
    struct relay *relay = reading->relay;

    while (relay->rdns.len > 0 && relay->rdns.data[relay->rdns.len - 1] == '.')
        relay->rdns.len--;
    if (span_equal_nocase(relay->rdns, SPAN("unknown")) || (relay->rdns.len > 0 && relay->rdns.data[0] == '['))
        relay->rdns.len = 0;
    if (relay->by.len > 0 && relay->by.data[relay->by.len - 1] == ';')
        relay->by.len--;
    relay->ip             = clean_address(relay->ip);
    relay->rdns           = without_marks(relay->rdns, arena);
    relay->helo           = without_marks(relay->helo, arena);
    relay->by             = without_marks(relay->by, arena);
    relay->ident          = without_marks(relay->ident, arena);
    relay->ip_private     = network_address_is_private(relay->ip);
    relay->no_reverse_dns = relay->rdns.len == 0 && reading->looked_up;
}

enum received_kind
received_read(struct span value, struct arena *arena, struct relay *relay)
{
    struct reading     reading = {.relay = relay};
    enum received_kind kind;

    received_start();
    *relay       = (struct relay){0};
    reading.line = squeeze(span_head(value, value.len < LINE_OCTETS_MAX ? value.len : LINE_OCTETS_MAX), arena);
    if (regex_matches(regex_of(&no_handover), reading.line))
        return RECEIVED_SKIPPED;
    reading.line   = take_date_off(reading.line, arena);
    reading.family = family_of(reading.line);
    read_anywhere(&reading);
    relay->auth = received_auth(reading.line, arena);
    kind        = read_line(&reading);
    if (relay->envfrom.data != NULL)
        relay->envfrom = clean_sender(relay->envfrom, arena);
    if (kind == RECEIVED_RELAY)
        clean_line(&reading, arena);
    return kind;
}
