/* batch: the numbers of live runs, packed when they come and written together once a second. While
 * the disk is full they wait here, up to a limit.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_priv.h"

struct blob { /* in the second's `blobs` */
    size_t at, len;
};

struct packed_point {
    uint32_t name_id;
    uint64_t requests, errors, bytes_in, bytes_out;
    char *status;
    char *error_kinds;
    struct blob latency, service;
};

struct packed_second {
    char run_id[ID_SIZE];
    uint32_t second, users, connections, workers;
    uint64_t arrivals, dropped, late;
    double cpu, cpu_max;
    struct blob send_lag;
    struct packed_point *points;
    size_t point_count;
    struct buf blobs;
    size_t bytes; /* of memory, about */
};

struct checkpoint {
    char run_id[ID_SIZE];
    char *document;
    char *summary;
};

/* ---- packing --------------------------------------------------------------------------------- */

static struct blob pack_hist(struct packed_second *into, const struct hist *h)
{
    struct blob blob = {.at = into->blobs.len};
    if (h->total > 0)
        hist_encode(h, &into->blobs);
    blob.len = into->blobs.len - blob.at;
    return blob;
}

static void pack_point(struct packed_second *into, const struct result_point *p)
{
    struct packed_point *out = &into->points[into->point_count++];
    out->name_id = p->name_id;
    out->requests = p->counts.requests;
    out->errors = p->counts.errors;
    out->bytes_in = p->counts.bytes_in;
    out->bytes_out = p->counts.bytes_out;
    out->status = counts_status_text(&p->counts);
    out->error_kinds = counts_kinds_text(&p->counts);
    out->latency = pack_hist(into, &p->latency);
    out->service = pack_hist(into, &p->service);
}

static bool says_nothing(const struct result_point *p)
{
    return p->counts.requests == 0 && p->counts.bytes_in == 0 && p->counts.bytes_out == 0 &&
           p->latency.total == 0 && p->service.total == 0;
}

/* Counted before, so that no more points are kept than there is something to say about. */
static void pack_points(struct packed_second *into, const struct result_second *s, size_t count)
{
    size_t loud = 0;
    for (size_t i = 0; i < count; i++)
        loud += !says_nothing(&s->points[i]);
    into->points = mem_alloc(loud * sizeof *into->points);
    for (size_t i = 0; i < count; i++)
        if (!says_nothing(&s->points[i]))
            pack_point(into, &s->points[i]);
}

static void pack(struct packed_second *into, const char *run_id, const struct result_second *s,
                 size_t point_count)
{
    *into = (struct packed_second){
        .second = s->second,
        .users = s->users,
        .connections = s->connections,
        .workers = s->workers,
        .arrivals = s->arrivals,
        .dropped = s->dropped,
        .late = s->late,
        .cpu = s->cpu,
        .cpu_max = s->cpu_max,
    };
    snprintf(into->run_id, sizeof into->run_id, "%s", run_id);
    buf_init(&into->blobs, SIZE_MAX);
    into->send_lag = pack_hist(into, &s->send_lag);
    pack_points(into, s, point_count);
    into->bytes = sizeof *into + into->blobs.cap + into->point_count * sizeof *into->points;
}

static void packed_fini(struct packed_second *p)
{
    for (size_t i = 0; i < p->point_count; i++) {
        free(p->points[i].status);
        free(p->points[i].error_kinds);
    }
    free(p->points);
    buf_fini(&p->blobs);
}

/* ---- the batch ------------------------------------------------------------------------------- */

static void drop_oldest(struct store *s)
{
    struct batch *b = &s->batch;
    size_t gone = 0;
    while (b->bytes > STORE_PENDING_MAX && gone + 1 < b->count) {
        b->bytes -= b->seconds[gone].bytes;
        packed_fini(&b->seconds[gone++]);
    }
    if (gone == 0)
        return;
    b->count -= gone;
    memmove(b->seconds, b->seconds + gone, b->count * sizeof *b->seconds);
    if (!b->dropping)
        log_warn(s->log, "seconds of live runs are lost: too many wait to be stored", "reason",
                 store_problem(s) ? store_problem(s) : "nothing was flushed", NULL);
    b->dropping = true;
}

/* What was put before is looked for among so many. Farther back it stays as well: rows are written
 * in order, and the last one counts. */
enum { LOOK_BACK = 1000 };

/* The place of what was put before for that second, or a new one at the end. */
static struct packed_second *place(struct batch *b, const char *run_id, uint32_t second)
{
    for (size_t back = 1; back <= b->count && back <= LOOK_BACK; back++) {
        struct packed_second *p = &b->seconds[b->count - back];
        if (p->second == second && strcmp(p->run_id, run_id) == 0) {
            b->bytes -= p->bytes;
            packed_fini(p);
            return p;
        }
    }
    if (b->count == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 16;
        b->seconds = mem_resize(b->seconds, b->cap * sizeof *b->seconds);
    }
    return &b->seconds[b->count++];
}

void store_second_put(struct store *s, const char *run_id, const struct result_second *second,
                      size_t name_count)
{
    struct packed_second *p = place(&s->batch, run_id, second->second);
    pack(p, run_id, second, name_count + 1);
    s->batch.bytes += p->bytes;
    drop_oldest(s);
}

static struct checkpoint *checkpoint_place(struct batch *b, const char *run_id)
{
    for (size_t i = 0; i < b->checkpoint_count; i++) {
        struct checkpoint *c = &b->checkpoints[i];
        if (strcmp(c->run_id, run_id) == 0) {
            free(c->document);
            free(c->summary);
            return c;
        }
    }
    b->checkpoints = mem_resize(b->checkpoints, (b->checkpoint_count + 1) * sizeof *b->checkpoints);
    return &b->checkpoints[b->checkpoint_count++];
}

void store_checkpoint_put(struct store *s, const char *run_id, const json_t *document)
{
    struct checkpoint *c = checkpoint_place(&s->batch, run_id);
    snprintf(c->run_id, sizeof c->run_id, "%s", run_id);
    document_texts(document, &c->document, &c->summary);
}

bool batch_empty(const struct batch *b)
{
    return b->count == 0 && b->checkpoint_count == 0;
}

void batch_fini(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        packed_fini(&b->seconds[i]);
    free(b->seconds);
    for (size_t i = 0; i < b->checkpoint_count; i++) {
        free(b->checkpoints[i].document);
        free(b->checkpoints[i].summary);
    }
    free(b->checkpoints);
    memset(b, 0, sizeof *b);
}

void batch_clear(struct store *s)
{
    batch_fini(&s->batch);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void bind_blob(struct stmt *q, int at, const struct packed_second *p, struct blob blob)
{
    stmt_bind_blob(q, at, p->blobs.ptr + blob.at, blob.len);
}

static int write_second(struct db *db, uint64_t run, const struct packed_second *p, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(
        db, "INSERT INTO second (run, second, users, connections, workers, arrivals, dropped, late,"
            " cpu, cpu_max, send_lag) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
            " ON CONFLICT (run, second) DO UPDATE SET users = excluded.users,"
            " connections = excluded.connections, workers = excluded.workers,"
            " arrivals = excluded.arrivals, dropped = excluded.dropped, late = excluded.late,"
            " cpu = excluded.cpu, cpu_max = excluded.cpu_max, send_lag = excluded.send_lag");
    stmt_bind_u64(&q, 1, run);
    stmt_bind_u64(&q, 2, p->second);
    stmt_bind_u64(&q, 3, p->users);
    stmt_bind_u64(&q, 4, p->connections);
    stmt_bind_u64(&q, 5, p->workers);
    stmt_bind_u64(&q, 6, p->arrivals);
    stmt_bind_u64(&q, 7, p->dropped);
    stmt_bind_u64(&q, 8, p->late);
    stmt_bind_real(&q, 9, p->cpu);
    stmt_bind_real(&q, 10, p->cpu_max);
    bind_blob(&q, 11, p, p->send_lag);
    return stmt_run(&q, e);
}

static int write_point(struct stmt *q, const struct packed_second *p, const struct packed_point *at,
                       struct err *e)
{
    stmt_rewind(q);
    stmt_bind_u64(q, 3, at->name_id);
    stmt_bind_u64(q, 4, at->requests);
    stmt_bind_u64(q, 5, at->errors);
    stmt_bind_u64(q, 6, at->bytes_in);
    stmt_bind_u64(q, 7, at->bytes_out);
    stmt_bind_text(q, 8, at->status);
    stmt_bind_text(q, 9, at->error_kinds);
    bind_blob(q, 10, p, at->latency);
    bind_blob(q, 11, p, at->service);
    return stmt_run(q, e);
}

static int write_points(struct db *db, uint64_t run, const struct packed_second *p, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(
        db,
        "INSERT INTO point (run, second, name_id, requests, errors, bytes_in, bytes_out, status,"
        " error_kinds, latency, service) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
        " ON CONFLICT (run, second, name_id) DO UPDATE SET requests = excluded.requests,"
        " errors = excluded.errors, bytes_in = excluded.bytes_in,"
        " bytes_out = excluded.bytes_out, status = excluded.status,"
        " error_kinds = excluded.error_kinds, latency = excluded.latency,"
        " service = excluded.service");
    stmt_bind_u64(&q, 1, run);
    stmt_bind_u64(&q, 2, p->second);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < p->point_count; i++)
        rc = write_point(&q, p, &p->points[i], e);
    return rc;
}

/* 0 and `*skip` for a run that was deleted meanwhile. */
static int find_run(struct db *db, const char *id, struct run_ref *run, bool *skip, struct err *e)
{
    struct err why;
    int rc = run_find(db, str_of(id), run, &why);
    *skip = rc == -ENOENT;
    if (rc < 0 && !*skip && e)
        *e = why;
    return *skip ? 0 : rc;
}

static int write_checkpoint(struct db *db, const struct checkpoint *c, struct err *e)
{
    struct run_ref run = {0};
    bool skip;
    int rc = find_run(db, c->run_id, &run, &skip, e);
    /* A final run has its final document. */
    if (rc < 0 || skip || run_state_final(run.state))
        return rc;
    return run_set_document(db, run.number, c->document, c->summary, e);
}

int batch_write(struct store *s, struct err *e)
{
    const struct batch *b = &s->batch;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < b->count; i++) {
        const struct packed_second *p = &b->seconds[i];
        struct run_ref run = {0};
        bool skip;
        rc = find_run(&s->db, p->run_id, &run, &skip, e);
        if (rc < 0 || skip)
            continue;
        rc = write_second(&s->db, run.number, p, e);
        if (rc == 0)
            rc = write_points(&s->db, run.number, p, e);
    }
    for (size_t i = 0; rc == 0 && i < b->checkpoint_count; i++)
        rc = write_checkpoint(&s->db, &b->checkpoints[i], e);
    return rc;
}

int store_flush(struct store *s, struct err *e)
{
    if (batch_empty(&s->batch))
        return 0;
    AUTO(txn_end) struct txn t;
    int rc = txn_begin(&t, &s->db, e);
    if (rc == 0)
        rc = batch_write(s, e);
    if (rc == 0)
        rc = txn_commit(&t, e);
    if (rc == 0)
        batch_clear(s);
    if (rc == 0 && s->reserve_used)
        reserve_make(s);
    return rc;
}
