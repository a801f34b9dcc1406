/* HeaderEval: what is odd about header fields, and cannot be said by a pattern. */
#include "rules/eval/plugins.h"

static unsigned
check_for_missing_to_header(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return mail_headers_last(&run->mail->headers, SPAN("To")).len == 0;
}

static const struct eval_function functions[] = {
    {.name = "check_for_missing_to_header", .run = check_for_missing_to_header},
    {.name = NULL},
};

const struct eval_plugin header_eval_plugin = {.name = "HeaderEval", .functions = functions};
