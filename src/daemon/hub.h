/* hub: what one run tells those who watch it: a ring of its latest events, written once, read by
 * each watcher at its own place. A watcher that falls behind the ring is cut off; it can come back
 * and get what it missed from the store.
 */
#ifndef DAEMON_HUB_H
#define DAEMON_HUB_H

#include "daemon_priv.h"

enum {
    HUB_EVENTS_MAX = 256,
    HUB_BYTES_MAX = 4 << 20, /* of them together, but the latest is always kept */
    HUB_KEEP_ALIVE_S = 15,
};

struct hub;

/* A place in the ring; a member of whoever watches. */
struct hub_place {
    struct hub *hub;
    struct hub_place *next;
    uint64_t seq; /* of the event that is read next */
    size_t taken; /* bytes of it that were read */
    bool lost;    /* fell behind the ring */
    bool waits;   /* has read all there is, and wants to be woken */
    void (*wake)(struct hub_place *place);
    void (*cut)(struct hub_place *place); /* called once, when it is lost */
};

struct hub *hub_new(struct clock *clock);
/* No event comes any more. Freed once nobody watches. */
void hub_close(struct hub *h);
bool hub_is_closed(const struct hub *h);

bool hub_has_watchers(const struct hub *h);
/* Takes the bytes. */
void hub_publish(struct hub *h, struct buf *event);
/* A comment, when there was no event for HUB_KEEP_ALIVE_S. */
void hub_keep_alive(struct hub *h);

/* From the next event on. */
void hub_watch(struct hub *h, struct hub_place *place);
void hub_leave(struct hub_place *place);
/* Copies what is there; 0: nothing at the moment. */
size_t hub_read(struct hub_place *place, char *out, size_t max);

#endif
