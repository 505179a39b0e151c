/* level: the handler of /api/v1/runs/{id}/load, which changes the level of a run while it is on. */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "control.h"
#include "routes.h"
#include "views.h"

/* {"factor": 1.5}; false: the request has been answered. */
static bool take_factor(struct request *rq, double *out)
{
    json_t *body = request_json(rq);
    if (!body)
        return false;
    const json_t *factor = json_object_get(body, "factor");
    bool right = json_object_size(body) == 1 && json_is_number(factor);
    *out = json_number_value(factor);
    json_decref(body);
    if (!right)
        reply_problem(rq, PROBLEM_BAD_REQUEST,
                      "An object like {\"factor\": 1.5} is wanted, and nothing else in it.");
    return right;
}

/* Nothing of that name is live. */
static void reply_not_live(struct request *rq)
{
    struct store_run AUTO(store_run_fini) run = {0};
    struct err e;
    int rc = store_run_get(rq->daemon->store, rq->params[0], &run, &e);
    if (rc == -ENOENT)
        return reply_problem(rq, PROBLEM_NOT_FOUND, "There is no run %.*s.",
                             request_shown(rq->params[0]), rq->params[0].ptr);
    if (rc < 0)
        return reply_store_error(rq, rc, &e);
    reply_problem(rq, PROBLEM_CONFLICT, "The run is %s already.", run_state_text(run.state));
}

void runs_change_load(struct request *rq)
{
    double factor;
    struct err e;
    uint64_t at_ns;
    if (!take_factor(rq, &factor))
        return;
    int rc = control_run_change(rq->daemon->control, rq->params[0], factor, &at_ns, &e);
    if (rc == -ENOENT)
        return reply_not_live(rq);
    if (rc < 0)
        return reply_problem(rq, rc == -EINVAL ? PROBLEM_BAD_REQUEST : PROBLEM_CONFLICT, "%s",
                             e.message);
    json_t *out = json_object();
    json_object_set_new(out, "s", json_real(round((double)at_ns / 1e5) / 1e4));
    json_object_set_new(out, "factor", json_real(factor));
    reply_json(rq, MHD_HTTP_ACCEPTED, out);
}
