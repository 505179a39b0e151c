/* h2_priv: what the files of h2 share: a session. */
#ifndef ENGINE_H2_PRIV_H
#define ENGINE_H2_PRIV_H

#include "conn_priv.h"
#include "h2.h"

struct h2 {
    nghttp2_session *ng;
    struct h2_shared *shared;
    struct h2_pool *pool;
    struct watch *watch;
    SSL *ssl;
    struct h2_conns active; /* conns with a stream, oldest first */
    uint32_t attached;      /* conns that belong to it */
    uint32_t limit;         /* of these */
    bool dead;              /* without a socket; freed when the last conn has left */
    bool draining;          /* takes no more requests */
    bool roomy, dirty;      /* is in that list */
    bool served;            /* has carried a response */
    unsigned busy;          /* calls under way that look at it afterwards */
    struct buf rest;        /* collected, and not yet taken by the kernel */
    size_t rest_sent;
    uint64_t now_ns;              /* when the present read or write began */
    uint64_t loose_in, loose_out; /* bytes of no stream: charged to the next response */
    char why[H2_WHY_SIZE];        /* what the server did wrong, or said in its GOAWAY */
    bool broken;                  /* `why` is a breach of the protocol */
    TAILQ_ENTRY(h2) roomy_link, dirty_link;
};

/* Takes over the socket of `c`, which is attached to it. NULL when out of memory. */
struct h2 *h2_new(struct conn *c);
void h2_attach(struct conn *c, struct h2 *h);
/* Sends the request of `c`, which is attached. */
void h2_submit(struct conn *c, uint64_t now_ns);
/* The request was not looked at by the server: sent again, on another connection if need be. */
void h2_again(struct conn *c, const char *why);
/* The stream of `c` is over and out of the list. */
void h2_unlink(struct conn *c);
/* Counts the room anew. */
void h2_update_room(struct h2 *h);
void h2_mark_dirty(struct h2 *h);
/* The connection is no more: so are its streams. */
void h2_lose(struct h2 *h, enum wire_error kind, const char *why);
/* No more requests on it. */
void h2_drain(struct h2 *h);

/* h2_events */
nghttp2_session_callbacks *h2_callbacks_new(void);
ssize_t h2_read_body(nghttp2_session *ng, int32_t id, uint8_t *into, size_t size, uint32_t *flags,
                     nghttp2_data_source *source, void *session);

#endif
