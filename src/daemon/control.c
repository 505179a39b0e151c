/* control: the runs that are under way, oldest first. Each is a struct run with what the daemon
 * adds: its row in the store, its hub for those who watch, and the changes of state that are owed
 * to a store whose disk is full.
 */
#include "control.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub.h"
#include "views.h"

enum { OWED_MAX = RUN_CANCELLED + 1 }; /* no state is entered twice */

struct owed {
    enum run_state to;
    char *reason;
    uint64_t started_ns;
    bool passed;
    json_t *document;
};

struct live_run {
    struct live_run *next;
    struct control *control;
    struct run *run;
    struct hub *hub; /* NULL once it is over */
    bool begun;
    bool finished; /* and here only because its end is owed to the store */
    uint64_t ended_ns;
    struct owed owed[OWED_MAX];
    size_t owed_count;
    json_t *document; /* of document_ns */
    uint64_t document_ns;
};

struct control {
    struct daemon *daemon;
    struct live_run *runs;
    uv_timer_t timer;
    unsigned ticks;
    uint64_t trouble_since_ns; /* wall; 0: none */
    char trouble[ERR_MESSAGE_MAX + 64];
};

static struct store *store_of(const struct live_run *lr)
{
    return lr->control->daemon->store;
}

static struct str id_of(const struct live_run *lr)
{
    return str_of(run_id(lr->run));
}

/* ---- what is told to those who watch --------------------------------------------------------- */

static void publish_json(struct live_run *lr, const char *event, const char *id, json_t *data)
{
    struct buf text;
    char *json = view_text(data);
    json_decref(data);
    buf_init(&text, SIZE_MAX / 2);
    buf_add_format(&text, "event: %s\n%s%s%sdata: ", event, id ? "id: " : "", id ? id : "",
                   id ? "\n" : "");
    buf_add_text(&text, json);
    buf_add_text(&text, "\n\n");
    free(json);
    hub_publish(lr->hub, &text);
}

static bool has_watchers(const struct live_run *lr)
{
    return lr->hub && hub_has_watchers(lr->hub);
}

static void publish_run(struct live_run *lr, const char *event)
{
    struct err e;
    json_t *view;
    if (has_watchers(lr) && view_run(lr->control->daemon, id_of(lr), &view, &e) == 0)
        publish_json(lr, event, NULL, view);
}

/* Stores and tells what has changed in the seconds so far. */
static void drain(struct live_run *lr)
{
    struct result *result = run_result(lr->run);
    const struct result_second *s;
    while ((s = result_take_dirty(result))) {
        store_second_put(store_of(lr), run_id(lr->run), s, result_name_count(result));
        if (has_watchers(lr)) {
            char id[16];
            snprintf(id, sizeof id, "%u", s->second);
            publish_json(lr, "second", id, result_second_document(result, s));
        }
    }
}

/* ---- states, stored before they are acted on ------------------------------------------------- */

static void begin_trouble(struct control *c, const struct err *e)
{
    if (c->trouble_since_ns)
        return;
    c->trouble_since_ns = clock_wall_ns(c->daemon->clock);
    snprintf(c->trouble, sizeof c->trouble, "Results cannot be written just now: %s", e->message);
    log_error(&c->daemon->log, "results cannot be written", "error", e->message, NULL);
}

/* Everything is written again: says so in each run that went through it. */
static void end_trouble(struct control *c)
{
    char since[TIME_TEXT_SIZE], text[ERR_MESSAGE_MAX + 128];
    struct err e;
    if (!c->trouble_since_ns)
        return;
    time_format(since, c->trouble_since_ns);
    snprintf(text, sizeof text,
             "Results could not be written from %s until now; seconds in between may be missing.",
             since);
    for (struct live_run *lr = c->runs; lr; lr = lr->next)
        store_run_remark(store_of(lr), id_of(lr), text, &e);
    c->trouble_since_ns = 0;
    log_info(&c->daemon->log, "results can be written again", NULL);
}

static int advance(struct live_run *lr, const struct owed *o, struct err *e)
{
    struct store_transition transition = {
        .to = o->to,
        .reason = o->reason,
        .started_ns = o->started_ns,
        .passed = o->passed,
        .document = o->document,
    };
    return store_run_advance(store_of(lr), id_of(lr), &transition, e);
}

static void owed_fini(struct owed *o)
{
    free(o->reason);
    json_decref(o->document);
}

/* Does what is owed; 0 when nothing is left. */
static int settle(struct live_run *lr)
{
    struct err e;
    while (lr->owed_count > 0) {
        int rc = advance(lr, &lr->owed[0], &e);
        if (rc < 0 && rc != -ENOENT && rc != -EINVAL) {
            begin_trouble(lr->control, &e);
            return rc;
        }
        if (rc < 0)
            log_error(&lr->control->daemon->log, "a run's state cannot be stored", "run",
                      run_id(lr->run), "error", e.message, NULL);
        owed_fini(&lr->owed[0]);
        memmove(&lr->owed[0], &lr->owed[1], --lr->owed_count * sizeof lr->owed[0]);
    }
    return 0;
}

/* A disk that is full stops no run that has begun: what happens to it is kept until it can be
 * written. One that would only begin fails, since nothing of it would outlive this process. */
static int on_state(void *owner, struct run *run, enum run_state to, const char *reason)
{
    struct live_run *lr = owner;
    bool final = run_state_final(to);
    drain(lr);
    if (final)
        lr->ended_ns = clock_wall_ns(lr->control->daemon->clock);
    lr->owed[lr->owed_count++] = (struct owed){
        .to = to,
        .reason = reason ? mem_copy_text(reason, strlen(reason)) : NULL,
        .started_ns = run_started_wall_ns(run),
        .passed = run_passed(run),
        .document = final ? run_document(run) : NULL,
    };
    int rc = settle(lr);
    if (rc < 0 && to == RUN_PROVISIONING)
        owed_fini(&lr->owed[--lr->owed_count]);
    lr->document_ns = 0;
    publish_run(lr, "state");
    return to == RUN_PROVISIONING ? rc : 0;
}

static void on_second(void *owner, struct run *run, const struct result_second *second)
{
    (void)run, (void)second;
    drain(owner);
}

/* ---- the list -------------------------------------------------------------------------------- */

static void schedule(struct control *c)
{
    uint64_t parallel = 0;
    struct err e;
    for (struct live_run *lr = c->runs; lr; lr = lr->next)
        parallel += lr->begun && !lr->finished;
    for (struct live_run *lr = c->runs; lr && parallel < c->daemon->config->max_parallel_runs;
         lr = lr->next) {
        if (lr->begun || run_state_final(run_state(lr->run)))
            continue;
        lr->begun = true;
        parallel++;
        if (run_begin(lr->run, &e) < 0) /* it was stopped meanwhile, and ends by itself */
            log_debug(&c->daemon->log, "a run did not begin", "error", e.message, NULL);
    }
}

static void retire(struct live_run *lr)
{
    struct live_run **at = &lr->control->runs;
    while (*at != lr)
        at = &(*at)->next;
    *at = lr->next;
    run_free(lr->run);
    json_decref(lr->document);
    free(lr);
    malloc_trim(0); /* a run with many request names takes much, and the daemon rests for long */
}

static void on_finished(void *owner, struct run *run)
{
    (void)run;
    struct live_run *lr = owner;
    struct control *c = lr->control;
    lr->finished = true;
    publish_run(lr, "finished");
    hub_close(lr->hub);
    lr->hub = NULL;
    if (lr->owed_count == 0)
        retire(lr);
    schedule(c);
}

static const struct run_observer observer = {
    .state = on_state,
    .second = on_second,
    .finished = on_finished,
};

static void checkpoint(struct control *c)
{
    for (struct live_run *lr = c->runs; lr; lr = lr->next)
        if (run_state(lr->run) == RUN_RUNNING || run_state(lr->run) == RUN_COLLECTING)
            store_checkpoint_put(c->daemon->store, run_id(lr->run), live_run_document(lr));
}

static void write_all(struct control *c)
{
    struct err e;
    bool owed = false;
    if (store_flush(c->daemon->store, &e) < 0)
        return begin_trouble(c, &e);
    for (struct live_run *lr = c->runs; lr; lr = lr->next)
        owed |= settle(lr) < 0;
    if (!owed)
        end_trouble(c);
}

static void on_tick(uv_timer_t *timer)
{
    struct control *c = timer->data;
    if (++c->ticks % CONTROL_CHECKPOINT_TICKS == 0)
        checkpoint(c);
    write_all(c);
    for (struct live_run *lr = c->runs, *next; lr; lr = next) {
        next = lr->next;
        if (lr->hub)
            hub_keep_alive(lr->hub);
        if (lr->finished && lr->owed_count == 0)
            retire(lr);
    }
    if (!c->runs)
        uv_timer_stop(timer);
}

void control_open(struct daemon *d, struct control **out)
{
    struct control *c = mem_alloc(sizeof *c);
    c->daemon = d;
    uv_timer_init(&d->loop, &c->timer);
    c->timer.data = c;
    *out = c;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void control_close(struct control *c)
{
    uv_close((uv_handle_t *)&c->timer, on_closed);
}

/* ---- starting and stopping ------------------------------------------------------------------- */

static int make_run(struct live_run *lr, const char *id, struct str document, uint32_t workers,
                    struct plan_problems *problems, struct err *e)
{
    struct daemon *d = lr->control->daemon;
    struct run_options options = {
        .loop = &d->loop,
        .clock = d->clock,
        .log = &d->log,
        .id = id,
        .scenario = document,
        .workers = workers,
        .observer = &observer,
        .owner = lr,
    };
    int rc = run_new(&options, &lr->run, problems, e);
    if (rc < 0 || run_workers(lr->run) <= d->config->max_workers)
        return rc;
    run_free(lr->run); /* the plan alone wanted more than this daemon starts */
    options.workers = (uint32_t)d->config->max_workers;
    return run_new(&options, &lr->run, problems, e);
}

static int store_new_run(struct live_run *lr, const struct control_start *start, uint32_t version,
                         struct err *e)
{
    const struct plan *plan = run_plan(lr->run);
    struct store_run_new fresh = {
        .id = run_id(lr->run),
        .scenario_id = start->scenario_id,
        .version = version,
        .workers = run_workers(lr->run),
        .planned_ns = plan->duration_ns,
        .note = start->note,
        .names = plan->names,
        .name_count = plan->name_count,
    };
    return store_run_create(store_of(lr), &fresh, NULL, e);
}

static void append(struct control *c, struct live_run *lr)
{
    struct live_run **at = &c->runs;
    while (*at)
        at = &(*at)->next;
    *at = lr;
    if (!uv_is_active((uv_handle_t *)&c->timer))
        uv_timer_start(&c->timer, on_tick, CONTROL_TICK_MS, CONTROL_TICK_MS);
}

int control_run_start(struct control *c, const struct control_start *start, char id[ID_SIZE],
                      struct plan_problems *problems, struct err *e)
{
    struct store_version AUTO(store_version_fini) version = {0};
    if (c->daemon->stopping)
        return err_set(e, -ESHUTDOWN, "The daemon is being stopped.");
    if (control_live(c) >= c->daemon->config->max_live_runs)
        return err_set(e, -EAGAIN,
                       "%" PRIu64 " runs are live, and no more are allowed (max_live_runs).",
                       c->daemon->config->max_live_runs);
    int rc = store_version_get(c->daemon->store, start->scenario_id, start->version, &version, e);
    if (rc < 0)
        return rc;
    struct live_run *lr = mem_alloc(sizeof *lr);
    lr->control = c;
    id_new(id, c->daemon->clock);
    rc = make_run(lr, id, (struct str){version.document, version.document_len}, start->workers,
                  problems, e);
    if (rc == 0 && (rc = store_new_run(lr, start, version.version, e)) < 0)
        run_free(lr->run);
    if (rc < 0) {
        free(lr);
        return rc;
    }
    lr->hub = hub_new(c->daemon->clock);
    append(c, lr);
    schedule(c);
    return 0;
}

struct live_run *control_find(struct control *c, struct str id)
{
    for (struct live_run *lr = c->runs; lr; lr = lr->next)
        if (str_eq(id_of(lr), id))
            return lr;
    return NULL;
}

int control_run_stop(struct control *c, struct str id, const char *reason)
{
    struct live_run *lr = control_find(c, id);
    if (!lr || run_state_final(run_state(lr->run)))
        return -ENOENT;
    run_stop(lr->run, reason);
    return 0;
}

int control_run_change(struct control *c, struct str id, double factor, uint64_t *at_ns,
                       struct err *e)
{
    struct live_run *lr = control_find(c, id);
    struct err why;
    char text[128];
    if (!lr || run_state_final(run_state(lr->run)))
        return err_set(e, -ENOENT, "no such run is live");
    int rc = run_change(lr->run, factor, at_ns, e);
    if (rc < 0)
        return rc;
    snprintf(text, sizeof text, "From %.1f s on, the level is %.4g %% of the planned one.",
             (double)*at_ns / (double)NS_PER_S, factor * 100);
    if (store_run_remark(store_of(lr), id, text, &why) < 0)
        log_error(&c->daemon->log, "a change of level cannot be recorded", "run", run_id(lr->run),
                  "error", why.message, NULL);
    lr->document_ns = 0;
    publish_run(lr, "state");
    return 0;
}

void control_stop_all(struct control *c, const char *reason)
{
    for (struct live_run *lr = c->runs; lr; lr = lr->next)
        run_stop(lr->run, reason);
}

void control_abandon(struct control *c, const char *reason)
{
    struct err e;
    for (struct live_run *lr = c->runs; lr; lr = lr->next) {
        if (run_state_final(run_state(lr->run)))
            continue;
        json_t *document = run_document(lr->run);
        struct store_transition transition = {
            .to = RUN_FAILED,
            .reason = reason,
            .started_ns = run_started_wall_ns(lr->run),
            .document = document,
        };
        if (store_run_advance(store_of(lr), id_of(lr), &transition, &e) < 0)
            log_error(&c->daemon->log, "a run's end cannot be stored", "run", run_id(lr->run),
                      "error", e.message, NULL);
        json_decref(document);
    }
}

uint32_t control_live(const struct control *c)
{
    uint32_t n = 0;
    for (const struct live_run *lr = c->runs; lr; lr = lr->next)
        n += !run_state_final(run_state(lr->run));
    return n;
}

bool control_busy(const struct control *c)
{
    return c->runs;
}

/* ---- what is known of a live run ------------------------------------------------------------- */

const json_t *live_run_document(struct live_run *lr)
{
    uint64_t now = clock_mono_ns(lr->control->daemon->clock);
    if (lr->document && lr->document_ns && now - lr->document_ns < NS_PER_S)
        return lr->document;
    json_decref(lr->document);
    lr->document = run_document(lr->run);
    lr->document_ns = now;
    return lr->document;
}

static json_t *rounded(double value)
{
    return json_real(round(value * 1e4) / 1e4);
}

/* What the document would say, without making it: with many request names it is long. */
static json_t *summary_of(const struct result *r)
{
    const struct result_total *all = result_total(r);
    double duration_s = result_duration_s(r);
    double measured_s = result_measured_s(r);
    double rate = measured_s > 0 ? (double)all->counts.requests / measured_s : 0;
    json_t *document = json_object();
    json_object_set_new(document, "requests", json_integer((json_int_t)all->counts.requests));
    json_object_set_new(document, "errors", json_integer((json_int_t)all->counts.errors));
    json_object_set_new(document, "duration_s", rounded(duration_s));
    json_object_set_new(document, "rate_per_s", rounded(rate));
    json_object_set_new(document, "latency_ms", result_summary_json(&all->latency));
    json_t *summary = store_summary(document);
    json_decref(document);
    return summary;
}

void live_run_overlay(struct live_run *lr, struct store_run *stored)
{
    const char *reason = run_reason(lr->run);
    stored->state = run_state(lr->run);
    stored->passed = run_passed(lr->run);
    stored->workers = run_workers(lr->run);
    stored->started_ns = run_started_wall_ns(lr->run);
    if (!stored->ended_ns)
        stored->ended_ns = lr->ended_ns;
    free(stored->reason);
    stored->reason = reason ? mem_copy_text(reason, strlen(reason)) : NULL;
    if (stored->state < RUN_RUNNING)
        return;
    json_decref(stored->summary);
    stored->summary = summary_of(run_result(lr->run));
}

const char *live_run_trouble(const struct live_run *lr, uint64_t *since_ns)
{
    *since_ns = lr->control->trouble_since_ns;
    return *since_ns ? lr->control->trouble : NULL;
}

struct result *live_run_result(struct live_run *lr)
{
    return run_result(lr->run);
}

struct hub *live_run_hub(struct live_run *lr)
{
    return lr->hub;
}
