/* conn: see conn.h. The path of a request on an open connection is straight: conn_exchange, one
 * send, the loop, one recv, `response`. Failures before the loop has turned are told by the alarm,
 * so that no owner is called back from inside its own call.
 */
#include "conn.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the socket on the loop ------------------------------------------------------------------ */

struct watch {
    uv_poll_t poll;
    int fd;
    int events; /* watched for */
    struct conn *conn;
};

static void on_socket(uv_poll_t *poll, int status, int events);

static void on_unwatched(uv_handle_t *handle)
{
    free(handle->data);
}

static void watch_for(struct watch *w, int events)
{
    if (w->events == events)
        return;
    w->events = events;
    uv_poll_start(&w->poll, events, on_socket);
}

static void unwatch(struct watch *w)
{
    uv_poll_stop(&w->poll);
    close(w->fd);
    w->conn = NULL;
    uv_close((uv_handle_t *)&w->poll, on_unwatched);
}

static int watch_new(struct conn *c, int fd)
{
    struct watch *w = mem_alloc(sizeof *w);
    int rc = uv_poll_init(c->shared->loop, &w->poll, fd);
    if (rc < 0) {
        free(w);
        return rc;
    }
    w->poll.data = w;
    w->fd = fd;
    w->conn = c;
    c->watch = w;
    c->shared->open++;
    return 0;
}

static void drop_socket(struct conn *c)
{
    if (c->ssl) {
        SSL_set_quiet_shutdown(c->ssl, 1);
        SSL_free(c->ssl);
        c->ssl = NULL;
    }
    if (c->watch) {
        unwatch(c->watch);
        c->watch = NULL;
        c->shared->open--;
    }
}

void conn_close(struct conn *c)
{
    drop_socket(c);
    origin_forget(&c->waiter);
    c->state = CONN_CLOSED;
    c->exchange = NULL;
    c->used = false;
    c->failing = false;
    c->deadline_ns = 0;
}

/* ---- deadlines ------------------------------------------------------------------------------- */

/* Cheap when called for each request: the alarm is moved only when it would come too late. */
static void set_deadline(struct conn *c, uint64_t phase_ns)
{
    const struct exchange *x = c->exchange;
    uint64_t total_ns = x->begun_ns + x->request->plan->timeouts.total_ns;
    c->deadline_ns = phase_ns < total_ns ? phase_ns : total_ns;
    if (!alarm_is_set(&c->alarm) || c->alarm.due_ns > c->deadline_ns)
        pacer_set(c->shared->pacer, &c->alarm, c->deadline_ns);
}

/* ---- failures -------------------------------------------------------------------------------- */

static void connect_anew(struct conn *c, uint64_t now_ns);

/* A connection that has served before may have been closed by the peer just when the request went
 * out; such a request is sent again, once, if that does no harm (RFC 9112, 9.3.1). */
static bool may_retry(const struct conn *c, enum wire_error kind)
{
    const struct exchange *x = c->exchange;
    return c->used && !x->retried && x->bytes_in == 0 && x->request->idempotent &&
           (kind == WIRE_ERR_RESET || kind == WIRE_ERR_CLOSED);
}

static void fail_now(struct conn *c, const struct conn_failure *failure, uint64_t now_ns)
{
    struct exchange *x = c->exchange;
    if (may_retry(c, failure->kind)) {
        conn_close(c);
        x->retried = true;
        x->sent_ns = x->sent_all_ns = 0;
        c->exchange = x;
        return connect_anew(c, now_ns);
    }
    struct conn_failure told = *failure; /* it may be c->failure, which the owner may reuse */
    conn_close(c);
    c->events->failed(c->owner, c, &told, now_ns);
}

__attribute__((format(printf, 3, 4))) static struct conn_failure
failure_of(enum wire_error kind, bool timed_out, const char *format, ...)
{
    struct conn_failure f = {.kind = kind, .timed_out = timed_out};
    va_list args;
    va_start(args, format);
    vsnprintf(f.why, sizeof f.why, format, args);
    va_end(args);
    return f;
}

/* From inside a call of the owner: told when the loop turns. */
static void fail_soon(struct conn *c, struct conn_failure failure)
{
    c->failure = failure;
    c->failing = true;
    pacer_set(c->shared->pacer, &c->alarm, 0);
}

static struct conn_failure failure_of_errno(int code, const char *doing)
{
    switch (code) {
    case ECONNREFUSED:
        return failure_of(WIRE_ERR_CONNECT_REFUSED, false, "the connection was refused");
    case ETIMEDOUT:
        return failure_of(WIRE_ERR_CONNECT_TIMEOUT, true, "the connection timed out");
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
        return failure_of(WIRE_ERR_LOCAL, false, "this machine is out of resources while %s: %s",
                          doing, strerror(code));
    default:
        return failure_of(WIRE_ERR_CONNECT, false, "failed while %s: %s", doing, strerror(code));
    }
}

/* Of a connection that was established. */
static struct conn_failure failure_of_break(int code, const char *doing)
{
    if (code == ECONNRESET || code == EPIPE)
        return failure_of(WIRE_ERR_RESET, false, "the connection was reset while %s", doing);
    return failure_of(WIRE_ERR_RESET, false, "the connection broke while %s: %s", doing,
                      strerror(code));
}

static struct conn_failure failure_of_deadline(const struct conn *c)
{
    const struct plan_timeouts *t = &c->exchange->request->plan->timeouts;
    char limit[DURATION_TEXT_SIZE];
    duration_format(limit, c->deadline_ns - c->since_ns);
    switch (c->state) {
    case CONN_RESOLVING:
        return failure_of(WIRE_ERR_DNS, true, "the name was not resolved within %s", limit);
    case CONN_CONNECTING:
        return failure_of(WIRE_ERR_CONNECT_TIMEOUT, true, "there was no connection within %s",
                          limit);
    case CONN_HANDSHAKING:
        return failure_of(WIRE_ERR_TLS, true, "the TLS handshake did not end within %s", limit);
    default:
        break;
    }
    bool waiting = c->exchange->first_byte_ns == 0 && c->exchange->sent_all_ns != 0 &&
                   c->deadline_ns - c->exchange->begun_ns < t->total_ns;
    duration_format(limit, waiting ? t->response_ns : t->total_ns);
    return failure_of(WIRE_ERR_TIMEOUT, true, "the response %s within %s",
                      waiting ? "did not begin" : "was not complete", limit);
}

static void on_alarm(struct alarm *a, uint64_t now_ns)
{
    struct conn *c = (struct conn *)((char *)a - offsetof(struct conn, alarm));
    if (c->failing)
        return fail_now(c, &c->failure, now_ns);
    if (c->deadline_ns == 0)
        return;
    if (c->deadline_ns > now_ns)
        return pacer_set(c->shared->pacer, a, c->deadline_ns);
    struct conn_failure failure = failure_of_deadline(c);
    fail_now(c, &failure, now_ns);
}

/* ---- sending --------------------------------------------------------------------------------- */

static struct conn_failure failure_of_tls(enum tls_want want, const char *why, const char *doing)
{
    if (want == TLS_FAILED)
        return failure_of(WIRE_ERR_TLS, false, "%s", why);
    if (want == TLS_RESET)
        return failure_of_break(ECONNRESET, doing);
    return failure_of(WIRE_ERR_CLOSED, false, "the server closed the connection");
}

/* 1: something went out; 0: not now; -1: it failed. */
static int write_tls(struct conn *c, struct str rest, size_t *moved)
{
    char why[TLS_WHY_SIZE];
    enum tls_want want = tls_write(c->ssl, rest.ptr, rest.len, moved, why);
    if (want == TLS_DONE)
        return 1;
    if (want == TLS_WANT_WRITE || want == TLS_WANT_READ)
        return 0;
    fail_soon(c, failure_of_tls(want, why, "sending"));
    return -1;
}

static int write_plain(struct conn *c, struct str rest, size_t *moved)
{
    ssize_t n = send(c->watch->fd, rest.ptr, rest.len, MSG_NOSIGNAL);
    if (n >= 0) {
        *moved = (size_t)n;
        return 1;
    }
    if (errno == EAGAIN || errno == EINTR)
        return 0;
    fail_soon(c, failure_of_break(errno, "sending"));
    return -1;
}

/* The whole request is with the kernel. */
static void all_sent(struct conn *c, uint64_t now_ns)
{
    struct exchange *x = c->exchange;
    x->sent_all_ns = now_ns;
    c->state = CONN_RECEIVING;
    set_deadline(c, now_ns + x->request->plan->timeouts.response_ns);
    watch_for(c->watch, UV_READABLE);
}

static void send_more(struct conn *c)
{
    struct exchange *x = c->exchange;
    struct str bytes = x->request->bytes;
    bool first = c->sent == 0;
    while (c->sent < bytes.len) {
        struct str rest = {bytes.ptr + c->sent, bytes.len - c->sent};
        size_t moved = 0;
        int rc = c->ssl ? write_tls(c, rest, &moved) : write_plain(c, rest, &moved);
        if (rc < 0)
            return;
        if (rc == 0) /* reading too: the answer may come before the request is complete */
            return watch_for(c->watch, UV_READABLE | UV_WRITABLE);
        c->sent += moved;
        x->bytes_out += moved;
        /* What went out with one call was sent at one instant: no need to look at the clock. */
        first = first && c->sent == bytes.len;
    }
    all_sent(c, first ? x->sent_ns : clock_mono_ns(c->shared->clock));
}

static void begin_sending(struct conn *c, uint64_t now_ns)
{
    struct exchange *x = c->exchange;
    c->state = CONN_SENDING;
    c->sent = 0;
    x->sent_ns = now_ns;
    if (c->seen.len > 0)
        buf_clear(&c->seen);
    http1_reset(&c->parser, x->request->is_head);
    set_deadline(c, UINT64_MAX);
    send_more(c);
}

void conn_exchange(struct conn *c, struct exchange *x, uint64_t now_ns)
{
    c->exchange = x;
    if (c->state == CONN_IDLE)
        begin_sending(c, now_ns);
    else
        connect_anew(c, now_ns);
}

/* ---- receiving ------------------------------------------------------------------------------- */

static void complete(struct conn *c, uint64_t now_ns)
{
    bool again = c->parser.keep_alive && c->shared->plan->keep_alive && c->state == CONN_RECEIVING;
    unsigned status = c->parser.status;
    c->exchange = NULL;
    c->deadline_ns = 0;
    if (again) {
        c->used = true;
        c->state = CONN_IDLE;
    } else {
        conn_close(c);
    }
    c->events->response(c->owner, c, status, now_ns);
}

static void ended(struct conn *c, uint64_t now_ns)
{
    if (c->state == CONN_IDLE)
        return conn_close(c);
    if (http1_end(&c->parser)) {
        c->parser.keep_alive = false;
        return complete(c, now_ns);
    }
    struct conn_failure failure =
        failure_of(WIRE_ERR_CLOSED, false, "the server closed the connection %s",
                   c->exchange->bytes_in ? "in the middle of its answer" : "without an answer");
    fail_now(c, &failure, now_ns);
}

static void broken(struct conn *c, struct conn_failure failure, uint64_t now_ns)
{
    if (c->state == CONN_IDLE)
        conn_close(c);
    else
        fail_now(c, &failure, now_ns);
}

static void first_byte(struct conn *c, uint64_t now_ns)
{
    c->exchange->first_byte_ns = now_ns;
    set_deadline(c, UINT64_MAX);
}

static void keep_for_sample(struct conn *c, const char *bytes, size_t len)
{
    size_t room = WIRE_SAMPLE_TEXT_MAX - c->seen.len;
    buf_add(&c->seen, bytes, len < room ? len : room);
}

/* Bytes arrived. False when the exchange is over. */
static bool take(struct conn *c, const char *bytes, size_t len, uint64_t now_ns)
{
    if (c->state == CONN_IDLE) { /* nothing was asked for: not a connection to go on with */
        conn_close(c);
        return false;
    }
    struct exchange *x = c->exchange;
    x->bytes_in += len;
    if (x->first_byte_ns == 0)
        first_byte(c, now_ns);
    c->piece = (struct str){bytes, len};
    const char *why = NULL;
    ssize_t used = http1_feed(&c->parser, bytes, len, &why);
    bool going_on = false;
    if (used < 0) {
        struct conn_failure failure = failure_of(
            used == -EMSGSIZE ? WIRE_ERR_HEADERS_TOO_LARGE : WIRE_ERR_MALFORMED, false, "%s", why);
        fail_now(c, &failure, now_ns);
    } else if (c->parser.state != HTTP1_DONE) {
        going_on = true;
        if (c->seen.len < WIRE_SAMPLE_TEXT_MAX)
            keep_for_sample(c, bytes, len);
    } else {
        if ((size_t)used < len) /* more than the answer came */
            c->parser.keep_alive = false;
        complete(c, now_ns);
    }
    c->piece = (struct str){0};
    return going_on;
}

/* Of a long body the kernel throws away what nobody wants to see, uncopied (tcp(7), MSG_TRUNC). */
static bool skip_plain(struct conn *c, uint64_t skippable)
{
    enum { SKIP_MAX = 8 << 20 };
    size_t size = skippable < SKIP_MAX ? (size_t)skippable : SKIP_MAX;
    ssize_t n = recv(c->watch->fd, NULL, size, MSG_TRUNC);
    if (n <= 0)
        return false; /* read as usual: it says why */
    c->exchange->bytes_in += (uint64_t)n;
    http1_skip(&c->parser, (uint64_t)n);
    if (c->parser.state == HTTP1_DONE)
        complete(c, clock_mono_ns(c->shared->clock));
    return true;
}

static void receive_plain(struct conn *c)
{
    if (c->state == CONN_RECEIVING) {
        uint64_t skippable = http1_skippable(&c->parser);
        if (skippable >= CONN_SKIP_MIN && skip_plain(c, skippable))
            return;
    }
    ssize_t n = recv(c->watch->fd, c->shared->scratch, CONN_SCRATCH, 0);
    int code = errno;
    if (n < 0 && (code == EAGAIN || code == EINTR))
        return;
    uint64_t now_ns = clock_mono_ns(c->shared->clock);
    if (n > 0)
        take(c, c->shared->scratch, (size_t)n, now_ns);
    else if (n == 0)
        ended(c, now_ns);
    else
        broken(c, failure_of_break(code, "receiving"), now_ns);
}

/* OpenSSL may hold bytes that the loop does not see, so it is read until it has none. */
static void receive_tls(struct conn *c)
{
    for (;;) {
        char why[TLS_WHY_SIZE];
        size_t n = 0;
        enum tls_want want = tls_read(c->ssl, c->shared->scratch, CONN_SCRATCH, &n, why);
        if (want == TLS_WANT_READ)
            return;
        if (want == TLS_WANT_WRITE)
            return watch_for(c->watch, UV_READABLE | UV_WRITABLE);
        uint64_t now_ns = clock_mono_ns(c->shared->clock);
        if (want == TLS_CLOSED)
            return ended(c, now_ns);
        if (want != TLS_DONE)
            return broken(c, failure_of_tls(want, why, "receiving"), now_ns);
        if (!take(c, c->shared->scratch, n, now_ns))
            return;
    }
}

static void receive(struct conn *c)
{
    if (c->ssl)
        receive_tls(c);
    else
        receive_plain(c);
}

void conn_response_text(const struct conn *c, struct buf *out)
{
    buf_add(out, c->seen.ptr, c->seen.len);
    buf_add(out, c->piece.ptr, c->piece.len);
}

/* ---- connecting ------------------------------------------------------------------------------ */

static uint64_t end_phase(struct conn *c, enum wire_metric metric)
{
    uint64_t now_ns = clock_mono_ns(c->shared->clock);
    exchange_set_phase(c->exchange, metric, now_ns - c->since_ns);
    return now_ns;
}

static void shake_hands(struct conn *c)
{
    char why[TLS_WHY_SIZE] = "";
    enum tls_want want = tls_handshake(c->ssl, why);
    if (want == TLS_WANT_READ)
        return watch_for(c->watch, UV_READABLE);
    if (want == TLS_WANT_WRITE)
        return watch_for(c->watch, UV_WRITABLE);
    if (want == TLS_DONE)
        return begin_sending(c, end_phase(c, WIRE_TLS));
    struct conn_failure failure =
        failure_of(WIRE_ERR_TLS, false, "the TLS handshake failed: %s",
                   want == TLS_FAILED  ? why
                   : want == TLS_RESET ? "the connection was reset"
                                       : "the server closed the connection");
    fail_now(c, &failure, clock_mono_ns(c->shared->clock));
}

static void begin_handshake(struct conn *c, uint64_t now_ns)
{
    c->state = CONN_HANDSHAKING;
    c->since_ns = now_ns;
    set_deadline(c, now_ns + c->exchange->request->plan->timeouts.tls_ns);
    c->ssl = tls_new(c->shared->tls, c->watch->fd, &c->shared->plan->tls, c->where);
    if (!c->ssl) {
        struct conn_failure failure = failure_of_errno(ENOMEM, "setting up TLS");
        return fail_now(c, &failure, now_ns);
    }
    shake_hands(c);
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
        rc = watch_new(c, fd);
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
            watch_for(c->watch, UV_WRITABLE);
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
    set_deadline(c, now_ns + c->exchange->request->plan->timeouts.connect_ns);
    int rc = try_addresses(c);
    if (rc < 0)
        fail_soon(c, failure_of_errno(-rc, "connecting"));
}

static void on_resolved(struct origin_waiter *w, const char *why)
{
    struct conn *c = (struct conn *)((char *)w - offsetof(struct conn, waiter));
    uint64_t now_ns = end_phase(c, WIRE_DNS);
    if (!why)
        return begin_connecting(c, now_ns);
    struct conn_failure failure = failure_of(WIRE_ERR_DNS, false, "%s", why);
    fail_now(c, &failure, now_ns);
}

static void connect_anew(struct conn *c, uint64_t now_ns)
{
    if (origin_ready(c->origin, &c->waiter))
        return begin_connecting(c, now_ns);
    c->state = CONN_RESOLVING;
    c->since_ns = now_ns;
    set_deadline(c, now_ns + c->exchange->request->plan->timeouts.dns_ns);
}

static void on_connected(struct conn *c)
{
    int code = 0;
    socklen_t size = sizeof code;
    getsockopt(c->watch->fd, SOL_SOCKET, SO_ERROR, &code, &size);
    if (code != 0) {
        drop_socket(c);
        if (try_addresses(c) == 0)
            return;
        struct conn_failure failure = failure_of_errno(code, "connecting");
        return fail_now(c, &failure, clock_mono_ns(c->shared->clock));
    }
    c->origin->preferred = (c->origin->preferred + c->tried - 1) % c->origin->address_count;
    uint64_t now_ns = end_phase(c, WIRE_CONNECT);
    if (c->where->tls)
        begin_handshake(c, now_ns);
    else
        begin_sending(c, now_ns);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void on_ready(struct conn *c, int events)
{
    switch (c->state) {
    case CONN_CONNECTING:
        return on_connected(c);
    case CONN_HANDSHAKING:
        return shake_hands(c);
    case CONN_SENDING:
        if (events & UV_READABLE)
            receive(c);
        if (c->state == CONN_SENDING && events & UV_WRITABLE && !c->failing)
            send_more(c);
        return;
    case CONN_RECEIVING:
    case CONN_IDLE:
        return receive(c);
    case CONN_CLOSED:
    case CONN_RESOLVING:
        return;
    }
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    struct conn *c = w->conn;
    if (status == 0)
        return on_ready(c, events);
    /* An error is pending on the socket, and libuv has stopped watching: the calls say which. */
    w->events = 0;
    on_ready(c, UV_READABLE | UV_WRITABLE);
    if (c->watch == w && w->events == 0)
        broken(c, failure_of_break(ECONNRESET, "waiting"), clock_mono_ns(c->shared->clock));
}

void conn_init(struct conn *c, struct conn_shared *shared, struct origin *origin,
               const struct plan_origin *where, const struct conn_events *events, void *owner)
{
    memset(c, 0, sizeof *c);
    c->shared = shared;
    c->origin = origin;
    c->where = where;
    c->events = events;
    c->owner = owner;
    c->waiter.resolved = on_resolved;
    alarm_init(&c->alarm, on_alarm);
    http1_init(&c->parser);
    buf_init(&c->seen, WIRE_SAMPLE_TEXT_MAX);
}

void conn_fini(struct conn *c)
{
    conn_close(c);
    pacer_cancel(c->shared->pacer, &c->alarm);
    http1_fini(&c->parser);
    buf_fini(&c->seen);
}
