/* arena: the memory of one plan: blocks that are only ever filled, and freed together. */
#include <stdlib.h>
#include <string.h>

#include "plan_priv.h"

enum {
    BLOCK_BYTES = 16384, /* a larger piece gets a block of its own */
    ALIGNMENT = 16,
};

struct block {
    struct block *before;
    size_t used;
    size_t size;
    _Alignas(ALIGNMENT) char bytes[];
};

struct plan_arena {
    struct block *last;
};

struct plan_arena *plan_arena_new(void)
{
    return mem_alloc(sizeof(struct plan_arena));
}

void plan_arena_free(struct plan_arena *a)
{
    while (a->last) {
        struct block *before = a->last->before;
        free(a->last);
        a->last = before;
    }
    free(a);
}

void *plan_arena_alloc(struct plan_arena *a, size_t bytes)
{
    struct block *b = a->last;
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!b || b->size - b->used < bytes) {
        size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        b = mem_alloc(sizeof *b + size);
        b->size = size;
        b->before = a->last;
        a->last = b;
    }
    b->used += bytes;
    return b->bytes + b->used - bytes;
}

struct str plan_arena_str(struct plan_arena *a, struct str s)
{
    char *copy = plan_arena_alloc(a, s.len + 1);
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    return (struct str){copy, s.len};
}
