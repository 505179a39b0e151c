/* keys: single keys from the terminal on stdin while a run is on. */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include <stdbool.h>
#include <termios.h>
#include <uv.h>

struct keys {
    bool open;
    uv_poll_t poll;
    struct termios before;
    void (*pressed)(void *owner, char key);
    void *owner;
};

/* Nothing happens when stdin is no terminal, or another program's at the moment. */
void keys_open(struct keys *k, uv_loop_t *loop, void (*pressed)(void *owner, char key),
               void *owner);
/* The terminal as it was before. Idempotent; the memory may be freed when the loop has run. */
void keys_close(struct keys *k);

#endif
