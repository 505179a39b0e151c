/* seconds: reading the stored seconds of a run back into the form in which they came.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store_priv.h"

void second_init(struct result_second *s, size_t point_count)
{
    memset(s, 0, sizeof *s);
    hist_init(&s->send_lag);
    s->points = mem_alloc(point_count * sizeof *s->points);
    for (size_t i = 0; i < point_count; i++) {
        s->points[i].name_id = (uint32_t)i;
        hist_init(&s->points[i].latency);
        hist_init(&s->points[i].service);
    }
}

void second_fini(struct result_second *s, size_t point_count)
{
    for (size_t i = 0; i < point_count; i++) {
        result_counts_fini(&s->points[i].counts);
        hist_fini(&s->points[i].latency);
        hist_fini(&s->points[i].service);
    }
    hist_fini(&s->send_lag);
    free(s->points);
    s->points = NULL;
}

/* The memory of some histograms is kept for the next second; a thousand names would hold on to a
 * hundred megabytes. */
enum { KEEP_POINTS = 32 };

static void empty(struct hist *h, bool keep)
{
    if (keep)
        return hist_clear(h);
    hist_fini(h);
    hist_init(h);
}

void second_clear(struct result_second *s, size_t point_count)
{
    bool keep = point_count <= KEEP_POINTS;
    for (size_t i = 0; i < point_count; i++) {
        result_counts_fini(&s->points[i].counts);
        empty(&s->points[i].latency, keep);
        empty(&s->points[i].service, keep);
    }
    empty(&s->send_lag, keep);
    *s = (struct result_second){.send_lag = s->send_lag, .points = s->points};
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int take_hist(struct stmt *q, int column, struct hist *into, struct err *e)
{
    struct str blob = stmt_str(q, column);
    if (blob.len == 0)
        return 0;
    int rc = hist_add_encoded(into, blob.ptr, blob.len, e);
    return rc < 0 ? err_prefix(e, "the database is damaged") : 0;
}

static int take_second(struct stmt *q, struct result_second *out, struct err *e)
{
    out->second = (uint32_t)stmt_u64(q, 0);
    out->users = (uint32_t)stmt_u64(q, 1);
    out->connections = (uint32_t)stmt_u64(q, 2);
    out->workers = (uint32_t)stmt_u64(q, 3);
    out->arrivals = stmt_u64(q, 4);
    out->dropped = stmt_u64(q, 5);
    out->late = stmt_u64(q, 6);
    out->cpu = stmt_real(q, 7);
    out->cpu_max = stmt_real(q, 8);
    return take_hist(q, 9, &out->send_lag, e);
}

static int take_point(struct stmt *q, struct result_point *out, struct err *e)
{
    out->counts.requests = stmt_u64(q, 1);
    out->counts.errors = stmt_u64(q, 2);
    out->counts.bytes_in = stmt_u64(q, 3);
    out->counts.bytes_out = stmt_u64(q, 4);
    int rc = counts_add_status(&out->counts, stmt_str(q, 5), e);
    if (rc == 0)
        rc = counts_add_kinds(&out->counts, stmt_str(q, 6), e);
    if (rc == 0)
        rc = take_hist(q, 7, &out->latency, e);
    if (rc == 0)
        rc = take_hist(q, 8, &out->service, e);
    return rc;
}

#define POINT_COLUMNS                                                                              \
    "name_id, requests, errors, bytes_in, bytes_out, status, error_kinds, latency, service"
static const char points_all[] = "SELECT " POINT_COLUMNS " FROM point"
                                 " WHERE run = ?1 AND second = ?2 ORDER BY name_id";
static const char points_only[] = "SELECT " POINT_COLUMNS " FROM point"
                                  " WHERE run = ?1 AND second = ?2 AND name_id = ?3";

static int take_points(struct stmt *q, const struct seconds_range *range, struct result_second *s,
                       struct err *e)
{
    stmt_rewind(q);
    stmt_bind_u64(q, 2, s->second);
    for (size_t i = 0; i < seconds_points(range); i++)
        s->points[i].second = s->second;
    int rc;
    while ((rc = stmt_step(q, e)) > 0) {
        uint64_t name_id = range->only == NAMES_ALL ? stmt_u64(q, 0) : 0;
        if (name_id >= seconds_points(range))
            return err_set(e, -EBADMSG, "the database is damaged: a point is without a request");
        rc = take_point(q, &s->points[name_id], e);
        if (rc < 0)
            return rc;
    }
    return rc;
}

size_t seconds_points(const struct seconds_range *range)
{
    return range->only == NAMES_ALL ? range->name_count + 1 : 1;
}

int seconds_read(struct db *db, const struct seconds_range *range, seconds_fn *each, void *owner,
                 struct err *e)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(
        db, "SELECT second, users, connections, workers, arrivals, dropped, late, cpu, cpu_max,"
            " send_lag FROM second WHERE run = ?1 AND second >= ?2 AND second < ?3"
            " ORDER BY second");
    stmt_bind_u64(&q, 1, range->run);
    stmt_bind_u64(&q, 2, range->from);
    stmt_bind_u64(&q, 3, range->to);
    bool all = range->only == NAMES_ALL;
    AUTO(stmt_end) struct stmt points = stmt_begin(db, all ? points_all : points_only);
    stmt_bind_u64(&points, 1, range->run);
    if (!all)
        stmt_bind_u64(&points, 3, (uint64_t)range->only);
    struct result_second s;
    second_init(&s, seconds_points(range));
    int rc;
    while ((rc = stmt_step(&q, e)) > 0) {
        second_clear(&s, seconds_points(range));
        rc = take_second(&q, &s, e);
        if (rc == 0)
            rc = take_points(&points, range, &s, e);
        if (rc == 0)
            rc = each(owner, &s);
        if (rc < 0)
            break;
    }
    second_fini(&s, seconds_points(range));
    return rc;
}

int store_seconds_each(struct store_reader *r, struct str id, uint32_t from, uint32_t to,
                       int (*each)(void *owner, const struct result_second *second), void *owner,
                       struct err *e)
{
    AUTO(txn_end) struct txn view;
    AUTO(store_names_fini) struct store_names names = {0};
    struct run_ref run = {0};
    int rc = txn_begin_view(&view, &r->db, e);
    if (rc == 0)
        rc = run_find(&r->db, id, &run, e);
    if (rc == 0)
        rc = run_names(&r->db, run.number, &names, e);
    if (rc < 0)
        return rc;
    struct seconds_range range = {run.number, from, to, NAMES_ALL, names.count};
    return seconds_read(&r->db, &range, each, owner, e);
}
