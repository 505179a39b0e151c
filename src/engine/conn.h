/* conn: a virtual user's way to one origin: resolves, connects, shakes hands, sends one request at
 * a time and reads its response, within the deadlines of each phase. Opens a new connection when
 * the old one cannot be used any more. Decides nothing about what comes next.
 *
 *   CLOSED -> RESOLVING -> CONNECTING -> HANDSHAKING -> SENDING -> RECEIVING -> IDLE -> SENDING ...
 *
 * From any state a failure leads to CLOSED, and so does a response after which the connection
 * cannot be used again. Over HTTP/2 a conn has no socket of its own but a stream of a session
 * (h2.h) from SENDING to CLOSED, and may be WAITING for one.
 */
#ifndef ENGINE_CONN_H
#define ENGINE_CONN_H

#include <uv.h>

#include "exchange.h"
#include "h2.h"
#include "http1.h"
#include "meter.h"
#include "origin.h"
#include "pacer.h"
#include "source.h"
#include "tls.h"

enum {
    CONN_SCRATCH = 64 << 10, /* bytes of one read */
    CONN_SKIP_MIN = 8 << 10, /* of a body, from which on the kernel is asked to throw it away */
    CONN_WHY_SIZE = 256,
};

/* What all connections of a worker share. */
struct conn_shared {
    uv_loop_t *loop;
    struct clock *clock;
    struct pacer *pacer;
    const struct plan *plan;
    SSL_CTX *tls; /* NULL: no origin needs it */
    char *scratch;
    uint32_t open;        /* sockets */
    struct h2_shared *h2; /* NULL: only HTTP/1.1 is spoken */
    struct sources sources;
    struct watch **watches; /* by descriptor, as far as one was ever used */
    size_t watch_cap;
};

enum conn_state {
    CONN_CLOSED,
    CONN_WAITING, /* for a connection that another conn opens: HTTP/2 */
    CONN_RESOLVING,
    CONN_CONNECTING,
    CONN_TUNNELLING, /* a proxy was asked for the way to the origin */
    CONN_HANDSHAKING,
    CONN_SENDING,
    CONN_RECEIVING,
    CONN_IDLE,
};

struct conn_failure {
    enum wire_error kind;
    bool timed_out;
    char why[CONN_WHY_SIZE]; /* a sentence */
};

struct conn;

/* Exactly one of them is called for each conn_exchange, later, on the loop. */
struct conn_events {
    void (*response)(void *owner, struct conn *conn, unsigned status, uint64_t now_ns);
    void (*failed)(void *owner, struct conn *conn, const struct conn_failure *failure,
                   uint64_t now_ns);
};

struct watch; /* see conn_priv.h */

struct conn {
    struct conn_shared *shared;
    struct origin *origin;
    const struct plan_origin *where;
    struct h2_pool *pool;    /* of the origin's HTTP/2 sessions; NULL: HTTP/1.1 */
    struct h2_stream stream; /* on one of them */
    const struct conn_events *events;
    void *owner;
    enum conn_state state;
    struct watch *watch;
    SSL *ssl;
    SSL_SESSION *session; /* the latest, where sessions are resumed */
    struct exchange *exchange;
    struct http1 parser;
    size_t sent;       /* bytes of the request */
    bool used;         /* has carried a response before */
    size_t tried;      /* addresses */
    uint64_t since_ns; /* the phase began */
    struct origin_waiter waiter;
    struct alarm alarm;
    uint64_t deadline_ns; /* 0: none. The alarm may be set earlier: it is moved when it goes off */
    bool failing;         /* `failure` is to be told by the alarm */
    struct conn_failure failure;
    struct str piece; /* of the response, while it is being read */
    struct buf seen;  /* its beginning, when it came in several; for samples */
};

/* Lets the loop go of what closed connections have left on it. */
void conn_shared_close(struct conn_shared *s);

void conn_init(struct conn *c, struct conn_shared *shared, struct origin *origin,
               const struct plan_origin *where, const struct conn_events *events, void *owner);
void conn_fini(struct conn *c);

/* Sends the request of `x` and reads the response. The connection must not be busy. */
void conn_exchange(struct conn *c, struct exchange *x, uint64_t now_ns);
/* Gives up without telling anybody. */
void conn_close(struct conn *c);

/* What has been read of the present response, or its beginning. Valid inside the events. */
void conn_response_text(const struct conn *c, struct buf *out);

#endif
