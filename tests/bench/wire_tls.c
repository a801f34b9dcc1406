/* Where the TLS of a wire reads and writes. */
#include "tests/bench/wire_tls.h"
#include "tests/bench/process.h"

struct span  wire_tls_received;
struct bytes wire_tls_made;

static int
read_received(BIO *bio, char *data, int size)
{
    size_t len = (size_t)size < wire_tls_received.len ? (size_t)size : wire_tls_received.len;

    BIO_clear_retry_flags(bio);
    if (len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(data, wire_tls_received.data, len);
    wire_tls_received = span_tail(wire_tls_received, len);
    return (int)len;
}

static int
write_made(BIO *bio, const char *data, int size)
{
    BIO_clear_retry_flags(bio);
    bytes_add(&wire_tls_made, (struct span){data, (size_t)size});
    return size;
}

static long
control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *
make_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bench");

    if (method == NULL || BIO_meth_set_read(method, read_received) != 1 ||
        BIO_meth_set_write(method, write_made) != 1 || BIO_meth_set_ctrl(method, control) != 1)
        process_fail_call("BIO_meth_new");
    return method;
}

BIO *
wire_tls_bio(void)
{
    static BIO_METHOD *method;
    BIO               *bio;

    if (method == NULL)
        method = make_method();
    bio = BIO_new(method);
    if (bio == NULL)
        process_fail_call("BIO_new");
    BIO_set_init(bio, 1);
    return bio;
}
