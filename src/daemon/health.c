/* health: what the daemon says of itself: that it is up, its machine and limits, and the documents
 * that describe its API and its scenarios. */
#include <inttypes.h>
#include <stdio.h>
#include <zlib.h>

#include "control.h"
#include "routes.h"
#include "squall/embed.h"
#include "squall/plan.h"

EMBED(daemon_openapi_json, "src/daemon/openapi.json");

struct str daemon_openapi(void)
{
    return EMBED_STR(daemon_openapi_json);
}

void health_get(struct request *rq)
{
    json_t *out = json_object();
    json_object_set_new(out, "status", json_string("ok"));
    json_object_set_new(out, "version", json_string(SQUALL_VERSION));
    reply_json(rq, MHD_HTTP_OK, out);
}

static json_t *count_json(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *limits_json(const struct daemon_config *config)
{
    json_t *out = json_object();
    json_object_set_new(out, "document_bytes", count_json(config->max_body));
    json_object_set_new(out, "requests", count_json(PLAN_REQUESTS_MAX));
    json_object_set_new(out, "stages", count_json(PLAN_STAGES_MAX));
    json_object_set_new(out, "users", count_json(PLAN_USERS_MAX));
    json_object_set_new(out, "rate", count_json(PLAN_RATE_MAX));
    json_object_set_new(out, "workers", count_json(config->max_workers));
    json_object_set_new(out, "live_runs", count_json(config->max_live_runs));
    json_object_set_new(out, "live_streams", count_json(config->max_live_streams));
    json_object_set_new(out, "page_items", count_json(STORE_PAGE_MAX));
    json_object_set_new(out, "series_points", count_json(STORE_SERIES_POINTS_MAX));
    return out;
}

void info_get(struct request *rq)
{
    struct daemon *d = rq->daemon;
    char started[TIME_TEXT_SIZE];
    const char *problem = store_problem(d->store);
    time_format(started, d->started_ns);
    json_t *out = json_object();
    json_object_set_new(out, "version", json_string(SQUALL_VERSION));
    json_object_set_new(out, "started_at", json_string(started));
    json_object_set_new(out, "cpus", count_json(uv_available_parallelism()));
    json_object_set_new(out, "data_free_bytes", count_json(store_free_bytes(d->store)));
    json_object_set_new(out, "storage_problem", problem ? json_string(problem) : json_null());
    json_object_set_new(out, "live_runs", count_json(control_live(d->control)));
    json_object_set_new(out, "limits", limits_json(d->config));
    reply_json(rq, MHD_HTTP_OK, out);
}

/* A document that changes with the program only. */
static void reply_document(struct request *rq, const char *type, struct str text)
{
    char etag[48];
    uLong sum = crc32_z(0, (const Bytef *)text.ptr, text.len);
    snprintf(etag, sizeof etag, "\"%08lx-%zu\"", sum, text.len);
    if (!reply_not_modified(rq, etag)) {
        reply_static(rq, type, text);
        reply_header(rq, MHD_HTTP_HEADER_ETAG, etag);
    }
    reply_header(rq, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
}

void openapi_get(struct request *rq)
{
    reply_document(rq, "application/json", daemon_openapi());
}

void schema_get(struct request *rq)
{
    reply_document(rq, "application/schema+json", plan_schema());
}
