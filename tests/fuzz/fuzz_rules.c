/*
 * SpamAssassin's rule files: any file loads, its mistakes are at lines of its own, and what was loaded scores a mail:
 * the one behind the file's first NUL.
 */
#include <math.h>

#include "rules/spamassassin/score.h"
#include "tests/fuzz/fuzz_file.h"

static void
score_mail(const struct score_rules *rules, struct span text)
{
    struct score_result result = {0};
    struct mail         mail;
    struct span         copy = fuzz_copy(text);

    mail_parse(&mail, score_mail_settings(rules), copy);
    score_run(rules, &mail, &result);
    FUZZ_EXPECT(isfinite(result.score));
    score_result_free(&result);
    mail_free(&mail);
    fuzz_drop(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span         input = {(const char *)data, size};
    struct fuzz_file    file  = fuzz_file_open(fuzz_text(&input));
    const char         *path  = file.path;
    struct error        error = {0};
    struct bytes        said  = {0};
    struct score_rules *rules = score_load(&path, 1, &error);
    double              required;

    FUZZ_EXPECT(rules != NULL && error.count == 0);
    score_report(rules, &said);
    (void)error_text(score_mistakes(rules));
    (void)score_required(rules, &required);
    (void)score_subject_tag(rules);
    score_mail(rules, input);
    score_rules_free(&rules);
    bytes_free(&said);
    error_free(&error);
    fuzz_file_close(&file);
    return 0;
}
