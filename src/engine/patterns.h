/* patterns: the plan's regular expressions, compiled for this machine. */
#ifndef ENGINE_PATTERNS_H
#define ENGINE_PATTERNS_H

#include "squall/plan.h"

enum { PATTERNS_STEPS_MAX = 1000000 }; /* of one match: an expression may backtrack without end */

struct patterns;

struct patterns *patterns_new(const struct plan *plan);
void patterns_free(struct patterns *p);
/* 1 and the group's text, inside `subject`; 0 when it does not match, or the group is not part of
 * the match; -EOVERFLOW when it was given up. */
int patterns_find(struct patterns *p, uint32_t id, struct str subject, unsigned group,
                  struct str *found);

#endif
