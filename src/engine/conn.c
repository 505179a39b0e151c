/* conn: see conn.h: the state machine, its deadlines and its failures. Connecting is done in
 * conn_open.c, sending and receiving in conn_io.c. Failures before the loop has turned are told by
 * the alarm, so that no owner is called back from inside its own call.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conn_priv.h"

/* ---- the socket on the loop ------------------------------------------------------------------ */

static void on_socket(uv_poll_t *poll, int status, int events);

void conn_watch_for(struct watch *w, int events)
{
    if (w->events == events)
        return;
    w->events = events;
    uv_poll_start(&w->poll, events, w->ready);
}

void conn_unwatch(struct watch *w)
{
    uv_poll_stop(&w->poll);
    close(w->fd);
    w->conn = NULL;
    w->events = 0;
}

static struct watch **slot_of(struct conn_shared *s, int fd)
{
    size_t at = (size_t)fd;
    if (at >= s->watch_cap) {
        size_t cap = s->watch_cap ? s->watch_cap : 64;
        while (cap <= at)
            cap *= 2;
        s->watches = mem_resize(s->watches, cap * sizeof *s->watches);
        memset(s->watches + s->watch_cap, 0, (cap - s->watch_cap) * sizeof *s->watches);
        s->watch_cap = cap;
    }
    return &s->watches[at];
}

int conn_watch_new(struct conn *c, int fd)
{
    struct watch **slot = slot_of(c->shared, fd), *w = *slot;
    if (!w) {
        w = mem_alloc(sizeof *w);
        int rc = uv_poll_init(c->shared->loop, &w->poll, fd);
        if (rc < 0) {
            free(w);
            return rc;
        }
        w->poll.data = w;
        w->fd = fd;
        *slot = w;
    }
    w->ready = on_socket;
    w->session = NULL;
    w->conn = c;
    c->watch = w;
    c->shared->open++;
    return 0;
}

static void on_unwatched(uv_handle_t *handle)
{
    free(handle->data);
}

void conn_shared_close(struct conn_shared *s)
{
    for (size_t i = 0; i < s->watch_cap; i++)
        if (s->watches[i])
            uv_close((uv_handle_t *)&s->watches[i]->poll, on_unwatched);
    free(s->watches);
    s->watches = NULL;
    s->watch_cap = 0;
}

void conn_drop_socket(struct conn *c)
{
    if (c->ssl) {
        tls_free(c->ssl);
        c->ssl = NULL;
    }
    if (c->watch) {
        conn_unwatch(c->watch);
        c->watch = NULL;
        c->shared->open--;
    }
}

void conn_close(struct conn *c)
{
    conn_drop_socket(c);
    if (c->pool)
        h2_abandon(c);
    origin_forget(&c->waiter);
    c->state = CONN_CLOSED;
    c->exchange = NULL;
    c->used = false;
    c->failing = false;
    c->deadline_ns = 0;
}

/* ---- deadlines ------------------------------------------------------------------------------- */

void conn_set_deadline(struct conn *c, uint64_t phase_ns)
{
    const struct exchange *x = c->exchange;
    uint64_t total_ns = x->begun_ns + x->request->plan->timeouts.total_ns;
    c->deadline_ns = phase_ns < total_ns ? phase_ns : total_ns;
    if (!alarm_is_set(&c->alarm) || c->alarm.due_ns > c->deadline_ns)
        pacer_set(c->shared->pacer, &c->alarm, c->deadline_ns);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* A connection that has served before may have been closed by the peer just when the request went
 * out; such a request is sent again, once, if that does no harm (RFC 9112, 9.3.1). */
static bool may_retry(const struct conn *c, enum wire_error kind)
{
    const struct exchange *x = c->exchange;
    return c->used && !x->retried && x->bytes_in == 0 && x->request->idempotent &&
           (kind == WIRE_ERR_RESET || kind == WIRE_ERR_CLOSED);
}

static void begin(struct conn *c, uint64_t now_ns)
{
    if (c->pool)
        h2_begin(c, now_ns);
    else
        conn_connect(c, now_ns);
}

void conn_fail(struct conn *c, const struct conn_failure *failure, uint64_t now_ns)
{
    struct exchange *x = c->exchange;
    if (may_retry(c, failure->kind)) {
        conn_close(c);
        x->retried = true;
        x->sent_ns = x->sent_all_ns = 0;
        c->exchange = x;
        return begin(c, now_ns);
    }
    bool opening = c->stream.opening;
    struct conn_failure told = *failure; /* it may be c->failure, which the owner may reuse */
    conn_close(c);
    c->events->failed(c->owner, c, &told, now_ns);
    if (opening)
        h2_opening_failed(c->pool, &told, now_ns);
}

void conn_fail_soon(struct conn *c, struct conn_failure failure)
{
    c->failure = failure;
    c->failing = true;
    pacer_set(c->shared->pacer, &c->alarm, 0);
}

static void on_alarm(struct alarm *a, uint64_t now_ns)
{
    struct conn *c = (struct conn *)((char *)a - offsetof(struct conn, alarm));
    if (c->failing)
        return conn_fail(c, &c->failure, now_ns);
    if (c->deadline_ns == 0)
        return;
    if (c->state == CONN_CONNECTING && !c->watch && c->deadline_ns > now_ns)
        return conn_try_again(c, now_ns);
    if (c->deadline_ns > now_ns)
        return pacer_set(c->shared->pacer, a, c->deadline_ns);
    struct conn_failure failure = failure_of_deadline(c);
    conn_fail(c, &failure, now_ns);
}

void conn_broken(struct conn *c, struct conn_failure failure, uint64_t now_ns)
{
    if (c->state == CONN_IDLE)
        conn_close(c);
    else
        conn_fail(c, &failure, now_ns);
}

/* ---- for the owner and the loop -------------------------------------------------------------- */

void conn_exchange(struct conn *c, struct exchange *x, uint64_t now_ns)
{
    c->exchange = x;
    if (c->seen.len > 0) /* of the exchange before */
        buf_clear(&c->seen);
    if (c->state == CONN_IDLE)
        conn_begin_sending(c, now_ns);
    else
        begin(c, now_ns);
}

static void on_ready(struct conn *c, int events)
{
    switch (c->state) {
    case CONN_CONNECTING:
        return conn_connected(c);
    case CONN_TUNNELLING:
        return conn_tunnel(c);
    case CONN_HANDSHAKING:
        return conn_shake_hands(c);
    case CONN_SENDING:
        if (events & UV_READABLE)
            conn_receive(c);
        if (c->state == CONN_SENDING && events & UV_WRITABLE && !c->failing)
            conn_send_more(c);
        return;
    case CONN_RECEIVING:
    case CONN_IDLE:
        return conn_receive(c);
    case CONN_CLOSED:
    case CONN_WAITING:
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
        conn_broken(c, failure_of_break(ECONNRESET, "waiting"), clock_mono_ns(c->shared->clock));
}

void conn_init(struct conn *c, struct conn_shared *shared, struct origin *origin,
               const struct plan_origin *where, const struct conn_events *events, void *owner)
{
    memset(c, 0, sizeof *c);
    c->shared = shared;
    c->origin = origin;
    c->where = where;
    c->pool = h2_pool_of(shared->h2, (size_t)(where - shared->plan->origins));
    c->events = events;
    c->owner = owner;
    c->waiter.resolved = conn_on_resolved;
    alarm_init(&c->alarm, on_alarm);
    http1_init(&c->parser);
    buf_init(&c->seen, WIRE_SAMPLE_TEXT_MAX);
}

void conn_fini(struct conn *c)
{
    conn_close(c);
    h2_detach(c);
    pacer_cancel(c->shared->pacer, &c->alarm);
    SSL_SESSION_free(c->session);
    http1_fini(&c->parser);
    buf_fini(&c->seen);
}
