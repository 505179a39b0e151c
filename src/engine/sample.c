/* sample: shows a few failed requests in full, so that a person can see what went wrong. */

#include "sample.h"

enum { CLASS_CODES = 100, DETAIL_SIZE = 512, REQUEST_BYTES_MAX = 16 << 20 };

static bool whole_class(const struct plan_status_set *s, unsigned first)
{
    unsigned n = 0;
    while (n < CLASS_CODES && plan_status_ok(s, first + n))
        n++;
    return n == CLASS_CODES;
}

/* "2xx 3xx 404" */
static void say_expected(struct buf *out, const struct plan_status_set *s)
{
    for (unsigned first = CLASS_CODES; first < 6 * CLASS_CODES; first += CLASS_CODES) {
        if (whole_class(s, first)) {
            buf_add_format(out, " %uxx", first / CLASS_CODES);
            continue;
        }
        for (unsigned code = first; code < first + CLASS_CODES; code++)
            if (plan_status_ok(s, code))
                buf_add_format(out, " %u", code);
    }
}

static void add_h2_text(struct buf *out, const struct exchange *x, const struct conn *conn)
{
    struct h2_head head = {0};
    h2_head_fill(&head, conn->where->tls, x->bytes, NGHTTP2_NV_FLAG_NONE);
    h2_head_text(&head, out);
    h2_head_fini(&head);
}

void sample_encode(struct buf *out, const struct exchange *x, const struct meter_outcome *outcome,
                   const char *why, const struct conn *conn, uint64_t start_ns, uint64_t now_ns)
{
    AUTO(buf_fini) struct buf detail;
    AUTO(buf_fini) struct buf response;
    buf_init(&detail, DETAIL_SIZE);
    buf_init(&response, WIRE_SAMPLE_TEXT_MAX + CONN_SCRATCH);
    if (why)
        buf_add_text(&detail, why);
    else {
        buf_add_format(&detail, "status %u, expected", outcome->status);
        say_expected(&detail, &x->request->plan->expect);
    }
    AUTO(buf_fini) struct buf request;
    buf_init(&request, REQUEST_BYTES_MAX);
    if (x->http2)
        add_h2_text(&request, x, conn);
    if (conn)
        conn_response_text(conn, &response);
    struct wire_sample sample = {
        .name_id = x->request->plan->name_id,
        .kind = outcome->kind,
        .at_ns = x->planned_ns > start_ns ? x->planned_ns - start_ns : 0,
        .elapsed_ns = now_ns - x->planned_ns,
        .status = outcome->status,
        .detail = buf_str(&detail),
        .request = x->http2 ? buf_str(&request) : x->bytes,
        .response = buf_str(&response),
    };
    wire_encode_sample(out, &sample);
}
