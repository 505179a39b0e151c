/* decode: reads a line as a frame. A frame comes from another process, so nothing about it is
 * taken for granted: each field is looked up, its type and range are checked, and the first that
 * is wrong is named.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire_priv.h"

#define EXACT_MAX ((uint64_t)1 << 53) /* integers up to here survive being a double */

/* One object being read. After the first wrong field all reads give zeros, and `e` has the
 * sentence. */
struct fields {
    const cJSON *object;
    const char *what; /* "tick frame" */
    struct err *e;
    int rc;
};

static void wrong(struct fields *f, const char *key, const char *expected)
{
    if (f->rc == 0)
        f->rc = err_set(f->e, -EBADMSG, "%s: \"%s\" must be %s", f->what, key, expected);
}

static const cJSON *find(const struct fields *f, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(f->object, key);
}

static bool is_integer(const cJSON *item, uint64_t max)
{
    if (!cJSON_IsNumber(item))
        return false;
    double v = item->valuedouble;
    return v >= 0 && v <= (double)max && v == floor(v); /* a NaN fails all of them */
}

static uint64_t get_u64(struct fields *f, const char *key)
{
    const cJSON *item = find(f, key);
    if (is_integer(item, EXACT_MAX))
        return (uint64_t)item->valuedouble;
    wrong(f, key, "a whole number");
    return 0;
}

static uint32_t get_u32(struct fields *f, const char *key)
{
    const cJSON *item = find(f, key);
    if (is_integer(item, UINT32_MAX))
        return (uint32_t)item->valuedouble;
    wrong(f, key, "a whole number of at most 32 bits");
    return 0;
}

static double get_double(struct fields *f, const char *key)
{
    const cJSON *item = find(f, key);
    if (cJSON_IsNumber(item) && isfinite(item->valuedouble) && item->valuedouble >= 0)
        return item->valuedouble;
    wrong(f, key, "a number, 0 or more");
    return 0;
}

static bool get_bool(struct fields *f, const char *key)
{
    const cJSON *item = find(f, key);
    if (!cJSON_IsBool(item))
        wrong(f, key, "true or false");
    return cJSON_IsTrue(item);
}

static struct str get_str(struct fields *f, const char *key)
{
    const cJSON *item = find(f, key);
    if (cJSON_IsString(item))
        return str_of(item->valuestring);
    wrong(f, key, "a string");
    return STR("");
}

static struct str get_optional_str(struct fields *f, const char *key)
{
    return find(f, key) ? get_str(f, key) : STR("");
}

/* An array or an object; `members` (when not NULL) gets the number of its elements. */
static const cJSON *get_list(struct fields *f, const char *key, bool object, size_t *members)
{
    const cJSON *item = find(f, key);
    if (object ? !cJSON_IsObject(item) : !cJSON_IsArray(item)) {
        wrong(f, key, object ? "an object" : "an array");
        return NULL;
    }
    *members = (size_t)cJSON_GetArraySize(item);
    return item;
}

/* ---- the parts of a tick --------------------------------------------------------------------- */

static void get_error_kinds(struct fields *f, struct wire_request_tick *out)
{
    size_t count;
    const cJSON *item, *list = get_list(f, "error_kinds", true, &count);
    cJSON_ArrayForEach(item, list)
    {
        enum wire_error kind;
        if (!wire_error_of(str_of(item->string), &kind))
            return wrong(f, "error_kinds", "of known error kinds");
        if (!is_integer(item, EXACT_MAX))
            return wrong(f, "error_kinds", "of whole numbers");
        out->error_kinds[kind] += (uint64_t)item->valuedouble;
    }
}

static void get_status(struct fields *f, struct wire_request_tick *out)
{
    size_t count;
    const cJSON *item, *list = get_list(f, "status", true, &count);
    if (!list || count == 0)
        return;
    out->status = mem_alloc(count * sizeof *out->status);
    cJSON_ArrayForEach(item, list)
    {
        uint64_t status;
        if (!str_to_u64(str_of(item->string), &status) || status < 1 || status > WIRE_STATUS_MAX)
            return wrong(f, "status", "of status codes");
        if (!is_integer(item, EXACT_MAX))
            return wrong(f, "status", "of whole numbers");
        out->status[out->status_count++] =
            (struct wire_status_count){(uint32_t)status, (uint64_t)item->valuedouble};
    }
}

static void get_latency(struct fields *f, struct wire_request_tick *out)
{
    size_t count;
    const cJSON *item, *list = get_list(f, "latency", false, &count);
    if (!list || count == 0)
        return;
    out->latency = mem_alloc(count * sizeof *out->latency);
    cJSON_ArrayForEach(item, list)
    {
        const cJSON *second = cJSON_IsArray(item) ? item->child : NULL;
        const cJSON *histogram = second ? second->next : NULL;
        if (!is_integer(second, UINT32_MAX) || !cJSON_IsString(histogram) || histogram->next)
            return wrong(f, "latency", "of pairs of a second and a histogram");
        out->latency[out->latency_count++] = (struct wire_latency){
            (uint32_t)second->valuedouble,
            str_of(histogram->valuestring),
        };
    }
}

static void get_request(struct fields *f, struct wire_request_tick *out)
{
    out->name_id = get_u32(f, "name");
    out->requests = get_u64(f, "requests");
    out->errors = get_u64(f, "errors");
    out->bytes_in = get_u64(f, "bytes_in");
    out->bytes_out = get_u64(f, "bytes_out");
    get_error_kinds(f, out);
    get_status(f, out);
    get_latency(f, out);
    for (int m = 0; m < WIRE_METRIC_COUNT; m++)
        out->metrics[m] = get_optional_str(f, wire_metric_text((enum wire_metric)m));
}

static void get_tick(struct fields *f, struct wire_tick *out)
{
    out->second = get_u32(f, "second");
    out->users = get_u32(f, "users");
    out->connections = get_u32(f, "connections");
    out->arrivals = get_u64(f, "arrivals");
    out->dropped = get_u64(f, "dropped");
    out->late = get_u64(f, "late");
    out->cpu = get_double(f, "cpu");
    out->send_lag = get_optional_str(f, "send_lag");
    size_t count;
    const cJSON *item, *list = get_list(f, "requests", false, &count);
    if (!list || count == 0)
        return;
    out->requests = mem_alloc(count * sizeof *out->requests);
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsObject(item))
            return wrong(f, "requests", "of objects");
        struct fields inner = {item, "request in a tick frame", f->e, f->rc};
        get_request(&inner, &out->requests[out->request_count++]);
        f->rc = inner.rc;
    }
}

/* ---- the other frames ------------------------------------------------------------------------ */

static void get_hello(struct fields *f, struct wire_frame *out)
{
    out->hello.version = get_u32(f, "version");
    out->hello.pid = get_u32(f, "pid");
    if (f->rc == 0 && out->hello.version != WIRE_VERSION)
        f->rc = err_set(f->e, -EBADMSG, "the worker speaks version %u of the frames, not %d",
                        out->hello.version, WIRE_VERSION);
}

static void get_sample(struct fields *f, struct wire_sample *out)
{
    out->name_id = get_u32(f, "name");
    if (!wire_error_of(get_str(f, "kind"), &out->kind))
        wrong(f, "kind", "a known error kind");
    out->at_ns = get_u64(f, "at_ns");
    out->elapsed_ns = get_u64(f, "elapsed_ns");
    out->status = get_u32(f, "status");
    out->detail = get_str(f, "detail");
    out->request = get_str(f, "request");
    out->response = get_str(f, "response");
}

static void get_log(struct fields *f, struct wire_frame *out)
{
    if (!wire_level_of(get_str(f, "level"), &out->log.level))
        wrong(f, "level", "a log level");
    out->log.message = get_str(f, "message");
}

static void get_done(struct fields *f, struct wire_done *out)
{
    out->stopped = get_bool(f, "stopped");
    out->elapsed_ns = get_u64(f, "elapsed_ns");
    out->unfinished = get_u64(f, "unfinished");
}

static void get_plan(struct fields *f, struct wire_frame *out)
{
    out->plan.worker = get_u32(f, "worker");
    out->plan.workers = get_u32(f, "workers");
    out->plan.scenario = get_str(f, "scenario");
    if (out->plan.worker >= out->plan.workers)
        wrong(f, "worker", "less than \"workers\"");
}

static void get_body(struct fields *f, struct wire_frame *out)
{
    switch (out->type) {
    case WIRE_HELLO:
        return get_hello(f, out);
    case WIRE_TICK:
        return get_tick(f, &out->tick);
    case WIRE_SAMPLE:
        return get_sample(f, &out->sample);
    case WIRE_LOG:
        return get_log(f, out);
    case WIRE_DONE:
        return get_done(f, &out->done);
    case WIRE_PLAN:
        return get_plan(f, out);
    case WIRE_START:
        if (!str_to_u64(get_str(f, "wall_ns"), &out->start.wall_ns))
            wrong(f, "wall_ns", "a whole number in a string");
        return;
    case WIRE_LOAD:
        if (!str_to_u64(get_str(f, "wall_ns"), &out->load.wall_ns))
            wrong(f, "wall_ns", "a whole number in a string");
        out->load.factor = get_double(f, "factor");
        return;
    case WIRE_READY:
    case WIRE_STOP:
        return;
    }
}

/* The beginning of a line as something that can stand in a sentence. */
static void show(char *out, size_t size, struct str line)
{
    size_t n = 0;
    while (n < line.len && n < size - 1) {
        out[n] = line.ptr[n] >= ' ' && line.ptr[n] <= '~' ? line.ptr[n] : '?';
        n++;
    }
    out[n] = '\0';
}

static cJSON *parse(struct str line, struct err *e)
{
    line = str_trim(line);
    if (line.len > WIRE_LINE_MAX) {
        err_set(e, -EBADMSG, "a frame of %zu bytes, over the limit of %d", line.len, WIRE_LINE_MAX);
        return NULL;
    }
    /* The brackets are looked at first: cJSON before 1.7.18 reads a byte too far in an object that
     * just ends (CVE-2023-53154). */
    const char *end = NULL;
    cJSON *tree = NULL;
    if (line.len >= 2 && line.ptr[0] == '{' && line.ptr[line.len - 1] == '}' && str_is_utf8(line))
        tree = cJSON_ParseWithLengthOpts(line.ptr, line.len, &end, 0);
    if (tree && end == line.ptr + line.len)
        return tree;
    cJSON_Delete(tree);
    char shown[80];
    show(shown, sizeof shown, line);
    err_set(e, -EBADMSG, "not a frame, which is one JSON object: \"%s\"", shown);
    return NULL;
}

int wire_decode(struct str line, struct wire_frame *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    cJSON *tree = parse(line, e);
    if (!tree)
        return -EBADMSG;
    out->memory = tree;
    struct fields f = {tree, "frame", e, 0};
    struct str type = get_str(&f, "frame");
    if (!wire_frame_of(type, &out->type)) {
        wrong(&f, "frame", "a known type of frame");
        out->type = WIRE_STOP; /* for wire_frame_fini: nothing inside to free */
    } else {
        char what[32];
        snprintf(what, sizeof what, "%s frame", wire_frame_text(out->type));
        f.what = what;
        get_body(&f, out);
    }
    if (f.rc < 0)
        wire_frame_fini(out);
    return f.rc;
}

void wire_frame_fini(struct wire_frame *frame)
{
    if (frame->type == WIRE_TICK) {
        for (size_t i = 0; i < frame->tick.request_count; i++) {
            free(frame->tick.requests[i].status);
            free(frame->tick.requests[i].latency);
        }
        free(frame->tick.requests);
    }
    cJSON_Delete(frame->memory);
    memset(frame, 0, sizeof *frame);
}
