/*
 * One section of proxy.conf at a time, to its struct in struct config.
 */
#ifndef PROXY_CONFIG_CONFIG_SECTION_H
#define PROXY_CONFIG_CONFIG_SECTION_H

#include "proxy/config/config.h"
#include "proxy/config/config_file.h"

/* A configuration that is being made. Its arrays have room for every section of the file. */
struct config_loader {
    struct config          *config;
    struct config_file      file;
    struct error           *error;
    struct tls_authorities *authorities; /* that sections have named so far */
};

/*
 * Makes a section's struct behind those that are there. Each mistake in it is an error, and the struct can be given
 * back in any case. Names of other sections are left as names.
 */
void config_section_take(struct config_loader *, struct config_section *);

/* Once all sections are taken: has the module of this section's filter load what its settings name. */
void config_section_configure(struct config_loader *, const struct config_section *, const struct config_filter *);

/* An error at a key of a section; at the section's head if the key is not there. */
void config_complain(struct config_loader *, const struct config_section *, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Why `path` is no folder, until the next call; NULL if it is one. */
const char *config_folder_fault(const char *path);

#endif
