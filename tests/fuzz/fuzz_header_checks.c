/*
 * header_checks(5): any file compiles or has an error at a line of its own; the rules that are tried for a field's name
 * come to what all rules in their order come to.
 */
#include "rules/postfix/header_checks.h"
#include "tests/fuzz/fuzz_file.h"

static bool
find(const struct header_checks *checks, const struct header_rules *rules, struct span header,
     struct header_check *check)
{
    bool found;

    bytes_clear(&check->text);
    found = rules != NULL && header_checks_find(checks, rules, header, check);
    FUZZ_EXPECT(!found || (check->action < HEADER_CHECK_ACTIONS && check->rule.line > 0 && check->rule.file != NULL));
    return found;
}

/* `header` is "Name: value" without a final line end. */
static void
check_header(const struct header_checks *checks, struct span header)
{
    size_t              colon = span_find(header, ':');
    struct header_check some = {0}, all = {0};
    bool                found;

    if (colon == 0 || colon >= header.len)
        return;
    found = find(checks, header_checks_for(checks, span_head(header, colon)), header, &some);
    FUZZ_EXPECT(find(checks, header_checks_for(checks, SPAN("")), header, &all) == found);
    FUZZ_EXPECT(!found || (all.action == some.action && all.rule.line == some.rule.line &&
                           span_equal(bytes_span(&all.text), bytes_span(&some.text))));
    bytes_free(&some.text);
    bytes_free(&all.text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span           input  = {(const char *)data, size};
    struct fuzz_file      file   = fuzz_file_open(fuzz_text(&input));
    char                 *path   = file.path;
    struct error          error  = {0};
    struct header_checks *checks = header_checks_load(&path, 1, &error);

    FUZZ_EXPECT((checks == NULL) == (error.count > 0));
    while (checks != NULL && input.len > 0) {
        struct span header = fuzz_copy(fuzz_text(&input));

        check_header(checks, header);
        fuzz_drop(header);
    }
    header_checks_free(&checks);
    error_free(&error);
    fuzz_file_close(&file);
    return 0;
}
