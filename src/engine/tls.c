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

/* ---- the context ----------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static int refuse(struct err *e, const char *format, ...)
{
    char what[ERR_MESSAGE_MAX], why[TLS_WHY_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    say_last_error(why, sizeof why);
    return err_set(e, -EINVAL, "%s: %s", what, why);
}

/* OpenSSL's reasons for a file are about its parser's layers; that it cannot be opened comes first.
 */
static int check_readable(const char *what, struct str path, struct err *e)
{
    FILE *file = fopen(path.ptr, "r");
    if (!file)
        return err_set(e, -errno, "%s \"%s\" cannot be read: %s", what, path.ptr, strerror(errno));
    fclose(file);
    return 0;
}

static int set_ca(SSL_CTX *context, struct str path, struct err *e)
{
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (path.len == 0) {
        if (SSL_CTX_set_default_verify_paths(context) != 1)
            return refuse(e, "the system's certificates cannot be used");
        return 0;
    }
    int rc = check_readable("the CA file", path, e);
    if (rc == 0 && SSL_CTX_load_verify_locations(context, path.ptr, NULL) != 1)
        rc = refuse(e, "the CA file \"%s\" cannot be used", path.ptr);
    return rc;
}

/* A key with a passphrase must not make the worker ask the terminal for it. */
static int no_passphrase(char *into, int size, int writing, void *unused)
{
    (void)into, (void)size, (void)writing, (void)unused;
    return -1;
}

static int set_certificate(SSL_CTX *context, const struct plan_tls *settings, struct err *e)
{
    struct str cert = settings->cert_file;
    struct str key = settings->key_file.len > 0 ? settings->key_file : cert;
    if (cert.len == 0)
        return 0;
    int rc = check_readable("the certificate file", cert, e);
    if (rc == 0)
        rc = check_readable("the key file", key, e);
    if (rc < 0)
        return rc;
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(context, cert.ptr) != 1)
        return refuse(e, "the certificate file \"%s\" cannot be used", cert.ptr);
    if (SSL_CTX_use_PrivateKey_file(context, key.ptr, SSL_FILETYPE_PEM) != 1)
        return refuse(e, "the key file \"%s\" cannot be used", key.ptr);
    return 0;
}

/* The suites of TLS 1.3 have a list of their own in OpenSSL; here they are told apart by name. */
static void sort_ciphers(struct str all, struct buf *older, struct buf *tls13)
{
    while (all.len > 0) {
        const char *colon = memchr(all.ptr, ':', all.len);
        size_t len = colon ? (size_t)(colon - all.ptr) : all.len;
        struct str name = str_trim((struct str){all.ptr, len});
        struct buf *into = str_starts(name, "TLS_") ? tls13 : older;
        if (name.len > 0) {
            buf_add_text(into, into->len > 0 ? ":" : "");
            buf_add(into, name.ptr, name.len);
        }
        len += colon ? 1 : 0;
        all = (struct str){all.ptr + len, all.len - len};
    }
}

static int use_ciphers(SSL_CTX *context, struct buf *older, struct buf *tls13,
                       enum plan_tls_version min, struct err *e)
{
    if (older->len == 0 && tls13->len == 0)
        return err_set(e, -EINVAL, "\"ciphers\" names no cipher suite");
    if (older->len > 0 && SSL_CTX_set_cipher_list(context, older->ptr) != 1)
        return refuse(e, "the ciphers \"%s\" cannot be used", older->ptr);
    if (tls13->len > 0 && SSL_CTX_set_ciphersuites(context, tls13->ptr) != 1)
        return refuse(e, "the ciphers \"%s\" cannot be used", tls13->ptr);
    if (tls13->len == 0 && min == PLAN_TLS_1_3)
        return err_set(e, -EINVAL,
                       "\"min_version\" asks for TLS 1.3, and \"ciphers\" has none of its suites "
                       "(TLS_...)");
    if (tls13->len == 0)
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    if (older->len == 0)
        SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    return 0;
}

static int set_ciphers(SSL_CTX *context, const struct plan_tls *settings, struct err *e)
{
    AUTO(buf_fini) struct buf older = {0}, tls13 = {0};
    if (settings->ciphers.len == 0)
        return 0;
    buf_init(&older, settings->ciphers.len + 1);
    buf_init(&tls13, settings->ciphers.len + 1);
    sort_ciphers(settings->ciphers, &older, &tls13);
    return use_ciphers(context, &older, &tls13, settings->min_version, e);
}

/* A ticket came: it replaces the one before. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    SSL_SESSION **kept = SSL_get_app_data(ssl);
    if (!kept)
        return 0;
    SSL_SESSION_free(*kept);
    *kept = session;
    return 1; /* the reference is ours now */
}

static void set_up(SSL_CTX *context, const struct plan_tls *settings)
{
    SSL_CTX_set_min_proto_version(context, settings->min_version == PLAN_TLS_1_3 ? TLS1_3_VERSION
                                                                                 : TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    /* A whole record and more with one read(2), in place of one for its head and one for the rest
     */
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (settings->resume) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keep_session);
    }
}

int tls_context_new(const struct plan_tls *settings, SSL_CTX **out, struct err *e)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    *out = NULL;
    if (!context)
        return refuse(e, "cannot set up TLS");
    set_up(context, settings);
    int rc = settings->verify ? set_ca(context, settings->ca_file, e) : 0;
    if (rc == 0)
        rc = set_certificate(context, settings, e);
    if (rc == 0)
        rc = set_ciphers(context, settings, e);
    if (rc == 0)
        *out = context;
    else
        SSL_CTX_free(context);
    return rc;
}

/* ---- connections ----------------------------------------------------------------------------- */

void tls_offer(SSL_CTX *context, enum plan_http http)
{
    static const unsigned char protocols[] = "\x02h2\x08http/1.1";
    if (http == PLAN_HTTP_AUTO)
        SSL_CTX_set_alpn_protos(context, protocols, 12);
    else if (http == PLAN_HTTP_2)
        SSL_CTX_set_alpn_protos(context, protocols, 3);
}

static bool is_address(const char *host)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
    ASN1_OCTET_STRING_free(address);
    return address != NULL;
}

SSL *tls_new(SSL_CTX *context, int fd, const struct plan_tls *settings,
             const struct plan_origin *origin, SSL_SESSION **session)
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
    SSL_set_app_data(ssl, session);
    if (session && *session)
        SSL_set_session(ssl, *session);
    return ssl;
}

void tls_free(SSL *ssl)
{
    /* One that seems to have broken off would have its session declared unfit for resumption. */
    SSL_set_quiet_shutdown(ssl, 1);
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
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
