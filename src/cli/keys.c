/* keys: keys that are pressed while a run is on, one by one and without an echo. The terminal is
 * as it was before once they are closed. Signals that keys
 * make (Ctrl-C) go on being made.
 */
#include "keys.h"

#include <unistd.h>

/* Another program's turn comes and goes (Ctrl-Z, fg): one that is not in the foreground must not
 * touch the terminal. */
static bool in_foreground(void)
{
    return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct keys *k = poll->data;
    char pressed[64];
    if (status < 0 || !(events & UV_READABLE))
        return keys_close(k);
    ssize_t n = in_foreground() ? read(STDIN_FILENO, pressed, sizeof pressed) : -1;
    if (n == 0) /* hung up */
        return keys_close(k);
    for (ssize_t i = 0; i < n; i++)
        k->pressed(k->owner, pressed[i]);
}

void keys_open(struct keys *k, uv_loop_t *loop, void (*pressed)(void *owner, char key), void *owner)
{
    *k = (struct keys){.pressed = pressed, .owner = owner};
    if (!isatty(STDIN_FILENO) || !in_foreground() || tcgetattr(STDIN_FILENO, &k->before) < 0)
        return;
    if (uv_poll_init(loop, &k->poll, STDIN_FILENO) < 0)
        return;
    struct termios raw = k->before;
    raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
    raw.c_cc[VMIN] = 0; /* a read never waits */
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    k->poll.data = k;
    k->open = true;
    uv_poll_start(&k->poll, UV_READABLE, on_readable);
}

void keys_close(struct keys *k)
{
    if (!k->open)
        return;
    k->open = false;
    uv_close((uv_handle_t *)&k->poll, NULL);
    if (in_foreground())
        tcsetattr(STDIN_FILENO, TCSANOW, &k->before);
}
