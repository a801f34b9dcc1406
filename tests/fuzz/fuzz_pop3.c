/*
 * Lines of either peer: a command that is fine is written canonically, within bounds, and reads as itself; a status
 * line that is written is clean and reads as the same status.
 */
#include "base/text.h"
#include "proxy/pop3/pop3.h"
#include "tests/fuzz/fuzz.h"

static bool
is_within(struct span part, struct span whole)
{
    return part.len == 0 || (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

/* Ends in CR LF, and has no other control character in it. */
static bool
is_clean_line(const struct bytes *line, size_t most)
{
    return line->len >= 2 && line->len <= most && memcmp(line->data + line->len - 2, "\r\n", 2) == 0 &&
           !text_has_control(span_head(bytes_span(line), line->len - 2));
}

static void
check_command(struct span line)
{
    struct pop3_command command, again;
    struct bytes        once = {0}, twice = {0};

    pop3_parse_command(line, &command);
    FUZZ_EXPECT(is_within(command.name, line) && is_within(command.argument, line) && is_within(command.second, line));
    if (command.fault != POP3_FINE)
        return;
    pop3_write_command(&command, &once);
    FUZZ_EXPECT(is_clean_line(&once, POP3_COMMAND_MAX));
    pop3_parse_command(span_head(bytes_span(&once), once.len - 2), &again);
    FUZZ_EXPECT(again.fault == POP3_FINE && again.verb == command.verb && again.has_number == command.has_number &&
                again.number == command.number && again.lines == command.lines);
    FUZZ_EXPECT(span_equal(again.argument, command.argument) && span_equal(again.second, command.second));
    FUZZ_EXPECT(pop3_reply_shape(&again, POP3_OK) == pop3_reply_shape(&command, POP3_OK));
    pop3_write_command(&again, &twice);
    FUZZ_EXPECT(span_equal(bytes_span(&once), bytes_span(&twice)));
    bytes_free(&once);
    bytes_free(&twice);
}

static void
check_status(struct span line)
{
    struct span      text, again;
    struct bytes     written = {0};
    enum pop3_status status  = pop3_parse_status(line, &text);
    struct span      stamp   = pop3_timestamp(text);

    FUZZ_EXPECT(is_within(text, line) && is_within(stamp, text));
    FUZZ_EXPECT(stamp.len == 0 || (stamp.data[0] == '<' && stamp.data[stamp.len - 1] == '>'));
    if (status != POP3_OK && status != POP3_ERR)
        return;
    pop3_write_status(status, text, &written);
    FUZZ_EXPECT(is_clean_line(&written, POP3_STATUS_MAX));
    FUZZ_EXPECT(pop3_parse_status(span_head(bytes_span(&written), written.len - 2), &again) == status);
    FUZZ_EXPECT(again.len > 0);
    bytes_free(&written);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = {(const char *)data, size}, line;

    for (size_t len; (len = pop3_next_line(input, &line)) > 0; input = span_tail(input, len)) {
        struct span copy = fuzz_copy(line);

        check_command(copy);
        check_status(copy);
        fuzz_drop(copy);
    }
    return 0;
}
