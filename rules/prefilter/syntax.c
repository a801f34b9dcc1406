/* Reads a pattern by recursive descent: a choice of sequences of items, each perhaps repeated. */
#include <ctype.h>

#include "base/count.h"
#include "rules/prefilter/syntax.h"

/* Groups in each other; PCRE2 has 250. */
enum { DEPTH_MAX = 250 };

static struct syntax_node *read_choice(struct syntax_reader *);

static struct syntax_node *
new_node(struct syntax_reader *reader, enum syntax_kind kind)
{
    struct syntax_node *node = arena_new(reader->arena, sizeof(*node));

    *node = (struct syntax_node){.kind = kind};
    return node;
}

static struct syntax_node *
new_octet(struct syntax_reader *reader, struct octet_set set)
{
    struct syntax_node *node = new_node(reader, SYNTAX_OCTET);

    node->set = set;
    return node;
}

static struct syntax_node *
new_repeat(struct syntax_reader *reader, struct syntax_node *part, uint32_t least, uint32_t most)
{
    struct syntax_node *node = new_node(reader, SYNTAX_REPEAT);

    node->part  = part;
    node->least = least;
    node->most  = most;
    return node;
}

static bool
starts_with(const struct syntax_reader *reader, const char *text)
{
    size_t len = strlen(text);

    return (size_t)(reader->end - reader->at) >= len && memcmp(reader->at, text, len) == 0;
}

/* Goes behind the next `c`. */
static void
skip_behind(struct syntax_reader *reader, char c)
{
    const char *found = reader->at < reader->end ? memchr(reader->at, c, (size_t)(reader->end - reader->at)) : NULL;

    reader->lost |= found == NULL;
    reader->at = found != NULL ? found + 1 : reader->end;
}

/* White space and comments, where flag x allows them. False if there were none. */
static bool
skip_space(struct syntax_reader *reader)
{
    const char *start = reader->at;

    while (reader->extended && reader->at < reader->end) {
        if (isspace((unsigned char)*reader->at))
            reader->at++;
        else if (*reader->at == '#') {
            while (reader->at < reader->end && *reader->at != '\n')
                reader->at++;
        } else
            break;
    }
    return reader->at > start;
}

/* Passes over what stands between two items and is none: white space, comments, \Q and \E. */
static void
skip_between(struct syntax_reader *reader)
{
    bool more = true;

    while (more && !reader->quoting) {
        more = skip_space(reader);
        if (starts_with(reader, "(?#")) {
            skip_behind(reader, ')');
            more = true;
        } else if (starts_with(reader, "\\E") || starts_with(reader, "\\Q")) {
            reader->quoting = reader->at[1] == 'Q';
            reader->at += 2;
            more = true;
        }
    }
}

/* \g{...}, \k<...> and \12: what follows the first character. */
static void
skip_reference(struct syntax_reader *reader, char letter)
{
    char        open  = reader->at < reader->end ? *reader->at : '\0';
    const char *pairs = "{}<>''", *pair = open != '\0' ? strchr(pairs, open) : NULL;

    if (isalpha((unsigned char)letter) && pair != NULL) {
        reader->at++;
        skip_behind(reader, pair[1]);
        return;
    }
    reader->at += letter == 'g' && (open == '-' || open == '+');
    while (reader->at < reader->end && isdigit((unsigned char)*reader->at))
        reader->at++;
}

/* What follows a backslash. */
static struct syntax_node *
read_escape(struct syntax_reader *reader)
{
    struct octet_set set;
    char             letter = reader->at < reader->end ? *reader->at : '\0';

    if (syntax_read_octets(reader, &set))
        return new_octet(reader, set);
    reader->at += reader->at < reader->end;
    if (letter != '\0' && strchr("bBAzZGK", letter) != NULL)
        return new_node(reader, SYNTAX_NOTHING);
    if (letter == 'X' || letter == 'R')
        return new_node(reader, SYNTAX_ANYTHING);
    if (letter == 'g' || letter == 'k' || (letter >= '1' && letter <= '9')) {
        skip_reference(reader, letter);
        return new_node(reader, SYNTAX_ANYTHING);
    }
    if (letter == 'N' && !starts_with(reader, "{")) {
        set = (struct octet_set){0};
        octet_set_add(&set, '\n');
        octet_set_invert(&set);
        return new_octet(reader, set);
    }
    reader->lost = true;
    return new_node(reader, SYNTAX_NOTHING);
}

/* "imsx-imsx" and "^imsx", up to what follows. */
static void
read_flags(struct syntax_reader *reader)
{
    bool on = true;

    for (; reader->at < reader->end; reader->at++) {
        switch (*reader->at) {
        case '^':
            reader->ignore_case = reader->dot_all = reader->extended = false;
            break;
        case '-':
            on = false;
            break;
        case 'i':
            reader->ignore_case = on;
            break;
        case 's':
            reader->dot_all = on;
            break;
        case 'x':
            reader->extended = on;
            reader->lost |= starts_with(reader, "xx"); /* white space in classes */
            break;
        case 'm':
        case 'n':
        case 'U':
        case 'J':
            break;
        default:
            return;
        }
    }
}

/* The contents of a group and its ')'; flags that are set in it end with it. */
static struct syntax_node *
read_group_end(struct syntax_reader *reader, struct syntax_reader before)
{
    struct syntax_node *contents = read_choice(reader);

    reader->lost |= !starts_with(reader, ")") || reader->quoting;
    reader->at += !reader->lost;
    reader->ignore_case = before.ignore_case;
    reader->dot_all     = before.dot_all;
    reader->extended    = before.extended;
    return contents;
}

static bool
take_text(struct syntax_reader *reader, const char *text)
{
    bool found = starts_with(reader, text);

    reader->at += found ? strlen(text) : 0;
    return found;
}

/* "(?i)" and "(?i:...)", behind the '?'. */
static struct syntax_node *
read_flag_group(struct syntax_reader *reader)
{
    struct syntax_reader before = *reader;

    read_flags(reader);
    if (take_text(reader, ":"))
        return read_group_end(reader, before);
    reader->lost |= !take_text(reader, ")");
    return new_node(reader, SYNTAX_NOTHING);
}

static void
add_name(struct syntax_reader *reader, struct syntax_name **list, struct span name, struct syntax_node *node)
{
    struct syntax_name *first = arena_new(reader->arena, sizeof(*first));

    *first = (struct syntax_name){.name = name, .node = node, .next = *list};
    *list  = first;
}

/* A name and what ends it, which is taken too. */
static struct span
read_name(struct syntax_reader *reader, char end)
{
    const char *start = reader->at;

    skip_behind(reader, end);
    return (struct span){start, reader->lost ? 0 : (size_t)(reader->at - start) - 1};
}

/* Behind "(?<": a group with a name, which is a call of itself, as others may call it too. */
static struct syntax_node *
read_named_group(struct syntax_reader *reader, char end)
{
    struct syntax_reader before = *reader;
    struct span          name   = read_name(reader, end);
    struct syntax_node  *call   = new_node(reader, SYNTAX_CALL);

    call->group = read_group_end(reader, before);
    add_name(reader, &reader->groups, name, call->group);
    return call;
}

/* Behind "(?&". */
static struct syntax_node *
read_call(struct syntax_reader *reader)
{
    struct syntax_node *call = new_node(reader, SYNTAX_CALL);

    add_name(reader, &reader->calls, read_name(reader, ')'), call);
    return call;
}

/* What is called by a name that nobody or several have is anything. */
static void
resolve_calls(const struct syntax_reader *reader)
{
    for (const struct syntax_name *call = reader->calls; call != NULL; call = call->next) {
        size_t found = 0;

        for (const struct syntax_name *group = reader->groups; group != NULL; group = group->next) {
            if (!span_equal(group->name, call->name))
                continue;
            call->node->group = group->node;
            found++;
        }
        if (found != 1)
            call->node->kind = SYNTAX_ANYTHING;
    }
}

/* What follows "(?". */
static struct syntax_node *
read_special_group(struct syntax_reader *reader)
{
    static const char *const assertions[] = {"=", "!", "*", "<=", "<!", "<*"};
    char                     first        = reader->at < reader->end ? *reader->at : '\0';

    for (size_t i = 0; i < COUNT_OF(assertions); i++) {
        if (take_text(reader, assertions[i])) {
            (void)read_group_end(reader, *reader);
            return new_node(reader, SYNTAX_NOTHING);
        }
    }
    if (take_text(reader, ":") || take_text(reader, ">") || take_text(reader, "|"))
        return read_group_end(reader, *reader);
    if (take_text(reader, "P<") || take_text(reader, "<") || take_text(reader, "'"))
        return read_named_group(reader, first == '\'' ? '\'' : '>');
    if (take_text(reader, "&") || take_text(reader, "P>"))
        return read_call(reader);
    if (take_text(reader, "(DEFINE)")) {
        (void)read_group_end(reader, *reader);
        return new_node(reader, SYNTAX_NOTHING);
    }
    if (first == 'R' || first == 'P' || first == '+' || isdigit((unsigned char)first) ||
        (first == '-' && reader->end - reader->at > 1 && isdigit((unsigned char)reader->at[1]))) {
        skip_behind(reader, ')');
        return new_node(reader, SYNTAX_ANYTHING);
    }
    return read_flag_group(reader);
}

static struct syntax_node *
read_group(struct syntax_reader *reader)
{
    struct syntax_node *group;

    reader->lost |= ++reader->depth > DEPTH_MAX || starts_with(reader, "*");
    if (reader->lost)
        return new_node(reader, SYNTAX_NOTHING);
    group = take_text(reader, "?") ? read_special_group(reader) : read_group_end(reader, *reader);
    reader->depth--;
    return group;
}

static struct syntax_node *
read_character(struct syntax_reader *reader, char c)
{
    struct octet_set set = {0};

    octet_set_add(&set, (unsigned char)c);
    if (reader->ignore_case)
        octet_set_fold(&set, reader->latin);
    return new_octet(reader, set);
}

static struct syntax_node *
read_dot(struct syntax_reader *reader)
{
    struct octet_set set = {0};

    if (!reader->dot_all)
        octet_set_add(&set, '\n');
    octet_set_invert(&set);
    return new_octet(reader, set);
}

static struct syntax_node *
read_item(struct syntax_reader *reader)
{
    char c = *reader->at++;

    switch (c) {
    case '[':
        reader->lost |= starts_with(reader, "[:<:]]") || starts_with(reader, "[:>:]]");
        return new_octet(reader, syntax_read_class(reader));
    case '(':
        return read_group(reader);
    case '\\':
        return read_escape(reader);
    case '.':
        return read_dot(reader);
    case '^':
    case '$':
        return new_node(reader, SYNTAX_NOTHING);
    case '*':
    case '+':
    case '?':
        reader->lost = true;
        return new_node(reader, SYNTAX_NOTHING);
    default:
        reader->lost |= reader->extended && c == '\x85'; /* to Unicode it is white space */
        return read_character(reader, c);
    }
}

static uint32_t
read_count(const char **at, const char *end)
{
    uint32_t count = 0;

    for (; *at < end && isdigit((unsigned char)**at); (*at)++)
        count = count < 100000 ? count * 10 + (uint32_t)(**at - '0') : count;
    return count;
}

/* "{2}", "{2,}", "{2,3}". Braces with numbers in another order are text to one version and a count to another. */
static bool
read_braces(struct syntax_reader *reader, uint32_t *least, uint32_t *most)
{
    const char *at = reader->at + 1, *start = at;
    size_t      inside;

    *least = *most = read_count(&at, reader->end);
    if (at > start && at < reader->end && *at == ',') {
        at++;
        *most = at < reader->end && *at == '}' ? SYNTAX_ENDLESS : read_count(&at, reader->end);
    }
    if (at > start && at < reader->end && *at == '}') {
        reader->at = at + 1;
        return true;
    }
    for (inside = 0;
         start + inside < reader->end && strchr("0123456789, \t", start[inside]) != NULL && start[inside] != '\0';
         inside++)
        continue;
    reader->lost |= start + inside < reader->end && start[inside] == '}' && inside > 0;
    return false;
}

static bool
read_quantifier(struct syntax_reader *reader, uint32_t *least, uint32_t *most)
{
    if (reader->quoting || reader->at == reader->end)
        return false;
    if (*reader->at == '{')
        return read_braces(reader, least, most);
    if (strchr("*+?", *reader->at) == NULL || *reader->at == '\0')
        return false;
    *least = *reader->at == '+';
    *most  = *reader->at == '?' ? 1 : SYNTAX_ENDLESS;
    reader->at++;
    return true;
}

/* The item with what repeats it. */
static struct syntax_node *
read_repeated(struct syntax_reader *reader, struct syntax_node *item)
{
    uint32_t least, most;
    bool     spaced;

    skip_between(reader);
    if (!read_quantifier(reader, &least, &most))
        return item;
    spaced = skip_space(reader);
    if (take_text(reader, "+") || take_text(reader, "?"))
        reader->lost |= spaced; /* lazy, or repeated once more? */
    skip_between(reader);
    if (item->kind == SYNTAX_NOTHING || item->kind == SYNTAX_ANYTHING)
        return item;
    return new_repeat(reader, item, least, most);
}

static struct syntax_node *
read_sequence(struct syntax_reader *reader)
{
    struct syntax_node *sequence = new_node(reader, SYNTAX_SEQUENCE), **last = &sequence->part;

    for (;;) {
        struct syntax_node *item;

        skip_between(reader);
        if (reader->lost || reader->at == reader->end)
            return sequence;
        if (reader->quoting && take_text(reader, "\\E")) {
            reader->quoting = false;
            continue;
        }
        if (!reader->quoting && (*reader->at == '|' || *reader->at == ')'))
            return sequence;
        item = reader->quoting ? read_character(reader, *reader->at++) : read_item(reader);
        if (reader->quoting && take_text(reader, "\\E"))
            reader->quoting = false;
        *last = read_repeated(reader, item);
        last  = &(*last)->next;
    }
}

static struct syntax_node *
read_choice(struct syntax_reader *reader)
{
    struct syntax_node *first = read_sequence(reader), **last = &first->next, *choice;

    if (!starts_with(reader, "|"))
        return first;
    while (!reader->lost && take_text(reader, "|")) {
        *last = read_sequence(reader);
        last  = &(*last)->next;
    }
    choice       = new_node(reader, SYNTAX_CHOICE);
    choice->part = first;
    return choice;
}

struct syntax_node *
syntax_read(struct arena *arena, struct span pattern, struct span flags)
{
    struct syntax_reader reader = {.arena = arena, .at = pattern.data, .end = pattern.data + pattern.len};
    struct syntax_node  *root;

    for (size_t i = 0; i < flags.len; i++) {
        reader.ignore_case |= flags.data[i] == 'i';
        reader.dot_all |= flags.data[i] == 's';
        reader.extended |= flags.data[i] == 'x';
        reader.latin |= flags.data[i] == 'a';
    }
    root = read_choice(&reader);
    resolve_calls(&reader);
    return reader.lost || reader.at < reader.end ? NULL : root;
}
