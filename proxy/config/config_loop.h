/* A listener whose upstream is, in the end, that listener: each session would open another one, without an end. */
#ifndef PROXY_CONFIG_CONFIG_LOOP_H
#define PROXY_CONFIG_CONFIG_LOOP_H

#include "proxy/config/config_section.h"

/* Each listener that leads back to itself is an error at its section. After the listeners were linked. */
void config_loop_check(struct config_loader *);

#endif
