/* user: one virtual user: goes through the steps of its flow, one request at a time. */
#include <stdlib.h>

#include "engine_priv.h"

static const struct conn_events conn_events;

static void run_steps(struct user *u, uint64_t planned_ns, uint64_t now_ns);

static void send_request(struct user *u, const struct prepared *request, uint64_t planned_ns,
                         uint64_t now_ns)
{
    struct engine *e = u->flow->engine;
    u->state = USER_BUSY;
    e->in_flight++;
    exchange_begin(&u->exchange, request, planned_ns, now_ns);
    conn_exchange(&u->conns[request->plan->origin_id], &u->exchange, now_ns);
}

static void pause_for(struct user *u, uint64_t ns, uint64_t now_ns)
{
    u->state = USER_PAUSED;
    u->wake_ns = now_ns + ns;
    pacer_set(&u->flow->engine->pacer, &u->wake, u->wake_ns);
}

static void finish(struct user *u, uint64_t now_ns)
{
    u->state = USER_FREE;
    flow_user_done(u->flow, u, now_ns);
}

/* From the present step on, until one of them takes time. */
static void run_steps(struct user *u, uint64_t planned_ns, uint64_t now_ns)
{
    struct flow *f = u->flow;
    if (f->ended || u->step == f->plan->step_count)
        return finish(u, now_ns);
    const struct plan_step *step = &f->plan->steps[u->step];
    if (step->kind == PLAN_STEP_REQUEST)
        return send_request(u, &f->requests[u->step], planned_ns, now_ns);
    pause_for(u, plan_think_draw_ns(&step->think, &f->engine->rng), now_ns);
}

static void on_wake(struct alarm *a, uint64_t batch_ns)
{
    (void)batch_ns;
    struct user *u = (struct user *)((char *)a - offsetof(struct user, wake));
    struct engine *e = u->flow->engine;
    uint64_t now_ns = clock_mono_ns(e->clock);
    if (!u->backing_off)
        meter_send_lag(&e->meter, now_ns - u->wake_ns);
    uint64_t planned_ns = u->backing_off ? now_ns : u->wake_ns;
    u->backing_off = false;
    u->step++;
    run_steps(u, planned_ns, now_ns);
}

/* ---- what the connection tells --------------------------------------------------------------- */

static void on_response(void *owner, struct conn *conn, unsigned status, uint64_t now_ns)
{
    struct user *u = owner;
    const struct plan_request *r = u->exchange.request->plan;
    struct meter_outcome outcome = {.status = status};
    if (!plan_status_ok(&r->expect, status)) {
        outcome.failed = true;
        outcome.kind = WIRE_ERR_CHECK_FAILED;
    }
    engine_exchange_done(u->flow->engine, &u->exchange, outcome, NULL, conn, now_ns);
    u->step++;
    run_steps(u, now_ns, now_ns);
}

static void on_failed(void *owner, struct conn *conn, const struct conn_failure *failure,
                      uint64_t now_ns)
{
    struct user *u = owner;
    struct flow *f = u->flow;
    struct meter_outcome outcome = {
        .failed = true,
        .kind = failure->kind,
        .timed_out = failure->timed_out,
    };
    bool connected = u->exchange.sent_ns != 0;
    engine_exchange_done(f->engine, &u->exchange, outcome, failure->why, conn, now_ns);
    if (!connected && f->load->kind == PLAN_LOAD_USERS && !f->ended) {
        u->backing_off = true;
        return pause_for(u, USER_BACKOFF_MS * NS_PER_MS, now_ns);
    }
    u->step++;
    run_steps(u, now_ns, now_ns);
}

static const struct conn_events conn_events = {
    .response = on_response,
    .failed = on_failed,
};

/* ---- life ------------------------------------------------------------------------------------ */

struct user *user_new(struct flow *f, uint32_t index)
{
    struct engine *e = f->engine;
    size_t origins = e->plan->origin_count;
    struct user *u = mem_alloc(sizeof *u + origins * sizeof u->conns[0]);
    u->flow = f;
    u->index = index;
    alarm_init(&u->wake, on_wake);
    for (size_t i = 0; i < origins; i++)
        conn_init(&u->conns[i], &e->shared, &e->origins[i], &e->plan->origins[i], &conn_events, u);
    return u;
}

void user_free(struct user *u)
{
    struct engine *e = u->flow->engine;
    pacer_cancel(&e->pacer, &u->wake);
    for (size_t i = 0; i < e->plan->origin_count; i++)
        conn_fini(&u->conns[i]);
    free(u);
}

void user_begin(struct user *u, uint64_t planned_ns, uint64_t now_ns)
{
    u->step = 0;
    run_steps(u, planned_ns, now_ns);
}

void user_wind_up(struct user *u)
{
    struct engine *e = u->flow->engine;
    if (u->state != USER_PAUSED)
        return;
    pacer_cancel(&e->pacer, &u->wake);
    u->backing_off = false;
    finish(u, clock_mono_ns(e->clock));
}
