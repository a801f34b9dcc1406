/*
 * A list of mail addresses, with * for any text and ? for any one character: "joe@example.com", "*@*.example.com". Some
 * lists say for each by which hosts its mail has to come. Filled while rules are loaded, then immutable. Thousands of
 * entries cost no more than a few: they are found by the end of an address.
 */
#ifndef RULES_EVAL_ADDRESS_LIST_H
#define RULES_EVAL_ADDRESS_LIST_H

#include <stdbool.h>

#include "base/span.h"

struct address_list;

/* One line of the list. */
struct address_entry {
    char  *name;   /* as it was listed, in lower case */
    char  *glob;   /* what an address has to match */
    char **relays; /* which hosts its mail may come by, in lower case */
    size_t relay_count;
};

struct address_list *address_list_new(void);

/* Frees it and sets it to NULL. It may be NULL. */
void address_list_free(struct address_list **);

/* Adds the entry, without regard to case; one that is there already stays. */
struct address_entry *address_list_add(struct address_list *, struct span name);

void address_entry_add_relay(struct address_entry *, struct span relay);

/* Takes the entry of exactly this name out, if there is one. */
void address_list_remove(struct address_list *, struct span name);

bool address_list_is_empty(const struct address_list *);

/* Is the address, in lower case, one of them? */
bool address_list_has(const struct address_list *, const char *address);

/* Shows `visit` each entry that the address, in lower case, matches, until it returns true. Returns whether it did. */
bool address_list_visit(const struct address_list *, const char                          *address,
                        bool (*visit)(const struct address_entry *, void *context), void *context);

#endif
