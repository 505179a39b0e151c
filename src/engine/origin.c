/* origin: see origin.h. */
#include "origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum { TUNNEL_MAX = 8192 }; /* bytes of the request for it: the plan's own limits are lower */

static void keep_address(struct origin *o, const struct sockaddr *address, size_t len)
{
    if (o->address_count == ORIGIN_ADDRESSES_MAX || len > sizeof o->addresses[0])
        return;
    struct sockaddr_storage *into = &o->addresses[o->address_count++];
    memset(into, 0, sizeof *into);
    memcpy(into, address, len);
}

static void tell_waiters(struct origin *o, const char *failure)
{
    /* Only those of now: one that fails may come back and ask anew. */
    struct origin_waiter *w = o->waiters;
    o->waiters = NULL;
    if (w)
        w->previous = &w;
    while (w) {
        struct origin_waiter *first = w;
        origin_forget(first);
        first->resolved(first, failure);
    }
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct origin *o = request->data;
    o->asking = false;
    if (status < 0) {
        char sentence[300];
        snprintf(sentence, sizeof sentence, "the name \"%.200s\" cannot be resolved: %s", o->host,
                 uv_strerror(status));
        /* A name that could be resolved before keeps its addresses. */
        return tell_waiters(o, o->address_count > 0 ? NULL : sentence);
    }
    o->resolved_ns = clock_mono_ns(o->clock);
    o->address_count = 0;
    o->preferred = 0;
    for (const struct addrinfo *a = found; a; a = a->ai_next)
        keep_address(o, a->ai_addr, a->ai_addrlen);
    uv_freeaddrinfo(found);
    tell_waiters(o, NULL);
}

static int ask(struct origin *o)
{
    if (o->asking)
        return 0;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    o->request.data = o;
    int rc = uv_getaddrinfo(o->loop, &o->request, on_resolved, o->host, o->port, &hints);
    o->asking = rc == 0;
    return rc;
}

static void add_literal(struct origin *o, uint16_t port)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (uv_ip4_addr(o->host, port, &v4) == 0)
        keep_address(o, (struct sockaddr *)&v4, sizeof v4);
    else if (uv_ip6_addr(o->host, port, &v6) == 0)
        keep_address(o, (struct sockaddr *)&v6, sizeof v6);
    o->literal = o->address_count > 0;
}

static void add_unix(struct origin *o, struct str path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path.ptr, path.len); /* the plan has looked at its length */
    keep_address(o, (struct sockaddr *)&address, sizeof address);
    o->is_unix = o->literal = true;
}

static struct str tunnel_request(const struct plan_proxy *proxy, const struct plan_origin *to)
{
    struct buf out;
    bool v6 = memchr(to->host.ptr, ':', to->host.len) != NULL;
    char where[300];
    snprintf(where, sizeof where, v6 ? "[%.*s]:%u" : "%.*s:%u", (int)to->host.len, to->host.ptr,
             to->port);
    buf_init(&out, TUNNEL_MAX);
    buf_add_format(&out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", where, where);
    buf_add_text(&out, "User-Agent: squall/" SQUALL_VERSION "\r\n");
    if (proxy->authorization.len > 0)
        buf_add_format(&out, "Proxy-Authorization: %s\r\n", proxy->authorization.ptr);
    buf_add_text(&out, "\r\n");
    struct str request = {mem_copy_text(out.ptr, out.len), out.len};
    buf_fini(&out);
    return request;
}

void origin_init(struct origin *o, const struct plan *plan, const struct plan_origin *from,
                 uv_loop_t *loop, struct clock *clock)
{
    const struct plan_network *network = &plan->network;
    memset(o, 0, sizeof *o);
    o->loop = loop;
    o->clock = clock;
    o->host = mem_copy_text(from->dial_host.ptr, from->dial_host.len);
    snprintf(o->port, sizeof o->port, "%u", from->dial_port);
    if (network->unix_path.len > 0)
        add_unix(o, network->unix_path);
    else
        add_literal(o, from->dial_port);
    if (network->proxy.host.len > 0 && from->tls)
        o->tunnel = tunnel_request(&network->proxy, from);
}

void origin_fini(struct origin *o)
{
    free(o->host);
    SSL_SESSION_free(o->session);
    free((char *)o->tunnel.ptr);
}

bool origin_ready(struct origin *o, struct origin_waiter *w)
{
    if (o->literal)
        return true;
    bool known = o->address_count > 0;
    if (!known || clock_mono_ns(o->clock) - o->resolved_ns > ORIGIN_FRESH_S * NS_PER_S)
        ask(o);
    if (known)
        return true;
    w->next = o->waiters;
    if (w->next)
        w->next->previous = &w->next;
    w->previous = &o->waiters;
    o->waiters = w;
    return false;
}

void origin_forget(struct origin_waiter *w)
{
    if (!w->previous)
        return;
    *w->previous = w->next;
    if (w->next)
        w->next->previous = w->previous;
    w->previous = NULL;
    w->next = NULL;
}
