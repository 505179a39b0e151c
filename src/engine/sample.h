/* sample: a failed request as a frame. */
#ifndef ENGINE_SAMPLE_H
#define ENGINE_SAMPLE_H

#include "conn.h"
#include "meter.h"

/* `why` is a sentence, or NULL when the status was not an expected one. */
void sample_encode(struct buf *out, const struct exchange *x, const struct meter_outcome *outcome,
                   const char *why, const struct conn *conn, uint64_t start_ns, uint64_t now_ns);

#endif
