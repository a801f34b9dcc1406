/*
 * The kinds of sections in proxy.conf and their keys. The keys of filter modules are theirs: see filters/chain.h.
 */
#ifndef PROXY_CONFIG_CONFIG_TABLE_H
#define PROXY_CONFIG_CONFIG_TABLE_H

#include "proxy/config/config.h"

enum config_kind { CONFIG_MAIN, CONFIG_LISTENER, CONFIG_UPSTREAM, CONFIG_FILTER, CONFIG_KINDS };

/* The keys that every filter section has, whatever its module. */
struct config_filter_head {
    char   *module;
    int     on_failure; /* enum chain_on_failure */
    int64_t time_limit; /* milliseconds */
    int64_t timeout;    /* milliseconds */
};

/* By enum config_kind: the word for the section ("" for the keys outside of any), and its settings. */
extern const struct config_table {
    const char           *kind;
    const struct setting *settings;
} config_tables[CONFIG_KINDS];

/* The kind that a word names; CONFIG_KINDS: none. */
enum config_kind config_table_find(const char *word);

#endif
