/* advance: what happens to a run: changes of its state, remarks, its result.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store_priv.h"

/* ---- events ---------------------------------------------------------------------------------- */

int run_add_event(struct store *s, uint64_t run, const char *from, const char *to,
                  const char *reason, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(
        &s->db,
        "INSERT INTO run_event (run, position, at_ns, from_state, to_state, reason)"
        " VALUES (?1, (SELECT coalesce(max(position), 0) + 1 FROM run_event WHERE run = ?1),"
        " ?2, ?3, ?4, ?5)");
    stmt_bind_u64(&q, 1, run);
    stmt_bind_u64(&q, 2, clock_wall_ns(s->clock));
    stmt_bind_text(&q, 3, from);
    stmt_bind_text(&q, 4, to);
    stmt_bind_text(&q, 5, reason);
    return stmt_run(&q, e);
}

static int remark(struct store *s, struct str id, const char *text, struct err *e)
{
    struct run_ref run = {0};
    AUTO(txn_end) struct txn t;
    int rc = txn_begin(&t, &s->db, e);
    if (rc == 0)
        rc = run_find(&s->db, id, &run, e);
    if (rc < 0)
        return rc;
    const char *state = run_state_text(run.state);
    rc = run_add_event(s, run.number, state, state, text, e);
    return rc == 0 ? txn_commit(&t, e) : rc;
}

int store_run_remark(struct store *s, struct str id, const char *text, struct err *e)
{
    int rc = remark(s, id, text, e);
    return rc == -ENOSPC && reserve_release(s) ? remark(s, id, text, e) : rc;
}

void store_events_fini(struct store_events *events)
{
    for (size_t i = 0; i < events->count; i++)
        free(events->items[i].reason);
    free(events->items);
    memset(events, 0, sizeof *events);
}

static int take_event(struct stmt *q, struct store_event *out, struct err *e)
{
    out->at_ns = stmt_u64(q, 0);
    out->first = stmt_null(q, 1);
    out->reason = stmt_copy(q, 3);
    if (run_state_of(stmt_str(q, 2), &out->to) &&
        (out->first || run_state_of(stmt_str(q, 1), &out->from)))
        return 0;
    return err_set(e, -EBADMSG, "the database is damaged: an event has no state of a run");
}

int store_run_events(struct store *s, struct str id, struct store_events *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    struct run_ref run = {0};
    int rc = run_find(&s->db, id, &run, e);
    if (rc < 0)
        return rc;
    AUTO(stmt_end)
    struct stmt q = stmt_begin(&s->db, "SELECT at_ns, from_state, to_state, reason FROM run_event"
                                       " WHERE run = ?1 ORDER BY position");
    stmt_bind_u64(&q, 1, run.number);
    while ((rc = stmt_step(&q, e)) > 0) {
        out->items = mem_resize(out->items, (out->count + 1) * sizeof *out->items);
        memset(&out->items[out->count], 0, sizeof *out->items);
        rc = take_event(&q, &out->items[out->count++], e);
        if (rc < 0)
            break;
    }
    if (rc < 0)
        store_events_fini(out);
    return rc;
}

/* ---- results --------------------------------------------------------------------------------- */

json_t *store_summary(const json_t *document)
{
    static const char *const counts[] = {"requests", "errors", "duration_s", "rate_per_s"};
    static const char *const times[] = {"mean", "p50", "p90", "p95", "p99", "p999", "max"};
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        json_object_set(out, counts[i], json_object_get(document, counts[i]));
    const json_t *latency = json_object_get(document, "latency_ms");
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        json_object_set(out, times[i], json_object_get(latency, times[i]));
    return out;
}

int run_set_document(struct db *db, uint64_t run, const char *document, const char *summary,
                     struct err *e)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(db, "UPDATE run SET document = ?2, summary = ?3 WHERE number = ?1");
    stmt_bind_u64(&q, 1, run);
    stmt_bind_text(&q, 2, document);
    stmt_bind_text(&q, 3, summary);
    return stmt_run(&q, e);
}

void document_texts(const json_t *document, char **text, char **summary)
{
    json_t *short_form = store_summary(document);
    /* 15 digits: 25.4 stays 25.4. */
    *text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(15));
    *summary = json_dumps(short_form, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(short_form);
}

int store_run_result(struct store *s, struct str id, char **text, size_t *len, struct err *e)
{
    *text = NULL;
    *len = 0;
    struct run_ref run = {0};
    int rc = run_find(&s->db, id, &run, e);
    if (rc < 0)
        return rc;
    AUTO(stmt_end) struct stmt q = stmt_begin(&s->db, "SELECT document FROM run WHERE number = ?1");
    stmt_bind_u64(&q, 1, run.number);
    rc = stmt_step(&q, e);
    if (rc <= 0)
        return rc;
    *text = stmt_copy(&q, 0);
    *len = *text ? stmt_str(&q, 0).len : 0;
    return 0;
}

/* ---- changes of state ------------------------------------------------------------------------ */

static int update(struct store *s, uint64_t run, const struct store_transition *x, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q =
        stmt_begin(&s->db, "UPDATE run SET state = ?2, reason = coalesce(?3, reason),"
                           " started_ns = iif(?4 = 0, started_ns, ?4), ended_ns = iif(?5, ?6, 0),"
                           " passed = iif(?5, ?7, NULL) WHERE number = ?1");
    stmt_bind_u64(&q, 1, run);
    stmt_bind_text(&q, 2, run_state_text(x->to));
    stmt_bind_text(&q, 3, x->reason);
    stmt_bind_u64(&q, 4, x->started_ns);
    stmt_bind_u64(&q, 5, run_state_final(x->to));
    stmt_bind_u64(&q, 6, clock_wall_ns(s->clock));
    stmt_bind_u64(&q, 7, x->passed);
    return stmt_run(&q, e);
}

static int set_document(struct store *s, uint64_t run, const json_t *document, struct err *e)
{
    char *text, *summary;
    document_texts(document, &text, &summary);
    int rc = run_set_document(&s->db, run, text, summary, e);
    free(text);
    free(summary);
    return rc;
}

static int change(struct store *s, struct str id, const struct store_transition *x, struct err *e)
{
    struct run_ref run = {0};
    int rc = run_find(&s->db, id, &run, e);
    if (rc < 0)
        return rc;
    if (!run_state_may_follow(run.state, x->to))
        return err_set(e, -EINVAL, "run %.*s is %s and cannot become %s", (int)id.len, id.ptr,
                       run_state_text(run.state), run_state_text(x->to));
    rc = update(s, run.number, x, e);
    if (rc == 0)
        rc = run_add_event(s, run.number, run_state_text(run.state), run_state_text(x->to),
                           x->reason, e);
    if (rc == 0 && x->document)
        rc = set_document(s, run.number, x->document, e);
    return rc;
}

static int advance(struct store *s, struct str id, const struct store_transition *x,
                   bool with_batch, struct err *e)
{
    AUTO(txn_end) struct txn t;
    int rc = txn_begin(&t, &s->db, e);
    if (rc == 0 && with_batch)
        rc = batch_write(s, e);
    if (rc == 0)
        rc = change(s, id, x, e);
    if (rc == 0)
        rc = txn_commit(&t, e);
    if (rc == 0 && with_batch)
        batch_clear(s);
    return rc;
}

int store_run_advance(struct store *s, struct str id, const struct store_transition *transition,
                      struct err *e)
{
    bool with_batch = run_state_final(transition->to) && !batch_empty(&s->batch);
    int rc = advance(s, id, transition, with_batch, e);
    /* Where there is no room for all, the run's state is what matters; the seconds wait. */
    if (rc == -ENOSPC && with_batch)
        rc = advance(s, id, transition, false, e);
    if (rc == -ENOSPC && reserve_release(s))
        rc = advance(s, id, transition, false, e);
    return rc;
}
