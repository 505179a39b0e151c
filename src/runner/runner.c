/* runner: what every kind of runner answers to; each passes it on to its implementation. */
#include "squall/runner.h"

int runner_start(struct runner *r, uint64_t wall_ns, struct err *e)
{
    return r->impl->start(r, wall_ns, e);
}

int runner_load(struct runner *r, uint64_t wall_ns, double factor, struct err *e)
{
    return r->impl->load(r, wall_ns, factor, e);
}

void runner_stop(struct runner *r)
{
    r->impl->stop(r);
}

void runner_kill(struct runner *r)
{
    r->impl->kill(r);
}

void runner_kill_worker(struct runner *r, uint32_t worker)
{
    r->impl->kill_worker(r, worker);
}

void runner_close(struct runner *r, void (*closed)(void *owner))
{
    r->impl->close(r, closed);
}
