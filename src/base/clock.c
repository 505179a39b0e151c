/* clock: the system's clocks, and one that a test turns by hand. */
#include <time.h>

#include "squall/base.h"

static uint64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t system_mono(struct clock *self)
{
    (void)self;
    return read_clock(CLOCK_MONOTONIC);
}

static uint64_t system_wall(struct clock *self)
{
    (void)self;
    return read_clock(CLOCK_REALTIME);
}

struct clock *clock_system(void)
{
    static struct clock system = {system_mono, system_wall}; /* never changed */
    return &system;
}

static uint64_t manual_mono(struct clock *self)
{
    return ((struct clock_manual *)self)->mono_now_ns;
}

static uint64_t manual_wall(struct clock *self)
{
    return ((struct clock_manual *)self)->wall_now_ns;
}

void clock_manual_init(struct clock_manual *c, uint64_t mono_ns, uint64_t wall_ns)
{
    *c = (struct clock_manual){{manual_mono, manual_wall}, mono_ns, wall_ns};
}

void clock_manual_advance(struct clock_manual *c, uint64_t ns)
{
    c->mono_now_ns += ns;
    c->wall_now_ns += ns;
}
