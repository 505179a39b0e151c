/* route: what a request's path and query ask for. The table of squalld-target(1) as code; carries
 * nothing of it out.
 */
#ifndef SQUALL_TARGET_ROUTE_H
#define SQUALL_TARGET_ROUTE_H

#include "request.h"
#include "squall/target.h"

enum target_action {
    TARGET_ANSWER,     /* as in `answer` */
    TARGET_ECHO,       /* the request's body, or (as_json) the whole request */
    TARGET_FAULT,      /* what `fault` says */
    TARGET_SET_STALL,  /* freezes from now on, and an answer */
    TARGET_COMPLAIN,   /* what it asks for makes no sense: a status and a sentence */
    TARGET_TELL_STATS, /* this and what follows is not counted */
    TARGET_TELL_ARRIVALS,
    TARGET_FORGET,
};

enum target_fault_kind {
    TARGET_FAULT_TEXT,     /* `text` and then the end of the connection */
    TARGET_FAULT_RESET,    /* a reset instead of an answer */
    TARGET_FAULT_SILENCE,  /* no answer, ever */
    TARGET_FAULT_SLOW,     /* the head byte by byte */
    TARGET_FAULT_FILL,     /* a header of fill_bytes */
    TARGET_FAULT_UNFRAMED, /* a body that ends with the connection */
    TARGET_FAULT_HINTS,    /* `text` (an interim response) and then the answer */
    TARGET_FAULT_STATUS,   /* no fault, a status without a body */
};

struct target_fault {
    const char *name;
    enum target_fault_kind kind;
    uint32_t status; /* TARGET_FAULT_STATUS */
    struct str text;
};

#define TARGET_FILL_DEFAULT (UINT64_C(100) << 20)

struct target_order {
    enum target_action action;
    bool counted; /* not when a test asks the server itself (/_...); nor are delay and so on of the
                     usual answer for that */
    struct target_answer answer;
    const struct target_fault *fault;
    struct target_stall stall;
    bool as_json;
    uint64_t per_ns;     /* TARGET_FAULT_SLOW: between two bytes */
    uint64_t fill_bytes; /* TARGET_FAULT_FILL */
    uint64_t since;      /* TARGET_TELL_ARRIVALS: so many are known already */
};

/* Never fails: what makes no sense becomes TARGET_COMPLAIN, with the sentence in *e. */
void target_route(const struct target_request *r, const struct target_answer *usual,
                  struct target_order *out, struct err *e);

#endif
