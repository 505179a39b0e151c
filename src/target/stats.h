/* stats: what the server counts about itself, as JSON for tests and as text for people. */
#ifndef SQUALL_TARGET_STATS_H
#define SQUALL_TARGET_STATS_H

#include "arrivals.h"
#include "squall/target.h"

enum {
    TARGET_PATHS_MAX = 1000, /* told apart; further ones are counted together as "(other)" */
    TARGET_PATH_SLOTS = 4096,
    TARGET_PATH_TEXT_MAX = 512, /* bytes; a longer one is counted as "(other)" */
    TARGET_STATS_TEXT_MAX = 4 << 20,
};

struct target_path {
    struct str text; /* owned */
    uint64_t requests;
};

struct target_stats {
    uint64_t requests; /* whole heads that arrived, control paths left out */
    uint64_t refused;  /* as malformed or too long */
    uint64_t faulted;  /* of the requests, those that a fault left without a whole answer */
    uint64_t first_ns, last_ns;
    uint64_t accepted, open; /* connections */
    uint64_t freezes;        /* that met any event */
    uint64_t status[TARGET_STATUS_MAX + 1];
    struct target_path paths[TARGET_PATHS_MAX + 1]; /* 0: other */
    size_t path_count;
    uint16_t slots[TARGET_PATH_SLOTS]; /* hash to index in paths; 0: free */
    struct target_arrivals arrivals;
};

struct target_stats *target_stats_new(uint64_t log_max);
void target_stats_free(struct target_stats *s);
/* All but the connections, which are still there. */
void target_stats_forget(struct target_stats *s);
void target_stats_arrived(struct target_stats *s, uint64_t at_ns, struct str path);

/* Appends one JSON object. */
void target_stats_json(const struct target_stats *s, uint64_t now_ns, struct buf *out);
/* Appends "INSTANT PATH" lines, the instants in ns of CLOCK_MONOTONIC: at most
 * TARGET_ARRIVALS_PAGE, without the first `since`. */
void target_stats_arrivals(const struct target_stats *s, uint64_t since, struct buf *out);
/* Appends the summary at the end, some lines of text. */
void target_stats_summary(const struct target_stats *s, struct buf *out);

#endif
