/* thresholds: judges the numbers by the plan's thresholds, second by second. A window is the
 * difference of two states of the whole, so that its percentiles come from a merged histogram, and
 * a slow answer is in the window in which it came, however long ago it was planned.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "result_priv.h"

/* What the whole had come to after some seconds. */
struct mark {
    uint32_t elapsed_s;
    uint64_t count, errors;
    struct buf times; /* a histogram, encoded; empty: nothing in it */
};

struct judged {
    struct result_verdict verdict;
    struct mark *marks; /* of a window: oldest first, from `first` on */
    size_t first, count, cap;
    bool finished;
};

struct result_thresholds {
    struct judged *items;
    size_t count;
    uint32_t load_s;
};

/* ---- what is measured ------------------------------------------------------------------------ */

static bool is_time(const struct plan_threshold *t)
{
    return t->statistic != PLAN_STATISTIC_NONE;
}

/* It can only be met with time, and arrivals end with the load. */
static bool needs_arrivals(const struct plan_threshold *t)
{
    return !is_time(t) && t->metric != PLAN_METRIC_ERROR_RATE && t->comparison >= PLAN_ABOVE;
}

static const struct result_total *total_of(const struct result *r, const struct plan_threshold *t)
{
    return t->name_id == PLAN_ALL_NAMES ? result_total(r) : result_total_of(r, t->name_id);
}

static const struct hist *times_of(const struct result *r, const struct plan_threshold *t)
{
    static const enum wire_metric metrics[] = {
        [PLAN_METRIC_SERVICE] = WIRE_SERVICE, [PLAN_METRIC_DNS] = WIRE_DNS,
        [PLAN_METRIC_CONNECT] = WIRE_CONNECT, [PLAN_METRIC_TLS] = WIRE_TLS,
        [PLAN_METRIC_SEND] = WIRE_SEND,       [PLAN_METRIC_WAIT] = WIRE_WAIT,
        [PLAN_METRIC_RECEIVE] = WIRE_RECEIVE,
    };
    if (t->metric == PLAN_METRIC_SEND_LAG)
        return &r->send_lag;
    if (t->metric == PLAN_METRIC_LATENCY)
        return &total_of(r, t)->latency;
    return &total_of(r, t)->metrics[metrics[t->metric]];
}

static uint64_t count_of(const struct result *r, const struct plan_threshold *t)
{
    switch (t->metric) {
    case PLAN_METRIC_DROPPED:
        return r->dropped;
    case PLAN_METRIC_LATE:
        return r->late;
    case PLAN_METRIC_ERRORS:
        return total_of(r, t)->counts.errors;
    default:
        return total_of(r, t)->counts.requests;
    }
}

static double statistic_of(const struct hist *h, const struct plan_threshold *t)
{
    switch (t->statistic) {
    case PLAN_STATISTIC_MIN:
        return (double)h->min_us / 1000;
    case PLAN_STATISTIC_MEAN:
        return hist_mean_us(h) / 1000;
    case PLAN_STATISTIC_STDEV:
        return hist_stdev_us(h) / 1000;
    case PLAN_STATISTIC_MAX:
        return (double)h->max_us / 1000;
    default:
        return hist_percentile_us(h, t->percent) / 1000;
    }
}

/* Should the whole begin anew, as after a warm-up, nothing was before. */
static uint64_t since(uint64_t now, uint64_t before)
{
    return now >= before ? now - before : now;
}

/* The value since `mark` (NULL: since the start), in `seconds`; false when there is none. */
static bool measure(const struct result *r, const struct plan_threshold *t, const struct mark *mark,
                    double seconds, double *value)
{
    if (is_time(t)) {
        struct hist times, before;
        hist_init(&times);
        hist_init(&before);
        hist_merge(&times, times_of(r, t));
        if (mark && mark->times.len > 0)
            hist_add_encoded(&before, mark->times.ptr, mark->times.len, NULL);
        if (mark)
            hist_subtract(&times, &before);
        bool any = times.total > 0;
        *value = any ? statistic_of(&times, t) : 0;
        hist_fini(&times);
        hist_fini(&before);
        return any;
    }
    uint64_t count = since(count_of(r, t), mark ? mark->count : 0);
    *value = (double)count;
    if (t->metric == PLAN_METRIC_RATE) {
        *value = seconds > 0 ? (double)count / seconds : 0;
        return seconds > 0;
    }
    if (t->metric != PLAN_METRIC_ERROR_RATE)
        return true;
    uint64_t errors = since(total_of(r, t)->counts.errors, mark ? mark->errors : 0);
    *value = count > 0 ? 100 * (double)errors / (double)count : 0;
    return count > 0;
}

static bool holds(const struct plan_threshold *t, double value)
{
    switch (t->comparison) {
    case PLAN_BELOW:
        return value < t->limit;
    case PLAN_AT_MOST:
        return value <= t->limit;
    case PLAN_ABOVE:
        return value > t->limit;
    case PLAN_AT_LEAST:
        break;
    }
    return value >= t->limit;
}

/* ---- windows --------------------------------------------------------------------------------- */

static uint32_t whole_seconds(uint64_t ns)
{
    return (uint32_t)((ns + NS_PER_S - 1) / NS_PER_S);
}

static void add_mark(struct judged *j, const struct result *r, uint32_t elapsed_s)
{
    const struct plan_threshold *t = j->verdict.threshold;
    if (j->first + j->count == j->cap && j->first > 0) {
        for (size_t i = 0; i < j->count; i++)
            j->marks[i] = j->marks[j->first + i];
        j->first = 0;
    } else if (j->count == j->cap) {
        j->cap = 2 * j->cap + 16;
        j->marks = mem_resize(j->marks, j->cap * sizeof *j->marks);
    }
    struct mark *mark = &j->marks[j->first + j->count++];
    *mark = (struct mark){.elapsed_s = elapsed_s};
    buf_init(&mark->times, SIZE_MAX);
    if (elapsed_s == 0)
        return;
    mark->count = count_of(r, t);
    mark->errors = total_of(r, t)->counts.errors;
    if (is_time(t) && times_of(r, t)->total > 0)
        hist_encode(times_of(r, t), &mark->times);
}

/* The mark at which the window that ends now begins; NULL when it would begin before the start. */
static const struct mark *window_begin(struct judged *j, uint32_t elapsed_s)
{
    uint32_t window_s = whole_seconds(j->verdict.threshold->window_ns);
    while (j->count > 1 && j->marks[j->first + 1].elapsed_s + window_s <= elapsed_s) {
        buf_fini(&j->marks[j->first++].times);
        j->count--;
    }
    const struct mark *mark = &j->marks[j->first];
    return mark->elapsed_s + window_s <= elapsed_s ? mark : NULL;
}

/* ---- judging --------------------------------------------------------------------------------- */

static void note_broken(struct result_verdict *v, uint32_t second)
{
    if (!v->broken)
        v->first_broken_s = second;
    v->broken = true;
}

static bool is_worse(const struct result_verdict *v, double value)
{
    return v->threshold->comparison >= PLAN_ABOVE ? value < v->value : value > v->value;
}

static void take_window(struct result_verdict *v, double value, uint32_t second)
{
    if (!v->measured || is_worse(v, value))
        v->value = value;
    v->measured = true;
    if (!holds(v->threshold, value))
        note_broken(v, second);
    v->passed = !v->broken;
}

static void judge_window(struct judged *j, const struct result *r, uint32_t second, uint32_t load_s)
{
    struct result_verdict *v = &j->verdict;
    const struct plan_threshold *t = v->threshold;
    uint32_t elapsed_s = second + 1;
    const struct mark *mark = window_begin(j, elapsed_s);
    double value;
    bool due = mark && elapsed_s * NS_PER_S >= t->grace_ns;
    bool fair = !needs_arrivals(t) || elapsed_s <= load_s;
    if (due && fair && measure(r, t, mark, elapsed_s - mark->elapsed_s, &value))
        take_window(v, value, second);
    add_mark(j, r, elapsed_s);
}

static void judge_whole(struct judged *j, const struct result *r, uint32_t second)
{
    struct result_verdict *v = &j->verdict;
    const struct plan_threshold *t = v->threshold;
    v->measured = measure(r, t, NULL, result_measured_s(r), &v->value);
    v->passed = v->measured && holds(t, v->value);
    bool count = needs_arrivals(t) && t->metric != PLAN_METRIC_RATE; /* grows until the end */
    if (v->measured && !v->passed && !count && (second + 1) * NS_PER_S >= t->grace_ns)
        note_broken(v, second);
}

/* In the warm-up: the first windows begin at its end, with nothing counted. */
static const struct result_verdict *wait_for_measuring(struct result_thresholds *t, uint32_t second)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].count > 0)
            t->items[i].marks[t->items[i].first].elapsed_s = second + 1;
    return NULL;
}

const struct result_verdict *result_thresholds_judge(struct result_thresholds *t,
                                                     const struct result *r, uint32_t second)
{
    const struct result_verdict *ends = NULL;
    if (second < r->warm_up)
        return wait_for_measuring(t, second);
    for (size_t i = 0; i < t->count; i++) {
        struct judged *j = &t->items[i];
        struct result_verdict *v = &j->verdict;
        if (v->threshold->window_ns > 0)
            judge_window(j, r, second, t->load_s);
        else
            judge_whole(j, r, second);
        bool now = v->measured && !v->passed && v->broken && second + 1 < t->load_s;
        if (ends || !now || !v->threshold->abort)
            continue;
        v->aborted = true;
        ends = v;
    }
    return ends;
}

void result_thresholds_finish(struct result_thresholds *t, const struct result *r)
{
    uint32_t last;
    if (!result_complete_second(r, &last))
        last = 0;
    for (size_t i = 0; i < t->count; i++) {
        struct judged *j = &t->items[i];
        struct result_verdict *v = &j->verdict;
        double value, measured_s = result_measured_s(r);
        j->finished = true;
        if (v->threshold->window_ns == 0) {
            v->measured = measure(r, v->threshold, NULL, measured_s, &v->value);
            v->passed = v->measured && holds(v->threshold, v->value);
            if (v->measured && !v->passed)
                note_broken(v, last);
        } else if (!v->measured) { /* shorter than its window: what there is counts as one */
            if (measure(r, v->threshold, NULL, measured_s, &value))
                take_window(v, value, last);
        }
        v->passed = v->passed && !v->aborted;
    }
}

bool result_thresholds_passed(const struct result_thresholds *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (!t->items[i].verdict.passed)
            return false;
    return true;
}

/* ---- making and telling ---------------------------------------------------------------------- */

struct result_thresholds *result_thresholds_new(const struct plan_threshold *list, size_t count,
                                                uint32_t load_s)
{
    struct result_thresholds *t = mem_alloc(sizeof *t);
    t->items = mem_alloc((count + 1) * sizeof *t->items);
    t->count = count;
    t->load_s = load_s;
    for (size_t i = 0; i < count; i++) {
        t->items[i].verdict.threshold = &list[i];
        if (list[i].window_ns > 0)
            add_mark(&t->items[i], NULL, 0);
    }
    return t;
}

void result_thresholds_free(struct result_thresholds *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++) {
        struct judged *j = &t->items[i];
        for (size_t m = 0; m < j->count; m++)
            buf_fini(&j->marks[j->first + m].times);
        free(j->marks);
    }
    free(t->items);
    free(t);
}

void result_thresholds_end_load(struct result_thresholds *t, uint32_t load_s)
{
    if (load_s < t->load_s)
        t->load_s = load_s;
}

static json_t *verdict_json(const struct judged *j)
{
    const struct result_verdict *v = &j->verdict;
    const struct plan_threshold *t = v->threshold;
    bool open = !j->finished && (!v->measured || (!v->passed && !v->broken));
    json_t *out = json_object();
    json_object_set_new(out, "text", json_stringn(t->text.ptr, t->text.len));
    json_object_set_new(out, "passed", open ? json_null() : json_boolean(v->passed));
    json_object_set_new(out, "value",
                        v->measured ? json_real(round(v->value * 1e4) / 1e4) : json_null());
    json_object_set_new(out, "limit", json_real(t->limit));
    json_object_set_new(out, "unit", json_string(t->unit));
    json_object_set_new(out, "aborted", json_boolean(v->aborted));
    json_object_set_new(out, "first_broken_s",
                        v->broken ? json_integer(v->first_broken_s) : json_null());
    return out;
}

json_t *result_thresholds_json(const struct result_thresholds *t)
{
    json_t *out = json_array();
    for (size_t i = 0; i < t->count; i++)
        json_array_append_new(out, verdict_json(&t->items[i]));
    return out;
}

void result_value_text(char out[RESULT_VALUE_SIZE], double value, const char *unit)
{
    /* Three digits, as everywhere, and no exponent. */
    int decimals = value == floor(value) || fabs(value) >= 100 ? 0 : fabs(value) >= 10 ? 1 : 2;
    const char *blank = unit[0] == '\0' || unit[0] == '/' ? "" : " ";
    if (value != 0 && fabs(value) < 1)
        decimals = 3;
    snprintf(out, RESULT_VALUE_SIZE, "%.*f%s%s", decimals, value, blank, unit);
}
