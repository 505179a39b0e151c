/* hist: HDR histograms of durations, 1 us to 1 h at 3 significant digits, that can be merged.
 *
 * The layout of counters is HdrHistogram's (lowest 1, highest 3,600,000,000, 3 digits: 23,552
 * counters), so the V2 encodings can be read by other people's tools. Percentiles are only ever
 * computed from a merged histogram.
 *
 * Unit: microseconds. Values are recorded from nanoseconds, rounded to the nearest; 0 stays 0,
 * values over 1 h are counted as 1 h.
 */
#ifndef SQUALL_HIST_H
#define SQUALL_HIST_H

#include "squall/base.h"

enum {
    HIST_SUB_BUCKETS = 2048,
    HIST_SUB_BUCKET_HALF = 1024,
    HIST_SUB_BUCKET_HALF_BITS = 10,
    HIST_BUCKETS = 22,
    HIST_COUNTERS = (HIST_BUCKETS + 1) * HIST_SUB_BUCKET_HALF, /* 23,552 */
};
#define HIST_MAX_US UINT64_C(3600000000)

/* Counters are held for the index range [first, first + span) that was used, and grow to both
 * sides; an empty histogram holds none. `low`..`high` bound the non-zero ones. */
struct hist {
    uint64_t *counts; /* counts[i - first] is the counter of index i */
    uint32_t first;
    uint32_t span;
    uint32_t low; /* smallest and largest index that was recorded; UINT32_MAX and 0 when empty */
    uint32_t high;
    uint64_t total;
    uint64_t min_us; /* exact extremes, UINT64_MAX and 0 when empty */
    uint64_t max_us;
};

void hist_init(struct hist *h); /* empty, no memory */
void hist_fini(struct hist *h);
void hist_clear(struct hist *h); /* empty, memory kept; cost follows the range in use */

/* Counter index of a value, and the smallest and largest value that share a counter. */
uint32_t hist_index(uint64_t us);
uint64_t hist_index_low_us(uint32_t index);
uint64_t hist_index_high_us(uint32_t index);

void hist_grow(struct hist *h, uint32_t index); /* makes room for one index; used by the next */

static inline uint32_t hist_index_inline(uint64_t us)
{
    /* HdrHistogram: bucket = position of the leading bit above the sub-bucket bits. */
    unsigned bucket =
        (unsigned)(63 - __builtin_clzll(us | (HIST_SUB_BUCKETS - 1))) - HIST_SUB_BUCKET_HALF_BITS;
    return (uint32_t)((bucket << HIST_SUB_BUCKET_HALF_BITS) + (us >> bucket));
}

/* The hot path: no call and no allocation once the range is warm. `count` is above 0. */
static inline void hist_record_us(struct hist *h, uint64_t us, uint64_t count)
{
    if (us > HIST_MAX_US)
        us = HIST_MAX_US;
    uint32_t index = hist_index_inline(us);
    uint32_t at = index - h->first;
    if (__builtin_expect(at >= h->span, 0)) {
        hist_grow(h, index);
        at = index - h->first;
    }
    h->counts[at] += count;
    h->total += count;
    if (index < h->low)
        h->low = index;
    if (index > h->high)
        h->high = index;
    if (us < h->min_us)
        h->min_us = us;
    if (us > h->max_us)
        h->max_us = us;
}

static inline void hist_record_ns(struct hist *h, uint64_t ns)
{
    hist_record_us(h, (ns + 500) / 1000, 1);
}

void hist_merge(struct hist *into, const struct hist *from);
/* Takes out what was merged before: what came since remains. Its extremes become those of its
 * counters. */
void hist_subtract(struct hist *from, const struct hist *part);

/* Statistics, in microseconds; 0 for an empty histogram. `percent` is 0..100. The value at a
 * percentile is the highest equivalent value of its counter, as HdrHistogram has it, but never
 * above the exact maximum. Mean and deviation use the middle of each counter's range. */
double hist_percentile_us(const struct hist *h, double percent);
double hist_mean_us(const struct hist *h);
double hist_stdev_us(const struct hist *h);

/* The set that results carry, in milliseconds. */
struct hist_summary {
    uint64_t count;
    double min, mean, stdev, p50, p90, p95, p99, p999, max;
};
void hist_summarize(const struct hist *h, struct hist_summary *out);

/* HdrHistogram V2 (HistogramEncodingV2: cookie 0x1c849303, ZigZag LEB128 counts with zero runs) and
 * V2 compressed (cookie 0x1c849304, zlib), normalizing offset 0, ratio 1.0, big-endian header.
 * The plain form ends with the exact extremes, where other readers do not look; the compressed form
 * has none, so that min and max become those of their counters.
 * `hist_add_encoded` takes either, of any lowest/highest/digits setting, and adds to `into`;
 * damaged or hostile bytes give -EBADMSG and leave `into` as it was. */
int hist_encode(const struct hist *h, struct buf *out);
int hist_encode_compressed(const struct hist *h, struct buf *out);
int hist_add_encoded(struct hist *into, const void *bytes, size_t len, struct err *e);

/* The same as base64 text: plain V2 in frames, compressed V2 in .hlog lines. */
int hist_encode_base64(const struct hist *h, struct buf *out);
int hist_encode_compressed_base64(const struct hist *h, struct buf *out);
int hist_add_base64(struct hist *into, struct str text, struct err *e);

/* .hlog (HdrHistogram interval log, format version 1.3): header, then one line an interval.
 * Values in the log are microseconds; the max column is divided by 1000 (milliseconds). `start_s`
 * counts from the header's start. In a tag, commas and blanks become "_". */
int hist_log_header(struct buf *out, uint64_t start_wall_ns);
int hist_log_line(struct buf *out, const char *tag, double start_s, double length_s,
                  const struct hist *h);

#endif
