/* h2: see h2.h: a session on its socket: what it reads and writes, its streams, its end. */
#include "h2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2_priv.h"

static void on_socket(uv_poll_t *poll, int status, int events);

/* ---- life ------------------------------------------------------------------------------------ */

static void close_socket(struct h2 *h)
{
    if (h->ssl) {
        tls_free(h->ssl);
        h->ssl = NULL;
    }
    if (h->watch) {
        conn_unwatch(h->watch);
        h->watch = NULL;
        h->shared->conns->open--;
    }
}

/* Out of all lists, without its socket. */
static void bury(struct h2 *h)
{
    h->dead = true;
    h2_update_room(h);
    if (h->dirty)
        TAILQ_REMOVE(&h->shared->dirty, h, dirty_link);
    h->dirty = false;
    close_socket(h);
}

static void enter(struct h2 *h)
{
    h->busy++;
}

/* A session that nobody belongs to has nothing to live for. */
static void leave(struct h2 *h)
{
    if (--h->busy > 0 || h->attached > 0)
        return;
    bury(h);
    nghttp2_session_del(h->ng);
    buf_fini(&h->rest);
    free(h);
}

static int greet(struct h2 *h)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, H2_HEAD_MAX},
    };
    int rc = nghttp2_submit_settings(h->ng, NGHTTP2_FLAG_NONE, settings,
                                     sizeof settings / sizeof settings[0]);
    if (rc == 0)
        rc = nghttp2_session_set_local_window_size(h->ng, NGHTTP2_FLAG_NONE, 0, H2_SESSION_WINDOW);
    h->loose_out = NGHTTP2_CLIENT_MAGIC_LEN;
    return rc;
}

struct h2 *h2_new(struct conn *c)
{
    struct h2 *h = mem_alloc(sizeof *h);
    h->shared = c->shared->h2;
    h->pool = c->pool;
    h->limit = c->shared->plan->keep_alive ? c->pool->streams : 1;
    TAILQ_INIT(&h->active);
    buf_init(&h->rest, 2 * H2_OUT_SIZE);
    if (nghttp2_session_client_new3(&h->ng, h->shared->callbacks, h, h->shared->options,
                                    &h->shared->mem.calls) != 0 ||
        greet(h) != 0) {
        nghttp2_session_del(h->ng);
        free(h);
        return NULL;
    }
    h->watch = c->watch;
    h->ssl = c->ssl;
    c->watch = NULL;
    c->ssl = NULL;
    h->watch->conn = NULL;
    h->watch->session = h;
    h->watch->ready = on_socket;
    h->watch->events = 0;
    conn_watch_for(h->watch, UV_READABLE);
    h2_attach(c, h);
    return h;
}

/* ---- who belongs to it ----------------------------------------------------------------------- */

void h2_update_room(struct h2 *h)
{
    bool roomy = !h->dead && !h->draining && h->attached < h->limit;
    if (roomy && !h->roomy)
        TAILQ_INSERT_TAIL(&h->pool->roomy, h, roomy_link);
    else if (!roomy && h->roomy)
        TAILQ_REMOVE(&h->pool->roomy, h, roomy_link);
    h->roomy = roomy;
}

void h2_attach(struct conn *c, struct h2 *h)
{
    c->stream.session = h;
    h->attached++;
    h2_update_room(h);
}

void h2_detach(struct conn *c)
{
    struct h2 *h = c->stream.session;
    if (!h)
        return;
    enter(h);
    c->stream.session = NULL;
    h->attached--;
    h2_update_room(h);
    leave(h);
}

void h2_drain(struct h2 *h)
{
    h->draining = true;
    h2_update_room(h);
}

/* ---- streams --------------------------------------------------------------------------------- */

void h2_mark_dirty(struct h2 *h)
{
    if (h->dirty || h->dead)
        return;
    h->dirty = true;
    TAILQ_INSERT_TAIL(&h->shared->dirty, h, dirty_link);
}

void h2_unlink(struct conn *c)
{
    TAILQ_REMOVE(&c->stream.session->active, c, stream.link);
    c->stream.id = 0;
}

void h2_submit(struct conn *c, uint64_t now_ns)
{
    struct h2 *h = c->stream.session;
    struct exchange *x = c->exchange;
    const struct h2_head *head = x->request->h2;
    if (!head) {
        h2_head_fill(&h->shared->head, c->where->tls, x->bytes, NGHTTP2_NV_FLAG_NONE);
        head = &h->shared->head;
    }
    if (x->kept)
        http1_kept_reset(x->kept, x->request->plan->looks.body);
    c->stream.body = head->body;
    nghttp2_data_provider body = {.read_callback = h2_read_body};
    int32_t id = nghttp2_submit_request(h->ng, NULL, head->fields, head->count,
                                        head->body.len > 0 ? &body : NULL, c);
    if (id == NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE) { /* a thousand million requests later */
        h2_drain(h);
        return h2_begin(c, now_ns);
    }
    c->state = CONN_SENDING;
    c->sent = 0;
    c->used = h->served;
    if (id < 0)
        return conn_fail_soon(c, failure_of(WIRE_ERR_LOCAL, false, "cannot send a request: %s",
                                            nghttp2_strerror(id)));
    x->http2 = true;
    c->stream.id = id;
    c->stream.status = 0;
    c->stream.head_bytes = 0;
    c->stream.reset = c->stream.too_large = c->stream.keep_text = c->stream.head_done = false;
    TAILQ_INSERT_TAIL(&h->active, c, stream.link);
    conn_set_deadline(c, UINT64_MAX);
    h2_mark_dirty(h);
}

void h2_abandon(struct conn *c)
{
    struct h2_stream *s = &c->stream;
    if (s->waiting) {
        TAILQ_REMOVE(&c->pool->waiting, c, stream.link);
        c->pool->waiting_count--;
        s->waiting = false;
    }
    if (s->opening) {
        c->pool->openings--;
        s->opening = false;
    }
    if (s->id == 0)
        return;
    nghttp2_submit_rst_stream(s->session->ng, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
    h2_mark_dirty(s->session);
    h2_unlink(c);
}

void h2_again(struct conn *c, const char *why)
{
    struct exchange *x = c->exchange;
    uint64_t now_ns = c->stream.session->now_ns;
    if (x->refusals++ == H2_AGAIN_MAX) {
        struct conn_failure failure = failure_of(WIRE_ERR_RESET, false, "%s", why);
        return conn_fail(c, &failure, now_ns);
    }
    x->sent_ns = x->sent_all_ns = x->first_byte_ns = 0;
    c->state = CONN_CLOSED;
    h2_begin(c, now_ns);
}

void h2_lose(struct h2 *h, enum wire_error kind, const char *why)
{
    if (h->dead)
        return;
    enter(h);
    bury(h);
    struct conn *c;
    struct conn_failure failure = failure_of(kind, false, "%s", why);
    uint64_t now_ns = clock_mono_ns(h->shared->conns->clock);
    while ((c = TAILQ_FIRST(&h->active))) {
        h2_unlink(c);
        conn_fail(c, &failure, now_ns);
    }
    leave(h);
}

static void lose_by(struct h2 *h, const struct conn_failure *failure)
{
    h2_lose(h, failure->kind, failure->why);
}

/* ---- out ------------------------------------------------------------------------------------- */

/* 1: all is with the kernel; 0: not now; -1: the session is lost. */
static int write_out(struct h2 *h, const uint8_t *bytes, size_t len, size_t *moved)
{
    *moved = 0;
    while (*moved < len) {
        size_t n = 0;
        if (h->ssl) {
            char why[TLS_WHY_SIZE];
            enum tls_want want = tls_write(h->ssl, bytes + *moved, len - *moved, &n, why);
            if (want == TLS_WANT_READ || want == TLS_WANT_WRITE)
                return 0;
            if (want != TLS_DONE) {
                struct conn_failure failure = failure_of_tls(want, why, "sending");
                lose_by(h, &failure);
                return -1;
            }
        } else {
            ssize_t sent = send(h->watch->fd, bytes + *moved, len - *moved, MSG_NOSIGNAL);
            if (sent < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
            if (sent < 0) {
                struct conn_failure failure = failure_of_break(errno, "sending");
                lose_by(h, &failure);
                return -1;
            }
            n = (size_t)sent;
        }
        *moved += n;
    }
    return 1;
}

/* What an earlier write left. */
static int write_rest(struct h2 *h)
{
    if (h->rest.len == 0)
        return 1;
    size_t moved;
    int rc = write_out(h, (const uint8_t *)h->rest.ptr + h->rest_sent, h->rest.len - h->rest_sent,
                       &moved);
    if (rc < 0)
        return rc;
    h->rest_sent += moved;
    if (rc > 0) {
        buf_fini(&h->rest);
        buf_init(&h->rest, 2 * H2_OUT_SIZE);
        h->rest_sent = 0;
    }
    return rc;
}

/* Frames that are ready, as many as one write takes. */
static ssize_t collect(struct h2 *h)
{
    size_t len = 0;
    while (len + H2_FRAME_MAX <= H2_OUT_SIZE) {
        const uint8_t *frame;
        ssize_t n = nghttp2_session_mem_send(h->ng, &frame);
        if (n < 0)
            return n;
        if (n == 0)
            break;
        if ((size_t)n > H2_OUT_SIZE - len) /* cannot be: see H2_FRAME_MAX */
            return NGHTTP2_ERR_FRAME_SIZE_ERROR;
        memcpy(h->shared->out + len, frame, (size_t)n);
        len += (size_t)n;
    }
    return (ssize_t)len;
}

/* 1: all out; 0: the kernel takes no more now; -1: lost. */
static int write_frames(struct h2 *h)
{
    int rc;
    while ((rc = write_rest(h)) > 0) {
        ssize_t len = collect(h);
        if (len < 0) {
            h2_lose(h, WIRE_ERR_LOCAL, nghttp2_strerror((int)len));
            return -1;
        }
        if (len == 0)
            return 1;
        size_t moved;
        rc = write_out(h, h->shared->out, (size_t)len, &moved);
        if (rc < 0)
            return rc;
        if (rc == 0)
            buf_add(&h->rest, h->shared->out + moved, (size_t)len - moved);
    }
    return rc;
}

static void flush(struct h2 *h)
{
    enter(h);
    if (h->dirty)
        TAILQ_REMOVE(&h->shared->dirty, h, dirty_link);
    h->dirty = false;
    h->now_ns = clock_mono_ns(h->shared->conns->clock);
    int rc = write_frames(h);
    if (rc >= 0)
        conn_watch_for(h->watch, rc ? UV_READABLE : UV_READABLE | UV_WRITABLE);
    if (rc > 0 && !nghttp2_session_want_read(h->ng) && !nghttp2_session_want_write(h->ng))
        h2_lose(h, h->broken ? WIRE_ERR_MALFORMED : WIRE_ERR_CLOSED,
                h->why[0] ? h->why : "the server closed the connection");
    leave(h);
}

void h2_flush_all(struct h2_shared *s)
{
    struct h2 *h;
    while ((h = TAILQ_FIRST(&s->dirty)))
        flush(h);
}

/* ---- in -------------------------------------------------------------------------------------- */

static void take(struct h2 *h, const char *bytes, size_t len)
{
    h->now_ns = clock_mono_ns(h->shared->conns->clock);
    ssize_t rc = nghttp2_session_mem_recv(h->ng, (const uint8_t *)bytes, len);
    if (rc < 0)
        return h2_lose(h, WIRE_ERR_MALFORMED, nghttp2_strerror((int)rc));
    if (nghttp2_session_want_write(h->ng) || !nghttp2_session_want_read(h->ng))
        h2_mark_dirty(h);
}

static void ended(struct h2 *h)
{
    h2_lose(h, h->broken ? WIRE_ERR_MALFORMED : WIRE_ERR_CLOSED,
            h->why[0] ? h->why : "the server closed the connection without an answer");
}

static void receive_plain(struct h2 *h)
{
    char *scratch = h->shared->conns->scratch;
    ssize_t n = recv(h->watch->fd, scratch, CONN_SCRATCH, 0);
    if (n > 0)
        return take(h, scratch, (size_t)n);
    if (n == 0)
        return ended(h);
    if (errno == EAGAIN || errno == EINTR)
        return;
    struct conn_failure failure = failure_of_break(errno, "receiving");
    lose_by(h, &failure);
}

static void receive_tls(struct h2 *h)
{
    char *scratch = h->shared->conns->scratch;
    while (!h->dead) {
        char why[TLS_WHY_SIZE];
        size_t n = 0;
        enum tls_want want = tls_read(h->ssl, scratch, CONN_SCRATCH, &n, why);
        if (want == TLS_WANT_READ)
            return;
        if (want == TLS_WANT_WRITE)
            return conn_watch_for(h->watch, UV_READABLE | UV_WRITABLE);
        if (want == TLS_CLOSED)
            return ended(h);
        if (want != TLS_DONE) {
            struct conn_failure failure = failure_of_tls(want, why, "receiving");
            return lose_by(h, &failure);
        }
        take(h, scratch, n);
    }
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    struct h2 *h = w->session;
    enter(h);
    if (status < 0) /* the calls say which error it is; libuv has stopped watching */
        w->events = 0;
    if (status < 0 || events & UV_READABLE) {
        if (h->ssl)
            receive_tls(h);
        else
            receive_plain(h);
    }
    if (!h->dead && status == 0 && events & UV_WRITABLE)
        flush(h);
    if (!h->dead && status < 0) {
        struct conn_failure failure = failure_of_break(ECONNRESET, "waiting");
        lose_by(h, &failure);
    }
    leave(h);
}
