/* meter: what a worker counts and measures between two ticks. Everything is an array indexed by a
 * small integer; nothing is looked up by name.
 */
#ifndef ENGINE_METER_H
#define ENGINE_METER_H

#include "exchange.h"
#include "squall/hist.h"

enum {
    METER_STATUS_END = 600,
    /* A tick that comes sooner after another (seconds that are caught up with) tells of the same
     * processor time: so short an interval has none to speak of. */
    METER_CPU_MIN_MS = 10,
};

/* Latencies planned for one second. */
struct meter_slot {
    uint32_t second;
    struct hist latency;
};

struct meter_name {
    uint64_t requests, errors, bytes_in, bytes_out;
    uint64_t error_kinds[WIRE_ERR_COUNT];
    uint64_t status[METER_STATUS_END];
    struct hist metrics[WIRE_METRIC_COUNT];
    struct meter_slot *slots; /* the first slot_count of slot_cap are in use */
    size_t slot_count, slot_cap;
    size_t slot_last; /* the one that was used last: mostly the next one too */
};

struct meter {
    uint64_t start_ns; /* second 0 begins */
    struct meter_name *names;
    size_t name_count;
    struct hist send_lag;
    uint64_t arrivals, dropped, late;
    uint64_t last_done_ns;
    double cpu;      /* share of a core up to the last tick that measured it */
    uint64_t cpu_ns; /* own processor time then */
    uint64_t tick_ns;
};

void meter_init(struct meter *m, size_t name_count);
void meter_fini(struct meter *m);
/* Measuring begins. */
void meter_start(struct meter *m, uint64_t start_ns);

/* What a request came to. */
struct meter_outcome {
    unsigned status; /* 0: no response */
    bool failed;
    enum wire_error kind; /* when failed */
    bool timed_out;       /* it failed because it took too long, in whatever phase */
};

void meter_exchange(struct meter *m, const struct exchange *x, struct meter_outcome outcome,
                    uint64_t now_ns);

static inline void meter_send_lag(struct meter *m, uint64_t ns)
{
    hist_record_ns(&m->send_lag, ns);
}

/* The frame of the interval that ends now, and all counts back to zero. `tick` has second, users
 * and connections filled in. */
int meter_encode_tick(struct meter *m, struct wire_tick *tick, uint64_t now_ns, struct buf *out);

#endif
