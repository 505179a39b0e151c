/* scenario: reads a document, or makes one of flags; translates the places of problems back. */
#include "scenario.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The whole file ("-": stdin) into `out`, which has the limit. */
static int read_file(const char *path, struct buf *out, struct err *e)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "r");
    if (!file)
        return err_set(e, -errno, "cannot open %s: %s", path, strerror(errno));
    char chunk[16384];
    size_t n;
    int rc = 0;
    while (rc == 0 && (n = fread(chunk, 1, sizeof chunk, file)) > 0)
        rc = buf_add(out, chunk, n);
    if (rc < 0)
        err_set(e, rc, "%s is longer than %zu bytes", path, out->limit);
    else if (ferror(file))
        rc = err_set(e, -errno, "cannot read %s: %s", path, strerror(errno));
    if (!is_stdin)
        fclose(file);
    return rc;
}

/* ---- a document of flags --------------------------------------------------------------------- */

/* A line about the command's words. */
__attribute__((format(printf, 2, 3))) static void add_problem(struct buf *wrong, const char *format,
                                                              ...)
{
    char line[ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    buf_add_format(wrong, "squalld run: %s\n", line);
}

static void set_text(json_t *object, const char *key, const char *flag, struct str text,
                     struct buf *wrong)
{
    json_t *value = json_stringn(text.ptr, text.len);
    if (!value)
        add_problem(wrong, "--%s: not UTF-8 text", flag);
    else
        json_object_set_new(object, key, value);
}

static void set_level(json_t *load, const struct scenario *s, struct buf *wrong)
{
    if (!s->users == !s->rate) {
        add_problem(wrong, "%s",
                    s->users ? "--users and --rate exclude each other: users wait for answers, "
                               "arrivals at a rate do not"
                             : "how much load? Give --users N or --rate N (a second)");
        return;
    }
    uint64_t users;
    if (s->users && str_to_u64(str_of(s->users), &users) && users <= PLAN_USERS_MAX)
        json_object_set_new(load, "users", json_integer((json_int_t)users));
    else if (s->users)
        add_problem(wrong, "--users: \"%.60s\" is no whole number from 1 to %d", s->users,
                    PLAN_USERS_MAX);
    if (!s->rate)
        return;
    char *end;
    double rate = strtod(s->rate, &end);
    if (end == s->rate || *end != '\0' || !isfinite(rate))
        add_problem(wrong, "--rate: \"%.60s\" is no number (of arrivals a second)", s->rate);
    else if (rate == floor(rate) && fabs(rate) < 1e15)
        json_object_set_new(load, "rate", json_integer((json_int_t)rate));
    else
        json_object_set_new(load, "rate", json_real(rate));
}

static json_t *load_of(const struct scenario *s, struct buf *wrong)
{
    json_t *load = json_object();
    set_level(load, s, wrong);
    if (s->duration)
        set_text(load, "duration", "duration", str_of(s->duration), wrong);
    else if (!s->iterations)
        add_problem(wrong, "how long? Give --duration TIME (30s, 5m)");
    if (s->ramp)
        set_text(load, "ramp", "ramp", str_of(s->ramp), wrong);
    uint64_t iterations;
    if (s->iterations && str_to_u64(str_of(s->iterations), &iterations) && iterations <= INT64_MAX)
        json_object_set_new(load, "iterations", json_integer((json_int_t)iterations));
    else if (s->iterations)
        add_problem(wrong, "--iterations: \"%.60s\" is no whole number", s->iterations);
    return load;
}

static bool has_header(json_t *headers, const char *name)
{
    const char *key;
    json_t *value;
    json_object_foreach(headers, key, value) if (strcasecmp(key, name) == 0) return true;
    return false;
}

static void set_header(json_t *headers, const char *text, struct buf *wrong)
{
    const char *colon = strchr(text, ':');
    if (!colon || colon == text) {
        add_problem(wrong, "--header: \"%.60s\" has not the form \"Name: value\"", text);
        return;
    }
    struct str name = str_trim((struct str){text, (size_t)(colon - text)});
    char *key = mem_copy_text(name.ptr, name.len);
    if (has_header(headers, key))
        add_problem(wrong, "--header: \"%.60s\" is given twice", key);
    else
        set_text(headers, key, "header", str_trim(str_of(colon + 1)), wrong);
    free(key);
}

static void set_body(json_t *request, const char *text, struct buf *wrong)
{
    if (text[0] != '@') {
        set_text(request, "body", "body", str_of(text), wrong);
        return;
    }
    struct buf body;
    struct err e;
    buf_init(&body, PLAN_BODY_MAX);
    if (read_file(text + 1, &body, &e) < 0)
        add_problem(wrong, "--body: %s", e.message);
    else
        set_text(request, "body", "body", buf_str(&body), wrong);
    buf_fini(&body);
}

static json_t *request_of(const struct scenario *s, struct buf *wrong)
{
    json_t *request = json_object();
    if (!strstr(s->url, "://"))
        add_problem(wrong, "--url: \"%.200s\" does not begin with http:// or https://", s->url);
    set_text(request, "url", "url", str_of(s->url), wrong);
    if (s->method)
        set_text(request, "method", "method", str_of(s->method), wrong);
    if (s->header_count > 0) {
        json_t *headers = json_object();
        for (size_t i = 0; i < s->header_count; i++)
            set_header(headers, s->headers[i], wrong);
        json_object_set_new(request, "headers", headers);
    }
    if (s->body)
        set_body(request, s->body, wrong);
    return request;
}

/* The first "=" parts what the connection is for from where it goes: neither has one. */
static void add_connect_to(json_t *places, const char *text, struct buf *wrong)
{
    const char *equals = strchr(text, '=');
    if (!equals) {
        add_problem(wrong, "--connect-to: \"%.200s\" has not the form HOST:PORT=ADDRESS:PORT",
                    text);
        return;
    }
    char *key = mem_copy_text(text, (size_t)(equals - text));
    if (json_object_get(places, key))
        add_problem(wrong, "--connect-to: \"%.200s\" is given twice", key);
    else
        set_text(places, key, "connect-to", str_of(equals + 1), wrong);
    free(key);
}

static void set_tls(json_t *target, const struct scenario *s, struct buf *wrong)
{
    json_t *tls = json_object();
    if (s->insecure)
        json_object_set_new(tls, "verify", json_false());
    if (s->ca)
        set_text(tls, "ca_file", "ca", str_of(s->ca), wrong);
    if (s->cert)
        set_text(tls, "cert_file", "cert", str_of(s->cert), wrong);
    if (s->key)
        set_text(tls, "key_file", "key", str_of(s->key), wrong);
    if (json_object_size(tls) > 0)
        json_object_set(target, "tls", tls);
    json_decref(tls);
}

static void set_http(json_t *target, const struct scenario *s, struct buf *wrong)
{
    uint64_t n;
    if (s->http)
        set_text(target, "http", "http", str_of(s->http), wrong);
    if (s->streams && str_to_u64(str_of(s->streams), &n) && n <= PLAN_STREAMS_MAX)
        json_object_set_new(target, "streams", json_integer((json_int_t)n));
    else if (s->streams)
        add_problem(wrong, "--streams: \"%.60s\" is no whole number from 1 to %d", s->streams,
                    PLAN_STREAMS_MAX);
}

static json_t *target_of(const struct scenario *s, struct buf *wrong)
{
    json_t *target = json_object();
    set_http(target, s, wrong);
    set_tls(target, s, wrong);
    if (s->connect_to_count > 0) {
        json_t *places = json_object();
        for (size_t i = 0; i < s->connect_to_count; i++)
            add_connect_to(places, s->connect_to[i], wrong);
        json_object_set_new(target, "connect_to", places);
    }
    if (s->proxy)
        set_text(target, "proxy", "proxy", str_of(s->proxy), wrong);
    if (s->unix_path)
        set_text(target, "unix", "unix", str_of(s->unix_path), wrong);
    if (s->no_keepalive)
        json_object_set_new(target, "keep_alive", json_false());
    return target;
}

/* What a test of one URL is called when it is not said: the URL, as far as a name may be long. */
static struct str name_of(const struct scenario *s)
{
    return s->name ? str_of(s->name) : str_cut(str_of(s->url), PLAN_NAME_MAX);
}

static json_t *document_of(const struct scenario *s, struct buf *wrong)
{
    json_t *document = json_object(), *step = json_object(), *steps = json_array();
    set_text(document, "name", "name", name_of(s), wrong);
    json_t *target = target_of(s, wrong);
    if (json_object_size(target) > 0)
        json_object_set(document, "target", target);
    json_decref(target);
    json_object_set_new(document, "load", load_of(s, wrong));
    json_object_set_new(step, "request", request_of(s, wrong));
    json_array_append_new(steps, step);
    json_object_set_new(document, "steps", steps);
    return document;
}

int scenario_load(const struct scenario *s, struct buf *out, struct buf *wrong)
{
    if (s->file) {
        struct err e;
        if (read_file(s->file, out, &e) < 0)
            add_problem(wrong, "%s", e.message);
        return wrong->len ? -EINVAL : 0;
    }
    json_t *document = document_of(s, wrong);
    char *text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    if (buf_add_text(out, text) < 0)
        add_problem(wrong, "the flags make a document of more than %zu bytes", out->limit);
    free(text);
    return wrong->len ? -EINVAL : 0;
}

/* ---- problems -------------------------------------------------------------------------------- */

/* The flag that a place in a document of flags comes from; NULL: none. */
static const char *flag_of(const char *pointer)
{
    static const struct {
        const char *pointer, *flag;
    } flags[] = {
        {"/name", "--name"},
        {"/target/http", "--http"},
        {"/target/streams", "--streams"},
        {"/load/users", "--users"},
        {"/load/rate", "--rate"},
        {"/load/duration", "--duration"},
        {"/load/ramp", "--ramp"},
        {"/target/tls/ca_file", "--ca"},
        {"/target/tls/cert_file", "--cert"},
        {"/target/tls/key_file", "--key"},
        {"/target/connect_to", "--connect-to"},
        {"/target/proxy", "--proxy"},
        {"/target/unix", "--unix"},
        {"/load/iterations", "--iterations"},
        {"/steps/0/request/url", "--url"},
        {"/steps/0/request/method", "--method"},
        {"/steps/0/request/headers", "--header"},
        {"/steps/0/request/body", "--body"},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        size_t len = strlen(flags[i].pointer);
        if (strncmp(pointer, flags[i].pointer, len) == 0 &&
            (pointer[len] == '\0' || pointer[len] == '/'))
            return flags[i].flag;
    }
    return NULL;
}

static void explain_flag(const struct scenario *s, const struct plan_problem *p, struct buf *wrong)
{
    const char *flag = flag_of(p->pointer);
    if (flag && strcmp(flag, "--name") == 0 && !s->name)
        flag = "--url"; /* which was taken for the name */
    if (flag)
        add_problem(wrong, "%s: %s", flag, p->message);
    else
        add_problem(wrong, "%s", p->message);
}

void scenario_explain(const struct scenario *s, const struct plan_problems *problems,
                      struct buf *wrong)
{
    const char *file = s->file && strcmp(s->file, "-") == 0 ? "stdin" : s->file;
    for (size_t i = 0; i < problems->count; i++) {
        const struct plan_problem *p = &problems->items[i];
        if (!file)
            explain_flag(s, p, wrong);
        else if (p->line > 0)
            buf_add_format(wrong, "%s:%u:%u: %s\n", file, p->line, p->column, p->message);
        else
            buf_add_format(wrong, "%s: %s%s%s\n", file, p->pointer, p->pointer[0] ? ": " : "",
                           p->message);
    }
    if (problems->omitted > 0)
        buf_add_format(wrong, "and %zu more\n", problems->omitted);
}
