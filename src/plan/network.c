/* network: the ways in which connections are made: to another address than the name's own, through
 * a proxy, over a Unix-domain socket, from chosen addresses.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "plan_priv.h"

enum { CREDENTIALS_MAX = 1024 };

/* ---- connect_to ------------------------------------------------------------------------------ */

static void read_detour(struct plan_reader *r, const struct plan_place *at)
{
    struct plan_defaults *d = &r->defaults;
    struct plan_detour detour = {.key = at->key};
    struct str to;
    struct err e;
    if (plan_host_port_parse(r->arena, str_of(at->key), &detour.host, &detour.port, &e) < 0) {
        plan_problem_key(r, at, "%s", e.message);
        return;
    }
    for (size_t i = 0; i < d->detour_count; i++) {
        if (d->detours[i].port == detour.port && str_eq(d->detours[i].host, detour.host)) {
            plan_problem_key(r, at, "is the same place as \"%s\"", d->detours[i].key);
            return;
        }
    }
    if (!plan_text(r, at, &to))
        return;
    if (plan_host_port_parse(r->arena, to, &detour.dial_host, &detour.dial_port, &e) < 0)
        plan_problem(r, at, "%s", e.message);
    else
        d->detours[d->detour_count++] = detour;
}

void plan_read_connect_to(struct plan_reader *r, const struct plan_place *at, void *into)
{
    (void)into;
    size_t count = json_object_size(at->value);
    const char *name;
    json_t *value;
    if (!json_is_object(at->value)) {
        plan_problem(r, at, "must be an object of \"host:port\" and \"address:port\", not %s",
                     plan_kind_text(at->value));
        return;
    }
    if (count > PLAN_DETOURS_MAX) {
        plan_problem(r, at, "has %zu places; at most %d are allowed", count, PLAN_DETOURS_MAX);
        return;
    }
    r->defaults.detours = plan_arena_alloc(r->arena, count * sizeof *r->defaults.detours);
    json_object_foreach(at->value, name, value)
    {
        struct plan_place place = {.up = at, .value = value, .key = name};
        read_detour(r, &place);
    }
}

void plan_origin_dial(struct plan_reader *r, struct plan_origin *origin)
{
    const struct plan_proxy *proxy = &r->plan->network.proxy;
    bool through_proxy = proxy->host.len > 0;
    origin->dial_host = through_proxy ? proxy->host : origin->host;
    origin->dial_port = through_proxy ? proxy->port : origin->port;
    for (size_t i = 0; i < r->defaults.detour_count; i++) {
        struct plan_detour *d = &r->defaults.detours[i];
        if (d->port != origin->port || !str_eq(d->host, origin->host))
            continue;
        d->used = true;
        origin->dial_host = d->dial_host;
        origin->dial_port = d->dial_port;
    }
}

/* ---- proxy ----------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

/* "user:password", percent-encoded, as RFC 7617 wants it. */
static int make_authorization(struct plan_arena *a, struct str text, struct str *out, struct err *e)
{
    char plain[CREDENTIALS_MAX];
    size_t len = 0;
    AUTO(buf_fini) struct buf value = {0};
    if (text.len >= sizeof plain - 1)
        return err_set(e, -EINVAL, "user and password are longer than %d bytes", CREDENTIALS_MAX);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text.ptr[i + 2]) : -1;
            if (low < 0)
                return err_set(e, -EINVAL, "\"%%\" must be followed by two hexadecimal digits");
            c = (char)(high << 4 | low);
            i += 2;
        }
        plain[len++] = c;
    }
    if (!memchr(plain, ':', len))
        plain[len++] = ':';
    buf_init(&value, 2 * CREDENTIALS_MAX);
    buf_add_text(&value, "Basic ");
    base64_encode(&value, plain, len);
    *out = plan_arena_str(a, buf_str(&value));
    return 0;
}

static int parse_proxy(struct plan_reader *r, struct str text, struct plan_proxy *out,
                       struct err *e)
{
    struct str scheme = STR("http://");
    if (!str_starts(text, scheme.ptr))
        return err_set(e, -EINVAL, "a proxy is given as \"http://host:port\"%s",
                       plan_url_is_absolute(text) ? "; others than http are not spoken to" : "");
    text = (struct str){text.ptr + scheme.len, text.len - scheme.len};
    if (text.len > 0 && text.ptr[text.len - 1] == '/')
        text.len--;
    const char *at_sign = text.len > 0 ? memrchr(text.ptr, '@', text.len) : NULL;
    if (at_sign) {
        struct str user = {text.ptr, (size_t)(at_sign - text.ptr)};
        int rc = make_authorization(r->arena, user, &out->authorization, e);
        if (rc < 0)
            return rc;
        text = (struct str){at_sign + 1, text.len - user.len - 1};
    }
    return plan_host_port_parse(r->arena, text, &out->host, &out->port, e);
}

void plan_read_proxy(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_network *n = into;
    struct plan_proxy proxy = {0};
    struct str text;
    struct err e;
    if (!plan_line(r, at, 1, PLAN_URL_MAX, &text))
        return;
    if (parse_proxy(r, text, &proxy, &e) < 0)
        plan_problem(r, at, "%s", e.message);
    else
        n->proxy = proxy;
}

/* ---- Unix-domain socket, source addresses ---------------------------------------------------- */

void plan_read_unix(struct plan_reader *r, const struct plan_place *at, void *into)
{
    enum { PATH_ROOM = sizeof(((struct sockaddr_un *)0)->sun_path) - 1 };
    struct plan_network *n = into;
    plan_line(r, at, 1, PATH_ROOM, &n->unix_path);
}

static bool is_address(struct str text)
{
    unsigned char address[16];
    return inet_pton(AF_INET, text.ptr, address) == 1 ||
           inet_pton(AF_INET6, text.ptr, address) == 1;
}

void plan_read_sources(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_network *n = into;
    size_t count = json_array_size(at->value);
    if (!plan_is_array(r, at, "addresses"))
        return;
    if (count < 1 || count > PLAN_SOURCES_MAX) {
        plan_problem(r, at, "has %zu addresses; 1 to %d are allowed", count, PLAN_SOURCES_MAX);
        return;
    }
    n->sources = plan_arena_alloc(r->arena, count * sizeof *n->sources);
    for (size_t i = 0; i < count; i++) {
        struct plan_place place = plan_element(at, i);
        struct str text;
        if (!plan_text(r, &place, &text))
            continue;
        if (is_address(text))
            n->sources[n->source_count++] = text;
        else
            plan_problem(r, &place, "%s is no IPv4 or IPv6 address", plan_quote(text).text);
    }
}

/* ---- all of them together -------------------------------------------------------------------- */

static void check_exclusive(struct plan_reader *r, const struct plan_place *target)
{
    static const char *const pairs[][2] = {
        {"proxy", "connect_to"},
        {"unix", "connect_to"},
        {"unix", "proxy"},
        {"unix", "source_addresses"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct plan_place one = plan_member(target, pairs[i][0]);
        struct plan_place other = plan_member(target, pairs[i][1]);
        if (one.value && other.value)
            plan_problem_key(r, &other, "\"%s\" and \"%s\" exclude each other; leave one out",
                             pairs[i][0], pairs[i][1]);
    }
}

void plan_check_network(struct plan_reader *r, const struct plan_place *at)
{
    struct plan_place target = plan_member(at, "target");
    if (!json_is_object(target.value))
        return;
    check_exclusive(r, &target);
    struct plan_place connect_to = plan_member(&target, "connect_to");
    if (r->problems->count > 0) /* requests that could not be read may go there */
        return;
    for (size_t i = 0; i < r->defaults.detour_count; i++) {
        const struct plan_detour *d = &r->defaults.detours[i];
        struct plan_place place = plan_member(&connect_to, d->key);
        if (!d->used)
            plan_problem_key(r, &place, "no request goes to %s", plan_quote(str_of(d->key)).text);
    }
}
