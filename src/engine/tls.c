/* tls: see tls.h. */
#include "tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static void say_last_error(char *out, size_t size)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    snprintf(out, size, "%s", reason ? reason : "unknown error");
}

int tls_context_new(const struct plan_tls *settings, SSL_CTX **out, struct err *e)
{
    char why[TLS_WHY_SIZE];
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    *out = context;
    if (!context) {
        say_last_error(why, sizeof why);
        return err_set(e, -ENOMEM, "cannot set up TLS: %s", why);
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    /* A whole record and more with one read(2), in place of one for its head and one for the rest
     */
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (!settings->verify)
        return 0;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    AUTO(buf_fini) struct buf ca;
    buf_init(&ca, 4096);
    buf_add(&ca, settings->ca_file.ptr, settings->ca_file.len);
    int ok = ca.len > 0 ? SSL_CTX_load_verify_locations(context, ca.ptr, NULL)
                        : SSL_CTX_set_default_verify_paths(context);
    if (ok == 1)
        return 0;
    say_last_error(why, sizeof why);
    SSL_CTX_free(context);
    *out = NULL;
    return err_set(e, -EINVAL, "the CA file \"%s\" cannot be used: %s", ca.len ? ca.ptr : "", why);
}

static bool is_address(const char *host)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
    ASN1_OCTET_STRING_free(address);
    return address != NULL;
}

SSL *tls_new(SSL_CTX *context, int fd, const struct plan_tls *settings,
             const struct plan_origin *origin)
{
    struct str name = settings->server_name.len ? settings->server_name : origin->host;
    char host[256];
    snprintf(host, sizeof host, "%.*s", (int)name.len, name.ptr);
    SSL *ssl = SSL_new(context);
    if (!ssl || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    bool address = is_address(host);
    if (!address) /* RFC 6066, 3: no addresses in SNI */
        SSL_set_tlsext_host_name(ssl, host);
    if (settings->verify && address)
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
    else if (settings->verify)
        SSL_set1_host(ssl, host);
    SSL_set_connect_state(ssl);
    return ssl;
}

/* What OpenSSL's answer to the call just made means. */
static enum tls_want outcome(SSL *ssl, int rc, int saved_errno, char *why)
{
    switch (SSL_get_error(ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_CLOSED;
    case SSL_ERROR_SYSCALL:
        return saved_errno == 0 ? TLS_CLOSED : TLS_RESET;
    default:
        say_last_error(why, TLS_WHY_SIZE);
        return TLS_FAILED;
    }
}

/* OpenSSL keeps errors in a queue of the thread; what another connection left there is not ours. */
static void forget_errors(void)
{
    ERR_clear_error();
    errno = 0;
}

enum tls_want tls_handshake(SSL *ssl, char why[TLS_WHY_SIZE])
{
    forget_errors();
    int rc = SSL_do_handshake(ssl);
    if (rc == 1)
        return TLS_DONE;
    enum tls_want want = outcome(ssl, rc, errno, why);
    long verified = SSL_get_verify_result(ssl);
    if (want == TLS_FAILED && verified != X509_V_OK)
        snprintf(why, TLS_WHY_SIZE, "the server's certificate is not accepted: %s",
                 X509_verify_cert_error_string(verified));
    return want;
}

enum tls_want tls_read(SSL *ssl, void *into, size_t size, size_t *moved, char why[TLS_WHY_SIZE])
{
    forget_errors();
    int rc = SSL_read_ex(ssl, into, size, moved);
    return rc == 1 ? TLS_DONE : outcome(ssl, rc, errno, why);
}

enum tls_want tls_write(SSL *ssl, const void *bytes, size_t len, size_t *moved,
                        char why[TLS_WHY_SIZE])
{
    forget_errors();
    int rc = SSL_write_ex(ssl, bytes, len, moved);
    return rc == 1 ? TLS_DONE : outcome(ssl, rc, errno, why);
}
