/* engine: the life of a worker.
 *
 *   hello -> (plan) -> ready -> (start) -> a tick each second -> done
 *
 * It is over when all flows have ended and nothing is in flight, or when the drain time has passed.
 * A worker whose starter is gone ends at once.
 */
#include "squall/engine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine_priv.h"
#include "sample.h"

enum {
    START_AGO_MAX_S = 60, /* what was due since is caught up with at once */
    START_AHEAD_MAX_S = 24 * 3600,
    EXIT_OVER = 0,
    EXIT_BROKEN = 3,
    /* A last interval so short goes into the second before: it is the tail of that, and a point of
     * its own would be a dent in every chart. */
    LAST_TICK_MIN_MS = 100,
};

/* ---- frames out ------------------------------------------------------------------------------ */

static void stop_loop(struct engine *e, int exit_code)
{
    if (e->exit_code == EXIT_OVER) /* what went wrong first counts */
        e->exit_code = exit_code;
    uv_stop(&e->loop);
}

static void send_frames(struct engine *e)
{
    if (e->said_done) /* the loop goes on until the starter has read all, and so do connections */
        return buf_clear(&e->frames);
    if (e->frames.failed) {
        fprintf(stderr, "a frame is longer than %d bytes: there are too many request names\n",
                WIRE_LINE_MAX);
        return stop_loop(e, EXIT_BROKEN);
    }
    link_send(&e->link, &e->frames);
}

static void send_tick(struct engine *e, uint32_t second, uint64_t now_ns)
{
    struct wire_tick tick = {.second = second, .connections = e->shared.open};
    for (size_t i = 0; i < e->plan->flow_count; i++)
        tick.users += e->flows[i].active;
    meter_encode_tick(&e->meter, &tick, now_ns, &e->frames);
    send_frames(e);
}

static uint64_t end_of_second(const struct engine *e, uint32_t second)
{
    return e->start_ns + (second + 1) * NS_PER_S;
}

/* Each second has its tick, even when the worker itself was held up over several. */
static void send_due_ticks(struct engine *e, uint64_t now_ns)
{
    while (end_of_second(e, e->second) <= now_ns)
        send_tick(e, e->second++, now_ns);
}

static void on_tick(struct alarm *a, uint64_t now_ns)
{
    struct engine *e = (struct engine *)((char *)a - offsetof(struct engine, tick));
    send_due_ticks(e, now_ns);
    pacer_set(&e->pacer, a, end_of_second(e, e->second));
}

void engine_exchange_done(struct engine *e, const struct exchange *x, struct meter_outcome outcome,
                          const char *why, const struct conn *conn, uint64_t now_ns)
{
    e->in_flight--;
    meter_exchange(&e->meter, x, outcome, now_ns);
    if (!outcome.failed)
        return;
    uint8_t *sent = &e->samples_sent[x->request->plan->name_id * WIRE_ERR_COUNT + outcome.kind];
    if (*sent == WIRE_SAMPLES_PER_KIND)
        return;
    ++*sent;
    sample_encode(&e->frames, x, &outcome, why, conn, e->start_ns, now_ns);
    send_frames(e);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void send_last_tick(struct engine *e, uint64_t now_ns)
{
    send_due_ticks(e, now_ns);
    uint64_t begin_ns = e->start_ns + e->second * NS_PER_S;
    bool short_one = now_ns - begin_ns < LAST_TICK_MIN_MS * NS_PER_MS && e->second > 0;
    send_tick(e, short_one ? e->second - 1 : e->second, now_ns);
}

static void finish(struct engine *e)
{
    uint64_t now_ns = clock_mono_ns(e->clock);
    e->over = true;
    struct wire_done done = {.stopped = e->stopped, .unfinished = e->in_flight};
    if (e->started && now_ns > e->start_ns) {
        send_last_tick(e, now_ns);
        uint64_t last_ns = e->meter.last_done_ns;
        done.elapsed_ns = (last_ns > e->load_end_ns ? last_ns : e->load_end_ns) - e->start_ns;
    }
    wire_encode_done(&e->frames, &done);
    send_frames(e);
    e->said_done = true;
    stop_loop(e, EXIT_OVER);
}

static bool all_ended(const struct engine *e)
{
    for (size_t i = 0; i < e->plan->flow_count; i++)
        if (!e->flows[i].ended)
            return false;
    return true;
}

void engine_check_over(struct engine *e)
{
    if (e->over || !all_ended(e))
        return;
    if (e->in_flight == 0)
        return finish(e);
    if (!alarm_is_set(&e->drain))
        pacer_set(&e->pacer, &e->drain, clock_mono_ns(e->clock) + e->plan->drain_ns);
}

static void on_drained(struct alarm *a, uint64_t now_ns)
{
    struct engine *e = (struct engine *)((char *)a - offsetof(struct engine, drain));
    (void)now_ns;
    if (!e->over)
        finish(e);
}

/* ---- frames in ------------------------------------------------------------------------------- */

static int fail(struct engine *e, const char *why)
{
    fprintf(stderr, "%s\n", why);
    stop_loop(e, EXIT_BROKEN);
    return -EINVAL;
}

static int load_plan(struct engine *e, struct str scenario)
{
    struct plan_problems problems;
    plan_problems_init(&problems);
    int rc = plan_parse(scenario.ptr, scenario.len, &e->plan, &problems);
    if (rc < 0) {
        struct err why;
        const struct plan_problem *first = &problems.items[0];
        err_set(&why, rc, "the scenario is not valid: \"%s\": %s", first->pointer, first->message);
        fail(e, why.message);
    }
    plan_problems_fini(&problems);
    return rc;
}

static int offer_protocols(struct engine *e)
{
    tls_offer(e->shared.tls, e->plan->http);
    return 0;
}

static int set_up_tls(struct engine *e)
{
    struct err why;
    for (size_t i = 0; i < e->plan->origin_count; i++)
        if (e->plan->origins[i].tls)
            return tls_context_new(&e->plan->tls, &e->shared.tls, &why) < 0 ? fail(e, why.message)
                                                                            : offer_protocols(e);
    return 0;
}

static void flush_h2(void *shared)
{
    h2_flush_all(shared);
}

static void set_up_h2(struct engine *e)
{
    e->shared.h2 = h2_shared_new(&e->shared, e->plan);
    e->pacer.after_batch_owner = e->shared.h2;
    e->pacer.after_batch = e->shared.h2 ? flush_h2 : NULL;
}

static int set_up_sources(struct engine *e)
{
    struct err why;
    if (sources_init(&e->shared.sources, &e->plan->network, e->worker, &why) < 0)
        return fail(e, why.message);
    return 0;
}

static int take_plan(struct engine *e, const struct wire_frame *frame)
{
    if (e->plan || frame->plan.worker >= frame->plan.workers)
        return fail(e, "a plan came out of turn");
    int rc = load_plan(e, frame->plan.scenario);
    if (rc < 0)
        return rc;
    e->worker = frame->plan.worker;
    e->workers = frame->plan.workers;
    e->shared.plan = e->plan;
    if (set_up_tls(e) < 0 || set_up_sources(e) < 0)
        return -EINVAL;
    set_up_h2(e);
    e->origins = mem_alloc(e->plan->origin_count * sizeof *e->origins);
    for (size_t i = 0; i < e->plan->origin_count; i++)
        origin_init(&e->origins[i], e->plan, &e->plan->origins[i], &e->loop, e->clock);
    meter_init(&e->meter, e->plan->name_count);
    eval_init(&e->eval, e->plan, e->clock, &e->rng, e->worker, e->workers);
    e->samples_sent = mem_alloc(e->plan->name_count * WIRE_ERR_COUNT);
    e->flows = mem_alloc(e->plan->flow_count * sizeof *e->flows);
    for (size_t i = 0; i < e->plan->flow_count; i++)
        flow_init(&e->flows[i], e, &e->plan->flows[i]);
    wire_encode_ready(&e->frames);
    send_frames(e);
    return 0;
}

/* The agreed instant is of the wall clock, which is looked at this once: from here on time is the
 * monotonic clock's. */
static int take_start(struct engine *e, const struct wire_frame *frame)
{
    if (!e->plan || e->started)
        return fail(e, "a start came out of turn");
    uint64_t mono_ns = clock_mono_ns(e->clock), wall_ns = clock_wall_ns(e->clock);
    uint64_t start_ns = frame->start.wall_ns;
    uint64_t ago_ns = wall_ns > start_ns ? wall_ns - start_ns : 0;
    uint64_t ahead_ns = start_ns > wall_ns ? start_ns - wall_ns : 0;
    if (ago_ns > START_AGO_MAX_S * NS_PER_S || ago_ns > mono_ns ||
        ahead_ns > START_AHEAD_MAX_S * NS_PER_S)
        return fail(e, "the instant of the start is too far away: do the clocks agree?");
    e->start_ns = mono_ns + ahead_ns - ago_ns;
    e->start_wall_ns = frame->start.wall_ns;
    e->load_end_ns = e->start_ns;
    e->started = true;
    meter_start(&e->meter, e->start_ns);
    pacer_set(&e->pacer, &e->tick, end_of_second(e, 0));
    for (size_t i = 0; i < e->plan->flow_count; i++)
        flow_start(&e->flows[i]);
    return 0;
}

/* Both instants are of the starter's clock, so what lies between them is the same for all. */
static int take_load(struct engine *e, const struct wire_frame *frame)
{
    uint64_t wall_ns = frame->load.wall_ns;
    struct plan_change change = {
        .at_ns = wall_ns > e->start_wall_ns ? wall_ns - e->start_wall_ns : 0,
        .factor = frame->load.factor,
    };
    if (!e->started || e->change_count == PLAN_CHANGES_MAX ||
        (e->change_count > 0 && change.at_ns < e->changes[e->change_count - 1].at_ns))
        return fail(e, "a change of level came out of turn");
    if (!(change.factor >= 0 && change.factor <= PLAN_FACTOR_MAX))
        return fail(e, "a change of level came that is out of bounds");
    e->changes = mem_resize(e->changes, (e->change_count + 1) * sizeof *e->changes);
    e->changes[e->change_count++] = change;
    for (size_t i = 0; i < e->plan->flow_count && !e->stopped; i++)
        flow_change(&e->flows[i]);
    return 0;
}

static void take_stop(struct engine *e)
{
    if (e->stopped || e->over)
        return;
    e->stopped = true;
    if (!e->started)
        return finish(e);
    for (size_t i = 0; i < e->plan->flow_count; i++)
        flow_end(&e->flows[i]);
    engine_check_over(e);
}

static void on_frame(void *owner, const struct wire_frame *frame)
{
    struct engine *e = owner;
    if (e->over || e->exit_code != EXIT_OVER) /* came in one piece with what ended it */
        return;
    switch (frame->type) {
    case WIRE_PLAN:
        take_plan(e, frame);
        return;
    case WIRE_START:
        take_start(e, frame);
        return;
    case WIRE_STOP:
        return take_stop(e);
    case WIRE_LOAD:
        take_load(e, frame);
        return;
    default:
        fail(e, "a frame came that only a worker sends");
    }
}

static void on_broken(void *owner, const char *why)
{
    struct engine *e = owner;
    e->link_broken = true;
    if (!e->over && e->exit_code == EXIT_OVER)
        fail(e, why);
}

static const struct link_events link_events = {
    .frame = on_frame,
    .broken = on_broken,
};

/* ---- all of it ------------------------------------------------------------------------------- */

/* A connection a user: as many as the system lets this process have. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int set_up(struct engine *e, int in_fd, int out_fd, struct err *why)
{
    e->clock = clock_system();
    int rc = link_check(in_fd, out_fd, why);
    if (rc < 0)
        return rc;
    rc = uv_loop_init(&e->loop);
    if (rc < 0)
        return err_set(why, rc, "cannot make a loop: %s", uv_strerror(rc));
    buf_init(&e->frames, 2 * WIRE_LINE_MAX);
    rng_seed_random(&e->rng);
    alarm_init(&e->tick, on_tick);
    alarm_init(&e->drain, on_drained);
    rc = pacer_init(&e->pacer, &e->loop, e->clock, why);
    if (rc < 0)
        return rc;
    e->shared.loop = &e->loop;
    e->shared.clock = e->clock;
    e->shared.pacer = &e->pacer;
    e->shared.scratch = mem_alloc(CONN_SCRATCH);
    return link_open(&e->link, &e->loop, in_fd, out_fd, &link_events, e, why);
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static bool resolving(const struct engine *e)
{
    for (size_t i = 0; e->origins && i < e->plan->origin_count; i++)
        if (e->origins[i].asking)
            return true;
    return false;
}

static void free_plan(struct engine *e)
{
    for (size_t i = 0; e->flows && i < e->plan->flow_count; i++)
        flow_fini(&e->flows[i]);
    for (size_t i = 0; e->origins && i < e->plan->origin_count; i++)
        origin_fini(&e->origins[i]);
    if (e->flows)
        meter_fini(&e->meter);
    eval_fini(&e->eval);
    free(e->flows);
    free(e->origins);
    free(e->samples_sent);
    e->pacer.after_batch = NULL;
    h2_shared_free(e->shared.h2);
    conn_shared_close(&e->shared);
    sources_fini(&e->shared.sources);
    free(e->changes);
    SSL_CTX_free(e->shared.tls);
    plan_free(e->plan);
}

static void tear_down(struct engine *e)
{
    if (resolving(e)) /* a resolver's thread still writes to what would be freed */
        _exit(e->exit_code);
    free_plan(e);
    link_close(&e->link);
    uv_walk(&e->loop, close_handle, NULL);
    uv_run(&e->loop, UV_RUN_DEFAULT);
    uv_loop_close(&e->loop);
    pacer_fini(&e->pacer);
    free(e->shared.scratch);
    buf_fini(&e->frames);
}

int engine_main(int in_fd, int out_fd)
{
    struct engine *e = mem_alloc(sizeof *e);
    struct err why;
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_NAME, "squalld-worker"); /* in ps and top, where it would be "exe" */
    raise_descriptor_limit();
    process_ask_short_slices();
    if (set_up(e, in_fd, out_fd, &why) < 0) {
        fprintf(stderr, "%s\n", why.message);
        free(e);
        return EXIT_BROKEN;
    }
    wire_encode_hello(&e->frames, (uint32_t)getpid());
    send_frames(e);
    uv_run(&e->loop, UV_RUN_DEFAULT);
    while (!link_idle(&e->link) && !e->link_broken)
        uv_run(&e->loop, UV_RUN_ONCE);
    int exit_code = e->exit_code;
    tear_down(e);
    free(e);
    return exit_code;
}
