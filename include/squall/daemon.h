/* daemon: `squalld serve`: the HTTP API, the live streams, the dashboard's files, and the runs that
 * are under way. One process on one libuv loop. Owns HTTP (status codes, headers, limits of
 * requests) and the configuration; SQL is the store's, the life of a run is run's.
 */
#ifndef SQUALL_DAEMON_H
#define SQUALL_DAEMON_H

#include "squall/base.h"

enum {
    DAEMON_PORT_DEFAULT = 8080, /* `squalld target` has 8081 */
    DAEMON_CONFIG_FILE_MAX = 1 << 20,
    DAEMON_CONFIG_PROBLEMS_MAX = 64 << 10, /* bytes of text */
};

#define DAEMON_CONFIG_FILE_DEFAULT "/etc/squall/squalld.conf"

/* ---- configuration ---------------------------------------------------------------------------
 * One table in src/daemon/config.c has every key: its type, default, bounds and explanation. A key
 * `max_live_runs` is a line `max_live_runs = 8` in the file, SQUALL_MAX_LIVE_RUNS in the
 * environment and --max-live-runs on the command line; the later ones prevail.
 */
struct daemon_config {
    char *listen;
    uint64_t port;
    bool allow_remote;
    char *allowed_hosts;
    char *data_dir;
    bool data_dir_is_default;
    uint64_t log_level;  /* enum log_level */
    uint64_t log_format; /* enum log_format */
    uint64_t max_body;   /* bytes */
    uint64_t max_connections;
    uint64_t max_live_runs;
    uint64_t max_parallel_runs;
    uint64_t max_workers;
    uint64_t max_live_streams;
    uint64_t idle_timeout_ns;
    uint64_t stop_timeout_ns;
};

/* What the command line says: --max-live-runs 8. */
struct daemon_flag {
    const char *name;  /* without the dashes before it */
    const char *value; /* NULL: a switch */
};

struct daemon_config_sources {
    const char *file; /* NULL: SQUALL_CONFIG, else DAEMON_CONFIG_FILE_DEFAULT if it is there */
    char *const *env; /* "NAME=value", ended by NULL */
    const struct daemon_flag *flags;
    size_t flag_count;
};

/* Defaults, then file, environment and flags, then what must hold between them. On -EINVAL
 * `problems` has a line for every mistake, each with its place and what would be right. `config` is
 * to be finished in either case. */
int daemon_config_load(struct daemon_config *config, const struct daemon_config_sources *sources,
                       struct buf *problems);
void daemon_config_fini(struct daemon_config *config);

/* A key as --help tells of it. */
struct daemon_key {
    const char *name;     /* max_live_runs */
    const char *value;    /* what its value is called; NULL: a switch, false when not given */
    const char *fallback; /* its default */
    const char *help;
};
/* The keys in the table's order; false beyond the last. */
bool daemon_config_key(size_t i, struct daemon_key *out);

/* ---- the daemon ------------------------------------------------------------------------------ */

/* Prints "listening on URL" on stdout once requests are answered, serves until SIGINT or SIGTERM,
 * ends the live runs and returns 0; or negative when it could not start. */
int daemon_serve(const struct daemon_config *config, struct err *e);

#endif
