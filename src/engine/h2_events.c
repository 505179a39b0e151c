/* h2_events: what nghttp2 tells of a session while it reads or writes frames. A session is never
 * given up from inside: see `busy`.
 */
#include <stdio.h>
#include <string.h>

#include "h2_priv.h"

enum { FRAME_HEAD = 9 };

/* The conn whose stream it is, as long as it is interested. */
static struct conn *conn_of(struct h2 *h, int32_t id)
{
    struct conn *c = id ? nghttp2_session_get_stream_user_data(h->ng, id) : NULL;
    return c && c->stream.session == h && c->stream.id == id ? c : NULL;
}

static void fail(struct conn *c, enum wire_error kind, const char *why, uint64_t now_ns)
{
    struct conn_failure failure = failure_of(kind, false, "%s", why);
    conn_fail(c, &failure, now_ns);
}

/* ---- in -------------------------------------------------------------------------------------- */

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *session)
{
    (void)ng;
    struct h2 *h = session;
    struct conn *c = conn_of(h, hd->stream_id);
    if (!c) {
        h->loose_in += FRAME_HEAD + hd->length;
        return 0;
    }
    struct exchange *x = c->exchange;
    x->bytes_in += FRAME_HEAD + hd->length;
    bool answers = hd->type == NGHTTP2_HEADERS || hd->type == NGHTTP2_DATA;
    if (answers && x->first_byte_ns == 0) {
        x->first_byte_ns = h->now_ns;
        conn_set_deadline(c, UINT64_MAX);
    }
    return 0;
}

static void keep_text(struct conn *c, const void *bytes, size_t len)
{
    size_t room = WIRE_SAMPLE_TEXT_MAX - c->seen.len;
    buf_add(&c->seen, bytes, len < room ? len : room);
}

static void keep_field(struct conn *c, const uint8_t *name, size_t name_len, const uint8_t *value,
                       size_t value_len)
{
    keep_text(c, name, name_len);
    keep_text(c, ": ", 2);
    keep_text(c, value, value_len);
    keep_text(c, "\r\n", 2);
}

/* For whoever looks into the answer, as HTTP/1.1 has it. */
static void keep_for_looks(struct conn *c, const uint8_t *name, size_t name_len,
                           const uint8_t *value, size_t value_len)
{
    struct buf *head = &c->exchange->kept->head;
    if (c->stream.status < 200 || c->stream.head_done)
        return;
    if (name[0] == ':') {
        buf_add_format(head, "HTTP/2 %u\r\n", c->stream.status);
        return;
    }
    buf_add(head, (const char *)name, name_len);
    buf_add(head, ": ", 2);
    buf_add(head, (const char *)value, value_len);
    buf_add(head, "\r\n", 2);
}

static void end_of_head(struct conn *c)
{
    if (c->stream.status < 200 || c->stream.head_done)
        return;
    c->stream.head_done = true;
    if (c->stream.keep_text)
        keep_text(c, "\r\n", 2);
    if (c->exchange->kept)
        buf_add(&c->exchange->kept->head, "\r\n", 2);
}

static void take_status(struct conn *c, const uint8_t *digits)
{
    /* nghttp2 has made sure that they are three digits. */
    unsigned status =
        (unsigned)((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0'));
    c->stream.status = status;
    const struct prepared *request = c->exchange->request;
    c->stream.keep_text =
        status >= 200 && (request->looks || !plan_status_ok(&request->plan->expect, status));
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *session)
{
    (void)ng;
    (void)flags;
    struct h2 *h = session;
    struct conn *c = conn_of(h, frame->hd.stream_id);
    if (!c)
        return 0;
    if (name_len == 7 && name[0] == ':')
        take_status(c, value);
    if (c->stream.keep_text)
        keep_field(c, name, name_len, value, value_len);
    if (c->exchange->kept)
        keep_for_looks(c, name, name_len, value, value_len);
    c->stream.head_bytes += name_len + value_len;
    if (c->stream.head_bytes <= H2_HEAD_MAX)
        return 0;
    c->stream.too_large = true;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *bytes, size_t len,
                   void *session)
{
    (void)ng;
    (void)flags;
    struct h2 *h = session;
    struct conn *c = conn_of(h, id);
    if (c && c->stream.keep_text)
        keep_text(c, bytes, len);
    struct http1_kept *kept = c ? c->exchange->kept : NULL;
    if (kept && kept->wants_body)
        http1_keep_body(kept, (const char *)bytes, len);
    return 0;
}

/* The response is whole. */
static void complete(struct h2 *h, struct conn *c)
{
    unsigned status = c->stream.status;
    struct exchange *x = c->exchange;
    if (c->state == CONN_SENDING) /* the server does not want the rest of the request */
        nghttp2_submit_rst_stream(h->ng, NGHTTP2_FLAG_NONE, c->stream.id, NGHTTP2_NO_ERROR);
    if (status < 200 || status > 599) {
        h2_unlink(c);
        return fail(c, WIRE_ERR_MALFORMED, "the status code is outside 200 to 599", h->now_ns);
    }
    x->bytes_in += h->loose_in;
    x->bytes_out += h->loose_out;
    h->loose_in = h->loose_out = 0;
    h->served = true;
    h2_unlink(c);
    c->exchange = NULL;
    c->deadline_ns = 0;
    c->state = CONN_CLOSED;
    if (h->draining || !c->shared->plan->keep_alive)
        h2_detach(c);
    c->events->response(c->owner, c, status, h->now_ns);
}

static void take_settings(struct h2 *h)
{
    uint32_t theirs =
        nghttp2_session_get_remote_settings(h->ng, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    h->limit = theirs < h->pool->streams ? theirs : h->pool->streams;
    if (h->limit == 0) /* for now: requests wait in the session */
        h->limit = 1;
    h2_update_room(h);
}

static void take_goaway(struct h2 *h, const nghttp2_goaway *goaway)
{
    if (goaway->error_code != NGHTTP2_NO_ERROR)
        snprintf(h->why, sizeof h->why, "the server closed the connection (GOAWAY: %s)",
                 nghttp2_http2_strerror(goaway->error_code));
    h2_drain(h);
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *session)
{
    (void)ng;
    struct h2 *h = session;
    struct conn *c = NULL;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        c = conn_of(h, frame->hd.stream_id);
        if (c)
            end_of_head(c);
        c = NULL;
        __attribute__((fallthrough));
    case NGHTTP2_DATA:
        if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
            c = conn_of(h, frame->hd.stream_id);
        if (c)
            complete(h, c);
        break;
    case NGHTTP2_RST_STREAM:
        c = conn_of(h, frame->hd.stream_id);
        if (c)
            c->stream.reset = true;
        break;
    case NGHTTP2_SETTINGS:
        if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
            take_settings(h);
        break;
    case NGHTTP2_GOAWAY:
        take_goaway(h, &frame->goaway);
        break;
    default:
        break;
    }
    return 0;
}

static int on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *frame, int code,
                            void *session)
{
    (void)ng;
    (void)frame;
    struct h2 *h = session;
    if (h->broken)
        return 0;
    h->broken = true;
    snprintf(h->why, sizeof h->why, "the answer breaks HTTP/2: %s", nghttp2_strerror(code));
    return 0;
}

static int on_error(nghttp2_session *ng, int code, const char *message, size_t len, void *session)
{
    (void)ng;
    (void)code;
    struct h2 *h = session;
    h->broken = true;
    snprintf(h->why, sizeof h->why, "the answer breaks HTTP/2: %.*s", (int)len, message);
    return 0;
}

/* Not by a response: that is noticed by its last frame. */
static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *session)
{
    (void)ng;
    struct h2 *h = session;
    struct conn *c = conn_of(h, id);
    if (!c)
        return 0;
    char why[H2_WHY_SIZE];
    snprintf(why, sizeof why, "the server reset the stream: %s", nghttp2_http2_strerror(code));
    bool reset = c->stream.reset, too_large = c->stream.too_large;
    h2_unlink(c);
    if (code == NGHTTP2_REFUSED_STREAM)
        h2_again(c, why);
    else if (reset)
        fail(c, WIRE_ERR_RESET, why, h->now_ns);
    else if (too_large)
        fail(c, WIRE_ERR_HEADERS_TOO_LARGE, "the head of the answer is longer than 64 KiB",
             h->now_ns);
    else
        fail(c, WIRE_ERR_MALFORMED, h->broken ? h->why : "the answer breaks HTTP/2", h->now_ns);
    h->broken = false; /* it was of this stream alone, else all end soon */
    return 0;
}

/* ---- out ------------------------------------------------------------------------------------- */

static int on_frame_sent(nghttp2_session *ng, const nghttp2_frame *frame, void *session)
{
    (void)ng;
    struct h2 *h = session;
    struct conn *c = conn_of(h, frame->hd.stream_id);
    if (!c) {
        h->loose_out += FRAME_HEAD + frame->hd.length;
        return 0;
    }
    struct exchange *x = c->exchange;
    x->bytes_out += FRAME_HEAD + frame->hd.length;
    bool request = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (frame->hd.type == NGHTTP2_HEADERS)
        x->sent_ns = h->now_ns;
    if (request && frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
        x->sent_all_ns = h->now_ns;
        c->state = CONN_RECEIVING;
        if (x->first_byte_ns == 0)
            conn_set_deadline(c, h->now_ns + x->request->plan->timeouts.response_ns);
    }
    return 0;
}

/* A request that came too late for this connection. */
static int on_frame_not_sent(nghttp2_session *ng, const nghttp2_frame *frame, int code,
                             void *session)
{
    (void)ng;
    struct h2 *h = session;
    struct conn *c;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    TAILQ_FOREACH(c, &h->active, stream.link)
    if (c->stream.id == frame->hd.stream_id)
        break;
    if (!c)
        return 0;
    h2_unlink(c);
    h2_drain(h);
    h2_again(c, nghttp2_strerror(code));
    return 0;
}

ssize_t h2_read_body(nghttp2_session *ng, int32_t id, uint8_t *into, size_t size, uint32_t *flags,
                     nghttp2_data_source *source, void *session)
{
    (void)ng;
    (void)source;
    struct conn *c = conn_of(session, id);
    if (!c)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    struct str body = c->stream.body;
    size_t left = body.len - c->sent;
    size_t n = left < size ? left : size;
    memcpy(into, body.ptr + c->sent, n);
    c->sent += n;
    if (n == left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

nghttp2_session_callbacks *h2_callbacks_new(void)
{
    nghttp2_session_callbacks *to;
    if (nghttp2_session_callbacks_new(&to) != 0)
        return NULL;
    nghttp2_session_callbacks_set_on_begin_frame_callback(to, on_begin_frame);
    nghttp2_session_callbacks_set_on_header_callback(to, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(to, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(to, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(to, on_invalid_frame);
    nghttp2_session_callbacks_set_error_callback2(to, on_error);
    nghttp2_session_callbacks_set_on_stream_close_callback(to, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(to, on_frame_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(to, on_frame_not_sent);
    return to;
}
