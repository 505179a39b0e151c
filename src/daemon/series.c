/* series: GET /api/v1/runs/{id}/series. Merging the histograms of hours, and writing thousands of
 * points as text, takes a while: it is done on libuv's pool. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "routes.h"
#include "views.h"

struct job {
    struct store_reader *reader;
    char *id;
    char *request;
    struct store_series_query query;
    char *text;
    int rc;
    struct err e;
};

static void work(void *owner)
{
    struct job *job = owner;
    json_t *series;
    job->rc = store_series(job->reader, str_of(job->id), &job->query, &series, &job->e);
    if (job->rc < 0)
        return;
    job->text = view_text(series);
    json_decref(series);
}

static void reply_text(struct request *rq, char *text)
{
    size_t len = strlen(text);
    struct buf body = {.ptr = text, .len = len, .cap = len + 1, .limit = len};
    reply_bytes(rq, MHD_HTTP_OK, "application/json", &body);
}

static void done(struct request *rq, void *owner)
{
    struct job *job = owner;
    if (job->rc == 0)
        reply_text(rq, job->text);
    else if (job->rc == -ENOENT)
        reply_problem(rq, PROBLEM_NOT_FOUND, "There is no run %.64s.", job->id);
    else
        reply_store_error(rq, job->rc, &job->e);
    store_reader_close(job->reader);
    free(job->request);
    free(job->id);
    free(job);
}

void runs_series(struct request *rq)
{
    uint64_t from = 0, to = 0, step = 0;
    struct str name = {"", 0};
    struct store_reader *reader;
    struct err e;
    if (!request_number(rq, "from", 0, UINT32_MAX, &from) ||
        !request_number(rq, "to", 1, UINT32_MAX, &to) ||
        !request_number(rq, "step", 1, UINT32_MAX, &step))
        return;
    if (to && to <= from)
        return reply_problem(rq, PROBLEM_BAD_REQUEST, "\"to\" has to be after \"from\".");
    request_query(rq, "request", &name);
    int rc = store_reader_open(rq->daemon->store, &reader, &e);
    if (rc < 0)
        return reply_store_error(rq, rc, &e);
    struct job *job = mem_alloc(sizeof *job);
    job->reader = reader;
    job->id = mem_copy_text(rq->params[0].ptr, rq->params[0].len);
    job->request = mem_copy_text(name.ptr, name.len);
    job->query = (struct store_series_query){
        .from = (uint32_t)from,
        .to = (uint32_t)to,
        .step = (uint32_t)step,
        .request = {job->request, name.len},
    };
    request_defer(rq, work, done, job);
}
