/* encode: writes frames as text straight into a buffer; no tree is built, since a busy worker
 * sends a tick each second. A frame that does not fit is taken back as a whole, so a buffer never
 * holds half a line.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "wire_priv.h"

static void add_u64(struct buf *out, const char *key, uint64_t value)
{
    buf_add_format(out, ",\"%s\":%" PRIu64, key, value);
}

/* Any bytes as the inside of a JSON string. NUL would end it on the reader's side: it becomes
 * U+FFFD, as what is not UTF-8 does. */
static void add_escaped(struct buf *out, struct str text)
{
    const char *nul;
    while (text.len > 0 && (nul = memchr(text.ptr, '\0', text.len))) {
        size_t len = (size_t)(nul - text.ptr);
        buf_add_json_escaped(out, (struct str){text.ptr, len});
        buf_add_text(out, "\\ufffd");
        text = (struct str){nul + 1, text.len - len - 1};
    }
    buf_add_json_escaped(out, text);
}

static void add_string(struct buf *out, const char *key, struct str text)
{
    buf_add_format(out, ",\"%s\":\"", key);
    add_escaped(out, text);
    buf_add_text(out, "\"");
}

static void add_cut(struct buf *out, const char *key, struct str text)
{
    add_string(out, key, str_cut(text, WIRE_SAMPLE_TEXT_MAX));
}

/* Base64 needs no escaping. */
static void add_histogram(struct buf *out, const char *key, struct str base64)
{
    if (base64.len == 0)
        return;
    buf_add_format(out, ",\"%s\":\"", key);
    buf_add(out, base64.ptr, base64.len);
    buf_add_text(out, "\"");
}

static size_t begin_frame(struct buf *out, enum wire_frame_type type)
{
    size_t begin = out->len;
    buf_add_format(out, "{\"frame\":\"%s\"", wire_frame_text(type));
    return begin;
}

static int end_frame(struct buf *out, size_t begin)
{
    buf_add_text(out, "}\n");
    if (!out->failed)
        return 0;
    if (out->len > begin) {
        out->len = begin;
        out->ptr[begin] = '\0';
    }
    return -ENOBUFS;
}

int wire_encode_hello(struct buf *out, uint32_t pid)
{
    size_t begin = begin_frame(out, WIRE_HELLO);
    add_u64(out, "version", WIRE_VERSION);
    add_u64(out, "pid", pid);
    return end_frame(out, begin);
}

int wire_encode_ready(struct buf *out)
{
    return end_frame(out, begin_frame(out, WIRE_READY));
}

static void add_counts(struct buf *out, const struct wire_request_tick *r)
{
    const char *comma = "";
    buf_add_text(out, ",\"error_kinds\":{");
    for (int k = 0; k < WIRE_ERR_COUNT; k++) {
        if (r->error_kinds[k] == 0)
            continue;
        buf_add_format(out, "%s\"%s\":%" PRIu64, comma, wire_error_text((enum wire_error)k),
                       r->error_kinds[k]);
        comma = ",";
    }
    comma = "";
    buf_add_text(out, "},\"status\":{");
    for (size_t i = 0; i < r->status_count; i++) {
        buf_add_format(out, "%s\"%" PRIu32 "\":%" PRIu64, comma, r->status[i].status,
                       r->status[i].count);
        comma = ",";
    }
    buf_add_text(out, "}");
}

static void add_request(struct buf *out, const struct wire_request_tick *r)
{
    buf_add_format(out, "{\"name\":%" PRIu32, r->name_id);
    add_u64(out, "requests", r->requests);
    add_u64(out, "errors", r->errors);
    add_u64(out, "bytes_in", r->bytes_in);
    add_u64(out, "bytes_out", r->bytes_out);
    add_counts(out, r);
    buf_add_text(out, ",\"latency\":[");
    for (size_t i = 0; i < r->latency_count; i++) {
        buf_add_format(out, "%s[%" PRIu32 ",\"", i ? "," : "", r->latency[i].second);
        buf_add(out, r->latency[i].histogram.ptr, r->latency[i].histogram.len);
        buf_add_text(out, "\"]");
    }
    buf_add_text(out, "]");
    for (int m = 0; m < WIRE_METRIC_COUNT; m++)
        add_histogram(out, wire_metric_text((enum wire_metric)m), r->metrics[m]);
    buf_add_text(out, "}");
}

int wire_encode_tick(struct buf *out, const struct wire_tick *tick)
{
    size_t begin = begin_frame(out, WIRE_TICK);
    add_u64(out, "second", tick->second);
    add_u64(out, "users", tick->users);
    add_u64(out, "connections", tick->connections);
    add_u64(out, "arrivals", tick->arrivals);
    add_u64(out, "dropped", tick->dropped);
    add_u64(out, "late", tick->late);
    buf_add_format(out, ",\"cpu\":%.6g", tick->cpu);
    add_histogram(out, "send_lag", tick->send_lag);
    buf_add_text(out, ",\"requests\":[");
    for (size_t i = 0; i < tick->request_count; i++) {
        if (i > 0)
            buf_add_text(out, ",");
        add_request(out, &tick->requests[i]);
    }
    buf_add_text(out, "]");
    return end_frame(out, begin);
}

int wire_encode_sample(struct buf *out, const struct wire_sample *sample)
{
    size_t begin = begin_frame(out, WIRE_SAMPLE);
    add_u64(out, "name", sample->name_id);
    buf_add_format(out, ",\"kind\":\"%s\"", wire_error_text(sample->kind));
    add_u64(out, "at_ns", sample->at_ns);
    add_u64(out, "elapsed_ns", sample->elapsed_ns);
    add_u64(out, "status", sample->status);
    add_cut(out, "detail", sample->detail);
    add_cut(out, "request", sample->request);
    add_cut(out, "response", sample->response);
    return end_frame(out, begin);
}

int wire_encode_log(struct buf *out, enum log_level level, struct str message)
{
    size_t begin = begin_frame(out, WIRE_LOG);
    buf_add_format(out, ",\"level\":\"%s\"", wire_level_text(level));
    add_cut(out, "message", message);
    return end_frame(out, begin);
}

int wire_encode_done(struct buf *out, const struct wire_done *done)
{
    size_t begin = begin_frame(out, WIRE_DONE);
    buf_add_format(out, ",\"stopped\":%s", done->stopped ? "true" : "false");
    add_u64(out, "elapsed_ns", done->elapsed_ns);
    add_u64(out, "unfinished", done->unfinished);
    return end_frame(out, begin);
}

int wire_encode_plan(struct buf *out, uint32_t worker, uint32_t workers, struct str scenario)
{
    size_t begin = begin_frame(out, WIRE_PLAN);
    add_u64(out, "worker", worker);
    add_u64(out, "workers", workers);
    add_string(out, "scenario", scenario);
    return end_frame(out, begin);
}

int wire_encode_start(struct buf *out, uint64_t wall_ns)
{
    size_t begin = begin_frame(out, WIRE_START);
    /* As text: Unix time in nanoseconds is beyond what a double holds exactly. */
    buf_add_format(out, ",\"wall_ns\":\"%" PRIu64 "\"", wall_ns);
    return end_frame(out, begin);
}

int wire_encode_load(struct buf *out, uint64_t wall_ns, double factor)
{
    size_t begin = begin_frame(out, WIRE_LOAD);
    buf_add_format(out, ",\"wall_ns\":\"%" PRIu64 "\",\"factor\":%.17g", wall_ns, factor);
    return end_frame(out, begin);
}

int wire_encode_stop(struct buf *out)
{
    return end_frame(out, begin_frame(out, WIRE_STOP));
}
