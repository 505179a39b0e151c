/* pull: a long answer, made in pieces on libuv's pool and handed out on the loop. Only one side is
 * at work at a time, so nothing is locked. */
#include "pull.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_MAX = 64 << 20 }; /* a second of a thousand request names is a small part of it */

struct pull {
    struct daemon *daemon;
    const struct pull_source *source;
    void *owner;
    void (*wake)(void *waker);
    void *waker;
    uv_work_t work;
    struct buf piece;
    size_t taken; /* of the piece */
    int rc;
    bool more;
    bool busy; /* the pool has it */
    bool gone; /* nobody reads any more */
};

struct pull *pull_new(struct daemon *d, const struct pull_source *source, void *owner,
                      void (*wake)(void *waker), void *waker)
{
    struct pull *p = mem_alloc(sizeof *p);
    p->daemon = d;
    p->source = source;
    p->owner = owner;
    p->wake = wake;
    p->waker = waker;
    p->more = true;
    p->work.data = p;
    buf_init(&p->piece, PIECE_MAX);
    return p;
}

static void produce(uv_work_t *work)
{
    struct pull *p = work->data;
    p->rc = p->source->produce(p->owner, &p->piece, &p->more);
    if (p->rc == 0 && p->piece.failed)
        p->rc = -1;
}

static void after(uv_work_t *work, int status)
{
    (void)status;
    struct pull *p = work->data;
    p->busy = false;
    p->daemon->jobs--;
    if (p->gone)
        pull_free(p);
    else
        p->wake(p->waker);
}

ssize_t pull_read(struct pull *p, char *out, size_t max)
{
    if (p->busy)
        return PULL_WAIT;
    size_t left = p->piece.len - p->taken;
    if (left > 0) {
        size_t n = left < max ? left : max;
        memcpy(out, p->piece.ptr + p->taken, n);
        p->taken += n;
        return (ssize_t)n;
    }
    if (p->rc < 0)
        return PULL_FAILED;
    if (!p->more)
        return PULL_END;
    buf_clear(&p->piece);
    p->taken = 0;
    p->busy = true;
    p->daemon->jobs++;
    uv_queue_work(&p->daemon->loop, &p->work, produce, after);
    return PULL_WAIT;
}

void pull_free(struct pull *p)
{
    p->gone = true;
    if (p->busy)
        return;
    p->source->free(p->owner);
    buf_fini(&p->piece);
    free(p);
}
