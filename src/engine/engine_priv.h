/* engine_priv: what the parts of the engine share: the worker as a whole, its flows and its users.
 *
 *   engine  a worker's life: plan, ready, start, ticks, the end
 *   flow    when users of one flow begin and retire (closed), when arrivals begin (open)
 *   user    one virtual user on its way through the steps
 */
#ifndef ENGINE_PRIV_H
#define ENGINE_PRIV_H

#include "conn.h"
#include "eval.h"
#include "link.h"
#include "meter.h"
#include "pacer.h"
#include "squall/plan.h"

struct engine;
struct flow;

/* ---- users ----------------------------------------------------------------------------------- */

enum {
    /* After a connection could not be made a user of a closed flow waits so long: the flow has no
     * pace of its own, and a dead target would otherwise be asked as often as the core can. */
    USER_BACKOFF_MS = 10,
    /* An iteration in which nothing took time is followed by a pause, so that the loop turns. */
    USER_IDLE_MS = 1,
    USER_STEPS_MAX = 10000, /* without anything that takes time, at one go */
};

enum user_state { USER_FREE, USER_PAUSED, USER_BUSY };

struct user {
    struct flow *flow;
    uint32_t index;      /* in its flow and worker */
    uint64_t iterations; /* begun */
    enum user_state state;
    size_t step; /* the next one */
    struct exchange exchange;
    struct alarm wake; /* the end of a pause */
    uint64_t wake_ns;  /* when it was planned */
    bool backing_off;
    bool took_time; /* something in this iteration did */
    struct vars vars;
    struct buf request;             /* the bytes of one that varies, while it is under way */
    struct http1_kept kept;         /* of an answer that is looked into */
    uint64_t begun_ns;              /* this iteration */
    uint32_t turns[PLAN_DEPTH_MAX]; /* of the loops it is in */
    struct user *next_free;
    struct conn conns[]; /* one an origin */
};

struct user *user_new(struct flow *flow, uint32_t index);
void user_free(struct user *u);
/* Through the steps once; then flow_user_done. The first request was planned for `planned_ns`. */
void user_begin(struct user *u, uint64_t planned_ns, uint64_t now_ns);
/* No further step; a pause ends at once, a request in flight is awaited. */
void user_wind_up(struct user *u);

/* ---- flows ----------------------------------------------------------------------------------- */

struct flow {
    struct engine *engine;
    const struct plan_flow *plan;
    const struct plan_load *load; /* the planned one, or `changed` */
    struct plan_load changed;
    struct prepared *requests; /* by step; only those of requests are filled */
    struct user **users;       /* made so far */
    uint32_t user_count, user_cap;
    uint32_t user_max; /* this worker's share */
    uint32_t active;   /* users that are not free */
    struct alarm alarm;
    struct alarm end;
    bool ended;   /* begins nothing more */
    bool used_up; /* there are no more rows for it */
    /* closed */
    uint32_t wanted;
    uint64_t taken;   /* iterations begun */
    uint64_t quota;   /* this worker's share of all iterations */
    uint32_t through; /* users that have done their own iterations */
    /* open: arrivals of this worker are numbered by `k`; k is arrival worker + k * workers */
    uint64_t due;    /* k of the next one to come due */
    uint64_t due_ns; /* its instant; UINT64_MAX: there is none */
    uint64_t begun;  /* k of the next one to begin: those between wait for a user */
    struct user *free_first, *free_last;
};

void flow_init(struct flow *f, struct engine *e, const struct plan_flow *plan);
void flow_fini(struct flow *f);
void flow_start(struct flow *f);
/* The level was changed, now or for an instant that comes. */
void flow_change(struct flow *f);
/* Begins nothing more; arrivals that still wait are dropped. */
void flow_end(struct flow *f);
/* There is no row of data for this user any more: it goes, and the flow ends with its last one. */
void flow_user_out(struct flow *f, struct user *u);
void flow_user_done(struct flow *f, struct user *u, uint64_t now_ns);

/* ---- the worker ------------------------------------------------------------------------------ */

struct engine {
    uv_loop_t loop;
    struct clock *clock;
    struct link link;
    struct pacer pacer;
    struct plan *plan;
    uint32_t worker, workers;
    struct conn_shared shared;
    struct origin *origins;
    struct meter meter;
    uint8_t *samples_sent; /* by name and error kind */
    struct flow *flows;
    struct rng rng;
    struct eval eval;
    struct buf frames; /* to be sent */
    uint64_t start_ns;
    uint64_t start_wall_ns;      /* the same instant as it was agreed */
    struct plan_change *changes; /* of the level */
    size_t change_count;
    uint32_t second; /* of the next tick */
    struct alarm tick;
    struct alarm drain;   /* the end of waiting for what is in flight */
    uint32_t in_flight;   /* requests */
    uint64_t load_end_ns; /* when the last flow ended, of those that have */
    bool started, stopped, over, link_broken;
    bool said_done; /* the last frame was sent */
    int exit_code;
};

/* A request is over: counted, and shown as a sample when it failed. */
void engine_exchange_done(struct engine *e, const struct exchange *x, struct meter_outcome outcome,
                          const char *why, const struct conn *conn, uint64_t now_ns);
/* Something has ended that may have been the last. */
void engine_check_over(struct engine *e);

#endif
