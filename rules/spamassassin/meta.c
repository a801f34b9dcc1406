/* Read by precedence climbing into postfix operations, which run on a small stack. */
#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"
#include "rules/spamassassin/meta.h"

enum operation {
    NUMBER, /* this and RULE push a value, the others work on those pushed */
    RULE,
    NOT,
    MULTIPLY,
    DIVIDE,
    ADD,
    SUBTRACT,
    LESS,
    LESS_EQUAL,
    GREATER,
    GREATER_EQUAL,
    EQUAL,
    NOT_EQUAL,
    XOR,
    AND,
    OR,
    CHOOSE,
};

struct step {
    enum operation operation;
    double         number; /* of NUMBER */
    size_t         rule;   /* of RULE */
};

struct meta {
    struct step *steps;
    size_t       count;
    size_t       capacity;
};

static const struct {
    struct span    sign; /* longer ones first */
    enum operation operation;
    int            precedence; /* higher binds tighter */
} operators[] = {
    {{"&&", 2}, AND, 2},       {{"||", 2}, OR, 1},         {{"==", 2}, EQUAL, 4},
    {{"!=", 2}, NOT_EQUAL, 4}, {{"<=", 2}, LESS_EQUAL, 5}, {{">=", 2}, GREATER_EQUAL, 5},
    {{"<", 1}, LESS, 5},       {{">", 1}, GREATER, 5},     {{"^", 1}, XOR, 3},
    {{"+", 1}, ADD, 6},        {{"-", 1}, SUBTRACT, 6},    {{"*", 1}, MULTIPLY, 7},
    {{"/", 1}, DIVIDE, 7},
};

struct reader {
    struct span              rest;
    struct meta             *meta;
    const struct meta_names *names;
    struct bytes            *why;
    size_t                   depth;
};

static int read_choice(struct reader *);

static int
note_mistake(struct reader *reader, const char *what)
{
    if (reader->rest.len > 0)
        bytes_printf(reader->why, "%s at \"%.*s\"", what, SPAN_ARG(reader->rest));
    else
        bytes_printf(reader->why, "%s at the end", what);
    return -1;
}

static void
add_step(struct meta *meta, struct step step)
{
    if (meta->count == meta->capacity) {
        meta->capacity = meta->capacity > 0 ? meta->capacity * 2 : 16;
        meta->steps    = memory_resize_array(meta->steps, meta->capacity, sizeof(meta->steps[0]));
    }
    meta->steps[meta->count++] = step;
}

static struct span
take_while(struct reader *reader, const char *more)
{
    size_t len = 0;

    while (len < reader->rest.len && (isalnum((unsigned char)reader->rest.data[len]) || reader->rest.data[len] == '_' ||
                                      (reader->rest.data[len] != '\0' && strchr(more, reader->rest.data[len]) != NULL)))
        len++;
    reader->rest = span_tail(reader->rest, len);
    return (struct span){reader->rest.data - len, len};
}

static int
read_number(struct reader *reader)
{
    struct span start = reader->rest, digits = take_while(reader, ".");
    char        text[32], *end;
    double      number;

    if (digits.len >= sizeof(text)) {
        reader->rest = start;
        return note_mistake(reader, "number too long");
    }
    memcpy(text, digits.data, digits.len);
    text[digits.len] = '\0';
    number           = strtod(text, &end);
    if (*end != '\0' || !(isdigit((unsigned char)text[0]) || text[0] == '.')) {
        reader->rest = start;
        return note_mistake(reader, "not a number");
    }
    add_step(reader->meta, (struct step){.operation = NUMBER, .number = number});
    return 0;
}

static void
add_matching(void *adder, size_t rule)
{
    struct meta *meta = adder;

    add_step(meta, (struct step){.operation = RULE, .rule = rule});
    add_step(meta, (struct step){.operation = ADD});
}

/* rules_matching(GLOB): the sum of all that fit. */
static int
read_matching(struct reader *reader)
{
    struct span glob;

    reader->rest = text_trim_start(reader->rest);
    glob         = take_while(reader, "*?");
    if (glob.len == 0)
        return note_mistake(reader, "rule pattern expected");
    add_step(reader->meta, (struct step){.operation = NUMBER});
    reader->names->match(reader->names->context, glob, add_matching, reader->meta);
    return text_accept(&reader->rest, ')') ? 0 : note_mistake(reader, "')' expected");
}

static int
read_name(struct reader *reader)
{
    struct span name = take_while(reader, "");
    long        rule;

    if (span_equal(name, SPAN("rules_matching")) && text_accept(&reader->rest, '('))
        return read_matching(reader);
    rule = reader->names->find(reader->names->context, name);
    if (rule >= 0)
        add_step(reader->meta, (struct step){.operation = RULE, .rule = (size_t)rule});
    else
        add_step(reader->meta, (struct step){.operation = NUMBER});
    return 0;
}

static int read_value(struct reader *);

static int
read_bare_value(struct reader *reader)
{
    char next;

    reader->rest = text_trim_start(reader->rest);
    if (reader->rest.len == 0)
        return note_mistake(reader, "value expected");
    next = reader->rest.data[0];
    if (text_accept(&reader->rest, '!')) {
        if (read_value(reader) != 0)
            return -1;
        add_step(reader->meta, (struct step){.operation = NOT});
        return 0;
    }
    if (text_accept(&reader->rest, '-')) {
        add_step(reader->meta, (struct step){.operation = NUMBER});
        if (read_value(reader) != 0)
            return -1;
        add_step(reader->meta, (struct step){.operation = SUBTRACT});
        return 0;
    }
    if (text_accept(&reader->rest, '(')) {
        if (read_choice(reader) != 0)
            return -1;
        return text_accept(&reader->rest, ')') ? 0 : note_mistake(reader, "')' expected");
    }
    if (isdigit((unsigned char)next) || next == '.')
        return read_number(reader);
    if (isalpha((unsigned char)next) || next == '_')
        return read_name(reader);
    return note_mistake(reader, "value expected");
}

/* A value: number, name, parentheses, or one with signs in front. */
static int
read_value(struct reader *reader)
{
    int result;

    if (++reader->depth > META_DEPTH_MAX)
        return note_mistake(reader, "nested too deep");
    result = read_bare_value(reader);
    reader->depth--;
    return result;
}

/* Values joined by operators that bind at least as tight as `least`. */
static int
read_operation(struct reader *reader, int least)
{
    if (read_value(reader) != 0)
        return -1;
    for (;;) {
        size_t row = 0;

        reader->rest = text_trim_start(reader->rest);
        while (row < COUNT_OF(operators) && !span_starts_nocase(reader->rest, operators[row].sign))
            row++;
        if (row == COUNT_OF(operators) || operators[row].precedence < least)
            return 0;
        reader->rest = span_tail(reader->rest, operators[row].sign.len);
        if (read_operation(reader, operators[row].precedence + 1) != 0)
            return -1;
        add_step(reader->meta, (struct step){.operation = operators[row].operation});
    }
}

static int
read_choice(struct reader *reader)
{
    int result;

    if (++reader->depth > META_DEPTH_MAX)
        return note_mistake(reader, "nested too deep");
    result = read_operation(reader, 1);
    if (result == 0 && text_accept(&reader->rest, '?')) {
        result = read_choice(reader);
        if (result == 0 && !text_accept(&reader->rest, ':'))
            result = note_mistake(reader, "':' expected");
        if (result == 0)
            result = read_choice(reader);
        add_step(reader->meta, (struct step){.operation = CHOOSE});
    }
    reader->depth--;
    return result;
}

/* The deepest stack that the steps need. */
static size_t
stack_need(const struct meta *meta)
{
    size_t depth = 0, most = 0;

    for (size_t i = 0; i < meta->count; i++) {
        enum operation operation = meta->steps[i].operation;

        if (operation <= RULE)
            depth++;
        else if (operation == CHOOSE)
            depth -= 2;
        else if (operation != NOT)
            depth--;
        most = depth > most ? depth : most;
    }
    return most;
}

enum { STACK = 4 * META_DEPTH_MAX };

struct meta *
meta_compile(struct span expression, const struct meta_names *names, struct bytes *why)
{
    struct meta  *meta   = memory_new(sizeof(*meta));
    struct reader reader = {.rest = expression, .meta = meta, .names = names, .why = why};
    int           result = read_choice(&reader);

    reader.rest = text_trim_start(reader.rest);
    if (result == 0 && reader.rest.len > 0)
        result = note_mistake(&reader, "operator expected");
    if (result == 0 && stack_need(meta) > STACK)
        result = note_mistake(&reader, "nested too deep");
    if (result != 0)
        meta_free(&meta);
    return meta;
}

static long
whole(double number)
{
    return number > INT32_MAX ? INT32_MAX : number < INT32_MIN ? INT32_MIN : (long)number;
}

static double
apply(enum operation operation, double a, double b)
{
    switch (operation) {
    case MULTIPLY:
        return a * b;
    case DIVIDE:
        return b != 0 ? a / b : 0;
    case ADD:
        return a + b;
    case SUBTRACT:
        return a - b;
    case LESS:
        return a < b;
    case LESS_EQUAL:
        return a <= b;
    case GREATER:
        return a > b;
    case GREATER_EQUAL:
        return a >= b;
    case EQUAL:
        return a == b;
    case NOT_EQUAL:
        return a != b;
    case XOR:
        return (double)(whole(a) ^ whole(b));
    case AND:
        return a != 0 ? b : a;
    case OR:
        return a != 0 ? a : b;
    default:
        return 0;
    }
}

double
meta_evaluate(const struct meta *meta, const double *hits)
{
    double stack[STACK] = {0};
    size_t top          = 0;

    assert(meta->count > 0);
    for (size_t i = 0; i < meta->count; i++) {
        const struct step *step = &meta->steps[i];

        if (step->operation <= RULE) {
            stack[top++] = step->operation == NUMBER ? step->number : hits[step->rule];
        } else if (step->operation == NOT) {
            assert(top >= 1);
            stack[top - 1] = stack[top - 1] == 0;
        } else if (step->operation == CHOOSE) {
            assert(top >= 3);
            top -= 2;
            stack[top - 1] = stack[top - 1] != 0 ? stack[top] : stack[top + 1];
        } else {
            assert(top >= 2);
            top--;
            stack[top - 1] = apply(step->operation, stack[top - 1], stack[top]);
        }
    }
    return stack[0];
}

long
meta_next_rule(const struct meta *meta, size_t *at)
{
    while (*at < meta->count) {
        const struct step *step = &meta->steps[(*at)++];

        if (step->operation == RULE)
            return (long)step->rule;
    }
    return -1;
}

void
meta_free(struct meta **meta)
{
    if (*meta == NULL)
        return;
    free((*meta)->steps);
    free(*meta);
    *meta = NULL;
}
