/* The words of SpamAssassin's configuration that have no work to do here, so that they are told from mistakes. */
#ifndef RULES_SPAMASSASSIN_KNOWN_WORDS_H
#define RULES_SPAMASSASSIN_KNOWN_WORDS_H

#include "base/span.h"

enum known_word {
    WORD_UNKNOWN,
    WORD_QUIET,  /* about SpamAssassin's reports, learning, DNS and the like: it says nothing here */
    WORD_PLUGIN, /* of a plugin that is not here and that an admin may miss */
};

/* In lower case, with underscores. */
enum known_word known_word(struct span word);

#endif
