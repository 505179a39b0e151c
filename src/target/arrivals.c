/* arrivals: see arrivals.h. */
#include "arrivals.h"

#include <math.h>
#include <stdlib.h>

/* Zeroed memory of this size is the kernel's own: pages cost nothing until arrivals touch them. */
void target_arrivals_init(struct target_arrivals *a, uint64_t max)
{
    *a = (struct target_arrivals){.max = max};
    if (max > 0) {
        a->at_ns = mem_alloc(max * sizeof *a->at_ns);
        a->path = mem_alloc(max * sizeof *a->path);
    }
}

void target_arrivals_fini(struct target_arrivals *a)
{
    free(a->at_ns);
    free(a->path);
}

static void measure_gaps(const uint64_t *at_ns, size_t count, struct target_evenness *out)
{
    double gaps = (double)(count - 1);
    double mean = (double)(at_ns[count - 1] - at_ns[0]) / gaps;
    double squares = 0;
    size_t close = 0;
    for (size_t i = 1; i < count; i++) {
        uint64_t gap_ns = at_ns[i] - at_ns[i - 1];
        double off = (double)gap_ns - mean;
        squares += off * off;
        close += gap_ns < TARGET_BACK_TO_BACK_NS;
        out->gap_longest_ns = fmax(out->gap_longest_ns, (double)gap_ns);
    }
    out->rate_per_s = (double)NS_PER_S / mean;
    out->gap_cv = sqrt(squares / gaps) / mean;
    out->back_to_back = (double)close / gaps;
}

/* Both coordinates from their middle, so that the sums keep their precision. */
static void measure_schedule(const uint64_t *at_ns, size_t count, struct target_evenness *out)
{
    double n = (double)count;
    double middle = (n - 1) / 2;
    double mean = 0, slope = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        mean += (double)(at_ns[i] - at_ns[0]) / n;
    for (size_t i = 0; i < count; i++)
        slope += ((double)i - middle) * ((double)(at_ns[i] - at_ns[0]) - mean);
    slope /= n * (n * n - 1) / 12;
    for (size_t i = 0; i < count; i++) {
        double off = (double)(at_ns[i] - at_ns[0]) - mean - slope * ((double)i - middle);
        squares += off * off;
        out->off_longest_ns = fmax(out->off_longest_ns, fabs(off));
    }
    out->off_rms_ns = sqrt(squares / n);
}

bool target_evenness_of(const uint64_t *at_ns, size_t count, struct target_evenness *out)
{
    *out = (struct target_evenness){0};
    if (count < 3 || at_ns[count - 1] == at_ns[0])
        return false;
    measure_gaps(at_ns, count, out);
    measure_schedule(at_ns, count, out);
    return true;
}
