/* For the tests of rule files: a folder of their own, and rules that are written there and loaded. */
#ifndef TESTS_UNIT_RULE_FIXTURE_H
#define TESTS_UNIT_RULE_FIXTURE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "rules/spamassassin/score.h"

static char folder[] = "/tmp/test_rules.XXXXXX"; /* where the tests' files are; the rules of load_text() are a.cf */

static inline char *
path_of(const char *name)
{
    struct bytes path = {0};

    bytes_printf(&path, "%s/%s", folder, name);
    return path.data;
}

static inline void
write_file(const char *name, struct span text)
{
    char *path = path_of(name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
    free(path);
}

static inline struct score_rules *
load(const char *name, struct error *error)
{
    char               *path  = path_of(name);
    struct score_rules *rules = score_load((const char *const[]){path}, 1, error);

    free(path);
    return rules;
}

/* The rules of `text`, which has no mistake. */
static inline struct score_rules *
load_text(const char *text)
{
    struct error        error = {0};
    struct score_rules *rules;

    write_file("a.cf", span_of(text));
    rules = load("a.cf", &error);
    if (rules == NULL)
        fail_msg("%s: %s", text, error_text(&error));
    assert_int_equal(error.count, 0);
    if (score_mistakes(rules)->count > 0)
        fail_msg("%s: %s", text, error_text(score_mistakes(rules)));
    return rules;
}

static inline int
make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static inline int
remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static inline int
remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
