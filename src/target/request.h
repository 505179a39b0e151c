/* request: a request's head, parsed in place. Decides what is malformed; answers nothing. */
#ifndef SQUALL_TARGET_REQUEST_H
#define SQUALL_TARGET_REQUEST_H

#include <sys/types.h>

#include "squall/base.h"

enum { TARGET_HEAD_MAX = 64 << 10 }; /* bytes; more is refused with 431 */

/* Borrowed from the bytes that were parsed. */
struct target_request {
    struct str method;
    struct str path;   /* of the target: without scheme, authority and query */
    struct str query;  /* without the question mark */
    struct str fields; /* the lines of the header, each with its end */
    bool head;         /* the method is HEAD */
    bool http_1_0;
    bool keep_alive;
    bool chunked;
    bool expects_continue;
    uint64_t content_length; /* 0: none given */
};

/* The length of the head that `data` begins with, 0 while it is not whole, or the negated status
 * to refuse it with and, in *why, a sentence. */
ssize_t target_request_parse(struct str data, struct target_request *r, const char **why);

/* Takes the next field off *fields; false when there is none left. */
bool target_request_next_field(struct str *fields, struct str *name, struct str *value);

#endif
