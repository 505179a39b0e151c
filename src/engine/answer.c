/* answer: see answer.h. */
#include "answer.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "decode.h"

enum { SHOWN_MAX = 120 }; /* bytes of a value in a sentence */

/* One answer, while it is looked into. */
struct answer {
    struct eval *e;
    const struct vars *v;
    const struct http1_kept *kept;
    bool decoded;
    struct str body;
    bool parsed;
    cJSON *json;
};

/* ---- headers --------------------------------------------------------------------------------- */

/* The next field of this name; *at is where to look, and goes on. */
static bool next_field(struct str *at, struct str name, struct str *value)
{
    while (at->len > 0) {
        const char *newline = memchr(at->ptr, '\n', at->len);
        size_t n = newline ? (size_t)(newline - at->ptr) + 1 : at->len;
        struct str line = {at->ptr, n};
        at->ptr += n;
        at->len -= n;
        if (line.len <= name.len || line.ptr[name.len] != ':' ||
            !str_eq_nocase((struct str){line.ptr, name.len}, name))
            continue;
        *value = str_trim((struct str){line.ptr + name.len + 1, line.len - name.len - 1});
        return true;
    }
    return false;
}

static bool find_cookie(struct str head, struct str name, struct str *value)
{
    struct str field;
    while (next_field(&head, STR("Set-Cookie"), &field)) {
        const char *end = field.len > 0 ? memchr(field.ptr, ';', field.len) : NULL;
        if (end)
            field.len = (size_t)(end - field.ptr);
        if (field.len <= name.len || field.ptr[name.len] != '=' ||
            !str_eq((struct str){field.ptr, name.len}, name))
            continue;
        *value = str_trim((struct str){field.ptr + name.len + 1, field.len - name.len - 1});
        return true;
    }
    return false;
}

/* ---- the body -------------------------------------------------------------------------------- */

static struct str body_of(struct answer *a)
{
    struct str head = buf_str(&a->kept->head), coding;
    if (a->decoded)
        return a->body;
    a->decoded = true;
    a->body = buf_str(&a->kept->body);
    if (next_field(&head, STR("Content-Encoding"), &coding))
        a->body = decode(&a->e->decoded, a->body, coding);
    return a->body;
}

static const cJSON *json_of(struct answer *a)
{
    if (!a->parsed) {
        struct str body = body_of(a);
        a->parsed = true;
        a->json = cJSON_ParseWithLength(body.ptr, body.len);
    }
    return a->json;
}

/* A token of a pointer against a member's key, "~0" and "~1" resolved (RFC 6901, 4). */
static bool is_key(struct str token, const char *key)
{
    for (size_t i = 0; i < token.len; i++, key++) {
        char c = token.ptr[i];
        if (c == '~' && i + 1 < token.len)
            c = token.ptr[++i] == '0' ? '~' : '/';
        if (*key != c)
            return false;
    }
    return *key == '\0';
}

static const cJSON *child_of(const cJSON *parent, struct str token)
{
    uint64_t index;
    const cJSON *child;
    if (cJSON_IsObject(parent)) {
        cJSON_ArrayForEach(child, parent) if (is_key(token, child->string)) return child;
        return NULL;
    }
    bool leading_zero = token.len > 1 && *token.ptr == '0';
    if (!cJSON_IsArray(parent) || leading_zero || !str_to_u64(token, &index) || index > INT32_MAX)
        return NULL;
    return cJSON_GetArrayItem(parent, (int)index);
}

static const cJSON *find_json(struct answer *a, struct str pointer)
{
    const cJSON *at = json_of(a);
    while (at && pointer.len > 0) {
        pointer.ptr++;
        pointer.len--;
        const char *slash = pointer.len > 0 ? memchr(pointer.ptr, '/', pointer.len) : NULL;
        struct str token = {pointer.ptr, slash ? (size_t)(slash - pointer.ptr) : pointer.len};
        at = child_of(at, token);
        pointer.ptr += token.len;
        pointer.len -= token.len;
    }
    return at;
}

/* A string's characters; of anything else its JSON text. */
static struct str json_text(struct answer *a, const cJSON *value)
{
    struct buf *out = &a->e->found;
    if (cJSON_IsString(value))
        return str_of(value->valuestring);
    buf_clear(out);
    if (cJSON_IsNumber(value)) {
        double n = value->valuedouble;
        buf_add_format(out, floor(n) == n && fabs(n) < 9e15 ? "%.0f" : "%.17g", n);
        return buf_str(out);
    }
    char *text = cJSON_PrintUnformatted(value);
    buf_add_text(out, text ? text : "");
    cJSON_free(text);
    return buf_str(out);
}

/* ---- checks ---------------------------------------------------------------------------------- */

int answer_matches(struct eval *e, const struct vars *v, const struct plan_match *m,
                   struct str text)
{
    struct str wanted, found;
    switch (m->test) {
    case PLAN_TEST_EQUALS:
        return str_eq(text, eval_text(e, v, &m->text));
    case PLAN_TEST_CONTAINS:
        wanted = eval_text(e, v, &m->text);
        return wanted.len == 0 ||
               (text.len > 0 && memmem(text.ptr, text.len, wanted.ptr, wanted.len) != NULL);
    case PLAN_TEST_MATCHES:
        return patterns_find(e->patterns, m->pattern, text, 0, &found);
    case PLAN_TEST_EXISTS:
        return (text.len > 0) == m->exists;
    }
    return 0;
}

static const char *words_of(enum plan_test test)
{
    return test == PLAN_TEST_EQUALS     ? "equal to"
           : test == PLAN_TEST_CONTAINS ? "that contains"
                                        : "that matches";
}

/* "header X is "a", expected one equal to "b"" */
static void say(struct answer *a, const struct plan_match *m, const struct str *text, int passed,
                struct buf *why)
{
    struct str wanted = m->json;
    if (m->test == PLAN_TEST_EXISTS) {
        buf_add_text(why, m->exists ? " is not there" : " is there");
        return;
    }
    if (m->test == PLAN_TEST_MATCHES)
        wanted = a->e->plan->patterns[m->pattern];
    else if (wanted.len == 0)
        wanted = eval_text(a->e, a->v, &m->text);
    struct str shown = text ? str_cut(*text, SHOWN_MAX) : STR("");
    wanted = str_cut(wanted, SHOWN_MAX);
    if (text)
        buf_add_format(why, " is \"%.*s%s\"", (int)shown.len, shown.ptr ? shown.ptr : "",
                       shown.len < text->len ? "..." : "");
    else
        buf_add_text(why, " is not there");
    buf_add_format(why, ", expected one %s \"%.*s\"%s", words_of(m->test), (int)wanted.len,
                   wanted.ptr ? wanted.ptr : "",
                   passed < 0 ? "; the expression backtracks too much" : "");
}

static bool check_header(struct answer *a, const struct plan_check *c, struct buf *why)
{
    struct str head = buf_str(&a->kept->head), value;
    bool found = next_field(&head, c->what, &value);
    int passed = found ? answer_matches(a->e, a->v, &c->match, value) : 0;
    if (passed > 0)
        return true;
    buf_add_format(why, "header %s", c->what.ptr);
    say(a, &c->match, found ? &value : NULL, passed, why);
    return false;
}

static bool check_body(struct answer *a, const struct plan_check *c, struct buf *why)
{
    struct str body = body_of(a);
    int passed = answer_matches(a->e, a->v, &c->match, body);
    if (passed > 0)
        return true;
    buf_add_text(why, "the body");
    say(a, &c->match, &body, passed, why);
    return false;
}

static bool same_json(const cJSON *value, struct str text)
{
    cJSON *wanted = cJSON_ParseWithLength(text.ptr, text.len);
    bool same = wanted && cJSON_Compare(value, wanted, true);
    cJSON_Delete(wanted);
    return same;
}

static bool check_json(struct answer *a, const struct plan_check *c, struct buf *why)
{
    const struct plan_match *m = &c->match;
    const cJSON *value = find_json(a, c->what);
    struct str text = {0};
    int passed = 0;
    if (m->test == PLAN_TEST_EXISTS)
        passed = (value != NULL) == m->exists;
    else if (value && m->json.len > 0)
        passed = same_json(value, m->json);
    else if (value && (m->test != PLAN_TEST_EQUALS || cJSON_IsString(value)))
        passed = answer_matches(a->e, a->v, m, json_text(a, value));
    if (passed > 0)
        return true;
    if (!a->json) {
        buf_add_text(why, "the body is no JSON");
        return false;
    }
    buf_add_format(why, "the JSON's \"%s\"", c->what.ptr);
    if (value)
        text = json_text(a, value);
    say(a, m, value ? &text : NULL, passed, why);
    return false;
}

static bool check(struct answer *a, const struct plan_check *c, uint64_t latency_ns,
                  struct buf *why)
{
    switch (c->source) {
    case PLAN_SOURCE_HEADER:
        return check_header(a, c, why);
    case PLAN_SOURCE_BODY:
        return check_body(a, c, why);
    case PLAN_SOURCE_JSON:
        return check_json(a, c, why);
    case PLAN_SOURCE_COOKIE: /* nothing checks it */
        return true;
    case PLAN_SOURCE_TIME:
        break;
    }
    if (latency_ns <= c->most_ns)
        return true;
    buf_add_format(why, "took %.3f ms, expected at most %.3f ms", (double)latency_ns / 1e6,
                   (double)c->most_ns / 1e6);
    return false;
}

/* ---- captures -------------------------------------------------------------------------------- */

static int find(struct answer *a, const struct plan_capture *c, struct str *value)
{
    struct str head = buf_str(&a->kept->head);
    const cJSON *json;
    switch (c->source) {
    case PLAN_SOURCE_HEADER:
        return next_field(&head, c->what, value);
    case PLAN_SOURCE_COOKIE:
        return find_cookie(head, c->what, value);
    case PLAN_SOURCE_BODY:
        return patterns_find(a->e->patterns, c->pattern, body_of(a), c->group, value);
    case PLAN_SOURCE_JSON:
        json = find_json(a, c->what);
        if (json)
            *value = json_text(a, json);
        return json != NULL;
    case PLAN_SOURCE_TIME:
        break;
    }
    return 0;
}

static bool capture(struct answer *a, struct vars *v, const struct plan_capture *c, struct buf *why)
{
    struct str value;
    int found = find(a, c, &value);
    if (found <= 0 && c->fallback) {
        value = eval_text(a->e, v, c->fallback);
        found = 1;
    }
    if (found > 0 && vars_set(v, c->slot, value) == 0)
        return true;
    if (why)
        buf_add_format(why, "the capture \"%s\" %s", c->name.ptr,
                       found > 0   ? "found more than 64 KiB"
                       : found < 0 ? "was given up: the expression backtracks too much"
                                   : "found nothing");
    return false;
}

static void fail(struct meter_outcome *outcome, enum wire_error kind)
{
    outcome->failed = true;
    outcome->kind = kind;
}

void answer_judge(struct eval *e, struct vars *v, const struct prepared *p,
                  const struct http1_kept *kept, uint64_t latency_ns, struct meter_outcome *outcome,
                  struct buf *why)
{
    const struct plan_looks *looks = &p->plan->looks;
    struct answer a = {.e = e, .v = v, .kept = kept};
    for (size_t i = 0; i < looks->check_count && !outcome->failed; i++)
        if (!check(&a, &looks->checks[i], latency_ns, why))
            fail(outcome, WIRE_ERR_CHECK_FAILED);
    for (size_t i = 0; i < looks->capture_count; i++)
        if (!capture(&a, v, &looks->captures[i], outcome->failed ? NULL : why) && !outcome->failed)
            fail(outcome, WIRE_ERR_CAPTURE_FAILED);
    cJSON_Delete(a.json);
}
