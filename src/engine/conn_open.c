/* conn_open: a connection's way from nothing to ready: addresses, TCP, TLS. */
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include "conn_priv.h"

enum {
    /* TCP knocks again when a listener's queue is full; a Unix-domain socket says EAGAIN at once.
     */
    QUEUE_FULL_MS = 1,
};

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

/* An HTTP/2 connection outlives the conn that opened it. */
static SSL_SESSION **session_of(struct conn *c)
{
    return c->pool ? &c->origin->session : &c->session;
}

static void begin_handshake(struct conn *c, uint64_t now_ns)
{
    c->state = CONN_HANDSHAKING;
    c->since_ns = now_ns;
    conn_set_deadline(c, now_ns + c->exchange->request->plan->timeouts.tls_ns);
    const struct plan_tls *settings = &c->shared->plan->tls;
    c->ssl = tls_new(c->shared->tls, c->watch->fd, settings, c->where,
                     settings->resume ? session_of(c) : NULL);
    if (!c->ssl) {
        struct conn_failure failure = failure_of_errno(ENOMEM, "setting up TLS");
        return conn_fail(c, &failure, now_ns);
    }
    conn_shake_hands(c);
}

static socklen_t length_of(const struct sockaddr *address)
{
    return address->sa_family == AF_UNIX    ? sizeof(struct sockaddr_un)
           : address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                            : sizeof(struct sockaddr_in);
}

static int set_up_socket(struct conn *c, int fd, const struct sockaddr *address)
{
    int on = 1, rc = 0;
    if (address->sa_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (c->shared->sources.count > 0)
        rc = sources_bind(&c->shared->sources, fd, address->sa_family);
    if (rc == 0 && connect(fd, address, length_of(address)) < 0 && errno != EINPROGRESS)
        rc = -errno;
    return rc == 0 ? conn_watch_new(c, fd) : rc;
}

static int open_socket(struct conn *c, const struct sockaddr *address)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int rc = set_up_socket(c, fd, address);
    if (rc < 0)
        close(fd);
    return rc;
}

/* When the ports of one source address are used up, the next one is tried. */
static int open_from_any_source(struct conn *c, const struct sockaddr *address)
{
    size_t sources = c->shared->sources.count;
    int rc = open_socket(c, address);
    for (size_t i = 1; rc == -EADDRNOTAVAIL && i < sources; i++)
        rc = open_socket(c, address);
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
        rc = open_from_any_source(c, (const struct sockaddr *)&o->addresses[at]);
        if (rc == 0) {
            conn_watch_for(c->watch, UV_WRITABLE);
            return 0;
        }
    }
    return rc;
}

void conn_try_again(struct conn *c, uint64_t now_ns)
{
    c->tried = 0;
    int rc = try_addresses(c);
    if (rc == -EAGAIN) /* the loop would not tell when there is room */
        return pacer_set(c->shared->pacer, &c->alarm, now_ns + QUEUE_FULL_MS * NS_PER_MS);
    if (rc < 0)
        return conn_fail_soon(c, failure_of_errno(-rc, "connecting"));
    if (!alarm_is_set(&c->alarm) || c->alarm.due_ns > c->deadline_ns)
        pacer_set(c->shared->pacer, &c->alarm, c->deadline_ns);
}

static void begin_connecting(struct conn *c, uint64_t now_ns)
{
    c->state = CONN_CONNECTING;
    c->since_ns = now_ns;
    conn_set_deadline(c, now_ns + c->exchange->request->plan->timeouts.connect_ns);
    conn_try_again(c, now_ns);
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

void conn_ready(struct conn *c)
{
    uint64_t now_ns = end_phase(c, WIRE_CONNECT);
    if (c->where->tls)
        begin_handshake(c, now_ns);
    else
        opened(c, now_ns);
}

void conn_connected(struct conn *c)
{
    int code = 0;
    socklen_t size = sizeof code;
    if (c->watch->events == 0) /* the loop saw an error */
        getsockopt(c->watch->fd, SOL_SOCKET, SO_ERROR, &code, &size);
    if (code != 0) {
        conn_drop_socket(c);
        if (try_addresses(c) == 0)
            return;
        struct conn_failure failure = failure_of_errno(code, "connecting");
        return conn_fail(c, &failure, clock_mono_ns(c->shared->clock));
    }
    c->origin->preferred = (c->origin->preferred + c->tried - 1) % c->origin->address_count;
    if (c->origin->tunnel.len > 0)
        conn_begin_tunnel(c);
    else
        conn_ready(c);
}
