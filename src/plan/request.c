/* request: one request of a document: its URL joined to the base, its headers merged with the
 * target's, its body, and which answers are good.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "plan_priv.h"

enum {
    STATUS_MIN = 100,
    STATUS_MAX = 599,
    CHECKS_MAX = 50, /* of one request */
};

/* An object "request" while it is read. */
struct request_reading {
    struct str name;
    struct str method;
    struct plan_url url;
    struct plan_headers headers;
    const struct plan_template *target; /* NULL: the URL is constant */
    struct str body;
    const struct plan_template *body_template;
    bool has_body;
    bool is_json;
    struct plan_status_set expect;
    struct plan_looks looks;
    struct plan_timeouts timeouts;
};

/* ---- URL ------------------------------------------------------------------------------------- */

static int join(struct plan_reader *r, struct str text, struct plan_url *out, struct err *e)
{
    const struct plan_url *base = &r->defaults.base;
    struct str path;
    int rc = plan_path_parse(r->arena, text, &path, e);
    if (rc < 0)
        return rc;
    if (base->path.len + path.len > PLAN_URL_MAX)
        return err_set(e, -1, "together with \"base_url\" it is longer than %d bytes",
                       PLAN_URL_MAX);
    char *joined = plan_arena_alloc(r->arena, base->path.len + path.len + 1);
    if (base->path.len > 0)
        memcpy(joined, base->path.ptr, base->path.len);
    memcpy(joined + base->path.len, path.ptr, path.len);
    *out = *base;
    out->path = (struct str){joined, base->path.len + path.len};
    return 0;
}

static int parse_url(struct plan_reader *r, struct str text, struct plan_url *url, struct err *e)
{
    int rc;
    if (plan_url_is_absolute(text)) {
        rc = plan_url_parse(r->arena, text, url, e);
    } else if (!str_starts(text, "/")) {
        rc = err_set(e, -1, "must begin with \"/\", \"http://\" or \"https://\"");
    } else {
        rc = join(r, text, url, e);
        if (rc == 0 && !r->defaults.has_base && !r->defaults.bad_base)
            rc = err_set(e, -1, "a path needs a \"base_url\" in \"target\" to be joined to");
    }
    return rc;
}

/* An expression may stand behind the host: where requests go is known when the plan is loaded. */
static bool host_is_constant(struct str first)
{
    const char *host = plan_url_is_absolute(first) ? memmem(first.ptr, first.len, "://", 3) : NULL;
    if (!host)
        return true;
    size_t rest = first.len - (size_t)(host + 3 - first.ptr);
    return memchr(host + 3, '/', rest) || memchr(host + 3, '?', rest);
}

/* The parts between expressions are made fit for a URL; what expressions bring is the author's. */
static int parse_url_parts(struct plan_reader *r, const struct plan_template *t,
                           struct request_reading *q, struct err *e)
{
    struct plan_part *first = &t->parts[0];
    struct buf shown;
    if (first->kind != PLAN_PART_TEXT)
        return err_set(e, -1, "must begin with \"/\", \"http://\" or \"https://\"");
    if (!host_is_constant(first->text))
        return err_set(e, -1, "the host of a URL is constant: no expression before its path");
    int rc = parse_url(r, first->text, &q->url, e);
    if (rc < 0)
        return rc;
    first->text = q->url.path;
    buf_init(&shown, 4 * PLAN_URL_MAX);
    buf_add(&shown, first->text.ptr, first->text.len);
    for (size_t i = 1; i < t->count && rc == 0; i++) {
        struct plan_part *part = &t->parts[i];
        if (part->kind == PLAN_PART_TEXT)
            rc = plan_path_parse(r->arena, part->text, &part->text, e);
        buf_add(&shown, part->text.ptr, part->text.len);
    }
    q->url.path = plan_arena_str(r->arena, buf_str(&shown));
    q->target = t;
    buf_fini(&shown);
    return rc;
}

static void read_url(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct request_reading *q = into;
    const struct plan_template *template;
    struct str text;
    struct err e = {0};
    if (!plan_template_text(r, at, &text, &template))
        return;
    int rc = template ? parse_url_parts(r, template, q, &e) : parse_url(r, text, &q->url, &e);
    if (rc < 0)
        plan_problem(r, at, "%s", e.message);
}

/* ---- method, body ---------------------------------------------------------------------------- */

static void read_method(struct plan_reader *r, const struct plan_place *at, void *into)
{
    static const char *const known[] = {"GET",    "HEAD",    "POST",  "PUT", "PATCH",
                                        "DELETE", "OPTIONS", "TRACE", NULL};
    struct str text, *method = into;
    if (!plan_text(r, at, &text))
        return;
    if (!plan_is_token(text) || text.len > PLAN_METHOD_MAX) {
        plan_problem(r, at, "%s is no HTTP method", plan_quote(text).text);
        return;
    }
    if (str_eq_nocase(text, STR("CONNECT"))) {
        plan_problem(r, at, "CONNECT opens a tunnel, which is no request that can be measured");
        return;
    }
    for (size_t i = 0; known[i]; i++) {
        if (str_eq_nocase(text, str_of(known[i])) && !str_eq_text(text, known[i])) {
            plan_problem(r, at, "methods are in upper case: %s", known[i]);
            return;
        }
    }
    *method = text;
}

static void check_body(struct plan_reader *r, const struct plan_place *at, struct str body)
{
    if (body.len > PLAN_BODY_MAX)
        plan_problem(r, at, "is %zu bytes long; at most %d are allowed", body.len, PLAN_BODY_MAX);
}

static void read_body(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct request_reading *q = into;
    q->has_body = true;
    if (plan_template_text(r, at, &q->body, &q->body_template))
        check_body(r, at, q->body);
}

static void read_json(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct request_reading *q = into;
    if (q->has_body)
        plan_problem_key(r, at, "\"body\" and \"json\" exclude each other; leave one out");
    q->has_body = true;
    q->is_json = true;
    if (plan_json_body(r, at, &q->body, &q->body_template))
        check_body(r, at, q->body);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static void accept(struct plan_status_set *s, unsigned from, unsigned to)
{
    for (unsigned status = from; status <= to; status++)
        s->bits[status / 64] |= UINT64_C(1) << (status % 64);
}

static void read_status_item(struct plan_reader *r, const struct plan_place *at,
                             struct plan_status_set *s)
{
    double n = json_number_value(at->value);
    const char *text = json_string_value(at->value);
    if (json_is_number(at->value) && n >= STATUS_MIN && n <= STATUS_MAX && floor(n) == n)
        accept(s, (unsigned)n, (unsigned)n);
    else if (text && strlen(text) == 3 && text[0] >= '1' && text[0] <= '5' &&
             strcmp(text + 1, "xx") == 0)
        accept(s, (unsigned)(text[0] - '0') * 100, (unsigned)(text[0] - '0') * 100 + 99);
    else
        plan_problem(r, at, "must be a code from %d to %d, or a class like \"2xx\"", STATUS_MIN,
                     STATUS_MAX);
}

static void read_status(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct request_reading *q = into;
    struct plan_status_set *expect = &q->expect, accepted = {{0}};
    if (!plan_is_array(r, at, "codes and classes"))
        return;
    if (json_array_size(at->value) == 0)
        plan_problem(r, at, "is empty: no answer could be good");
    for (size_t i = 0; i < json_array_size(at->value); i++) {
        struct plan_place place = plan_element(at, i);
        read_status_item(r, &place, &accepted);
    }
    for (size_t i = 0; i < sizeof accepted.bits / sizeof accepted.bits[0]; i++)
        expect->bits[i] &= accepted.bits[i];
}

#define LOOKS offsetof(struct request_reading, looks)

static const struct plan_key check_keys[] = {
    {"status", read_status, 0, false},
    {"header", plan_read_header_check, LOOKS, false},
    {"body", plan_read_body_check, LOOKS, false},
    {"json", plan_read_json_check, LOOKS, false},
    {"time", plan_read_time_check, LOOKS, false},
};

const struct plan_object plan_object_check = {"check", check_keys,
                                              sizeof check_keys / sizeof check_keys[0]};

static void read_check(struct plan_reader *r, const struct plan_place *at,
                       struct request_reading *q)
{
    size_t known = 0;
    for (size_t i = 0; i < plan_object_check.count; i++)
        known += json_object_get(at->value, check_keys[i].name) != NULL;
    if (!plan_read_object(r, at, &plan_object_check, q))
        return;
    if (known != 1 && known == json_object_size(at->value))
        plan_problem(r, at,
                     "must have exactly one key: \"status\", \"header\", \"body\", \"json\" or "
                     "\"time\"");
}

static bool has_status(const json_t *checks)
{
    for (size_t i = 0; i < json_array_size(checks); i++)
        if (json_object_get(json_array_get(checks, i), "status"))
            return true;
    return false;
}

static bool is_empty(const struct plan_status_set *s)
{
    uint64_t any = 0;
    for (size_t i = 0; i < sizeof s->bits / sizeof s->bits[0]; i++)
        any |= s->bits[i];
    return any == 0;
}

/* Each check must pass. */
static void read_checks(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct request_reading *q = into;
    size_t before = r->problems->count;
    if (!plan_is_array(r, at, "checks") || json_array_size(at->value) == 0)
        return;
    if (json_array_size(at->value) > CHECKS_MAX) {
        plan_problem(r, at, "has %zu checks; at most %d are allowed", json_array_size(at->value),
                     CHECKS_MAX);
        return;
    }
    if (has_status(at->value)) {
        q->expect = (struct plan_status_set){{0}};
        accept(&q->expect, STATUS_MIN, STATUS_MAX);
    }
    for (size_t i = 0; i < json_array_size(at->value); i++) {
        struct plan_place place = plan_element(at, i);
        read_check(r, &place, q);
    }
    if (is_empty(&q->expect) && r->problems->count == before)
        plan_problem(r, at, "no answer could pass all of these checks");
}

/* ---- whole ----------------------------------------------------------------------------------- */

#define FIELD(name) offsetof(struct request_reading, name)

static const struct plan_key request_keys[] = {
    {"name", plan_read_name, FIELD(name), false},
    {"method", read_method, FIELD(method), false},
    {"url", read_url, 0, true},
    {"headers", plan_read_headers, FIELD(headers), false},
    {"body", read_body, 0, false},
    {"json", read_json, 0, false},
    {"captures", plan_read_captures, LOOKS, false},
    {"checks", read_checks, 0, false},
    {"timeouts", plan_read_timeouts, FIELD(timeouts), false},
};

const struct plan_object plan_object_request = {"request", request_keys,
                                                sizeof request_keys / sizeof request_keys[0]};

static uint32_t origin_id(struct plan_reader *r, const struct plan_url *url)
{
    struct plan *plan = r->plan;
    for (size_t i = 0; i < plan->origin_count; i++) {
        const struct plan_origin *o = &plan->origins[i];
        if (o->tls == url->tls && o->port == url->port && str_eq(o->host, url->host))
            return (uint32_t)i;
    }
    struct plan_origin *added = &plan->origins[plan->origin_count];
    *added = (struct plan_origin){
        .tls = url->tls, .host = url->host, .port = url->port, .authority = url->authority};
    plan_origin_dial(r, added);
    return (uint32_t)plan->origin_count++;
}

static uint32_t name_id(struct plan *plan, struct str name)
{
    for (size_t i = 0; i < plan->name_count; i++)
        if (str_eq(plan->names[i], name))
            return (uint32_t)i;
    plan->names[plan->name_count] = name;
    return (uint32_t)plan->name_count++;
}

/* Method and path, without the query. */
static struct str default_name(struct plan_reader *r, struct str method, struct str path)
{
    const char *query = path.len > 0 ? memchr(path.ptr, '?', path.len) : NULL;
    size_t len = query ? (size_t)(query - path.ptr) : path.len;
    char name[PLAN_NAME_MAX + 1];
    snprintf(name, sizeof name, "%.*s %.*s", (int)method.len, method.ptr, (int)len, path.ptr);
    return plan_arena_str(r->arena, str_of(name));
}

/* The target's alone are checked with the target. */
static void check_headers(struct plan_reader *r, const struct plan_place *at,
                          const struct request_reading *q)
{
    struct plan_place place = plan_member(at, "headers");
    const struct plan_header *length = plan_headers_find(&q->headers, STR("Content-Length"));
    size_t bytes = plan_headers_bytes(&q->headers);
    uint64_t number;
    if (bytes > 0 && bytes + plan_headers_bytes(&r->defaults.headers) > PLAN_HEADERS_BYTES_MAX)
        plan_problem(r, &place, "are more than %d bytes, together with the target's",
                     PLAN_HEADERS_BYTES_MAX);
    if (!length ||
        (!q->body_template && str_to_u64(length->value, &number) && number == q->body.len))
        return;
    struct plan_place value = plan_member(&place, length->name.ptr);
    if (q->body_template)
        plan_problem_key(r, &value, "is the body's length, which varies; leave it out");
    else
        plan_problem(r, &value, "must be the body's length, %zu; it can be left out", q->body.len);
}

static struct plan_headers all_headers(struct plan_reader *r, const struct request_reading *q)
{
    struct plan_headers merged = plan_headers_merge(r->arena, &r->defaults.headers, &q->headers);
    struct plan_header json = {.name = STR("Content-Type"), .value = STR("application/json")};
    struct plan_headers added = {&json, 1};
    if (!q->is_json || plan_headers_find(&merged, json.name))
        return merged;
    return plan_headers_merge(r->arena, &merged, &added);
}

void plan_read_request(struct plan_reader *r, const struct plan_place *at, struct plan_request *out)
{
    struct request_reading q = {.timeouts = r->defaults.timeouts};
    accept(&q.expect, 200, 399);
    if (!plan_read_object(r, at, &plan_object_request, &q))
        return;
    if (q.method.len == 0)
        q.method = q.has_body ? STR("POST") : STR("GET");
    if (q.name.len == 0)
        q.name = default_name(r, q.method, q.url.path);
    struct plan_headers headers = all_headers(r, &q);
    check_headers(r, at, &q);
    *out = (struct plan_request){
        .name_id = name_id(r->plan, q.name),
        .origin_id = origin_id(r, &q.url),
        .method = q.method,
        .target = q.url.path,
        .target_template = q.target,
        .headers = headers.items,
        .header_count = headers.count,
        .body = q.body,
        .body_template = q.body_template,
        .expect = q.expect,
        .looks = q.looks,
        .timeouts = q.timeouts,
    };
}
