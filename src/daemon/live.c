/* live: GET /api/v1/runs/{id}/live, Server-Sent Events. What a watcher gets, in order: the run as
 * it is; the seconds that were before (from memory where they still are, else from the store, a
 * piece at a time); then what the run's hub tells. A response of libmicrohttpd that asks for bytes
 * when the client can take some; when there are none its connection is suspended.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "control.h"
#include "http.h"
#include "hub.h"
#include "pull.h"
#include "routes.h"
#include "views.h"

enum {
    PIECE_SECONDS = 60,      /* read from the store at a time */
    BLOCK_SIZE = 16 << 10,   /* libmicrohttpd's, a stream */
    SEND_BUFFER = 128 << 10, /* the kernel's: so much goes to a client that does not read */
};

struct watcher {
    struct daemon *daemon;
    struct MHD_Connection *connection;
    char id[ID_SIZE];
    struct hub_place place; /* place.hub is NULL for a run that is over */
    struct buf text;        /* what is handed out before the rest */
    size_t taken;
    uint32_t next, end; /* seconds of the past that are still to be told */
    struct pull *pull;  /* reads them from the store */
    uint32_t pulled_to;
    bool suspended;
};

/* ---- seconds of the past, from the store ------------------------------------------------------
 */

struct past {
    struct store_reader *reader;
    char id[ID_SIZE];
    uint32_t from, to;
    struct result *shape; /* the run's names, for result_second_document */
    struct buf *out;
};

static void add_second(struct buf *out, const struct result *shape, const struct result_second *s)
{
    json_t *document = result_second_document(shape, s);
    char *text = view_text(document);
    json_decref(document);
    buf_add_format(out, "event: second\nid: %u\ndata: ", s->second);
    buf_add_text(out, text);
    buf_add_text(out, "\n\n");
    free(text);
}

static int each_past(void *owner, const struct result_second *second)
{
    struct past *past = owner;
    add_second(past->out, past->shape, second);
    return 0;
}

static int past_produce(void *owner, struct buf *out, bool *more)
{
    struct past *past = owner;
    struct err e;
    if (!past->shape) {
        struct store_names AUTO(store_names_fini) names = {0};
        int rc = store_run_names(past->reader, str_of(past->id), &names, &e);
        if (rc < 0)
            return rc;
        past->shape = result_new(names.items, names.count, 1);
    }
    uint32_t to = past->to - past->from > PIECE_SECONDS ? past->from + PIECE_SECONDS : past->to;
    past->out = out;
    int rc =
        store_seconds_each(past->reader, str_of(past->id), past->from, to, each_past, past, &e);
    past->from = to;
    *more = to < past->to;
    return rc;
}

static void past_free(void *owner)
{
    struct past *past = owner;
    store_reader_close(past->reader);
    result_free(past->shape);
    free(past);
}

static const struct pull_source past_source = {past_produce, past_free};

/* ---- a watcher ------------------------------------------------------------------------------- */

static void watcher_wake(void *owner)
{
    struct watcher *w = owner;
    if (!w->suspended)
        return;
    w->suspended = false;
    http_resume(w->daemon->http, w->connection);
}

static void on_hub_wakes(struct hub_place *place)
{
    watcher_wake((char *)place - offsetof(struct watcher, place));
}

/* Fallen behind: its socket is full, so libmicrohttpd would not ask for a word of goodbye. */
static void on_hub_cuts(struct hub_place *place)
{
    struct watcher *w = (void *)((char *)place - offsetof(struct watcher, place));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(w->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    log_info(&w->daemon->log, "a client that does not read is cut off", "run", w->id, NULL);
    if (info)
        shutdown(info->connect_fd, SHUT_RDWR);
}

static ssize_t take_text(struct watcher *w, char *out, size_t max)
{
    size_t left = w->text.len - w->taken, n = left < max ? left : max;
    memcpy(out, w->text.ptr + w->taken, n);
    w->taken += n;
    if (w->taken == w->text.len) {
        buf_clear(&w->text);
        w->taken = 0;
    }
    return (ssize_t)n;
}

/* From memory, as many as are still there, up to a piece. */
static void remember(struct watcher *w)
{
    struct live_run *lr = control_find(w->daemon->control, str_of(w->id));
    struct result *result = lr ? live_run_result(lr) : NULL;
    for (int n = 0; result && n < PIECE_SECONDS && w->next < w->end; n++, w->next++) {
        const struct result_second *s = result_second_at(result, w->next);
        if (!s)
            return;
        add_second(&w->text, result, s);
    }
}

static bool begin_pull(struct watcher *w)
{
    struct err e;
    struct past *past = mem_alloc(sizeof *past);
    if (store_reader_open(w->daemon->store, &past->reader, &e) < 0) {
        log_error(&w->daemon->log, "a stream cannot read the store", "error", e.message, NULL);
        free(past);
        return false;
    }
    uint32_t left = w->end - w->next;
    memcpy(past->id, w->id, ID_SIZE);
    past->from = w->next;
    past->to = w->pulled_to = w->next + (left < PIECE_SECONDS ? left : PIECE_SECONDS);
    w->pull = pull_new(w->daemon, &past_source, past, watcher_wake, w);
    return true;
}

/* Bytes of the past; 0: all was told; PULL_WAIT is negative here. */
enum { PAST_WAITS = -10 };

static ssize_t read_past(struct watcher *w, char *out, size_t max)
{
    while (w->next < w->end || w->pull) {
        if (!w->pull) {
            remember(w);
            if (w->text.len > 0)
                return take_text(w, out, max);
            if (w->next >= w->end)
                break;
            if (!begin_pull(w))
                return PULL_FAILED;
        }
        ssize_t n = pull_read(w->pull, out, max);
        if (n > 0 || n == PULL_FAILED)
            return n;
        if (n == PULL_WAIT)
            return PAST_WAITS;
        pull_free(w->pull);
        w->pull = NULL;
        w->next = w->pulled_to;
    }
    return 0;
}

static ssize_t suspend(struct watcher *w)
{
    w->suspended = true;
    MHD_suspend_connection(w->connection);
    return 0;
}

static ssize_t on_read(void *owner, uint64_t at, char *out, size_t max)
{
    (void)at;
    struct watcher *w = owner;
    if (w->place.lost)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (w->text.len > 0)
        return take_text(w, out, max);
    ssize_t n = read_past(w, out, max);
    if (n == PULL_FAILED)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (n == PAST_WAITS)
        return suspend(w);
    if (n == 0)
        n = (ssize_t)hub_read(&w->place, out, max);
    if (n > 0)
        return n;
    if (hub_is_closed(w->place.hub))
        return MHD_CONTENT_READER_END_OF_STREAM;
    w->place.waits = true;
    return suspend(w);
}

static void on_free(void *owner)
{
    struct watcher *w = owner;
    w->daemon->streams--;
    hub_leave(&w->place);
    if (w->pull)
        pull_free(w->pull);
    buf_fini(&w->text);
    free(w);
}

/* ---- the handler ----------------------------------------------------------------------------- */

static void add_event(struct buf *out, const char *event, const json_t *data)
{
    char *text = view_text(data);
    buf_add_format(out, "event: %s\ndata: ", event);
    buf_add_text(out, text);
    buf_add_text(out, "\n\n");
    free(text);
}

static void add_stream_headers(struct request *rq)
{
    reply_header(rq, "X-Accel-Buffering", "no"); /* nginx in front would hold it back */
}

/* A run that is over: what it became, and the end. */
static void reply_over(struct request *rq, const json_t *view)
{
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    add_event(&text, "state", view);
    add_event(&text, "finished", view);
    reply_bytes(rq, MHD_HTTP_OK, "text/event-stream", &text);
    add_stream_headers(rq);
}

static struct watcher *watcher_new(struct request *rq, struct live_run *lr, const json_t *view)
{
    struct watcher *w = mem_alloc(sizeof *w);
    struct str last = request_header(rq, "Last-Event-ID");
    uint64_t second;
    uint32_t complete;
    w->daemon = rq->daemon;
    w->connection = rq->connection;
    memcpy(w->id, rq->params[0].ptr, ID_LEN);
    buf_init(&w->text, SIZE_MAX / 2);
    add_event(&w->text, "state", view);
    if (str_to_u64(last, &second) && second < UINT32_MAX)
        w->next = (uint32_t)second + 1;
    if (result_complete_second(live_run_result(lr), &complete))
        w->end = complete + 1;
    w->place.wake = on_hub_wakes;
    w->place.cut = on_hub_cuts;
    hub_watch(live_run_hub(lr), &w->place);
    w->daemon->streams++;
    return w;
}

static void reply_stream(struct request *rq, struct live_run *lr, const json_t *view)
{
    int bytes = SEND_BUFFER;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(rq->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct watcher *w = watcher_new(rq, lr, view);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, on_read, w, on_free);
    if (!response)
        return on_free(w);
    if (info)
        setsockopt(info->connect_fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    reply_response(rq, MHD_HTTP_OK, response);
    add_stream_headers(rq);
}

void runs_live(struct request *rq)
{
    struct daemon *d = rq->daemon;
    struct err e;
    json_t *view;
    int rc = view_run(d, rq->params[0], &view, &e);
    if (rc == -ENOENT)
        return reply_problem(rq, PROBLEM_NOT_FOUND, "There is no run %.*s.",
                             request_shown(rq->params[0]), rq->params[0].ptr);
    if (rc < 0)
        return reply_store_error(rq, rc, &e);
    struct live_run *lr = control_find(d->control, rq->params[0]);
    if (!lr || !live_run_hub(lr) || request_is_head(rq))
        reply_over(rq, view);
    else if (d->streams >= d->config->max_live_streams)
        reply_problem(rq, PROBLEM_BUSY, "%u live streams are open, as many as this daemon serves.",
                      d->streams);
    else
        reply_stream(rq, lr, view);
    json_decref(view);
}
