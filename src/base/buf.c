/* buf: the growing byte buffer. It never grows beyond its limit: an append fits as a whole or
 * leaves the bytes as they were.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "squall/base.h"

enum { BUF_FIRST_CAP = 64 };
#define BUF_LIMIT_MAX ((size_t)PTRDIFF_MAX - 1)

/* Memory from the start, so that an empty buffer is NUL-terminated too. */
void buf_init(struct buf *b, size_t limit)
{
    *b = (struct buf){.limit = limit < BUF_LIMIT_MAX ? limit : BUF_LIMIT_MAX};
    b->cap = b->limit + 1 < BUF_FIRST_CAP ? b->limit + 1 : BUF_FIRST_CAP;
    b->ptr = mem_alloc(b->cap);
}

void buf_fini(struct buf *b)
{
    free(b->ptr);
    *b = (struct buf){.limit = b->limit};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->ptr)
        b->ptr[0] = '\0';
}

char *buf_reserve(struct buf *b, size_t len)
{
    if (b->failed || b->len > b->limit || len > b->limit - b->len) {
        b->failed = true;
        return NULL;
    }
    size_t needed = b->len + len + 1;
    if (b->cap < needed) {
        size_t cap = b->cap < BUF_FIRST_CAP ? BUF_FIRST_CAP : b->cap;
        while (cap < needed)
            cap *= 2;
        if (cap > b->limit + 1)
            cap = b->limit + 1;
        b->ptr = mem_resize(b->ptr, cap);
        b->cap = cap;
    }
    /* The caller may fill all of it and only then add to len. */
    b->ptr[b->len] = '\0';
    b->ptr[b->len + len] = '\0';
    return b->ptr + b->len;
}

int buf_add(struct buf *b, const void *bytes, size_t len)
{
    char *to = buf_reserve(b, len);
    if (!to)
        return -ENOBUFS;
    if (len > 0)
        memcpy(to, bytes, len);
    b->len += len;
    return 0;
}

int buf_add_text(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

int buf_add_format(struct buf *b, const char *format, ...)
{
    if (b->failed)
        return -ENOBUFS;
    size_t room = b->ptr ? b->cap - b->len : 0;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(b->ptr ? b->ptr + b->len : NULL, room, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < room) {
        b->len += (size_t)n;
        return 0;
    }
    if (room > 0)
        b->ptr[b->len] = '\0';
    if (n < 0) {
        b->failed = true;
        return -ENOBUFS;
    }
    char *to = buf_reserve(b, (size_t)n);
    if (!to)
        return -ENOBUFS;
    va_start(args, format);
    vsnprintf(to, (size_t)n + 1, format, args);
    va_end(args);
    b->len += (size_t)n;
    return 0;
}

void buf_drop_front(struct buf *b, size_t len)
{
    if (len >= b->len) {
        b->len = 0;
        if (b->ptr)
            b->ptr[0] = '\0';
        return;
    }
    if (len == 0)
        return;
    b->len -= len;
    memmove(b->ptr, b->ptr + len, b->len + 1);
}

struct str buf_str(const struct buf *b)
{
    return b->ptr ? (struct str){b->ptr, b->len} : (struct str){"", 0};
}
