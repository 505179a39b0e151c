/* tls: OpenSSL for the connections of one worker. One context for the whole plan; one SSL a
 * connection, straight on its socket.
 */
#ifndef ENGINE_TLS_H
#define ENGINE_TLS_H

#include <openssl/ssl.h>
#include <sys/types.h>

#include "squall/base.h"
#include "squall/plan.h"

int tls_context_new(const struct plan_tls *settings, SSL_CTX **out, struct err *e);

/* What the context asks for by ALPN (RFC 7301); nothing for HTTP/1.1 alone. */
void tls_offer(SSL_CTX *context, enum plan_http http);

/* For a connected socket, to `origin`. NULL when out of memory. `session` is where the latest
 * session with this origin is kept, and taken up again if there is one; it must outlive the
 * connection. NULL: every handshake is a whole one. */
SSL *tls_new(SSL_CTX *context, int fd, const struct plan_tls *settings,
             const struct plan_origin *origin, SSL_SESSION **session);
/* Ends it without a word to the peer; its session stays usable. */
void tls_free(SSL *ssl);

enum tls_want {
    TLS_DONE,
    TLS_WANT_READ,
    TLS_WANT_WRITE,
    TLS_CLOSED, /* the peer ended it */
    TLS_RESET,  /* the connection broke */
    TLS_FAILED, /* see `why` */
};

/* `why` is a sentence, filled for TLS_FAILED. */
enum { TLS_WHY_SIZE = 256 };
enum tls_want tls_handshake(SSL *ssl, char why[TLS_WHY_SIZE]);
/* *moved is the number of bytes read or written when the answer is TLS_DONE. */
enum tls_want tls_read(SSL *ssl, void *into, size_t size, size_t *moved, char why[TLS_WHY_SIZE]);
enum tls_want tls_write(SSL *ssl, const void *bytes, size_t len, size_t *moved,
                        char why[TLS_WHY_SIZE]);

#endif
