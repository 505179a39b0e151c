/* answer: looks into an answer that was kept: do the checks pass, and what do the captures find? */
#ifndef ENGINE_ANSWER_H
#define ENGINE_ANSWER_H

#include "eval.h"
#include "exchange.h"
#include "meter.h"

/* The checks of `p` but for that of the status, and its captures. What fails first becomes the
 * outcome, unless there is a failure in it already; `why` then says what was there. */
void answer_judge(struct eval *e, struct vars *v, const struct prepared *p,
                  const struct http1_kept *kept, uint64_t latency_ns, struct meter_outcome *outcome,
                  struct buf *why);

/* Does `text` pass? -EOVERFLOW when the expression was given up. */
int answer_matches(struct eval *e, const struct vars *v, const struct plan_match *m,
                   struct str text);

#endif
