/* routes: the one table of what the daemon answers. openapi.json describes the same; a test
 * compares the two. */
#include "routes.h"

#include <stdio.h>
#include <string.h>

#define API "/api/v1"

/* Where two paths match, the first prevails. */
const struct route routes[] = {
    {"GET", "/healthz", health_get, false},
    {"GET", API "/info", info_get, false},
    {"GET", API "/openapi.json", openapi_get, false},
    {"GET", API "/scenario.schema.json", schema_get, false},

    {"GET", API "/scenarios", scenario_list, false},
    {"POST", API "/scenarios", scenario_create, true},
    {"POST", API "/scenarios/validate", scenario_validate, true},
    {"GET", API "/scenarios/{id}", scenario_get, false},
    {"PUT", API "/scenarios/{id}", scenario_replace, true},
    {"DELETE", API "/scenarios/{id}", scenario_delete, false},
    {"GET", API "/scenarios/{id}/versions", scenario_versions, false},
    {"GET", API "/scenarios/{id}/versions/{version}", scenario_version, false},

    {"GET", API "/runs", runs_list, false},
    {"POST", API "/runs", runs_start, true},
    {"GET", API "/runs/{id}", runs_get, false},
    {"DELETE", API "/runs/{id}", runs_delete, false},
    {"POST", API "/runs/{id}/stop", runs_stop, false},
    {"PATCH", API "/runs/{id}/load", runs_change_load, true},
    {"GET", API "/runs/{id}/live", runs_live, false},
    {"GET", API "/runs/{id}/series", runs_series, false},
    {"GET", API "/runs/{id}/result", runs_result, false},
    {"GET", API "/runs/{id}/export", runs_export, false},
};

const size_t route_count = sizeof routes / sizeof routes[0];

/* Both go on at a slash or at the end. */
static size_t segment_len(const char *at)
{
    return strcspn(at, "/");
}

static bool path_matches(const char *pattern, const char *path,
                         struct str params[REQUEST_PARAMS_MAX])
{
    size_t count = 0;
    while (*pattern == '/' && *path == '/') {
        size_t wanted = segment_len(++pattern), given = segment_len(++path);
        if (*pattern == '{') {
            if (given == 0 || count == REQUEST_PARAMS_MAX)
                return false;
            params[count++] = (struct str){path, given};
        } else if (wanted != given || memcmp(pattern, path, given) != 0) {
            return false;
        }
        pattern += wanted;
        path += given;
    }
    return !*pattern && !*path;
}

static void add_allowed(char allow[ROUTES_ALLOW_SIZE], const char *method)
{
    size_t at = strlen(allow);
    if (strstr(allow, method))
        return;
    snprintf(allow + at, ROUTES_ALLOW_SIZE - at, "%s%s%s", at ? ", " : "", method,
             strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

const struct route *route_find(struct request *rq, char allow[ROUTES_ALLOW_SIZE])
{
    const char *method = request_is_head(rq) ? "GET" : rq->method;
    allow[0] = '\0';
    for (size_t i = 0; i < route_count; i++) {
        if (!path_matches(routes[i].path, rq->path, rq->params))
            continue;
        if (strcmp(method, routes[i].method) == 0)
            return &routes[i];
        add_allowed(allow, routes[i].method);
    }
    return NULL;
}
