/* index: where each value of a document begins and ends in its text, which jansson does not tell.
 * Walks text that jansson has accepted, so it looks only for what separates one value from the
 * next.
 */
#include <stdlib.h>
#include <string.h>

#include "plan_priv.h"

struct scan {
    struct plan_index *index;
    size_t at;
    uint32_t key;                             /* of the member that comes next, or PLAN_NO_NODE */
    uint32_t open[JSON_PARSER_MAX_DEPTH + 1]; /* objects and arrays that are not yet closed */
    size_t depth;
};

static uint32_t add_node(struct scan *s, size_t end)
{
    struct plan_index *x = s->index;
    if (x->count == x->cap) {
        x->cap = x->cap ? 2 * x->cap : 256;
        x->nodes = mem_resize(x->nodes, x->cap * sizeof *x->nodes);
    }
    uint32_t node = (uint32_t)x->count++;
    x->nodes[node] = (struct plan_node){s->key, (uint32_t)s->at, (uint32_t)end, node + 1};
    s->key = PLAN_NO_NODE;
    return node;
}

static size_t string_end(struct str text, size_t at)
{
    for (at++; at < text.len && text.ptr[at] != '"'; at++)
        if (text.ptr[at] == '\\')
            at++;
    return at + 1;
}

static size_t word_end(struct str text, size_t at)
{
    while (at < text.len && !strchr(",]} \t\r\n", text.ptr[at]))
        at++;
    return at;
}

static bool key_expected(const struct scan *s)
{
    const struct plan_index *x = s->index;
    return s->depth > 0 && s->key == PLAN_NO_NODE &&
           x->text.ptr[x->nodes[s->open[s->depth - 1]].value] == '{';
}

static void close_node(struct scan *s)
{
    struct plan_node *node = &s->index->nodes[s->open[--s->depth]];
    node->end = (uint32_t)s->at + 1;
    node->next = (uint32_t)s->index->count;
}

static void scan_string(struct scan *s)
{
    size_t end = string_end(s->index->text, s->at);
    if (key_expected(s))
        s->key = (uint32_t)s->at;
    else
        add_node(s, end);
    s->at = end;
}

/* What begins with `c`. */
static void scan_one(struct scan *s, char c)
{
    if (strchr(" \t\r\n,:", c)) {
        s->at++;
    } else if (c == '"') {
        scan_string(s);
    } else if (c == '{' || c == '[') {
        uint32_t node = add_node(s, s->at);
        s->open[s->depth++] = node;
        s->at++;
    } else if (c == '}' || c == ']') {
        close_node(s);
        s->at++;
    } else {
        size_t end = word_end(s->index->text, s->at);
        add_node(s, end);
        s->at = end;
    }
}

void plan_index_init(struct plan_index *x, struct str text)
{
    struct scan s = {.index = x, .key = PLAN_NO_NODE};
    *x = (struct plan_index){.text = text};
    while (s.at < text.len)
        scan_one(&s, text.ptr[s.at]);
}

void plan_index_fini(struct plan_index *x)
{
    free(x->nodes);
    *x = (struct plan_index){0};
}

json_t *plan_index_key(const struct plan_index *x, uint32_t node)
{
    size_t begin = x->nodes[node].key;
    return json_loadb(x->text.ptr + begin, string_end(x->text, begin) - begin, JSON_DECODE_ANY,
                      NULL);
}

static bool key_is(const struct plan_index *x, uint32_t node, struct str key)
{
    size_t begin = x->nodes[node].key;
    struct str raw = {x->text.ptr + begin + 1, string_end(x->text, begin) - begin - 2};
    if (!memchr(raw.ptr, '\\', raw.len))
        return str_eq(raw, key);
    json_t *decoded = plan_index_key(x, node);
    bool same = decoded && str_eq(str_of(json_string_value(decoded)), key);
    json_decref(decoded);
    return same;
}

uint32_t plan_index_member(const struct plan_index *x, uint32_t object, struct str key)
{
    uint32_t found = PLAN_NO_NODE;
    if (x->text.ptr[x->nodes[object].value] != '{')
        return found;
    for (uint32_t n = object + 1; n < x->nodes[object].next; n = x->nodes[n].next)
        if (key_is(x, n, key))
            found = n;
    return found;
}

uint32_t plan_index_element(const struct plan_index *x, uint32_t array, size_t i)
{
    uint32_t n = array + 1;
    if (x->text.ptr[x->nodes[array].value] != '[')
        return PLAN_NO_NODE;
    for (; n < x->nodes[array].next && i > 0; i--)
        n = x->nodes[n].next;
    return n < x->nodes[array].next ? n : PLAN_NO_NODE;
}
