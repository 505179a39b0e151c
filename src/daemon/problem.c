/* problem: the kinds of failure that the API knows, in one table. */
#include "problem.h"

#include <stdio.h>

static const struct {
    unsigned status;
    const char *name;
    const char *title;
} kinds[] = {
    [PROBLEM_NOT_JSON] = {400, "not-json", "The body is not JSON"},
    [PROBLEM_BAD_REQUEST] = {400, "bad-request", "The request cannot be right"},
    [PROBLEM_FORBIDDEN] = {403, "forbidden", "Forbidden"},
    [PROBLEM_NOT_FOUND] = {404, "not-found", "Not found"},
    [PROBLEM_METHOD] = {405, "method-not-allowed", "Method not allowed"},
    [PROBLEM_CONFLICT] = {409, "conflict", "Not in this state"},
    [PROBLEM_STALE] = {412, "stale", "Changed meanwhile"},
    [PROBLEM_TOO_LARGE] = {413, "too-large", "The body is too large"},
    [PROBLEM_TYPE] = {415, "unsupported-type", "The body is not JSON by its Content-Type"},
    [PROBLEM_SCENARIO] = {422, "scenario-invalid", "The scenario has mistakes"},
    [PROBLEM_RUN_REQUEST] = {422, "run-invalid", "The run cannot be started like this"},
    [PROBLEM_INTERNAL] = {500, "internal", "The daemon failed"},
    [PROBLEM_BUSY] = {503, "busy", "Busy"},
    [PROBLEM_NO_SPACE] = {507, "no-space", "The disk is full"},
};

unsigned problem_status(enum problem problem)
{
    return kinds[problem].status;
}

json_t *problem_document(enum problem problem, const char *detail, json_t *errors)
{
    char type[64];
    snprintf(type, sizeof type, "urn:squall:problem:%s", kinds[problem].name);
    json_t *out = json_object();
    json_object_set_new(out, "type", json_string(type));
    json_object_set_new(out, "title", json_string(kinds[problem].title));
    json_object_set_new(out, "status", json_integer(kinds[problem].status));
    json_t *text = json_string(detail);
    json_object_set_new(out, "detail", text ? text : json_string("The text is not UTF-8."));
    if (errors)
        json_object_set_new(out, "errors", errors);
    return out;
}

static json_t *place_json(unsigned place)
{
    return place ? json_integer(place) : json_null();
}

json_t *field_error(const char *pointer, unsigned line, unsigned column, const char *message)
{
    json_t *out = json_object(), *text = json_string(message);
    json_object_set_new(out, "pointer", json_string(pointer));
    json_object_set_new(out, "line", place_json(line));
    json_object_set_new(out, "column", place_json(line ? column : 0));
    json_object_set_new(out, "message", text ? text : json_string("The text is not UTF-8."));
    return out;
}

json_t *field_errors(const struct plan_problems *problems)
{
    json_t *out = json_array();
    for (size_t i = 0; i < problems->count; i++) {
        const struct plan_problem *p = &problems->items[i];
        json_array_append_new(out, field_error(p->pointer, p->line, p->column, p->message));
    }
    return out;
}
