/* run: the state machine. Everything that happens arrives in one of four ways: a worker is ready,
 * sent a frame, is gone, or the timer looked at the deadlines. Each of them may enter the next
 * state; `enter` is the only place where the state changes.
 */
#include "squall/run.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "squall/runner.h"
#include "states.h"

enum {
    LOOK_MS = 100, /* how often deadlines are looked at */
    REASON_MAX = 1024,
};

struct member { /* a worker, as the run sees it */
    uint64_t heard_ns;
    bool ready, done, gone;
};

struct run {
    uv_loop_t *loop;
    struct clock *clock;
    struct log *log;
    const struct run_observer *observer;
    void *owner;
    char *id;
    char *executable;
    char *scenario;
    size_t scenario_len;
    struct plan *plan;
    struct result *result;
    struct result_thresholds *thresholds;
    struct runner *runner;
    struct member *members;
    uint32_t workers;

    enum run_state state;
    bool failed;
    bool stop_wanted, stopped;
    bool killed; /* the deadline of collecting has passed once */
    char reason[REASON_MAX];
    uv_timer_t timer;
    bool timer_open;
    uint64_t deadline_ns; /* of the state */
    uint64_t start_ns;    /* the instant of second 0, on the monotonic clock */
    uint64_t started_wall_ns;
    double factor; /* of the latest change of level */
    uint32_t change_count;
    uint32_t next_second; /* the observer was told of all before */
};

static uint64_t now_ns(const struct run *run)
{
    return clock_mono_ns(run->clock);
}

static uint32_t count_ready(const struct run *run)
{
    uint32_t n = 0;
    for (uint32_t w = 0; w < run->workers; w++)
        n += run->members[w].ready;
    return n;
}

/* Workers from which no frame will come any more. */
static uint32_t count_over(const struct run *run)
{
    uint32_t n = 0;
    for (uint32_t w = 0; w < run->workers; w++)
        n += run->members[w].done || run->members[w].gone;
    return n;
}

static uint32_t count_gone(const struct run *run)
{
    uint32_t n = 0;
    for (uint32_t w = 0; w < run->workers; w++)
        n += run->members[w].gone;
    return n;
}

/* ---- entering a state ------------------------------------------------------------------------ */

static void fail(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void finish(struct run *run);

static void enter(struct run *run, enum run_state to)
{
    assert(run_state_may_follow(run->state, to));
    const char *reason = run->reason[0] ? run->reason : NULL;
    run->state = to;
    run->deadline_ns = now_ns(run) + run_state_limit_ns(to);
    log_info(run->log, "run enters a state", "run", run->id, "state", run_state_text(to),
             reason ? "reason" : NULL, reason, NULL);
    int rc = run->observer->state(run->owner, run, to, run_state_final(to) ? reason : NULL);
    if (run_state_final(to))
        finish(run);
    else if (rc < 0)
        fail(run, "cannot record that the run is %s: %s", run_state_text(to), strerror(-rc));
}

/* After the numbers of all seconds up to `complete` have come. */
static void judge(struct run *run, uint32_t complete)
{
    const struct result_verdict *v =
        result_thresholds_judge(run->thresholds, run->result, complete);
    if (!v)
        return;
    char reason[REASON_MAX], value[RESULT_VALUE_SIZE];
    result_value_text(value, v->value, v->threshold->unit);
    snprintf(reason, sizeof reason, "ended by a threshold after %u s: %.*s; it was %s",
             complete + 1, (int)v->threshold->text.len, v->threshold->text.ptr, value);
    run_stop(run, reason);
}

static void report_seconds(struct run *run)
{
    uint32_t complete;
    if (!result_complete_second(run->result, &complete))
        return;
    if (run->next_second <= complete)
        judge(run, complete);
    while (run->next_second <= complete) {
        const struct result_second *s = result_second_at(run->result, run->next_second++);
        if (s)
            run->observer->second(run->owner, run, s);
    }
}

/* What did not arrive by now does not arrive any more. */
static void enter_final(struct run *run)
{
    for (uint32_t w = 0; w < run->workers; w++)
        if (!run->members[w].done)
            result_worker_lost(run->result, w);
    report_seconds(run);
    result_thresholds_finish(run->thresholds, run->result);
    enter(run, run->failed ? RUN_FAILED : RUN_COMPLETE);
}

/* Asks for the end of what still runs, and gives it the time of collecting. */
static void collect(struct run *run)
{
    runner_stop(run->runner);
    enter(run, RUN_COLLECTING);
}

/* Keeps the first reason. A run that has begun to send still gathers what the others have. */
static void fail(struct run *run, const char *format, ...)
{
    if (!run->failed) {
        va_list args;
        va_start(args, format);
        vsnprintf(run->reason, sizeof run->reason, format, args);
        va_end(args);
    }
    run->failed = true;
    if (run->state == RUN_RUNNING)
        collect(run);
    else if (run->state < RUN_RUNNING)
        enter(run, RUN_FAILED);
}

/* Goes on when nothing is awaited any more in the present state. */
static void settle(struct run *run)
{
    if (run->state == RUN_RUNNING && count_over(run) == run->workers)
        enter(run, RUN_COLLECTING);
    if (run->state == RUN_COLLECTING && count_gone(run) == run->workers)
        enter_final(run);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void on_timer_closed(uv_handle_t *handle)
{
    struct run *run = handle->data;
    run->timer_open = false;
    run->observer->finished(run->owner, run);
}

static void on_runner_closed(void *owner)
{
    struct run *run = owner;
    uv_close((uv_handle_t *)&run->timer, on_timer_closed);
}

static void finish(struct run *run)
{
    uv_timer_stop(&run->timer);
    struct runner *runner = run->runner;
    run->runner = NULL;
    if (runner)
        runner_close(runner, on_runner_closed);
    else
        on_runner_closed(run);
}

/* ---- what workers say ------------------------------------------------------------------------ */

/* All workers are ready: agree on an instant just ahead. */
static void set_start(struct run *run)
{
    enter(run, RUN_READY);
    if (run->state != RUN_READY)
        return;
    struct err e;
    uint64_t ahead_ns = RUN_START_AHEAD_MS * NS_PER_MS;
    run->start_ns = now_ns(run) + ahead_ns;
    run->started_wall_ns = clock_wall_ns(run->clock) + ahead_ns;
    run->deadline_ns = run->start_ns;
    for (uint32_t w = 0; w < run->workers; w++)
        run->members[w].heard_ns = run->start_ns;
    if (runner_start(run->runner, run->started_wall_ns, &e) < 0)
        fail(run, "%s", e.message);
}

static void on_ready(void *owner, uint32_t worker)
{
    struct run *run = owner;
    run->members[worker].ready = true;
    if (run->state == RUN_PROVISIONING && count_ready(run) == run->workers)
        set_start(run);
}

static void take_tick(struct run *run, uint32_t worker, const struct wire_tick *tick)
{
    struct err e;
    run->members[worker].heard_ns = now_ns(run);
    if (result_add_tick(run->result, worker, tick, &e) == 0)
        return report_seconds(run);
    runner_kill_worker(run->runner, worker);
    result_worker_lost(run->result, worker);
    fail(run, "worker %u of %u sent numbers that cannot be right: %s", worker + 1, run->workers,
         e.message);
}

static void take_log(struct run *run, uint32_t worker, const struct wire_frame *frame)
{
    char number[16], text[WIRE_SAMPLE_TEXT_MAX];
    snprintf(number, sizeof number, "%u", worker + 1);
    snprintf(text, sizeof text, "%.*s", (int)frame->log.message.len, frame->log.message.ptr);
    log_write(run->log, frame->log.level, "worker says", "run", run->id, "worker", number, "text",
              text, NULL);
}

static void on_frame(void *owner, uint32_t worker, const struct wire_frame *frame)
{
    struct run *run = owner;
    switch (frame->type) {
    case WIRE_TICK:
        return take_tick(run, worker, &frame->tick);
    case WIRE_SAMPLE:
        return result_add_sample(run->result, &frame->sample);
    case WIRE_LOG:
        return take_log(run, worker, frame);
    case WIRE_DONE:
        run->members[worker].done = true;
        result_add_done(run->result, worker, &frame->done);
        report_seconds(run);
        return settle(run);
    default:
        return;
    }
}

static void on_gone(void *owner, uint32_t worker, const char *reason)
{
    struct run *run = owner;
    run->members[worker].gone = true;
    result_worker_lost(run->result, worker);
    report_seconds(run);
    if (reason)
        fail(run, "%s", reason);
    else if (run->state < RUN_RUNNING)
        fail(run, "worker %u of %u ended before the start", worker + 1, run->workers);
    settle(run);
}

/* ---- deadlines ------------------------------------------------------------------------------- */

static void overdue(struct run *run)
{
    switch (run->state) {
    case RUN_PROVISIONING:
        return fail(run, "only %u of %u workers were ready within %u s", count_ready(run),
                    run->workers, (unsigned)(run_state_limit_ns(run->state) / NS_PER_S));
    case RUN_READY:
        enter(run, RUN_RUNNING);
        if (run->state != RUN_RUNNING)
            return;
        run->deadline_ns += run->plan->duration_ns + run->plan->drain_ns;
        return settle(run);
    case RUN_RUNNING:
        return fail(run, "only %u of %u workers had ended %u s after the end of load and drain",
                    count_over(run), run->workers,
                    (unsigned)(run_state_limit_ns(run->state) / NS_PER_S));
    case RUN_COLLECTING:
        if (run->killed)
            return enter_final(run);
        run->killed = true;
        run->deadline_ns = now_ns(run) + RUN_KILLED_S * NS_PER_S;
        fail(run, "only %u of %u workers had exited when they should have", count_gone(run),
             run->workers);
        return runner_kill(run->runner);
    default:
        return;
    }
}

static void look_for_silence(struct run *run)
{
    uint64_t now = now_ns(run);
    for (uint32_t w = 0; w < run->workers && run->state == RUN_RUNNING; w++) {
        struct member *m = &run->members[w];
        if (m->done || m->gone || now < m->heard_ns + RUN_SILENT_S * NS_PER_S)
            continue;
        runner_kill_worker(run->runner, w);
        fail(run, "worker %u of %u sent nothing for %d s and was killed", w + 1, run->workers,
             RUN_SILENT_S);
    }
}

static void stop_now(struct run *run)
{
    run->stop_wanted = false;
    run->stopped = true;
    if (run->state < RUN_RUNNING)
        return enter(run, RUN_CANCELLED);
    result_thresholds_end_load(run->thresholds,
                               (uint32_t)((now_ns(run) - run->start_ns) / NS_PER_S));
    uint64_t end_ns = now_ns(run) + run->plan->drain_ns + run_state_limit_ns(RUN_RUNNING);
    if (end_ns < run->deadline_ns)
        run->deadline_ns = end_ns;
    runner_stop(run->runner);
}

static bool stop_due(const struct run *run)
{
    return run->stop_wanted && run->state < RUN_COLLECTING;
}

static void arm(struct run *run);

static void on_timer(uv_timer_t *timer)
{
    struct run *run = timer->data;
    if (stop_due(run))
        stop_now(run);
    else if (run->state != RUN_QUEUED && now_ns(run) >= run->deadline_ns)
        overdue(run);
    look_for_silence(run);
    if (!run_state_final(run->state))
        arm(run);
}

static void arm(struct run *run)
{
    uint64_t now = now_ns(run);
    uint64_t ms = run->deadline_ns > now ? (run->deadline_ns - now) / NS_PER_MS + 1 : 0;
    if (stop_due(run))
        ms = 0;
    uv_timer_start(&run->timer, on_timer, ms < LOOK_MS ? ms : LOOK_MS, 0);
}

static void open_timer(struct run *run)
{
    uv_timer_init(run->loop, &run->timer);
    run->timer.data = run;
    run->timer_open = true;
}

/* Those that do not stand in the document. */
static int add_thresholds(struct plan *plan, const struct run_options *o, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < o->threshold_count && rc == 0; i++) {
        rc = plan_add_threshold(plan, str_of(o->thresholds[i]), e);
        if (rc < 0)
            err_prefix(e, "--threshold '%.100s'", o->thresholds[i]);
    }
    return rc;
}

/* ---- for the owner --------------------------------------------------------------------------- */

static const struct runner_events events = {
    .ready = on_ready,
    .frame = on_frame,
    .gone = on_gone,
};

int run_new(const struct run_options *o, struct run **out, struct plan_problems *problems,
            struct err *e)
{
    *out = NULL;
    struct plan *plan;
    if (plan_parse(o->scenario.ptr, o->scenario.len, &plan, problems) < 0)
        return err_set(e, -EINVAL, "the scenario is not valid");
    int rc = add_thresholds(plan, o, e);
    if (rc < 0) {
        plan_free(plan);
        return rc;
    }
    struct run *run = mem_alloc(sizeof *run);
    run->loop = o->loop;
    run->clock = o->clock;
    run->log = o->log;
    run->observer = o->observer;
    run->owner = o->owner;
    run->id = mem_copy_text(o->id, strlen(o->id));
    run->executable = o->executable ? mem_copy_text(o->executable, strlen(o->executable)) : NULL;
    run->scenario = mem_copy_text(o->scenario.ptr, o->scenario.len);
    run->scenario_len = o->scenario.len;
    run->plan = plan;
    run->factor = 1;
    run->workers = o->workers ? o->workers : plan_workers_wanted(plan, uv_available_parallelism());
    run->members = mem_alloc(run->workers * sizeof *run->members);
    run->result = result_new(plan->names, plan->name_count, run->workers);
    run->thresholds = result_thresholds_new(plan->thresholds, plan->threshold_count,
                                            (uint32_t)(plan->duration_ns / NS_PER_S));
    result_set_warm_up(run->result, (uint32_t)(plan->warm_up_ns / NS_PER_S));
    *out = run;
    return 0;
}

int run_begin(struct run *run, struct err *e)
{
    if (run->state != RUN_QUEUED || run->timer_open)
        return err_set(e, -EALREADY, "the run was begun or stopped before");
    open_timer(run);
    enter(run, RUN_PROVISIONING);
    if (run->state != RUN_PROVISIONING)
        return 0;
    struct runner_local_options options = {
        .loop = run->loop,
        .executable = run->executable,
        .workers = run->workers,
        .scenario = {run->scenario, run->scenario_len},
        .events = &events,
        .owner = run,
        .log = run->log,
    };
    struct err why;
    if (runner_local_new(&options, &run->runner, &why) < 0)
        fail(run, "%s", why.message);
    else
        arm(run);
    return 0;
}

void run_stop(struct run *run, const char *reason)
{
    if (run->stop_wanted || run->stopped || run->state >= RUN_COLLECTING)
        return;
    run->stop_wanted = true;
    snprintf(run->reason, sizeof run->reason, "%s", reason ? reason : "stopped");
    if (!run->timer_open)
        open_timer(run);
    arm(run);
}

/* Would all flows together be more than a plan may have? */
static int check_factor(const struct run *run, double factor, struct err *e)
{
    double users = 0, rate = 0;
    if (!(factor >= 0 && factor <= PLAN_FACTOR_MAX))
        return err_set(e, -EINVAL, "The factor is a number from 0 to %d.", PLAN_FACTOR_MAX);
    for (size_t i = 0; i < run->plan->flow_count; i++) {
        const struct plan_load *load = &run->plan->flows[i].load;
        *(load->kind == PLAN_LOAD_USERS ? &users : &rate) += load->peak * factor;
    }
    if (users > PLAN_USERS_MAX || rate > PLAN_RATE_MAX)
        return err_set(e, -EINVAL,
                       "That would be more than the most that is possible: %d users, or %d "
                       "arrivals a second.",
                       PLAN_USERS_MAX, PLAN_RATE_MAX);
    return 0;
}

int run_change(struct run *run, double factor, uint64_t *at_ns, struct err *e)
{
    int rc = check_factor(run, factor, e);
    if (rc < 0)
        return rc;
    if (run->state != RUN_RUNNING || run->stop_wanted || run->stopped)
        return err_set(e, -EBUSY, "The run is %s; its level can be changed while it is running.",
                       run->state == RUN_RUNNING ? "being stopped" : run_state_text(run->state));
    if (run->change_count == PLAN_CHANGES_MAX)
        return err_set(e, -EBUSY, "The level was changed %d times, and no more is possible.",
                       PLAN_CHANGES_MAX);
    /* Time since the start is the monotonic clock's, as it is for the workers. */
    *at_ns = now_ns(run) - run->start_ns + RUN_CHANGE_AHEAD_MS * NS_PER_MS;
    rc = runner_load(run->runner, run->started_wall_ns + *at_ns, factor, e);
    if (rc < 0)
        return rc;
    run->change_count++;
    run->factor = factor;
    result_add_change(run->result, *at_ns, factor);
    return 0;
}

double run_factor(const struct run *run)
{
    return run->factor;
}

void run_free(struct run *run)
{
    if (!run)
        return;
    assert(!run->timer_open);
    result_thresholds_free(run->thresholds);
    result_free(run->result);
    plan_free(run->plan);
    free(run->members);
    free(run->scenario);
    free(run->executable);
    free(run->id);
    free(run);
}

enum run_state run_state(const struct run *run)
{
    return run->state;
}

const char *run_id(const struct run *run)
{
    return run->id;
}

const char *run_reason(const struct run *run)
{
    return run->reason[0] ? run->reason : NULL;
}

const struct plan *run_plan(const struct run *run)
{
    return run->plan;
}

struct result *run_result(const struct run *run)
{
    return run->result;
}

uint64_t run_started_wall_ns(const struct run *run)
{
    return run->started_wall_ns;
}

uint32_t run_workers(const struct run *run)
{
    return run->workers;
}

bool run_passed(const struct run *run)
{
    const struct result_counts *all = &result_total(run->result)->counts;
    bool met = run->plan->threshold_count > 0 ? result_thresholds_passed(run->thresholds)
                                              : all->errors == 0;
    return run->state == RUN_COMPLETE && all->requests > 0 && met;
}

json_t *run_document(const struct run *run)
{
    json_t *out = result_document(run->result);
    json_object_set_new(out, "state", json_string(run_state_text(run->state)));
    json_object_set_new(out, "reason", run->reason[0] ? json_string(run->reason) : json_null());
    json_object_set_new(out, "passed",
                        run_state_final(run->state) ? json_boolean(run_passed(run)) : json_null());
    json_object_set_new(out, "thresholds", result_thresholds_json(run->thresholds));
    return out;
}
