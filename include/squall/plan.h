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
    PLAN_VARIABLES_MAX = 256,
    PLAN_FACTOR_MAX = 100,   /* of a level that is changed while it runs */
    PLAN_CHANGES_MAX = 1000, /* of the level of one run */
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
    uint64_t iterations;  /* closed model: all users together go through the steps so often; 0: as
                             long as the stages last */
    uint64_t iterations_per_user; /* each of them does; 0: as above */
    uint32_t max_users;           /* open model: upper bound of users in all workers together */
    double peak;                  /* highest level of any stage */
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

/* From `at_ns` after the start on, the level is the planned one times `factor`. */
struct plan_change {
    uint64_t at_ns;
    double factor;
};

/* `planned` with these changes, in the order of their instants. The stages of `out` are the
 * caller's to free(). */
void plan_load_changed(const struct plan_load *planned, const struct plan_change *changes,
                       size_t count, struct plan_load *out);

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

/* ---- expressions: texts with "${...}" inside, compiled
 * -------------------------------------------- */
enum plan_function {
    PLAN_FN_UUID,
    PLAN_FN_RANDOM,
    PLAN_FN_PICK,
    PLAN_FN_COUNTER,
    PLAN_FN_ITERATION,
    PLAN_FN_USER,
    PLAN_FN_WORKER,
    PLAN_FN_NOW,
    PLAN_FN_NOW_MS,
    PLAN_FN_ENV, /* resolved when the plan is loaded: never in a template */
    PLAN_FN_BASE64,
    PLAN_FN_URL,
    PLAN_FN_JSON,
    PLAN_FN_HEX,
    PLAN_FN_SHA256,
    PLAN_FN_HMAC,
    PLAN_FN_COUNT,
};

enum plan_part_kind { PLAN_PART_TEXT, PLAN_PART_VARIABLE, PLAN_PART_COLUMN, PLAN_PART_FUNCTION };

struct plan_template;

struct plan_part {
    enum plan_part_kind kind;
    bool in_json;    /* its value stands inside a JSON string, and is escaped for that */
    struct str text; /* of an expression: as it was written */
    uint32_t slot;   /* of the variable, or the column's number */
    uint32_t data;   /* which plan_data the column is of */
    enum plan_function function;
    const struct plan_template *args;
    size_t arg_count;
    const struct plan_template *fallback; /* for what is not set or empty; NULL: none */
};

/* Its value is that of its parts, one after the other. */
struct plan_template {
    struct plan_part *parts;
    size_t count;
};

/* Gives a variable a value. */
struct plan_assignment {
    uint32_t slot;
    struct plan_template value;
};

/* ---- looking into answers -------------------------------------------------------------------- */
enum plan_source {
    PLAN_SOURCE_HEADER,
    PLAN_SOURCE_COOKIE, /* of Set-Cookie */
    PLAN_SOURCE_BODY,
    PLAN_SOURCE_JSON, /* a place in the body */
    PLAN_SOURCE_TIME, /* no place: the latency */
};

enum plan_test { PLAN_TEST_EQUALS, PLAN_TEST_CONTAINS, PLAN_TEST_MATCHES, PLAN_TEST_EXISTS };

struct plan_match {
    enum plan_test test;
    struct plan_template text; /* of "equals" and "contains" */
    struct str json;           /* of "equals", when it is no text; else empty */
    uint32_t pattern;          /* of "matches": index into plan.patterns */
    bool exists;
    unsigned given; /* how many tests there are: one */
};

/* A variable gets its value from an answer. */
struct plan_capture {
    uint32_t slot;
    struct str name; /* of the variable */
    enum plan_source source;
    struct str what;  /* a header's or a cookie's name, or a JSON Pointer */
    uint32_t pattern; /* of PLAN_SOURCE_BODY */
    unsigned group;
    const struct plan_template *fallback; /* when nothing is found; NULL: that is a failure */
};

struct plan_check {
    enum plan_source source;
    struct str what; /* as in a capture */
    struct plan_match match;
    uint64_t most_ns; /* of PLAN_SOURCE_TIME */
};

struct plan_looks {
    struct plan_capture *captures;
    size_t capture_count;
    struct plan_check *checks; /* all but those of the status */
    size_t check_count;
    bool body; /* one of them looks into the body */
};

/* ---- data: rows that are dealt to users ------------------------------------------------------ */
enum plan_order { PLAN_ORDER_SEQUENTIAL, PLAN_ORDER_RANDOM, PLAN_ORDER_ONCE };

struct plan_data {
    struct str name;
    struct str *columns;
    size_t column_count;
    struct str *cells; /* row by row */
    size_t row_count;
    enum plan_order order;
    bool per_iteration; /* else per user */
};

struct plan_header {
    struct str name;
    struct str value;
    const struct plan_template *template; /* NULL: the value is constant */
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
    struct str target; /* origin-form request target: path and query (RFC 9112, 3.2.1) */
    const struct plan_template *target_template; /* NULL: the target is constant; else `target` only
                                                    shows it */
    struct plan_header *headers; /* the scenario's defaults, then the request's own, which replace
                                    them; Host, Content-Length and Connection are the engine's
                                    unless given here */
    size_t header_count;
    struct str body;
    const struct plan_template *body_template; /* NULL: the body is constant */
    struct plan_status_set expect;             /* a response outside it is a failed check */
    struct plan_looks looks;
    struct plan_timeouts timeouts;
};

enum plan_think_kind { PLAN_THINK_FIXED, PLAN_THINK_UNIFORM, PLAN_THINK_EXPONENTIAL };

struct plan_think {
    enum plan_think_kind kind;
    uint64_t a_ns; /* fixed: the time; uniform: the least; exponential: the mean */
    uint64_t b_ns; /* uniform: the most */
};

uint64_t plan_think_draw_ns(const struct plan_think *think, struct rng *rng);

/* Steps inside steps are in the same list, with jumps. */
enum plan_step_kind {
    PLAN_STEP_REQUEST,
    PLAN_STEP_THINK,
    PLAN_STEP_SET,
    PLAN_STEP_PACE,   /* the iteration takes so long at least */
    PLAN_STEP_REPEAT, /* begins a loop */
    PLAN_STEP_AGAIN,  /* ends it */
    PLAN_STEP_CHOOSE,
    PLAN_STEP_IF,
    PLAN_STEP_JUMP,
};

enum { PLAN_DEPTH_MAX = 8 }; /* of steps inside steps */

struct plan_loop {
    uint32_t counter; /* below PLAN_DEPTH_MAX */
    uint32_t times;
    uint32_t back; /* the step that begins the next turn */
};

struct plan_branch {
    uint32_t below; /* the sum of the weights up to and including this one */
    uint32_t step;
};

struct plan_choice {
    struct plan_branch *branches;
    size_t count;
};

struct plan_condition {
    struct plan_template value;
    struct plan_match match;
    uint32_t otherwise; /* the step to go on with when it does not hold */
};

struct plan_step {
    enum plan_step_kind kind;
    union {
        struct plan_request request;
        struct plan_think think;
        struct plan_assignment set;
        struct plan_think pace;
        struct plan_loop loop;
        struct plan_choice choose;
        struct plan_condition condition;
        uint32_t jump;
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
    struct str *variables; /* names; a slot indexes this */
    size_t variable_count;
    struct plan_assignment *initial; /* when a user starts. These slots come first, and are kept
                                        from one iteration to the next; all others are not */
    size_t initial_count;
    struct plan_data *data;
    size_t data_count;
    struct str *patterns; /* regular expressions */
    size_t pattern_count;
    struct plan_tls tls;
    enum plan_http http;
    uint32_t streams; /* requests in flight on one HTTP/2 connection */
    struct plan_network network;
    bool keep_alive;      /* false: a fresh connection for each request */
    uint64_t duration_ns; /* of the longest flow */
    uint64_t warm_up_ns;  /* whole seconds from the start on that are no part of the totals */
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
