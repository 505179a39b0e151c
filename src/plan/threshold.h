/* threshold: what the two files of thresholds share. */
#ifndef PLAN_THRESHOLD_H
#define PLAN_THRESHOLD_H

#include "plan_priv.h"

/* Fills in what the text says: metric, statistic, comparison, limit, unit and name; `name` is the
 * one that stands beside it, if its ptr is not NULL. -ENOENT when no request has the name. */
int threshold_parse(struct plan *plan, struct str text, struct str name, struct plan_threshold *out,
                    struct err *e);

#endif
