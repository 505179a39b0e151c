/* result_priv: what the files of result share: counters, the ring of seconds, and the run's
 * numbers as a whole.
 */
#ifndef RESULT_PRIV_H
#define RESULT_PRIV_H

#include "squall/result.h"

/* Over this share of its core in a second, a worker cannot be trusted to send on time. */
#define RESULT_CPU_BUSY 0.9

/* ---- counters -------------------------------------------------------------------------------- */
void counts_add_tick(struct result_counts *into, const struct wire_request_tick *tick);

/* ---- the ring of open seconds ------------------------------------------------------------------
 * A histogram of a second is some 60 KB as an array and 1 or 2 KB encoded. Only the seconds that
 * were used last are held as arrays; the others are packed, and unpacked when somebody asks.
 */
enum { SECONDS_UNPACKED_MAX = 10 };

struct slot {
    struct result_second second;
    bool used;
    bool packed;
    uint64_t touched; /* when, in calls of seconds_open; the longest ago is packed first */
    struct buf bytes; /* the histograms, while packed */
};

struct seconds {
    struct slot slots[RESULT_OPEN_SECONDS]; /* second s is in s % RESULT_OPEN_SECONDS */
    size_t point_count;
    uint32_t newest;
    bool any;
    uint64_t calls;
    size_t unpacked;
};

void seconds_init(struct seconds *s, size_t point_count);
void seconds_fini(struct seconds *s);
uint32_t seconds_oldest(const struct seconds *s);
/* The second to count for `second`: itself (made when it is newer than all), or the oldest that is
 * open when it is older than that. */
struct result_second *seconds_open(struct seconds *s, uint32_t second);
/* NULL when it is not in the ring. */
struct result_second *seconds_find(struct seconds *s, uint32_t second);
/* The first dirty one up to `last`; NULL: none. */
struct result_second *seconds_dirty(struct seconds *s, uint32_t last);

/* ---- the run --------------------------------------------------------------------------------- */
enum worker_state { WORKER_ALIVE, WORKER_DONE, WORKER_LOST };

struct worker {
    enum worker_state state;
    uint32_t next; /* the second it is to report next: all before were */
    uint64_t elapsed_ns;
};

struct sample {
    struct wire_sample sample; /* its texts are in `texts` */
    char *texts[3];
};

struct result {
    struct str *names;
    size_t name_count;
    struct worker *workers;
    uint32_t worker_count;
    struct result_total *totals; /* by name_id, then all names together */
    struct seconds seconds;
    struct hist send_lag;
    uint32_t warm_up; /* seconds */
    uint64_t arrivals, dropped, late, unfinished;
    double cpu_sum; /* over workers and seconds */
    uint64_t cpu_count;
    uint64_t cpu_busy; /* of these, over RESULT_CPU_BUSY */
    double cpu_max;
    bool stopped;
    struct change {
        uint64_t at_ns;
        double factor;
    } * changes;
    size_t change_count;
    struct sample samples[RESULT_SAMPLES_MAX];
    size_t sample_count;
    struct hist scratch; /* one decoded histogram */
};

/* Sentences about the generator's health, worst first. */
json_t *result_notes(const struct result *r);

#endif
