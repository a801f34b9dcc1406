/* Capabilities: what of a server's list goes on, to whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/count.h"
#include "base/memory.h"
#include "proxy/pop3/capa.h"

/* Adds the lines of `list`, each ended by LF, from heap blocks of their exact length. */
static void
add_list(struct capa *capa, const char *list)
{
    for (const char *end; *list != '\0'; list = end + 1) {
        size_t len  = (size_t)((end = strchr(list, '\n')) - list);
        char  *line = memory_resize(NULL, len);

        memcpy(line, list, len);
        capa_add(capa, (struct span){line, len});
        free(line);
    }
    capa->known = true;
}

#define ALL "+OK capability list follows\r\n"
#define END "PIPELINING\r\n.\r\n"
#define END_STLS "PIPELINING\r\nSTLS\r\n.\r\n"

static const struct capa_offer everything = {.plaintext = true, .login = true},
                               before_tls = {.stls = true, .login = true}, required = {.stls = true},
                               both = {.stls = true, .plaintext = true, .login = true}, nonsense = {.plaintext = true},
                               with_uidl = {.stls = true, .uidl = true},
                               with_all  = {.stls = true, .plaintext = true, .login = true, .uidl = true, .top = true};

#define DOVECOT "CAPA\nTOP\nUIDL\nRESP-CODES\nPIPELINING\nAUTH-RESP-CODE\nSTLS\nUSER\nSASL PLAIN LOGIN CRAM-MD5\n"
#define DOVECOT_KEPT "TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n"

static const struct {
    const char              *list; /* NULL: the server does not know CAPA */
    const struct capa_offer *offer;
    const char              *reply;
} rows[] = {
    {DOVECOT, &everything, ALL DOVECOT_KEPT "USER\r\nSASL PLAIN LOGIN CRAM-MD5\r\n" END},
    {DOVECOT, &both, ALL DOVECOT_KEPT "USER\r\nSASL PLAIN LOGIN CRAM-MD5\r\n" END_STLS},
    {DOVECOT, &before_tls, ALL DOVECOT_KEPT "SASL CRAM-MD5\r\n" END_STLS},
    {DOVECOT, &required, ALL DOVECOT_KEPT END_STLS},
    {DOVECOT, &nonsense, ALL DOVECOT_KEPT END},
    {NULL, &everything, ALL "USER\r\n" END},
    {NULL, &both, ALL "USER\r\n" END_STLS},
    {NULL, &before_tls, ALL END_STLS},
    {NULL, &required, ALL END_STLS},
    {NULL, &with_uidl, ALL "UIDL\r\n" END_STLS},
    {NULL, &with_all, ALL "USER\r\nUIDL\r\nTOP\r\n" END_STLS},
    {"USER\n", &with_all, ALL "USER\r\n" END_STLS},
    {"", &everything, ALL END},
    {"EXPIRE 60\nLOGIN-DELAY 900 USER\nUTF8 USER\nLANG\nIMPLEMENTATION Shlemazle-Plotz-v302\n", &everything,
     ALL "EXPIRE 60\r\nLOGIN-DELAY 900 USER\r\nUTF8 USER\r\nLANG\r\nIMPLEMENTATION Shlemazle-Plotz-v302\r\n" END},
    {"XCLIENT\nXOIP\nX-TOP\nTOPX\nTO\n\n TOP\nCOMPRESS\nTOP\tx\nUIDL\r\nEXPIRE \x7f\n", &everything, ALL "TOP\r\n" END},
    {"sasl plain GSSAPI scram-sha-256 SCRAM-SHA-256-PLUS x DIGEST-MD5 login\nuser\ntop\n", &everything,
     ALL "SASL PLAIN SCRAM-SHA-256 LOGIN\r\nuser\r\ntop\r\n" END},
    {"SASL GSSAPI EXTERNAL\n", &everything, ALL END},
    {"SASL\n", &everything, ALL END},
    {"SASL PLAIN\n", &before_tls, ALL END_STLS},
    {"SASL  PLAIN \nTOP\nSASL NTLM plain\n", &everything, ALL "SASL PLAIN NTLM\r\nTOP\r\n" END},
    {"TOP\ntop\nTOP x\nPIPELINING\npipelining\nSTLS\n", &both, ALL "TOP\r\n" END_STLS},
};

static void
lists_are_sifted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct capa  capa  = {0};
        struct bytes reply = {0};

        if (rows[i].list != NULL)
            add_list(&capa, rows[i].list);
        capa_write(&capa, rows[i].offer, &reply);
        if (strcmp(reply.data, rows[i].reply) != 0)
            fail_msg("row %zu:\n%swhere this was expected:\n%s", i, reply.data, rows[i].reply);
        bytes_free(&reply);
        capa_free(&capa);
    }
}

static void
what_popgate_does_itself_is_noted(void **state)
{
    struct capa capa = {0};

    (void)state;
    add_list(&capa, "TOP\n");
    assert_false(capa.pipelining || capa.stls);
    add_list(&capa, "pipelining\n");
    assert_true(capa.pipelining && !capa.stls);
    add_list(&capa, "Stls\n");
    assert_true(capa.stls);
    capa_free(&capa);
    assert_false(capa.pipelining || capa.known);
}

static void
mechanisms_are_listed_and_looked_up(void **state)
{
    struct capa  capa  = {0};
    struct bytes reply = {0};

    (void)state;
    assert_true(capa_has_mechanism(&capa, SPAN("PLAIN")));
    add_list(&capa, "SASL CRAM-MD5 PLAIN GSSAPI\n");
    assert_true(capa_has_mechanism(&capa, SPAN("plain")));
    assert_true(capa_has_mechanism(&capa, SPAN("CRAM-MD5")));
    assert_false(capa_has_mechanism(&capa, SPAN("LOGIN")));
    assert_false(capa_has_mechanism(&capa, SPAN("GSSAPI")));
    assert_false(capa_has_mechanism(&capa, SPAN("")));

    capa_write_mechanisms(&capa, &everything, &reply);
    assert_string_equal(reply.data, "+OK list of mechanisms follows\r\nCRAM-MD5\r\nPLAIN\r\n.\r\n");
    bytes_clear(&reply);
    capa_write_mechanisms(&capa, &before_tls, &reply);
    assert_string_equal(reply.data, "+OK list of mechanisms follows\r\nCRAM-MD5\r\n.\r\n");
    bytes_clear(&reply);
    capa_write_mechanisms(&capa, &required, &reply);
    assert_string_equal(reply.data, "+OK list of mechanisms follows\r\n.\r\n");
    capa_free(&capa);
    bytes_clear(&reply);
    capa_write_mechanisms(&capa, &everything, &reply);
    assert_string_equal(reply.data, "+OK list of mechanisms follows\r\n.\r\n");
    bytes_free(&reply);
}

/* The longest lines that go on, and none beyond the first 64. */
static void
lists_are_bounded(void **state)
{
    struct capa capa = {0};
    char        line[512];

    (void)state;
    memset(line, 'x', sizeof(line));
    memcpy(line, "EXPIRE ", 7);
    capa_add(&capa, (struct span){line, 511});
    assert_int_equal(capa.kept.len, 0);
    capa_add(&capa, (struct span){line, 510});
    assert_int_equal(capa.kept.len, 512);
    while (capa.lines < CAPA_LINES_MAX)
        capa_add(&capa, SPAN("X"));
    capa_add(&capa, SPAN("TOP"));
    capa_add(&capa, SPAN("STLS"));
    capa_add(&capa, SPAN("SASL PLAIN"));
    assert_int_equal(capa.kept.len, 512);
    assert_int_equal(capa.mechanisms.len, 0);
    assert_false(capa.stls);
    capa_free(&capa);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_sifted),
        cmocka_unit_test(what_popgate_does_itself_is_noted),
        cmocka_unit_test(mechanisms_are_listed_and_looked_up),
        cmocka_unit_test(lists_are_bounded),
    };

    return cmocka_run_group_tests_name("capa", tests, NULL, NULL);
}
