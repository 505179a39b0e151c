/* result: merging. A tick is checked as a whole before any of it is counted. */
#include "squall/result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "result_priv.h"

struct result *result_new(const struct str *names, size_t name_count, uint32_t workers)
{
    struct result *r = mem_alloc(sizeof *r);
    r->name_count = name_count;
    r->names = mem_alloc((name_count + 1) * sizeof *r->names);
    for (size_t i = 0; i < name_count; i++)
        r->names[i] = (struct str){mem_copy_text(names[i].ptr, names[i].len), names[i].len};
    r->worker_count = workers;
    r->workers = mem_alloc(workers * sizeof *r->workers);
    r->totals = mem_alloc((name_count + 1) * sizeof *r->totals);
    for (size_t i = 0; i <= name_count; i++) {
        hist_init(&r->totals[i].latency);
        for (int m = 0; m < WIRE_METRIC_COUNT; m++)
            hist_init(&r->totals[i].metrics[m]);
    }
    seconds_init(&r->seconds, name_count + 1);
    hist_init(&r->send_lag);
    hist_init(&r->scratch);
    return r;
}

void result_free(struct result *r)
{
    if (!r)
        return;
    for (size_t i = 0; i <= r->name_count; i++) {
        result_counts_fini(&r->totals[i].counts);
        hist_fini(&r->totals[i].latency);
        for (int m = 0; m < WIRE_METRIC_COUNT; m++)
            hist_fini(&r->totals[i].metrics[m]);
    }
    for (size_t i = 0; i < r->name_count; i++)
        free((char *)r->names[i].ptr);
    for (size_t i = 0; i < r->sample_count; i++)
        for (size_t t = 0; t < 3; t++)
            free(r->samples[i].texts[t]);
    seconds_fini(&r->seconds);
    hist_fini(&r->send_lag);
    hist_fini(&r->scratch);
    free(r->changes);
    free(r->totals);
    free(r->workers);
    free(r->names);
    free(r);
}

void result_set_warm_up(struct result *r, uint32_t seconds)
{
    r->warm_up = seconds;
}

static bool is_warm_up(const struct result *r, const struct wire_tick *tick)
{
    return tick->second < r->warm_up;
}

/* ---- ticks ----------------------------------------------------------------------------------- */

/* Into r->scratch. */
static int decode(struct result *r, struct str base64, struct err *e)
{
    hist_clear(&r->scratch);
    return base64.len ? hist_add_base64(&r->scratch, base64, e) : 0;
}

static int check_request(struct result *r, const struct wire_request_tick *t, struct err *e)
{
    if (t->name_id >= r->name_count)
        return err_set(e, -EBADMSG, "there is no request number %u", t->name_id);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < t->latency_count; i++)
        rc = decode(r, t->latency[i].histogram, e);
    for (int m = 0; rc == 0 && m < WIRE_METRIC_COUNT; m++)
        rc = decode(r, t->metrics[m], e);
    return rc;
}

static int check_tick(struct result *r, uint32_t worker, const struct wire_tick *tick,
                      struct err *e)
{
    if (worker >= r->worker_count || r->workers[worker].state != WORKER_ALIVE)
        return err_set(e, -EBADMSG, "no such worker is at work");
    if (tick->second > r->workers[worker].next)
        return err_set(e, -EBADMSG, "second %u came where %u was due", tick->second,
                       r->workers[worker].next);
    int rc = decode(r, tick->send_lag, e);
    for (size_t i = 0; rc == 0 && i < tick->request_count; i++)
        rc = check_request(r, &tick->requests[i], e);
    return rc;
}

/* What is on the clock's side of a tick: gauges count once a worker and second. */
static void add_gauges(struct result *r, struct worker *w, const struct wire_tick *tick,
                       struct result_second *s)
{
    if (tick->second < w->next)
        return; /* a second tick for the same second, at the very end */
    w->next = tick->second + 1;
    s->workers++;
    s->users += tick->users;
    s->connections += tick->connections;
    s->cpu += tick->cpu;
    if (s->cpu_max < tick->cpu)
        s->cpu_max = tick->cpu;
    if (is_warm_up(r, tick))
        return;
    if (r->cpu_max < tick->cpu)
        r->cpu_max = tick->cpu;
    r->cpu_sum += tick->cpu;
    r->cpu_count++;
    r->cpu_busy += tick->cpu > RESULT_CPU_BUSY;
}

static void add_arrivals(struct result *r, const struct wire_tick *tick, struct result_second *s)
{
    s->arrivals += tick->arrivals;
    s->dropped += tick->dropped;
    s->late += tick->late;
    decode(r, tick->send_lag, NULL);
    hist_merge(&s->send_lag, &r->scratch);
    if (is_warm_up(r, tick))
        return;
    r->arrivals += tick->arrivals;
    r->dropped += tick->dropped;
    r->late += tick->late;
    hist_merge(&r->send_lag, &r->scratch);
}

/* To the second in which the requests ended: their counts and service times. */
static void add_completions(struct result *r, const struct wire_tick *tick,
                            const struct wire_request_tick *t, struct result_second *s)
{
    const size_t of[] = {t->name_id, r->name_count};
    for (size_t i = 0; i < 2; i++) {
        if (!is_warm_up(r, tick))
            counts_add_tick(&r->totals[of[i]].counts, t);
        counts_add_tick(&s->points[of[i]].counts, t);
    }
    for (int m = 0; m < WIRE_METRIC_COUNT; m++) {
        if (t->metrics[m].len == 0)
            continue;
        decode(r, t->metrics[m], NULL);
        for (size_t i = 0; i < 2; i++) {
            if (!is_warm_up(r, tick))
                hist_merge(&r->totals[of[i]].metrics[m], &r->scratch);
            if (m == WIRE_SERVICE)
                hist_merge(&s->points[of[i]].service, &r->scratch);
        }
    }
}

/* To the second for which the requests were planned. */
static void add_latencies(struct result *r, const struct wire_tick *tick,
                          const struct wire_request_tick *t)
{
    const size_t of[] = {t->name_id, r->name_count};
    for (size_t l = 0; l < t->latency_count; l++) {
        /* Nothing ends before it was planned. */
        uint32_t second = t->latency[l].second;
        struct result_second *s =
            seconds_open(&r->seconds, second < tick->second ? second : tick->second);
        decode(r, t->latency[l].histogram, NULL);
        for (size_t i = 0; i < 2; i++) {
            if (!is_warm_up(r, tick))
                hist_merge(&r->totals[of[i]].latency, &r->scratch);
            hist_merge(&s->points[of[i]].latency, &r->scratch);
        }
        s->dirty = true;
    }
}

int result_add_tick(struct result *r, uint32_t worker, const struct wire_tick *tick, struct err *e)
{
    int rc = check_tick(r, worker, tick, e);
    if (rc < 0)
        return rc;
    struct result_second *s = seconds_open(&r->seconds, tick->second);
    s->dirty = true;
    add_gauges(r, &r->workers[worker], tick, s);
    add_arrivals(r, tick, s);
    for (size_t i = 0; i < tick->request_count; i++)
        add_completions(r, tick, &tick->requests[i], s);
    for (size_t i = 0; i < tick->request_count; i++)
        add_latencies(r, tick, &tick->requests[i]);
    return 0;
}

/* ---- other frames ---------------------------------------------------------------------------- */

static struct str keep(struct sample *into, size_t i, struct str text)
{
    into->texts[i] = mem_copy_text(text.ptr, text.len);
    return (struct str){into->texts[i], text.len};
}

void result_add_sample(struct result *r, const struct wire_sample *sample)
{
    size_t alike = 0;
    for (size_t i = 0; i < r->sample_count; i++) {
        const struct wire_sample *s = &r->samples[i].sample;
        alike += s->name_id == sample->name_id && s->kind == sample->kind;
    }
    if (sample->name_id >= r->name_count || alike >= WIRE_SAMPLES_PER_KIND ||
        r->sample_count == RESULT_SAMPLES_MAX)
        return;
    struct sample *into = &r->samples[r->sample_count++];
    into->sample = *sample;
    into->sample.detail = keep(into, 0, sample->detail);
    into->sample.request = keep(into, 1, sample->request);
    into->sample.response = keep(into, 2, sample->response);
}

void result_add_done(struct result *r, uint32_t worker, const struct wire_done *done)
{
    if (worker >= r->worker_count || r->workers[worker].state != WORKER_ALIVE)
        return;
    r->workers[worker].state = WORKER_DONE;
    r->workers[worker].elapsed_ns = done->elapsed_ns;
    r->unfinished += done->unfinished;
    r->stopped |= done->stopped;
}

void result_add_change(struct result *r, uint64_t at_ns, double factor)
{
    r->changes = mem_resize(r->changes, (r->change_count + 1) * sizeof *r->changes);
    r->changes[r->change_count++] = (struct change){at_ns, factor};
}

void result_worker_lost(struct result *r, uint32_t worker)
{
    if (worker < r->worker_count && r->workers[worker].state == WORKER_ALIVE)
        r->workers[worker].state = WORKER_LOST;
}

/* ---- what there is --------------------------------------------------------------------------- */

bool result_complete_second(const struct result *r, uint32_t *second)
{
    if (!r->seconds.any)
        return false;
    uint32_t next = r->seconds.newest + 1;
    for (uint32_t w = 0; w < r->worker_count; w++)
        if (r->workers[w].state == WORKER_ALIVE && r->workers[w].next < next)
            next = r->workers[w].next;
    *second = next - 1;
    return next > 0;
}

const struct result_second *result_second_at(struct result *r, uint32_t second)
{
    return seconds_find(&r->seconds, second);
}

const struct result_second *result_take_dirty(struct result *r)
{
    uint32_t complete;
    if (!result_complete_second(r, &complete))
        return NULL;
    struct result_second *s = seconds_dirty(&r->seconds, complete);
    if (s)
        s->dirty = false;
    return s;
}

size_t result_name_count(const struct result *r)
{
    return r->name_count;
}

struct str result_name(const struct result *r, uint32_t name_id)
{
    return r->names[name_id];
}

const struct result_total *result_total(const struct result *r)
{
    return &r->totals[r->name_count];
}

const struct result_total *result_total_of(const struct result *r, uint32_t name_id)
{
    return &r->totals[name_id];
}

/* As the workers measured it; while one is at work, and of one that was lost, what it reported. */
double result_duration_s(const struct result *r)
{
    uint64_t longest_ns = 0;
    for (uint32_t w = 0; w < r->worker_count; w++) {
        const struct worker *worker = &r->workers[w];
        uint64_t ns = worker->state == WORKER_DONE ? worker->elapsed_ns : worker->next * NS_PER_S;
        if (longest_ns < ns)
            longest_ns = ns;
    }
    return (double)longest_ns / (double)NS_PER_S;
}

double result_measured_s(const struct result *r)
{
    double measured = result_duration_s(r) - r->warm_up;
    return measured > 0 ? measured : 0;
}
