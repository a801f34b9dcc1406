/*
 * Reads proxy.conf, and the files that it includes.
 *
 *     file     any number of: include TEXT, key, section
 *     section  WORD [TEXT] { any number of keys }
 *     key      WORD = value, or WORD += value, which adds to what the key has
 *     value    TEXT, or { TEXT , TEXT ... }; a list without a text in it is as if the key was left out
 *     TEXT     a word or a string (config_token.h)
 */
#ifndef PROXY_CONFIG_CONFIG_READ_H
#define PROXY_CONFIG_CONFIG_READ_H

#include "proxy/config/config_file.h"

/*
 * Fills `file`. 0; or -1 with the errors' lines: a file cannot be read, somebody else could change it, or it is not
 * written as above. A key that is given twice is an error too, but does not stop the reading. config_file_free()
 * follows in either case.
 */
int config_read(struct config_file *file, const char *path, struct error *);

#endif
