/* json_body: a request's "json" as the bytes that are sent: the document's own text without its
 * spaces, so that numbers stay as they were written.
 */
#include <string.h>

#include "plan_priv.h"

/* Reports every "${" inside. */
static void check_expressions(struct plan_reader *r, const struct plan_place *at)
{
    struct str text = {json_string_value(at->value), json_string_length(at->value)};
    const char *key;
    json_t *value;
    if (json_is_string(at->value) && !plan_unescape(r, text, &text))
        plan_problem(r, at, PLAN_EXPRESSION_PROBLEM);
    json_object_foreach(at->value, key, value)
    {
        struct plan_place place = {.up = at, .value = value, .key = key};
        if (!plan_unescape(r, str_of(key), &text))
            plan_problem_key(r, &place, PLAN_EXPRESSION_PROBLEM);
        check_expressions(r, &place);
    }
    for (size_t i = 0; i < json_array_size(at->value); i++) {
        struct plan_place place = plan_element(at, i);
        check_expressions(r, &place);
    }
}

/* `raw` is a string with its quotes. One that may hold "$${" is read and written anew. */
static void add_string(struct plan_reader *r, struct buf *b, struct str raw)
{
    struct str text;
    if (!memchr(raw.ptr, '$', raw.len) && !memchr(raw.ptr, '\\', raw.len)) {
        buf_add(b, raw.ptr, raw.len);
        return;
    }
    json_t *value = json_loadb(raw.ptr, raw.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    text = (struct str){json_string_value(value), json_string_length(value)};
    plan_unescape(r, text, &text);
    buf_add_text(b, "\"");
    buf_add_json_escaped(b, text);
    buf_add_text(b, "\"");
    json_decref(value);
}

static size_t string_length(struct str text)
{
    size_t at = 1;
    while (at < text.len && text.ptr[at] != '"')
        at += text.ptr[at] == '\\' ? 2 : 1;
    return at + 1;
}

static void add_value(struct plan_reader *r, struct buf *b, struct str text)
{
    while (text.len > 0) {
        size_t taken = 1;
        if (*text.ptr == '"') {
            taken = string_length(text);
            add_string(r, b, (struct str){text.ptr, taken});
        } else if (!strchr(" \t\r\n", *text.ptr)) {
            buf_add(b, text.ptr, 1);
        }
        text.ptr += taken;
        text.len -= taken;
    }
}

bool plan_json_body(struct plan_reader *r, const struct plan_place *at, struct str *out)
{
    size_t before = r->problems->count + r->problems->omitted;
    check_expressions(r, at);
    if (r->problems->count + r->problems->omitted > before)
        return false;
    struct str text = plan_place_text(r, at);
    struct buf b;
    buf_init(&b, PLAN_DOCUMENT_MAX);
    add_value(r, &b, text);
    *out = plan_arena_str(r->arena, buf_str(&b));
    buf_fini(&b);
    return true;
}
