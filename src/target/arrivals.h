/* arrivals: the log of arrival instants, and what it shows about how evenly they came. */
#ifndef SQUALL_TARGET_ARRIVALS_H
#define SQUALL_TARGET_ARRIVALS_H

#include "squall/base.h"

#define TARGET_BACK_TO_BACK_NS (10 * NS_PER_US) /* a shorter gap is none that a pacer meant */

enum { TARGET_ARRIVALS_PAGE = 100000 }; /* lines in one answer */

struct target_arrivals {
    uint64_t *at_ns; /* CLOCK_MONOTONIC, rising; NULL: no log is kept */
    uint16_t *path;
    uint64_t count;
    uint64_t max;
    uint64_t beyond; /* came when the log was full */
};

void target_arrivals_init(struct target_arrivals *a, uint64_t max); /* 0: no log */
void target_arrivals_fini(struct target_arrivals *a);

static inline void target_arrivals_add(struct target_arrivals *a, uint64_t at_ns, uint16_t path)
{
    if (a->count == a->max) {
        a->beyond++;
        return;
    }
    a->at_ns[a->count] = at_ns;
    a->path[a->count++] = path;
}

struct target_evenness {
    double rate_per_s;   /* of count - 1 gaps between the first and the last */
    double gap_cv;       /* standard deviation of the gaps over their mean: a metronome has 0,
                            arrivals that know nothing of each other have 1 */
    double back_to_back; /* share of gaps under TARGET_BACK_TO_BACK_NS */
    double gap_longest_ns;
    double off_rms_ns; /* distance of arrival i from the line through all (i, instant), by
                          least squares */
    double off_longest_ns;
};

/* False with fewer than three arrivals or no time between them: nothing can be said. */
bool target_evenness_of(const uint64_t *at_ns, size_t count, struct target_evenness *out);

#endif
