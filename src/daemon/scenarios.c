/* scenarios: the handlers of /api/v1/scenarios. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "janitor.h"
#include "routes.h"
#include "views.h"

enum { ETAG_SIZE = 16 };

static void version_etag(char out[ETAG_SIZE], uint32_t version)
{
    snprintf(out, ETAG_SIZE, "\"%u\"", version);
}

static void reply_no_scenario(struct request *rq)
{
    reply_problem(rq, PROBLEM_NOT_FOUND, "There is no scenario %.*s.", request_shown(rq->params[0]),
                  rq->params[0].ptr);
}

/* Of calls that name a scenario by the path. */
static void reply_error(struct request *rq, int code, const struct err *e)
{
    if (code == -ENOENT)
        return reply_no_scenario(rq);
    reply_store_error(rq, code, e);
}

/* The scenario with its document. */
static void reply_scenario(struct request *rq, unsigned status, struct store_scenario *s)
{
    struct buf body;
    char etag[ETAG_SIZE];
    buf_init(&body, SIZE_MAX / 2);
    view_with_member(&body, view_scenario(rq->daemon, s), "document",
                     (struct str){s->document, s->document_len});
    reply_bytes(rq, status, "application/json", &body);
    version_etag(etag, s->version);
    reply_header(rq, MHD_HTTP_HEADER_ETAG, etag);
}

/* ---- documents that are sent ----------------------------------------------------------------- */

/* The body as a plan; NULL: it is none, and the request has been answered. */
static struct plan *take_plan(struct request *rq)
{
    struct plan_problems AUTO(plan_problems_fini) problems;
    struct plan *plan = NULL;
    plan_problems_init(&problems);
    json_t *json = request_json(rq);
    if (!json)
        return NULL;
    json_decref(json);
    if (plan_parse(rq->body.ptr, rq->body.len, &plan, &problems) == 0)
        return plan;
    size_t count = problems.count + problems.omitted;
    reply_problem_errors(rq, PROBLEM_SCENARIO, field_errors(&problems),
                         "The scenario has %zu mistake%s%s.", count, count == 1 ? "" : "s",
                         problems.omitted ? "; not all are listed" : "");
    return NULL;
}

static struct store_scenario_text scenario_text(const struct request *rq, const struct plan *plan)
{
    return (struct store_scenario_text){
        .name = plan->name,
        .description = plan->description,
        .tags = plan->tags,
        .tag_count = plan->tag_count,
        .document = buf_str(&rq->body),
    };
}

void scenario_create(struct request *rq)
{
    struct store_scenario AUTO(store_scenario_fini) created = {0};
    struct err e;
    char location[64];
    struct plan *plan = take_plan(rq);
    if (!plan)
        return;
    struct store_scenario_text text = scenario_text(rq, plan);
    int rc = store_scenario_create(rq->daemon->store, &text, &created, &e);
    plan_free(plan);
    if (rc < 0)
        return reply_store_error(rq, rc, &e);
    reply_scenario(rq, MHD_HTTP_CREATED, &created);
    snprintf(location, sizeof location, "/api/v1/scenarios/%s", created.id);
    reply_header(rq, MHD_HTTP_HEADER_LOCATION, location);
}

/* What If-Match demands, as the version that has to be the latest (0: any). False: the request has
 * been answered. */
static bool take_if_match(struct request *rq, uint32_t *version)
{
    struct store_scenario AUTO(store_scenario_fini) now = {0};
    struct err e;
    char etag[ETAG_SIZE];
    struct str given = request_header(rq, MHD_HTTP_HEADER_IF_MATCH);
    *version = 0;
    if (given.len == 0)
        return true;
    int rc = store_scenario_get(rq->daemon->store, rq->params[0], &now, &e);
    if (rc < 0) {
        reply_error(rq, rc, &e);
        return false;
    }
    version_etag(etag, now.version);
    *version = now.version;
    if (etag_listed(given, etag, false))
        return true;
    reply_problem(rq, PROBLEM_STALE,
                  "The scenario is at version %u by now, which If-Match does not name.",
                  now.version);
    return false;
}

void scenario_replace(struct request *rq)
{
    struct store_scenario AUTO(store_scenario_fini) replaced = {0};
    struct err e;
    uint32_t version;
    if (!take_if_match(rq, &version))
        return;
    struct plan *plan = take_plan(rq);
    if (!plan)
        return;
    struct store_scenario_text text = scenario_text(rq, plan);
    int rc =
        store_scenario_replace(rq->daemon->store, rq->params[0], version, &text, &replaced, &e);
    plan_free(plan);
    if (rc < 0)
        return reply_error(rq, rc, &e);
    reply_scenario(rq, MHD_HTTP_OK, &replaced);
}

static json_t *failed_validation(const struct plan_problems *problems)
{
    json_t *out = json_object();
    json_object_set_new(out, "valid", json_false());
    json_object_set_new(out, "errors", field_errors(problems));
    json_object_set_new(out, "omitted", json_integer((json_int_t)problems->omitted));
    return out;
}

void scenario_validate(struct request *rq)
{
    struct plan_problems AUTO(plan_problems_fini) problems;
    struct plan *plan = NULL;
    plan_problems_init(&problems);
    struct str text = rq->body.len > 0 ? buf_str(&rq->body) : STR("");
    if (plan_parse(text.ptr, text.len, &plan, &problems) < 0)
        return reply_json(rq, MHD_HTTP_OK, failed_validation(&problems));
    uint32_t workers = plan_workers_wanted(plan, uv_available_parallelism());
    if (workers > rq->daemon->config->max_workers)
        workers = (uint32_t)rq->daemon->config->max_workers;
    json_t *out = json_object();
    json_object_set_new(out, "valid", json_true());
    json_object_set_new(out, "summary", view_plan(plan, workers));
    plan_free(plan);
    reply_json(rq, MHD_HTTP_OK, out);
}

/* ---- what is there --------------------------------------------------------------------------- */

static json_t *page_json(json_t *items, const char *next)
{
    json_t *out = json_object();
    json_object_set_new(out, "items", items);
    json_object_set_new(out, "next_cursor", next[0] ? json_string(next) : json_null());
    return out;
}

void scenario_list(struct request *rq)
{
    struct store_scenario_page AUTO(store_scenario_page_fini) page = {0};
    struct store_scenario_query query = {0};
    struct err e;
    if (!request_page(rq, &query.limit, &query.cursor))
        return;
    request_query(rq, "q", &query.contains);
    request_query(rq, "tag", &query.tag);
    if (query.contains.len > PLAN_NAME_MAX || query.tag.len > PLAN_NAME_MAX)
        return reply_problem(rq, PROBLEM_BAD_REQUEST, "q and tag have at most %d bytes.",
                             PLAN_NAME_MAX);
    int rc = store_scenario_list(rq->daemon->store, &query, &page, &e);
    if (rc < 0)
        return reply_store_error(rq, rc, &e);
    json_t *items = json_array();
    for (size_t i = 0; i < page.count; i++)
        json_array_append_new(items, view_scenario(rq->daemon, &page.items[i]));
    reply_json(rq, MHD_HTTP_OK, page_json(items, page.next));
}

void scenario_get(struct request *rq)
{
    struct store_scenario AUTO(store_scenario_fini) s = {0};
    struct err e;
    char etag[ETAG_SIZE];
    int rc = store_scenario_get(rq->daemon->store, rq->params[0], &s, &e);
    if (rc < 0)
        return reply_error(rq, rc, &e);
    version_etag(etag, s.version);
    if (!reply_not_modified(rq, etag))
        reply_scenario(rq, MHD_HTTP_OK, &s);
}

void scenario_delete(struct request *rq)
{
    struct store_scenario AUTO(store_scenario_fini) s = {0};
    struct err e;
    uint32_t version;
    if (!take_if_match(rq, &version))
        return;
    int rc = store_scenario_delete(rq->daemon->store, rq->params[0], version, &s, &e);
    if (rc < 0)
        return reply_error(rq, rc, &e);
    janitor_purge(rq->daemon->janitor);
    reply_json(rq, MHD_HTTP_ACCEPTED, view_scenario(rq->daemon, &s));
}

void scenario_versions(struct request *rq)
{
    struct store_version_page AUTO(store_version_page_fini) page = {0};
    struct err e;
    struct str cursor;
    uint32_t limit;
    if (!request_page(rq, &limit, &cursor))
        return;
    int rc = store_version_list(rq->daemon->store, rq->params[0], cursor, limit, &page, &e);
    if (rc < 0)
        return reply_error(rq, rc, &e);
    json_t *items = json_array();
    for (size_t i = 0; i < page.count; i++)
        json_array_append_new(items, view_version(&page.items[i]));
    reply_json(rq, MHD_HTTP_OK, page_json(items, page.next));
}

void scenario_version(struct request *rq)
{
    struct store_version AUTO(store_version_fini) v = {0};
    struct err e;
    struct buf body;
    uint64_t number;
    int rc = -ENOENT;
    if (str_to_u64(rq->params[1], &number) && number >= 1 && number <= UINT32_MAX)
        rc = store_version_get(rq->daemon->store, rq->params[0], (uint32_t)number, &v, &e);
    if (rc == -ENOENT)
        return reply_problem(rq, PROBLEM_NOT_FOUND, "There is no version %.*s of a scenario %.*s.",
                             request_shown(rq->params[1]), rq->params[1].ptr,
                             request_shown(rq->params[0]), rq->params[0].ptr);
    if (rc < 0)
        return reply_store_error(rq, rc, &e);
    buf_init(&body, SIZE_MAX / 2);
    view_with_member(&body, view_version(&v), "document", (struct str){v.document, v.document_len});
    reply_bytes(rq, MHD_HTTP_OK, "application/json", &body);
}
