/* pull: a long answer, made in pieces on libuv's pool and handed out on the loop. The next piece is
 * made when the one before has been taken: a slow client costs no memory.
 */
#ifndef DAEMON_PULL_H
#define DAEMON_PULL_H

#include <sys/types.h>

#include "daemon_priv.h"

enum {
    PULL_WAIT = 0,    /* `wake` is called when there is more */
    PULL_END = -1,    /* that was all */
    PULL_FAILED = -2, /* and the answer is not whole */
};

struct pull_source {
    /* On the pool: appends the next piece; *more is false after the last. Negative: it failed. */
    int (*produce)(void *owner, struct buf *out, bool *more);
    void (*free)(void *owner); /* on the loop */
};

struct pull;

struct pull *pull_new(struct daemon *d, const struct pull_source *source, void *owner,
                      void (*wake)(void *waker), void *waker);
/* Copies at most `max` bytes; their number, or one of the above. */
ssize_t pull_read(struct pull *p, char *out, size_t max);
/* At any time; the source is freed once the pool is done with it. */
void pull_free(struct pull *p);

#endif
