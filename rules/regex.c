/* Perl's patterns by PCRE2: compile once, match within bounds. The match data of the process is made when first needed.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include <assert.h>
#include <ctype.h>
#include <pcre2.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "rules/regex.h"

/*
 * PCRE2 counts the steps of a match anew for each octet where it tries to begin, so that its limit alone bounds
 * nothing: a text of a megabyte has a million beginnings. Most matches take a few steps each and are done in one call.
 * Where that meets its limit, and where the text is long, beginnings are tried a few at a time, with a look at the
 * clock between.
 */
enum {
    QUICK_STEPS     = 2000,      /* of each beginning, in one call for */
    QUICK_OCTETS    = 4096,      /* a text of this length at most; */
    SLOW_OCTETS     = 128,       /* of this one for the interpreter, which takes ten times as long for a step */
    CAREFUL_STEPS   = 50000,     /* of each beginning, or two for each octet where that is more, */
    CAREFUL_WORK    = 2000000,   /* and of the first beginnings together; */
    SLOW_WORK       = 200000,    /* this many for the interpreter */
    TIME_LIMIT      = 20,        /* ms of processor time */
    DEPTH_LIMIT     = 10000,     /* nested backtracking points, where the interpreter has to run */
    HEAP_LIMIT      = 8 * 1024,  /* KiB, for the interpreter */
    JIT_STACK_LEAST = 32 * 1024, /* octets */
    JIT_STACK_MOST  = 1024 * 1024,
    PATTERN_MAX     = 256 * 1024, /* octets */
};

struct regex {
    pcre2_code *code;
    bool        compiled; /* to machine code */
    bool        whole;    /* must not be tried a few beginnings at a time: \G tells where a call began */
    char       *pattern;
    char       *flags;
    size_t      pattern_len;
};

static struct {
    pcre2_match_data    *data;
    pcre2_match_context *context;
    pcre2_jit_stack     *stack;
    uint64_t             limits_hit;
} process;

static const struct {
    char     letter;
    uint32_t option;
} flag_options[] = {
    {'i', PCRE2_CASELESS},
    {'m', PCRE2_MULTILINE},
    {'s', PCRE2_DOTALL},
    {'x', PCRE2_EXTENDED},
    {'n', PCRE2_NO_AUTO_CAPTURE},
    {'A', PCRE2_ANCHORED},
    {'E', PCRE2_DOLLAR_ENDONLY},
    {'U', PCRE2_UNGREEDY},
    {'a', 0},
    {'d', 0},
    {'g', 0},
    {'l', 0},
    {'o', 0},
    {'p', 0},
    {'u', 0},
};

static int
read_flags(struct span flags, uint32_t *options, struct bytes *why)
{
    for (size_t i = 0; i < flags.len; i++) {
        size_t row = 0;

        while (row < sizeof flag_options / sizeof flag_options[0] && flag_options[row].letter != flags.data[i])
            row++;
        if (row == sizeof flag_options / sizeof flag_options[0]) {
            bytes_printf(why, isprint((unsigned char)flags.data[i]) ? "unknown flag '%c'" : "unknown flag \\x%02x",
                         (unsigned char)flags.data[i]);
            return -1;
        }
        *options |= flag_options[row].option;
    }
    return 0;
}

/* PCRE2 has no option against callouts, so (?C is looked for, outside of classes and not behind a backslash. */
static bool
has_callout(struct span pattern)
{
    bool in_class = false;

    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.data[i];

        if (c == '\\')
            i++;
        else if (in_class)
            in_class = c != ']';
        else if (c == '[')
            in_class = true;
        else if (c == '(' && pattern.len - i >= 3 && memcmp(pattern.data + i, "(?C", 3) == 0)
            return true;
    }
    return false;
}

/*
 * PCRE2's tables of characters, in which the letters of Latin-1 have a lower case and another case, and all else is as
 * in ASCII. The tables begin with these two, of 256 octets each; tests/unit/test_regex.c sees that they do.
 */
static pcre2_compile_context *
latin_context(void)
{
    static pcre2_compile_context *context;
    uint8_t                      *tables;

    if (context != NULL)
        return context;
    tables  = (uint8_t *)pcre2_maketables(NULL);
    context = pcre2_compile_context_create(NULL);
    if (tables == NULL || context == NULL)
        abort();
    for (unsigned upper = 0xc0; upper <= 0xde; upper++) {
        if (upper == 0xd7)
            continue;
        tables[upper]              = (uint8_t)(upper + 0x20);
        tables[256 + upper]        = (uint8_t)(upper + 0x20);
        tables[256 + upper + 0x20] = (uint8_t)upper;
    }
    (void)pcre2_set_character_tables(context, tables);
    return context;
}

static pcre2_code *
compile(struct span pattern, struct span flags, uint32_t options, struct bytes *why)
{
    pcre2_compile_context *context =
        flags.len > 0 && memchr(flags.data, 'a', flags.len) != NULL ? latin_context() : NULL;
    PCRE2_UCHAR message[256];
    PCRE2_SIZE  offset = 0;
    int         code   = 0;
    pcre2_code *compiled;

    compiled = pcre2_compile((PCRE2_SPTR)(pattern.len > 0 ? pattern.data : ""), pattern.len,
                             options | PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF |
                                 PCRE2_NEVER_UCP | PCRE2_DUPNAMES,
                             &code, &offset, context);
    if (compiled == NULL) {
        (void)pcre2_get_error_message(code, message, sizeof message);
        bytes_printf(why, "%s at offset %zu", (const char *)message, (size_t)offset);
    }
    return compiled;
}

struct regex *
regex_compile(struct span pattern, struct span flags, struct bytes *why)
{
    uint32_t      options = 0;
    pcre2_code   *code;
    struct regex *regex;

    if (read_flags(flags, &options, why) != 0)
        return NULL;
    if (pattern.len > PATTERN_MAX || has_callout(pattern)) {
        bytes_printf(why, pattern.len > PATTERN_MAX ? "pattern is too long" : "callouts (?C) are not allowed");
        return NULL;
    }
    code = compile(pattern, flags, options, why);
    if (code == NULL)
        return NULL;
    regex  = memory_new(sizeof *regex);
    *regex = (struct regex){
        .code        = code,
        .compiled    = pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0, /* without it the interpreter runs, slower */
        .whole       = memmem(pattern.data, pattern.len, "\\G", 2) != NULL,
        .pattern     = memory_copy_span(pattern),
        .flags       = memory_copy_span(flags),
        .pattern_len = pattern.len,
    };
    return regex;
}

void
regex_free(struct regex **regex)
{
    if (*regex == NULL)
        return;
    pcre2_code_free((*regex)->code);
    free((*regex)->pattern);
    free((*regex)->flags);
    free(*regex);
    *regex = NULL;
}

static void
start_process(void)
{
    process.data    = pcre2_match_data_create(REGEX_GROUPS_MAX, NULL);
    process.context = pcre2_match_context_create(NULL);
    process.stack   = pcre2_jit_stack_create(JIT_STACK_LEAST, JIT_STACK_MOST, NULL);
    if (process.data == NULL || process.context == NULL || process.stack == NULL)
        abort();
    (void)pcre2_set_depth_limit(process.context, DEPTH_LIMIT);
    (void)pcre2_set_heap_limit(process.context, HEAP_LIMIT);
    pcre2_jit_stack_assign(process.context, NULL, process.stack);
}

/* One call: begins at `from`, or behind it up to `last`. */
static int
call(const struct regex *regex, struct span subject, size_t from, size_t last, uint32_t steps)
{
    PCRE2_SPTR text = (PCRE2_SPTR)(subject.data != NULL ? subject.data : "");

    (void)pcre2_set_match_limit(process.context, steps);
    (void)pcre2_set_offset_limit(process.context, last);
    if (regex->compiled)
        return pcre2_jit_match(regex->code, text, subject.len, from, 0, process.data, process.context);
    return pcre2_match(regex->code, text, subject.len, from, 0, process.data, process.context);
}

/* ms of processor time that this thread has had. */
static uint64_t
time_spent(void)
{
    struct timespec spent;

    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent) != 0)
        abort();
    return (uint64_t)spent.tv_sec * 1000 + (uint64_t)spent.tv_nsec / 1000000;
}

/* A few beginnings at a time, and twice as many each time. */
static int
match_carefully(const struct regex *regex, struct span subject, size_t from)
{
    uint32_t steps     = subject.len < CAREFUL_STEPS / 2 ? CAREFUL_STEPS : 2 * (uint32_t)subject.len;
    size_t   at_a_time = (regex->compiled ? CAREFUL_WORK : SLOW_WORK) / steps + 1;
    uint64_t start     = time_spent();
    int      result    = PCRE2_ERROR_NOMATCH;

    while (result == PCRE2_ERROR_NOMATCH && from <= subject.len) {
        size_t last = regex->whole || subject.len - from < at_a_time ? subject.len : from + at_a_time;

        result = call(regex, subject, from, last, steps);
        from   = last + 1;
        at_a_time *= 2;
        if (time_spent() - start >= TIME_LIMIT && result == PCRE2_ERROR_NOMATCH && from <= subject.len)
            return PCRE2_ERROR_MATCHLIMIT;
    }
    return result;
}

static int
match(const struct regex *regex, struct span subject, size_t from)
{
    size_t quick  = regex->compiled ? QUICK_OCTETS : SLOW_OCTETS;
    int    result = PCRE2_ERROR_MATCHLIMIT;

    assert(from <= subject.len && subject.len < UINT32_MAX / 2);
    if (process.data == NULL)
        start_process();
    if (subject.len - from <= quick)
        result = call(regex, subject, from, subject.len, QUICK_STEPS);
    if (result == PCRE2_ERROR_MATCHLIMIT)
        result = match_carefully(regex, subject, from);
    if (result < 0 && result != PCRE2_ERROR_NOMATCH)
        process.limits_hit++;
    return result;
}

bool
regex_matches(const struct regex *regex, struct span subject)
{
    return match(regex, subject, 0) >= 0;
}

bool
regex_find(const struct regex *regex, struct span subject, size_t from, struct regex_found *found)
{
    int count = match(regex, subject, from);

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

void
regex_names(const struct regex *regex, void (*take)(void *context, struct span name, size_t group), void *context)
{
    uint32_t       count = 0, size = 0;
    const uint8_t *table = NULL;

    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &count);
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &table);
    for (uint32_t i = 0; i < count; i++, table += size)
        take(context, span_of((const char *)table + 2), (size_t)table[0] << 8 | table[1]);
}

struct span
regex_pattern(const struct regex *regex)
{
    return (struct span){regex->pattern, regex->pattern_len};
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
