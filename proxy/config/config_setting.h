/*
 * Tables of settings (base/setting.h) filled from a section of proxy.conf, and given back.
 */
#ifndef PROXY_CONFIG_CONFIG_SETTING_H
#define PROXY_CONFIG_CONFIG_SETTING_H

#include "proxy/config/config_file.h"

/*
 * Fills the members of `target`, which is {0}, that `table` names. A value that is wrong is an error at its key's line,
 * and the fallback takes its place. True if every required key has a value; else there is an error for each key without
 * one, and the table's owner must not use `target`, but config_setting_release() it.
 */
bool config_setting_fill(const struct setting *table, void *target, const struct config_file *, struct config_section *,
                         struct error *);

/* An error for each key of the section that no table was asked for; `tables`, ended by NULL, are those that were. */
void config_setting_refuse_unknown(const struct config_section *, const struct setting *const *tables, struct error *);

/* Gives back what config_setting_fill() put into `target`. A `target` may be {0}. */
void config_setting_release(const struct setting *table, void *target);

/* The row for `key`; NULL if the table, which may be NULL, has none. */
const struct setting *config_setting_find(const struct setting *table, const char *key);

#endif
