/* plan_priv: what the files of plan share: the memory of a plan, places in the document, and the
 * tables of keys by which its objects are read.
 */
#ifndef PLAN_PRIV_H
#define PLAN_PRIV_H

#include <jansson.h>

#include "squall/plan.h"

/* Limits that only the parser needs to know; squall-scenario(5) lists them. */
enum {
    PLAN_DESCRIPTION_MAX = 65536,
    PLAN_TAGS_MAX = 100,
    PLAN_TAG_MAX = 255,
    PLAN_COLUMNS_MAX = 256, /* of a table */
    PLAN_METHOD_MAX = 32,
    PLAN_HEADERS_MAX = 200,         /* in one object */
    PLAN_HEADERS_BYTES_MAX = 65536, /* of names and values of one request */
    PLAN_PATH_MAX = 4096,           /* of a file */
    PLAN_HOST_MAX = 253,            /* RFC 1035, section 2.3.4, as text */
    PLAN_MAX_USERS_DEFAULT = 10000,
    PLAN_SEED_DEFAULT = 1,
    PLAN_STREAMS_DEFAULT = 1,
    PLAN_SOURCES_MAX = 1000,
    PLAN_DETOURS_MAX = 1000, /* of "connect_to" */
};

#define PLAN_DURATION_MAX (UINT64_C(366) * 86400 * NS_PER_S)
/* Where iterations are counted and no duration is given. */
#define PLAN_ITERATIONS_DURATION (UINT64_C(3600) * NS_PER_S)
#define PLAN_ITERATIONS_MAX UINT64_C(1000000000000)
#define PLAN_TIMEOUT_MAX (UINT64_C(3600) * NS_PER_S)
#define PLAN_DRAIN_MAX (UINT64_C(600) * NS_PER_S)
#define PLAN_DRAIN_DEFAULT (5 * NS_PER_S)

#define PLAN_EXPRESSION_PROBLEM                                                                    \
    "\"${\" begins an expression, and this text is constant; write \"$${\" for the characters "    \
    "themselves"

/* ---- Poisson arrivals ------------------------------------------------------------------------ */
#define PLAN_SEED_MAX ((UINT64_C(1) << 53) - 1) /* what any JSON reader takes exactly */

/* The seed of thing `number` among several that share one. */
uint64_t plan_poisson_seed(uint64_t seed, uint64_t number);
void plan_poisson_init(struct plan_poisson *p, uint64_t seed);
/* Where point `i` lies; infinite for numbers that no run can reach. */
long double plan_poisson_point(const struct plan_poisson *p, uint64_t i);
/* How many points lie before `end`. */
uint64_t plan_poisson_before(const struct plan_poisson *p, long double end);

/* ---- memory: what a plan consists of, freed at once ------------------------------------------ */
struct plan_arena;

struct plan_arena *plan_arena_new(void);
void plan_arena_free(struct plan_arena *a);
/* Zeroed, aligned for anything. Nothing is freed before the arena is. */
void *plan_arena_alloc(struct plan_arena *a, size_t bytes);
/* A copy, with a NUL behind it. */
struct str plan_arena_str(struct plan_arena *a, struct str s);

/* ---- where each value begins in the text ----------------------------------------------------- */
enum { PLAN_NO_NODE = UINT32_MAX };

struct plan_node {
    uint32_t key;   /* offset of a member's key; PLAN_NO_NODE for others */
    uint32_t value; /* offset of its first byte */
    uint32_t end;   /* and of the one after its last */
    uint32_t next;  /* the node after all that is inside */
};

/* Values in the order of the text; what is inside one follows it. Node 0 is the whole document. */
struct plan_index {
    struct str text;
    struct plan_node *nodes;
    size_t count;
    size_t cap;
};

/* `text` is JSON that jansson has accepted. */
void plan_index_init(struct plan_index *x, struct str text);
void plan_index_fini(struct plan_index *x);
/* The last member of this name (which is the one that jansson keeps), or PLAN_NO_NODE. */
uint32_t plan_index_member(const struct plan_index *x, uint32_t object, struct str key);
uint32_t plan_index_element(const struct plan_index *x, uint32_t array, size_t i);
/* New reference: the member's key as a JSON string, escapes resolved. */
json_t *plan_index_key(const struct plan_index *x, uint32_t node);

/* ---- reading --------------------------------------------------------------------------------- */
/* A value of the document and the way to it; lives on the stack of whoever reads it. */
struct plan_place {
    const struct plan_place *up; /* NULL: the document itself */
    json_t *value;               /* NULL: a key that is missing */
    const char *key;             /* of a member; NULL for an element */
    size_t element;
};

struct plan_place plan_member(const struct plan_place *at, const char *key);
struct plan_place plan_element(const struct plan_place *at, size_t i);

struct plan_url {
    bool tls;
    struct str host;
    uint16_t port;
    struct str authority;
    struct str path; /* with the query; begins with "/" */
};

struct plan_headers {
    struct plan_header *items;
    size_t count;
};

/* A line of "connect_to". */
struct plan_detour {
    struct str host; /* in the form that origins have it */
    uint16_t port;
    struct str dial_host;
    uint16_t dial_port;
    const char *key; /* as it is written */
    bool used;
};

/* What the target says about all requests. */
struct plan_defaults {
    bool has_base; /* false also when it has a mistake */
    bool bad_base;
    struct plan_url base; /* its path without the last "/" */
    struct plan_headers headers;
    struct plan_timeouts timeouts;
    struct plan_detour *detours;
    size_t detour_count;
};

struct plan_reader {
    struct str text;
    struct plan_index index;
    struct plan_arena *arena;
    struct plan *plan;
    struct plan_defaults defaults;
    size_t requests; /* read up to now, in all flows */
    unsigned depth;  /* of steps inside steps, just now */
    struct plan_problems *problems;
    uint32_t offsets[PLAN_PROBLEMS_MAX]; /* of each problem's place in the text */
};

/* The text of a value that is there, as it stands in the document. */
struct str plan_place_text(const struct plan_reader *r, const struct plan_place *at);

/* Adds a problem at the value, or at the object that lacks it. */
void plan_problem(struct plan_reader *r, const struct plan_place *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds a problem at the member's key. */
void plan_problem_key(struct plan_reader *r, const struct plan_place *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A problem whose line and column are known; nothing but the text is there yet. */
void plan_problem_text(struct plan_problems *p, unsigned line, unsigned column, const char *format,
                       ...) __attribute__((format(printf, 4, 5)));
/* Members of one name in one object, anywhere in the document. */
void plan_problems_of_duplicates(struct plan_reader *r);
/* Sorts by place, and fills in lines and columns. */
void plan_problems_locate(struct plan_reader *r);

/* Text of the document inside a message: in quotes, shortened, without control characters. */
enum { PLAN_QUOTE_SIZE = 160 };
struct plan_quote {
    char text[PLAN_QUOTE_SIZE];
};
struct plan_quote plan_quote(struct str s);

/* "a string", "an object". */
const char *plan_kind_text(const json_t *value);

/* Reads the value at `at` into the field `into`; what is wrong becomes problems. */
typedef void plan_read(struct plan_reader *r, const struct plan_place *at, void *into);

struct plan_key {
    const char *name;
    plan_read *read;
    size_t offset; /* of the field in what the object is read into */
    bool required;
};

/* An object of the document: the one list of its keys. Keys are read in the table's order. */
struct plan_object {
    const char *name; /* in the schema's $defs; "" is the document */
    const struct plan_key *keys;
    size_t count;
};

enum { PLAN_KEYS_MAX = 24 };

extern const struct plan_object plan_object_capture, plan_object_header_check,
    plan_object_body_check, plan_object_json_check, plan_object_if, plan_object_repeat,
    plan_object_choice, plan_object_data;
extern const struct plan_object plan_object_scenario, plan_object_flow, plan_object_target,
    plan_object_tls, plan_object_timeouts, plan_object_load, plan_object_stage, plan_object_step,
    plan_object_request, plan_object_check, plan_object_think, plan_object_threshold;

/* False, with problems, when it is no object. */
bool plan_read_object(struct plan_reader *r, const struct plan_place *at,
                      const struct plan_object *object, void *into);
/* Is there an unknown key in the object that was probably meant to be `key`? */
bool plan_is_misspelt(const struct plan_place *at, const struct plan_object *object,
                      const char *key);
/* A problem at a key that must be there, unless it is misspelt, which is reported already. */
void plan_problem_missing(struct plan_reader *r, const struct plan_place *at,
                          const struct plan_object *object);
/* Is it an array? Else a problem that says what it should be. */
bool plan_is_array(struct plan_reader *r, const struct plan_place *at, const char *of_what);
/* A string with "$${" resolved, in the plan's memory; false, with a problem, when it is none. */
bool plan_text(struct plan_reader *r, const struct plan_place *at, struct str *out);
/* A text of `min` to `max` bytes on one line. */
bool plan_line(struct plan_reader *r, const struct plan_place *at, size_t min, size_t max,
               struct str *out);
/* A duration from `min` to `max`. */
bool plan_duration(struct plan_reader *r, const struct plan_place *at, uint64_t min, uint64_t max,
                   uint64_t *out);
/* Resolves "$${" to "${"; false when there is a "${" alone. `out` may be the text itself. */
bool plan_unescape(struct plan_reader *r, struct str text, struct str *out);

plan_read plan_read_name;    /* struct str */
plan_read plan_read_bool;    /* bool */
plan_read plan_read_timeout; /* uint64_t, ns */

/* ---- parts ----------------------------------------------------------------------------------- */
plan_read plan_read_target; /* into nothing: the reader's plan and defaults */
plan_read plan_read_tls;    /* into nothing: the plan */
plan_read plan_read_proxy, plan_read_unix, plan_read_sources; /* struct plan_network */
plan_read plan_read_connect_to;                               /* struct plan_defaults */
/* Fills in where connections to `origin` really go. */
void plan_origin_dial(struct plan_reader *r, struct plan_origin *origin);
/* What the target's ways to connect have against each other; `at` is the document, read. */
void plan_check_network(struct plan_reader *r, const struct plan_place *at);
plan_read plan_read_timeouts; /* struct plan_timeouts */
plan_read plan_read_headers;  /* struct plan_headers */
plan_read plan_read_load;     /* struct plan_load */

struct plan_steps {
    struct plan_step *items;
    size_t count, cap;
};
plan_read plan_read_steps; /* struct plan_steps */
/* An array of steps, added to those that are there: read at any depth. */
void plan_read_step_list(struct plan_reader *r, const struct plan_place *at,
                         struct plan_steps *steps);
plan_read plan_read_repeat, plan_read_choose, plan_read_if; /* struct plan_steps */
/* The condition of an "if"; false when it is no object. */
bool plan_read_condition(struct plan_reader *r, const struct plan_place *at,
                         struct plan_condition *out);
/* struct plan_looks */
plan_read plan_read_captures, plan_read_header_check, plan_read_body_check, plan_read_json_check,
    plan_read_time_check;
/* Room for one more step, zeroed. */
struct plan_step *plan_steps_add(struct plan_reader *r, struct plan_steps *steps);
plan_read plan_read_thresholds; /* into nothing: the reader's plan, which has all its names */
/* At the object {"url": ...}. */
void plan_read_request(struct plan_reader *r, const struct plan_place *at,
                       struct plan_request *out);

/* Header names and methods: RFC 9110, section 5.6.2. */
bool plan_is_token(struct str s);
size_t plan_headers_bytes(const struct plan_headers *h);
const struct plan_header *plan_headers_find(const struct plan_headers *h, struct str name);
/* The defaults that are not replaced, then the request's own. */
struct plan_headers plan_headers_merge(struct plan_arena *a, const struct plan_headers *defaults,
                                       const struct plan_headers *own);

/* Absolute, http or https. */
int plan_url_parse(struct plan_arena *a, struct str text, struct plan_url *out, struct err *e);
/* Path and query: what may not stand there as it is, is percent-encoded; control characters, a
 * fragment and stray "%" are refused. */
int plan_path_parse(struct plan_arena *a, struct str text, struct str *out, struct err *e);
bool plan_url_is_absolute(struct str text);
bool plan_host_valid(struct str host);
/* "host:port" or "[IPv6]:port", the host in the form that URLs are brought into. */
int plan_host_port_parse(struct plan_arena *a, struct str text, struct str *host, uint16_t *port,
                         struct err *e);

/* The value at `at` as JSON text without spaces: numbers as they were written, "$${" resolved.
 * *template stays NULL when there is no expression inside. */
bool plan_json_body(struct plan_reader *r, const struct plan_place *at, struct str *out,
                    const struct plan_template **template);

/* ---- expressions ----------------------------------------------------------------------------- */
/* A text that may hold expressions. Without any, *template is NULL and *out has "$${" resolved;
 * else *out is the text as it was written. */
bool plan_template_text(struct plan_reader *r, const struct plan_place *at, struct str *out,
                        const struct plan_template **template);
/* The same, always as a template. */
bool plan_template_read(struct plan_reader *r, const struct plan_place *at,
                        struct plan_template *out);
/* False, with problems at `at`, when it is not right. */
bool plan_template_compile(struct plan_reader *r, const struct plan_place *at, struct str text,
                           struct plan_template *out);
/* The data whose column "name.column" is, and the column's name; NULL when there are none. */
const struct plan_data *plan_data_find(const struct plan *plan, struct str name,
                                       struct str *column);
plan_read plan_read_data; /* of the document */
bool plan_template_is_constant(const struct plan_template *t);

/* ---- variables ------------------------------------------------------------------------------- */
/* Finds out what the document sets anywhere, before anything that uses it is read. */
void plan_variables_collect(struct plan_reader *r, const struct plan_place *root);
/* UINT32_MAX when nothing sets it. */
uint32_t plan_variable_find(const struct plan *plan, struct str name);
plan_read plan_read_variables; /* of the document */
plan_read plan_read_set;       /* struct plan_steps */

#endif
