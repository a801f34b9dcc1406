/*
 * A worker's memory goes back to the system when its sessions have gone. malloc() by itself gives back only what lies
 * at the end of its memory, and never a page of which one octet is in use.
 */
#ifndef PROXY_PROCESS_WORKER_MEMORY_H
#define PROXY_PROCESS_WORKER_MEMORY_H

#include <stddef.h>

/*
 * Once in a process, before libevent is first called: a place for the blocks that libevent keeps for each descriptor
 * number that it has ever watched. Among the memory of sessions each of them would hold a page back. And the process
 * keeps what OpenSSL gives back (tls_memory.h).
 */
void worker_memory_start(void);

/* A session was freed and `left` remain: gives back what is free or kept when half of them have gone. */
void worker_memory_give_back(size_t left);

#endif
