/* Where the TLS of a wire reads and writes: two buffers in memory, shared by all wires. */
#ifndef BENCH_WIRE_TLS_H
#define BENCH_WIRE_TLS_H

#include <openssl/bio.h>

#include "base/bytes.h"

/* A new BIO that reads what was received and writes to what is to be sent. */
BIO *wire_tls_bio(void);

/* What was received; TLS takes it from the front. */
extern struct span wire_tls_received;

/* What TLS made, to be sent by the wire that had it made, and cleared. */
extern struct bytes wire_tls_made;

#endif
