/* exchange: one request and its response under way, with the instants of its phases. Owned by the
 * virtual user that sends it; written by its connection, read by the meter.
 */
#ifndef ENGINE_EXCHANGE_H
#define ENGINE_EXCHANGE_H

#include "http1.h"
#include "squall/plan.h"
#include "squall/wire.h"

struct prepared_parts; /* of a request that varies */

/* A request as it goes over the wire, laid out once when the plan is loaded. */
struct prepared {
    const struct plan_request *plan;
    struct str bytes;             /* empty when it varies */
    struct prepared_parts *parts; /* NULL: the request is always the same */
    struct http1_memo *memo;
    bool looks;         /* the answer is looked into */
    struct h2_head *h2; /* NULL when HTTP/2 is not spoken, or it varies */
    bool is_head;       /* the method is HEAD: no body follows */
    bool idempotent; /* may be sent again when its connection turns out to be dead (RFC 9110, 9.2.2)
                      */
};

/* Instants are of the monotonic clock, in ns; 0: not reached. */
struct exchange {
    const struct prepared *request;
    struct str bytes;        /* of the request: as prepared, or filled in for this time */
    struct http1_kept *kept; /* of the answer; NULL: nobody looks into it */
    uint64_t planned_ns;
    uint64_t begun_ns;      /* the connection was asked for */
    uint64_t sent_ns;       /* the first byte was given to the kernel */
    uint64_t sent_all_ns;   /* the last one was */
    uint64_t first_byte_ns; /* of the response */
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t phase_ns[WIRE_METRIC_COUNT]; /* of dns, connect and tls, as far as `phases` has them */
    unsigned phases;                      /* bit 1 << metric: it took place */
    bool retried;
    bool http2;       /* sent over HTTP/2 */
    uint8_t refusals; /* times that it was sent again since the server did not look at it */
};

static inline void exchange_set_phase(struct exchange *x, enum wire_metric metric, uint64_t ns)
{
    x->phase_ns[metric] = ns;
    x->phases |= 1U << metric;
}

static inline void exchange_begin(struct exchange *x, const struct prepared *request,
                                  uint64_t planned_ns, uint64_t now_ns)
{
    x->request = request;
    x->bytes = request->bytes;
    x->kept = NULL;
    x->planned_ns = planned_ns;
    x->begun_ns = now_ns;
    x->sent_ns = 0;
    x->sent_all_ns = 0;
    x->first_byte_ns = 0;
    x->bytes_in = 0;
    x->bytes_out = 0;
    x->phases = 0;
    x->retried = false;
    x->http2 = false;
    x->refusals = 0;
}

/* Lays out the bytes of `plan`, which must outlive it. */
void prepared_init(struct prepared *p, const struct plan *plan, const struct plan_request *request);
void prepared_fini(struct prepared *p);

struct eval;
struct vars;
/* The bytes of a request that varies, for a user with these variables. -EINVAL when a value would
 * break the request, -EMSGSIZE when it is too long; *why then says so. */
int prepared_fill(const struct prepared *p, struct eval *e, const struct vars *v, struct buf *out,
                  const char **why);

#endif
