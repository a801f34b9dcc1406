/*
 * proxy.conf taken apart, and the files that it includes: their sections, the keys of those, and the values as strings,
 * each with its place. Which keys there are and what they mean is no matter here: see config_setting.h.
 */
#ifndef PROXY_CONFIG_CONFIG_FILE_H
#define PROXY_CONFIG_CONFIG_FILE_H

#include "base/error.h"
#include "base/setting.h"

/* A line; 0: the file as a whole. */
struct config_spot {
    const char *file;
    unsigned    line;
};

struct config_key {
    char               *name;
    const char         *file; /* one of the file's paths */
    unsigned            line; /* of its first value */
    struct setting_list values;
    bool                known; /* a table of settings has it, and */
    bool                wrong; /* it does not like the value: config_setting_fill() says so */
};

struct config_section {
    struct setting_place place; /* of the section's head: line 0 for the keys outside of any section */
    char                *kind;  /* "listener"; "" for the keys outside of any section */
    char                *name;  /* "pop3s"; "" where it has none */
    struct config_key   *keys;  /* all in the file that the section is in, unless they are outside of any */
    size_t               key_count;
};

struct config_file {
    struct setting_list paths;  /* of the file, as given, and of all that it includes, in the order they are read in */
    char               *folder; /* where the file is, absolute: what relative paths are relative to */
    struct config_section
          *sections; /* in the order they are read in; the first holds the keys outside of any section */
    size_t section_count;
};

/* The key called `name`; NULL if the section does not have it. */
struct config_key *config_section_find(const struct config_section *, const char *name);

/* Where the key called `name` stands; the section's head if it does not have it. */
struct config_spot config_section_spot(const struct config_section *, const char *name);

/* How a message at a place in the file `from` speaks of this one: "line 3", or "FILE:3" if that is in another file. */
void config_spot_write(struct config_spot, const char *from, struct bytes *text);

/* Adds a path, and returns it as it is kept until config_file_free(). */
const char *config_file_add_path(struct config_file *, const char *path);

/* Adds a section without keys; `kind` and `name` are copied. Moves the others. */
void config_file_add_section(struct config_file *, const char *kind, const char *name, struct config_spot);

/* Adds a key that is not there yet, without a value; `name` is copied. Moves the others. */
struct config_key *config_section_add(struct config_section *, const char *name, struct config_spot);

/* Gives the memory back; the struct is {0} again. */
void config_file_free(struct config_file *);

#endif
