/* scenario: where `squalld run` gets its scenario document from: a file, stdin, or a document made
 * of its flags. Whether a document is right is decided by plan alone; here its problems are told in
 * the words of whoever wrote it: file, line and column, or the flag.
 */
#ifndef CLI_SCENARIO_H
#define CLI_SCENARIO_H

#include "squall/plan.h"

enum {
    SCENARIO_HEADERS_MAX = 100, /* --header, so many times */
    SCENARIO_THRESHOLDS_MAX = PLAN_THRESHOLDS_MAX,
    SCENARIO_CONNECT_TO_MAX = 100,
};

/* As the flags gave them; NULL: not given. */
struct scenario {
    const char *file; /* "-": stdin */
    const char *url, *method, *body, *name, *users, *rate, *duration, *ramp, *iterations;
    const char *http, *streams;
    const char *headers[SCENARIO_HEADERS_MAX];
    size_t header_count;
    const char *thresholds[SCENARIO_THRESHOLDS_MAX]; /* beside those of the document */
    size_t threshold_count;
    const char *ca, *cert, *key, *proxy, *unix_path;
    const char *connect_to[SCENARIO_CONNECT_TO_MAX];
    size_t connect_to_count;
    bool insecure, no_keepalive;
};

/* Puts the document's text into `out`. 0; or -EINVAL, and all that is wrong as lines in `wrong`. */
int scenario_load(const struct scenario *s, struct buf *out, struct buf *wrong);

/* What plan found in that document, as lines. */
void scenario_explain(const struct scenario *s, const struct plan_problems *problems,
                      struct buf *wrong);

#endif
