/* result: merges the ticks of all workers into one run's numbers: totals, per-second series, and
 * the result document that the terminal, the API and exports share. Pure computation: no I/O, no
 * clock.
 */
#ifndef SQUALL_RESULT_H
#define SQUALL_RESULT_H

#include <jansson.h>

#include "squall/base.h"
#include "squall/hist.h"
#include "squall/plan.h"
#include "squall/wire.h"

enum {
    /* Latency belongs to the second it was planned for; so many of the latest seconds can still
     * take some. What comes later still is put into the oldest of them (in the chart only: totals
     * are exact). */
    RESULT_OPEN_SECONDS = 120,
    RESULT_SAMPLES_MAX = 200,
};

struct result_counts {
    uint64_t requests;
    uint64_t errors;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t error_kinds[WIRE_ERR_COUNT];
    struct wire_status_count *status; /* codes that occurred, ascending */
    size_t status_count;
};

void result_counts_add_status(struct result_counts *c, uint32_t status, uint64_t count);
/* Empty again, its memory freed. */
void result_counts_fini(struct result_counts *c);

/* Totals of one request name, or of all. */
struct result_total {
    struct result_counts counts;
    struct hist latency;
    struct hist metrics[WIRE_METRIC_COUNT];
};

/* One request name in one second; name_id == result.name_count stands for all names together. */
struct result_point {
    uint32_t second;
    uint32_t name_id;
    struct result_counts counts;
    struct hist latency; /* planned in this second */
    struct hist service; /* completed in this second */
};

/* The whole run in one second. */
struct result_second {
    uint32_t second;
    uint32_t users;
    uint32_t connections;
    uint32_t workers; /* that reported it */
    uint64_t arrivals;
    uint64_t dropped;
    uint64_t late;
    double cpu;     /* sum over workers: 1 is a core */
    double cpu_max; /* of the busiest worker */
    struct hist send_lag;
    struct result_point *points; /* name_count + 1 of them, by name_id; the last is all together */
    bool dirty;                  /* changed since result_take_dirty gave it out */
};

struct result;

/* `names` are copied. */
struct result *result_new(const struct str *names, size_t name_count, uint32_t workers);
void result_free(struct result *r);
/* Ticks of the first so many seconds are kept apart: in the seconds, not in the totals. Before the
 * first tick. */
void result_set_warm_up(struct result *r, uint32_t seconds);

/* Merges one tick. -EBADMSG (and nothing merged) when a histogram in it is damaged. */
int result_add_tick(struct result *r, uint32_t worker, const struct wire_tick *tick, struct err *e);
void result_add_sample(struct result *r, const struct wire_sample *sample);
void result_add_done(struct result *r, uint32_t worker, const struct wire_done *done);
/* The level was changed: from `at_ns` after the start on it is the planned one times `factor`. */
void result_add_change(struct result *r, uint64_t at_ns, double factor);
void result_worker_lost(struct result *r, uint32_t worker);

/* The latest second that every worker still alive has reported; false when there is none. */
bool result_complete_second(const struct result *r, uint32_t *second);
/* NULL when it is not open any more (or not yet). Borrowed until the next call that takes a
 * `struct result *` (seconds that nobody asked for in a while are kept packed). */
const struct result_second *result_second_at(struct result *r, uint32_t second);
/* The next complete second with changes that were not given out, marking it clean; NULL: no more.
 * Borrowed in the same way. */
const struct result_second *result_take_dirty(struct result *r);

size_t result_name_count(const struct result *r);
struct str result_name(const struct result *r, uint32_t name_id);
const struct result_total *result_total(const struct result *r); /* all names */
const struct result_total *result_total_of(const struct result *r, uint32_t name_id);

/* As the workers measured it; the seconds they have reported while one is at work. */
double result_duration_s(const struct result *r);
/* The same without the warm-up: what the totals are of. */
double result_measured_s(const struct result *r);

/* The result document (see openapi.json, "Result"): requests, errors, duration_s, rate_per_s,
 * bytes_in, bytes_out, status, error_kinds, latency_ms, service_ms, phases_ms, generator,
 * warm_up_s, by_request, samples, changes, notes. New reference, the caller's. Can be asked at any
 * time of a run. */
json_t *result_document(const struct result *r);
/* One second for the live stream and the series (see openapi.json, "Second"). */
json_t *result_second_document(const struct result *r, const struct result_second *s);
/* {count,min,mean,stdev,p50,p90,p95,p99,p999,max} in ms. */
json_t *result_summary_json(const struct hist *h);

/* ---- thresholds: what a plan asks of the numbers ----------------------------------------------
 */
struct result_verdict {
    const struct plan_threshold *threshold;
    bool measured; /* there is a value */
    double value;  /* in the threshold's unit: of the run up to now, or the worst of any window */
    bool passed;   /* up to now */
    bool broken;   /* after some second it did not hold; the whole run may have recovered */
    uint32_t first_broken_s;
    bool aborted; /* it ended the run */
};

struct result_thresholds;

/* `list` is borrowed. `load_s` is the length of the load: arrivals do not go on after it. */
struct result_thresholds *result_thresholds_new(const struct plan_threshold *list, size_t count,
                                                uint32_t load_s);
void result_thresholds_free(struct result_thresholds *t);
/* The load ends earlier than planned. */
void result_thresholds_end_load(struct result_thresholds *t, uint32_t load_s);
/* Judges what `r` has when all workers have reported `second`. The threshold that asks for the end
 * of the run, NULL when none does. */
const struct result_verdict *result_thresholds_judge(struct result_thresholds *t,
                                                     const struct result *r, uint32_t second);
/* Judges the whole: no more numbers will come. */
void result_thresholds_finish(struct result_thresholds *t, const struct result *r);
/* None is broken. One for which nothing was ever measured has not been met. */
bool result_thresholds_passed(const struct result_thresholds *t);
/* As in openapi.json, "Verdict". New reference. */
json_t *result_thresholds_json(const struct result_thresholds *t);
/* "412 ms": a value in its unit. */
enum { RESULT_VALUE_SIZE = 64 };
void result_value_text(char out[RESULT_VALUE_SIZE], double value, const char *unit);

#endif
