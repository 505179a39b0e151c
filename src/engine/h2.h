/* h2: HTTP/2 beneath conn. A session is one connection, shared by up to `streams` conns of this
 * worker to the same origin; each of them has one stream at a time on it. Which session a conn
 * belongs to is decided when it begins an exchange, and stays so as long as the session lives:
 *
 *   conn_exchange -> h2_begin -> attached already, or a session with room: a stream
 *                             -> a connection is being opened with room to spare: waits for it
 *                             -> else opens one itself, by the same way as for HTTP/1.1
 * (conn_open), and h2_opened makes a session of it
 *
 * The exchange that opened the connection is charged with its phases; those that waited have the
 * time in their latency. Frames of all streams are collected and written once a turn of the loop.
 */
#ifndef ENGINE_H2_H
#define ENGINE_H2_H

#include <nghttp2/nghttp2.h>
#include <sys/queue.h>

#include "squall/base.h"
#include "squall/plan.h"

enum {
    H2_HEAD_MAX = 64 << 10,      /* bytes of a response's header fields, its trailers too */
    H2_OUT_SIZE = 64 << 10,      /* bytes collected for one write */
    H2_FRAME_MAX = 16393,        /* bytes of one frame that we send: RFC 9113, 4.2 */
    H2_AGAIN_MAX = 5,            /* times that a refused request is sent again */
    H2_STREAM_WINDOW = 16 << 20, /* nothing is kept of a body: no need to hold back the server */
    H2_SESSION_WINDOW = 1 << 30,
    H2_WHY_SIZE = 160,
};

struct conn;
struct conn_shared;
struct conn_failure;
struct exchange;
struct h2;

TAILQ_HEAD(h2_conns, conn);
TAILQ_HEAD(h2_sessions, h2);

/* A conn's part in it. */
struct h2_stream {
    struct h2 *session; /* attached to; NULL: none */
    int32_t id;         /* 0: no request is under way */
    unsigned status;
    size_t head_bytes;
    struct str body;        /* of the request */
    bool head_done;         /* what comes now are trailers */
    bool opening;           /* the connection that it opens may become a session */
    bool waiting;           /* for another's */
    bool reset;             /* by the server */
    bool too_large;         /* its head */
    bool keep_text;         /* the response is not as expected, and is kept for a sample */
    TAILQ_ENTRY(conn) link; /* among the active of the session, or those that wait */
};

/* ---- the head of a request ------------------------------------------------------------------- */
struct h2_head {
    nghttp2_nv *fields;
    size_t count, cap;
    char *names; /* their memory; NULL: they are in the request */
    struct str body;
};

/* Pseudo-headers first, without what HTTP/2 forbids (RFC 9113, 8.2.2). Refers to `request`, the
 * text as HTTP/1.1 has it. Names are as they stand there: nghttp2 lower-cases those that it
 * copies. */
void h2_head_fill(struct h2_head *head, bool tls, struct str request, uint8_t flags);
void h2_head_fini(struct h2_head *head);
/* The same for a request that is always the same: lower-cased, and not copied any more. */
struct h2_head *h2_head_new(bool tls, struct str request);
void h2_head_free(struct h2_head *head);
/* As a person reads it; the body too. */
void h2_head_text(const struct h2_head *head, struct buf *out);

/* ---- sessions -------------------------------------------------------------------------------- */
/* The sessions of one origin. */
struct h2_pool {
    bool off;          /* HTTP/1.1 is spoken there by decision */
    bool http1;        /* the server has said that it does not speak HTTP/2 */
    uint32_t streams;  /* conns that share a session */
    uint32_t openings; /* connections that are being opened */
    uint32_t waiting_count;
    struct h2_conns waiting;
    struct h2_sessions roomy; /* sessions with room for one more */
};

/* Small pieces that nghttp2 has given back, by size. */
enum { H2_MEM_STEP = 16, H2_MEM_CLASSES = 33 };

union h2_piece;

struct h2_mem {
    nghttp2_mem calls;
    union h2_piece *free[H2_MEM_CLASSES];
};

void h2_mem_init(struct h2_mem *m);
/* When all has been given back. */
void h2_mem_fini(struct h2_mem *m);

struct h2_shared {
    struct h2_mem mem;
    struct conn_shared *conns;
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *options;
    struct h2_pool *pools;    /* by origin */
    struct h2_sessions dirty; /* with something to write */
    uint8_t *out;
    struct h2_head head; /* of a request that varies, while it is submitted */
};

/* NULL when the plan has no origin that may speak HTTP/2. */
struct h2_shared *h2_shared_new(struct conn_shared *conns, const struct plan *plan);
/* After all conns. */
void h2_shared_free(struct h2_shared *s);
/* Writes what has been collected; before the loop sleeps. */
void h2_flush_all(struct h2_shared *s);

/* ---- what conn calls ------------------------------------------------------------------------- */
/* NULL: HTTP/1.1. */
struct h2_pool *h2_pool_of(struct h2_shared *s, size_t origin_id);
/* The exchange of `c` finds its way: a stream, a wait, or a connection of its own. */
void h2_begin(struct conn *c, uint64_t now_ns);
/* The connection of `c` is ready. True when it has become a session, and the request is on its
 * way (or the failure); false: HTTP/1.1 was agreed on. */
bool h2_opened(struct conn *c, uint64_t now_ns);
/* The connection that `c` opened did not come to be: those that cannot wait for another fail too.
 */
void h2_opening_failed(struct h2_pool *pool, const struct conn_failure *failure, uint64_t now_ns);
/* `c` gives up what it does: resets its stream, leaves the queue. */
void h2_abandon(struct conn *c);
/* And leaves its session. */
void h2_detach(struct conn *c);

#endif
