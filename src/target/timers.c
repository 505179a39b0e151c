/* timers: see timers.h. */
#include "timers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

int target_timers_init(struct target_timers *t, struct err *e)
{
    *t = (struct target_timers){0};
    t->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (t->fd < 0)
        return err_set(e, -errno, "cannot make a timer: %s", strerror(errno));
    return 0;
}

void target_timers_fini(struct target_timers *t)
{
    close(t->fd);
    free(t->heap);
}

/* ---- the heap -------------------------------------------------------------------------------- */

static void put(struct target_timers *t, size_t place, struct target_timer *timer)
{
    t->heap[place] = timer;
    timer->place = place;
}

static void rise(struct target_timers *t, size_t place, struct target_timer *timer)
{
    for (; place > 1 && timer->due_ns < t->heap[place / 2]->due_ns; place /= 2)
        put(t, place, t->heap[place / 2]);
    put(t, place, timer);
}

static void sink(struct target_timers *t, size_t place, struct target_timer *timer)
{
    for (size_t child; (child = 2 * place) <= t->count; place = child) {
        if (child < t->count && t->heap[child + 1]->due_ns < t->heap[child]->due_ns)
            child++;
        if (timer->due_ns <= t->heap[child]->due_ns)
            break;
        put(t, place, t->heap[child]);
    }
    put(t, place, timer);
}

void target_timers_set(struct target_timers *t, struct target_timer *timer, uint64_t due_ns)
{
    target_timers_clear(t, timer);
    if (t->count + 1 >= t->room) {
        t->room = t->room ? 2 * t->room : 64;
        t->heap = mem_resize(t->heap, t->room * sizeof *t->heap);
    }
    timer->due_ns = due_ns;
    rise(t, ++t->count, timer);
}

void target_timers_clear(struct target_timers *t, struct target_timer *timer)
{
    size_t place = timer->place;
    if (place == 0)
        return;
    timer->place = 0;
    struct target_timer *last = t->heap[t->count--];
    if (last == timer)
        return;
    if (last->due_ns < timer->due_ns)
        rise(t, place, last);
    else
        sink(t, place, last);
}

struct target_timer *target_timers_take(struct target_timers *t, uint64_t now_ns)
{
    if (t->count == 0 || t->heap[1]->due_ns > now_ns)
        return NULL;
    struct target_timer *first = t->heap[1];
    target_timers_clear(t, first);
    return first;
}

/* ---- the descriptor -------------------------------------------------------------------------- */

/* An instant that is no longer wanted stays armed: one wake-up for nothing costs less than a call
 * for each change. */
void target_timers_arm(struct target_timers *t)
{
    if (t->count == 0 || t->heap[1]->due_ns == t->armed_ns)
        return;
    t->armed_ns = t->heap[1]->due_ns;
    struct itimerspec at = {.it_value = {.tv_sec = (time_t)(t->armed_ns / NS_PER_S),
                                         .tv_nsec = (long)(t->armed_ns % NS_PER_S)}};
    timerfd_settime(t->fd, TFD_TIMER_ABSTIME, &at, NULL);
}
