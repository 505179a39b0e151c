/* run: the life of one run, from queued to its final state. Holds the state machine and its
 * deadlines, starts and watches a runner, and merges what comes into a result. Used alike by the
 * daemon (which stores what it is told) and by the terminal. Knows neither SQL nor HTTP.
 *
 *   queued -> provisioning -> ready -> running -> collecting -> complete
 *       \          \            \         \            \-----> failed
 *        \----------\------------\---------\-----------------> cancelled
 *
 * Each state but the last three has a deadline. A run always ends: whatever dies, it is final
 * within 60 s of its planned end or of the loss, with the results that did arrive and the reason
 * in words.
 */
#ifndef SQUALL_RUN_H
#define SQUALL_RUN_H

#include <uv.h>

#include "squall/base.h"
#include "squall/plan.h"
#include "squall/result.h"

enum run_state {
    RUN_QUEUED,
    RUN_PROVISIONING,
    RUN_READY,
    RUN_RUNNING,
    RUN_COLLECTING,
    RUN_COMPLETE,
    RUN_FAILED,
    RUN_CANCELLED,
};

const char *run_state_text(enum run_state state);
bool run_state_of(struct str text, enum run_state *state);
bool run_state_final(enum run_state state);
bool run_state_may_follow(enum run_state from, enum run_state to);

struct run;

/* Told in order, on the loop. */
struct run_observer {
    /* Called before the new state is acted on, so that it can be stored first. `reason` is a
     * sentence for failed and cancelled, and for a run that was stopped; else NULL. A negative
     * answer (an errno) fails the run. */
    int (*state)(void *owner, struct run *run, enum run_state to, const char *reason);
    /* For each second in order, once every worker has reported it; afterwards only latencies may
     * still change in it (see result_take_dirty). */
    void (*second)(void *owner, struct run *run, const struct result_second *second);
    /* Once, after the final state: nothing more will come and run_free may be called. */
    void (*finished)(void *owner, struct run *run);
};

struct run_options {
    uv_loop_t *loop;
    struct clock *clock;
    struct log *log;
    const char *id;                /* copied; in log lines */
    const char *executable;        /* NULL: /proc/self/exe */
    struct str scenario;           /* the document's text; copied */
    uint32_t workers;              /* 0: as many as the plan wants */
    const char *const *thresholds; /* beside those of the document */
    size_t threshold_count;
    const struct run_observer *observer;
    void *owner;
};

/* Checks the scenario and makes a run in state queued; nothing is started yet. `problems` are those
 * of the document; when there are none, `e` says what is wrong with a threshold beside it. */
int run_new(const struct run_options *options, struct run **out, struct plan_problems *problems,
            struct err *e);
/* queued to provisioning (the observer is told from inside): spawns the workers; the rest follows
 * on the loop, the failure to spawn too. Negative only for a run that was begun or stopped before:
 * whenever it is 0, `finished` will come. */
int run_begin(struct run *run, struct err *e);
/* Ends it early. While running it drains, and the run ends as complete with `stopped` noted in its
 * reason; before that it ends as cancelled. The observer is told later, on the loop; `finished`
 * comes for a run that was never begun, too. Idempotent. */
void run_stop(struct run *run, const char *reason);
/* Changes the level: from *at_ns after the start on, a third of a second ahead, it is the planned
 * one times `factor`, on every worker from the same instant. -EINVAL: not 0 to PLAN_FACTOR_MAX, or
 * more load than a plan may have; -EBUSY: it is not running, or is being stopped, or was changed
 * too often. */
int run_change(struct run *run, double factor, uint64_t *at_ns, struct err *e);
double run_factor(const struct run *run); /* the latest; 1: as planned */
/* Only when finished, or neither begun nor stopped. */
void run_free(struct run *run);

enum run_state run_state(const struct run *run);
const char *run_id(const struct run *run);
const char *run_reason(const struct run *run); /* NULL: none */
const struct plan *run_plan(const struct run *run);
struct result *run_result(const struct run *run);
uint64_t run_started_wall_ns(const struct run *run); /* 0: not yet */
uint32_t run_workers(const struct run *run);
/* Complete, with at least one request; where there are thresholds, they alone decide about the
 * rest: none is broken; else no request failed and no check. */
bool run_passed(const struct run *run);
/* The result document with what the run knows beside the numbers: state, reason, and passed (null
 * until it is final). New reference. */
json_t *run_document(const struct run *run);

#endif
