/* target: `squalld target`, a small HTTP/1.1 server with a known, configurable behaviour: the
 * demo's target and the tests' ground truth. One process, one core, one epoll loop. Shares nothing
 * but base with the engine that is tested against it. What it does for which path and query is
 * told by squalld-target(1).
 */
#ifndef SQUALL_TARGET_H
#define SQUALL_TARGET_H

#include "squall/base.h"

/* ---- how long an answer takes: "25ms", "uniform:10ms,50ms", "exp:20ms" (the mean),
 * "lognormal:20ms,0.5" (the median, and sigma of the logarithm). */
enum target_delay_kind {
    TARGET_DELAY_FIXED,
    TARGET_DELAY_UNIFORM,
    TARGET_DELAY_EXP,
    TARGET_DELAY_LOGNORMAL,
};

#define TARGET_DELAY_MAX_NS (3600 * NS_PER_S) /* a draw beyond it is cut */

struct target_delay {
    enum target_delay_kind kind;
    uint64_t ns;      /* fixed; uniform: the shortest; exp: the mean; lognormal: the median */
    uint64_t most_ns; /* uniform: the longest */
    double sigma;     /* lognormal */
};

int target_delay_parse(struct str text, struct target_delay *out, struct err *e);
uint64_t target_delay_draw(const struct target_delay *d, struct rng *rng);

/* ---- freezes of the whole server: "every=20s,for=1s". From the first request counted on, each
 * `every` has one freeze of `for` in its middle, so that a test as long as `every` meets exactly
 * one whole freeze. While frozen the server does not even read, as in a collector's pause. */
struct target_stall {
    uint64_t every_ns; /* 0: never */
    uint64_t for_ns;
};

int target_stall_parse(struct str text, struct target_stall *out, struct err *e);
/* True inside a freeze; *left_ns is then how much of it is left. */
bool target_stall_now(const struct target_stall *s, uint64_t since_first_ns, uint64_t *left_ns);

/* ---- the server ------------------------------------------------------------------------------ */

/* What is answered where neither path nor query says otherwise. */
struct target_answer {
    struct target_delay delay;
    uint32_t status;
    uint64_t bytes;  /* of the body; TARGET_BYTES_AUTO: 12, or 12 a chunk */
    uint32_t chunks; /* 0: Content-Length; else Transfer-Encoding: chunked, at most so many */
    bool close;      /* the connection, afterwards */
};

#define TARGET_BYTES_AUTO UINT64_MAX

enum {
    TARGET_PORT_DEFAULT = 8081,
    TARGET_STATUS_MIN = 200,
    TARGET_STATUS_MAX = 599,
    TARGET_CHUNKS_MAX = 1000000,
    TARGET_LOG_DEFAULT = 10000000, /* arrivals: 100 MB once all of them have come */
};

/* Sets one of them by its name in flags and queries: delay, status, bytes, chunked, close. -ENOENT
 * (and no sentence) when `key` is none of these. */
int target_answer_set(struct target_answer *a, struct str key, struct str value, struct err *e);

struct target_options {
    const char *listen; /* an address or a name */
    uint16_t port;      /* 0: a free one */
    struct target_answer answer;
    struct target_stall stall;
    bool log_arrivals;
    uint64_t log_max; /* arrivals kept; those beyond are only counted */
    bool quiet;       /* no summary at the end */
    bool tls;
    const char *cert_file, *key_file; /* PEM; NULL: a certificate made at the start */
    const char *write_cert_file;      /* where to put it, for clients to trust; NULL: nowhere */
};

void target_options_init(struct target_options *o);

/* Prints "listening on URL" on stdout, serves until SIGINT or SIGTERM, then prints what arrived. */
int target_serve(const struct target_options *options, struct err *e);

#endif
