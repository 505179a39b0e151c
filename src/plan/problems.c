/* problems: the list of what is wrong with a document, each with its JSON Pointer and its place in
 * the text. Decides nothing about what is right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_priv.h"

enum {
    MESSAGE_MAX = 1024,
    POINTER_MAX = 4096, /* beyond it a problem is reported at the part that the place is in */
    QUOTE_MAX = 60,     /* bytes of the document in a message */
};

void plan_problems_init(struct plan_problems *p)
{
    p->count = 0;
    p->omitted = 0;
}

void plan_problems_fini(struct plan_problems *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->items[i].pointer);
        free(p->items[i].message);
    }
    plan_problems_init(p);
}

struct plan_quote plan_quote(struct str s)
{
    struct plan_quote q;
    struct str shown = str_cut(s, QUOTE_MAX);
    size_t at = 0;
    q.text[at++] = '"';
    for (size_t i = 0; i < shown.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        q.text[at++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    strcpy(q.text + at, shown.len < s.len ? "...\"" : "\"");
    return q;
}

/* ---- pointers (RFC 6901) --------------------------------------------------------------------- */

static void add_token(struct buf *b, struct str token)
{
    buf_add_text(b, "/");
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] == '~')
            buf_add_text(b, "~0");
        else if (token.ptr[i] == '/')
            buf_add_text(b, "~1");
        else
            buf_add(b, token.ptr + i, 1);
    }
}

/* As far down as fits. */
static void add_pointer(struct buf *b, const struct plan_place *at)
{
    if (!at->up)
        return;
    add_pointer(b, at->up);
    size_t before = b->len;
    if (b->failed)
        return;
    if (at->key)
        add_token(b, str_of(at->key));
    else
        buf_add_format(b, "/%zu", at->element);
    if (b->failed && b->len > before)
        b->len = before;
}

/* ---- adding ---------------------------------------------------------------------------------- */

static char *format_message(const char *format, va_list args)
{
    char message[MESSAGE_MAX];
    vsnprintf(message, sizeof message, format, args);
    return mem_copy_text(message, strlen(message));
}

/* NULL when the list is full. */
static struct plan_problem *new_problem(struct plan_problems *p)
{
    if (p->count == PLAN_PROBLEMS_MAX) {
        p->omitted++;
        return NULL;
    }
    struct plan_problem *problem = &p->items[p->count++];
    *problem = (struct plan_problem){0};
    return problem;
}

static void add_problem(struct plan_reader *r, const char *pointer, size_t len, uint32_t offset,
                        char *message)
{
    struct plan_problem *problem = new_problem(r->problems);
    if (!problem) {
        free(message);
        return;
    }
    r->offsets[r->problems->count - 1] = offset;
    problem->pointer = mem_copy_text(pointer, len);
    problem->message = message;
}

static uint32_t node_of(const struct plan_index *x, const struct plan_place *at)
{
    if (!at->up)
        return 0;
    uint32_t up = node_of(x, at->up);
    if (up == PLAN_NO_NODE)
        return up;
    return at->key ? plan_index_member(x, up, str_of(at->key))
                   : plan_index_element(x, up, at->element);
}

struct str plan_place_text(const struct plan_reader *r, const struct plan_place *at)
{
    uint32_t n = node_of(&r->index, at);
    if (n == PLAN_NO_NODE)
        return (struct str){"", 0};
    const struct plan_node *node = &r->index.nodes[n];
    return (struct str){r->text.ptr + node->value, node->end - node->value};
}

static void add_at(struct plan_reader *r, const struct plan_place *at, bool key, char *message)
{
    struct buf pointer;
    uint32_t node;
    if (r->problems->count == PLAN_PROBLEMS_MAX) { /* spares looking for its place */
        r->problems->omitted++;
        free(message);
        return;
    }
    buf_init(&pointer, POINTER_MAX);
    add_pointer(&pointer, at);
    for (node = node_of(&r->index, at); node == PLAN_NO_NODE && at->up; key = false) {
        at = at->up;
        node = node_of(&r->index, at);
    }
    uint32_t offset = key && r->index.nodes[node].key != PLAN_NO_NODE ? r->index.nodes[node].key
                                                                      : r->index.nodes[node].value;
    add_problem(r, pointer.ptr ? pointer.ptr : "", pointer.len, offset, message);
    buf_fini(&pointer);
}

void plan_problem(struct plan_reader *r, const struct plan_place *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_at(r, at, false, format_message(format, args));
    va_end(args);
}

void plan_problem_key(struct plan_reader *r, const struct plan_place *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_at(r, at, true, format_message(format, args));
    va_end(args);
}

void plan_problem_text(struct plan_problems *p, unsigned line, unsigned column, const char *format,
                       ...)
{
    struct plan_problem *problem = new_problem(p);
    va_list args;
    if (!problem)
        return;
    va_start(args, format);
    problem->message = format_message(format, args);
    va_end(args);
    problem->pointer = mem_copy_text("", 0);
    problem->line = line;
    problem->column = column;
}

/* ---- duplicates ------------------------------------------------------------------------------ */

static void add_duplicate(struct plan_reader *r, const struct buf *pointer, uint32_t node,
                          const char *key)
{
    char message[MESSAGE_MAX];
    snprintf(message, sizeof message, "%s is there twice; leave one out",
             plan_quote(str_of(key)).text);
    add_problem(r, pointer->ptr ? pointer->ptr : "", pointer->len, r->index.nodes[node].key,
                mem_copy_text(message, strlen(message)));
}

/* Looks through node `top` and all inside; `pointer` leads to it and is left as it was. */
static void find_duplicates(struct plan_reader *r, uint32_t top, struct buf *pointer)
{
    const struct plan_index *x = &r->index;
    bool object = x->text.ptr[x->nodes[top].value] == '{';
    json_t *seen = object ? json_object() : NULL;
    size_t len = pointer->len, element = 0;
    bool full = pointer->failed; /* then deeper places are reported at the last part that fits */
    for (uint32_t n = top + 1; n < x->nodes[top].next; n = x->nodes[n].next) {
        json_t *key = object ? plan_index_key(x, n) : NULL;
        const char *name = json_string_value(key);
        if (name)
            add_token(pointer, str_of(name));
        else
            buf_add_format(pointer, "/%zu", element++);
        if (pointer->failed)
            pointer->len = len;
        if (name && json_object_get(seen, name))
            add_duplicate(r, pointer, n, name);
        else if (name)
            json_object_set_new(seen, name, json_true());
        find_duplicates(r, n, pointer);
        pointer->len = len;
        pointer->failed = full;
        json_decref(key);
    }
    json_decref(seen);
}

void plan_problems_of_duplicates(struct plan_reader *r)
{
    struct buf pointer;
    buf_init(&pointer, POINTER_MAX);
    find_duplicates(r, 0, &pointer);
    buf_fini(&pointer);
}

/* ---- lines and columns ----------------------------------------------------------------------- */

struct located {
    struct plan_problem problem;
    uint32_t offset;
    size_t order;
};

static int by_place(const void *a, const void *b)
{
    const struct located *left = a, *right = b;
    if (left->offset != right->offset)
        return left->offset < right->offset ? -1 : 1;
    return left->order < right->order ? -1 : left->order > right->order;
}

void plan_problems_locate(struct plan_reader *r)
{
    struct plan_problems *p = r->problems;
    struct located sorted[PLAN_PROBLEMS_MAX];
    unsigned line = 1, column = 1; /* counted in characters, as editors do */
    size_t at = 0;
    for (size_t i = 0; i < p->count; i++)
        sorted[i] = (struct located){p->items[i], r->offsets[i], i};
    qsort(sorted, p->count, sizeof sorted[0], by_place);
    for (size_t i = 0; i < p->count; i++) {
        for (; at < sorted[i].offset; at++) {
            if (r->text.ptr[at] == '\n') {
                line++;
                column = 1;
            } else if ((r->text.ptr[at] & 0xc0) != 0x80) {
                column++;
            }
        }
        /* `at` is the first byte of a character: a key or a value begins there. */
        p->items[i] = sorted[i].problem;
        p->items[i].line = line;
        p->items[i].column = column;
    }
}
