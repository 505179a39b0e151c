/* stats: what a histogram says: percentiles, mean, deviation. */
#include <math.h>

#include "squall/hist.h"

/* The smallest and largest value that the counter can have taken in. At the ends of the range the
 * exact extremes are narrower than the counter. */
static uint64_t least_us(const struct hist *h, uint32_t index)
{
    uint64_t us = hist_index_low_us(index);
    return us > h->min_us ? us : h->min_us;
}

static uint64_t most_us(const struct hist *h, uint32_t index)
{
    uint64_t us = hist_index_high_us(index);
    return us < h->max_us ? us : h->max_us;
}

static double middle_us(const struct hist *h, uint32_t index)
{
    return ((double)least_us(h, index) + (double)most_us(h, index)) / 2;
}

static uint64_t count_at(const struct hist *h, uint32_t index)
{
    return h->counts[index - h->first];
}

/* How many values are at or below the percentile's. HdrHistogram steps to the next smaller double
 * first, without which 99.9 % of 41,000 would be one more than 40,959. */
static uint64_t rank(const struct hist *h, double percent)
{
    if (percent >= 100)
        return h->total;
    return (uint64_t)ceil(nextafter(percent, 0) * (double)h->total / 100);
}

/* One pass for several; `percents` ascend and are above 0. */
static void percentiles(const struct hist *h, const double *percents, size_t n, double *out_us)
{
    uint32_t index = h->low;
    uint64_t seen = count_at(h, index);
    for (size_t i = 0; i < n; i++) {
        uint64_t wanted = rank(h, percents[i]);
        while (seen < wanted && index < h->high)
            seen += count_at(h, ++index);
        out_us[i] = (double)most_us(h, index);
    }
}

double hist_percentile_us(const struct hist *h, double percent)
{
    double us = 0;
    if (h->total == 0)
        return 0;
    if (!(percent > 0))
        return (double)h->min_us;
    percentiles(h, &percent, 1, &us);
    return us;
}

double hist_mean_us(const struct hist *h)
{
    double sum = 0;
    if (h->total == 0)
        return 0;
    for (uint32_t index = h->low; index <= h->high; index++)
        if (count_at(h, index) > 0)
            sum += (double)count_at(h, index) * middle_us(h, index);
    return sum / (double)h->total;
}

static double deviation_us(const struct hist *h, double mean)
{
    double sum = 0;
    for (uint32_t index = h->low; index <= h->high; index++) {
        if (count_at(h, index) == 0)
            continue;
        double apart = middle_us(h, index) - mean;
        sum += (double)count_at(h, index) * apart * apart;
    }
    return sqrt(sum / (double)h->total);
}

double hist_stdev_us(const struct hist *h)
{
    return h->total == 0 ? 0 : deviation_us(h, hist_mean_us(h));
}

void hist_summarize(const struct hist *h, struct hist_summary *out)
{
    static const double percents[] = {50, 90, 95, 99, 99.9};
    double us[5];
    *out = (struct hist_summary){0};
    if (h->total == 0)
        return;
    percentiles(h, percents, 5, us);
    double mean = hist_mean_us(h);
    *out = (struct hist_summary){
        .count = h->total,
        .min = (double)h->min_us / 1000,
        .mean = mean / 1000,
        .stdev = deviation_us(h, mean) / 1000,
        .p50 = us[0] / 1000,
        .p90 = us[1] / 1000,
        .p95 = us[2] / 1000,
        .p99 = us[3] / 1000,
        .p999 = us[4] / 1000,
        .max = (double)h->max_us / 1000,
    };
}
