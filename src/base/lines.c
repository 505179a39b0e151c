/* lines: see squall/lines.h. */
#include "squall/lines.h"

#include <errno.h>
#include <string.h>

void lines_init(struct lines *l, size_t line_max)
{
    memset(l, 0, sizeof *l);
    buf_init(&l->buf, line_max + LINES_CHUNK);
    l->line_max = line_max;
}

void lines_fini(struct lines *l)
{
    buf_fini(&l->buf);
}

char *lines_space(struct lines *l)
{
    if (l->taken > 0) {
        buf_drop_front(&l->buf, l->taken);
        l->taken = 0;
    }
    return buf_reserve(&l->buf, LINES_CHUNK);
}

void lines_arrived(struct lines *l, size_t len)
{
    l->buf.len += len;
}

int lines_next(struct lines *l, struct str *line)
{
    struct str rest = lines_rest(l);
    const char *newline = NULL;
    if (rest.len > l->scanned)
        newline = memchr(rest.ptr + l->scanned, '\n', rest.len - l->scanned);
    size_t len = newline ? (size_t)(newline - rest.ptr) : rest.len;
    if (len > l->line_max)
        return -E2BIG;
    if (!newline) {
        l->scanned = rest.len;
        return 0;
    }
    *line = (struct str){rest.ptr, len};
    l->taken += len + 1;
    l->scanned = 0;
    return 1;
}

struct str lines_rest(const struct lines *l)
{
    return (struct str){l->buf.ptr + l->taken, l->buf.len - l->taken};
}

void lines_drop(struct lines *l)
{
    buf_clear(&l->buf);
    l->taken = 0;
    l->scanned = 0;
}
