/* SASL: which mechanisms are carried, what a client may send, and who logs in. */
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/count.h"
#include "base/memory.h"
#include "proxy/pop3/sasl.h"
#include "tests/unit/octets.h"

#define TEXT(literal)                                                                                                  \
    {                                                                                                                  \
        (literal), sizeof(literal) - 1                                                                                 \
    }

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A250 A50 A50 A50 A50 A50

static const struct {
    const char *name;
    const char *found; /* NULL: not carried */
    bool        plaintext, client_first;
} names[] = {
    {"PLAIN", "PLAIN", true, true},
    {"plain", "PLAIN", true, true},
    {"LOGIN", "LOGIN", true, true},
    {"XOAUTH2", "XOAUTH2", true, true},
    {"OAuthBearer", "OAUTHBEARER", true, true},
    {"CRAM-MD5", "CRAM-MD5", false, false},
    {"SCRAM-SHA-1", "SCRAM-SHA-1", false, true},
    {"SCRAM-SHA-256", "SCRAM-SHA-256", false, true},
    {"SCRAM-SHA-512", "SCRAM-SHA-512", false, true},
    {"NTLM", "NTLM", false, true},
    {"ANONYMOUS", "ANONYMOUS", false, true},
    {"SCRAM-SHA-1-PLUS", NULL, false, false},
    {"SCRAM-SHA-256-PLUS", NULL, false, false},
    {"GSSAPI", NULL, false, false},
    {"GS2-KRB5", NULL, false, false},
    {"DIGEST-MD5", NULL, false, false},
    {"KERBEROS_V4", NULL, false, false},
    {"EXTERNAL", NULL, false, false},
    {"PLAI", NULL, false, false},
    {"PLAINX", NULL, false, false},
    {"", NULL, false, false},
};

static void
mechanisms_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct span                  name  = exact_copy(span_of(names[i].name));
        const struct sasl_mechanism *found = sasl_find(name);

        if ((found != NULL) != (names[i].found != NULL))
            fail_msg("row %zu: %s", i, names[i].name);
        if (found != NULL) {
            assert_string_equal(found->name, names[i].found);
            assert_int_equal(found->plaintext, names[i].plaintext);
            assert_int_equal(found->client_first, names[i].client_first);
        }
        free_copy(name);
    }
}

static const struct {
    struct span line;
    bool        valid;
} responses[] = {
    {TEXT(""), true},          {TEXT("*"), true},         {TEXT("="), true},        {TEXT("AAAA"), true},
    {TEXT("AAA="), true},      {TEXT("AA=="), true},      {TEXT("az09AZ+/"), true}, {TEXT("AHVzZXIAcGFzcw=="), true},
    {TEXT("**"), false},       {TEXT("=="), false},       {TEXT("A"), false},       {TEXT("AA"), false},
    {TEXT("AAA"), false},      {TEXT("A==="), false},     {TEXT("===="), false},    {TEXT("AA=A"), false},
    {TEXT("A=AA"), false},     {TEXT("AA==AAAA"), false}, {TEXT("AAAA="), false},   {TEXT("AAAA===="), false},
    {TEXT(" AAAA"), false},    {TEXT("AAA "), false},     {TEXT("AA A"), false},    {TEXT("AA-A"), false},
    {TEXT("AA_A"), false},     {TEXT("AAA\r"), false},    {TEXT("AAA\n"), false},   {TEXT("AAA\0"), false},
    {TEXT("\0\0\0\0"), false}, {TEXT("AAA\xff"), false},  {TEXT("AAA["), false},    {TEXT("AAA@"), false},
    {TEXT("AAA`"), false},     {TEXT("AAA{"), false},
};

static void
responses_are_valid_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(responses); i++) {
        struct span line = exact_copy(responses[i].line);

        if (sasl_response_valid(line) != responses[i].valid)
            fail_msg("row %zu: %s", i, responses[i].line.data);
        free_copy(line);
    }
}

/* A response before base64, and the name in it. */
static const struct {
    const char *mechanism;
    struct span response;
    struct span user;
    unsigned    step;
    bool        owner; /* the name says whose mailbox it is */
} users[] = {
    {"PLAIN", TEXT("\0bob\0secret"), TEXT("bob"), 0, true},
    {"PLAIN", TEXT("admin\0bob\0secret"), TEXT("bob"), 0, false},
    {"PLAIN", TEXT("bob\0bob\0secret"), TEXT("bob"), 0, true},
    {"PLAIN", TEXT("\0\0secret"), TEXT(""), 0, false},
    {"PLAIN", TEXT("\0bob\0"), TEXT("bob"), 0, true},
    {"PLAIN", TEXT("\0b\xc3\xb6\r\nDELE 1\0secret"), TEXT("b\xc3\xb6  DELE 1"), 0, false},
    {"PLAIN", TEXT("bob\0secret"), TEXT(""), 0, false},
    {"PLAIN", TEXT("secret"), TEXT(""), 0, false},
    {"PLAIN", TEXT("\0bob\0secret"), TEXT(""), 1, false},
    {"PLAIN", TEXT(""), TEXT(""), 0, false},
    {"PLAIN", TEXT("\0" A250 "123456\0secret"), TEXT(A250 "12345"), 0, false},
    {"LOGIN", TEXT("bob"), TEXT("bob"), 0, true},
    {"LOGIN", TEXT("bob\7"), TEXT("bob "), 0, false},
    {"LOGIN", TEXT("secret"), TEXT(""), 1, false},
    {"CRAM-MD5", TEXT("bob b913a602c7eda7a495b4e6e7334d3890"), TEXT("bob"), 0, true},
    {"CRAM-MD5", TEXT("bob smith b913a602c7eda7a495b4e6e7334d3890"), TEXT("bob smith"), 0, true},
    {"CRAM-MD5", TEXT("b913a602c7eda7a495b4e6e7334d3890"), TEXT(""), 0, false},
    {"CRAM-MD5", TEXT("bob b913a602c7eda7a495b4e6e7334d3890"), TEXT(""), 1, false},
    {"XOAUTH2", TEXT("user=bob@example.org\1auth=Bearer token\1\1"), TEXT("bob@example.org"), 0, true},
    {"XOAUTH2", TEXT("user=bob auth=Bearer token"), TEXT(""), 0, false},
    {"XOAUTH2", TEXT("auth=Bearer token\1user=bob\1"), TEXT(""), 0, false},
    {"XOAUTH2", TEXT("user=bob\1auth=Bearer token\1\1"), TEXT(""), 1, false},
    {"OAUTHBEARER", TEXT("n,a=bob@example.org,\1auth=Bearer token\1\1"), TEXT("bob@example.org"), 0, true},
    {"OAUTHBEARER", TEXT("n,a=b=2Co=3db=2,\1auth=Bearer token\1\1"), TEXT("b,o=b=2"), 0, true},
    {"OAUTHBEARER", TEXT("n,,\1auth=Bearer token\1\1"), TEXT(""), 0, false},
    {"OAUTHBEARER", TEXT("n,a=token"), TEXT(""), 0, false},
    {"OAUTHBEARER", TEXT("\1"), TEXT(""), 1, false},
    {"SCRAM-SHA-1", TEXT("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"), TEXT("user"), 0, true},
    {"SCRAM-SHA-256", TEXT("y,a=adm,n=u=3Ds=2C=,r=rOprNGfwEbeRWgbNEkqO"), TEXT("u=s,="), 0, false},
    {"SCRAM-SHA-256", TEXT("n,,m=x,n=user,r=a"), TEXT(""), 0, false},
    {"SCRAM-SHA-256", TEXT("n,,n=user"), TEXT(""), 0, false},
    {"SCRAM-SHA-256", TEXT("c=biws,r=a,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="), TEXT(""), 1, false},
    {"NTLM", TEXT("NTLMSSP\0\1\0\0\0"), TEXT(""), 0, false},
    {"ANONYMOUS", TEXT("trace"), TEXT("anonymous"), 0, false},
    {"ANONYMOUS", TEXT("trace"), TEXT(""), 1, false},
};

/* What sasl_user() makes of a response in base64, behind what was there. */
static void
expect_user(size_t row, const char *mechanism, unsigned step, struct span base64, struct span want, bool owner)
{
    struct bytes user     = {0};
    struct span  response = exact_copy(base64);

    bytes_add(&user, SPAN("was\r"));
    if (sasl_user(sasl_find(span_of(mechanism)), response, step, &user) != owner)
        fail_msg("row %zu: %s: whose mailbox?", row, mechanism);
    if (user.len != 4 + want.len || memcmp(user.data, "was\r", 4) != 0 ||
        memcmp(user.data + 4, want.data, want.len) != 0)
        fail_msg("row %zu: %s: \"%s\"", row, mechanism, user.data);
    assert_int_equal(user.data[user.len], '\0');
    bytes_free(&user);
    free_copy(response);
}

static void
encode_and_expect(size_t row, const char *mechanism, unsigned step, struct span response, struct span want, bool owner)
{
    char *base64 = memory_new(response.len * 2 + 8);
    int   len    = EVP_EncodeBlock((unsigned char *)base64, (const unsigned char *)response.data, (int)response.len);

    expect_user(row, mechanism, step, (struct span){base64, (size_t)len}, want, owner);
    free(base64);
}

static void
users_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(users); i++)
        encode_and_expect(i, users[i].mechanism, users[i].step, users[i].response, users[i].user, users[i].owner);
}

static void
what_is_not_base64_names_nobody(void **state)
{
    static const char *const rows[] = {"", "=", "*", "Ym9", "Ym9i!", "Ym9i ", "Ym9=Ym9i"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect_user(i, "LOGIN", 0, span_of(rows[i]), SPAN(""), false);
    expect_user(99, "LOGIN", 0, SPAN("Ym9i"), SPAN("bob"), true);
}

/* An AUTHENTICATE_MESSAGE with `len` octets of a name at `offset`. */
static void
expect_ntlm(size_t row, unsigned len, unsigned offset, unsigned flags, size_t total, const char *want)
{
    unsigned char message[80] = "NTLMSSP\0\3\0\0";

    for (unsigned i = 0; i < 4; i++) {
        message[36 + i] = (unsigned char)((i < 2 ? len >> 8 * i : len >> 8 * (i - 2)) & 0xff);
        message[40 + i] = (unsigned char)(offset >> 8 * i & 0xff);
        message[60 + i] = (unsigned char)(flags >> 8 * i & 0xff);
    }
    memcpy(message + 64, "b\0o\0\x3d\xd8", 6);
    encode_and_expect(row, "NTLM", 1, (struct span){(char *)message, total}, span_of(want), false);
}

static void
ntlm_names_are_found_within_bounds(void **state)
{
    (void)state;
    expect_ntlm(0, 6, 64, 1, 80, "bo?");
    expect_ntlm(1, 4, 64, 1, 80, "bo");
    expect_ntlm(2, 3, 64, 1, 80, "b");
    expect_ntlm(3, 1, 64, 0, 80, "b");
    expect_ntlm(4, 16, 64, 1, 80, "bo?     ");
    expect_ntlm(5, 17, 64, 1, 80, "");
    expect_ntlm(6, 1, 80, 0, 80, "");
    expect_ntlm(7, 0, 80, 0, 80, "");
    expect_ntlm(8, 1, 0xffffffff, 0, 80, "");
    expect_ntlm(9, 0xffff, 64, 1, 80, "");
    expect_ntlm(10, 6, 64, 1, 63, "");
    expect_ntlm(11, 0, 64, 1, 64, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mechanisms_are_found),
        cmocka_unit_test(responses_are_valid_or_not),
        cmocka_unit_test(users_are_found),
        cmocka_unit_test(what_is_not_base64_names_nobody),
        cmocka_unit_test(ntlm_names_are_found_within_bounds),
    };

    return cmocka_run_group_tests_name("sasl", tests, NULL, NULL);
}
