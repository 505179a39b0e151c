/* pacer: calls back at instants, to the microsecond. All instants of a worker (arrivals, ends of
 * think times, deadlines of connections, the second's tick) are in one heap; one timerfd with an
 * absolute instant of CLOCK_MONOTONIC wakes the loop for the earliest of them. libuv's own timers
 * have a grain of a millisecond, which would be the largest error of the whole measurement.
 */
#ifndef ENGINE_PACER_H
#define ENGINE_PACER_H

#include <uv.h>

#include "squall/base.h"

struct alarm;
/* `now_ns` was read when the batch that the call belongs to began. */
typedef void alarm_fn(struct alarm *a, uint64_t now_ns);

/* Embedded in what it wakes. */
struct alarm {
    alarm_fn *fire;
    uint64_t due_ns;
    size_t slot; /* in the heap; ALARM_IDLE: not set */
};

#define ALARM_IDLE SIZE_MAX

struct alarm_slot {
    uint64_t due_ns;
    struct alarm *alarm;
};

struct pacer {
    struct clock *clock;
    struct alarm_slot *heap;
    size_t count, cap;
    uint64_t batch_ns; /* when the latest batch began: all due by then were in it */
    int timer_fd;
    uint64_t armed_ns; /* what the timer is set to; UINT64_MAX: it is not */
    uv_poll_t wake;
    uv_prepare_t before_poll;
    /* Called in each turn after the alarms, before the loop sleeps; may set alarms. NULL: none */
    void (*after_batch)(void *owner);
    void *after_batch_owner;
};

int pacer_init(struct pacer *p, uv_loop_t *loop, struct clock *clock, struct err *e);
/* After the loop has closed its handles. */
void pacer_fini(struct pacer *p);

void alarm_init(struct alarm *a, alarm_fn *fire);
/* Sets it, or moves it. One that is due already is called soon, never from inside. */
void pacer_set(struct pacer *p, struct alarm *a, uint64_t due_ns);
void pacer_cancel(struct pacer *p, struct alarm *a);

static inline bool alarm_is_set(const struct alarm *a)
{
    return a->slot != ALARM_IDLE;
}

#endif
