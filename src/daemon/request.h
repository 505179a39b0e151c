/* request: one HTTP request, what its handler may ask of it, and the ways to answer it. A handler
 * answers exactly once, before it returns or, after request_defer, later on the loop.
 */
#ifndef DAEMON_REQUEST_H
#define DAEMON_REQUEST_H

#include <jansson.h>
#include <microhttpd.h>

#include "daemon_priv.h"
#include "problem.h"

enum { REQUEST_PARAMS_MAX = 2 };

struct request {
    struct daemon *daemon;
    struct MHD_Connection *connection;
    const char *method;
    const char *path; /* percent-decoded, without the query */
    struct str params[REQUEST_PARAMS_MAX];
    struct buf body;
    void (*handle)(struct request *rq); /* NULL: the answer is there already */

    uint64_t discarded; /* bytes of a body that nobody wants */
    bool discards;
    bool deferred;  /* suspended until it is answered */
    bool in_access; /* MHD is calling: an answer is queued when that call returns */
    struct MHD_Response *response;
    unsigned status;
};

/* How much of a text is shown in a sentence, for "%.*s". */
static inline int request_shown(struct str text)
{
    enum { SHOWN_MAX = 64 };
    return text.len < SHOWN_MAX ? (int)text.len : SHOWN_MAX;
}

/* ---- what was asked -------------------------------------------------------------------------- */
struct str request_header(const struct request *rq, const char *name); /* empty: not there */
/* A parameter of the query; false: not there. */
bool request_query(const struct request *rq, const char *name, struct str *out);
bool request_is_head(const struct request *rq);

/* A whole number from the query, in bounds; `*out` stays as it is when the parameter is not there.
 * False when it cannot be right: then the request has been answered. */
bool request_number(struct request *rq, const char *name, uint64_t min, uint64_t max,
                    uint64_t *out);
/* limit and cursor of a list, in the same way. */
bool request_page(struct request *rq, uint32_t *limit, struct str *cursor);

/* The body as JSON; NULL: it is not, and the request has been answered with the place. */
json_t *request_json(struct request *rq);

/* ---- answers --------------------------------------------------------------------------------- */

/* Takes the reference. */
void reply_json(struct request *rq, unsigned status, json_t *body);
/* Takes the bytes. */
void reply_bytes(struct request *rq, unsigned status, const char *type, struct buf *body);
/* Bytes that live as long as the program. */
void reply_static(struct request *rq, const char *type, struct str body);
void reply_empty(struct request *rq, unsigned status);
/* Takes the response. */
void reply_response(struct request *rq, unsigned status, struct MHD_Response *response);

/* Before the answer is given: a header that goes with it. */
void response_header(struct MHD_Response *response, const char *name, const char *value);
/* After reply_... and before the handler returns. */
void reply_header(struct request *rq, const char *name, const char *value);

/* True when If-None-Match has `etag` (with its quotes): answered with 304 then. */
bool reply_not_modified(struct request *rq, const char *etag);
/* Is `etag` one of a list of entity tags ("3", "4" or *)? Weak ones are equal when `weak`. */
bool etag_listed(struct str list, const char *etag, bool weak);

void reply_problem(struct request *rq, enum problem problem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* With a list of FieldError; takes the reference. */
void reply_problem_errors(struct request *rq, enum problem problem, json_t *errors,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));
/* What a call of the store failed with. */
void reply_store_error(struct request *rq, int code, const struct err *e);

/* ---- work that takes long --------------------------------------------------------------------
 * `work` is run on libuv's pool, then `done` on the loop, which answers; the connection is
 * suspended meanwhile. Called from a handler, which returns after it.
 */
void request_defer(struct request *rq, void (*work)(void *job),
                   void (*done)(struct request *rq, void *job), void *job);

#endif
