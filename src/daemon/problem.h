/* problem: the kinds of failure that the API knows (RFC 9457), with their HTTP statuses. */
#ifndef DAEMON_PROBLEM_H
#define DAEMON_PROBLEM_H

#include <jansson.h>

#include "squall/plan.h"

enum problem {
    PROBLEM_NOT_JSON,
    PROBLEM_BAD_REQUEST,
    PROBLEM_FORBIDDEN,
    PROBLEM_NOT_FOUND,
    PROBLEM_METHOD,
    PROBLEM_CONFLICT,
    PROBLEM_STALE,
    PROBLEM_TOO_LARGE,
    PROBLEM_TYPE,
    PROBLEM_SCENARIO,
    PROBLEM_RUN_REQUEST,
    PROBLEM_INTERNAL,
    PROBLEM_BUSY,
    PROBLEM_NO_SPACE,
};

unsigned problem_status(enum problem problem);
/* The document; takes the reference of `errors`, which may be NULL. */
json_t *problem_document(enum problem problem, const char *detail, json_t *errors);

/* A FieldError; line 0: not known. */
json_t *field_error(const char *pointer, unsigned line, unsigned column, const char *message);
/* Every problem of a document. */
json_t *field_errors(const struct plan_problems *problems);

#endif
