/* conn_io: a request out and its response in, over a connection that is ready: one send, and one
 * recv each time that the loop says so.
 */
#include <errno.h>

#include "conn_priv.h"

/* ---- sending --------------------------------------------------------------------------------- */

/* 1: something went out; 0: not now; -1: it failed. */
static int write_tls(struct conn *c, struct str rest, size_t *moved)
{
    char why[TLS_WHY_SIZE];
    enum tls_want want = tls_write(c->ssl, rest.ptr, rest.len, moved, why);
    if (want == TLS_DONE)
        return 1;
    if (want == TLS_WANT_WRITE || want == TLS_WANT_READ)
        return 0;
    conn_fail_soon(c, failure_of_tls(want, why, "sending"));
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
    conn_fail_soon(c, failure_of_break(errno, "sending"));
    return -1;
}

/* The whole request is with the kernel. */
static void all_sent(struct conn *c, uint64_t now_ns)
{
    struct exchange *x = c->exchange;
    x->sent_all_ns = now_ns;
    c->state = CONN_RECEIVING;
    conn_set_deadline(c, now_ns + x->request->plan->timeouts.response_ns);
    conn_watch_for(c->watch, UV_READABLE);
}

void conn_send_more(struct conn *c)
{
    struct exchange *x = c->exchange;
    struct str bytes = x->bytes;
    bool first = c->sent == 0;
    while (c->sent < bytes.len) {
        struct str rest = {bytes.ptr + c->sent, bytes.len - c->sent};
        size_t moved = 0;
        int rc = c->ssl ? write_tls(c, rest, &moved) : write_plain(c, rest, &moved);
        if (rc < 0)
            return;
        if (rc == 0) /* reading too: the answer may come before the request is complete */
            return conn_watch_for(c->watch, UV_READABLE | UV_WRITABLE);
        c->sent += moved;
        x->bytes_out += moved;
        /* What went out with one call was sent at one instant: no need to look at the clock. */
        first = first && c->sent == bytes.len;
    }
    all_sent(c, first ? x->sent_ns : clock_mono_ns(c->shared->clock));
}

void conn_begin_sending(struct conn *c, uint64_t now_ns)
{
    struct exchange *x = c->exchange;
    c->state = CONN_SENDING;
    c->sent = 0;
    x->sent_ns = now_ns;
    http1_reset(&c->parser, x->request->is_head);
    c->parser.memo = x->request->memo;
    c->parser.kept = x->kept;
    if (x->kept)
        http1_kept_reset(x->kept, x->request->plan->looks.body);
    conn_set_deadline(c, UINT64_MAX);
    conn_send_more(c);
}

/* ---- receiving ------------------------------------------------------------------------------- */

/* What OpenSSL still holds after a response nobody asked for, and the loop would not tell of it: it
 * would be read as the next response. */
static bool has_leftover(const struct conn *c)
{
    return c->ssl && SSL_has_pending(c->ssl);
}

static void complete(struct conn *c, uint64_t now_ns)
{
    bool again = c->parser.keep_alive && c->shared->plan->keep_alive &&
                 c->state == CONN_RECEIVING && !has_leftover(c);
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
    conn_fail(c, &failure, now_ns);
}

static void first_byte(struct conn *c, uint64_t now_ns)
{
    c->exchange->first_byte_ns = now_ns;
    conn_set_deadline(c, UINT64_MAX);
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
        conn_fail(c, &failure, now_ns);
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

static void receive_failed(struct conn *c, int code)
{
    if (code != EAGAIN && code != EINTR)
        conn_broken(c, failure_of_break(code, "receiving"), clock_mono_ns(c->shared->clock));
}

/* Of a long body the kernel throws away what nobody wants to see, uncopied (tcp(7), MSG_TRUNC). */
static bool skip_plain(struct conn *c, uint64_t skippable)
{
    enum { SKIP_MAX = 8 << 20 };
    size_t size = skippable < SKIP_MAX ? (size_t)skippable : SKIP_MAX;
    ssize_t n = recv(c->watch->fd, NULL, size, MSG_TRUNC);
    if (n == 0)
        return false; /* read as usual: it says so again, which an error does not */
    if (n < 0) {
        receive_failed(c, errno);
        return true;
    }
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
        if (skippable >= CONN_SKIP_MIN && !c->origin->is_unix && skip_plain(c, skippable))
            return;
    }
    ssize_t n = recv(c->watch->fd, c->shared->scratch, CONN_SCRATCH, 0);
    if (n < 0)
        return receive_failed(c, errno);
    uint64_t now_ns = clock_mono_ns(c->shared->clock);
    if (n > 0)
        take(c, c->shared->scratch, (size_t)n, now_ns);
    else
        ended(c, now_ns);
}

/* OpenSSL may hold bytes that the loop does not see, so it is read until it has none. */
static void receive_tls(struct conn *c)
{
    for (;;) {
        char why[TLS_WHY_SIZE];
        size_t n = 0;
        enum tls_want want = tls_read(c->ssl, c->shared->scratch, CONN_SCRATCH, &n, why);
        if (want == TLS_WANT_READ && c->state != CONN_SENDING) /* what wanted to write is done */
            return conn_watch_for(c->watch, UV_READABLE);
        if (want == TLS_WANT_READ)
            return;
        if (want == TLS_WANT_WRITE)
            return conn_watch_for(c->watch, UV_READABLE | UV_WRITABLE);
        uint64_t now_ns = clock_mono_ns(c->shared->clock);
        if (want == TLS_CLOSED)
            return ended(c, now_ns);
        if (want != TLS_DONE)
            return conn_broken(c, failure_of_tls(want, why, "receiving"), now_ns);
        if (!take(c, c->shared->scratch, n, now_ns))
            return;
    }
}

void conn_receive(struct conn *c)
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
