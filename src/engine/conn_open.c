/* conn_open: a connection's way from nothing to ready: addresses, TCP, TLS. */
#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "conn_priv.h"

static uint64_t end_phase(struct conn *c, enum wire_metric metric)
{
    uint64_t now_ns = clock_mono_ns(c->shared->clock);
    exchange_set_phase(c->exchange, metric, now_ns - c->since_ns);
    return now_ns;
}

/* The way is there: an HTTP/2 session, or this conn's own. */
static void opened(struct conn *c, uint64_t now_ns)
{
    if (!c->pool || !h2_opened(c, now_ns))
        conn_begin_sending(c, now_ns);
}

void conn_shake_hands(struct conn *c)
{
    char why[TLS_WHY_SIZE] = "";
    enum tls_want want = tls_handshake(c->ssl, why);
    if (want == TLS_WANT_READ)
        return conn_watch_for(c->watch, UV_READABLE);
    if (want == TLS_WANT_WRITE)
        return conn_watch_for(c->watch, UV_WRITABLE);
    if (want == TLS_DONE)
        return opened(c, end_phase(c, WIRE_TLS));
    struct conn_failure failure =
        failure_of(WIRE_ERR_TLS, false, "the TLS handshake failed: %s",
                   want == TLS_FAILED  ? why
                   : want == TLS_RESET ? "the connection was reset"
                                       : "the server closed the connection");
    conn_fail(c, &failure, clock_mono_ns(c->shared->clock));
}

static void begin_handshake(struct conn *c, uint64_t now_ns)
{
    c->state = CONN_HANDSHAKING;
    c->since_ns = now_ns;
    conn_set_deadline(c, now_ns + c->exchange->request->plan->timeouts.tls_ns);
    const struct plan_tls *settings = &c->shared->plan->tls;
    c->ssl = tls_new(c->shared->tls, c->watch->fd, settings, c->where,
                     settings->resume ? &c->session : NULL);
    if (!c->ssl) {
        struct conn_failure failure = failure_of_errno(ENOMEM, "setting up TLS");
        return conn_fail(c, &failure, now_ns);
    }
    conn_shake_hands(c);
}

static int open_socket(struct conn *c, const struct sockaddr *address)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    socklen_t len =
        address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int rc = connect(fd, address, len) < 0 && errno != EINPROGRESS ? -errno : 0;
    if (rc == 0)
        rc = conn_watch_new(c, fd);
    if (rc < 0)
        close(fd);
    return rc;
}

/* Tries the addresses that are left, beginning with the one that worked last. 0, or how the last
 * of them failed. */
static int try_addresses(struct conn *c)
{
    struct origin *o = c->origin;
    int rc = -EADDRNOTAVAIL;
    while (c->tried < o->address_count) {
        size_t at = (o->preferred + c->tried++) % o->address_count;
        rc = open_socket(c, (const struct sockaddr *)&o->addresses[at]);
        if (rc == 0) {
            conn_watch_for(c->watch, UV_WRITABLE);
            return 0;
        }
    }
    return rc;
}

static void begin_connecting(struct conn *c, uint64_t now_ns)
{
    c->state = CONN_CONNECTING;
    c->since_ns = now_ns;
    c->tried = 0;
    conn_set_deadline(c, now_ns + c->exchange->request->plan->timeouts.connect_ns);
    int rc = try_addresses(c);
    if (rc < 0)
        conn_fail_soon(c, failure_of_errno(-rc, "connecting"));
}

void conn_on_resolved(struct origin_waiter *w, const char *why)
{
    struct conn *c = (struct conn *)((char *)w - offsetof(struct conn, waiter));
    uint64_t now_ns = end_phase(c, WIRE_DNS);
    if (!why)
        return begin_connecting(c, now_ns);
    struct conn_failure failure = failure_of(WIRE_ERR_DNS, false, "%s", why);
    conn_fail(c, &failure, now_ns);
}

void conn_connect(struct conn *c, uint64_t now_ns)
{
    if (origin_ready(c->origin, &c->waiter))
        return begin_connecting(c, now_ns);
    c->state = CONN_RESOLVING;
    c->since_ns = now_ns;
    conn_set_deadline(c, now_ns + c->exchange->request->plan->timeouts.dns_ns);
}

void conn_connected(struct conn *c)
{
    int code = 0;
    socklen_t size = sizeof code;
    getsockopt(c->watch->fd, SOL_SOCKET, SO_ERROR, &code, &size);
    if (code != 0) {
        conn_drop_socket(c);
        if (try_addresses(c) == 0)
            return;
        struct conn_failure failure = failure_of_errno(code, "connecting");
        return conn_fail(c, &failure, clock_mono_ns(c->shared->clock));
    }
    c->origin->preferred = (c->origin->preferred + c->tried - 1) % c->origin->address_count;
    uint64_t now_ns = end_phase(c, WIRE_CONNECT);
    if (c->where->tls)
        begin_handshake(c, now_ns);
    else
        opened(c, now_ns);
}
