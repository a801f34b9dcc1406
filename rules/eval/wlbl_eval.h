/*
 * WLBLEval: lists of addresses and hosts that are always welcome, or never; what other plugins need of them; and the
 * addresses of a mail that they are compared with.
 */
#ifndef RULES_EVAL_WLBL_EVAL_H
#define RULES_EVAL_WLBL_EVAL_H

#include <glib.h>

#include "rules/eval/address_list.h"
#include "rules/eval/eval_field.h"
#include "rules/eval/plugins.h"

struct wlbl_settings {
    GHashTable *addresses; /* struct address_list by name: "welcomelist_from", or what enlist_addrlist calls it */
    GHashTable *hosts;     /* tables of hosts by name: "BLOCK" */
};

/* In lower case, each once. They live as long as the run. */
struct wlbl_addresses {
    bool         known;
    const char **items;
    size_t       count;
};

/* What is found out about a mail once. */
struct wlbl_facts {
    struct wlbl_addresses senders, recipients;
    bool                  welcome_known;
    int                   welcome, welcome_by_default; /* 1: listed; -1: listed, but came another way; 0: not */
    bool                  hosts_known;
    const char          **hosts;
    size_t                host_count;
};

/* A list by its name; NULL if no line names it. */
const struct address_list *wlbl_list(const struct eval_run *, struct span name);

/* Is the host, in lower case, on the list of hosts? `*verdict`: false if it is listed as an exception. */
bool wlbl_host_listed(const struct eval_run *, const char *list, const char *host, bool *verdict);

/* All that the mail is from, all that it is for: header fields, and of recipients what Received fields say. */
const struct wlbl_addresses *wlbl_senders(struct eval_run *);
const struct wlbl_addresses *wlbl_recipients(struct eval_run *);

/* wlbl_lines.c: the lines of rule files. */
extern const struct eval_directive wlbl_directives[];

/* Takes "(NAME)", and the white space behind it, off. False if there is none. */
bool wlbl_take_name(struct span *value, struct span *name);

void wlbl_fill(void *settings, const struct mail_settings *);
void wlbl_clear(void *settings);

/* Functions of rules, by the names that they have there: see wlbl_eval.c. */
typedef unsigned wlbl_function(struct eval_run *, const struct eval_call *);

/* wlbl_relays.c */
wlbl_function wlbl_from_in_welcomelist, wlbl_forged_in_welcomelist, wlbl_from_in_default_welcomelist,
    wlbl_forged_in_default_welcomelist, wlbl_mailfrom_matches_rcvd;

/* wlbl_hosts.c */
wlbl_function wlbl_uri_host_listed, wlbl_uri_host_in_blocklist, wlbl_uri_host_in_welcomelist;

#endif
