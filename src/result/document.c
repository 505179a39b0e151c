/* document: results and seconds as JSON, in the shapes that openapi.json describes ("Result",
 * "Second", "Summary"). */
#include <math.h>
#include <stdio.h>

#include "result_priv.h"

static json_t *count_json(uint64_t n)
{
    return json_integer((json_int_t)n);
}

/* A tenth of a microsecond is more than was measured. */
static json_t *rounded(double value)
{
    return json_real(round(value * 1e4) / 1e4);
}

json_t *result_summary_json(const struct hist *h)
{
    struct hist_summary s;
    hist_summarize(h, &s);
    json_t *out = json_object();
    json_object_set_new(out, "count", count_json(s.count));
    json_object_set_new(out, "min", rounded(s.min));
    json_object_set_new(out, "mean", rounded(s.mean));
    json_object_set_new(out, "stdev", rounded(s.stdev));
    json_object_set_new(out, "p50", rounded(s.p50));
    json_object_set_new(out, "p90", rounded(s.p90));
    json_object_set_new(out, "p95", rounded(s.p95));
    json_object_set_new(out, "p99", rounded(s.p99));
    json_object_set_new(out, "p999", rounded(s.p999));
    json_object_set_new(out, "max", rounded(s.max));
    return out;
}

static void set_counts(json_t *out, const struct result_counts *c)
{
    json_object_set_new(out, "requests", count_json(c->requests));
    json_object_set_new(out, "errors", count_json(c->errors));
    json_object_set_new(out, "bytes_in", count_json(c->bytes_in));
    json_object_set_new(out, "bytes_out", count_json(c->bytes_out));
    json_t *status = json_object();
    for (size_t i = 0; i < c->status_count; i++) {
        char code[16];
        snprintf(code, sizeof code, "%u", c->status[i].status);
        json_object_set_new(status, code, count_json(c->status[i].count));
    }
    json_object_set_new(out, "status", status);
    json_t *kinds = json_object();
    for (int k = 0; k < WIRE_ERR_COUNT; k++)
        if (c->error_kinds[k] > 0)
            json_object_set_new(kinds, wire_error_text((enum wire_error)k),
                                count_json(c->error_kinds[k]));
    json_object_set_new(out, "error_kinds", kinds);
}

static json_t *phases_json(const struct result_total *t)
{
    json_t *out = json_object();
    for (int m = 0; m < WIRE_METRIC_COUNT; m++)
        if (m != WIRE_SERVICE)
            json_object_set_new(out, wire_metric_text((enum wire_metric)m),
                                result_summary_json(&t->metrics[m]));
    return out;
}

static json_t *total_json(const struct result_total *t, double duration_s)
{
    json_t *out = json_object();
    set_counts(out, &t->counts);
    double rate = duration_s > 0 ? (double)t->counts.requests / duration_s : 0;
    json_object_set_new(out, "rate_per_s", rounded(rate));
    json_object_set_new(out, "latency_ms", result_summary_json(&t->latency));
    json_object_set_new(out, "service_ms", result_summary_json(&t->metrics[WIRE_SERVICE]));
    json_object_set_new(out, "phases_ms", phases_json(t));
    return out;
}

static void add_pair(json_t *out, double percent, double us)
{
    json_t *pair = json_array();
    json_array_append_new(pair, json_real(percent));
    json_array_append_new(pair, rounded(us / 1000));
    json_array_append_new(out, pair);
}

/* Three points for each halving of what is left above: 0, 20.6, 37, 50, 60.3, ... 100, as far as
 * there are values to tell apart. */
static json_t *distribution_json(const struct hist *h)
{
    enum { PER_HALVING = 3, POINTS_MAX = 20 * PER_HALVING };
    json_t *out = json_array();
    if (h->total == 0)
        return out;
    for (int i = 0; i < POINTS_MAX; i++) {
        double left = exp2(-(double)i / PER_HALVING);
        if (left * (double)h->total < 1)
            break;
        double percent = round((1 - left) * 1e8) / 1e6;
        add_pair(out, percent, hist_percentile_us(h, percent));
    }
    add_pair(out, 100, (double)h->max_us);
    return out;
}

static json_t *generator_json(const struct result *r)
{
    json_t *out = json_object();
    double mean = r->cpu_count ? r->cpu_sum / (double)r->cpu_count : 0;
    json_object_set_new(out, "send_lag_ms", result_summary_json(&r->send_lag));
    json_object_set_new(out, "arrivals", count_json(r->arrivals));
    json_object_set_new(out, "dropped", count_json(r->dropped));
    json_object_set_new(out, "late", count_json(r->late));
    json_object_set_new(out, "cpu_fraction", rounded(mean));
    json_object_set_new(out, "cpu_max", rounded(r->cpu_max));
    json_object_set_new(out, "workers", count_json(r->worker_count));
    json_object_set_new(out, "unfinished", count_json(r->unfinished));
    return out;
}

static json_t *text_json(struct str text)
{
    return json_stringn(text.ptr, text.len);
}

static json_t *sample_json(const struct result *r, const struct wire_sample *s)
{
    json_t *out = json_object();
    json_object_set_new(out, "request", text_json(r->names[s->name_id]));
    json_object_set_new(out, "kind", json_string(wire_error_text(s->kind)));
    json_object_set_new(out, "at_s", rounded((double)s->at_ns / (double)NS_PER_S));
    json_object_set_new(out, "elapsed_ms", rounded((double)s->elapsed_ns / (double)NS_PER_MS));
    json_object_set_new(out, "status", json_integer(s->status));
    json_object_set_new(out, "detail", text_json(s->detail));
    json_object_set_new(out, "request_text", text_json(s->request));
    json_object_set_new(out, "response_text", text_json(s->response));
    return out;
}

static json_t *changes_json(const struct result *r)
{
    json_t *out = json_array();
    for (size_t i = 0; i < r->change_count; i++) {
        json_t *change = json_object();
        json_object_set_new(change, "s", rounded((double)r->changes[i].at_ns / (double)NS_PER_S));
        json_object_set_new(change, "factor", rounded(r->changes[i].factor));
        json_array_append_new(out, change);
    }
    return out;
}

json_t *result_document(const struct result *r)
{
    double duration_s = result_duration_s(r);
    json_t *out = total_json(result_total(r), result_measured_s(r));
    json_object_set_new(out, "duration_s", rounded(duration_s));
    json_object_set_new(out, "warm_up_s", json_integer(r->warm_up));
    json_object_set_new(out, "latency_distribution_ms",
                        distribution_json(&result_total(r)->latency));
    json_object_set_new(out, "generator", generator_json(r));
    json_t *by_request = json_object();
    for (size_t i = 0; i < r->name_count; i++)
        json_object_set_new(by_request, r->names[i].ptr,
                            total_json(&r->totals[i], result_measured_s(r)));
    json_object_set_new(out, "by_request", by_request);
    json_t *samples = json_array();
    for (size_t i = 0; i < r->sample_count; i++)
        json_array_append_new(samples, sample_json(r, &r->samples[i].sample));
    json_object_set_new(out, "samples", samples);
    json_object_set_new(out, "changes", changes_json(r));
    json_object_set_new(out, "notes", result_notes(r));
    return out;
}

static json_t *points_json(const struct result *r, const struct result_second *s)
{
    json_t *out = json_object();
    for (size_t i = 0; i < r->name_count; i++) {
        const struct result_point *p = &s->points[i];
        if (p->counts.requests == 0 && p->latency.total == 0)
            continue;
        json_t *point = json_object();
        json_object_set_new(point, "requests", count_json(p->counts.requests));
        json_object_set_new(point, "errors", count_json(p->counts.errors));
        json_object_set_new(point, "latency_ms", result_summary_json(&p->latency));
        json_object_set_new(out, r->names[i].ptr, point);
    }
    return out;
}

json_t *result_second_document(const struct result *r, const struct result_second *s)
{
    const struct result_point *all = &s->points[r->name_count];
    json_t *out = json_object();
    json_object_set_new(out, "s", json_integer(s->second));
    if (s->second < r->warm_up)
        json_object_set_new(out, "warm_up", json_true());
    json_object_set_new(out, "users", json_integer(s->users));
    json_object_set_new(out, "connections", json_integer(s->connections));
    json_object_set_new(out, "workers", json_integer(s->workers));
    set_counts(out, &all->counts);
    json_object_set_new(out, "latency_ms", result_summary_json(&all->latency));
    json_object_set_new(out, "service_ms", result_summary_json(&all->service));
    json_object_set_new(out, "arrivals", count_json(s->arrivals));
    json_object_set_new(out, "dropped", count_json(s->dropped));
    json_object_set_new(out, "late", count_json(s->late));
    json_object_set_new(out, "cpu", rounded(s->cpu));
    json_object_set_new(out, "cpu_max", rounded(s->cpu_max));
    json_object_set_new(out, "send_lag_ms", result_summary_json(&s->send_lag));
    json_object_set_new(out, "by_request", points_json(r, s));
    return out;
}
