/* conn: see conn.h. */
#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "respond.h"

enum {
    ROUNDS_MAX = 16,        /* pieces sent before others get their turn */
    KEPT_MEMORY = 64 << 10, /* a buffer that grew beyond is given back */
};

#define LINGER_NS NS_PER_S

/* ---- from bytes to requests ------------------------------------------------------------------ */

static void request_whole(struct target_conn *c)
{
    struct target_server *s = c->server;
    uint64_t delay_ns = target_delay_draw(&c->order.answer.delay, &s->rng);
    if (delay_ns == 0) {
        target_respond(c);
        return;
    }
    c->state = TARGET_CONN_DELAY;
    target_timers_set(&s->timers, &c->timer, c->event_ns + delay_ns);
}

static void count_request(struct target_conn *c, struct str path)
{
    struct target_server *s = c->server;
    target_stats_arrived(s->stats, c->event_ns, path);
    if (s->stall_from_ns == 0)
        s->stall_from_ns = c->event_ns;
}

/* What nearly all requests of a measurement are: the answer is made already. */
static bool answer_plain(struct target_conn *c, const struct target_request *r)
{
    struct target_server *s = c->server;
    if (r->path.len != 1 || r->query.len > 0 || r->http_1_0 || !r->keep_alive || r->head ||
        r->chunked || r->content_length > 0 || s->plain.len == 0)
        return false;
    count_request(c, r->path);
    s->stats->status[s->options->answer.status]++;
    buf_add(&s->out, s->plain.ptr, s->plain.len);
    return true;
}

static void begin_request(struct target_conn *c, const struct target_request *r, struct str head,
                          bool body_came)
{
    struct target_server *s = c->server;
    struct err e;
    target_route(r, &s->options->answer, &c->order, &e);
    if (c->order.counted)
        count_request(c, r->path);
    c->http_1_0 = r->http_1_0;
    c->head_only = r->head;
    c->closing = !r->keep_alive;
    c->abrupt = c->unread = false;
    buf_clear(&c->kept);
    if (c->order.action == TARGET_COMPLAIN)
        buf_add_format(&c->kept, "%s\n", e.message);
    if (c->order.as_json) {
        buf_clear(&c->head);
        buf_add(&c->head, head.ptr, head.len);
    }
    target_body_begin(&c->body, r->chunked, r->content_length);
    c->state = TARGET_CONN_BODY;
    if (c->body.state == TARGET_BODY_DONE)
        request_whole(c);
    else if (r->expects_continue && !body_came)
        buf_add_text(&s->out, "HTTP/1.1 100 Continue\r\n\r\n");
}

/* Both: bytes taken; 0 when it needs more. */
static size_t take_head(struct target_conn *c, struct str data)
{
    struct target_request r;
    const char *why = NULL;
    ssize_t len = target_request_parse(data, &r, &why);
    if (len == 0)
        return 0;
    if (len > 0 && r.content_length > TARGET_BODY_MAX) {
        len = -413;
        why = "the body is too long";
    }
    if (len < 0) {
        target_refuse(c, (uint32_t)-len, why);
        return data.len;
    }
    if (!answer_plain(c, &r))
        begin_request(c, &r, (struct str){data.ptr, (size_t)len}, data.len > (size_t)len);
    return (size_t)len;
}

static size_t take_body(struct target_conn *c, struct str data)
{
    const char *why = NULL;
    struct buf *keep = c->order.action == TARGET_ECHO ? &c->kept : NULL;
    ssize_t len = target_body_feed(&c->body, data, keep, &why);
    if (len < 0) {
        target_refuse(c, (uint32_t)-len, why);
        return data.len;
    }
    if (c->body.state == TARGET_BODY_DONE)
        request_whole(c);
    return (size_t)len;
}

static bool wants_request(const struct target_conn *c)
{
    return c->state == TARGET_CONN_HEAD || c->state == TARGET_CONN_BODY;
}

/* ---- from answers to bytes ------------------------------------------------------------------- */

static void give_back(struct buf *b)
{
    size_t limit = b->limit;
    if (b->cap <= KEPT_MEMORY)
        return;
    buf_fini(b);
    buf_init(b, limit);
}

static void make_more(struct target_conn *c)
{
    if (!target_output_more(&c->output, &c->server->out))
        return;
    give_back(&c->kept);
    c->state = c->closing ? TARGET_CONN_ENDING : TARGET_CONN_HEAD;
}

static void dribble(struct target_conn *c)
{
    struct target_server *s = c->server;
    buf_add(&s->out, c->kept.ptr + c->dribbled++, 1);
    if (c->dribbled == c->kept.len)
        c->state = TARGET_CONN_SEND;
    else
        target_timers_set(&s->timers, &c->timer, c->timer.due_ns + c->order.per_ns);
}

/* Sends `from` and empties it of what was sent; false when it is not empty then. */
static bool send_all(struct target_conn *c, struct buf *from)
{
    size_t sent = 0;
    ssize_t n = 0;
    while (sent < from->len && n >= 0) {
        n = target_io_send(&c->io, from->ptr + sent, from->len - sent);
        sent += n > 0 ? (size_t)n : 0;
    }
    if (n < 0 && n != -EAGAIN)
        c->state = TARGET_CONN_GONE;
    bool all = sent == from->len;
    if (all)
        buf_clear(from);
    else
        buf_drop_front(from, sent);
    return all;
}

/* True when nothing is left to send. What the socket does not take is the connection's own. */
static bool flush(struct target_conn *c)
{
    struct buf *made = &c->server->out;
    if (c->out.len > 0 && !send_all(c, &c->out))
        return false;
    give_back(&c->out);
    if (made->len == 0 || send_all(c, made))
        return true;
    buf_add(&c->out, made->ptr, made->len);
    buf_clear(made);
    return false;
}

/* ---- the way through one event --------------------------------------------------------------- */

/* Takes as many requests as are whole and as there is room for answers; the bytes taken. */
static size_t take_requests(struct target_conn *c, struct str data)
{
    size_t taken = 0;
    while (taken < data.len && wants_request(c) && c->server->out.len < TARGET_OUT_ENOUGH) {
        struct str rest = {data.ptr + taken, data.len - taken};
        size_t n = c->state == TARGET_CONN_HEAD ? take_head(c, rest) : take_body(c, rest);
        if (n == 0)
            break;
        taken += n;
        if (c->state == TARGET_CONN_SEND)
            make_more(c);
    }
    return taken;
}

static bool take_leftover(struct target_conn *c)
{
    size_t taken = take_requests(c, buf_str(&c->in));
    buf_drop_front(&c->in, taken);
    return taken > 0;
}

/* False when nothing came. */
static bool receive(struct target_conn *c)
{
    struct target_server *s = c->server;
    c->event_ns = clock_mono_ns(s->clock);
    ssize_t n = target_io_recv(&c->io, s->in, sizeof s->in);
    if (n == -EAGAIN)
        return false;
    if (n <= 0) {
        c->state = TARGET_CONN_GONE;
        return false;
    }
    struct str data = {s->in, (size_t)n};
    if (c->in.len > 0) {
        buf_add(&c->in, data.ptr, data.len);
        take_leftover(c);
        return true;
    }
    size_t taken = take_requests(c, data);
    if (taken < data.len)
        buf_add(&c->in, data.ptr + taken, data.len - taken);
    return true;
}

/* One step after everything made so far was sent; false when there is none to make. */
static bool step(struct target_conn *c)
{
    if (c->state == TARGET_CONN_SEND) {
        make_more(c);
        return true;
    }
    if (!wants_request(c))
        return false;
    if (c->in.len > 0) {
        c->event_ns = clock_mono_ns(c->server->clock);
        if (take_leftover(c))
            return true;
    }
    return target_io_pending(&c->io) && receive(c);
}

static void linger(struct target_conn *c)
{
    struct target_server *s = c->server;
    target_io_finish(&c->io);
    c->state = TARGET_CONN_LINGER;
    buf_clear(&c->in);
    target_timers_set(&s->timers, &c->timer, clock_mono_ns(s->clock) + LINGER_NS);
}

static void watch(struct target_conn *c, uint32_t interest)
{
    if (interest == c->interest)
        return;
    struct epoll_event event = {.events = interest, .data.ptr = c};
    epoll_ctl(c->server->epoll_fd, EPOLL_CTL_MOD, c->io.fd, &event);
    c->interest = interest;
}

static uint32_t wanted(const struct target_conn *c)
{
    switch (c->state) {
    case TARGET_CONN_SILENT:
        return EPOLLRDHUP;
    case TARGET_CONN_DELAY:
    case TARGET_CONN_DRIBBLE: /* as it is: most clients send nothing meanwhile */
        return c->interest & EPOLLIN;
    default:
        return EPOLLIN | (c->io.wants_out ? EPOLLOUT : 0);
    }
}

/* Ends the connection or has epoll watch for what it waits for. `more`: it is only the others'
 * turn. */
static void settle(struct target_conn *c, bool all_sent, bool more)
{
    if (c->state == TARGET_CONN_ENDING && all_sent) {
        if (c->unread || c->in.len > 0) {
            linger(c);
        } else {
            if (!c->abrupt)
                target_io_finish(&c->io);
            c->state = TARGET_CONN_GONE;
        }
    }
    if (c->state == TARGET_CONN_GONE || c->state == TARGET_CONN_RESET) {
        buf_clear(&c->server->out);
        target_conn_close(c);
        return;
    }
    watch(c, !all_sent || more ? EPOLLOUT : wanted(c));
}

static void go_on(struct target_conn *c)
{
    unsigned rounds = 0;
    bool all_sent = flush(c);
    for (; all_sent && rounds < ROUNDS_MAX && step(c); rounds++)
        all_sent = flush(c);
    settle(c, all_sent, rounds == ROUNDS_MAX);
}

/* ---- events ---------------------------------------------------------------------------------- */

void target_conn_event(struct target_conn *c, uint32_t events)
{
    if (events & (EPOLLERR | EPOLLHUP)) {
        target_conn_close(c);
        return;
    }
    switch (c->state) {
    case TARGET_CONN_HEAD:
    case TARGET_CONN_BODY:
        if (c->out.len == 0 && c->in.len < TARGET_HEAD_MAX)
            receive(c);
        go_on(c);
        break;
    case TARGET_CONN_LINGER:
        if (target_io_recv(&c->io, c->server->in, sizeof c->server->in) <= 0)
            target_conn_close(c);
        break;
    case TARGET_CONN_SILENT:
        target_conn_close(c);
        break;
    case TARGET_CONN_DELAY:
    case TARGET_CONN_DRIBBLE:
        if (events & EPOLLOUT)
            go_on(c);
        else
            watch(c, 0); /* the answer first */
        break;
    default:
        go_on(c);
        break;
    }
}

void target_conn_due(struct target_conn *c)
{
    switch (c->state) {
    case TARGET_CONN_DELAY:
        target_respond(c);
        break;
    case TARGET_CONN_DRIBBLE:
        dribble(c);
        break;
    default: /* LINGER */
        c->state = TARGET_CONN_GONE;
        break;
    }
    if (c->state == TARGET_CONN_SEND)
        make_more(c);
    go_on(c);
}

/* ---- life ------------------------------------------------------------------------------------ */

void target_conn_open(struct target_server *s, int fd)
{
    struct target_conn *c = mem_alloc(sizeof *c);
    c->server = s;
    c->io.fd = fd;
    c->timer.owner = c;
    buf_init(&c->in, TARGET_HEAD_MAX + TARGET_IN_SIZE);
    buf_init(&c->out, TARGET_OUT_MAX);
    buf_init(&c->head, TARGET_HEAD_MAX);
    buf_init(&c->kept, TARGET_BODY_MAX);
    if (s->tls) {
        c->io.ssl = SSL_new(s->tls);
        SSL_set_fd(c->io.ssl, fd);
        SSL_set_accept_state(c->io.ssl);
    }
    c->next = s->conns;
    c->link = &s->conns;
    if (c->next)
        c->next->link = &c->next;
    s->conns = c;
    c->interest = EPOLLIN;
    struct epoll_event event = {.events = c->interest, .data.ptr = c};
    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    s->stats->accepted++;
    s->stats->open++;
}

void target_conn_close(struct target_conn *c)
{
    struct target_server *s = c->server;
    target_timers_clear(&s->timers, &c->timer);
    if (c->state == TARGET_CONN_RESET)
        target_io_reset(&c->io);
    else
        target_io_close(&c->io);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    buf_fini(&c->in);
    buf_fini(&c->out);
    buf_fini(&c->head);
    buf_fini(&c->kept);
    free(c);
    s->stats->open--;
    target_server_room(s);
}
