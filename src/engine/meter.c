/* meter: see meter.h. */
#include "meter.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void meter_init(struct meter *m, size_t name_count)
{
    memset(m, 0, sizeof *m);
    m->name_count = name_count;
    m->names = mem_alloc(name_count * sizeof *m->names);
    for (size_t i = 0; i < name_count; i++)
        for (int k = 0; k < WIRE_METRIC_COUNT; k++)
            hist_init(&m->names[i].metrics[k]);
    hist_init(&m->send_lag);
}

void meter_fini(struct meter *m)
{
    for (size_t i = 0; i < m->name_count; i++) {
        struct meter_name *n = &m->names[i];
        for (int k = 0; k < WIRE_METRIC_COUNT; k++)
            hist_fini(&n->metrics[k]);
        for (size_t s = 0; s < n->slot_cap; s++)
            hist_fini(&n->slots[s].latency);
        free(n->slots);
    }
    hist_fini(&m->send_lag);
    free(m->names);
}

static uint64_t own_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

void meter_start(struct meter *m, uint64_t start_ns)
{
    m->start_ns = start_ns;
    m->last_done_ns = start_ns;
    m->tick_ns = start_ns;
    m->cpu_ns = own_cpu_ns();
}

/* ---- recording ------------------------------------------------------------------------------- */

static struct hist *add_slot(struct meter_name *n, uint32_t second)
{
    if (n->slot_count == n->slot_cap) {
        size_t cap = n->slot_cap ? 2 * n->slot_cap : 4;
        n->slots = mem_resize(n->slots, cap * sizeof *n->slots);
        for (size_t i = n->slot_cap; i < cap; i++)
            hist_init(&n->slots[i].latency);
        n->slot_cap = cap;
    }
    n->slot_last = n->slot_count++;
    n->slots[n->slot_last].second = second;
    return &n->slots[n->slot_last].latency;
}

static struct hist *slot_of(struct meter_name *n, uint32_t second)
{
    if (n->slot_last < n->slot_count && n->slots[n->slot_last].second == second)
        return &n->slots[n->slot_last].latency;
    for (size_t i = n->slot_count; i-- > 0;) {
        if (n->slots[i].second == second) {
            n->slot_last = i;
            return &n->slots[i].latency;
        }
    }
    return add_slot(n, second);
}

static void record_phases(struct meter_name *n, const struct exchange *x)
{
    for (int k = 0; k < WIRE_METRIC_COUNT; k++)
        if (x->phases >> k & 1)
            hist_record_ns(&n->metrics[k], x->phase_ns[k]);
}

/* A response has all its times. A time-out has those that it reached: what it waited is at least
 * its latency, and leaving it out would flatter the target. Any other failure is no answer, and
 * how soon it came says nothing of how fast the target is. */
static void record_times(struct meter *m, struct meter_name *n, const struct exchange *x,
                         bool answered, uint64_t now_ns)
{
    uint64_t since_ns = x->planned_ns > m->start_ns ? x->planned_ns - m->start_ns : 0;
    hist_record_ns(slot_of(n, (uint32_t)(since_ns / NS_PER_S)), now_ns - x->planned_ns);
    if (x->sent_ns)
        hist_record_ns(&n->metrics[WIRE_SERVICE], now_ns - x->sent_ns);
    if (!answered)
        return;
    /* An answer may begin before the whole request is sent. */
    uint64_t sent_all_ns =
        x->sent_all_ns && x->sent_all_ns < x->first_byte_ns ? x->sent_all_ns : x->first_byte_ns;
    hist_record_ns(&n->metrics[WIRE_SEND], sent_all_ns - x->sent_ns);
    hist_record_ns(&n->metrics[WIRE_WAIT], x->first_byte_ns - sent_all_ns);
    hist_record_ns(&n->metrics[WIRE_RECEIVE], now_ns - x->first_byte_ns);
}

void meter_exchange(struct meter *m, const struct exchange *x, struct meter_outcome outcome,
                    uint64_t now_ns)
{
    struct meter_name *n = &m->names[x->request->plan->name_id];
    bool answered = !outcome.failed || outcome.kind == WIRE_ERR_CHECK_FAILED ||
                    outcome.kind == WIRE_ERR_CAPTURE_FAILED;
    n->requests++;
    n->bytes_in += x->bytes_in;
    n->bytes_out += x->bytes_out;
    if (outcome.status)
        n->status[outcome.status]++;
    if (outcome.failed) {
        n->errors++;
        n->error_kinds[outcome.kind]++;
    }
    if (x->phases)
        record_phases(n, x);
    if (answered || outcome.timed_out)
        record_times(m, n, x, answered, now_ns);
    m->last_done_ns = now_ns;
}

/* ---- ticks ----------------------------------------------------------------------------------- */

/* A text inside the buffer that all histograms of a tick are written to, which moves as it grows.
 */
struct span {
    size_t at, len;
};

static struct span encode_hist(struct buf *texts, struct hist *h)
{
    struct span s = {texts->len, 0};
    if (h->total > 0) {
        hist_encode_base64(h, texts);
        hist_clear(h);
    }
    s.len = texts->len - s.at;
    return s;
}

static struct str text_of(const struct buf *texts, struct span s)
{
    return (struct str){texts->ptr + s.at, s.len};
}

/* What one name's histograms became. */
struct name_spans {
    struct span metrics[WIRE_METRIC_COUNT];
    struct span *latency;
};

static void encode_name(struct meter_name *n, struct buf *texts, struct name_spans *out)
{
    for (int k = 0; k < WIRE_METRIC_COUNT; k++)
        out->metrics[k] = encode_hist(texts, &n->metrics[k]);
    out->latency = mem_alloc((n->slot_count + 1) * sizeof *out->latency);
    for (size_t i = 0; i < n->slot_count; i++)
        out->latency[i] = encode_hist(texts, &n->slots[i].latency);
}

static void fill_status(struct meter_name *n, struct wire_request_tick *out)
{
    out->status = mem_alloc(METER_STATUS_END * sizeof *out->status);
    for (uint32_t s = 0; s < METER_STATUS_END; s++)
        if (n->status[s] > 0)
            out->status[out->status_count++] = (struct wire_status_count){s, n->status[s]};
}

static void fill_name(struct meter_name *n, const struct buf *texts, const struct name_spans *spans,
                      struct wire_request_tick *out)
{
    out->requests = n->requests;
    out->errors = n->errors;
    out->bytes_in = n->bytes_in;
    out->bytes_out = n->bytes_out;
    memcpy(out->error_kinds, n->error_kinds, sizeof out->error_kinds);
    fill_status(n, out);
    for (int k = 0; k < WIRE_METRIC_COUNT; k++)
        out->metrics[k] = text_of(texts, spans->metrics[k]);
    out->latency = mem_alloc((n->slot_count + 1) * sizeof *out->latency);
    out->latency_count = n->slot_count;
    for (size_t i = 0; i < n->slot_count; i++)
        out->latency[i] =
            (struct wire_latency){n->slots[i].second, text_of(texts, spans->latency[i])};
}

static void clear_name(struct meter_name *n)
{
    n->requests = n->errors = n->bytes_in = n->bytes_out = 0;
    memset(n->error_kinds, 0, sizeof n->error_kinds);
    memset(n->status, 0, sizeof n->status);
    n->slot_count = 0; /* encode_name has emptied them */
    n->slot_last = 0;
}

static void fill_requests(struct meter *m, const struct buf *texts, const struct name_spans *spans,
                          struct wire_tick *tick)
{
    tick->requests = mem_alloc((m->name_count + 1) * sizeof *tick->requests);
    for (size_t i = 0; i < m->name_count; i++) {
        if (m->names[i].requests == 0)
            continue;
        struct wire_request_tick *r = &tick->requests[tick->request_count++];
        r->name_id = (uint32_t)i;
        fill_name(&m->names[i], texts, &spans[i], r);
    }
}

static void free_requests(struct wire_tick *tick)
{
    for (size_t i = 0; i < tick->request_count; i++) {
        free(tick->requests[i].status);
        free(tick->requests[i].latency);
    }
    free(tick->requests);
}

static void fill_generator(struct meter *m, struct wire_tick *tick, uint64_t now_ns)
{
    if (now_ns >= m->tick_ns + METER_CPU_MIN_MS * NS_PER_MS) {
        uint64_t cpu_ns = own_cpu_ns();
        m->cpu = (double)(cpu_ns - m->cpu_ns) / (double)(now_ns - m->tick_ns);
        m->cpu_ns = cpu_ns;
        m->tick_ns = now_ns;
    }
    tick->cpu = m->cpu;
    tick->arrivals = m->arrivals;
    tick->dropped = m->dropped;
    tick->late = m->late;
    m->arrivals = m->dropped = m->late = 0;
}

int meter_encode_tick(struct meter *m, struct wire_tick *tick, uint64_t now_ns, struct buf *out)
{
    AUTO(buf_fini) struct buf texts;
    buf_init(&texts, WIRE_LINE_MAX);
    struct name_spans *spans = mem_alloc((m->name_count + 1) * sizeof *spans);
    for (size_t i = 0; i < m->name_count; i++)
        if (m->names[i].requests > 0)
            encode_name(&m->names[i], &texts, &spans[i]);
    struct span lag = encode_hist(&texts, &m->send_lag);
    tick->send_lag = text_of(&texts, lag);
    fill_generator(m, tick, now_ns);
    fill_requests(m, &texts, spans, tick);
    int rc = wire_encode_tick(out, tick);
    free_requests(tick);
    for (size_t i = 0; i < m->name_count; i++) {
        if (m->names[i].requests > 0)
            clear_name(&m->names[i]);
        free(spans[i].latency);
    }
    free(spans);
    return rc;
}
