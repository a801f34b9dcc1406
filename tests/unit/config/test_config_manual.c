/*
 * Every key that a table of settings has is in the proxy.conf that comes with popgate and in popgate.conf(5), with its
 * default, and every plugin in popgate.conf(5); and proxy.conf is valid. Run from the root of the sources, as make
 * does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libgen.h>
#include <string.h>

#include "base/count.h"
#include "proxy/config/config_setting.h"
#include "proxy/config/config_table.h"
#include "rules/eval/eval.h"
#include "tests/unit/config_fixture.h"

static char *
read_whole(const char *path)
{
    struct bytes text = {0};
    FILE        *file = fopen(path, "re");
    size_t       got;

    if (file == NULL)
        fail_msg("%s cannot be read", path);
    while ((got = fread(bytes_reserve(&text, 4096), 1, 4096, file)) > 0)
        text.len += got;
    assert_int_equal(fclose(file), 0);
    bytes_add_char(&text, '\n');
    return text.data;
}

/* Is there a line that begins with `start`, after blanks and a '#' where those may be, and has `part` in it? */
static bool
has_line(const char *text, const char *start, bool blanks, const char *part)
{
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        const char *at = text + (blanks ? strspn(text, " #") : 0);

        if (strncmp(at, start, strlen(start)) == 0 && memmem(at, (size_t)(end - at), part, strlen(part)) != NULL)
            return true;
    }
    return false;
}

static void
check_table(const char *owner, const struct setting *setting, const char *conf, const char *manual)
{
    for (; setting != NULL && setting->key != NULL; setting++) {
        const char *fallback = setting->fallback != NULL ? setting->fallback : "";
        char        start[128], item[128];

        (void)snprintf(start, sizeof(start), "%s ", setting->key);
        (void)snprintf(item, sizeof(item), ".It Ic %s No = ", setting->key);
        if (!has_line(conf, start, true, fallback))
            fail_msg("proxy.conf lacks the key %s of \"%s\", default %s", setting->key, owner, fallback);
        if (!has_line(manual, item, false, fallback))
            fail_msg("man/popgate.conf.5 lacks the key %s of \"%s\", default %s", setting->key, owner, fallback);
    }
}

static void
test_every_key(void **state)
{
    char *conf = read_whole("proxy.conf"), *manual = read_whole("man/popgate.conf.5");

    (void)state;
    for (size_t i = 0; i < CONFIG_KINDS; i++)
        check_table(config_tables[i].kind, config_tables[i].settings, conf, manual);
    for (size_t i = 0; chain_modules[i] != NULL; i++) {
        check_table(chain_modules[i]->name, chain_modules[i]->settings, conf, manual);
        assert_non_null(strstr(conf, chain_modules[i]->name));
        assert_non_null(strstr(manual, chain_modules[i]->name));
    }
    free(conf);
    free(manual);
}

/* An admin has to see which plugins of SpamAssassin are there. */
static void
test_every_plugin(void **state)
{
    char *manual = read_whole("man/popgate.conf.5");

    (void)state;
    for (size_t i = 0; eval_plugins[i] != NULL; i++)
        if (strstr(manual, eval_plugins[i]->name) == NULL)
            fail_msg("man/popgate.conf.5 lacks the plugin %s", eval_plugins[i]->name);
    free(manual);
}

/* The row for a key in any of the tables; NULL if there is none. */
static const struct setting *
find_setting(const char *key)
{
    const struct setting *found = NULL;

    for (size_t i = 0; i < CONFIG_KINDS && found == NULL; i++)
        found = config_setting_find(config_tables[i].settings, key);
    for (size_t i = 0; chain_modules[i] != NULL && found == NULL; i++)
        found = config_setting_find(chain_modules[i]->settings, key);
    return found;
}

/* Takes the '#' in front of every key that has a default. */
static void
uncomment(char *text)
{
    char *next;

    for (; *text != '\0'; text = next) {
        char *at = text + strspn(text, " ");
        char  key[64];

        next = strchr(text, '\n') + 1;
        if (sscanf(at, "#%63[a-z_] =", key) == 1 && find_setting(key) != NULL && find_setting(key)->fallback != NULL)
            *at = ' ';
    }
}

/* proxy.conf with what it names on the system in the tests' folder; to be given to free(). */
static char *
make_shipped(void)
{
    const char *const changes[][2] = {
        {"/var/log/popgate", folder},
        {"/var/spool/popgate", folder},
        {"#spool_dir ", "spool_dir "},
        {"#user             = \"popgate\"", "user = \"nobody\""},
    };
    char *text = read_whole("proxy.conf");

    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        char *changed = replace(text, changes[i][0], changes[i][1]);

        free(text);
        text = changed;
    }
    return text;
}

static void
check_valid(const char *text)
{
    struct error   error  = {0};
    struct config *config = load(text, &error);

    assert_string_equal(error_text(&error), "");
    assert_non_null(config);
    assert_int_equal(config->listener_count, 1);
    assert_int_equal(config->listeners[0].chain.count, config->filter_count);
    config_free(&config);
}

static void
test_shipped(void **state)
{
    char *text, rules[4096];

    (void)state;
    if (chain_module("spam-score") == NULL)
        skip();
    write_certificate("site.pem");
    assert_non_null(realpath("rules", rules));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(symlink("site.pem", "site.key"), 0);
    assert_int_equal(symlink(rules, "rules"), 0);
    assert_int_equal(chdir(dirname(rules)), 0);
    text = make_shipped();
    check_valid(text);
    uncomment(text);
    check_valid(text);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_every_plugin),
        cmocka_unit_test(test_shipped),
    };

    return cmocka_run_group_tests_name("config_manual", tests, set_up, tear_down);
}
