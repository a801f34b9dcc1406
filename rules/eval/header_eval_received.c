/* Received fields that no host writes, and lists that take them away. */
#include "rules/eval/header_eval.h"

static struct regex_built_in aol_relay = {" rly-[a-z]{2}\\d\\d\\.", "i", NULL};
static struct regex_built_in aol_way   = {"/AOL-\\d+\\.\\d+\\.\\d+\\)|ESMTP id (?:RELAY|MAILRELAY|MAILIN)", "", NULL};
static struct regex_built_in gw05      = {
         "\\nfrom\\s\\S+\\sby\\s[^\\s.]+\\swith\\sESMTP;\\s+\\S{3},\\s+\\d+\\s+\\S{3}\\s+\\d{4}\\s+"
              "\\d\\d:\\d\\d:\\d\\d\\s+[-+]*\\d{4}\\n$",
         "", NULL};
static struct regex_built_in ezmlm      = {"^contact \\S+@\\S+; run by ezmlm$", "m", NULL};
static struct regex_built_in ezmlm_to   = {"^mailing list \\S+@\\S", "m", NULL};
static struct regex_built_in ezmlm_rcvd = {"qmail \\d+ invoked (?:from network|by .{3,20})\\); \\d+ ... \\d", "", NULL};
static struct regex_built_in msn_groups = {"from groups\\.msn\\.com \\(\\S+\\.msn\\.com ", "", NULL};

/* AOL's relays are called like this. Who forges them does not forge what they write. */
unsigned
header_fake_aol_relay_in_rcvd(struct eval_run *run, const struct eval_call *call)
{
    struct span received = eval_squeezed(run, eval_field(run, "Received"));

    (void)call;
    return eval_matches(&aol_relay, received) && !eval_matches(&aol_way, received);
}

/* A host whose name has no point, in the lowest field. */
unsigned
header_forged_gw05_received(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return eval_matches(&gw05, eval_field(run, "Received"));
}

/* That there are no Received fields to be trusted: somebody took them away, or they were never there. */
unsigned
header_gated_through_received_hdr_remover(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    if (eval_field(run, "Received").data == NULL || eval_field_matches(run, "Received", &msn_groups))
        return 1;
    return eval_field_matches(run, "Mailing-List", &ezmlm) && eval_field_matches(run, "Delivered-To", &ezmlm_to) &&
           eval_field_matches(run, "Received", &ezmlm_rcvd);
}
