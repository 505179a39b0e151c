/* plan: turns a scenario document (JSON, written by a person) into a plan: validated, defaulted,
 * ready to execute. Also the arithmetic of load: which level holds at an instant, and at which
 * instant arrival i is due. Executes nothing and opens no socket.
 */
#ifndef SQUALL_PLAN_H
#define SQUALL_PLAN_H

#include "squall/base.h"

enum {
    PLAN_DOCUMENT_MAX = 4 << 20, /* bytes of a scenario document */
    PLAN_NAME_MIN = 1,
    PLAN_NAME_MAX = 255, /* bytes of a scenario's or a request's name */
    PLAN_REQUESTS_MAX = 1000,
    PLAN_STAGES_MAX = 1000,
    PLAN_URL_MAX = 8192,
    PLAN_BODY_MAX = 1 << 20,
    PLAN_USERS_MAX = 1000000,
    PLAN_RATE_MAX = 10000000, /* arrivals per second */
    PLAN_STREAMS_MAX = 10000,
    PLAN_THRESHOLDS_MAX = 100,
    PLAN_THRESHOLD_TEXT_MAX = 512, /* bytes of one, its request name included */
};

/* ---- everything that is wrong with a document, not the first thing alone --------------------- */
struct plan_problem {
    char *pointer; /* JSON Pointer (RFC 6901) of the place; "" is the whole document */
    unsigned line; /* 1-based place in the text; 0 when not known */
    unsigned column;
    char *message; /* what is wrong and what would be right */
};

enum { PLAN_PROBLEMS_MAX = 100 };

struct plan_problems {
    struct plan_problem items[PLAN_PROBLEMS_MAX];
    size_t count;
    size_t omitted; /* found beyond the maximum */
};

void plan_problems_init(struct plan_problems *p);
void plan_problems_fini(struct plan_problems *p);

/* ---- load ------------------------------------------------------------------------------------ */
enum plan_load_kind {
    PLAN_LOAD_USERS, /* closed model: the level is a number of virtual users */
    PLAN_LOAD_RATE,  /* open model: the level is arrivals (flow iterations) per second */
};

/* The level goes in a straight line from `from` to `to`. */
struct plan_stage {
    uint64_t duration_ns;
    double from;
    double to;
};

/* Open model: how arrivals are spread. */
enum plan_arrivals {
    PLAN_ARRIVALS_CONSTANT, /* evenly: arrival i is due when the integral of the level reaches i */
    PLAN_ARRIVALS_POISSON,  /* independently of each other, as the level says on average */
};

/* Open model: what becomes of an arrival when all users that there may be are under way. */
enum plan_when_busy {
    PLAN_BUSY_QUEUE, /* it waits for one; its latency counts from the planned instant */
    PLAN_BUSY_DROP,  /* it is given up at once, and counted as dropped */
};

/* The points of a Poisson process of rate 1; see src/plan/poisson.c. */
enum { PLAN_POISSON_SEGMENTS = 46 }; /* up to 2^55 points */
struct plan_poisson {
    uint64_t seed;
    uint64_t counts[PLAN_POISSON_SEGMENTS]; /* of points in each segment */
};

struct plan_load {
    enum plan_load_kind kind;
    enum plan_arrivals arrivals;
    enum plan_when_busy when_busy;
    uint64_t seed;                /* what chance in the arrivals follows from */
    struct plan_poisson *poisson; /* NULL: constant arrivals */
    struct plan_stage *stages;
    size_t stage_count;
    uint64_t duration_ns; /* the sum of the stages */
    uint32_t max_users;   /* open model: upper bound of users in all workers together */
    double peak;          /* highest level of any stage */
};

/* The level at `t_ns` after the start; 0 after the end. */
double plan_load_level(const struct plan_load *load, uint64_t t_ns);

/* Open model: the number of arrivals due in all. Of Poisson arrivals that is itself a matter of
 * chance, with the integral of the level as its mean. */
uint64_t plan_load_arrivals(const struct plan_load *load);

/* Open model: when arrival `i` (0-based) is due, in ns after the start: the t at which the integral
 * of the level reaches i, or point i of the Poisson process. A pure function: nothing is kept from
 * one call to the next. UINT64_MAX for i >= plan_load_arrivals. For a linear stage it is the root
 * of a quadratic. */
uint64_t plan_load_arrival_ns(const struct plan_load *load, uint64_t i);

/* Closed model: how many users are wanted at `t_ns`: the level, rounded to the nearest; and the
 * next instant after `t_ns` at which that number changes (UINT64_MAX: never). */
uint32_t plan_load_users(const struct plan_load *load, uint64_t t_ns);
uint64_t plan_load_next_change_ns(const struct plan_load *load, uint64_t t_ns);

/* The share of worker `w` of `n` in `whole` things dealt out in turn (thing k goes to k mod n). */
uint64_t plan_share(uint64_t whole, uint32_t w, uint32_t n);

/* ---- steps ----------------------------------------------------------------------------------- */
/* Accepted status codes, 100 to 599, one bit each. */
struct plan_status_set {
    uint64_t bits[10];
};

static inline bool plan_status_ok(const struct plan_status_set *s, unsigned status)
{
    return status < 640 && (s->bits[status / 64] >> (status % 64) & 1);
}

struct plan_header {
    struct str name;
    struct str value;
};

/* A place that connections go to. Requests that share scheme, host, port and TLS settings share
 * one. */
struct plan_origin {
    bool tls;
    struct str host; /* name or literal address, IPv6 without brackets */
    uint16_t port;
    struct str authority; /* as in the Host header: port left out when it is the default one */
    struct str dial_host; /* where its connections really go: this one, another, or the proxy */
    uint16_t dial_port;
};

struct plan_timeouts {
    uint64_t dns_ns;
    uint64_t connect_ns;
    uint64_t tls_ns;
    uint64_t response_ns; /* from sent to the first byte of the response */
    uint64_t total_ns;    /* from the request's start to its last byte */
};

struct plan_request {
    uint32_t name_id;   /* index into plan.names; requests of one name are counted together */
    uint32_t origin_id; /* index into plan.origins */
    struct str method;
    struct str target;           /* origin-form request target: path and query (RFC 9112, 3.2.1) */
    struct plan_header *headers; /* the scenario's defaults, then the request's own, which replace
                                    them; Host, Content-Length and Connection are the engine's
                                    unless given here */
    size_t header_count;
    struct str body;
    struct plan_status_set expect; /* a response outside it is a failed check */
    struct plan_timeouts timeouts;
};

enum plan_think_kind { PLAN_THINK_FIXED, PLAN_THINK_UNIFORM, PLAN_THINK_EXPONENTIAL };

struct plan_think {
    enum plan_think_kind kind;
    uint64_t a_ns; /* fixed: the time; uniform: the least; exponential: the mean */
    uint64_t b_ns; /* uniform: the most */
};

uint64_t plan_think_draw_ns(const struct plan_think *think, struct rng *rng);

enum plan_step_kind { PLAN_STEP_REQUEST, PLAN_STEP_THINK };

struct plan_step {
    enum plan_step_kind kind;
    union {
        struct plan_request request;
        struct plan_think think;
    };
};

/* What one user does, over and over (closed) or once an arrival (open), under its own load. */
struct plan_flow {
    struct str name;
    struct plan_load load;
    struct plan_step *steps;
    size_t step_count;
};

enum plan_tls_version { PLAN_TLS_1_2, PLAN_TLS_1_3 };

struct plan_tls {
    bool verify;
    struct str ca_file;     /* empty: the system's */
    struct str cert_file;   /* the client's certificate and its chain, PEM; empty: none */
    struct str key_file;    /* its key, PEM; empty: it is in cert_file */
    struct str server_name; /* SNI and the name verified; empty: the origin's host */
    enum plan_tls_version min_version;
    struct str ciphers; /* OpenSSL's names with ":" between them; empty: OpenSSL's own choice */
    bool resume;        /* a user's next connection to an origin goes on with the last session */
};

/* Which HTTP is spoken. */
enum plan_http {
    PLAN_HTTP_AUTO, /* over TLS what the server prefers of 2 and 1.1, in clear text 1.1 */
    PLAN_HTTP_1,
    PLAN_HTTP_2, /* in clear text with prior knowledge */
};

/* ---- thresholds: what the numbers must be for a run to pass ---------------------------------- */
enum plan_metric {
    PLAN_METRIC_LATENCY,
    PLAN_METRIC_SERVICE,
    PLAN_METRIC_DNS,
    PLAN_METRIC_CONNECT,
    PLAN_METRIC_TLS,
    PLAN_METRIC_SEND,
    PLAN_METRIC_WAIT,
    PLAN_METRIC_RECEIVE,
    PLAN_METRIC_SEND_LAG,
    PLAN_METRIC_ERROR_RATE,
    PLAN_METRIC_RATE,
    PLAN_METRIC_REQUESTS,
    PLAN_METRIC_ERRORS,
    PLAN_METRIC_DROPPED,
    PLAN_METRIC_LATE,
};

enum plan_statistic {
    PLAN_STATISTIC_NONE, /* of what is a number as it is */
    PLAN_STATISTIC_MIN,
    PLAN_STATISTIC_MEAN,
    PLAN_STATISTIC_STDEV,
    PLAN_STATISTIC_MAX,
    PLAN_STATISTIC_PERCENTILE,
};

enum plan_comparison { PLAN_BELOW, PLAN_AT_MOST, PLAN_ABOVE, PLAN_AT_LEAST };

enum { PLAN_ALL_NAMES = UINT32_MAX };

struct plan_threshold {
    struct str text; /* as a person reads it, with its name and window */
    enum plan_metric metric;
    enum plan_statistic statistic;
    double percent; /* of PLAN_STATISTIC_PERCENTILE */
    enum plan_comparison comparison;
    double limit;     /* in its unit */
    const char *unit; /* "ms", "%", "/s"; "" for a count */
    uint32_t name_id; /* PLAN_ALL_NAMES: of all requests together */
    bool abort;
    uint64_t grace_ns; /* from the start: nothing is judged before, save the whole run at its end */
    uint64_t window_ns; /* 0: over the whole run */
};

struct plan_proxy {
    struct str host; /* empty: none */
    uint16_t port;
    struct str authorization; /* for Proxy-Authorization; empty: none */
};

/* How connections are made, all of them. */
struct plan_network {
    struct plan_proxy proxy;
    struct str unix_path; /* of a socket that takes the place of TCP; empty: none */
    struct str *sources;  /* addresses to connect from, in turn; none: the system's choice */
    size_t source_count;
};

struct plan {
    struct str name;
    struct str description;
    struct str *tags;
    size_t tag_count;
    struct plan_flow *flows;
    size_t flow_count;
    struct plan_origin *origins;
    size_t origin_count;
    struct str *names; /* of requests; a name_id indexes this */
    size_t name_count;
    struct plan_tls tls;
    enum plan_http http;
    uint32_t streams; /* requests in flight on one HTTP/2 connection */
    struct plan_network network;
    bool keep_alive;      /* false: a fresh connection for each request */
    uint64_t duration_ns; /* of the longest flow */
    uint64_t drain_ns;    /* how long requests in flight at the end are awaited */
    struct plan_threshold *thresholds;
    size_t threshold_count;
    void *memory; /* owns all of the above */
};

/* Parses and validates `text`. 0 and a plan that the caller frees; or -EINVAL and at least one
 * problem; `out` is NULL then. */
int plan_parse(const char *text, size_t len, struct plan **out, struct plan_problems *problems);
void plan_free(struct plan *plan);

/* Adds a threshold like "latency p95 < 300ms" to those of the document. -EINVAL when it is none. */
int plan_add_threshold(struct plan *plan, struct str text, struct err *e);

/* The JSON Schema (2020-12) of the document. */
struct str plan_schema(void);

/* How many workers a plan wants on a machine of `cpus`: one per core needed, at least 1. */
uint32_t plan_workers_wanted(const struct plan *plan, uint32_t cpus);

#endif
