/* series: GET /api/v1/runs/{id}/series. Merging the histograms of hours takes a while: it is done
 * on libuv's pool. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "routes.h"

struct job {
    struct store_reader *reader;
    char *id;
    char *request;
    struct store_series_query query;
    json_t *series;
    int rc;
    struct err e;
};

static void work(void *owner)
{
    struct job *job = owner;
    job->rc = store_series(job->reader, str_of(job->id), &job->query, &job->series, &job->e);
}

static void done(struct request *rq, void *owner)
{
    struct job *job = owner;
    if (job->rc == 0)
        reply_json(rq, MHD_HTTP_OK, job->series);
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
