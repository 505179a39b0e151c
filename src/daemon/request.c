/* request: what a handler may ask of its request, and the ways to answer it. When an answer is
 * given to MHD is http.c's.
 */
#include "request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "views.h"

enum { DETAIL_MAX = 2048 };

/* ---- what was asked -------------------------------------------------------------------------- */

struct str request_header(const struct request *rq, const char *name)
{
    const char *value;
    size_t len;
    if (MHD_lookup_connection_value_n(rq->connection, MHD_HEADER_KIND, name, strlen(name), &value,
                                      &len) != MHD_YES)
        return (struct str){"", 0};
    return (struct str){value ? value : "", len};
}

bool request_query(const struct request *rq, const char *name, struct str *out)
{
    const char *value;
    size_t len;
    if (MHD_lookup_connection_value_n(rq->connection, MHD_GET_ARGUMENT_KIND, name, strlen(name),
                                      &value, &len) != MHD_YES)
        return false;
    *out = (struct str){value ? value : "", len};
    return true;
}

bool request_is_head(const struct request *rq)
{
    return strcmp(rq->method, MHD_HTTP_METHOD_HEAD) == 0;
}

bool request_number(struct request *rq, const char *name, uint64_t min, uint64_t max, uint64_t *out)
{
    struct str text;
    uint64_t value;
    if (!request_query(rq, name, &text))
        return true;
    if (!str_to_u64(text, &value) || value < min || value > max) {
        reply_problem(rq, PROBLEM_BAD_REQUEST,
                      "The parameter \"%s\" is a whole number from %" PRIu64 " to %" PRIu64 ".",
                      name, min, max);
        return false;
    }
    *out = value;
    return true;
}

bool request_page(struct request *rq, uint32_t *limit, struct str *cursor)
{
    enum { LIMIT_DEFAULT = 50 };
    uint64_t number = LIMIT_DEFAULT;
    if (!request_number(rq, "limit", 1, STORE_PAGE_MAX, &number))
        return false;
    *limit = (uint32_t)number;
    *cursor = STR("");
    request_query(rq, "cursor", cursor);
    return true;
}

json_t *request_json(struct request *rq)
{
    json_error_t error;
    json_t *out =
        json_loadb(rq->body.ptr ? rq->body.ptr : "", rq->body.len, JSON_DECODE_ANY, &error);
    if (out)
        return out;
    unsigned line = error.line > 0 ? (unsigned)error.line : 1;
    unsigned column = error.column > 0 ? (unsigned)error.column : 1;
    json_t *errors = json_array();
    json_array_append_new(errors, field_error("", line, column, error.text));
    reply_problem_errors(rq, PROBLEM_NOT_JSON, errors,
                         "The body is not JSON: line %u, column %u: %s.", line, column, error.text);
    return NULL;
}

/* ---- entity tags (RFC 9110, 8.8.3) ----------------------------------------------------------- */

bool etag_listed(struct str list, const char *etag, bool weak)
{
    if (str_eq_text(str_trim(list), "*"))
        return true;
    while (list.len > 0) {
        const char *comma = memchr(list.ptr, ',', list.len);
        size_t len = comma ? (size_t)(comma - list.ptr) : list.len;
        struct str item = str_trim((struct str){list.ptr, len});
        if (weak && str_starts(item, "W/"))
            item = (struct str){item.ptr + 2, item.len - 2};
        if (str_eq_text(item, etag))
            return true;
        list.ptr += len + (comma ? 1 : 0);
        list.len -= len + (comma ? 1 : 0);
    }
    return false;
}

bool reply_not_modified(struct request *rq, const char *etag)
{
    struct str given = request_header(rq, MHD_HTTP_HEADER_IF_NONE_MATCH);
    if (given.len == 0 || !etag_listed(given, etag, true))
        return false;
    reply_empty(rq, MHD_HTTP_NOT_MODIFIED);
    reply_header(rq, MHD_HTTP_HEADER_ETAG, etag);
    return true;
}

/* ---- answers --------------------------------------------------------------------------------- */

void response_header(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

void reply_header(struct request *rq, const char *name, const char *value)
{
    if (!rq->response)
        return;
    MHD_del_response_header(rq->response, name, MHD_get_response_header(rq->response, name));
    response_header(rq->response, name, value);
}

/* What every answer says to browsers: guess no type, show it in no frame, run nothing of it. The
 * dashboard's page replaces the policy by its own. */
static void add_common_headers(struct MHD_Response *response)
{
    response_header(response, "X-Content-Type-Options", "nosniff");
    response_header(response, "X-Frame-Options", "DENY");
    response_header(response, "Referrer-Policy", "no-referrer");
    response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    response_header(response, "Content-Security-Policy",
                    "default-src 'none'; frame-ancestors 'none'");
    response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
}

void reply_response(struct request *rq, unsigned status, struct MHD_Response *response)
{
    if (rq->response)
        MHD_destroy_response(rq->response);
    rq->response = response;
    rq->status = status;
    add_common_headers(response);
    if (rq->deferred && !rq->in_access)
        http_resume(rq->daemon->http, rq->connection);
}

void reply_bytes(struct request *rq, unsigned status, const char *type, struct buf *body)
{
    if (body->failed) {
        buf_fini(body);
        return reply_problem(rq, PROBLEM_INTERNAL, "The answer is too large.");
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->len, body->ptr, MHD_RESPMEM_MUST_FREE);
    if (!response)
        return buf_fini(body);
    memset(body, 0, sizeof *body);
    response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    reply_response(rq, status, response);
}

static void reply_json_as(struct request *rq, unsigned status, const char *type, json_t *body)
{
    char *text = view_text(body);
    json_decref(body);
    size_t len = strlen(text);
    struct buf bytes = {.ptr = text, .len = len, .cap = len + 1, .limit = len};
    reply_bytes(rq, status, type, &bytes);
}

void reply_json(struct request *rq, unsigned status, json_t *body)
{
    reply_json_as(rq, status, "application/json", body);
}

void reply_static(struct request *rq, const char *type, struct str body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.len, (void *)(uintptr_t)body.ptr, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return;
    response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    reply_response(rq, MHD_HTTP_OK, response);
}

void reply_empty(struct request *rq, unsigned status)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response)
        reply_response(rq, status, response);
}

void reply_problem_errors(struct request *rq, enum problem problem, json_t *errors,
                          const char *format, ...)
{
    char detail[DETAIL_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    reply_json_as(rq, problem_status(problem), "application/problem+json",
                  problem_document(problem, detail, errors));
}

void reply_problem(struct request *rq, enum problem problem, const char *format, ...)
{
    char detail[DETAIL_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    reply_problem_errors(rq, problem, NULL, "%s", detail);
}

void reply_store_error(struct request *rq, int code, const struct err *e)
{
    enum problem problem = PROBLEM_INTERNAL;
    if (code == -ENOENT)
        problem = PROBLEM_NOT_FOUND;
    else if (code == -EBUSY || code == -EEXIST)
        problem = PROBLEM_CONFLICT;
    else if (code == -ESTALE)
        problem = PROBLEM_STALE;
    else if (code == -EINVAL)
        problem = PROBLEM_BAD_REQUEST;
    else if (code == -ENOSPC)
        problem = PROBLEM_NO_SPACE;
    if (problem == PROBLEM_INTERNAL)
        log_error(&rq->daemon->log, "a request failed", "path", rq->path, "error", e->message,
                  NULL);
    reply_problem(rq, problem, "%s", e->message);
}

/* ---- work that takes long -------------------------------------------------------------------- */

struct deferred {
    uv_work_t work;
    struct request *rq;
    void (*run)(void *job);
    void (*done)(struct request *rq, void *job);
    void *job;
};

static void run_deferred(uv_work_t *work)
{
    struct deferred *d = work->data;
    d->run(d->job);
}

static void after_deferred(uv_work_t *work, int status)
{
    (void)status;
    struct deferred *d = work->data;
    d->rq->daemon->jobs--;
    d->done(d->rq, d->job);
    free(d);
}

void request_defer(struct request *rq, void (*run)(void *job),
                   void (*done)(struct request *rq, void *job), void *job)
{
    struct deferred *d = mem_alloc(sizeof *d);
    *d = (struct deferred){.rq = rq, .run = run, .done = done, .job = job};
    d->work.data = d;
    rq->deferred = true;
    rq->daemon->jobs++;
    MHD_suspend_connection(rq->connection);
    uv_queue_work(&rq->daemon->loop, &d->work, run_deferred, after_deferred);
}
