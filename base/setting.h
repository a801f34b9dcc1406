/*
 * Settings as tables: each part of popgate that can be configured lists its keys, and proxy/config/config_setting.c
 * fills its struct from a section of proxy.conf. A new setting is one struct member, one row here and one line in
 * proxy.conf.
 */
#ifndef BASE_SETTING_H
#define BASE_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The member behind `offset` has the type named here. */
enum setting_type {
    SETTING_STRING,   /* char *, never NULL unless the fallback is NULL and the key is left out */
    SETTING_PATH,     /* char *, made absolute: relative to the folder of the configuration file */
    SETTING_LIST,     /* struct setting_list of strings */
    SETTING_PATHS,    /* struct setting_list of paths, made absolute */
    SETTING_CHOICE,   /* int: the index of the word in `choices` */
    SETTING_BOOL,     /* bool */
    SETTING_NUMBER,   /* int64_t within `least`..`most` */
    SETTING_REAL,     /* double; NAN if the key is left out and there is no fallback */
    SETTING_SIZE,     /* int64_t octets; the text takes K, M, G */
    SETTING_DURATION, /* int64_t milliseconds; the text takes ms, s, m, h, d */
};

struct setting_list {
    char **items;
    size_t count;
};

struct setting {
    const char        *key;
    enum setting_type  type;
    bool               required; /* leaving the key out is an error */
    size_t             offset;   /* of the member, offsetof() */
    const char        *fallback; /* the value when the key is left out, as it would stand in the file; NULL: none */
    const char *const *choices;  /* SETTING_CHOICE: the words, ended by NULL */
    int64_t            least;    /* SETTING_NUMBER, SIZE, DURATION: the smallest and */
    int64_t            most;     /* the greatest value allowed; both 0: any that is not negative */
};

/* Where in which file a section stands, for the errors that its owner finds. */
struct setting_place {
    const char *file;
    unsigned    line;                                                   /* of the section's head */
    unsigned (*line_of)(const struct setting_place *, const char *key); /* of a key; of the head if it was left out */
};

/* Adds the item, which is free()d with the list. */
void setting_list_add(struct setting_list *, char *item);

/* Gives the items and the list back; it is {0} again. */
void setting_list_free(struct setting_list *);

/*
 * Of the files and directories that the setting `key` names, those that can be read, in their order; each of the others
 * is an error at its place. One that somebody else could change (base/trust.h) is noted. The list's items are those of
 * `files`: only `items` itself is to be given to free().
 */
struct setting_list
setting_readable(const struct setting_list *files, const char *key, const struct setting_place *, struct error *);

#endif
