/*
 * Memory for OpenSSL, which takes and gives back some 1,500 blocks in a handshake, and a buffer with every record. A
 * process that keeps them has those that came back ready for the next of their size, with less work than malloc() has.
 * Where a sanitizer looks for faults, and in a process of more than one thread, none is kept.
 */
#ifndef PROXY_NET_TLS_MEMORY_H
#define PROXY_NET_TLS_MEMORY_H

#include <stddef.h>

/* Once, before OpenSSL allocates anything: else it goes on with malloc() alone. Nothing is kept yet. */
void tls_memory_start(void);

enum { TLS_MEMORY_KEPT = 256 * 1024 };

/* From now on this process keeps blocks. */
void tls_memory_keep(void);

/* Octets that are kept. */
size_t tls_memory_kept(void);

/* Gives all that is kept to free(): it lies among memory that may go back to the system. */
void tls_memory_give_back(void);

#endif
