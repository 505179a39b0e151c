/* route: see route.h. */
#include "route.h"

#include <errno.h>
#include <string.h>

enum { VALUE_MAX = 256 };

/* ---- /fault/NAME ----------------------------------------------------------------------------- */

#define HEAD_OK "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"

static const struct target_fault faults[] = {
    {"reset", TARGET_FAULT_RESET, 0, {"", 0}},
    {"close", TARGET_FAULT_TEXT, 0, {"", 0}},
    {"close-head", TARGET_FAULT_TEXT, 0, STR("HTTP/1.1 200 OK\r\nContent-Ty")},
    {"truncate", TARGET_FAULT_TEXT, 0, STR(HEAD_OK "Content-Length: 1000\r\n\r\nhello world\n")},
    {"truncate-chunked", TARGET_FAULT_TEXT, 0,
     STR(HEAD_OK "Transfer-Encoding: chunked\r\n\r\nc\r\nhello world\n\r\n3e8\r\nhello world\n")},
    {"garbage", TARGET_FAULT_TEXT, 0, STR("\x01\xfe\x80 this is not HTTP \xff\r\n\r\n")},
    {"bad-chunk", TARGET_FAULT_TEXT, 0,
     STR(HEAD_OK "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello world\n\r\n0\r\n\r\n")},
    {"bad-length", TARGET_FAULT_TEXT, 0, STR(HEAD_OK "Content-Length: abc\r\n\r\nhello world\n")},
    {"slow-headers", TARGET_FAULT_SLOW, 0, {"", 0}},
    {"big-headers", TARGET_FAULT_FILL, 0, {"", 0}},
    {"stall", TARGET_FAULT_SILENCE, 0, {"", 0}},
    {"read-to-close", TARGET_FAULT_UNFRAMED, 0, {"", 0}},
    {"1xx", TARGET_FAULT_HINTS, 0,
     STR("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")},
    {"204", TARGET_FAULT_STATUS, 204, {"", 0}},
    {"304", TARGET_FAULT_STATUS, 304, {"", 0}},
};

enum { FAULT_COUNT = sizeof faults / sizeof faults[0] };

static int no_such_fault(struct str name, struct err *e)
{
    const char *names[FAULT_COUNT + 1] = {NULL};
    for (size_t i = 0; i < FAULT_COUNT; i++)
        names[i] = faults[i].name;
    const char *nearest = text_nearest(name, names);
    return err_set(e, -ENOENT, "there is no fault \"%.*s\"%s%s%s", (int)name.len, name.ptr,
                   nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                   nearest ? "\"?" : "");
}

static int set_fault(struct target_order *o, struct str name, struct err *e)
{
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        if (!str_eq_text(name, faults[i].name))
            continue;
        o->action = TARGET_FAULT;
        o->fault = &faults[i];
        if (o->fault->kind == TARGET_FAULT_STATUS)
            o->answer.status = o->fault->status;
        return 0;
    }
    return no_such_fault(name, e);
}

/* ---- what an answer is like ------------------------------------------------------------------ */

static int set_number(struct str value, const char *what, uint64_t least, uint64_t most,
                      uint64_t *out, struct err *e)
{
    if (!str_to_u64(value, out) || *out < least || *out > most)
        return err_set(e, -EINVAL, "%s is a number from %llu to %llu, not \"%.*s\"", what,
                       (unsigned long long)least, (unsigned long long)most, (int)value.len,
                       value.ptr);
    return 0;
}

int target_answer_set(struct target_answer *a, struct str key, struct str value, struct err *e)
{
    uint64_t number = 0;
    int rc;
    if (str_eq_text(key, "delay"))
        return target_delay_parse(value, &a->delay, e);
    if (str_eq_text(key, "bytes"))
        return size_parse(value, &a->bytes, e);
    if (str_eq_text(key, "status")) {
        rc = set_number(value, "a status", TARGET_STATUS_MIN, TARGET_STATUS_MAX, &number, e);
        a->status = (uint32_t)number;
        return rc;
    }
    if (str_eq_text(key, "chunked")) {
        rc = set_number(value, "the count of chunks", 0, TARGET_CHUNKS_MAX, &number, e);
        a->chunks = (uint32_t)number;
        return rc;
    }
    if (str_eq_text(key, "close")) {
        rc = set_number(value, "close", 0, 1, &number, e);
        a->close = number == 1;
        return rc;
    }
    return -ENOENT;
}

/* ---- the query ------------------------------------------------------------------------------- */

static int set_from_query(struct target_order *o, struct str key, struct str value, struct err *e)
{
    int rc = target_answer_set(&o->answer, key, value, e);
    if (rc != -ENOENT)
        return rc;
    if (str_eq_text(key, "every"))
        return duration_parse(value, &o->stall.every_ns, e);
    if (str_eq_text(key, "for"))
        return duration_parse(value, &o->stall.for_ns, e);
    if (str_eq_text(key, "per"))
        return duration_parse(value, &o->per_ns, e);
    if (str_eq_text(key, "since"))
        return set_number(value, "since", 0, UINT64_MAX, &o->since, e);
    if (str_eq_text(key, "as"))
        o->as_json = str_eq_text(value, "json");
    return 0; /* anything else is the tested client's own affair */
}

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* %XX becomes the byte; what does not fit is cut, which no value that means anything is. */
static struct str decode(struct str text, char out[VALUE_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < VALUE_MAX; i++) {
        int high = i + 2 < text.len && text.ptr[i] == '%' ? hex_value(text.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_value(text.ptr[i + 2]) : -1;
        out[len++] = text.ptr[i];
        if (low >= 0) {
            out[len - 1] = (char)(16 * high + low);
            i += 2;
        }
    }
    return (struct str){out, len};
}

static int apply_query(struct target_order *o, struct str query, struct err *e)
{
    char value[VALUE_MAX];
    while (query.len > 0) {
        const char *next = memchr(query.ptr, '&', query.len);
        struct str pair = {query.ptr, next ? (size_t)(next - query.ptr) : query.len};
        query.ptr += pair.len + (next ? 1 : 0);
        query.len -= pair.len + (next ? 1 : 0);
        const char *equals = pair.len ? memchr(pair.ptr, '=', pair.len) : NULL;
        if (!equals)
            continue;
        struct str key = {pair.ptr, (size_t)(equals - pair.ptr)};
        struct str raw = {equals + 1, pair.len - key.len - 1};
        int rc = set_from_query(o, key, decode(raw, value), e);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- the path -------------------------------------------------------------------------------- */

/* /KEY/VALUE is the same as ?KEY=VALUE. */
static int apply_argument(struct target_order *o, struct str path, struct err *e)
{
    char value[VALUE_MAX];
    const char *slash = memchr(path.ptr + 1, '/', path.len - 1);
    if (!slash)
        return 0;
    struct str key = {path.ptr + 1, (size_t)(slash - path.ptr) - 1};
    struct str raw = {slash + 1, path.len - key.len - 2};
    struct str argument = decode(raw, value);
    if (str_eq_text(key, "fault"))
        return set_fault(o, argument, e);
    if (str_eq_text(key, "close")) /* only as a query */
        return 0;
    int rc = target_answer_set(&o->answer, key, argument, e);
    return rc == -ENOENT ? 0 : rc;
}

static int apply_path(struct target_order *o, struct str path, struct err *e)
{
    static const struct {
        const char *path;
        enum target_action action;
    } whole[] = {
        {"/echo", TARGET_ECHO},         {"/stall", TARGET_SET_STALL},
        {"/_stats", TARGET_TELL_STATS}, {"/_arrivals", TARGET_TELL_ARRIVALS},
        {"/_reset", TARGET_FORGET},
    };
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        if (str_eq_text(path, whole[i].path)) {
            o->action = whole[i].action;
            return 0;
        }
    }
    if (str_starts(path, "/_"))
        return err_set(e, -ENOENT, "there is no %.*s, only /_stats, /_arrivals and /_reset",
                       (int)path.len, path.ptr);
    return path.ptr[0] == '/' ? apply_argument(o, path, e) : 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static const struct target_answer plain = {.status = 200, .bytes = TARGET_BYTES_AUTO};

/* What can only be judged with path and query together. 0, or a status. */
static uint32_t settle(struct target_order *o, const struct target_request *r, struct err *e)
{
    if (o->action == TARGET_SET_STALL &&
        (o->stall.for_ns == 0 || o->stall.for_ns >= o->stall.every_ns)) {
        err_set(e, -EINVAL, "write /stall?every=PERIOD&for=LENGTH, LENGTH being the shorter");
        return 400;
    }
    if (o->action == TARGET_FORGET && !str_eq_text(r->method, "POST")) {
        err_set(e, -EINVAL, "/_reset is for POST");
        return 405;
    }
    if (o->action == TARGET_FAULT && o->fault->kind == TARGET_FAULT_FILL) {
        if (o->answer.bytes != TARGET_BYTES_AUTO)
            o->fill_bytes = o->answer.bytes;
        o->answer.bytes = TARGET_BYTES_AUTO;
    }
    if (!o->counted)
        o->answer = plain;
    return 0;
}

void target_route(const struct target_request *r, const struct target_answer *usual,
                  struct target_order *out, struct err *e)
{
    bool counted = !str_starts(r->path, "/_");
    *out = (struct target_order){.action = TARGET_ANSWER, .counted = counted, .answer = *usual};
    if (r->path.len == 1 && r->query.len == 0)
        return;
    out->per_ns = 100 * NS_PER_MS;
    out->fill_bytes = TARGET_FILL_DEFAULT;
    int rc = apply_path(out, r->path, e);
    if (rc == 0)
        rc = apply_query(out, r->query, e);
    uint32_t status = rc == 0 ? settle(out, r, e) : rc == -ENOENT ? 404 : 400;
    if (status != 0) {
        *out =
            (struct target_order){.action = TARGET_COMPLAIN, .counted = counted, .answer = plain};
        out->answer.status = status;
    }
}
