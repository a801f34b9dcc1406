/* Perl's patterns by PCRE2: compile once, match within bounds. The process's match data is made when first needed. */
#include <assert.h>
#include <stdlib.h>

#include "base/budget.h"
#include "base/memory.h"
#include "rules/regex/regex.h"
#include "rules/regex/regex_code.h"
#include "rules/regex/regex_shape.h"
#include "rules/regex/regex_split.h"
#include "rules/regex/regex_time.h"

/*
 * What a match may cost. PCRE2's limit does not bound it: it counts steps from 0 again for each octet where a match may
 * begin, and a step may go over the whole text. So steps are few at first, enough for nearly all matches, and where
 * they are not, many; and the beginnings that are tried in one call are so many that the worst of them take some ms.
 * The clock is looked at between calls. What needs more steps yet, and long texts, are matched under supervision: by a
 * copy of the pattern with a call of ours in front of each item, slower, where the clock is looked at from within.
 */
enum {
    SHORT           = 512,       /* octets of a text */
    LONG            = 64 * 1024, /* and of another */
    SHORT_STEPS     = 1000,      /* of a pattern whose steps multiply, for each beginning in a short text, */
    STEPS           = 300,       /* in others */
    WORK            = 80000000,  /* octets that one call may pass at worst, */
    WORK_GROWTH     = 16,        /* times so many once calls turn out to be quick */
    CHECK_EVERY     = 16,        /* items under supervision between looks at the clock, */
    CHECK_LONG      = 2,         /* in long texts */
    MATCH_STEPS_MAX = 100000000, /* steps under supervision */
    MATCH_COST      = 64,        /* octets that any match counts as, beside those it looks at */
    DEPTH_MAX       = 10000,     /* nested backtracking points, where the interpreter has to run */
    HEAP_MAX        = 8 * 1024,  /* KiB, for the interpreter */
    JIT_STACK_MIN   = 32 * 1024, /* octets */
    JIT_STACK_MAX   = 1024 * 1024,
    PATTERN_MAX     = 256 * 1024, /* octets of a pattern, or of a part of one, */
    PARTS_MAX       = 256,        /* at most that it has */
};

/* A copy of a pattern that is matched under supervision. A worker makes its own when it first needs it. */
struct supervised {
    pcre2_code *code; /* NULL, though `made`: it could not be made */
    bool        made;
};

struct regex {
    pcre2_code *code;
    uint32_t    options;
    bool        compiled; /* to machine code; if not, it is always supervised */
    bool        simple;   /* see rules/regex/regex_shape.h */
    bool        whole;    /* must not be tried a few beginnings at a time: \G tells where a call began */
    char       *pattern;
    char       *flags;
    size_t      pattern_len;

    struct supervised *copy;

    /* A pattern that is too large for PCRE2 is several with some of its alternatives each: this one is the first. */
    struct regex *next;      /* NULL: there is none more */
    struct bytes  all_parts; /* of the first: the text of them all; without data where it is the only one */
};

static struct {
    pcre2_match_data    *data;
    pcre2_match_context *context;
    pcre2_jit_stack     *stack;
    uint64_t             limits_hit;
    unsigned             calls, check_every;
} process;

/* To machine code. It is no error if (*NO_JIT) asks for none. */
static bool
compile_further(pcre2_code *code)
{
    size_t size = 0;

    return pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0 &&
           pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &size) == 0 && size > 0;
}

static struct span
own_pattern(const struct regex *regex)
{
    return (struct span){regex->pattern, regex->pattern_len};
}

/* Compiles the copy that is matched under supervision. */
static pcre2_code *
compile_supervised(const struct regex *regex)
{
    struct bytes why = {0};
    bool         too_large;
    pcre2_code  *code;

    code = regex_code_compile(own_pattern(regex), regex_flags(regex), regex->options | PCRE2_AUTO_CALLOUT, &too_large,
                              &why);
    bytes_free(&why);
    return code;
}

static struct regex *
new_regex(pcre2_code *code, struct span pattern, struct span flags, uint32_t options)
{
    struct regex *regex = memory_new(sizeof(*regex));

    *regex = (struct regex){
        .code        = code,
        .options     = options,
        .compiled    = compile_further(code),
        .whole       = memmem(pattern.data, pattern.len, "\\G", 2) != NULL,
        .pattern     = memory_copy_span(pattern),
        .flags       = memory_copy_span(flags),
        .pattern_len = pattern.len,
        .copy        = memory_new(sizeof(*regex->copy)),
    };
    regex->simple = regex_is_simple(own_pattern(regex));
    code          = regex->compiled ? NULL : compile_supervised(regex);
    if (code != NULL) {
        pcre2_code_free(regex->code);
        regex->code = code;
    }
    return regex;
}

/* What is too large is cut in two, and that again, as long as there are alternatives to part. */
static struct regex *
compile_parts(struct span pattern, struct span flags, uint32_t options, size_t *parts, struct bytes *why)
{
    bool          too_large = pattern.len > PATTERN_MAX;
    struct bytes  failure = {0}, left = {0}, right = {0};
    struct regex *regex = NULL, *last;
    pcre2_code   *code  = NULL;

    if (too_large)
        bytes_printf(&failure, "pattern is too long");
    else
        code = regex_code_compile(pattern, flags, options, &too_large, &failure);
    if (code != NULL) {
        regex = new_regex(code, pattern, flags, options);
    } else if (too_large && ++*parts < PARTS_MAX && regex_split(pattern, flags, &left, &right)) {
        regex = compile_parts(bytes_span(&left), flags, options, parts, why);
        for (last = regex; last != NULL && last->next != NULL;)
            last = last->next;
        if (last != NULL)
            last->next = compile_parts(bytes_span(&right), flags, options, parts, why);
        if (last != NULL && last->next == NULL)
            regex_free(&regex);
    } else {
        bytes_add(why, bytes_span(&failure));
    }
    bytes_free(&failure);
    bytes_free(&left);
    bytes_free(&right);
    return regex;
}

struct regex *
regex_compile(struct span pattern, struct span flags, struct bytes *why)
{
    uint32_t      options = 0;
    size_t        parts   = 0;
    struct regex *regex;

    if (regex_code_options(flags, &options, why) != 0)
        return NULL;
    if (regex_has_callout(pattern)) {
        bytes_printf(why, "callouts (?C) are not allowed");
        return NULL;
    }
    regex = compile_parts(pattern, flags, options, &parts, why);
    if (regex != NULL && regex->next != NULL)
        bytes_add(&regex->all_parts, pattern);
    return regex;
}

static void
free_part(struct regex *regex)
{
    pcre2_code_free(regex->code);
    pcre2_code_free(regex->copy->code);
    free(regex->copy);
    bytes_free(&regex->all_parts);
    free(regex->pattern);
    free(regex->flags);
    free(regex);
}

void
regex_free(struct regex **regex)
{
    for (struct regex *part = *regex, *next; part != NULL; part = next) {
        next = part->next;
        free_part(part);
    }
    *regex = NULL;
}

void
regex_trim(void)
{
    pcre2_jit_free_unused_memory(NULL);
}

/* PCRE2 calls it in front of each item of a pattern under supervision. */
static int
supervise(pcre2_callout_block *block, void *context)
{
    (void)block;
    (void)context;
    if (++process.calls % process.check_every != 0)
        return 0;
    return regex_time_is_up() ? PCRE2_ERROR_MATCHLIMIT : 0;
}

static void
start_process(void)
{
    process.data    = pcre2_match_data_create(REGEX_GROUPS_MAX, NULL);
    process.context = pcre2_match_context_create(NULL);
    process.stack   = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
    if (process.data == NULL || process.context == NULL || process.stack == NULL)
        abort();
    (void)pcre2_set_depth_limit(process.context, DEPTH_MAX);
    (void)pcre2_set_heap_limit(process.context, HEAP_MAX);
    (void)pcre2_set_callout(process.context, supervise, NULL);
    pcre2_jit_stack_assign(process.context, NULL, process.stack);
}

/* One call: begins at `from`, or behind it up to `last`. */
static int
call(const struct regex *regex, struct span subject, size_t from, size_t last, uint32_t steps)
{
    PCRE2_SPTR text = (PCRE2_SPTR)(subject.data != NULL ? subject.data : "");

    (void)pcre2_set_match_limit(process.context, steps);
    (void)pcre2_set_offset_limit(process.context, last);
    return pcre2_jit_match(regex->code, text, subject.len, from, 0, process.data, process.context);
}

/* All beginnings in one call, with the clock looked at from within. */
static int
match_supervised(const pcre2_code *code, struct span subject, size_t from, size_t last)
{
    PCRE2_SPTR text = (PCRE2_SPTR)(subject.data != NULL ? subject.data : "");
    int        result;

    process.calls       = 0;
    process.check_every = subject.len > LONG ? CHECK_LONG : CHECK_EVERY;
    regex_time_start();
    (void)pcre2_set_match_limit(process.context, MATCH_STEPS_MAX);
    (void)pcre2_set_offset_limit(process.context, last);
    result = pcre2_match(code, text, subject.len, from, 0, process.data, process.context);
    regex_time_stop();
    return result;
}

/* Few patterns ever need a copy, and those will need it again: so it is kept. */
static int
match_again(const struct regex *regex, struct span subject, size_t from, size_t last)
{
    struct supervised *copy = regex->copy;

    if (!copy->made) {
        copy->made = true;
        copy->code = compile_supervised(regex);
        if (copy->code != NULL)
            (void)pcre2_jit_compile(copy->code, PCRE2_JIT_COMPLETE);
    }
    return copy->code != NULL ? match_supervised(copy->code, subject, from, last) : PCRE2_ERROR_NOMEMORY;
}

/* Some beginnings at a time, and more where that is quick. `*from` moves on over those that do not match. */
static int
match_by_and_by(const struct regex *regex, struct span subject, size_t *from, size_t end, uint64_t steps,
                uint64_t worst)
{
    size_t at_a_time = (size_t)(WORK / worst) + 1, most = WORK_GROWTH * at_a_time;

    for (;;) {
        size_t last   = end - *from < at_a_time ? end : *from + at_a_time;
        int    result = call(regex, subject, *from, last, (uint32_t)steps);

        if (result != PCRE2_ERROR_NOMATCH || last == end)
            return result;
        *from = last + 1;
        if (regex_time_is_up())
            return PCRE2_ERROR_HEAPLIMIT; /* there is no sense in more steps */
        at_a_time = 2 * at_a_time < most ? 2 * at_a_time : most;
    }
}

static int
match_in_calls(const struct regex *regex, struct span subject, size_t *from, size_t end, uint64_t steps)
{
    uint64_t worst = steps * (regex->simple ? 1 : subject.len + 1); /* octets passed for a beginning */
    int      result;

    if (regex->whole || (end - *from) * worst <= WORK)
        return call(regex, subject, *from, end, (uint32_t)steps);
    regex_time_start();
    result = match_by_and_by(regex, subject, from, end, steps, worst);
    regex_time_stop();
    return result;
}

static int
match_compiled(const struct regex *regex, struct span subject, size_t from, size_t last)
{
    uint64_t few    = regex->simple ? 4 * subject.len + SHORT_STEPS : subject.len <= SHORT ? SHORT_STEPS : STEPS;
    size_t   at     = from;
    int      result = PCRE2_ERROR_MATCHLIMIT;

    if (subject.len <= LONG)
        result = match_in_calls(regex, subject, &at, last, few);
    if (result == PCRE2_ERROR_MATCHLIMIT && subject.len <= LONG) {
        uint64_t many = WORK / (subject.len + 1);

        if (many > few)
            result = match_in_calls(regex, subject, &at, last, many);
    }
    return result == PCRE2_ERROR_MATCHLIMIT ? match_again(regex, subject, from, last) : result;
}

/* Begins at `from`, or behind it up to `last`. */
static int
match_part(const struct regex *regex, struct span subject, size_t from, size_t last)
{
    int result;

    assert(from <= last && last <= subject.len && subject.len < UINT32_MAX / 8);
    if (process.data == NULL)
        start_process();
    if (budget_use(subject.len - from + MATCH_COST)) {
        process.limits_hit++;
        return PCRE2_ERROR_MATCHLIMIT;
    }
    result = regex->compiled ? match_compiled(regex, subject, from, last)
                             : match_supervised(regex->code, subject, from, last);
    if (result < 0 && result != PCRE2_ERROR_NOMATCH)
        process.limits_hit++;
    return result;
}

/* The first match of any part; of two at one place, that of the first part. */
static int
match_parts(const struct regex *regex, struct span subject, size_t from, size_t last)
{
    const struct regex *best = NULL, *latest = NULL;
    int                 result = PCRE2_ERROR_NOMATCH;

    for (const struct regex *part = regex; part != NULL; part = part->next) {
        int    found = match_part(part, subject, from, last);
        size_t start;

        latest = part;
        if (found == PCRE2_ERROR_NOMATCH)
            continue;
        if (found < 0)
            return found;
        best   = part;
        result = found;
        start  = pcre2_get_startchar(process.data);
        if (start == from)
            break;
        last = start - 1;
    }
    return best == latest ? result : best != NULL ? match_part(best, subject, last + 1, last + 1) : result;
}

static int
match(const struct regex *regex, struct span subject, size_t from, size_t last)
{
    return regex->next != NULL ? match_parts(regex, subject, from, last) : match_part(regex, subject, from, last);
}

bool
regex_matches(const struct regex *regex, struct span subject)
{
    return match(regex, subject, 0, subject.len) >= 0;
}

bool
regex_find(const struct regex *regex, struct span subject, size_t from, struct regex_found *found)
{
    return regex_find_between(regex, subject, from, subject.len, found);
}

bool
regex_find_between(const struct regex *regex, struct span subject, size_t from, size_t last, struct regex_found *found)
{
    int count = match(regex, subject, from, last);

    if (count < 0)
        return false;
    *found = (struct regex_found){
        .subject = subject,
        .ends    = pcre2_get_ovector_pointer(process.data),
        .count   = count > 0 ? (size_t)count : REGEX_GROUPS_MAX,
    };
    return true;
}

struct span
regex_group(const struct regex_found *found, size_t number)
{
    size_t start, end;

    if (number >= found->count)
        return (struct span){0};
    start = found->ends[2 * number];
    end   = found->ends[2 * number + 1];
    if (start == PCRE2_UNSET || end < start)
        return (struct span){0};
    return span_head(span_tail(found->subject, start), end - start);
}

size_t
regex_next(const struct regex_found *found)
{
    return found->ends[1] > found->ends[0] ? found->ends[1] : found->ends[1] + 1;
}

size_t
regex_group_count(const struct regex *regex)
{
    uint32_t count = 0;

    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &count);
    return count;
}

static void
take_names(const struct regex *regex, void (*take)(void *context, struct span name, size_t group), void *context)
{
    uint32_t       count = 0, size = 0;
    const uint8_t *table = NULL;

    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &count);
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &table);
    for (uint32_t i = 0; i < count; i++, table += size)
        take(context, span_of((const char *)table + 2), (size_t)table[0] << 8 | table[1]);
}

void
regex_names(const struct regex *regex, void (*take)(void *context, struct span name, size_t group), void *context)
{
    for (; regex != NULL; regex = regex->next)
        take_names(regex, take, context);
}

bool
regex_is_anchored(const struct regex *regex)
{
    uint32_t options = PCRE2_ANCHORED;

    for (; regex != NULL && (options & PCRE2_ANCHORED) != 0; regex = regex->next)
        (void)pcre2_pattern_info(regex->code, PCRE2_INFO_ALLOPTIONS, &options);
    return (options & PCRE2_ANCHORED) != 0;
}

struct span
regex_pattern(const struct regex *regex)
{
    return regex->next != NULL ? bytes_span(&regex->all_parts) : own_pattern(regex);
}

struct span
regex_flags(const struct regex *regex)
{
    return span_of(regex->flags);
}

const struct regex *
regex_of(struct regex_built_in *built_in)
{
    if (built_in->regex == NULL) {
        struct bytes why = {0};

        built_in->regex = regex_compile(span_of(built_in->pattern), span_of(built_in->flags), &why);
        assert(built_in->regex != NULL);
        bytes_free(&why);
    }
    return built_in->regex;
}

uint64_t
regex_limits_hit(void)
{
    return process.limits_hit;
}
