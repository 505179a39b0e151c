/* notes: says in words where the numbers are the generator's doing and not the target's, worst
 * first, and what to do about it. */
#include <inttypes.h>

#include "result_priv.h"

/* Lag that a person should know about: it is in the latency of what was sent late. Below a tenth
 * of a millisecond it is the timer's own grain. */
static const double LAG_NOTED_MS = 1.0;
static const double LAG_NOTED_SHARE = 0.1; /* of the median latency */
static const double LAG_IGNORED_MS = 0.1;

__attribute__((format(printf, 2, 3))) static void note(json_t *notes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    json_array_append_new(notes, json_vsprintf(format, args));
    va_end(args);
}

static void note_lost(const struct result *r, json_t *notes)
{
    uint32_t lost = 0;
    for (uint32_t w = 0; w < r->worker_count; w++)
        lost += r->workers[w].state == WORKER_LOST;
    if (lost > 0)
        note(notes,
             "%u of %u workers %s lost before the end: their share of the load and of these "
             "numbers is missing. The reason of the run says why; the machine's log may say more.",
             lost, r->worker_count, lost == 1 ? "was" : "were");
}

static void note_local_errors(const struct result *r, json_t *notes)
{
    uint64_t n = result_total(r)->counts.error_kinds[WIRE_ERR_LOCAL];
    if (n > 0)
        note(notes,
             "%" PRIu64 " requests failed on this machine, out of descriptors, ports or memory: "
             "raise the limit of open files (ulimit -n), keep connections alive, or use fewer "
             "users.",
             n);
}

static void note_cpu(const struct result *r, json_t *notes)
{
    if (r->cpu_busy > 0)
        note(notes,
             "A worker used %.0f %% of its core (over %.0f %% in %" PRIu64 " of %" PRIu64
             " worker-seconds): the generator was the limit, not the target. Use more workers, or "
             "less load.",
             r->cpu_max * 100, RESULT_CPU_BUSY * 100, r->cpu_busy, r->cpu_count);
}

static void note_lag(const struct result *r, json_t *notes)
{
    double lag_ms = hist_percentile_us(&r->send_lag, 99) / 1000;
    double median_ms = hist_percentile_us(&result_total(r)->latency, 50) / 1000;
    if (lag_ms > LAG_NOTED_MS || (lag_ms > LAG_IGNORED_MS && lag_ms > LAG_NOTED_SHARE * median_ms))
        note(notes,
             "Requests left up to %.2f ms late (99th percentile; median latency is %.2f ms): "
             "latencies contain that. The machine was busy with something else, or a worker with "
             "too much: use more workers, or a quieter machine.",
             lag_ms, median_ms);
}

static void note_arrivals(const struct result *r, json_t *notes)
{
    if (r->dropped > 0)
        note(notes,
             "%" PRIu64 " of %" PRIu64 " planned arrivals were never started, since no user was "
             "free%s: the target was too slow for this rate with so few users. Raise max_users, or "
             "lower the rate.",
             r->dropped, r->arrivals,
             r->late ? " until the end" : " and the scenario says to drop them then");
    if (r->late > 0)
        note(notes,
             "%" PRIu64 " of %" PRIu64 " arrivals had to wait for a free user; their wait is part "
             "of the latency. Raise max_users if that is not what you meant to test.",
             r->late, r->arrivals);
}

json_t *result_notes(const struct result *r)
{
    json_t *notes = json_array();
    note_lost(r, notes);
    note_local_errors(r, notes);
    note_cpu(r, notes);
    note_lag(r, notes);
    note_arrivals(r, notes);
    if (r->unfinished > 0)
        note(notes,
             "%" PRIu64 " requests were still waiting for their response when the drain time was "
             "over; they are not in these numbers. A longer \"drain\" waits for them.",
             r->unfinished);
    if (r->warm_up > 0)
        note(notes,
             "The first %u s were warm-up: the charts show them, these numbers leave them out.",
             r->warm_up);
    if (r->stopped)
        note(notes, "The run was stopped before its planned end.");
    return notes;
}
