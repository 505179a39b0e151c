/* json_body: a request's "json" as the bytes that are sent: the document's own text without its
 * spaces, so that numbers stay as they were written; expressions in its strings become parts.
 */
#include <stdlib.h>
#include <string.h>

#include "plan_priv.h"

enum { PARTS_MAX = 1024 };

struct body {
    struct plan_reader *r;
    const struct plan_place *at;
    struct buf text; /* that goes before the next expression */
    struct plan_part *parts;
    size_t count;
    bool failed;
};

/* Reports what is wrong in any string inside. */
static void check_expressions(struct plan_reader *r, const struct plan_place *at)
{
    struct plan_template t;
    const char *key;
    json_t *value;
    if (json_is_string(at->value))
        plan_template_read(r, at, &t);
    json_object_foreach(at->value, key, value)
    {
        struct plan_place place = {.up = at, .value = value, .key = key};
        plan_template_compile(r, &place, str_of(key), &t);
        check_expressions(r, &place);
    }
    for (size_t i = 0; i < json_array_size(at->value); i++) {
        struct plan_place place = plan_element(at, i);
        check_expressions(r, &place);
    }
}

static void add_part(struct body *b, struct plan_part part)
{
    if (b->count < PARTS_MAX)
        b->parts[b->count++] = part;
    else if (!b->failed)
        plan_problem(b->r, b->at, "has more than %d expressions", PARTS_MAX / 2);
    b->failed = b->failed || b->count == PARTS_MAX;
}

static void add_text_part(struct body *b)
{
    if (b->text.len > 0)
        add_part(b, (struct plan_part){.kind = PLAN_PART_TEXT,
                                       .text = plan_arena_str(b->r->arena, buf_str(&b->text))});
    buf_clear(&b->text);
}

static void add_parts(struct body *b, const struct plan_template *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct plan_part part = t->parts[i];
        if (part.kind == PLAN_PART_TEXT) {
            buf_add_json_escaped(&b->text, part.text);
            continue;
        }
        add_text_part(b);
        part.in_json = true;
        add_part(b, part);
    }
}

/* `raw` is a string with its quotes. One that may hold "${" is read and written anew. */
static void add_string(struct body *b, struct str raw)
{
    struct plan_template t;
    if (!memchr(raw.ptr, '$', raw.len) && !memchr(raw.ptr, '\\', raw.len)) {
        buf_add(&b->text, raw.ptr, raw.len);
        return;
    }
    json_t *value = json_loadb(raw.ptr, raw.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    struct str text = {json_string_value(value), json_string_length(value)};
    buf_add_text(&b->text, "\"");
    if (plan_template_compile(b->r, b->at, text, &t))
        add_parts(b, &t);
    buf_add_text(&b->text, "\"");
    json_decref(value);
}

static size_t string_length(struct str text)
{
    size_t at = 1;
    while (at < text.len && text.ptr[at] != '"')
        at += text.ptr[at] == '\\' ? 2 : 1;
    return at + 1;
}

static void add_value(struct body *b, struct str text)
{
    while (text.len > 0) {
        size_t taken = 1;
        if (*text.ptr == '"') {
            taken = string_length(text);
            add_string(b, (struct str){text.ptr, taken});
        } else if (!strchr(" \t\r\n", *text.ptr)) {
            buf_add(&b->text, text.ptr, 1);
        }
        text.ptr += taken;
        text.len -= taken;
    }
}

bool plan_json_body(struct plan_reader *r, const struct plan_place *at, struct str *out,
                    const struct plan_template **template)
{
    size_t before = r->problems->count + r->problems->omitted;
    check_expressions(r, at);
    if (r->problems->count + r->problems->omitted > before)
        return false;
    struct body b = {.r = r, .at = at, .parts = mem_alloc(PARTS_MAX * sizeof *b.parts)};
    *out = plan_place_text(r, at);
    buf_init(&b.text, PLAN_DOCUMENT_MAX);
    add_value(&b, *out);
    if (b.count == 0) {
        *out = plan_arena_str(r->arena, buf_str(&b.text));
    } else {
        struct plan_template *t = plan_arena_alloc(r->arena, sizeof *t);
        add_text_part(&b);
        *out = plan_arena_str(r->arena, *out);
        t->parts = plan_arena_alloc(r->arena, b.count * sizeof *t->parts);
        memcpy(t->parts, b.parts, b.count * sizeof *t->parts);
        t->count = b.count;
        *template = t;
    }
    buf_fini(&b.text);
    free(b.parts);
    return !b.failed;
}
