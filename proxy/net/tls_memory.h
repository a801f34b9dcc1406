/* Memory for OpenSSL: the buffers of records, which come and go with every read and write, are kept for the next. */
#ifndef PROXY_NET_TLS_MEMORY_H
#define PROXY_NET_TLS_MEMORY_H

/* Once, before OpenSSL allocates anything: else it goes on with malloc() alone. */
void tls_memory_start(void);

#endif
