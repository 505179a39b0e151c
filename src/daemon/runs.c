/* runs: the handlers of /api/v1/runs, save those that read a run's numbers over time. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "janitor.h"
#include "routes.h"
#include "views.h"

enum { NOTE_MAX = 1000 }; /* characters */

static void reply_run_error(struct request *rq, int code, const struct err *e)
{
    if (code == -ENOENT)
        return reply_problem(rq, PROBLEM_NOT_FOUND, "There is no run %.*s.",
                             request_shown(rq->params[0]), rq->params[0].ptr);
    reply_store_error(rq, code, e);
}

static void reply_run(struct request *rq, unsigned status, struct str id)
{
    struct err e;
    json_t *view;
    int rc = view_run(rq->daemon, id, &view, &e);
    if (rc < 0)
        return reply_run_error(rq, rc, &e);
    reply_json(rq, status, view);
}

/* ---- the list -------------------------------------------------------------------------------- */

/* "running,collecting", "live": a bit each; false: the request has been answered. */
static bool take_states(struct request *rq, unsigned *states)
{
    struct str text = {"", 0};
    request_query(rq, "state", &text);
    while (text.len > 0) {
        const char *comma = memchr(text.ptr, ',', text.len);
        size_t len = comma ? (size_t)(comma - text.ptr) : text.len;
        struct str word = str_trim((struct str){text.ptr, len});
        enum run_state state;
        if (str_eq_text(word, "live")) {
            *states |= store_states_live();
        } else if (run_state_of(word, &state)) {
            *states |= 1u << state;
        } else {
            reply_problem(rq, PROBLEM_BAD_REQUEST,
                          "\"%.*s\" is no state. There are queued, provisioning, ready, running, "
                          "collecting, complete, failed, cancelled, and live for the first five.",
                          request_shown(word), word.ptr);
            return false;
        }
        text.ptr += len + (comma ? 1 : 0);
        text.len -= len + (comma ? 1 : 0);
    }
    return true;
}

void runs_list(struct request *rq)
{
    struct store_run_page AUTO(store_run_page_fini) page = {0};
    struct store_run_query query = {0};
    struct err e;
    if (!request_page(rq, &query.limit, &query.cursor) || !take_states(rq, &query.states))
        return;
    if (request_query(rq, "scenario_id", &query.scenario_id) && !id_valid(query.scenario_id))
        return reply_problem(rq, PROBLEM_BAD_REQUEST,
                             "scenario_id is the id of a scenario: %d "
                             "letters and digits.",
                             ID_LEN);
    int rc = store_run_list(rq->daemon->store, &query, &page, &e);
    if (rc < 0)
        return reply_store_error(rq, rc, &e);
    json_t *items = json_array(), *out = json_object();
    for (size_t i = 0; i < page.count; i++)
        json_array_append_new(items, view_run_item(rq->daemon, &page.items[i]));
    json_object_set_new(out, "items", items);
    json_object_set_new(out, "next_cursor", page.next[0] ? json_string(page.next) : json_null());
    reply_json(rq, MHD_HTTP_OK, out);
}

/* ---- starting -------------------------------------------------------------------------------- */

static void add_error(json_t *errors, const char *key, const char *message)
{
    char pointer[128];
    snprintf(pointer, sizeof pointer, "/%s", key);
    json_array_append_new(errors, field_error(pointer, 0, 0, message));
}

static void take_number(json_t *body, const char *key, uint64_t max, uint32_t *out, json_t *errors)
{
    const json_t *value = json_object_get(body, key);
    char message[128];
    if (!value)
        return;
    json_int_t number = json_integer_value(value);
    if (json_is_integer(value) && number >= 1 && (uint64_t)number <= max) {
        *out = (uint32_t)number;
        return;
    }
    snprintf(message, sizeof message, "this is a whole number from 1 to %" PRIu64, max);
    add_error(errors, key, message);
}

static size_t characters(struct str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.ptr[i] & 0xc0) != 0x80; /* continuation bytes of UTF-8 */
    return n;
}

static void take_note(json_t *body, struct str *out, json_t *errors)
{
    const json_t *value = json_object_get(body, "note");
    char message[64];
    if (!value)
        return;
    *out = (struct str){json_string_value(value), json_string_length(value)};
    if (json_is_string(value) && characters(*out) <= NOTE_MAX)
        return;
    snprintf(message, sizeof message, "this is a text of at most %d characters", NOTE_MAX);
    add_error(errors, "note", message);
}

static void take_scenario_id(json_t *body, struct str *out, json_t *errors)
{
    const json_t *value = json_object_get(body, "scenario_id");
    if (!value)
        return add_error(errors, "scenario_id", "this is missing: the id of a scenario");
    *out = (struct str){json_string_value(value), json_string_length(value)};
    if (!json_is_string(value) || !id_valid(*out))
        add_error(errors, "scenario_id", "this is the id of a scenario: 16 letters and digits");
}

static void look_for_unknown_keys(json_t *body, json_t *errors)
{
    static const char *const known[] = {"scenario_id", "version", "workers", "note", NULL};
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value)
    {
        bool found = false;
        for (size_t i = 0; known[i]; i++)
            found |= strcmp(known[i], key) == 0;
        if (found)
            continue;
        char message[160];
        const char *nearest = text_nearest(str_of(key), known);
        snprintf(message, sizeof message, "unknown key \"%.60s\"%s%s%s", key,
                 nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
        char short_key[64];
        snprintf(short_key, sizeof short_key, "%.60s", key);
        add_error(errors, short_key, message);
    }
}

/* What RunRequest says; borrowed from `body`. The list of mistakes is the caller's. */
static json_t *take_run_request(struct request *rq, json_t *body, struct control_start *out)
{
    json_t *errors = json_array();
    if (!json_is_object(body)) {
        json_array_append_new(errors, field_error("", 0, 0, "an object is wanted"));
        return errors;
    }
    take_scenario_id(body, &out->scenario_id, errors);
    take_number(body, "version", UINT32_MAX, &out->version, errors);
    take_number(body, "workers", rq->daemon->config->max_workers, &out->workers, errors);
    take_note(body, &out->note, errors);
    look_for_unknown_keys(body, errors);
    return errors;
}

static void reply_not_started(struct request *rq, int code, const struct control_start *start,
                              const struct plan_problems *problems, const struct err *e)
{
    if (code == -EINVAL && problems->count > 0)
        return reply_problem_errors(rq, PROBLEM_SCENARIO, field_errors(problems),
                                    "This version of Squall finds mistakes in the scenario.");
    if (code == -ENOENT && start->version)
        return reply_problem(rq, PROBLEM_NOT_FOUND, "There is no version %u of a scenario %.*s.",
                             start->version, request_shown(start->scenario_id),
                             start->scenario_id.ptr);
    if (code == -ENOENT)
        return reply_problem(rq, PROBLEM_NOT_FOUND, "There is no scenario %.*s.",
                             request_shown(start->scenario_id), start->scenario_id.ptr);
    if (code == -EAGAIN || code == -ESHUTDOWN)
        return reply_problem(rq, PROBLEM_CONFLICT, "%s", e->message);
    reply_store_error(rq, code, e);
}

static void start_run(struct request *rq, const struct control_start *start)
{
    struct plan_problems AUTO(plan_problems_fini) problems;
    struct err e;
    char id[ID_SIZE], location[64];
    plan_problems_init(&problems);
    int rc = control_run_start(rq->daemon->control, start, id, &problems, &e);
    if (rc < 0)
        return reply_not_started(rq, rc, start, &problems, &e);
    reply_run(rq, MHD_HTTP_CREATED, str_of(id));
    snprintf(location, sizeof location, "/api/v1/runs/%s", id);
    reply_header(rq, MHD_HTTP_HEADER_LOCATION, location);
}

void runs_start(struct request *rq)
{
    struct control_start start = {.note = STR("")};
    json_t *body = request_json(rq);
    if (!body)
        return;
    json_t *errors = take_run_request(rq, body, &start);
    if (json_array_size(errors) > 0)
        reply_problem_errors(rq, PROBLEM_RUN_REQUEST, json_incref(errors),
                             "The body has %zu mistake%s.", json_array_size(errors),
                             json_array_size(errors) == 1 ? "" : "s");
    else
        start_run(rq, &start);
    json_decref(errors);
    json_decref(body);
}

/* ---- one run --------------------------------------------------------------------------------- */

void runs_get(struct request *rq)
{
    reply_run(rq, MHD_HTTP_OK, rq->params[0]);
}

void runs_delete(struct request *rq)
{
    struct err e;
    int rc = store_run_delete(rq->daemon->store, rq->params[0], &e);
    if (rc < 0)
        return reply_run_error(rq, rc, &e);
    janitor_purge(rq->daemon->janitor);
    reply_empty(rq, MHD_HTTP_NO_CONTENT);
}

void runs_stop(struct request *rq)
{
    struct store_run AUTO(store_run_fini) run = {0};
    struct err e;
    if (control_run_stop(rq->daemon->control, rq->params[0], "stopped on request") == 0)
        return reply_run(rq, MHD_HTTP_ACCEPTED, rq->params[0]);
    int rc = store_run_get(rq->daemon->store, rq->params[0], &run, &e);
    if (rc < 0)
        return reply_run_error(rq, rc, &e);
    reply_problem(rq, PROBLEM_CONFLICT, "The run is %s already.", run_state_text(run.state));
}

void runs_result(struct request *rq)
{
    struct live_run *lr = control_find(rq->daemon->control, rq->params[0]);
    struct err e;
    char *text = NULL;
    size_t len = 0;
    if (lr)
        return reply_json(rq, MHD_HTTP_OK, json_copy((json_t *)(uintptr_t)live_run_document(lr)));
    int rc = store_run_result(rq->daemon->store, rq->params[0], &text, &len, &e);
    if (rc < 0)
        return reply_run_error(rq, rc, &e);
    if (!text)
        return reply_problem(rq, PROBLEM_NOT_FOUND, "Nothing has arrived from this run.");
    struct buf body = {.ptr = text, .len = len, .cap = len + 1, .limit = len};
    reply_bytes(rq, MHD_HTTP_OK, "application/json", &body);
}
