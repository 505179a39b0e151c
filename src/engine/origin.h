/* origin: where connections to one scheme, host and port go: its addresses. Names are resolved by
 * libuv's threads, never on the loop, and again in the background when the answer has become old.
 */
#ifndef ENGINE_ORIGIN_H
#define ENGINE_ORIGIN_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <uv.h>

#include "squall/base.h"
#include "squall/plan.h"

enum {
    ORIGIN_ADDRESSES_MAX = 16,
    ORIGIN_FRESH_S = 30, /* a resolved name is asked for again after so long */
};

/* Somebody who waits for the addresses. */
struct origin_waiter {
    /* `failure` is NULL when there are addresses now, else a sentence. */
    void (*resolved)(struct origin_waiter *w, const char *failure);
    struct origin_waiter *next, **previous; /* in the list; previous is NULL: not waiting */
};

struct origin {
    uv_loop_t *loop;
    struct clock *clock;
    char *host;
    char port[6];
    bool literal;      /* an address, not a name: never resolved again */
    bool is_unix;      /* a socket of the file system, not TCP */
    struct str tunnel; /* what to ask a proxy first; empty: nothing */
    bool asking;
    uint64_t resolved_ns;
    struct sockaddr_storage addresses[ORIGIN_ADDRESSES_MAX];
    size_t address_count;
    size_t preferred; /* the address that the latest connection succeeded with */
    uv_getaddrinfo_t request;
    SSL_SESSION *session; /* the latest of HTTP/2, where sessions are resumed */
    struct origin_waiter *waiters;
};

void origin_init(struct origin *o, const struct plan *plan, const struct plan_origin *from,
                 uv_loop_t *loop, struct clock *clock);
/* Not while it is `asking`. */
void origin_fini(struct origin *o);

/* True when there are addresses (and refreshes old ones in the background). False: `w` is told
 * later, never from inside. */
bool origin_ready(struct origin *o, struct origin_waiter *w);
void origin_forget(struct origin_waiter *w);

#endif
