/* janitor: removes what was deleted, a little at a time, so that no request waits for it. */
#include "janitor.h"

#include <stdlib.h>

enum {
    STEP_MS = 20,         /* between two steps: requests come first */
    AGAIN_MS = 60 * 1000, /* after a step that failed (the disk is full, say) */
};

struct janitor {
    struct daemon *daemon;
    uv_timer_t timer;
};

static void on_timer(uv_timer_t *timer)
{
    struct janitor *j = timer->data;
    struct err e;
    bool more = false;
    if (store_purge(j->daemon->store, &more, &e) < 0) {
        log_warn(&j->daemon->log, "what was deleted cannot be removed yet", "error", e.message,
                 NULL);
        uv_timer_start(&j->timer, on_timer, AGAIN_MS, 0);
    } else if (more) {
        uv_timer_start(&j->timer, on_timer, STEP_MS, 0);
    }
}

void janitor_open(struct daemon *d, struct janitor **out)
{
    struct janitor *j = mem_alloc(sizeof *j);
    j->daemon = d;
    uv_timer_init(&d->loop, &j->timer);
    j->timer.data = j;
    *out = j;
    janitor_purge(j);
}

void janitor_purge(struct janitor *j)
{
    uv_timer_start(&j->timer, on_timer, STEP_MS, 0);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void janitor_close(struct janitor *j)
{
    uv_close((uv_handle_t *)&j->timer, on_closed);
}
