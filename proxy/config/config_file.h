/*
 * proxy.conf taken apart: its sections, their keys, and the values as the strings they were written as, each with its
 * line. libConfuse reads it. Which keys there are and what they mean is no matter here: see config_setting.h.
 */
#ifndef PROXY_CONFIG_CONFIG_FILE_H
#define PROXY_CONFIG_CONFIG_FILE_H

#include "base/error.h"
#include "base/setting.h"

struct config_key {
    char               *name;
    unsigned            line;
    struct setting_list values;
    bool                known; /* a table of settings has it, and */
    bool                wrong; /* it does not like the value: config_setting_fill() says so */
};

struct config_section {
    struct setting_place place; /* of the section's head: line 0 for the keys outside of any section */
    char                *kind;  /* "listener"; "" for the keys outside of any section */
    char                *name;  /* "pop3s"; "" where it has none */
    struct config_key   *keys;
    size_t               key_count;
};

struct config_file {
    char                  *path;     /* as given */
    char                  *folder;   /* where it is, absolute: what relative paths are relative to */
    struct config_section *sections; /* in the file's order; the first holds the keys outside of any section */
    size_t                 section_count;
};

/*
 * Reads the file into `file`. 0; or -1 with the error's line: the file cannot be read, others may write to it, or it
 * is not of libConfuse's syntax. A key that is given twice is an error too, but does not stop the reading.
 * config_file_free() follows in either case.
 */
int config_file_read(struct config_file *file, const char *path, struct error *);

/* The key called `name`; NULL if the section does not have it. */
struct config_key *config_section_find(const struct config_section *, const char *name);

/* Gives the memory back; the struct is {0} again. */
void config_file_free(struct config_file *);

#endif
