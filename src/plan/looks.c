/* looks: what a request looks for in its answer: captures, which give variables their values, and
 * checks other than that of the status. Regular expressions are tried here, so that a mistake in
 * one is found when the plan is loaded; the engine compiles them for itself.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "plan_priv.h"

enum {
    CAPTURES_MAX = 64, /* of one request; of checks too */
    POINTER_MAX = 1024,
    PATTERN_MAX = 4096,
    PATTERNS_MAX = 1000,
};

/* ---- regular expressions --------------------------------------------------------------------- */

/* The number of its groups, or -1 with a problem. */
static int try_pattern(struct plan_reader *r, const struct plan_place *at, struct str pattern)
{
    int code;
    PCRE2_SIZE offset;
    uint32_t groups = 0;
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, 0, &code, &offset, NULL);
    if (!re) {
        PCRE2_UCHAR why[256];
        pcre2_get_error_message(code, why, sizeof why);
        plan_problem(r, at, "is no regular expression: %s, after %zu characters", (char *)why,
                     (size_t)offset);
        return -1;
    }
    pcre2_pattern_info(re, PCRE2_INFO_CAPTURECOUNT, &groups);
    pcre2_code_free(re);
    return (int)groups;
}

static int read_pattern(struct plan_reader *r, const struct plan_place *at, uint32_t *id)
{
    struct plan *plan = r->plan;
    struct str text;
    if (!plan_text(r, at, &text))
        return -1;
    if (text.len > PATTERN_MAX) {
        plan_problem(r, at, "is %zu bytes long; at most %d are allowed", text.len, PATTERN_MAX);
        return -1;
    }
    int groups = try_pattern(r, at, text);
    if (!plan->patterns)
        plan->patterns = plan_arena_alloc(r->arena, PATTERNS_MAX * sizeof *plan->patterns);
    if (plan->pattern_count == PATTERNS_MAX) {
        plan_problem(r, at, "is one regular expression too many; at most %d are allowed",
                     PATTERNS_MAX);
        return -1;
    }
    *id = (uint32_t)plan->pattern_count++;
    plan->patterns[*id] = text;
    return groups;
}

/* ---- what is compared ------------------------------------------------------------------------ */

static void read_test_text(struct plan_reader *r, const struct plan_place *at, void *into,
                           enum plan_test test)
{
    struct plan_match *m = into;
    m->test = test;
    m->given++;
    plan_template_read(r, at, &m->text);
}

static void read_equals(struct plan_reader *r, const struct plan_place *at, void *into)
{
    read_test_text(r, at, into, PLAN_TEST_EQUALS);
}

static void read_contains(struct plan_reader *r, const struct plan_place *at, void *into)
{
    read_test_text(r, at, into, PLAN_TEST_CONTAINS);
}

static void read_matches(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_match *m = into;
    m->test = PLAN_TEST_MATCHES;
    m->given++;
    read_pattern(r, at, &m->pattern);
}

static void read_exists(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_match *m = into;
    m->test = PLAN_TEST_EXISTS;
    m->given++;
    plan_read_bool(r, at, &m->exists);
}

/* Texts are compared as texts, whatever else as JSON. */
static void read_equals_json(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_match *m = into;
    const struct plan_template *template = NULL;
    if (json_is_string(at->value)) {
        read_equals(r, at, into);
        return;
    }
    m->test = PLAN_TEST_EQUALS;
    m->given++;
    if (plan_json_body(r, at, &m->json, &template) && template)
        plan_problem(r, at, "is constant, unless it is a string: no expressions inside");
}

static void check_given(struct plan_reader *r, const struct plan_place *at, unsigned given,
                        const char *wanted)
{
    if (given != 1 && json_is_object(at->value))
        plan_problem(r, at, "must have exactly one of %s", wanted);
}

/* ---- checks ---------------------------------------------------------------------------------- */

#define CHECK(field) offsetof(struct plan_check, field)

static void read_header_name(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct str text, *name = into;
    if (!plan_text(r, at, &text))
        return;
    if (plan_is_token(text))
        *name = text;
    else
        plan_problem(r, at, "%s is no name of a header", plan_quote(text).text);
}

static void read_pointer(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct str text;
    if (!plan_text(r, at, &text))
        return;
    bool ok = text.len <= POINTER_MAX && (text.len == 0 || *text.ptr == '/');
    for (size_t i = 0; ok && i < text.len; i++)
        ok = text.ptr[i] != '~' ||
             (i + 1 < text.len && (text.ptr[i + 1] == '0' || text.ptr[i + 1] == '1'));
    if (ok)
        *(struct str *)into = text;
    else
        plan_problem(r, at, "is no JSON Pointer, like \"/items/0/id\" (RFC 6901)");
}

static const struct plan_key header_check_keys[] = {
    {"name", read_header_name, CHECK(what), true},
    {"equals", read_equals, CHECK(match), false},
    {"contains", read_contains, CHECK(match), false},
    {"matches", read_matches, CHECK(match), false},
};
const struct plan_object plan_object_header_check = {"header_check", header_check_keys, 4};

static const struct plan_key body_check_keys[] = {
    {"equals", read_equals, CHECK(match), false},
    {"contains", read_contains, CHECK(match), false},
    {"matches", read_matches, CHECK(match), false},
};
const struct plan_object plan_object_body_check = {"body_check", body_check_keys, 3};

static const struct plan_key json_check_keys[] = {
    {"pointer", read_pointer, CHECK(what), true},
    {"equals", read_equals_json, CHECK(match), false},
    {"contains", read_contains, CHECK(match), false},
    {"matches", read_matches, CHECK(match), false},
    {"exists", read_exists, CHECK(match), false},
};
const struct plan_object plan_object_json_check = {"json_check", json_check_keys, 5};

static struct plan_check *add_check(struct plan_reader *r, struct plan_looks *looks,
                                    enum plan_source source)
{
    if (!looks->checks)
        looks->checks = plan_arena_alloc(r->arena, CAPTURES_MAX * sizeof *looks->checks);
    struct plan_check *check = &looks->checks[looks->check_count];
    if (looks->check_count < CAPTURES_MAX - 1) /* what is too much is reported by the array */
        looks->check_count++;
    *check = (struct plan_check){.source = source};
    looks->body = looks->body || source == PLAN_SOURCE_BODY || source == PLAN_SOURCE_JSON;
    return check;
}

void plan_read_header_check(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_check *check = add_check(r, into, PLAN_SOURCE_HEADER);
    plan_read_object(r, at, &plan_object_header_check, check);
    check_given(r, at, check->match.given, "\"equals\", \"contains\" and \"matches\"");
}

void plan_read_body_check(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_check *check = add_check(r, into, PLAN_SOURCE_BODY);
    plan_read_object(r, at, &plan_object_body_check, check);
    check_given(r, at, check->match.given, "\"equals\", \"contains\" and \"matches\"");
}

void plan_read_json_check(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_check *check = add_check(r, into, PLAN_SOURCE_JSON);
    plan_read_object(r, at, &plan_object_json_check, check);
    check_given(r, at, check->match.given, "\"equals\", \"contains\", \"matches\" and \"exists\"");
}

void plan_read_time_check(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_check *check = add_check(r, into, PLAN_SOURCE_TIME);
    plan_duration(r, at, 1, PLAN_TIMEOUT_MAX, &check->most_ns);
}

/* ---- captures -------------------------------------------------------------------------------- */

struct capture_reading {
    struct plan_capture capture;
    unsigned given;
    int groups; /* of the regular expression */
    bool has_group;
};

static void read_capture_json(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct capture_reading *c = into;
    c->given++;
    c->capture.source = PLAN_SOURCE_JSON;
    read_pointer(r, at, &c->capture.what);
}

static void read_capture_regex(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct capture_reading *c = into;
    c->given++;
    c->capture.source = PLAN_SOURCE_BODY;
    c->groups = read_pattern(r, at, &c->capture.pattern);
    c->capture.group = c->groups > 0 ? 1 : 0;
}

static void read_capture_group(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct capture_reading *c = into;
    json_int_t n = json_integer_value(at->value);
    if (!json_object_get(at->up->value, "regex"))
        plan_problem_key(r, at, "belongs to a \"regex\"");
    else if (!json_is_integer(at->value) || n < 0 || (c->groups >= 0 && n > c->groups))
        plan_problem(r, at, "must be a number from 0 to %d: so many groups has the expression",
                     c->groups > 0 ? c->groups : 0);
    else
        c->capture.group = (unsigned)n;
}

static void read_capture_header(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct capture_reading *c = into;
    c->given++;
    c->capture.source = PLAN_SOURCE_HEADER;
    read_header_name(r, at, &c->capture.what);
}

static void read_capture_cookie(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct capture_reading *c = into;
    c->given++;
    c->capture.source = PLAN_SOURCE_COOKIE;
    read_header_name(r, at, &c->capture.what);
}

static void read_capture_default(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct capture_reading *c = into;
    struct plan_template *t = plan_arena_alloc(r->arena, sizeof *t);
    if (plan_template_read(r, at, t))
        c->capture.fallback = t;
}

/* The group comes after the expression that it is of. */
static const struct plan_key capture_keys[] = {
    {"json", read_capture_json, 0, false},     {"regex", read_capture_regex, 0, false},
    {"group", read_capture_group, 0, false},   {"header", read_capture_header, 0, false},
    {"cookie", read_capture_cookie, 0, false}, {"default", read_capture_default, 0, false},
};
const struct plan_object plan_object_capture = {"capture", capture_keys, 6};

void plan_read_captures(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_looks *looks = into;
    const char *name;
    json_t *value;
    if (!json_is_object(at->value) || json_object_size(at->value) > CAPTURES_MAX) {
        plan_problem(r, at, "must be an object of at most %d variables and where they are found",
                     CAPTURES_MAX);
        return;
    }
    looks->captures =
        plan_arena_alloc(r->arena, (json_object_size(at->value) + 1) * sizeof *looks->captures);
    json_object_foreach(at->value, name, value)
    {
        struct plan_place place = {.up = at, .value = value, .key = name};
        struct capture_reading c = {.groups = -1};
        c.capture.slot = plan_variable_find(r->plan, str_of(name));
        c.capture.name = plan_arena_str(r->arena, str_of(name));
        if (c.capture.slot == UINT32_MAX) /* has been reported */
            continue;
        plan_read_object(r, &place, &plan_object_capture, &c);
        check_given(r, &place, c.given, "\"json\", \"regex\", \"header\" and \"cookie\"");
        looks->body = looks->body || c.capture.source == PLAN_SOURCE_JSON ||
                      c.capture.source == PLAN_SOURCE_BODY;
        looks->captures[looks->capture_count++] = c.capture;
    }
}

/* ---- conditions ------------------------------------------------------------------------------ */

static void read_value(struct plan_reader *r, const struct plan_place *at, void *into)
{
    plan_template_read(r, at, into);
}

static void read_nothing(struct plan_reader *r, const struct plan_place *at, void *into)
{
    (void)r, (void)at, (void)into; /* by plan_read_if, in the order of the program */
}

#define CONDITION(field) offsetof(struct plan_condition, field)

static const struct plan_key if_keys[] = {
    {"value", read_value, CONDITION(value), true},
    {"equals", read_equals, CONDITION(match), false},
    {"contains", read_contains, CONDITION(match), false},
    {"matches", read_matches, CONDITION(match), false},
    {"exists", read_exists, CONDITION(match), false},
    {"then", read_nothing, 0, true},
    {"else", read_nothing, 0, false},
};
const struct plan_object plan_object_if = {"if", if_keys, 7};

bool plan_read_condition(struct plan_reader *r, const struct plan_place *at,
                         struct plan_condition *out)
{
    if (!plan_read_object(r, at, &plan_object_if, out))
        return false;
    check_given(r, at, out->match.given, "\"equals\", \"contains\", \"matches\" and \"exists\"");
    return true;
}
