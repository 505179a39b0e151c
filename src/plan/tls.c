/* tls: how https is spoken. Files are only named here: the worker, which uses them, opens them. */
#include <string.h>

#include "plan_priv.h"

enum { CIPHERS_MAX = 4096 };

static void read_path(struct plan_reader *r, const struct plan_place *at, void *into)
{
    plan_line(r, at, 1, PLAN_PATH_MAX, into);
}

static void read_server_name(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct str *name = into, text = {0};
    if (!plan_line(r, at, 1, PLAN_HOST_MAX, &text))
        return;
    if (plan_host_valid(text))
        *name = text;
    else
        plan_problem(r, at, "%s is no host name", plan_quote(text).text);
}

static void read_min_version(struct plan_reader *r, const struct plan_place *at, void *into)
{
    enum plan_tls_version *version = into;
    struct str text;
    if (!plan_text(r, at, &text))
        return;
    if (str_eq_text(text, "1.2"))
        *version = PLAN_TLS_1_2;
    else if (str_eq_text(text, "1.3"))
        *version = PLAN_TLS_1_3;
    else
        plan_problem(r, at, "must be \"1.2\" or \"1.3\", not %s", plan_quote(text).text);
}

static void read_ciphers(struct plan_reader *r, const struct plan_place *at, void *into)
{
    plan_line(r, at, 1, CIPHERS_MAX, into);
}

static const struct plan_key tls_keys[] = {
    {"verify", plan_read_bool, offsetof(struct plan_tls, verify), false},
    {"ca_file", read_path, offsetof(struct plan_tls, ca_file), false},
    {"cert_file", read_path, offsetof(struct plan_tls, cert_file), false},
    {"key_file", read_path, offsetof(struct plan_tls, key_file), false},
    {"server_name", read_server_name, offsetof(struct plan_tls, server_name), false},
    {"min_version", read_min_version, offsetof(struct plan_tls, min_version), false},
    {"ciphers", read_ciphers, offsetof(struct plan_tls, ciphers), false},
    {"resume", plan_read_bool, offsetof(struct plan_tls, resume), false},
};

const struct plan_object plan_object_tls = {"tls", tls_keys, sizeof tls_keys / sizeof tls_keys[0]};

void plan_read_tls(struct plan_reader *r, const struct plan_place *at, void *into)
{
    (void)into;
    if (!plan_read_object(r, at, &plan_object_tls, &r->plan->tls))
        return;
    struct plan_place key = plan_member(at, "key_file"), cert = plan_member(at, "cert_file");
    if (key.value && !cert.value && !plan_is_misspelt(at, &plan_object_tls, "cert_file"))
        plan_problem_key(r, &key, "a key needs the certificate that it belongs to: \"cert_file\"");
}
