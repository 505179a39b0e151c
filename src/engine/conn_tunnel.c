/* conn_tunnel: asks a proxy for a tunnel to the origin (RFC 9110, 9.3.6), over a connection to the
 * proxy that has just been made. What the proxy says belongs to connecting: its time, its errors.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "conn_priv.h"

static void refused(struct conn *c, struct conn_failure failure)
{
    conn_fail(c, &failure, clock_mono_ns(c->shared->clock));
}

static void broken(struct conn *c, int code)
{
    if (code != EAGAIN && code != EINTR)
        refused(c, failure_of(WIRE_ERR_CONNECT, false, "the connection to the proxy broke: %s",
                              strerror(code)));
}

/* True when all of the request is with the kernel. */
static bool ask(struct conn *c)
{
    struct str request = c->origin->tunnel;
    while (c->sent < request.len) {
        ssize_t n = send(c->watch->fd, request.ptr + c->sent, request.len - c->sent, MSG_NOSIGNAL);
        if (n < 0) {
            broken(c, errno);
            return false;
        }
        c->sent += (size_t)n;
    }
    conn_watch_for(c->watch, UV_READABLE);
    return true;
}

static void answered(struct conn *c, bool more)
{
    unsigned status = c->parser.status;
    if (status < 200 || status > 299)
        return refused(
            c, failure_of(WIRE_ERR_CONNECT, false, "the proxy answered CONNECT %.*s with status %u",
                          (int)c->where->authority.len, c->where->authority.ptr, status));
    if (more)
        return refused(c, failure_of(WIRE_ERR_CONNECT, false,
                                     "the proxy sent more than its answer to CONNECT"));
    conn_ready(c);
}

static void take(struct conn *c, const char *bytes, size_t len)
{
    const char *why = NULL;
    ssize_t used = http1_feed(&c->parser, bytes, len, &why);
    if (used < 0)
        refused(c, failure_of(WIRE_ERR_CONNECT, false,
                              "the proxy's answer to CONNECT cannot be read: %s", why));
    else if (c->parser.state == HTTP1_DONE)
        answered(c, (size_t)used < len);
}

void conn_tunnel(struct conn *c)
{
    if (c->sent < c->origin->tunnel.len && !ask(c))
        return;
    ssize_t n = recv(c->watch->fd, c->shared->scratch, CONN_SCRATCH, 0);
    if (n < 0)
        return broken(c, errno);
    if (n == 0)
        return refused(c, failure_of(WIRE_ERR_CONNECT, false,
                                     "the proxy closed the connection without an answer"));
    take(c, c->shared->scratch, (size_t)n);
}

void conn_begin_tunnel(struct conn *c)
{
    c->state = CONN_TUNNELLING;
    c->sent = 0;
    /* As to HEAD, no body follows: after a 2xx comes the tunnel, anything else ends it all. */
    http1_reset(&c->parser, true);
    c->parser.memo = NULL;
    ask(c);
}
