/* link: frames to and from whoever started this worker, over two descriptors. When the other side
 * is gone, so is the reason to go on.
 */
#ifndef ENGINE_LINK_H
#define ENGINE_LINK_H

#include <uv.h>

#include "squall/lines.h"
#include "squall/wire.h"

enum {
    LINK_QUEUE_MAX = 4 * WIRE_LINE_MAX, /* bytes that wait for the starter to read them */
};

struct link_events {
    void (*frame)(void *owner, const struct wire_frame *frame);
    /* The other side has closed, or sends what is no frame, or does not read: a sentence. */
    void (*broken)(void *owner, const char *why);
};

struct link {
    uv_pipe_t in, out;
    struct lines lines;
    const struct link_events *events;
    void *owner;
    bool closed;
    size_t sending; /* writes under way */
};

/* -EINVAL for what frames cannot go over, such as files: epoll does not take them, and libuv then
 * aborts. */
int link_check(int in_fd, int out_fd, struct err *e);
int link_open(struct link *l, uv_loop_t *loop, int in_fd, int out_fd,
              const struct link_events *events, void *owner, struct err *e);
/* Sends what is in `frames` and empties it. */
void link_send(struct link *l, struct buf *frames);
/* True when all has been written. */
bool link_idle(const struct link *l);
/* Closes both ends; the memory may be freed when the loop has run. */
void link_close(struct link *l);

#endif
