/* hist: the counters themselves: where a value is counted, how the range grows, how two become one.
 * What is read from them is in stats.c; the public encodings are in encode.c and decode.c.
 */
#include <stdlib.h>
#include <string.h>

#include "squall/hist.h"

enum { HIST_FIRST_SPAN = 64 };

_Static_assert(HIST_COUNTERS % HIST_FIRST_SPAN == 0, "a first range ends within the counters");

static void set_empty(struct hist *h)
{
    h->low = UINT32_MAX;
    h->high = 0;
    h->total = 0;
    h->min_us = UINT64_MAX;
    h->max_us = 0;
}

void hist_init(struct hist *h)
{
    *h = (struct hist){0};
    set_empty(h);
}

void hist_fini(struct hist *h)
{
    free(h->counts);
    hist_init(h);
}

void hist_clear(struct hist *h)
{
    if (h->low <= h->high)
        memset(h->counts + (h->low - h->first), 0, (h->high - h->low + 1) * sizeof h->counts[0]);
    set_empty(h);
}

uint32_t hist_index(uint64_t us)
{
    return hist_index_inline(us < HIST_MAX_US ? us : HIST_MAX_US);
}

/* Bits by which the values of a counter are wider than 1 us. */
static uint32_t width_bits(uint32_t index)
{
    return index < HIST_SUB_BUCKETS ? 0 : (index >> HIST_SUB_BUCKET_HALF_BITS) - 1;
}

uint64_t hist_index_low_us(uint32_t index)
{
    uint32_t bits = width_bits(index);
    return ((uint64_t)index - ((uint64_t)bits << HIST_SUB_BUCKET_HALF_BITS)) << bits;
}

uint64_t hist_index_high_us(uint32_t index)
{
    return hist_index_low_us(index) + (UINT64_C(1) << width_bits(index)) - 1;
}

/* Half as much again to the side that was too short, so that a value is moved a few times at most
 * however the range came to its width. */
void hist_grow(struct hist *h, uint32_t index)
{
    uint32_t first = h->first, end = h->first + h->span;
    uint32_t more = h->span / 2;
    if (h->span == 0) {
        first = index / HIST_FIRST_SPAN * HIST_FIRST_SPAN;
        end = first + HIST_FIRST_SPAN;
    } else if (index < first) {
        first = first > more ? first - more : 0;
        first = first < index ? first : index;
    } else if (index >= end) {
        end = end + more < HIST_COUNTERS ? end + more : HIST_COUNTERS;
        end = end > index ? end : index + 1;
    } else {
        return;
    }
    uint64_t *counts = mem_alloc((end - first) * sizeof counts[0]);
    if (h->span > 0)
        memcpy(counts + (h->first - first), h->counts, h->span * sizeof counts[0]);
    free(h->counts);
    h->counts = counts;
    h->first = first;
    h->span = end - first;
}

void hist_merge(struct hist *into, const struct hist *from)
{
    if (from->low > from->high)
        return;
    hist_grow(into, from->low);
    hist_grow(into, from->high);
    uint64_t *to = into->counts + (from->low - into->first);
    const uint64_t *counts = from->counts + (from->low - from->first);
    uint32_t n = from->high - from->low + 1;
    for (uint32_t i = 0; i < n; i++)
        to[i] += counts[i];
    into->total += from->total;
    if (from->low < into->low)
        into->low = from->low;
    if (from->high > into->high)
        into->high = from->high;
    if (from->min_us < into->min_us)
        into->min_us = from->min_us;
    if (from->max_us > into->max_us)
        into->max_us = from->max_us;
}

void hist_subtract(struct hist *from, const struct hist *part)
{
    if (part->low > part->high)
        return;
    for (uint32_t i = part->low; i <= part->high; i++) {
        if (i - from->first >= from->span)
            continue;
        uint64_t *count = &from->counts[i - from->first];
        uint64_t taken = part->counts[i - part->first];
        taken = taken < *count ? taken : *count;
        *count -= taken;
        from->total -= taken;
    }
    if (from->total == 0) {
        set_empty(from); /* all counters in use are 0 */
        return;
    }
    while (from->counts[from->low - from->first] == 0)
        from->low++;
    while (from->counts[from->high - from->first] == 0)
        from->high--;
    if (from->min_us < hist_index_low_us(from->low))
        from->min_us = hist_index_low_us(from->low);
    if (from->max_us > hist_index_high_us(from->high))
        from->max_us = hist_index_high_us(from->high);
}
