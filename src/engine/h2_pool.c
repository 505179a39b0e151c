/* h2_pool: which connection an exchange goes over, and who waits for one to be opened. */
#include <stdlib.h>

#include "h2_priv.h"

struct h2_pool *h2_pool_of(struct h2_shared *s, size_t origin_id)
{
    return s && !s->pools[origin_id].off ? &s->pools[origin_id] : NULL;
}

static bool usable(const struct h2 *h)
{
    return h && !h->dead && !h->draining && h->attached <= h->limit;
}

/* Conns that the connections now being opened will have room for, besides those that open them. */
static uint64_t spare(const struct h2_pool *pool)
{
    return (uint64_t)pool->openings * (pool->streams - 1);
}

static void join_queue(struct conn *c)
{
    c->state = CONN_WAITING;
    c->stream.waiting = true;
    TAILQ_INSERT_TAIL(&c->pool->waiting, c, stream.link);
    c->pool->waiting_count++;
    conn_set_deadline(c, UINT64_MAX);
}

static struct conn *next_waiting(struct h2_pool *pool)
{
    struct conn *c = TAILQ_FIRST(&pool->waiting);
    if (c)
        h2_abandon(c); /* the queue, that is */
    return c;
}

static void open_one(struct conn *c, uint64_t now_ns)
{
    c->stream.opening = true;
    c->pool->openings++;
    conn_connect(c, now_ns);
}

void h2_begin(struct conn *c, uint64_t now_ns)
{
    struct h2_pool *pool = c->pool;
    if (usable(c->stream.session))
        return h2_submit(c, now_ns);
    h2_detach(c);
    if (!c->shared->plan->keep_alive || pool->http1)
        return open_one(c, now_ns);
    struct h2 *h = TAILQ_FIRST(&pool->roomy);
    if (h) {
        h2_attach(c, h);
        return h2_submit(c, now_ns);
    }
    if (pool->waiting_count < spare(pool))
        return join_queue(c);
    open_one(c, now_ns);
}

static bool agreed_on_h2(const struct conn *c)
{
    const unsigned char *name = NULL;
    unsigned len = 0;
    if (!c->ssl) /* prior knowledge */
        return true;
    SSL_get0_alpn_selected(c->ssl, &name, &len);
    return len == 2 && name[0] == 'h' && name[1] == '2';
}

static void serve_waiting(struct h2_pool *pool, struct h2 *h, uint64_t now_ns)
{
    struct conn *c;
    while (h->roomy && (c = next_waiting(pool))) {
        h2_attach(c, h);
        h2_submit(c, now_ns);
    }
}

/* HTTP/1.1, then: a connection each. */
static void send_waiting_away(struct h2_pool *pool, uint64_t now_ns)
{
    struct conn *c;
    pool->http1 = true;
    while ((c = next_waiting(pool)))
        open_one(c, now_ns);
}

bool h2_opened(struct conn *c, uint64_t now_ns)
{
    struct h2_pool *pool = c->pool;
    h2_abandon(c); /* being the one that opens */
    if (!agreed_on_h2(c)) {
        if (c->shared->plan->http == PLAN_HTTP_AUTO) {
            send_waiting_away(pool, now_ns);
            return false;
        }
        struct conn_failure failure =
            failure_of(WIRE_ERR_TLS, false, "the server does not agree to HTTP/2 (ALPN)");
        conn_fail(c, &failure, now_ns);
        h2_opening_failed(pool, &failure, now_ns);
        return true;
    }
    struct h2 *h = h2_new(c);
    if (!h) {
        conn_fail_soon(c, failure_of_errno(ENOMEM, "setting up HTTP/2"));
        return true;
    }
    h2_submit(c, now_ns);
    serve_waiting(pool, h, now_ns);
    return true;
}

void h2_opening_failed(struct h2_pool *pool, const struct conn_failure *failure, uint64_t now_ns)
{
    uint64_t room = spare(pool);
    uint64_t failed = pool->waiting_count > room ? pool->waiting_count - room : 0;
    while (failed-- > 0 && pool->waiting_count > 0)
        conn_fail(next_waiting(pool), failure, now_ns);
}

/* ---- all of a worker ------------------------------------------------------------------------- */

struct h2_shared *h2_shared_new(struct conn_shared *conns, const struct plan *plan)
{
    if (plan->http == PLAN_HTTP_1)
        return NULL;
    struct h2_shared *s = mem_alloc(sizeof *s);
    s->conns = conns;
    h2_mem_init(&s->mem);
    s->callbacks = h2_callbacks_new();
    if (nghttp2_option_new(&s->options) == 0)
        nghttp2_option_set_no_closed_streams(s->options, 1);
    TAILQ_INIT(&s->dirty);
    s->out = mem_alloc(H2_OUT_SIZE);
    s->pools = mem_alloc(plan->origin_count * sizeof *s->pools);
    for (size_t i = 0; i < plan->origin_count; i++) {
        s->pools[i].off = plan->http == PLAN_HTTP_AUTO && !plan->origins[i].tls;
        s->pools[i].streams = plan->streams;
        TAILQ_INIT(&s->pools[i].waiting);
        TAILQ_INIT(&s->pools[i].roomy);
    }
    return s;
}

void h2_shared_free(struct h2_shared *s)
{
    if (!s)
        return;
    nghttp2_session_callbacks_del(s->callbacks);
    nghttp2_option_del(s->options);
    h2_mem_fini(&s->mem);
    h2_head_fini(&s->head);
    free(s->pools);
    free(s->out);
    free(s);
}
