/* runner: starts workers somewhere and hands up their frames. `runner_local` starts them as child
 * processes on this machine; other places (Fargate) implement the same interface. Knows what a
 * frame is, but neither merges numbers nor decides when a run has failed.
 */
#ifndef SQUALL_RUNNER_H
#define SQUALL_RUNNER_H

#include <uv.h>

#include "squall/base.h"
#include "squall/wire.h"

/* What a runner tells its owner; called on the loop, never from inside a runner_* call. */
struct runner_events {
    void (*ready)(void *owner, uint32_t worker);
    void (*frame)(void *owner, uint32_t worker, const struct wire_frame *frame);
    /* The worker is gone, after all its frames: `reason` is NULL when it sent `done` and exited
     * with 0, else a sentence ("worker 2 was killed by signal 9"). Exactly once a worker. */
    void (*gone)(void *owner, uint32_t worker, const char *reason);
};

struct runner {
    const struct runner_impl *impl;
};

struct runner_impl {
    const char *name;
    int (*start)(struct runner *r, uint64_t wall_ns, struct err *e);
    int (*load)(struct runner *r, uint64_t wall_ns, double factor, struct err *e);
    void (*stop)(struct runner *r);
    void (*kill)(struct runner *r);
    void (*kill_worker)(struct runner *r, uint32_t worker);
    void (*close)(struct runner *r, void (*closed)(void *owner));
};

/* Sends the start instant to every worker. */
int runner_start(struct runner *r, uint64_t wall_ns, struct err *e);
/* Changes the level on every worker, from an instant on that should still be ahead when they get to
 * know of it. */
int runner_load(struct runner *r, uint64_t wall_ns, double factor, struct err *e);
/* Asks every worker to stop sending and drain. */
void runner_stop(struct runner *r);
/* Ends what is left with SIGKILL; `gone` still comes for each. */
void runner_kill(struct runner *r);
/* The same for one of them. */
void runner_kill_worker(struct runner *r, uint32_t worker);
/* Kills what is left and frees; `closed` is called once nothing of it is left on the loop. No other
 * event comes any more; it may be called from one. */
void runner_close(struct runner *r, void (*closed)(void *owner));

struct runner_local_options {
    uv_loop_t *loop;
    const char *executable; /* the squalld binary; NULL: /proc/self/exe */
    uint32_t workers;
    struct str scenario; /* the document's text; copied */
    const struct runner_events *events;
    void *owner;
    struct log *log;
};

/* Spawns the workers and sends each its plan. A process that starts workers must ignore SIGPIPE. */
int runner_local_new(const struct runner_local_options *options, struct runner **out,
                     struct err *e);

#endif
