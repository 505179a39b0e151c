/* export: GET /api/v1/runs/{id}/export: the result document, or its seconds as CSV or as an
 * HdrHistogram log, read from the store a piece at a time. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "http.h"
#include "pull.h"
#include "routes.h"

enum {
    PIECE_SECONDS = 30,
    BLOCK_SIZE = 64 << 10,
    NAME_SIZE = 64,
};

/* A form that seconds are written in. */
struct form {
    const char *word;
    const char *type;
    void (*head)(struct buf *out, uint64_t started_ns);
    void (*second)(struct buf *out, const struct store_names *names,
                   const struct result_second *second);
};

struct exported {
    const struct form *form;
    struct store_reader *reader;
    char id[ID_SIZE];
    uint64_t started_ns;
    struct store_names names;
    bool begun;
    uint32_t next;
    uint32_t seen; /* of the piece */
    struct buf *out;
    struct pull *pull;
    struct daemon *daemon;
    struct MHD_Connection *connection;
    bool suspended;
};

/* ---- CSV (RFC 4180) -------------------------------------------------------------------------- */

static void csv_head(struct buf *out, uint64_t started_ns)
{
    static const char *const statistics[] = {"count", "min", "mean", "stdev", "p50",
                                             "p90",   "p95", "p99",  "p999",  "max"};
    static const char *const metrics[] = {"latency", "service"};
    (void)started_ns;
    buf_add_text(out, "second,request,users,connections,arrivals,dropped,late,requests,errors,"
                      "bytes_in,bytes_out,status_1xx,status_2xx,status_3xx,status_4xx,status_5xx");
    for (int k = 0; k < WIRE_ERR_COUNT; k++)
        buf_add_format(out, ",error_%s", wire_error_text((enum wire_error)k));
    for (size_t m = 0; m < 2; m++)
        for (size_t s = 0; s < sizeof statistics / sizeof statistics[0]; s++)
            buf_add_format(out, ",%s_%s%s", metrics[m], statistics[s], s == 0 ? "" : "_ms");
    buf_add_text(out, "\r\n");
}

static void csv_text(struct buf *out, struct str text)
{
    buf_add_text(out, "\"");
    for (size_t i = 0; i < text.len; i++)
        buf_add(out, text.ptr[i] == '"' ? "\"\"" : &text.ptr[i], text.ptr[i] == '"' ? 2 : 1);
    buf_add_text(out, "\"");
}

static void csv_hist(struct buf *out, const struct hist *h)
{
    struct hist_summary s;
    hist_summarize(h, &s);
    buf_add_format(out, ",%" PRIu64 ",%.10g,%.10g,%.10g,%.10g,%.10g,%.10g,%.10g,%.10g,%.10g",
                   s.count, s.min, s.mean, s.stdev, s.p50, s.p90, s.p95, s.p99, s.p999, s.max);
}

static void csv_counts(struct buf *out, const struct result_counts *c)
{
    uint64_t classes[6] = {0};
    for (size_t i = 0; i < c->status_count; i++)
        if (c->status[i].status / 100 < 6)
            classes[c->status[i].status / 100] += c->status[i].count;
    buf_add_format(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, c->requests, c->errors,
                   c->bytes_in, c->bytes_out);
    for (int i = 1; i < 6; i++)
        buf_add_format(out, ",%" PRIu64, classes[i]);
    for (int k = 0; k < WIRE_ERR_COUNT; k++)
        buf_add_format(out, ",%" PRIu64, c->error_kinds[k]);
}

static bool has_something(const struct result_point *p)
{
    return p->counts.requests > 0 || p->latency.total > 0 || p->service.total > 0;
}

static void csv_second(struct buf *out, const struct store_names *names,
                       const struct result_second *s)
{
    for (size_t i = 0; i <= names->count; i++) {
        const struct result_point *p = &s->points[i];
        bool all = i == names->count;
        if (!all && !has_something(p))
            continue;
        buf_add_format(out, "%u,", s->second);
        csv_text(out, all ? STR("") : names->items[i]);
        if (all)
            buf_add_format(out, ",%u,%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64, s->users, s->connections,
                           s->arrivals, s->dropped, s->late);
        else
            buf_add_text(out, ",,,,,");
        csv_counts(out, &p->counts);
        csv_hist(out, &p->latency);
        csv_hist(out, &p->service);
        buf_add_text(out, "\r\n");
    }
}

/* ---- .hlog ----------------------------------------------------------------------------------- */

/* A tag ends at a comma, and a line at its end. */
static void hlog_tag(struct buf *out, struct str name)
{
    buf_clear(out);
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        buf_add(out, c == ',' || c <= ' ' || c == 0x7f ? "_" : &name.ptr[i], 1);
    }
}

static void hlog_second(struct buf *out, const struct store_names *names,
                        const struct result_second *s)
{
    struct buf tag;
    buf_init(&tag, PLAN_NAME_MAX);
    hist_log_line(out, NULL, s->second, 1, &s->points[names->count].latency);
    for (size_t i = 0; i < names->count; i++) {
        if (s->points[i].latency.total == 0)
            continue;
        hlog_tag(&tag, names->items[i]);
        hist_log_line(out, tag.ptr, s->second, 1, &s->points[i].latency);
    }
    buf_fini(&tag);
}

static void hlog_head(struct buf *out, uint64_t started_ns)
{
    hist_log_header(out, started_ns);
}

static const struct form forms[] = {
    {"csv", "text/csv; charset=utf-8; header=present", csv_head, csv_second},
    {"hlog", "text/plain; charset=utf-8", hlog_head, hlog_second},
};

/* ---- pieces, on the pool --------------------------------------------------------------------- */

static int each(void *owner, const struct result_second *second)
{
    struct exported *x = owner;
    x->form->second(x->out, &x->names, second);
    x->next = second->second + 1;
    return ++x->seen == PIECE_SECONDS ? -EINTR : 0; /* enough for now */
}

static int produce(void *owner, struct buf *out, bool *more)
{
    struct exported *x = owner;
    struct err e;
    if (!x->begun) {
        x->begun = true;
        int rc = store_run_names(x->reader, str_of(x->id), &x->names, &e);
        if (rc < 0)
            return rc;
        x->form->head(out, x->started_ns);
    }
    x->out = out;
    x->seen = 0;
    int rc = store_seconds_each(x->reader, str_of(x->id), x->next, UINT32_MAX, each, x, &e);
    *more = rc == -EINTR;
    return rc == -EINTR ? 0 : rc;
}

static void source_free(void *owner)
{
    struct exported *x = owner;
    store_reader_close(x->reader);
    store_names_fini(&x->names);
    free(x);
}

static const struct pull_source source = {produce, source_free};

/* ---- the answer ------------------------------------------------------------------------------ */

static void wake(void *owner)
{
    struct exported *x = owner;
    if (!x->suspended)
        return;
    x->suspended = false;
    http_resume(x->daemon->http, x->connection);
}

static ssize_t on_read(void *owner, uint64_t at, char *out, size_t max)
{
    (void)at;
    struct exported *x = owner;
    ssize_t n = pull_read(x->pull, out, max);
    if (n > 0)
        return n;
    if (n == PULL_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (n == PULL_FAILED)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    x->suspended = true;
    MHD_suspend_connection(x->connection);
    return 0;
}

static void on_free(void *owner)
{
    struct exported *x = owner;
    pull_free(x->pull);
}

static void name_the_file(struct request *rq, const char *id, const char *word)
{
    char text[NAME_SIZE + 64];
    snprintf(text, sizeof text, "attachment; filename=\"squall-%s.%s\"", id, word);
    reply_header(rq, MHD_HTTP_HEADER_CONTENT_DISPOSITION, text);
}

static void reply_form(struct request *rq, const struct form *form, const struct store_run *run)
{
    struct store_reader *reader;
    struct err e;
    int rc = store_reader_open(rq->daemon->store, &reader, &e);
    if (rc < 0)
        return reply_store_error(rq, rc, &e);
    struct exported *x = mem_alloc(sizeof *x);
    x->form = form;
    x->reader = reader;
    x->started_ns = run->started_ns ? run->started_ns : run->created_ns;
    memcpy(x->id, run->id, ID_SIZE);
    x->daemon = rq->daemon;
    x->connection = rq->connection;
    x->pull = pull_new(rq->daemon, &source, x, wake, x);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, on_read, x, on_free);
    if (!response)
        return pull_free(x->pull);
    response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, form->type);
    reply_response(rq, MHD_HTTP_OK, response);
}

void runs_export(struct request *rq)
{
    struct store_run AUTO(store_run_fini) run = {0};
    struct err e;
    struct str word = STR("json");
    const struct form *form = NULL;
    request_query(rq, "format", &word);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (str_eq_text(word, forms[i].word))
            form = &forms[i];
    if (!form && !str_eq_text(word, "json"))
        return reply_problem(rq, PROBLEM_BAD_REQUEST, "\"format\" is json, csv or hlog.");
    int rc = store_run_get(rq->daemon->store, rq->params[0], &run, &e);
    if (rc == -ENOENT)
        return reply_problem(rq, PROBLEM_NOT_FOUND, "There is no run %.*s.",
                             request_shown(rq->params[0]), rq->params[0].ptr);
    if (rc < 0)
        return reply_store_error(rq, rc, &e);
    if (form)
        reply_form(rq, form, &run);
    else
        runs_result(rq);
    if (rq->status == MHD_HTTP_OK)
        name_the_file(rq, run.id, form ? form->word : "json");
}
