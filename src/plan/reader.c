/* reader: how any object, text or duration of a document is read: by a table of keys, with a
 * sentence about each thing that is wrong. What the keys mean is the business of their readers.
 */
#include <string.h>

#include "plan_priv.h"

struct plan_place plan_member(const struct plan_place *at, const char *key)
{
    return (struct plan_place){.up = at, .value = json_object_get(at->value, key), .key = key};
}

struct plan_place plan_element(const struct plan_place *at, size_t i)
{
    return (struct plan_place){.up = at, .value = json_array_get(at->value, i), .element = i};
}

const char *plan_kind_text(const json_t *value)
{
    if (!value)
        return "nothing";
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_NULL:
        break;
    }
    return "null";
}

/* ---- objects --------------------------------------------------------------------------------- */

static const struct plan_key *find_key(const struct plan_object *object, const char *name)
{
    for (size_t i = 0; i < object->count; i++)
        if (strcmp(object->keys[i].name, name) == 0)
            return &object->keys[i];
    return NULL;
}

/* The key that was probably meant, or NULL. */
static const char *nearest_key(const struct plan_object *object, const char *name)
{
    const char *names[PLAN_KEYS_MAX + 1] = {NULL};
    for (size_t i = 0; i < object->count; i++)
        names[i] = object->keys[i].name;
    return text_nearest(str_of(name), names);
}

bool plan_is_misspelt(const struct plan_place *at, const struct plan_object *object,
                      const char *key)
{
    const char *name;
    json_t *value;
    json_object_foreach(at->value, name, value)
    {
        const char *nearest = find_key(object, name) ? NULL : nearest_key(object, name);
        if (nearest && strcmp(nearest, key) == 0)
            return true;
    }
    return false;
}

static void unknown_key(struct plan_reader *r, const struct plan_place *at,
                        const struct plan_object *object)
{
    bool listed = r->problems->count < PLAN_PROBLEMS_MAX;
    const char *nearest = listed ? nearest_key(object, at->key) : NULL;
    struct plan_quote key = plan_quote(str_of(at->key));
    if (nearest)
        plan_problem_key(r, at, "unknown key %s; did you mean \"%s\"?", key.text, nearest);
    else if (object->count == 1)
        plan_problem_key(r, at, "unknown key %s; the only key here is \"%s\"", key.text,
                         object->keys[0].name);
    else
        plan_problem_key(r, at, "unknown key %s", key.text);
}

bool plan_read_object(struct plan_reader *r, const struct plan_place *at,
                      const struct plan_object *object, void *into)
{
    const char *name;
    json_t *value;
    if (!json_is_object(at->value)) {
        plan_problem(r, at, "must be an object, not %s", plan_kind_text(at->value));
        return false;
    }
    json_object_foreach(at->value, name, value)
    {
        struct plan_place place = {.up = at, .value = value, .key = name};
        if (!find_key(object, name))
            unknown_key(r, &place, object);
    }
    for (size_t i = 0; i < object->count; i++) {
        const struct plan_key *key = &object->keys[i];
        struct plan_place place = plan_member(at, key->name);
        if (place.value)
            key->read(r, &place, into ? (char *)into + key->offset : NULL);
        else if (key->required)
            plan_problem_missing(r, &place, object);
    }
    return true;
}

void plan_problem_missing(struct plan_reader *r, const struct plan_place *at,
                          const struct plan_object *object)
{
    if (!plan_is_misspelt(at->up, object, at->key))
        plan_problem(r, at, "\"%s\" is missing", at->key);
}

bool plan_is_array(struct plan_reader *r, const struct plan_place *at, const char *of_what)
{
    if (json_is_array(at->value))
        return true;
    plan_problem(r, at, "must be an array of %s, not %s", of_what, plan_kind_text(at->value));
    return false;
}

/* ---- text ------------------------------------------------------------------------------------ */

bool plan_unescape(struct plan_reader *r, struct str text, struct str *out)
{
    *out = text;
    if (!memmem(text.ptr, text.len, "${", 2))
        return true;
    char *copy = plan_arena_alloc(r->arena, text.len + 1);
    size_t len = 0;
    while (text.len > 0) {
        size_t taken = 1;
        if (str_starts(text, "${"))
            return false;
        if (str_starts(text, "$${")) {
            copy[len++] = '$';
            copy[len++] = '{';
            taken = 3;
        } else {
            copy[len++] = *text.ptr;
        }
        text.ptr += taken;
        text.len -= taken;
    }
    *out = (struct str){copy, len};
    return true;
}

bool plan_text(struct plan_reader *r, const struct plan_place *at, struct str *out)
{
    if (!json_is_string(at->value)) {
        plan_problem(r, at, "must be a string, not %s", plan_kind_text(at->value));
        return false;
    }
    struct str text = {json_string_value(at->value), json_string_length(at->value)};
    if (!plan_unescape(r, text, &text)) {
        plan_problem(r, at, PLAN_EXPRESSION_PROBLEM);
        return false;
    }
    *out = plan_arena_str(r->arena, text);
    return true;
}

static bool is_one_line(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return false;
    return true;
}

bool plan_line(struct plan_reader *r, const struct plan_place *at, size_t min, size_t max,
               struct str *out)
{
    struct str text;
    if (!plan_text(r, at, &text))
        return false;
    if (text.len > max) {
        plan_problem(r, at, "is %zu bytes long; at most %zu are allowed", text.len, max);
        return false;
    }
    if (!is_one_line(text)) {
        plan_problem(r, at, "must be one line, without control characters");
        return false;
    }
    if (str_trim(text).len < min) {
        plan_problem(r, at, "must not be empty");
        return false;
    }
    *out = text;
    return true;
}

void plan_read_name(struct plan_reader *r, const struct plan_place *at, void *into)
{
    plan_line(r, at, PLAN_NAME_MIN, PLAN_NAME_MAX, into);
}

void plan_read_bool(struct plan_reader *r, const struct plan_place *at, void *into)
{
    bool *out = into;
    if (json_is_boolean(at->value))
        *out = json_is_true(at->value);
    else
        plan_problem(r, at, "must be true or false, not %s", plan_kind_text(at->value));
}

/* ---- durations ------------------------------------------------------------------------------- */

bool plan_duration(struct plan_reader *r, const struct plan_place *at, uint64_t min, uint64_t max,
                   uint64_t *out)
{
    struct str text;
    struct err e;
    char limit[DURATION_TEXT_SIZE];
    uint64_t ns, bare;
    if (!json_is_string(at->value)) {
        plan_problem(r, at, "must be a duration like \"250ms\", \"1.5s\" or \"1h30m\", not %s%s",
                     plan_kind_text(at->value), json_is_number(at->value) ? " without a unit" : "");
        return false;
    }
    text = (struct str){json_string_value(at->value), json_string_length(at->value)};
    if (duration_parse(text, &ns, &e) < 0) {
        plan_problem(r, at, "%s %s; write 250ms, 1.5s or 1h30m", plan_quote(text).text,
                     str_to_u64(text, &bare) ? "has no unit" : "is not a duration");
        return false;
    }
    if (ns < min || ns > max) {
        duration_format(limit, ns < min ? min : max);
        if (ns == 0)
            plan_problem(r, at, "must be longer than 0");
        else
            plan_problem(r, at, "must be at %s %s", ns < min ? "least" : "most", limit);
        return false;
    }
    *out = ns;
    return true;
}

void plan_read_timeout(struct plan_reader *r, const struct plan_place *at, void *into)
{
    plan_duration(r, at, 1, PLAN_TIMEOUT_MAX, into);
}
