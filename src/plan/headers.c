/* headers: an object of header fields, checked so that no name or value can end its line
 * (RFC 9110, section 5), and how a request's own replace the target's.
 */
#include <string.h>

#include "plan_priv.h"

bool plan_is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alnum && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return s.len > 0;
}

static bool value_valid(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

const struct plan_header *plan_headers_find(const struct plan_headers *h, struct str name)
{
    for (size_t i = 0; i < h->count; i++)
        if (str_eq_nocase(h->items[i].name, name))
            return &h->items[i];
    return NULL;
}

size_t plan_headers_bytes(const struct plan_headers *h)
{
    size_t bytes = 0;
    for (size_t i = 0; i < h->count; i++)
        bytes += h->items[i].name.len + h->items[i].value.len;
    return bytes;
}

static void read_header(struct plan_reader *r, const struct plan_place *at, struct plan_headers *h)
{
    struct plan_header header = {.name = str_of(at->key)};
    if (!plan_is_token(header.name)) {
        plan_problem_key(r, at, "%s is no name of a header", plan_quote(header.name).text);
        return;
    }
    if (str_eq_nocase(header.name, STR("Transfer-Encoding"))) {
        plan_problem_key(r, at, "bodies are sent with Content-Length; leave this header out");
        return;
    }
    if (plan_headers_find(h, header.name)) {
        plan_problem_key(r, at, "the header %s is there twice (case does not matter)",
                         plan_quote(header.name).text);
        return;
    }
    if (!plan_template_text(r, at, &header.value, &header.template))
        return;
    if (!value_valid(header.value)) {
        plan_problem(r, at, "the value of a header has no line breaks or control characters");
        return;
    }
    header.name = plan_arena_str(r->arena, header.name);
    if (header.template && str_eq_nocase(header.name, STR("Content-Length"))) {
        plan_problem(r, at, "is the body's length, and no expression");
        return;
    }
    header.value = str_trim(header.value);
    h->items[h->count++] = header;
}

void plan_read_headers(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_headers *h = into;
    const char *name;
    json_t *value;
    if (!json_is_object(at->value)) {
        plan_problem(r, at, "must be an object of names and values, not %s",
                     plan_kind_text(at->value));
        return;
    }
    if (json_object_size(at->value) > PLAN_HEADERS_MAX) {
        plan_problem(r, at, "has %zu headers; at most %d are allowed", json_object_size(at->value),
                     PLAN_HEADERS_MAX);
        return;
    }
    h->items = plan_arena_alloc(r->arena, json_object_size(at->value) * sizeof *h->items);
    json_object_foreach(at->value, name, value)
    {
        struct plan_place place = {.up = at, .value = value, .key = name};
        read_header(r, &place, h);
    }
}

struct plan_headers plan_headers_merge(struct plan_arena *a, const struct plan_headers *defaults,
                                       const struct plan_headers *own)
{
    struct plan_headers merged = {
        .items = plan_arena_alloc(a, (defaults->count + own->count) * sizeof *merged.items),
    };
    for (size_t i = 0; i < defaults->count; i++)
        if (!plan_headers_find(own, defaults->items[i].name))
            merged.items[merged.count++] = defaults->items[i];
    if (own->count > 0)
        memcpy(merged.items + merged.count, own->items, own->count * sizeof *own->items);
    merged.count += own->count;
    return merged;
}
