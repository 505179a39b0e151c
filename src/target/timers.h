/* timers: instants to the nanosecond on one timerfd: a heap of them, the earliest armed. epoll's
 * own time-outs have the grain of a millisecond, which would be the error of every short delay.
 */
#ifndef SQUALL_TARGET_TIMERS_H
#define SQUALL_TARGET_TIMERS_H

#include "squall/base.h"

/* Embedded in what it belongs to. */
struct target_timer {
    uint64_t due_ns;
    size_t place; /* in the heap, from 1; 0: not set */
    void *owner;
};

struct target_timers {
    int fd;                     /* for epoll, edge-triggered: it is never read */
    uint64_t armed_ns;          /* 0: not */
    struct target_timer **heap; /* from 1 */
    size_t count, room;
};

int target_timers_init(struct target_timers *t, struct err *e);
void target_timers_fini(struct target_timers *t);
void target_timers_set(struct target_timers *t, struct target_timer *timer, uint64_t due_ns);
void target_timers_clear(struct target_timers *t, struct target_timer *timer);
/* The earliest of those due by now, cleared; NULL when there is none. */
struct target_timer *target_timers_take(struct target_timers *t, uint64_t now_ns);
/* Before each wait: makes the descriptor fire at the earliest instant. */
void target_timers_arm(struct target_timers *t);

#endif
