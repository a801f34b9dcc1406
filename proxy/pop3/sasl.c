/* The mechanisms that popgate carries, and where in their first messages the login name stands. */
#include <assert.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/pop3/sasl.h"

enum { USER_MAX = 255 };

/*
 * Takes what stands in front of the next `c` off `rest`, and the `c` with it. False if there is none: the response is
 * not what it should be, and the rest of it may be a secret.
 */
static bool
next_part(struct span *rest, char c, struct span *part)
{
    const char *end = rest->len > 0 ? memchr(rest->data, c, rest->len) : NULL;

    if (end == NULL)
        return false;
    *part = span_head(*rest, (size_t)(end - rest->data));
    *rest = span_tail(*rest, part->len + 1);
    return true;
}

/* RFC 4616: authzid NUL authcid NUL password. */
static bool
user_of_plain(struct span response, unsigned step, struct bytes *user)
{
    struct span authzid, authcid;

    if (step != 0 || !next_part(&response, '\0', &authzid) || !next_part(&response, '\0', &authcid))
        return false;
    bytes_add(user, authcid);
    return authzid.len == 0 || span_equal(authzid, authcid);
}

/* The first response is the name, the second the password. */
static bool
user_of_login(struct span response, unsigned step, struct bytes *user)
{
    if (step == 0)
        bytes_add(user, response);
    return step == 0;
}

/* RFC 2195: name, space, digest; the name may hold spaces. */
static bool
user_of_cram(struct span response, unsigned step, struct bytes *user)
{
    const char *space = response.len > 0 ? memrchr(response.data, ' ', response.len) : NULL;

    if (step != 0 || space == NULL)
        return false;
    bytes_add(user, span_head(response, (size_t)(space - response.data)));
    return true;
}

/* Google's and Microsoft's: user=NAME ^A auth=Bearer TOKEN ^A ^A. */
static bool
user_of_xoauth2(struct span response, unsigned step, struct bytes *user)
{
    struct span field;

    if (step != 0 || !next_part(&response, '\1', &field) || !span_starts_nocase(field, SPAN("user=")))
        return false;
    bytes_add(user, span_tail(field, 5));
    return true;
}

/* A name in which =2C stands for a comma and =3D for an equals sign (RFC 5801, 4). */
static void
add_saslname(struct span name, struct bytes *user)
{
    while (name.len > 0) {
        bool comma = span_starts_nocase(name, SPAN("=2C")), equals = span_starts_nocase(name, SPAN("=3D"));

        bytes_add_char(user, comma ? ',' : equals ? '=' : name.data[0]);
        name = span_tail(name, comma || equals ? 3 : 1);
    }
}

/* RFC 7628, 3.1: n,a=NAME, and what is not looked at. */
static bool
user_of_oauthbearer(struct span response, unsigned step, struct bytes *user)
{
    struct span flag, authzid;

    if (step != 0 || !next_part(&response, ',', &flag) || !next_part(&response, ',', &authzid) ||
        !span_starts_nocase(authzid, SPAN("a=")))
        return false;
    add_saslname(span_tail(authzid, 2), user);
    return true;
}

/* RFC 5802, 7: flag, authzid, n=NAME, r=NONCE. */
static bool
user_of_scram(struct span response, unsigned step, struct bytes *user)
{
    struct span flag, authzid, name;

    if (step != 0 || !next_part(&response, ',', &flag) || !next_part(&response, ',', &authzid) ||
        !next_part(&response, ',', &name) || !span_starts_nocase(name, SPAN("n=")))
        return false;
    add_saslname(span_tail(name, 2), user);
    return authzid.len == 0;
}

static bool
user_of_anonymous(struct span response, unsigned step, struct bytes *user)
{
    (void)response;
    if (step == 0)
        bytes_add(user, SPAN("anonymous"));
    return false;
}

/* An unsigned number of `size` octets, the least significant first. */
static size_t
little_endian(struct span message, size_t at, size_t size)
{
    size_t number = 0;

    while (size-- > 0)
        number = number << 8 | (unsigned char)message.data[at + size];
    return number;
}

/* [MS-NLMP] 2.2.1.3: message 3 tells where in it the name is, mostly in UTF-16, of which ASCII is kept. Names are those
 * of a domain. */
static bool
user_of_ntlm(struct span response, unsigned step, struct bytes *user)
{
    enum { LENGTH_AT = 36, OFFSET_AT = 40, FLAGS_AT = 60, MESSAGE_MIN = 64, UNICODE = 1 };
    size_t len, offset, width;

    (void)step;
    if (response.len < MESSAGE_MIN || memcmp(response.data, "NTLMSSP\0\3\0\0", 12) != 0)
        return false;
    len    = little_endian(response, LENGTH_AT, 2);
    offset = little_endian(response, OFFSET_AT, 4);
    width  = little_endian(response, FLAGS_AT, 4) & UNICODE ? 2 : 1;
    if (offset > response.len || len > response.len - offset)
        return false;
    for (size_t at = offset; at + width <= offset + len; at += width)
        bytes_add_char(user, width == 1 || response.data[at + 1] == 0 ? response.data[at] : '?');
    return false;
}

static const struct sasl_mechanism mechanisms[] = {
    {"PLAIN", .plaintext = true, .client_first = true, .responses = 1, .user = user_of_plain},
    {"LOGIN", .plaintext = true, .client_first = true, .responses = 2, .user = user_of_login},
    {"XOAUTH2", .plaintext = true, .client_first = true, .responses = 1, .user = user_of_xoauth2},
    {"OAUTHBEARER", .plaintext = true, .client_first = true, .responses = 1, .user = user_of_oauthbearer},
    {"CRAM-MD5", .responses = 1, .user = user_of_cram},
    {"SCRAM-SHA-1", .client_first = true, .responses = 2, .user = user_of_scram},
    {"SCRAM-SHA-256", .client_first = true, .responses = 2, .user = user_of_scram},
    {"SCRAM-SHA-512", .client_first = true, .responses = 2, .user = user_of_scram},
    {"NTLM", .client_first = true, .responses = 2, .user = user_of_ntlm},
    {"ANONYMOUS", .client_first = true, .responses = 1, .user = user_of_anonymous},
};

const struct sasl_mechanism *
sasl_find(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(mechanisms); i++)
        if (span_equal_nocase(name, span_of(mechanisms[i].name)))
            return &mechanisms[i];
    return NULL;
}

static size_t
count_padding(struct span line)
{
    size_t count = 0;

    while (count < 2 && count < line.len && line.data[line.len - count - 1] == '=')
        count++;
    return count;
}

static bool
is_base64(struct span line)
{
    for (size_t i = 0; i < line.len - count_padding(line); i++) {
        char c = line.data[i];

        if (!text_is_alphanumeric(c) && c != '+' && c != '/')
            return false;
    }
    return line.len % 4 == 0;
}

bool
sasl_response_valid(struct span line)
{
    return span_equal(line, SPAN("*")) || span_equal(line, SPAN("=")) || is_base64(line);
}

/* Makes a name fit for a log: control characters become spaces, and it is cut. True if nothing had to be changed. */
static bool
clean_user(struct bytes *user, size_t start)
{
    bool clean = user->len - start <= USER_MAX;

    if (!clean)
        user->len = start + USER_MAX;
    for (size_t i = start; i < user->len; i++)
        if (text_is_control(user->data[i])) {
            user->data[i] = ' ';
            clean         = false;
        }
    if (user->data != NULL)
        user->data[user->len] = '\0';
    return clean;
}

bool
sasl_user(const struct sasl_mechanism *mechanism, struct span response, unsigned step, struct bytes *user)
{
    size_t         start   = user->len;
    unsigned char *decoded = memory_new(response.len);
    int            len     = 0;
    bool           owner   = false;

    assert(response.len <= INT_MAX);
    if (response.len > 0 && is_base64(response))
        len = EVP_DecodeBlock(decoded, (const unsigned char *)response.data, (int)response.len);
    if (len > 0)
        owner = mechanism->user((struct span){(char *)decoded, (size_t)len - count_padding(response)}, step, user);
    owner = clean_user(user, start) && owner && user->len > start;
    OPENSSL_cleanse(decoded, response.len);
    free(decoded);
    return owner;
}
