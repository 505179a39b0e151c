/* template: texts with "${...}" inside become lists of parts (squall-scenario(5), EXPRESSIONS):
 * which functions there are and what they take. Their values are found while requests are sent.
 *
 *   ${name}   ${name:-default}   ${function(argument, ...)}   $${ is the characters themselves
 */
#include <stdlib.h>
#include <string.h>

#include "plan_priv.h"

enum {
    DEPTH_MAX = 8, /* of calls and defaults inside each other */
    ARGS_MAX = 32,
    PARTS_MAX = 256, /* of one text */
};

struct function {
    const char *name;
    size_t args_min, args_max;
};

static const struct function functions[PLAN_FN_COUNT] = {
    [PLAN_FN_UUID] = {"uuid", 0, 0},           [PLAN_FN_RANDOM] = {"random", 2, 2},
    [PLAN_FN_PICK] = {"pick", 1, ARGS_MAX},    [PLAN_FN_COUNTER] = {"counter", 0, 0},
    [PLAN_FN_ITERATION] = {"iteration", 0, 0}, [PLAN_FN_USER] = {"user", 0, 0},
    [PLAN_FN_WORKER] = {"worker", 0, 0},       [PLAN_FN_NOW] = {"now", 0, 0},
    [PLAN_FN_NOW_MS] = {"now_ms", 0, 0},       [PLAN_FN_ENV] = {"env", 1, 1},
    [PLAN_FN_BASE64] = {"base64", 1, 1},       [PLAN_FN_URL] = {"url", 1, 1},
    [PLAN_FN_JSON] = {"json", 1, 1},           [PLAN_FN_HEX] = {"hex", 1, 1},
    [PLAN_FN_SHA256] = {"sha256", 1, 1},       [PLAN_FN_HMAC] = {"hmac", 3, 3},
};

struct parser {
    struct plan_reader *r;
    const struct plan_place *at;
    struct str rest;
    unsigned depth;
};

static bool parse_parts(struct parser *p, bool inside, struct plan_template *out);
static bool parse_call_or_name(struct parser *p, struct plan_part *part);

/* ---- characters ------------------------------------------------------------------------------ */

static bool is_name_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.' || c == '-';
}

static void drop(struct parser *p, size_t n)
{
    p->rest.ptr += n;
    p->rest.len -= n;
}

static void skip_spaces(struct parser *p)
{
    while (p->rest.len > 0 && *p->rest.ptr == ' ')
        drop(p, 1);
}

static bool next_is(struct parser *p, char c)
{
    skip_spaces(p);
    return p->rest.len > 0 && *p->rest.ptr == c;
}

static bool take(struct parser *p, char c)
{
    if (!next_is(p, c))
        return false;
    drop(p, 1);
    return true;
}

static struct str take_name(struct parser *p)
{
    struct str name = {p->rest.ptr, 0};
    while (name.len < p->rest.len && is_name_char(name.ptr[name.len]))
        name.len++;
    drop(p, name.len);
    return name;
}

static bool unfinished(struct parser *p, const char *wanted)
{
    if (p->rest.len == 0)
        plan_problem(p->r, p->at, "\"${\" is not closed: %s is missing", wanted);
    else
        plan_problem(p->r, p->at, "in an expression %s must come before %s", wanted,
                     plan_quote(p->rest).text);
    return false;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool unknown_variable(struct parser *p, struct str name)
{
    const struct plan *plan = p->r->plan;
    const char *names[PLAN_VARIABLES_MAX + 1] = {NULL};
    for (size_t i = 0; i < plan->variable_count; i++)
        names[i] = plan->variables[i].ptr;
    const char *nearest = text_nearest(name, names);
    if (nearest)
        plan_problem(p->r, p->at, "nothing sets the variable %s; did you mean \"%s\"?",
                     plan_quote(name).text, nearest);
    else
        plan_problem(p->r, p->at, "nothing sets the variable %s", plan_quote(name).text);
    return false;
}

static bool resolve_column(struct parser *p, const struct plan_data *data, struct str column,
                           struct plan_part *part)
{
    const char *names[PLAN_COLUMNS_MAX + 1] = {NULL};
    part->kind = PLAN_PART_COLUMN;
    part->data = (uint32_t)(data - p->r->plan->data);
    for (size_t i = 0; i < data->column_count; i++) {
        names[i] = data->columns[i].ptr;
        part->slot = (uint32_t)i;
        if (str_eq(data->columns[i], column))
            return true;
    }
    const char *nearest = text_nearest(column, names);
    if (data->column_count == 0) /* its own mistake has been reported */
        return false;
    if (nearest)
        plan_problem(p->r, p->at, "the data %s have no column %s; did you mean \"%s\"?",
                     plan_quote(data->name).text, plan_quote(column).text, nearest);
    else
        plan_problem(p->r, p->at, "the data %s have no column %s", plan_quote(data->name).text,
                     plan_quote(column).text);
    return false;
}

static bool resolve_name(struct parser *p, struct str name, struct plan_part *part)
{
    struct str column;
    const struct plan_data *data = plan_data_find(p->r->plan, name, &column);
    if (data)
        return resolve_column(p, data, column, part);
    part->kind = PLAN_PART_VARIABLE;
    part->slot = plan_variable_find(p->r->plan, name);
    return part->slot != UINT32_MAX || unknown_variable(p, name);
}

static bool find_function(struct parser *p, struct str name, enum plan_function *out)
{
    const char *names[PLAN_FN_COUNT + 1] = {NULL};
    for (unsigned i = 0; i < PLAN_FN_COUNT; i++) {
        names[i] = functions[i].name;
        *out = (enum plan_function)i;
        if (str_eq_text(name, names[i]))
            return true;
    }
    const char *nearest = text_nearest(name, names);
    if (nearest)
        plan_problem(p->r, p->at, "there is no function %s; did you mean \"%s\"?",
                     plan_quote(name).text, nearest);
    else
        plan_problem(p->r, p->at, "there is no function %s", plan_quote(name).text);
    return false;
}

/* ---- arguments ------------------------------------------------------------------------------- */

static bool parse_quoted(struct parser *p, struct plan_part *part)
{
    drop(p, 1);
    const char *end = memchr(p->rest.ptr, '\'', p->rest.len);
    if (!end)
        return unfinished(p, "the closing \"'\"");
    part->kind = PLAN_PART_TEXT;
    part->text =
        plan_arena_str(p->r->arena, (struct str){p->rest.ptr, (size_t)(end - p->rest.ptr)});
    drop(p, part->text.len + 1);
    return true;
}

static bool parse_number(struct parser *p, struct plan_part *part)
{
    struct str name = take_name(p);
    char *end;
    struct str text = plan_arena_str(p->r->arena, name);
    strtod(text.ptr, &end);
    part->kind = PLAN_PART_TEXT;
    part->text = text;
    if (*end == '\0')
        return true;
    plan_problem(p->r, p->at, "%s is no number", plan_quote(text).text);
    return false;
}

static bool parse_arg(struct parser *p, struct plan_template *out)
{
    out->parts = plan_arena_alloc(p->r->arena, sizeof *out->parts);
    out->count = 1;
    skip_spaces(p);
    char c = p->rest.len > 0 ? *p->rest.ptr : '\0';
    if (c == '\'')
        return parse_quoted(p, out->parts);
    if ((c >= '0' && c <= '9') || c == '-')
        return parse_number(p, out->parts);
    return parse_call_or_name(p, out->parts);
}

/* random(): whole numbers, and the range that they are drawn from must be one. */
static bool check_random(struct parser *p, const struct plan_part *part)
{
    long long bounds[2] = {0, 0};
    for (size_t i = 0; i < 2; i++) {
        const struct plan_part *arg = part->args[i].parts;
        char *end;
        if (arg->kind != PLAN_PART_TEXT)
            return true;
        bounds[i] = strtoll(arg->text.ptr, &end, 10);
        if (*end != '\0' || arg->text.len == 0) {
            plan_problem(p->r, p->at, "random() takes whole numbers, not %s",
                         plan_quote(arg->text).text);
            return false;
        }
    }
    if (bounds[0] <= bounds[1])
        return true;
    plan_problem(p->r, p->at, "random() takes the least and then the most");
    return false;
}

static bool check_hmac(struct parser *p, const struct plan_part *part)
{
    const struct plan_part *name = part->args[0].parts;
    if (name->kind == PLAN_PART_TEXT && str_eq_text(name->text, "sha256"))
        return true;
    plan_problem(p->r, p->at, "hmac() knows 'sha256', which is its first argument");
    return false;
}

static bool parse_call(struct parser *p, struct str name, struct plan_part *part)
{
    struct plan_template args[ARGS_MAX];
    size_t count = 0;
    if (!find_function(p, name, &part->function))
        return false;
    const struct function *f = &functions[part->function];
    part->kind = PLAN_PART_FUNCTION;
    while (!next_is(p, ')')) {
        if (count > 0 && !take(p, ','))
            return unfinished(p, "\",\" or \")\"");
        if (count == ARGS_MAX || !parse_arg(p, &args[count++]))
            return count < ARGS_MAX ? false : unfinished(p, "\")\"");
    }
    drop(p, 1);
    if (count < f->args_min || count > f->args_max) {
        plan_problem(p->r, p->at, "%s() takes %zu%s argument%s, not %zu", f->name, f->args_min,
                     f->args_max > f->args_min ? " or more" : "", f->args_max == 1 ? "" : "s",
                     count);
        return false;
    }
    struct plan_template *copy = plan_arena_alloc(p->r->arena, (count + 1) * sizeof *copy);
    if (count > 0)
        memcpy(copy, args, count * sizeof *copy);
    part->args = copy;
    part->arg_count = count;
    if (part->function == PLAN_FN_RANDOM)
        return check_random(p, part);
    return part->function != PLAN_FN_HMAC || check_hmac(p, part);
}

static bool parse_call_or_name(struct parser *p, struct plan_part *part)
{
    if (++p->depth > DEPTH_MAX) {
        plan_problem(p->r, p->at, "expressions are more than %d deep", DEPTH_MAX);
        return false;
    }
    struct str name = take_name(p);
    bool ok;
    if (name.len == 0)
        return unfinished(p, "a name");
    if (take(p, '('))
        ok = parse_call(p, name, part);
    else
        ok = resolve_name(p, name, part);
    p->depth--;
    return ok;
}

/* ---- env(): replaced by what the environment says -------------------------------------------- */

static bool resolve_env(struct parser *p, struct plan_part *part)
{
    for (size_t i = 0; i < part->arg_count; i++)
        for (size_t k = 0; k < part->args[i].count; k++)
            if (!resolve_env(p, &part->args[i].parts[k]))
                return false;
    if (part->kind != PLAN_PART_FUNCTION || part->function != PLAN_FN_ENV)
        return true;
    const struct plan_part *name = part->args[0].parts;
    const char *value = name->kind == PLAN_PART_TEXT ? getenv(name->text.ptr) : NULL;
    if (name->kind != PLAN_PART_TEXT)
        plan_problem(p->r, p->at, "env() takes a name in quotes: env('NAME')");
    else if (!value && !part->fallback)
        plan_problem(p->r, p->at, "the environment has no %s; a default is ${env('NAME'):-default}",
                     plan_quote(name->text).text);
    if (name->kind != PLAN_PART_TEXT || (!value && !part->fallback))
        return false;
    if (value && *value == '\0' && part->fallback)
        value = NULL;
    if (!value && part->fallback->count == 1) {
        *part = part->fallback->parts[0];
    } else if (!value && part->fallback->count > 1) { /* the one thing to pick from */
        part->function = PLAN_FN_PICK;
        part->args = part->fallback;
    } else {
        part->kind = PLAN_PART_TEXT;
        part->text = value ? plan_arena_str(p->r->arena, str_of(value)) : STR("");
    }
    return true;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* After "${". */
static bool parse_expression(struct parser *p, struct plan_part *part)
{
    const char *begin = p->rest.ptr - 2;
    skip_spaces(p);
    if (!parse_call_or_name(p, part))
        return false;
    skip_spaces(p);
    if (str_starts(p->rest, ":-")) {
        struct plan_template *fallback = plan_arena_alloc(p->r->arena, sizeof *fallback);
        drop(p, 2);
        p->depth++;
        if (!parse_parts(p, true, fallback))
            return false;
        p->depth--;
        part->fallback = fallback;
    }
    if (!take(p, '}'))
        return unfinished(p, "\"}\"");
    if (part->kind != PLAN_PART_TEXT)
        part->text =
            plan_arena_str(p->r->arena, (struct str){begin, (size_t)(p->rest.ptr - begin)});
    return resolve_env(p, part);
}

struct parts {
    struct plan_part items[PARTS_MAX];
    size_t count;
    struct buf text; /* that goes before the next expression */
};

static bool add_text(struct parser *p, struct parts *parts)
{
    if (parts->text.len == 0)
        return true;
    if (parts->count == PARTS_MAX) {
        plan_problem(p->r, p->at, "has more than %d expressions", PARTS_MAX / 2);
        return false;
    }
    parts->items[parts->count++] = (struct plan_part){
        .kind = PLAN_PART_TEXT,
        .text = plan_arena_str(p->r->arena, buf_str(&parts->text)),
    };
    buf_clear(&parts->text);
    return true;
}

static bool add_expression(struct parser *p, struct parts *parts)
{
    struct plan_part part = {.kind = PLAN_PART_TEXT};
    drop(p, 2);
    if (!parse_expression(p, &part))
        return false;
    if (part.kind == PLAN_PART_TEXT) {
        buf_add(&parts->text, part.text.ptr, part.text.len);
        return true;
    }
    if (!add_text(p, parts))
        return false;
    if (parts->count < PARTS_MAX) {
        parts->items[parts->count++] = part;
        return true;
    }
    plan_problem(p->r, p->at, "has more than %d expressions", PARTS_MAX / 2);
    return false;
}

static bool collect_parts(struct parser *p, bool inside, struct parts *parts)
{
    while (p->rest.len > 0 && !(inside && *p->rest.ptr == '}')) {
        if (str_starts(p->rest, "$${")) {
            buf_add_text(&parts->text, "${");
            drop(p, 3);
        } else if (!str_starts(p->rest, "${")) {
            buf_add(&parts->text, p->rest.ptr, 1);
            drop(p, 1);
        } else if (!add_expression(p, parts)) {
            return false;
        }
    }
    return add_text(p, parts);
}

/* Up to the end, or to the "}" that ends the default it is inside of. */
static bool parse_parts(struct parser *p, bool inside, struct plan_template *out)
{
    struct parts *parts = mem_alloc(sizeof *parts);
    buf_init(&parts->text, PLAN_DOCUMENT_MAX);
    bool ok = p->depth <= DEPTH_MAX && collect_parts(p, inside, parts);
    if (p->depth > DEPTH_MAX)
        plan_problem(p->r, p->at, "expressions are more than %d deep", DEPTH_MAX);
    if (ok) {
        out->parts = plan_arena_alloc(p->r->arena, (parts->count + 1) * sizeof *out->parts);
        memcpy(out->parts, parts->items, parts->count * sizeof *out->parts);
        out->count = parts->count;
    }
    buf_fini(&parts->text);
    free(parts);
    return ok;
}

bool plan_template_is_constant(const struct plan_template *t)
{
    return t->count == 0 || (t->count == 1 && t->parts[0].kind == PLAN_PART_TEXT);
}

bool plan_template_compile(struct plan_reader *r, const struct plan_place *at, struct str text,
                           struct plan_template *out)
{
    struct parser p = {.r = r, .at = at, .rest = text};
    return parse_parts(&p, false, out);
}

bool plan_template_read(struct plan_reader *r, const struct plan_place *at,
                        struct plan_template *out)
{
    if (!json_is_string(at->value)) {
        plan_problem(r, at, "must be a string, not %s", plan_kind_text(at->value));
        return false;
    }
    struct str text = {json_string_value(at->value), json_string_length(at->value)};
    return plan_template_compile(r, at, text, out);
}

bool plan_template_text(struct plan_reader *r, const struct plan_place *at, struct str *out,
                        const struct plan_template **template)
{
    struct plan_template t;
    *template = NULL;
    if (!plan_template_read(r, at, &t))
        return false;
    if (t.count == 0) {
        *out = STR("");
    } else if (plan_template_is_constant(&t)) {
        *out = t.parts[0].text;
    } else {
        struct str text = {json_string_value(at->value), json_string_length(at->value)};
        struct plan_template *copy = plan_arena_alloc(r->arena, sizeof *copy);
        *out = plan_arena_str(r->arena, text);
        *copy = t;
        *template = copy;
    }
    return true;
}
