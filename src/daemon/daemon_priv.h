/* daemon_priv: the parts that make up a daemon, as its own files see them. */
#ifndef DAEMON_PRIV_H
#define DAEMON_PRIV_H

#include <uv.h>

#include "squall/daemon.h"
#include "squall/store.h"

struct http;
struct control;
struct janitor;

struct daemon {
    const struct daemon_config *config;
    uv_loop_t loop;
    struct clock *clock;
    struct log log;
    struct store *store;
    struct http *http;
    struct control *control;
    struct janitor *janitor;
    uint64_t started_ns; /* wall */
    uint32_t streams;    /* live streams that are open */
    uint32_t jobs;       /* under way on libuv's pool */
    bool stopping;
};

#endif
