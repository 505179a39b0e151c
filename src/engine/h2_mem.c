/* h2_mem: memory for nghttp2, which asks for and gives back a handful of small pieces for each
 * request: those are kept by size, for the next one.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "h2.h"

/* In front of each piece; its size keeps the alignment. */
union h2_piece {
    size_t size_class;    /* H2_MEM_CLASSES: too large to be kept */
    union h2_piece *next; /* while it is free */
    max_align_t align;
};

static size_t class_of(size_t bytes)
{
    size_t k = (bytes + H2_MEM_STEP - 1) / H2_MEM_STEP;
    return k < H2_MEM_CLASSES ? k : H2_MEM_CLASSES;
}

static void *get(size_t bytes, void *owner)
{
    struct h2_mem *m = owner;
    size_t k = class_of(bytes);
    union h2_piece *p = k < H2_MEM_CLASSES ? m->free[k] : NULL;
    if (p)
        m->free[k] = p->next;
    else
        p = malloc(sizeof *p + (k < H2_MEM_CLASSES ? k * H2_MEM_STEP : bytes));
    if (!p)
        return NULL;
    p->size_class = k;
    return p + 1;
}

static void give_back(void *ptr, void *owner)
{
    struct h2_mem *m = owner;
    if (!ptr)
        return;
    union h2_piece *p = (union h2_piece *)ptr - 1;
    size_t k = p->size_class;
    if (k == H2_MEM_CLASSES)
        return free(p);
    p->next = m->free[k];
    m->free[k] = p;
}

static void *get_zeroed(size_t n, size_t bytes, void *owner)
{
    size_t all;
    void *ptr = __builtin_mul_overflow(n, bytes, &all) ? NULL : get(all, owner);
    return ptr ? memset(ptr, 0, all) : NULL;
}

static void *resize(void *ptr, size_t bytes, void *owner)
{
    if (!ptr)
        return get(bytes, owner);
    union h2_piece *p = (union h2_piece *)ptr - 1;
    size_t k = p->size_class;
    if (k == H2_MEM_CLASSES && class_of(bytes) == H2_MEM_CLASSES) {
        p = realloc(p, sizeof *p + bytes);
        return p ? p + 1 : NULL;
    }
    if (k < H2_MEM_CLASSES && bytes <= k * H2_MEM_STEP)
        return ptr;
    void *moved = get(bytes, owner);
    if (!moved)
        return NULL;
    size_t before = k < H2_MEM_CLASSES ? k * H2_MEM_STEP : bytes;
    memcpy(moved, ptr, before < bytes ? before : bytes);
    give_back(ptr, owner);
    return moved;
}

void h2_mem_init(struct h2_mem *m)
{
    memset(m, 0, sizeof *m);
    m->calls = (nghttp2_mem){m, get, give_back, get_zeroed, resize};
}

void h2_mem_fini(struct h2_mem *m)
{
    for (size_t k = 0; k < H2_MEM_CLASSES; k++) {
        for (union h2_piece *p = m->free[k], *next; p; p = next) {
            next = p->next;
            free(p);
        }
    }
}
