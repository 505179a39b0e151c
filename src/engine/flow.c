/* flow: the load of one flow on this worker. Closed: keeps as many users going as the level says.
 * Open: begins each arrival at its instant, with a user that is free; when there is none and no
 * more may be made, the arrival waits, and its latency counts from the planned instant all the
 * same; or it is given up, as the scenario says.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_priv.h"

static uint64_t since_start(const struct flow *f, uint64_t now_ns)
{
    return now_ns > f->engine->start_ns ? now_ns - f->engine->start_ns : 0;
}

static struct user *make_user(struct flow *f)
{
    if (f->user_count == f->user_cap) {
        f->user_cap = f->user_cap ? 2 * f->user_cap : 64;
        f->users = mem_resize(f->users, f->user_cap * sizeof(struct user *));
    }
    struct user *u = user_new(f, f->user_count);
    f->users[f->user_count++] = u;
    return u;
}

static void begin(struct flow *f, struct user *u, uint64_t planned_ns, uint64_t now_ns)
{
    f->active++;
    user_begin(u, planned_ns, now_ns);
}

/* ---- closed ---------------------------------------------------------------------------------- */

static bool may_begin(const struct flow *f, const struct user *u)
{
    const struct plan_load *load = f->load;
    return f->taken < f->quota &&
           (load->iterations_per_user == 0 || u->iterations < load->iterations_per_user);
}

static void begin_iteration(struct flow *f, struct user *u, uint64_t now_ns)
{
    f->taken++;
    u->iterations++;
    begin(f, u, now_ns, now_ns);
}

/* Where iterations are counted, the flow ends with the last of them. */
static void end_when_through(struct flow *f)
{
    const struct engine *e = f->engine;
    uint64_t users = (uint64_t)lround(f->load->peak);
    bool through =
        f->load->iterations_per_user > 0 && f->through >= plan_share(users, e->worker, e->workers);
    if (f->active > 0 || f->ended || (f->taken < f->quota && !through))
        return;
    flow_end(f);
    engine_check_over(f->engine);
}

/* User u of all belongs to worker u mod n, so the workers' levels rise in turn. Users above the
 * level retire at the end of their iteration. */
static void meet_level(struct flow *f, uint64_t now_ns)
{
    const struct engine *e = f->engine;
    uint32_t all = plan_load_users(f->load, since_start(f, now_ns));
    uint32_t before = f->wanted; /* those below it are at work */
    f->wanted = (uint32_t)plan_share(all, e->worker, e->workers);
    for (uint32_t i = before; i < f->wanted && !f->ended && !f->used_up; i++) {
        struct user *u = i < f->user_count ? f->users[i] : make_user(f);
        if (u->state == USER_FREE && may_begin(f, u))
            begin_iteration(f, u, clock_mono_ns(e->clock));
    }
}

static void on_level(struct alarm *a, uint64_t now_ns)
{
    struct flow *f = (struct flow *)((char *)a - offsetof(struct flow, alarm));
    if (f->ended)
        return;
    meet_level(f, now_ns);
    end_when_through(f);
    uint64_t next_ns =
        f->ended ? UINT64_MAX : plan_load_next_change_ns(f->load, since_start(f, now_ns));
    if (next_ns != UINT64_MAX)
        pacer_set(&f->engine->pacer, a, f->engine->start_ns + next_ns);
}

/* ---- open ------------------------------------------------------------------------------------ */

static uint64_t arrival_ns(const struct flow *f, uint64_t k)
{
    const struct engine *e = f->engine;
    uint64_t at_ns = plan_load_arrival_ns(f->load, e->worker + k * e->workers);
    return at_ns == UINT64_MAX ? UINT64_MAX : e->start_ns + at_ns;
}

/* Users take turns, so that all their connections stay in use. */
static struct user *take_free(struct flow *f)
{
    struct user *u = f->free_first;
    if (!u)
        return f->user_count < f->user_max ? make_user(f) : NULL;
    f->free_first = u->next_free;
    u->next_free = NULL;
    return u;
}

static void give_back(struct flow *f, struct user *u)
{
    if (f->free_first)
        f->free_last->next_free = u;
    else
        f->free_first = u;
    f->free_last = u;
}

/* The arrival before `due` has no user. */
static void found_busy(struct flow *f)
{
    if (f->load->when_busy == PLAN_BUSY_QUEUE) {
        f->engine->meter.late++;
        return;
    }
    f->engine->meter.dropped++;
    f->begun = f->due;
}

/* Only what was due when the batch began, so that answers get their turn even when arrivals come
 * faster than this core can begin them. */
static void on_arrival(struct alarm *a, uint64_t batch_ns)
{
    struct flow *f = (struct flow *)((char *)a - offsetof(struct flow, alarm));
    struct engine *e = f->engine;
    while (!f->ended && f->due_ns != UINT64_MAX) {
        uint64_t due_ns = f->due_ns;
        if (due_ns > batch_ns)
            return pacer_set(&e->pacer, a, due_ns);
        e->meter.arrivals++;
        struct user *u = f->begun == f->due ? take_free(f) : NULL;
        f->due_ns = arrival_ns(f, ++f->due);
        if (!u) {
            found_busy(f);
            continue;
        }
        f->begun = f->due;
        uint64_t now_ns = clock_mono_ns(e->clock);
        meter_send_lag(&e->meter, now_ns - due_ns);
        begin(f, u, due_ns, now_ns);
    }
}

/* ---- both ------------------------------------------------------------------------------------ */

void flow_user_done(struct flow *f, struct user *u, uint64_t now_ns)
{
    f->active--;
    if (f->ended)
        return engine_check_over(f->engine);
    if (f->load->kind == PLAN_LOAD_USERS) {
        f->through += u->iterations == f->load->iterations_per_user;
        if (u->index < f->wanted && may_begin(f, u))
            return begin_iteration(f, u, now_ns);
        end_when_through(f);
    } else if (f->begun < f->due) {
        begin(f, u, arrival_ns(f, f->begun++), now_ns);
    } else {
        give_back(f, u);
    }
}

void flow_user_out(struct flow *f, struct user *u)
{
    f->active--;
    f->used_up = true;
    if (f->load->kind == PLAN_LOAD_RATE)
        give_back(f, u);
    if (f->active == 0) {
        flow_end(f);
        engine_check_over(f->engine);
    }
}

void flow_end(struct flow *f)
{
    if (f->ended)
        return;
    struct engine *e = f->engine;
    uint64_t now_ns = clock_mono_ns(e->clock), end_ns = e->start_ns + f->load->duration_ns;
    if (end_ns > now_ns)
        end_ns = now_ns;
    if (e->load_end_ns < end_ns)
        e->load_end_ns = end_ns;
    f->ended = true;
    f->engine->meter.dropped += f->due - f->begun;
    pacer_cancel(&f->engine->pacer, &f->alarm);
    pacer_cancel(&f->engine->pacer, &f->end);
    for (uint32_t i = 0; i < f->user_count; i++)
        user_wind_up(f->users[i]);
}

static void on_end(struct alarm *a, uint64_t now_ns)
{
    (void)now_ns;
    struct flow *f = (struct flow *)((char *)a - offsetof(struct flow, end));
    flow_end(f);
    engine_check_over(f->engine);
}

void flow_change(struct flow *f)
{
    struct engine *e = f->engine;
    struct plan_load changed;
    if (f->ended)
        return;
    plan_load_changed(&f->plan->load, e->changes, e->change_count, &changed);
    free(f->changed.stages);
    f->changed = changed;
    f->load = &f->changed;
    if (f->load->kind == PLAN_LOAD_USERS) {
        uint64_t now_ns = clock_mono_ns(e->clock);
        return pacer_set(&e->pacer, &f->alarm, now_ns > e->start_ns ? now_ns : e->start_ns);
    }
    f->due_ns = arrival_ns(f, f->due);
    pacer_cancel(&e->pacer, &f->alarm);
    if (f->due_ns != UINT64_MAX)
        pacer_set(&e->pacer, &f->alarm, f->due_ns);
}

void flow_start(struct flow *f)
{
    struct engine *e = f->engine;
    pacer_set(&e->pacer, &f->end, e->start_ns + f->load->duration_ns);
    if (f->load->kind == PLAN_LOAD_USERS)
        return pacer_set(&e->pacer, &f->alarm, e->start_ns);
    f->due_ns = arrival_ns(f, 0);
    if (f->due_ns != UINT64_MAX)
        pacer_set(&e->pacer, &f->alarm, f->due_ns);
}

void flow_init(struct flow *f, struct engine *e, const struct plan_flow *plan)
{
    memset(f, 0, sizeof *f);
    f->engine = e;
    f->plan = plan;
    f->load = &plan->load;
    bool closed = f->load->kind == PLAN_LOAD_USERS;
    uint64_t share = plan_share(f->load->max_users, e->worker, e->workers);
    f->quota =
        f->load->iterations ? plan_share(f->load->iterations, e->worker, e->workers) : UINT64_MAX;
    f->user_max = share > 0 ? (uint32_t)share : 1; /* else its arrivals would wait for ever */
    alarm_init(&f->alarm, closed ? on_level : on_arrival);
    alarm_init(&f->end, on_end);
    f->requests = mem_alloc(plan->step_count * sizeof *f->requests);
    for (size_t i = 0; i < plan->step_count; i++)
        if (plan->steps[i].kind == PLAN_STEP_REQUEST)
            prepared_init(&f->requests[i], e->plan, &plan->steps[i].request);
}

void flow_fini(struct flow *f)
{
    for (uint32_t i = 0; i < f->user_count; i++)
        user_free(f->users[i]);
    for (size_t i = 0; i < f->plan->step_count; i++)
        prepared_fini(&f->requests[i]);
    free(f->changed.stages);
    free(f->users);
    free(f->requests);
}
