/* series: a run's numbers over time, several seconds merged into a point where that is wanted.
 * Percentiles come from merged histograms; they are never averaged.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "store_priv.h"

struct series {
    uint32_t from, end, step;
    struct result *shape; /* without names: turns a second into its document */
    struct result_second sum;
    uint32_t seconds; /* in sum */
    json_t *points;
};

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static void put_point(struct series *s)
{
    if (s->seconds == 0)
        return;
    s->sum.cpu /= s->seconds;
    json_t *point = result_second_document(s->shape, &s->sum);
    json_object_del(point, "by_request");
    json_array_append_new(s->points, point);
    second_clear(&s->sum, 1);
    s->seconds = 0;
}

static void add_second(struct series *s, const struct result_second *from)
{
    struct result_second *into = &s->sum;
    into->users = larger(into->users, from->users);
    into->connections = larger(into->connections, from->connections);
    into->workers = larger(into->workers, from->workers);
    into->arrivals += from->arrivals;
    into->dropped += from->dropped;
    into->late += from->late;
    into->cpu += from->cpu;
    if (into->cpu_max < from->cpu_max)
        into->cpu_max = from->cpu_max;
    hist_merge(&into->send_lag, &from->send_lag);
    counts_add(&into->points[0].counts, &from->points[0].counts);
    hist_merge(&into->points[0].latency, &from->points[0].latency);
    hist_merge(&into->points[0].service, &from->points[0].service);
    s->seconds++;
}

static int on_second(void *owner, const struct result_second *second)
{
    struct series *s = owner;
    uint32_t begin = s->from + (second->second - s->from) / s->step * s->step;
    if (begin != s->sum.second)
        put_point(s);
    s->sum.second = begin;
    add_second(s, second);
    return 0;
}

/* The second after the last one that is stored. */
static int find_end(struct db *db, uint64_t run, uint32_t *end, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q =
        stmt_begin(db, "SELECT coalesce(max(second) + 1, 0) FROM second WHERE run = ?1");
    stmt_bind_u64(&q, 1, run);
    int rc = stmt_step(&q, e);
    if (rc < 0)
        return rc;
    *end = (uint32_t)stmt_u64(&q, 0);
    return 0;
}

/* `s->end` is the end of what is stored. */
static int set_range(struct series *s, const struct store_series_query *query, struct err *e)
{
    if (query->to > 0 && query->to <= query->from)
        return err_set(e, -EINVAL, "\"to\" (%u) is not after \"from\" (%u)", query->to,
                       query->from);
    s->from = query->from;
    if (query->to > 0 && query->to < s->end)
        s->end = query->to;
    uint32_t length = s->end > s->from ? s->end - s->from : 0;
    uint32_t least = length / STORE_SERIES_POINTS_MAX + (length % STORE_SERIES_POINTS_MAX != 0);
    s->step = query->step ? query->step : larger(least, 1);
    if (s->step < least)
        return err_set(e, -EINVAL,
                       "a series has at most %d points: with %u seconds to show, \"step\" is at "
                       "least %u",
                       STORE_SERIES_POINTS_MAX, length, least);
    return 0;
}

static int read_points(struct db *db, const struct seconds_range *range, struct series *s,
                       struct err *e)
{
    s->points = json_array();
    s->shape = result_new(NULL, 0, 0);
    result_set_warm_up(s->shape, run_warm_up(db, range->run));
    second_init(&s->sum, 1);
    int rc = seconds_read(db, range, on_second, s, e);
    put_point(s);
    second_fini(&s->sum, 1);
    result_free(s->shape);
    if (rc < 0)
        json_decref(s->points);
    return rc;
}

int store_series(struct store_reader *r, struct str id, const struct store_series_query *query,
                 json_t **out, struct err *e)
{
    *out = NULL;
    struct series s = {0};
    AUTO(txn_end) struct txn view;
    AUTO(store_names_fini) struct store_names names = {0};
    struct run_ref run = {0};
    uint32_t name_id = 0;
    int rc = txn_begin_view(&view, &r->db, e);
    if (rc == 0)
        rc = run_find(&r->db, id, &run, e);
    if (rc == 0)
        rc = run_names(&r->db, run.number, &names, e);
    if (rc == 0)
        rc = names_find(&names, query->request, &name_id, e);
    if (rc == 0)
        rc = find_end(&r->db, run.number, &s.end, e);
    if (rc == 0)
        rc = set_range(&s, query, e);
    if (rc < 0)
        return rc;
    struct seconds_range range = {run.number, s.from, s.end, name_id, names.count};
    rc = read_points(&r->db, &range, &s, e);
    if (rc < 0)
        return rc;
    *out = json_object();
    json_object_set_new(*out, "step_s", json_integer(s.step));
    json_object_set_new(*out, "points", s.points);
    return 0;
}
