/*
 * SASL exchanges: a mechanism and the client's responses. The name that is logged is clean and short, only what can be
 * a response is passed on, and nothing is said of an owner without a name.
 */
#include "base/text.h"
#include "proxy/pop3/sasl.h"
#include "tests/fuzz/fuzz_file.h"

enum { USER_MAX = 255 /* octets of a name that is logged */ };

/* RFC 4648, 4, and the words of RFC 5034. */
static bool
may_be_sent(struct span line)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] == '\0' || strchr(letters, line.data[i]) == NULL)
            return false;
    return line.len % 4 == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span                  input     = {(const char *)data, size};
    const struct sasl_mechanism *mechanism = sasl_find(fuzz_text(&input));
    struct bytes                 user      = {0};

    for (unsigned step = 0; input.len > 0; step++) {
        struct span response = fuzz_copy(fuzz_text(&input));

        if (sasl_response_valid(response) && !span_equal(response, SPAN("*")) && !span_equal(response, SPAN("=")))
            FUZZ_EXPECT(may_be_sent(response));
        bytes_clear(&user);
        if (mechanism != NULL && sasl_user(mechanism, response, step, &user))
            FUZZ_EXPECT(user.len > 0);
        FUZZ_EXPECT(user.len <= USER_MAX && !text_has_control(bytes_span(&user)));
        fuzz_drop(response);
    }
    bytes_free(&user);
    return 0;
}
