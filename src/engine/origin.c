/* origin: see origin.h. */
#include "origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void origin_init(struct origin *o, const struct plan_origin *from, uv_loop_t *loop,
                 struct clock *clock)
{
    memset(o, 0, sizeof *o);
    o->loop = loop;
    o->clock = clock;
    o->host = mem_copy_text(from->host.ptr, from->host.len);
    snprintf(o->port, sizeof o->port, "%u", from->port);
    add_literal(o, from->port);
}

void origin_fini(struct origin *o)
{
    free(o->host);
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
