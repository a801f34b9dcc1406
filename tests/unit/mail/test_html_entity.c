/* Every name, however it is written, against Perl's HTML::Entities, which SpamAssassin decodes with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/count.h"
#include "rules/mail/html_entity.h"
#include "rules/mail/html_entity_names.h"

/* A line for each text: 1 if other letters may follow a name, the text, and what Perl makes of it; tabs between. */
static const char perl[] = "perl -MHTML::Entities -e '"
                           "binmode STDOUT, \":utf8\"; my $names = \\%HTML::Entities::entity2char;"
                           "for my $name (map { s/;//r } keys %$names) {"
                           "  for my $text (map { \"&$name$_\" } \";\", \"\", \" \", \"=\", \"x;\", \"1 \") {"
                           "    for my $prefix (0, 1) {"
                           "      my $decoded = $text;"
                           "      HTML::Entities::_decode_entities($decoded, $names, $prefix);"
                           "      print \"$prefix\\t$text\\t$decoded\\n\""
                           "} } }' 2>/dev/null";

enum { TEXTS_OF_NAME = 12 };

static void
check_line(char *line)
{
    const char  *prefix = strtok(line, "\t"), *text = strtok(NULL, "\t"), *expect = strtok(NULL, "\n");
    struct bytes decoded = {0};

    assert_non_null(expect);
    (void)html_decode_entities(span_of(text), *prefix == '1', &decoded);
    if (!span_equal(bytes_span(&decoded), span_of(expect)))
        fail_msg("%s with prefix %s is %s and not %s", text, prefix, decoded.data, expect);
    bytes_free(&decoded);
}

static void
test_perl(void **state)
{
    FILE *texts = popen(perl, "r");
    char  line[128];
    int   count = 0;

    (void)state;
    assert_non_null(texts);
    for (; fgets(line, sizeof(line), texts) != NULL; count++)
        check_line(line);
    if (pclose(texts) != 0 && count == 0) {
        print_message("# Perl's HTML::Entities is not here\n");
        skip();
    }
    assert_int_equal(count, HTML_ENTITIES * TEXTS_OF_NAME);
}

static void
test_no_name(void **state)
{
    static const char *const none[] = {"", "x", "EACUTE", "eacute;", "thetasymm", "thetasymthetasym", "zwnjx"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(none); i++)
        assert_int_equal(html_entity_find(span_of(none[i])), 0);
    assert_int_equal(html_entity_find((struct span){0}), 0);
    assert_int_equal(html_entity_find(SPAN("AElig")), 0xc6);  /* the first */
    assert_int_equal(html_entity_find(SPAN("zwnj")), 0x200c); /* and the last */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_perl),
        cmocka_unit_test(test_no_name),
    };

    return cmocka_run_group_tests_name("html_entity", tests, NULL, NULL);
}
