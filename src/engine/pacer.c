/* pacer: see pacer.h. Due alarms are called once in each turn of the loop, just before it polls, so
 * that a turn which the sockets have kept busy delays none of them by more than itself. */
#include "pacer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* ---- a heap with four children a node: half as deep as with two, and a node's children share a
 * cache line ----------------------------------------------------------------------------------- */
enum { FAN = 4 };

static void put(struct pacer *p, size_t at, struct alarm_slot slot)
{
    p->heap[at] = slot;
    slot.alarm->slot = at;
}

static void sift_up(struct pacer *p, size_t at, struct alarm_slot slot)
{
    while (at > 0) {
        size_t parent = (at - 1) / FAN;
        if (p->heap[parent].due_ns <= slot.due_ns)
            break;
        put(p, at, p->heap[parent]);
        at = parent;
    }
    put(p, at, slot);
}

static void sift_down(struct pacer *p, size_t at, struct alarm_slot slot)
{
    for (;;) {
        size_t first = at * FAN + 1, least = first;
        if (first >= p->count)
            break;
        size_t end = first + FAN < p->count ? first + FAN : p->count;
        for (size_t child = first + 1; child < end; child++)
            if (p->heap[child].due_ns < p->heap[least].due_ns)
                least = child;
        if (p->heap[least].due_ns >= slot.due_ns)
            break;
        put(p, at, p->heap[least]);
        at = least;
    }
    put(p, at, slot);
}

void alarm_init(struct alarm *a, alarm_fn *fire)
{
    a->fire = fire;
    a->due_ns = 0;
    a->slot = ALARM_IDLE;
}

void pacer_set(struct pacer *p, struct alarm *a, uint64_t due_ns)
{
    if (due_ns <= p->batch_ns) /* of the present batch it is not: the sockets get their turn */
        due_ns = p->batch_ns + 1;
    struct alarm_slot slot = {due_ns, a};
    uint64_t before_ns = a->due_ns;
    a->due_ns = due_ns;
    if (a->slot == ALARM_IDLE) {
        if (p->count == p->cap) {
            p->cap = p->cap ? 2 * p->cap : 64;
            p->heap = mem_resize(p->heap, p->cap * sizeof *p->heap);
        }
        sift_up(p, p->count++, slot);
    } else if (due_ns < before_ns) {
        sift_up(p, a->slot, slot);
    } else {
        sift_down(p, a->slot, slot);
    }
}

void pacer_cancel(struct pacer *p, struct alarm *a)
{
    if (a->slot == ALARM_IDLE)
        return;
    size_t at = a->slot;
    a->slot = ALARM_IDLE;
    struct alarm_slot last = p->heap[--p->count];
    if (at == p->count)
        return;
    if (at > 0 && p->heap[(at - 1) / FAN].due_ns > last.due_ns)
        sift_up(p, at, last);
    else
        sift_down(p, at, last);
}

/* ---- the clock ------------------------------------------------------------------------------- */

/* Setting the timer anew also clears what it has to say of the past, which saves reading it. */
static void arm(struct pacer *p, uint64_t now_ns)
{
    uint64_t next_ns = p->count > 0 ? p->heap[0].due_ns : UINT64_MAX;
    bool expired = p->armed_ns <= now_ns;
    if (next_ns == p->armed_ns && !expired)
        return;
    struct itimerspec when = {0}; /* zero: off */
    if (next_ns != UINT64_MAX) {
        when.it_value.tv_sec = (time_t)(next_ns / NS_PER_S);
        when.it_value.tv_nsec = (long)(next_ns % NS_PER_S);
    }
    timerfd_settime(p->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
    p->armed_ns = next_ns;
}

static void on_before_poll(uv_prepare_t *handle)
{
    struct pacer *p = handle->data;
    uint64_t now_ns = clock_mono_ns(p->clock);
    p->batch_ns = now_ns;
    while (p->count > 0 && p->heap[0].due_ns <= now_ns) {
        struct alarm *a = p->heap[0].alarm;
        pacer_cancel(p, a);
        a->fire(a, now_ns);
    }
    if (p->after_batch)
        p->after_batch(p->after_batch_owner);
    arm(p, now_ns);
}

static void on_wake(uv_poll_t *handle, int status, int events)
{
    (void)handle;
    (void)status;
    (void)events; /* on_before_poll does the work in any turn */
}

int pacer_init(struct pacer *p, uv_loop_t *loop, struct clock *clock, struct err *e)
{
    memset(p, 0, sizeof *p);
    p->clock = clock;
    p->armed_ns = UINT64_MAX;
    p->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (p->timer_fd < 0)
        return err_set(e, -errno, "cannot make a timer: %s", strerror(errno));
    prctl(PR_SET_TIMERSLACK, 1UL);
    uv_poll_init(loop, &p->wake, p->timer_fd);
    uv_poll_start(&p->wake, UV_READABLE, on_wake);
    uv_prepare_init(loop, &p->before_poll);
    p->before_poll.data = p;
    uv_prepare_start(&p->before_poll, on_before_poll);
    return 0;
}

void pacer_fini(struct pacer *p)
{
    close(p->timer_fd);
    free(p->heap);
}
