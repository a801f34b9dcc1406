/*
 * What is done to the text of proxy.conf before libConfuse 3.3 reads it. libConfuse wants to know all keys beforehand,
 * stops at the first that it does not know, counts three lines for each comment, and takes no comment inside a list.
 * So the words that stand where keys and sections stand are collected, to be declared, and comments are made blank.
 * It also takes the end of the file for the end of whatever is open, so that is looked at here.
 */
#ifndef PROXY_CONFIG_CONFIG_SCAN_H
#define PROXY_CONFIG_CONFIG_SCAN_H

#include "base/error.h"
#include "base/span.h"

enum config_word_kind {
    CONFIG_WORD_KEY,     /* word = */
    CONFIG_WORD_SECTION, /* word { */
    CONFIG_WORD_NAMED,   /* word "name" { */
};

struct config_word {
    char                 *text;
    enum config_word_kind kind;
};

/* Each word once as a key, and once as a section. Starts as {0}. */
struct config_words {
    struct config_word *items;
    size_t              count;
};

/* Changes `text` and fills `words`. 0; or -1 with the lines of what has no end (a comment, a string, a brace), and of
 * what other languages have and this one does not. */
int config_scan(char *text, struct config_words *words, const char *file, struct error *);

/* Is the word one that begins a section? */
bool config_words_section(const struct config_words *, const char *text);

void config_words_free(struct config_words *);

#endif
