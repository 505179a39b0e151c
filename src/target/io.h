/* io: bytes in and out of one connection, plain or through TLS, never waiting. */
#ifndef SQUALL_TARGET_IO_H
#define SQUALL_TARGET_IO_H

#include <openssl/ssl.h>
#include <sys/types.h>

#include "squall/target.h"

struct target_io {
    int fd;
    SSL *ssl;       /* NULL: plain */
    bool wants_out; /* TLS has to write before it can read on */
};

/* Both: bytes moved, -EAGAIN, or another negative errno. recv: 0 at the end of what comes. */
ssize_t target_io_recv(struct target_io *io, void *into, size_t len);
ssize_t target_io_send(struct target_io *io, const void *bytes, size_t len);
/* TLS holds bytes that epoll will not tell of. */
bool target_io_pending(const struct target_io *io);
/* Tells the other side that nothing more will come. */
void target_io_finish(struct target_io *io);
void target_io_close(struct target_io *io);
/* Closes with a reset. */
void target_io_reset(struct target_io *io);

/* The server's side of TLS: the certificate from files or made here, written out if asked for. */
int target_tls_new(const struct target_options *options, SSL_CTX **out, struct err *e);

#endif
