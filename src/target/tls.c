/* tls: the server's certificate and context. What is done with them is io's. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "io.h"

enum { VALID_DAYS = 30, NUMBER_BYTES = 16 };

/* The sentence with OpenSSL's own reason. */
static int failed(struct err *e, const char *what)
{
    unsigned long code = ERR_get_error();
    const char *why = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return err_set(e, -EINVAL, "%s: %s", what, why ? why : "OpenSSL does not say why");
}

/* ---- a certificate of our own ---------------------------------------------------------------- */

static bool add_extension(X509 *cert, int kind, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, kind, value);
    bool added = extension && X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

static bool set_number(X509 *cert)
{
    unsigned char bytes[NUMBER_BYTES];
    random_bytes(bytes, sizeof bytes);
    bytes[0] &= 0x7f; /* positive (RFC 5280, section 4.1.2.2) */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
    return set;
}

/* Its own authority, so that trusting this one certificate is enough. */
static bool fill_certificate(X509 *cert, EVP_PKEY *key)
{
    static const unsigned char name[] = "squalld target";
    X509_NAME *subject = X509_get_subject_name(cert);
    return X509_set_version(cert, X509_VERSION_3) && set_number(cert) &&
           X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
           X509_gmtime_adj(X509_getm_notAfter(cert), VALID_DAYS * 86400L) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) &&
           X509_set_issuer_name(cert, subject) && X509_set_pubkey(cert, key) &&
           add_extension(cert, NID_basic_constraints, "critical,CA:TRUE") &&
           add_extension(cert, NID_subject_key_identifier, "hash") &&
           add_extension(cert, NID_subject_alt_name,
                         "DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1") &&
           X509_sign(cert, key, EVP_sha256());
}

static int use_own(SSL_CTX *ctx, struct err *e)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    int rc = 0;
    if (!key || !cert || !fill_certificate(cert, key) || SSL_CTX_use_certificate(ctx, cert) != 1 ||
        SSL_CTX_use_PrivateKey(ctx, key) != 1)
        rc = failed(e, "cannot make a certificate");
    X509_free(cert); /* the context holds its own references */
    EVP_PKEY_free(key);
    return rc;
}

/* ---- from and to files ----------------------------------------------------------------------- */

static int use_files(SSL_CTX *ctx, const struct target_options *o, struct err *e)
{
    if (SSL_CTX_use_certificate_chain_file(ctx, o->cert_file) != 1) {
        failed(e, "no certificate");
        return err_prefix(e, "%s", o->cert_file);
    }
    if (SSL_CTX_use_PrivateKey_file(ctx, o->key_file, SSL_FILETYPE_PEM) != 1) {
        failed(e, "not the certificate's key");
        return err_prefix(e, "%s", o->key_file);
    }
    return 0;
}

static int write_certificate(SSL_CTX *ctx, const char *file, struct err *e)
{
    FILE *out = fopen(file, "w");
    if (!out)
        return err_set(e, -errno, "cannot write %s: %s", file, strerror(errno));
    bool written = PEM_write_X509(out, SSL_CTX_get0_certificate(ctx)) == 1;
    written &= fclose(out) == 0;
    return written ? 0 : err_set(e, -EIO, "cannot write %s", file);
}

/* ---- the context ----------------------------------------------------------------------------- */

int target_tls_new(const struct target_options *options, SSL_CTX **out, struct err *e)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx)
        return failed(e, "cannot set up TLS");
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx,
                           1); /* one call a record, not one for its head and one for its body */
    int rc = options->cert_file ? use_files(ctx, options, e) : use_own(ctx, e);
    if (rc == 0 && options->write_cert_file)
        rc = write_certificate(ctx, options->write_cert_file, e);
    if (rc < 0)
        SSL_CTX_free(ctx);
    else
        *out = ctx;
    return rc;
}
