/* routes: the one table of what the daemon answers: method, path, handler. */
#ifndef DAEMON_ROUTES_H
#define DAEMON_ROUTES_H

#include "request.h"

struct route {
    const char *method; /* GET answers HEAD too */
    const char *path;   /* "{id}" stands for one segment; it becomes the next of request.params */
    void (*handle)(struct request *rq);
    bool body; /* takes one, of JSON */
};

extern const struct route routes[];
extern const size_t route_count;

/* The route, with the request's params set. NULL: `allow` says which methods the path has, and is
 * empty when there is no such path. */
enum { ROUTES_ALLOW_SIZE = 64 };
const struct route *route_find(struct request *rq, char allow[ROUTES_ALLOW_SIZE]);

/* Handlers, a file a resource. */
void health_get(struct request *rq);
void info_get(struct request *rq);
void openapi_get(struct request *rq);
void schema_get(struct request *rq);

void scenario_list(struct request *rq);
void scenario_create(struct request *rq);
void scenario_validate(struct request *rq);
void scenario_get(struct request *rq);
void scenario_replace(struct request *rq);
void scenario_delete(struct request *rq);
void scenario_versions(struct request *rq);
void scenario_version(struct request *rq);

void runs_list(struct request *rq);
void runs_start(struct request *rq);
void runs_get(struct request *rq);
void runs_delete(struct request *rq);
void runs_stop(struct request *rq);
void runs_change_load(struct request *rq);
void runs_result(struct request *rq);
void runs_live(struct request *rq);
void runs_series(struct request *rq);
void runs_export(struct request *rq);

/* The document that openapi_get answers. */
struct str daemon_openapi(void);

/* The dashboard's files: any other path. */
void assets_get(struct request *rq);

#endif
