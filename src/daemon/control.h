/* control: the runs that are under way. Starts them, lets them wait for their turn, stores what
 * they say before it is acted on, and feeds the live streams. A run that is over and stored is the
 * store's alone.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include "daemon_priv.h"

struct hub;

enum {
    CONTROL_TICK_MS = 1000,      /* the store's batch is written so often */
    CONTROL_CHECKPOINT_TICKS = 5 /* and what a killed daemon leaves is renewed so often */
};

void control_open(struct daemon *d, struct control **out);
/* None may be live. Frees once the loop has closed its handles. */
void control_close(struct control *c);

struct control_start {
    struct str scenario_id;
    uint32_t version; /* 0: the latest */
    uint32_t workers; /* 0: as many as the plan wants */
    struct str note;
};
/* Makes a run, and begins it when it is its turn; its id is put into `id`. Errors as of
 * store_run_create, and -EAGAIN: too many are live; -EINVAL: with `problems`, the scenario cannot
 * be run by this version; -ESHUTDOWN. */
int control_run_start(struct control *c, const struct control_start *start, char id[ID_SIZE],
                      struct plan_problems *problems, struct err *e);
/* -ENOENT: no such run is live. */
int control_run_stop(struct control *c, struct str id, const char *reason);
/* -ENOENT; and what run_change answers. */
int control_run_change(struct control *c, struct str id, double factor, uint64_t *at_ns,
                       struct err *e);
void control_stop_all(struct control *c, const char *reason);
/* Marks what is still live as failed in the store: the daemon goes now. */
void control_abandon(struct control *c, const char *reason);

uint32_t control_live(const struct control *c); /* not final yet */
bool control_busy(const struct control *c);     /* one is not final, or not stored */

/* ---- what is known of a live run beyond the store; NULL: it is not live -----------------------
 */
struct live_run;
struct live_run *control_find(struct control *c, struct str id);
/* Puts the newest state and numbers into what the store had. */
void live_run_overlay(struct live_run *lr, struct store_run *stored);
/* Why its results cannot be written just now, and since when (0: they can). */
const char *live_run_trouble(const struct live_run *lr, uint64_t *since_ns);
/* Borrowed; at most a second old. */
const json_t *live_run_document(struct live_run *lr);
struct result *live_run_result(struct live_run *lr);
struct hub *live_run_hub(struct live_run *lr); /* NULL: it is over */

#endif
