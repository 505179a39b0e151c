/* recover: runs that a killed daemon left in a state that is not final. Their result is made again
 * from the stored seconds, by feeding them to `result` as if one worker had sent them; only what
 * seconds do not hold (phases, samples) comes from the last checkpoint.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store_priv.h"

enum { RECOVER_POINTS_MAX = 20000 }; /* beyond, the checkpoint must do: the start is not to wait */

static const char why_failed[] = "the daemon ended before the run did";

struct left { /* a run as it was left */
    char id[ID_SIZE];
    uint64_t number;
    uint32_t workers;
    enum run_state state;
};

/* ---- seconds as ticks ------------------------------------------------------------------------ */

struct feed {
    struct result *result;
    uint32_t workers; /* that have reported every second so far */
    uint32_t next;    /* second */
    struct err *e;
};

/* What a tick borrows. */
struct tick_memory {
    struct wire_request_tick *requests;
    struct wire_latency *latencies; /* one a request */
    struct buf *texts;
    size_t text_count;
};

static struct str encode(struct tick_memory *m, const struct hist *h)
{
    if (h->total == 0)
        return STR("");
    struct buf *text = &m->texts[m->text_count++];
    buf_init(text, SIZE_MAX);
    hist_encode_base64(h, text);
    return buf_str(text);
}

static void fill_request(struct tick_memory *m, size_t at, const struct result_point *p)
{
    struct wire_request_tick *t = &m->requests[at];
    t->name_id = p->name_id;
    t->requests = p->counts.requests;
    t->errors = p->counts.errors;
    t->bytes_in = p->counts.bytes_in;
    t->bytes_out = p->counts.bytes_out;
    memcpy(t->error_kinds, p->counts.error_kinds, sizeof t->error_kinds);
    t->status = p->counts.status;
    t->status_count = p->counts.status_count;
    m->latencies[at] = (struct wire_latency){p->second, encode(m, &p->latency)};
    t->latency = &m->latencies[at];
    t->latency_count = p->latency.total > 0;
    for (int i = 0; i < WIRE_METRIC_COUNT; i++)
        t->metrics[i] = STR("");
    t->metrics[WIRE_SERVICE] = encode(m, &p->service);
}

static void memory_init(struct tick_memory *m, size_t names)
{
    m->requests = mem_alloc(names * sizeof *m->requests);
    m->latencies = mem_alloc(names * sizeof *m->latencies);
    m->texts = mem_alloc((2 * names + 1) * sizeof *m->texts);
    m->text_count = 0;
}

static void memory_fini(struct tick_memory *m)
{
    for (size_t i = 0; i < m->text_count; i++)
        buf_fini(&m->texts[i]);
    free(m->texts);
    free(m->latencies);
    free(m->requests);
}

/* The first worker says it all; the others report a share of the processor time, so that its mean
 * and its maximum come out as they were. Seconds do not say which worker was lost; any will do. */
static int add_other_workers(struct feed *f, const struct result_second *s)
{
    if (f->workers > s->workers)
        f->workers = s->workers;
    struct wire_tick tick = {.second = s->second};
    if (s->workers > 1)
        tick.cpu = (s->cpu - s->cpu_max) / (s->workers - 1);
    int rc = 0;
    for (uint32_t w = 1; rc == 0 && w < f->workers; w++)
        rc = result_add_tick(f->result, w, &tick, f->e);
    return rc;
}

/* Seconds that are missing (the disk was full) were idle, as far as is known. */
static int add_gap(struct feed *f, uint32_t end)
{
    int rc = 0;
    for (; rc == 0 && f->next < end; f->next++) {
        struct wire_tick tick = {.second = f->next};
        for (uint32_t w = 0; rc == 0 && (w == 0 || w < f->workers); w++)
            rc = result_add_tick(f->result, w, &tick, f->e);
    }
    return rc;
}

static int on_second(void *owner, const struct result_second *s)
{
    struct feed *f = owner;
    int rc = add_gap(f, s->second);
    if (rc < 0)
        return rc;
    size_t names = result_name_count(f->result);
    AUTO(memory_fini) struct tick_memory m;
    memory_init(&m, names);
    for (size_t i = 0; i < names; i++)
        fill_request(&m, i, &s->points[i]);
    struct wire_tick tick = {
        .second = s->second,
        .users = s->users,
        .connections = s->connections,
        .arrivals = s->arrivals,
        .dropped = s->dropped,
        .late = s->late,
        .cpu = s->cpu_max,
        .send_lag = encode(&m, &s->send_lag),
        .requests = m.requests,
        .request_count = names,
    };
    f->next = s->second + 1;
    rc = result_add_tick(f->result, 0, &tick, f->e);
    return rc == 0 ? add_other_workers(f, s) : rc;
}

/* ---- the result ------------------------------------------------------------------------------ */

static int count_points(struct db *db, const struct left *run, uint64_t *count, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q =
        stmt_begin(db, "SELECT count(*) FROM (SELECT 1 FROM point WHERE run = ?1 LIMIT ?2)");
    stmt_bind_u64(&q, 1, run->number);
    stmt_bind_u64(&q, 2, RECOVER_POINTS_MAX + 1);
    int rc = stmt_step(&q, e);
    if (rc > 0)
        *count = stmt_u64(&q, 0);
    return rc > 0 ? 0 : rc;
}

/* NULL when it cannot be made. */
static json_t *from_seconds(struct db *db, const struct left *run, const struct store_names *names)
{
    uint64_t points = 0;
    struct err e;
    if (count_points(db, run, &points, &e) < 0 || points > RECOVER_POINTS_MAX)
        return NULL;
    struct feed f = {
        .result = result_new(names->items, names->count, run->workers),
        .workers = run->workers,
        .e = &e,
    };
    result_set_warm_up(f.result, run_warm_up(db, run->number));
    struct seconds_range range = {run->number, 0, UINT32_MAX, NAMES_ALL, names->count};
    int rc = seconds_read(db, &range, on_second, &f, &e);
    json_t *out = NULL;
    if (rc == 0) {
        for (uint32_t w = 0; w < run->workers; w++)
            result_worker_lost(f.result, w);
        out = result_document(f.result);
    }
    result_free(f.result);
    return out;
}

static json_t *last_checkpoint(struct store *s, const struct left *run)
{
    char *text;
    size_t len;
    if (store_run_result(s, str_of(run->id), &text, &len, NULL) < 0)
        return NULL;
    json_t *out = text ? json_loadb(text, len, 0, NULL) : NULL;
    free(text);
    return out;
}

static void take_over(json_t *into, const json_t *from, const char *key)
{
    json_t *value = json_object_get(from, key);
    if (value)
        json_object_set(into, key, value);
}

/* What seconds do not hold. */
static void add_checkpoint(json_t *document, const json_t *checkpoint)
{
    take_over(document, checkpoint, "phases_ms");
    take_over(document, checkpoint, "samples");
    take_over(document, checkpoint, "changes");
    const char *name;
    json_t *totals;
    json_object_foreach(json_object_get(document, "by_request"), name, totals)
    {
        const json_t *before = json_object_get(json_object_get(checkpoint, "by_request"), name);
        take_over(totals, before, "phases_ms");
    }
}

static void add_note(json_t *document, const char *text)
{
    json_array_append_new(json_object_get(document, "notes"), json_string(text));
}

static json_t *make_document(struct store *s, const struct left *run,
                             const struct store_names *names)
{
    json_t *checkpoint = last_checkpoint(s, run);
    json_t *out = from_seconds(&s->db, run, names);
    if (out && checkpoint) {
        add_checkpoint(out, checkpoint);
        add_note(out, "The daemon ended before the run did: phases and samples are as of some "
                      "seconds before, the other numbers are complete up to then.");
        json_decref(checkpoint);
    } else if (out) {
        add_note(out, "The daemon ended before the run did: phases and samples were not kept.");
    } else if (checkpoint) {
        out = checkpoint;
        add_note(out, "The daemon ended before the run did: the numbers are those of some seconds "
                      "before; the series may have more.");
    }
    if (out) {
        json_object_set_new(out, "state", json_string(run_state_text(RUN_FAILED)));
        json_object_set_new(out, "reason", json_string(why_failed));
        json_object_set_new(out, "passed", json_false());
    }
    return out;
}

/* ---- the runs -------------------------------------------------------------------------------- */

static int fail_run(struct store *s, const struct left *run, struct err *e)
{
    AUTO(store_names_fini) struct store_names names = {0};
    int rc = run_names(&s->db, run->number, &names, e);
    if (rc < 0)
        return rc;
    json_t *document = make_document(s, run, &names);
    struct store_transition failed = {
        .to = RUN_FAILED,
        .reason = why_failed,
        .document = document,
    };
    rc = store_run_advance(s, str_of(run->id), &failed, e);
    json_decref(document);
    if (rc == 0)
        log_warn(s->log, "a run was left by the daemon before", "run", run->id, "state",
                 run_state_text(run->state), NULL);
    return rc;
}

static int next_left(struct db *db, uint64_t after, struct left *out, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(
        db, "SELECT number, id, workers, state FROM run"
            " WHERE ended_ns = 0 AND number > ?1 AND NOT deleting ORDER BY number LIMIT 1");
    stmt_bind_u64(&q, 1, after);
    int rc = stmt_step(&q, e);
    if (rc <= 0)
        return rc;
    out->number = stmt_u64(&q, 0);
    stmt_id(&q, 1, out->id);
    out->workers = (uint32_t)stmt_u64(&q, 2);
    run_state_of(stmt_str(&q, 3), &out->state);
    return 1;
}

int store_recover(struct store *s, uint32_t *failed, struct err *e)
{
    *failed = 0;
    struct left run = {0};
    int rc;
    while ((rc = next_left(&s->db, run.number, &run, e)) > 0) {
        rc = fail_run(s, &run, e);
        if (rc < 0)
            return err_prefix(e, "run %s", run.id);
        (*failed)++;
    }
    return rc;
}
