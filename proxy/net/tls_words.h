/* What there is to say of a certificate: for whom it is, how long it holds, what its key costs. */
#ifndef PROXY_NET_TLS_WORDS_H
#define PROXY_NET_TLS_WORDS_H

#include <openssl/x509.h>
#include <time.h>

#include "base/error.h"
#include "base/span.h"

/* Is it for this name? Not for an empty one. */
bool tls_words_fits(X509 *, struct span name);

/* Appends the names and addresses that it is for, the first few of them; or else the common name. */
void tls_words_names(X509 *, struct bytes *);

/* Appends the first of the names that are no addresses, or else the common name. */
void tls_words_first_name(X509 *, struct bytes *);

/* Appends a date as "2027-01-31 12:00 UTC". */
void tls_words_date(const ASN1_TIME *, struct bytes *);

/*
 * Appends what is the matter with its dates at `now`: ended, does not hold yet, ends within 14 days; nothing if it is
 * not. With `since`, the time of the last look, only what has become so, or a matter of 7 days or of one, since then;
 * 0: all.
 */
void tls_words_dates(X509 *, time_t since, time_t now, struct bytes *);

/* Appends what a signature takes on this machine if it is much more than one by a P-256 key; measured, in some 50 ms.
 */
void tls_words_cost(EVP_PKEY *, struct bytes *);

#endif
