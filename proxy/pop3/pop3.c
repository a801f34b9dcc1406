/*
 * POP3 by one table: a row for each verb says what it is called, where it belongs, what follows it, and what a +OK to
 * it looks like.
 */
#include <assert.h>
#include <inttypes.h>

#include "base/count.h"
#include "base/text.h"
#include "proxy/pop3/pop3.h"

static const uint64_t number_max = UINT32_MAX;

enum {
    MECHANISM_MAX    = 20, /* octets (RFC 4422, 3.1) */
    UNKNOWN_VERB_MAX = 16, /* octets; RFC 1939 knows three and four */
};

/* Takes the next word off `rest` as a number. */
static bool
next_number(struct span *rest, uint64_t least, uint64_t *number)
{
    return text_read_number(text_next_word(rest), least, number_max, number);
}

static bool
at_end(struct span rest)
{
    return text_next_word(&rest).len == 0;
}

/*
 * What may follow a verb. Each function takes the text behind the verb apart, and returns whether it is as it should
 * be.
 */

static bool
take_nothing(struct span rest, struct pop3_command *command)
{
    (void)command;
    return at_end(rest);
}

static bool
take_number(struct span rest, struct pop3_command *command)
{
    command->has_number = true;
    return next_number(&rest, 1, &command->number) && at_end(rest);
}

static bool
take_number_or_nothing(struct span rest, struct pop3_command *command)
{
    return at_end(rest) || take_number(rest, command);
}

static bool
take_number_and_lines(struct span rest, struct pop3_command *command)
{
    command->has_number = true;
    return next_number(&rest, 1, &command->number) && next_number(&rest, 0, &command->lines) && at_end(rest);
}

static bool
take_rest(struct span rest, struct pop3_command *command)
{
    if (rest.len > 1)
        command->argument = span_tail(rest, 1);
    return true;
}

static bool
take_string(struct span rest, struct pop3_command *command)
{
    return take_rest(rest, command) && command->argument.len > 0;
}

static bool
take_word_or_nothing(struct span rest, struct pop3_command *command)
{
    command->argument = text_next_word(&rest);
    return at_end(rest);
}

static bool
take_two_words(struct span rest, struct pop3_command *command)
{
    command->argument = text_next_word(&rest);
    command->second   = text_next_word(&rest);
    return command->second.len > 0 && at_end(rest);
}

static bool
take_mechanism(struct span rest, struct pop3_command *command)
{
    command->argument = text_next_word(&rest);
    command->second   = text_next_word(&rest);
    for (size_t i = 0; i < command->argument.len; i++)
        if (!text_is_alphanumeric(command->argument.data[i]) && memchr("-_", command->argument.data[i], 2) == NULL)
            return false;
    return command->argument.len <= MECHANISM_MAX && at_end(rest);
}

#define BOTH (POP3_AUTHORIZATION | POP3_TRANSACTION)

static const struct verb {
    const char *name;
    unsigned    states;
    bool (*take)(struct span rest, struct pop3_command *); /* `rest` is empty or starts with a space */
    enum pop3_shape bare;                                  /* of +OK to the verb alone */
    enum pop3_shape with;                                  /* of +OK to the verb with a number or an argument */
} verbs[] = {
    [POP3_USER]  = {"USER", POP3_AUTHORIZATION, take_string, POP3_LINE, POP3_LINE},
    [POP3_PASS]  = {"PASS", POP3_AUTHORIZATION, take_string, POP3_LINE, POP3_LINE},
    [POP3_APOP]  = {"APOP", POP3_AUTHORIZATION, take_two_words, POP3_LINE, POP3_LINE},
    [POP3_AUTH]  = {"AUTH", POP3_AUTHORIZATION, take_mechanism, POP3_LINE, POP3_LINE},
    [POP3_CAPA]  = {"CAPA", BOTH, take_nothing, POP3_LISTING, POP3_LISTING},
    [POP3_STLS]  = {"STLS", POP3_AUTHORIZATION, take_nothing, POP3_LINE, POP3_LINE},
    [POP3_STAT]  = {"STAT", POP3_TRANSACTION, take_nothing, POP3_LINE, POP3_LINE},
    [POP3_LIST]  = {"LIST", POP3_TRANSACTION, take_number_or_nothing, POP3_LISTING, POP3_LINE},
    [POP3_UIDL]  = {"UIDL", POP3_TRANSACTION, take_number_or_nothing, POP3_LISTING, POP3_LINE},
    [POP3_RETR]  = {"RETR", POP3_TRANSACTION, take_number, POP3_MESSAGE, POP3_MESSAGE},
    [POP3_TOP]   = {"TOP", POP3_TRANSACTION, take_number_and_lines, POP3_MESSAGE, POP3_MESSAGE},
    [POP3_DELE]  = {"DELE", POP3_TRANSACTION, take_number, POP3_LINE, POP3_LINE},
    [POP3_NOOP]  = {"NOOP", POP3_TRANSACTION, take_nothing, POP3_LINE, POP3_LINE},
    [POP3_RSET]  = {"RSET", POP3_TRANSACTION, take_nothing, POP3_LINE, POP3_LINE},
    [POP3_QUIT]  = {"QUIT", BOTH, take_nothing, POP3_LINE, POP3_LINE},
    [POP3_UTF8]  = {"UTF8", POP3_AUTHORIZATION, take_nothing, POP3_LINE, POP3_LINE},
    [POP3_LANG]  = {"LANG", BOTH, take_word_or_nothing, POP3_LISTING, POP3_LINE},
    [POP3_OTHER] = {"another command", BOTH, take_rest, POP3_LINE, POP3_LINE},
};
_Static_assert(COUNT_OF(verbs) == POP3_VERBS, "a row for each verb");

static enum pop3_verb
find_verb(struct span name)
{
    enum pop3_verb verb = 0;

    while (verb < POP3_OTHER && !span_equal_nocase(name, span_of(verbs[verb].name)))
        verb++;
    return verb;
}

static bool
name_is_printable(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] < '!' || name.data[i] > '~')
            return false;
    return name.len > 0 && name.len <= UNKNOWN_VERB_MAX;
}

size_t
pop3_line_limit(struct span start)
{
    return span_starts_nocase(start, SPAN("AUTH ")) ? POP3_SASL_MAX : POP3_COMMAND_MAX;
}

static enum pop3_fault
parse(struct span line, struct pop3_command *command)
{
    struct span rest = line;

    while (rest.len > 0 && rest.data[0] != ' ')
        rest = span_tail(rest, 1);
    command->name = span_head(line, line.len - rest.len);
    command->verb = find_verb(command->name);
    if (line.len + 2 > pop3_line_limit(line))
        return POP3_TOO_LONG;
    if (text_has_control(line) || !name_is_printable(command->name))
        return POP3_BAD_LINE;
    return verbs[command->verb].take(rest, command) ? POP3_FINE : POP3_BAD_ARGUMENT;
}

void
pop3_parse_command(struct span line, struct pop3_command *command)
{
    *command       = (struct pop3_command){0};
    command->fault = parse(line, command);
    if (command->fault != POP3_FINE)
        *command = (struct pop3_command){.verb = command->verb, .fault = command->fault, .name = command->name};
}

static void
add_word(struct bytes *line, struct span word)
{
    if (word.len > 0) {
        bytes_add_char(line, ' ');
        bytes_add(line, word);
    }
}

static void
add_capitals(struct bytes *line, struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        bytes_add_char(line, name.data[i] >= 'a' && name.data[i] <= 'z' ? (char)(name.data[i] - 0x20) : name.data[i]);
}

static void
add_number(struct bytes *line, uint64_t number)
{
    bytes_add_char(line, ' ');
    bytes_add_number(line, number);
}

void
pop3_write_command(const struct pop3_command *command, struct bytes *line)
{
    assert(command->fault == POP3_FINE);
    add_capitals(line, command->name);
    add_word(line, command->argument);
    add_word(line, command->second);
    if (command->has_number)
        add_number(line, command->number);
    if (command->verb == POP3_TOP)
        add_number(line, command->lines);
    bytes_add(line, SPAN("\r\n"));
}

unsigned
pop3_states(enum pop3_verb verb)
{
    return verbs[verb].states;
}

const char *
pop3_name(enum pop3_verb verb)
{
    return verbs[verb].name;
}

const char *
pop3_fault_text(enum pop3_fault fault)
{
    static const char *const texts[] = {
        [POP3_FINE]         = "fine",
        [POP3_BAD_LINE]     = "not a command",
        [POP3_TOO_LONG]     = "command too long",
        [POP3_BAD_ARGUMENT] = "invalid argument",
    };

    return texts[fault];
}

size_t
pop3_next_line(struct span input, struct span *line)
{
    const char *lf = input.len > 0 ? memchr(input.data, '\n', input.len) : NULL;
    size_t      len;

    if (lf == NULL)
        return 0;
    len   = (size_t)(lf - input.data);
    *line = span_head(input, len > 0 && lf[-1] == '\r' ? len - 1 : len);
    return len + 1;
}

/* Does the line begin with the indicator, and not with a longer word? `*text` is what follows. */
static bool
has_indicator(struct span line, struct span indicator, struct span *text)
{
    if (!span_starts(line, indicator))
        return false;
    *text = span_tail(line, indicator.len);
    if (text->len > 0 && text_is_alphanumeric(text->data[0]))
        return false;
    if (text->len > 0 && text->data[0] == ' ')
        *text = span_tail(*text, 1);
    return true;
}

enum pop3_status
pop3_parse_status(struct span line, struct span *text)
{
    static const struct span indicators[] = {
        [POP3_OK]       = {"+OK", 3},
        [POP3_ERR]      = {"-ERR", 4},
        [POP3_CONTINUE] = {"+", 1},
    };

    for (enum pop3_status status = POP3_OK; status < POP3_NONSENSE; status++)
        if (has_indicator(line, indicators[status], text))
            return status;
    *text = line;
    return POP3_NONSENSE;
}

void
pop3_write_status(enum pop3_status status, struct span text, struct bytes *line)
{
    size_t start = line->len;

    assert(status == POP3_OK || status == POP3_ERR);
    bytes_add(line, status == POP3_OK ? SPAN("+OK ") : SPAN("-ERR "));
    if (text.len == 0)
        text = status == POP3_OK ? SPAN("done") : SPAN("failed");
    bytes_add(line, span_head(text, text.len < POP3_STATUS_MAX ? text.len : POP3_STATUS_MAX));
    if (line->len - start > POP3_STATUS_MAX - 2)
        line->len = start + POP3_STATUS_MAX - 2;
    for (size_t i = start; i < line->len; i++)
        if (text_is_control(line->data[i]))
            line->data[i] = ' ';
    bytes_add(line, SPAN("\r\n"));
}

enum pop3_shape
pop3_reply_shape(const struct pop3_command *command, enum pop3_status status)
{
    const struct verb *verb = &verbs[command->verb];

    if (status != POP3_OK)
        return POP3_LINE;
    return command->has_number || command->argument.len > 0 ? verb->with : verb->bare;
}

struct span
pop3_timestamp(struct span greeting)
{
    size_t start = 0;
    bool   open = false, at = false;

    for (size_t i = 0; i < greeting.len; i++) {
        char c = greeting.data[i];

        if (c == '<') {
            start = i;
            open  = true;
            at    = false;
        } else if (c == '>' && open && at) {
            return span_tail(span_head(greeting, i + 1), start);
        } else if (c == ' ' || c == '>' || text_is_control(c)) {
            open = false;
        } else if (c == '@') {
            at = true;
        }
    }
    return (struct span){0};
}
