/* conn: one connection: reads requests, waits out their delay, sends what respond made of them. */
#ifndef SQUALL_TARGET_CONN_H
#define SQUALL_TARGET_CONN_H

#include "body.h"
#include "io.h"
#include "output.h"
#include "route.h"
#include "server.h"

/*            ┌──────────────────────────────────────────────┐
 *            v                                              │
 *   open -> HEAD -> BODY -> DELAY -> (respond) -> SEND ─────┤
 *            │       │                 │ │ │        ^       v
 *            └───────┴─ (refuse) ──────│─│─│────────┤     ENDING -> LINGER -> closed
 *                                      │ │ └ DRIBBLE┘       │
 *                                      │ └ SILENT           └-> closed
 *                                      └ RESET
 * GONE: the other side has left, or must. */
enum target_conn_state {
    TARGET_CONN_HEAD,
    TARGET_CONN_BODY,
    TARGET_CONN_DELAY,   /* the request is whole, its answer due later */
    TARGET_CONN_DRIBBLE, /* the head goes out byte by byte */
    TARGET_CONN_SEND,    /* `output` has more */
    TARGET_CONN_ENDING,  /* nothing more will be made; what there is goes out */
    TARGET_CONN_LINGER,  /* reads on, so that no reset overtakes the answer */
    TARGET_CONN_SILENT,  /* never answers */
    TARGET_CONN_RESET,
    TARGET_CONN_GONE,
};

struct target_conn {
    struct target_server *server;
    struct target_conn *next, **link; /* in the server's list */
    struct target_io io;
    enum target_conn_state state;
    uint32_t interest; /* what epoll watches for */
    struct target_timer timer;
    uint64_t event_ns; /* when the bytes in hand were read */

    /* the request in hand */
    struct target_order order;
    struct target_body body;
    bool http_1_0;
    bool head_only;
    bool closing; /* the connection, after this answer */
    bool abrupt;  /* without a word of TLS */
    bool unread;  /* the request was refused in its middle */

    struct target_output output;
    size_t dribbled; /* bytes of the head, which is then in `kept` */

    struct buf in;   /* read, and not yet taken as a request */
    struct buf out;  /* what the socket did not take */
    struct buf head; /* a copy of the head, for /echo?as=json */
    struct buf kept; /* the body of an answer that is not the usual text */
};

void target_conn_open(struct target_server *s, int fd);
void target_conn_event(struct target_conn *c, uint32_t events);
/* Its timer is due. */
void target_conn_due(struct target_conn *c);
void target_conn_close(struct target_conn *c);

#endif
