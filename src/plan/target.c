/* target: where requests go unless they say otherwise, and how: the base URL, and what all
 * requests have in common.
 */
#include "plan_priv.h"

static void read_base_url(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_defaults *d = into;
    struct str text;
    struct err e;
    d->bad_base = true;
    if (!plan_text(r, at, &text))
        return;
    if (plan_url_parse(r->arena, text, &d->base, &e) < 0) {
        plan_problem(r, at, "%s", e.message);
        return;
    }
    for (size_t i = 0; i < d->base.path.len; i++) {
        if (d->base.path.ptr[i] == '?') {
            plan_problem(r, at, "has a query; give it in the requests' own \"url\"");
            return;
        }
    }
    while (d->base.path.len > 0 && d->base.path.ptr[d->base.path.len - 1] == '/')
        d->base.path.len--;
    d->has_base = true;
    d->bad_base = false;
}

static void read_headers(struct plan_reader *r, const struct plan_place *at, void *into)
{
    const struct plan_headers *h = into;
    struct plan_place length;
    plan_read_headers(r, at, into);
    if (plan_headers_bytes(h) > PLAN_HEADERS_BYTES_MAX)
        plan_problem(r, at, "are %zu bytes; at most %d are allowed", plan_headers_bytes(h),
                     PLAN_HEADERS_BYTES_MAX);
    const struct plan_header *found = plan_headers_find(h, STR("Content-Length"));
    if (found) {
        length = plan_member(at, found->name.ptr);
        plan_problem_key(r, &length, "each request's is its body's; leave this header out");
    }
}

static void read_drain(struct plan_reader *r, const struct plan_place *at, void *into)
{
    (void)into;
    plan_duration(r, at, 0, PLAN_DRAIN_MAX, &r->plan->drain_ns);
}

static void read_keep_alive(struct plan_reader *r, const struct plan_place *at, void *into)
{
    (void)into;
    plan_read_bool(r, at, &r->plan->keep_alive);
}

static void read_http(struct plan_reader *r, const struct plan_place *at, void *into)
{
    static const char *const names[] = {
        [PLAN_HTTP_AUTO] = "auto", [PLAN_HTTP_1] = "1.1", [PLAN_HTTP_2] = "2"};
    struct str text;
    (void)into;
    if (!plan_text(r, at, &text))
        return;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (str_eq_text(text, names[i])) {
            r->plan->http = (enum plan_http)i;
            return;
        }
    }
    plan_problem(r, at, "must be \"auto\", \"1.1\" or \"2\", not %s", plan_quote(text).text);
}

static void read_streams(struct plan_reader *r, const struct plan_place *at, void *into)
{
    (void)into;
    double n = json_number_value(at->value); /* 5.0 is an integer in JSON Schema */
    if (!(n >= 1 && n <= PLAN_STREAMS_MAX && n == (uint32_t)n))
        plan_problem(r, at, "must be a whole number from 1 to %d", PLAN_STREAMS_MAX);
    else
        r->plan->streams = (uint32_t)n;
}

/* ---- ways to connect ------------------------------------------------------------------------- */

static void read_proxy(struct plan_reader *r, const struct plan_place *at, void *into)
{
    (void)into;
    plan_read_proxy(r, at, &r->plan->network);
}

static void read_unix(struct plan_reader *r, const struct plan_place *at, void *into)
{
    (void)into;
    plan_read_unix(r, at, &r->plan->network);
}

static void read_sources(struct plan_reader *r, const struct plan_place *at, void *into)
{
    (void)into;
    plan_read_sources(r, at, &r->plan->network);
}

/* ---- timeouts -------------------------------------------------------------------------------- */

static const struct plan_key timeout_keys[] = {
    {"dns", plan_read_timeout, offsetof(struct plan_timeouts, dns_ns), false},
    {"connect", plan_read_timeout, offsetof(struct plan_timeouts, connect_ns), false},
    {"tls", plan_read_timeout, offsetof(struct plan_timeouts, tls_ns), false},
    {"response", plan_read_timeout, offsetof(struct plan_timeouts, response_ns), false},
    {"total", plan_read_timeout, offsetof(struct plan_timeouts, total_ns), false},
};

const struct plan_object plan_object_timeouts = {"timeouts", timeout_keys,
                                                 sizeof timeout_keys / sizeof timeout_keys[0]};

void plan_read_timeouts(struct plan_reader *r, const struct plan_place *at, void *into)
{
    plan_read_object(r, at, &plan_object_timeouts, into);
}

/* ---- whole ----------------------------------------------------------------------------------- */

static const struct plan_key target_keys[] = {
    {"base_url", read_base_url, 0, false},
    {"headers", read_headers, offsetof(struct plan_defaults, headers), false},
    {"timeouts", plan_read_timeouts, offsetof(struct plan_defaults, timeouts), false},
    {"keep_alive", read_keep_alive, 0, false},
    {"http", read_http, 0, false},
    {"streams", read_streams, 0, false},
    {"tls", plan_read_tls, 0, false},
    {"connect_to", plan_read_connect_to, 0, false},
    {"proxy", read_proxy, 0, false},
    {"unix", read_unix, 0, false},
    {"source_addresses", read_sources, 0, false},
    {"drain", read_drain, 0, false},
};

const struct plan_object plan_object_target = {"target", target_keys,
                                               sizeof target_keys / sizeof target_keys[0]};

void plan_read_target(struct plan_reader *r, const struct plan_place *at, void *into)
{
    (void)into;
    /* What cannot be read may have held a base URL: its lack is not reported once more. */
    r->defaults.bad_base =
        !plan_read_object(r, at, &plan_object_target, &r->defaults) || r->defaults.bad_base;
}
