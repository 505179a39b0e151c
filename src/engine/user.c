/* user: one virtual user: goes through the steps of its flow, one request at a time. */
#include <stdlib.h>

#include "answer.h"
#include "engine_priv.h"

static const struct conn_events conn_events;

static void run_steps(struct user *u, uint64_t planned_ns, uint64_t now_ns);

static void pause_for(struct user *u, uint64_t ns, uint64_t now_ns)
{
    u->state = USER_PAUSED;
    u->took_time = true;
    u->wake_ns = now_ns + ns;
    pacer_set(&u->flow->engine->pacer, &u->wake, u->wake_ns);
}

static void back_off(struct user *u, unsigned ms, uint64_t now_ns)
{
    u->backing_off = true;
    pause_for(u, ms * NS_PER_MS, now_ns);
}

/* The bytes of a request that varies. False when it cannot be sent: that counts as a failure. */
__attribute__((noinline)) static bool fill_in(struct user *u, uint64_t now_ns)
{
    struct engine *e = u->flow->engine;
    const char *why;
    int rc = prepared_fill(u->exchange.request, &e->eval, &u->vars, &u->request, &why);
    u->exchange.bytes = buf_str(&u->request);
    if (rc == 0)
        return true;
    struct meter_outcome outcome = {.failed = true, .kind = WIRE_ERR_BAD_VALUE};
    engine_exchange_done(e, &u->exchange, outcome, why, NULL, now_ns);
    back_off(u, USER_BACKOFF_MS, now_ns);
    return false;
}

static void send_request(struct user *u, const struct prepared *request, uint64_t planned_ns,
                         uint64_t now_ns)
{
    struct engine *e = u->flow->engine;
    u->state = USER_BUSY;
    u->took_time = true;
    e->in_flight++;
    exchange_begin(&u->exchange, request, planned_ns, now_ns);
    if (request->looks)
        u->exchange.kept = &u->kept;
    if (!request->parts || fill_in(u, now_ns))
        conn_exchange(&u->conns[request->plan->origin_id], &u->exchange, now_ns);
}

static void finish(struct user *u, uint64_t now_ns)
{
    u->state = USER_FREE;
    u->vars.iteration++;
    flow_user_done(u->flow, u, now_ns);
}

static uint32_t choose(struct user *u, const struct plan_choice *c)
{
    uint32_t sum = c->branches[c->count - 1].below;
    uint32_t drawn = (uint32_t)(rng_uniform(&u->flow->engine->rng) * (double)sum);
    const struct plan_branch *b = c->branches;
    while (b->below <= drawn)
        b++;
    return b->step;
}

static bool holds(struct user *u, const struct plan_condition *c)
{
    struct eval *e = &u->flow->engine->eval;
    struct str value = eval_text(e, &u->vars, &c->value);
    if (c->match.test == PLAN_TEST_EQUALS || c->match.test == PLAN_TEST_CONTAINS) {
        buf_clear(&e->found); /* the other side is a value too */
        buf_add(&e->found, value.ptr, value.len);
        value = buf_str(&e->found);
    }
    return answer_matches(e, &u->vars, &c->match, value) > 0;
}

/* Steps that take no time. The next one is `step` + 1 unless it says otherwise. */
static void run_step(struct user *u, const struct plan_step *step)
{
    struct eval *e = &u->flow->engine->eval;
    const struct plan_condition *c = &step->condition;
    uint32_t *turn;
    switch (step->kind) {
    case PLAN_STEP_SET:
        vars_set(&u->vars, step->set.slot, eval_text(e, &u->vars, &step->set.value));
        return;
    case PLAN_STEP_REPEAT:
        u->turns[step->loop.counter] = 0;
        return;
    case PLAN_STEP_AGAIN:
        turn = &u->turns[step->loop.counter];
        if (++*turn < step->loop.times)
            u->step = step->loop.back;
        return;
    case PLAN_STEP_CHOOSE:
        u->step = choose(u, &step->choose);
        return;
    case PLAN_STEP_IF:
        if (!holds(u, c))
            u->step = c->otherwise;
        return;
    case PLAN_STEP_JUMP:
        u->step = step->jump;
        return;
    case PLAN_STEP_REQUEST:
    case PLAN_STEP_THINK:
    case PLAN_STEP_PACE:
        return;
    }
}

/* False when the iteration has taken so long already. */
static bool keep_pace(struct user *u, const struct plan_think *pace, uint64_t now_ns)
{
    uint64_t ns = plan_think_draw_ns(pace, &u->flow->engine->rng);
    uint64_t spent_ns = now_ns - u->begun_ns;
    if (spent_ns >= ns)
        return false;
    pause_for(u, ns - spent_ns, now_ns);
    return true;
}

/* From the present step on, until one of them takes time. Apart from run_steps, whose way for a
 * plain request is to stay short. */
__attribute__((noinline)) static void run_further(struct user *u, uint64_t planned_ns,
                                                  uint64_t now_ns)
{
    struct flow *f = u->flow;
    struct engine *e = f->engine;
    for (unsigned n = 0; !f->ended && u->step < f->plan->step_count; n++) {
        if (n == USER_STEPS_MAX)
            return back_off(u, USER_IDLE_MS, now_ns);
        size_t at = u->step++;
        const struct plan_step *step = &f->plan->steps[at];
        if (step->kind == PLAN_STEP_REQUEST)
            return send_request(u, &f->requests[at], planned_ns, now_ns);
        if (step->kind == PLAN_STEP_THINK)
            return pause_for(u, plan_think_draw_ns(&step->think, &e->rng), now_ns);
        if (step->kind == PLAN_STEP_PACE && keep_pace(u, &step->pace, now_ns))
            return;
        run_step(u, step);
    }
    if (!f->ended && !u->took_time)
        return back_off(u, USER_IDLE_MS, now_ns);
    finish(u, now_ns);
}

static void run_steps(struct user *u, uint64_t planned_ns, uint64_t now_ns)
{
    struct flow *f = u->flow;
    if (f->ended || (u->step == f->plan->step_count && u->took_time))
        return finish(u, now_ns);
    const struct plan_step *step = &f->plan->steps[u->step];
    if (u->step == f->plan->step_count || step->kind != PLAN_STEP_REQUEST)
        return run_further(u, planned_ns, now_ns);
    send_request(u, &f->requests[u->step++], planned_ns, now_ns);
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
    run_steps(u, planned_ns, now_ns);
}

/* ---- what the connection tells --------------------------------------------------------------- */

/* Checks and captures. What failed, in words; NULL when that was the status or nothing. */
__attribute__((noinline)) static const char *
look_into(struct user *u, struct meter_outcome *outcome, uint64_t now_ns)
{
    struct eval *e = &u->flow->engine->eval;
    buf_clear(&e->why);
    answer_judge(e, &u->vars, u->exchange.request, &u->kept, now_ns - u->exchange.planned_ns,
                 outcome, &e->why);
    return e->why.len > 0 ? e->why.ptr : NULL;
}

static void on_response(void *owner, struct conn *conn, unsigned status, uint64_t now_ns)
{
    struct user *u = owner;
    const struct plan_request *r = u->exchange.request->plan;
    struct meter_outcome outcome = {.status = status};
    if (!plan_status_ok(&r->expect, status)) {
        outcome.failed = true;
        outcome.kind = WIRE_ERR_CHECK_FAILED;
    }
    const char *why = NULL;
    if (u->exchange.request->looks)
        why = look_into(u, &outcome, now_ns);
    engine_exchange_done(u->flow->engine, &u->exchange, outcome, why, conn, now_ns);
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
    if (!connected && f->load->kind == PLAN_LOAD_USERS && !f->ended)
        return back_off(u, USER_BACKOFF_MS, now_ns);
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
    buf_init(&u->request, EVAL_REQUEST_MAX);
    http1_kept_init(&u->kept, EVAL_BODY_MAX);
    vars_init(&u->vars, e->plan, index * e->workers + e->worker);
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
    buf_fini(&u->request);
    http1_kept_fini(&u->kept);
    vars_fini(&u->vars, e->plan);
    free(u);
}

void user_begin(struct user *u, uint64_t planned_ns, uint64_t now_ns)
{
    u->step = 0;
    u->took_time = false;
    u->begun_ns = now_ns;
    if ((u->vars.values || u->vars.rows) && !vars_begin(&u->vars, &u->flow->engine->eval)) {
        u->state = USER_FREE;
        return flow_user_out(u->flow, u);
    }
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
