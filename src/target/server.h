/* server: what all connections share, and the loop they live on. */
#ifndef SQUALL_TARGET_SERVER_H
#define SQUALL_TARGET_SERVER_H

#include <openssl/ssl.h>

#include "squall/target.h"
#include "stats.h"
#include "timers.h"

enum {
    TARGET_IN_SIZE = 64 << 10,
    TARGET_OUT_ENOUGH = 64 << 10, /* with so much to send, it is sent before more is made */
    TARGET_OUT_MAX = 1 << 20,
};

struct target_conn;

struct target_server {
    const struct target_options *options;
    struct clock *clock;
    int epoll_fd, listen_fd, signal_fd;
    bool accepting; /* false while there is no descriptor for one more connection */
    bool stopping;
    SSL_CTX *tls; /* NULL: plain */
    struct target_timers timers;
    struct target_stats *stats;
    struct target_stall stall;
    uint64_t stall_from_ns; /* 0: no request yet */
    struct rng rng;
    struct target_conn *conns; /* all open ones */
    struct buf plain;        /* the whole usual answer to GET /; empty: it takes more than bytes */
    struct buf out;          /* answers of the connection in hand; empty between two of them */
    char in[TARGET_IN_SIZE]; /* what the connection in hand received */
};

/* After a connection has ended: one more may be accepted. */
void target_server_room(struct target_server *s);

#endif
