/* The characters that HTML 4 (24) has names for, and &apos; of XHTML: those of Perl's HTML::Entities. */
#ifndef RULES_MAIL_HTML_ENTITY_NAMES_H
#define RULES_MAIL_HTML_ENTITY_NAMES_H

#include <stdint.h>

#include "base/span.h"

enum { HTML_ENTITIES = 253, HTML_ENTITY_NAME_MAX = 8 }; /* names; octets of the longest */

/* The character called `name`, as "eacute", in which case matters; 0: none is. */
uint32_t html_entity_find(struct span name);

#endif
