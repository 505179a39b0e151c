/* respond: see respond.h. */
#include "respond.h"

enum { TEXT_LEN = 12, PLAIN_MAX = 16 << 10, JSON_MAX = 7 * TARGET_BODY_MAX };

static const char text_type[] = "text/plain";

static uint64_t body_bytes(const struct target_answer *a)
{
    return a->bytes != TARGET_BYTES_AUTO ? a->bytes : TEXT_LEN * (a->chunks ? a->chunks : 1);
}

/* `kept` is the body; NULL: the usual text. The head goes into `out`. */
static void begin_answer(struct target_conn *c, enum target_framing framing, const char *type,
                         const struct buf *kept, struct buf *out)
{
    const struct target_answer *a = &c->order.answer;
    bool fill = c->order.fault && c->order.fault->kind == TARGET_FAULT_FILL;
    bool body = target_status_has_body(a->status) && !c->head_only;
    uint64_t bytes = kept ? kept->len : body_bytes(a);
    c->closing |= a->close || (framing == TARGET_BY_CLOSE && target_status_has_body(a->status));
    struct target_head head = {
        .status = a->status,
        .framing = framing,
        .http_1_0 = c->http_1_0,
        .close = c->closing,
        .open = fill,
        .type = type,
        .bytes = bytes,
    };
    target_output_head(&head, out);
    c->output = (struct target_output){
        .framing = body ? framing : TARGET_BY_LENGTH,
        .head_open = fill,
        .fill_left = fill ? c->order.fill_bytes : 0,
        .kept = kept,
        .bytes = body ? bytes : 0,
        .chunks = a->chunks,
    };
    c->state = TARGET_CONN_SEND;
    c->server->stats->status[a->status] += c->order.counted;
}

static void answer(struct target_conn *c, enum target_framing framing, const char *type,
                   const struct buf *kept)
{
    begin_answer(c, framing, type, kept, &c->server->out);
}

/* HTTP/1.0 knows no chunks (RFC 9112, section 6.1). */
static enum target_framing usual_framing(const struct target_conn *c)
{
    if (c->order.answer.chunks == 0)
        return TARGET_BY_LENGTH;
    return c->http_1_0 ? TARGET_BY_CLOSE : TARGET_BY_CHUNKS;
}

static void answer_text(struct target_conn *c)
{
    answer(c, usual_framing(c), text_type, NULL);
}

static void answer_kept(struct target_conn *c, const char *type)
{
    answer(c, usual_framing(c), type, &c->kept);
}

/* ---- the echo -------------------------------------------------------------------------------- */

static void add_member(struct buf *out, const char *before, struct str text, const char *after)
{
    buf_add_text(out, before);
    buf_add_json_escaped(out, text);
    buf_add_text(out, after);
}

/* A field that came twice is a member that comes twice. */
static void add_fields(struct buf *out, struct str fields)
{
    struct str name, value;
    const char *comma = "";
    buf_add_text(out, ",\"headers\":{");
    while (target_request_next_field(&fields, &name, &value)) {
        buf_add_text(out, comma);
        add_member(out, "\"", name, "\":");
        add_member(out, "\"", value, "\"");
        comma = ",";
    }
    buf_add_text(out, "}");
}

static void echo_as_json(struct target_conn *c)
{
    struct target_request r;
    struct buf json;
    const char *why;
    buf_init(&json, JSON_MAX);
    target_request_parse(buf_str(&c->head), &r, &why); /* it was valid before */
    add_member(&json, "{\"method\":\"", r.method, "\"");
    add_member(&json, ",\"path\":\"", r.path, "\"");
    add_member(&json, ",\"query\":\"", r.query, "\"");
    add_fields(&json, r.fields);
    add_member(&json, ",\"body\":\"", buf_str(&c->kept), "\"}\n");
    buf_fini(&c->kept);
    c->kept = json;
    answer_kept(c, "application/json");
}

/* ---- faults ---------------------------------------------------------------------------------- */

/* The head is kept, to go out byte by byte. */
static void answer_slowly(struct target_conn *c)
{
    struct target_server *s = c->server;
    buf_clear(&c->kept);
    begin_answer(c, usual_framing(c), text_type, NULL, &c->kept);
    c->dribbled = 0;
    c->state = TARGET_CONN_DRIBBLE;
    target_timers_set(&s->timers, &c->timer, clock_mono_ns(s->clock) + c->order.per_ns);
}

static void end_with(struct target_conn *c, enum target_conn_state state)
{
    c->server->stats->faulted++;
    c->closing = c->abrupt = true;
    c->state = state;
}

static void commit_fault(struct target_conn *c)
{
    const struct target_fault *f = c->order.fault;
    switch (f->kind) {
    case TARGET_FAULT_TEXT:
        buf_add(&c->server->out, f->text.ptr, f->text.len);
        end_with(c, TARGET_CONN_ENDING);
        break;
    case TARGET_FAULT_RESET:
        end_with(c, TARGET_CONN_RESET);
        break;
    case TARGET_FAULT_SILENCE:
        end_with(c, TARGET_CONN_SILENT);
        break;
    case TARGET_FAULT_SLOW:
        answer_slowly(c);
        break;
    case TARGET_FAULT_UNFRAMED:
        answer(c, TARGET_BY_CLOSE, text_type, NULL);
        break;
    case TARGET_FAULT_HINTS:
        if (!c->http_1_0)
            buf_add(&c->server->out, f->text.ptr, f->text.len);
        answer_text(c);
        break;
    case TARGET_FAULT_FILL:
    case TARGET_FAULT_STATUS:
        answer_text(c);
        break;
    }
}

/* ---- what tests ask the server itself -------------------------------------------------------- */

/* Asked for once more, the freezes go on as they are: a test may well request this path itself. */
static void set_stall(struct target_conn *c)
{
    struct target_server *s = c->server;
    const struct target_stall *wanted = &c->order.stall;
    if (wanted->every_ns != s->stall.every_ns || wanted->for_ns != s->stall.for_ns) {
        s->stall = *wanted;
        s->stall_from_ns = c->event_ns;
    }
}

static void forget(struct target_server *s)
{
    target_stats_forget(s->stats);
    s->stall = s->options->stall;
    s->stall_from_ns = 0;
}

static void tell_stats(struct target_conn *c)
{
    struct target_server *s = c->server;
    buf_clear(&c->kept);
    target_stats_json(s->stats, clock_mono_ns(s->clock), &c->kept);
    answer_kept(c, "application/json");
}

static void tell_arrivals(struct target_conn *c)
{
    buf_clear(&c->kept);
    target_stats_arrivals(c->server->stats, c->order.since, &c->kept);
    answer_kept(c, text_type);
}

/* ---- the whole ------------------------------------------------------------------------------- */

void target_respond(struct target_conn *c)
{
    switch (c->order.action) {
    case TARGET_ANSWER:
        answer_text(c);
        break;
    case TARGET_ECHO:
        if (c->order.as_json)
            echo_as_json(c);
        else
            answer_kept(c, "application/octet-stream");
        break;
    case TARGET_FAULT:
        commit_fault(c);
        break;
    case TARGET_SET_STALL:
        set_stall(c);
        answer_text(c);
        break;
    case TARGET_COMPLAIN:
        answer_kept(c, text_type);
        break;
    case TARGET_TELL_STATS:
        tell_stats(c);
        break;
    case TARGET_TELL_ARRIVALS:
        tell_arrivals(c);
        break;
    case TARGET_FORGET:
        forget(c->server);
        answer_text(c);
        break;
    }
}

void target_refuse(struct target_conn *c, uint32_t status, const char *why)
{
    c->order = (struct target_order){
        .action = TARGET_COMPLAIN, .counted = true, .answer = {.status = status}};
    c->http_1_0 = c->head_only = false;
    c->closing = c->unread = true;
    c->server->stats->refused++;
    buf_clear(&c->kept);
    buf_add_format(&c->kept, "%s\n", why);
    answer_kept(c, text_type);
}

void target_respond_prepare(struct target_server *s)
{
    const struct target_answer *a = &s->options->answer;
    struct target_head head = {.status = a->status,
                               .framing = TARGET_BY_LENGTH,
                               .type = text_type,
                               .bytes = body_bytes(a)};
    struct target_output body = {.framing = TARGET_BY_LENGTH, .bytes = head.bytes};
    bool waits = a->delay.kind != TARGET_DELAY_FIXED || a->delay.ns > 0;
    if (waits || a->chunks > 0 || a->close || !target_status_has_body(a->status) ||
        head.bytes > PLAIN_MAX)
        return;
    target_output_head(&head, &s->plain);
    target_output_more(&body, &s->plain);
}
