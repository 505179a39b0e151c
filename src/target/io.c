/* io: see io.h. TLS is in tls.c. */
#include "io.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL };

static ssize_t tls_result(struct target_io *io, int rc)
{
    int saved = errno;
    switch (SSL_get_error(io->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return -EAGAIN;
    case SSL_ERROR_WANT_WRITE:
        io->wants_out = true;
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        return saved ? -saved : -ECONNRESET;
    default:
        return -EPROTO;
    }
}

ssize_t target_io_recv(struct target_io *io, void *into, size_t len)
{
    if (!io->ssl) {
        ssize_t n = recv(io->fd, into, len, MSG_DONTWAIT);
        return n < 0 ? -errno : n;
    }
    ERR_clear_error();
    io->wants_out = false;
    int n = SSL_read(io->ssl, into, (int)len);
    return n > 0 ? n : tls_result(io, n);
}

ssize_t target_io_send(struct target_io *io, const void *bytes, size_t len)
{
    if (!io->ssl) {
        ssize_t n = send(io->fd, bytes, len, SEND_FLAGS);
        return n < 0 ? -errno : n;
    }
    ERR_clear_error();
    int n = SSL_write(io->ssl, bytes, (int)len);
    if (n > 0)
        return n;
    ssize_t rc = tls_result(io, n);
    io->wants_out = false; /* whoever sends waits for room anyway */
    return rc == 0 ? -EPIPE : rc;
}

bool target_io_pending(const struct target_io *io)
{
    return io->ssl && SSL_has_pending(io->ssl);
}

void target_io_finish(struct target_io *io)
{
    if (io->ssl && SSL_is_init_finished(io->ssl)) {
        ERR_clear_error();
        SSL_shutdown(io->ssl);
    }
    shutdown(io->fd, SHUT_WR);
}

void target_io_close(struct target_io *io)
{
    SSL_free(io->ssl);
    close(io->fd);
}

void target_io_reset(struct target_io *io)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    setsockopt(io->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    target_io_close(io);
}
