/* test_hist: what a histogram says is what the sorted values say, to three digits. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "squall/hist.h"

enum { VALUES = 20000 };

static struct hist hist, other;
static struct buf text, second_text;
static struct rng rng;

static int setup(void **state)
{
    (void)state;
    hist_init(&hist);
    hist_init(&other);
    buf_init(&text, 1 << 20);
    buf_init(&second_text, 1 << 20);
    rng_seed(&rng, 20261124);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hist_fini(&hist);
    hist_fini(&other);
    buf_fini(&text);
    buf_fini(&second_text);
    return 0;
}

/* All of it: the plain encoding holds every counter and both extremes. */
static bool same(const struct hist *a, const struct hist *b)
{
    buf_clear(&text);
    buf_clear(&second_text);
    assert_int_equal(hist_encode(a, &text), 0);
    assert_int_equal(hist_encode(b, &second_text), 0);
    return a->total == b->total && str_eq(buf_str(&text), buf_str(&second_text));
}

static uint64_t sum_of_counters(const struct hist *h)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < h->span; i++)
        sum += h->counts[i];
    return sum;
}

/* ---- counters -------------------------------------------------------------------------------- */

static void counters_lie_side_by_side_and_are_narrow(void **state)
{
    (void)state;
    assert_int_equal(hist_index_low_us(0), 0);
    for (uint32_t i = 0; i < HIST_COUNTERS; i++) {
        uint64_t low = hist_index_low_us(i), high = hist_index_high_us(i);
        assert_true(low <= high && (high - low) * 1000 <= low);
        if (i + 1 < HIST_COUNTERS)
            assert_true(hist_index_low_us(i + 1) == high + 1);
        if (high <= HIST_MAX_US) {
            assert_int_equal(hist_index(low), i);
            assert_int_equal(hist_index(high), i);
        }
    }
    assert_true(hist_index(HIST_MAX_US) < HIST_COUNTERS);
    assert_int_equal(hist_index(UINT64_MAX), hist_index(HIST_MAX_US));
}

static void nanoseconds_are_rounded_and_an_hour_is_the_most(void **state)
{
    (void)state;
    static const uint64_t ns[] = {0, 499, 500, 1499, 1500, 5 * 3600 * NS_PER_S, UINT64_MAX - 500};
    static const uint64_t us[] = {0, 0, 1, 1, 2, HIST_MAX_US, HIST_MAX_US};
    for (size_t i = 0; i < sizeof ns / sizeof ns[0]; i++) {
        hist_clear(&hist);
        hist_record_ns(&hist, ns[i]);
        assert_int_equal(hist.min_us, us[i]);
        assert_int_equal(hist.max_us, us[i]);
        assert_true(hist_percentile_us(&hist, 50) == (double)us[i]);
        assert_int_equal(hist.total, 1);
    }
}

static void an_empty_one_says_zero(void **state)
{
    (void)state;
    struct hist_summary s;
    hist_summarize(&hist, &s);
    assert_memory_equal(&s, &(struct hist_summary){0}, sizeof s);
    assert_true(hist_percentile_us(&hist, 99) == 0);
    assert_true(hist_mean_us(&hist) == 0);
    assert_true(hist_stdev_us(&hist) == 0);
    assert_null(hist.counts);
}

static void the_range_grows_in_few_steps(void **state)
{
    (void)state;
    for (int direction = 0; direction < 2; direction++) {
        uint32_t steps = 0, span = 0;
        hist_fini(&hist);
        for (uint32_t i = 0; i <= hist_index(HIST_MAX_US); i++) {
            uint32_t index = direction ? hist_index(HIST_MAX_US) - i : i;
            hist_record_us(&hist, hist_index_low_us(index), 1 + index % 7);
            steps += hist.span != span;
            span = hist.span;
        }
        assert_true(steps < 25);
        assert_true(hist.first + hist.span <= HIST_COUNTERS);
        for (uint32_t i = 0; i <= hist_index(HIST_MAX_US); i++)
            assert_int_equal(hist.counts[i - hist.first], 1 + i % 7);
    }
}

static void cleared_is_empty_and_keeps_its_memory(void **state)
{
    (void)state;
    for (uint64_t us = 1; us < 1000000; us *= 3)
        hist_record_us(&hist, us, 5);
    uint64_t *counts = hist.counts;
    hist_clear(&hist);
    assert_ptr_equal(hist.counts, counts);
    assert_int_equal(sum_of_counters(&hist), 0);
    assert_true(same(&hist, &other));
    hist_record_us(&hist, 700, 1);
    hist_record_us(&other, 700, 1);
    assert_true(same(&hist, &other));
}

/* ---- statistics ------------------------------------------------------------------------------ */

static uint64_t uniform(void)
{
    return rng_next(&rng) % 100000;
}
static uint64_t exponential(void)
{
    return (uint64_t)rng_exponential(&rng, 20000);
}
static uint64_t log_normal(void)
{
    return (uint64_t)exp(8 + 2 * rng_normal(&rng));
}
static uint64_t two_humps(void)
{
    return (uint64_t)fabs((rng_next(&rng) % 10 ? 900 : 3000000) * (1 + 0.1 * rng_normal(&rng)));
}
static uint64_t few_values(void)
{
    return 5 + rng_next(&rng) % 3;
}
static uint64_t always_the_same(void)
{
    return 123457;
}
static uint64_t every_size(void)
{
    return (rng_next(&rng) >> 33) >> rng_next(&rng) % 31;
}

static uint64_t (*const distributions[])(void) = {
    uniform, exponential, log_normal, two_humps, few_values, always_the_same, every_size,
};
enum { DISTRIBUTIONS = sizeof distributions / sizeof distributions[0] };

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Fills hist and the sorted values. */
static void draw(uint64_t (*next)(void), uint64_t *values, size_t n)
{
    hist_clear(&hist);
    for (size_t i = 0; i < n; i++) {
        values[i] = next();
        if (values[i] > HIST_MAX_US)
            values[i] = HIST_MAX_US;
        hist_record_us(&hist, values[i], 1);
    }
    qsort(values, n, sizeof values[0], ascending);
}

static void percentiles_are_those_of_the_sorted_values(void **state)
{
    (void)state;
    static const uint64_t thousandths[] = {1,     1000,  10000, 25000, 50000, 75000,
                                           90000, 95000, 99000, 99900, 99999, 100000};
    static const size_t sizes[] = {1, 2, 3, 10, 100, 999, 1000, 1001, VALUES};
    static uint64_t values[VALUES];
    for (size_t d = 0; d < DISTRIBUTIONS; d++) {
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            size_t n = sizes[s];
            draw(distributions[d], values, n);
            for (size_t i = 0; i < sizeof thousandths / sizeof thousandths[0]; i++) {
                size_t rank = (size_t)(thousandths[i] * n + 99999) / 100000;
                uint64_t exact = values[rank - 1];
                double got = hist_percentile_us(&hist, (double)thousandths[i] / 1000);
                if (got < (double)exact || got > (double)exact * (1 + 1.0 / 1024) ||
                    got > (double)values[n - 1])
                    fail_msg("distribution %zu, %zu values, %g %%: %g is not %" PRIu64, d, n,
                             (double)thousandths[i] / 1000, got, exact);
            }
            assert_true(hist_percentile_us(&hist, 0) == (double)values[0]);
            assert_true(hist_percentile_us(&hist, 100) == (double)values[n - 1]);
        }
    }
}

static void mean_and_deviation_are_those_of_the_values(void **state)
{
    (void)state;
    static uint64_t values[VALUES];
    for (size_t d = 0; d < DISTRIBUTIONS; d++) {
        draw(distributions[d], values, VALUES);
        double sum = 0, squares = 0;
        for (size_t i = 0; i < VALUES; i++)
            sum += (double)values[i];
        double mean = sum / VALUES;
        for (size_t i = 0; i < VALUES; i++)
            squares += ((double)values[i] - mean) * ((double)values[i] - mean);
        double deviation = sqrt(squares / VALUES);
        assert_true(fabs(hist_mean_us(&hist) - mean) <= mean / 2000);
        assert_true(fabs(hist_stdev_us(&hist) - deviation) <= deviation / 1000);
    }
}

static void a_rank_that_is_whole_is_not_rounded_up(void **state)
{
    (void)state;
    hist_record_us(&hist, 1, 40959); /* 99.9 %, which as a double is a little more */
    hist_record_us(&hist, 2, 41);
    assert_true(hist_percentile_us(&hist, 99.9) == 1);
    assert_true(hist_percentile_us(&hist, 99.91) == 2);
}

static void one_outlier_among_very_many_is_the_maximum_only(void **state)
{
    (void)state;
    hist_record_us(&hist, 1000, UINT64_C(1) << 60);
    hist_record_us(&hist, 5000000, 1);
    assert_true(hist_percentile_us(&hist, 99.999) == 1000);
    assert_true(hist_percentile_us(&hist, 100) == 5000000);
}

static void a_summary_is_in_milliseconds(void **state)
{
    (void)state;
    struct hist_summary s;
    for (uint64_t ms = 1; ms <= 1000; ms++)
        hist_record_us(&hist, ms * 1000, 1);
    hist_summarize(&hist, &s);
    assert_int_equal(s.count, 1000);
    assert_true(s.min == 1 && s.max == 1000);
    assert_true(s.p50 >= 500 && s.p50 < 500.5);
    assert_true(s.p90 >= 900 && s.p90 < 901);
    assert_true(s.p95 >= 950 && s.p95 < 951);
    assert_true(s.p99 >= 990 && s.p99 < 991);
    assert_true(s.p999 >= 999 && s.p999 < 1000);
    assert_true(fabs(s.mean - 500.5) < 0.5);
    assert_true(fabs(s.stdev - 288.675) < 0.3);
}

static void one_value_is_exact_everywhere(void **state)
{
    (void)state;
    struct hist_summary s;
    hist_record_us(&hist, 20001, 7);
    hist_summarize(&hist, &s);
    assert_true(s.min == 20.001 && s.mean == 20.001 && s.max == 20.001);
    assert_true(s.p50 == 20.001 && s.p999 == 20.001 && s.stdev == 0);
}

/* ---- merging --------------------------------------------------------------------------------- */

static void fill(struct hist *h, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hist_record_us(h, distributions[rng_next(&rng) % DISTRIBUTIONS](), 1 + i % 3);
}

static void the_order_of_merging_does_not_matter(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct hist part[3], left, right;
        hist_init(&left);
        hist_init(&right);
        for (int i = 0; i < 3; i++) {
            hist_init(&part[i]);
            fill(&part[i], rng_next(&rng) % 3 ? rng_next(&rng) % 300 : 0);
        }
        for (int i = 0; i < 3; i++)
            hist_merge(&left, &part[i]); /* (a + b) + c */
        hist_merge(&part[1], &part[2]);  /* (c + b) + a, another way */
        hist_merge(&right, &part[1]);
        hist_merge(&right, &part[0]);
        assert_true(same(&left, &right));
        assert_int_equal(sum_of_counters(&left), left.total);
        for (int i = 0; i < 3; i++)
            hist_fini(&part[i]);
        hist_fini(&left);
        hist_fini(&right);
    }
}

static void merged_parts_are_the_whole(void **state)
{
    (void)state;
    struct hist whole;
    hist_init(&whole);
    for (int i = 0; i < 5000; i++) {
        uint64_t us = log_normal();
        hist_record_us(i % 3 ? &hist : &other, us, 2);
        hist_record_us(&whole, us, 2);
    }
    hist_merge(&hist, &other);
    assert_true(same(&hist, &whole));
    hist_fini(&whole);
}

static void merging_nothing_changes_nothing(void **state)
{
    (void)state;
    hist_merge(&hist, &other);
    assert_null(hist.counts);
    hist_record_us(&hist, 5, 1);
    hist_merge(&hist, &other);
    hist_merge(&other, &hist);
    assert_true(same(&hist, &other));
    assert_int_equal(other.min_us, 5);
}

static void what_was_merged_can_be_taken_out_again(void **state)
{
    (void)state;
    struct hist both;
    hist_init(&both);
    hist_record_us(&hist, 5, 3);
    hist_record_us(&hist, 900000, 2);
    hist_record_us(&other, 50, 7);
    hist_record_us(&other, 5, 1);
    hist_merge(&both, &hist);
    hist_merge(&both, &other);
    hist_subtract(&both, &hist);
    assert_int_equal(both.total, 8);
    assert_int_equal(both.min_us, 5);
    assert_int_equal(both.max_us, 50);
    assert_true(hist_percentile_us(&both, 50) == 50);
    hist_subtract(&both, &other);
    assert_int_equal(both.total, 0);
    hist_subtract(&both, &other); /* what is not there cannot be taken */
    assert_int_equal(both.total, 0);
    hist_record_us(&both, 70, 1);
    assert_true(hist_percentile_us(&both, 100) == 70);
    hist_fini(&both);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_was_merged_can_be_taken_out_again),
        TEST(counters_lie_side_by_side_and_are_narrow),
        TEST(nanoseconds_are_rounded_and_an_hour_is_the_most),
        TEST(an_empty_one_says_zero),
        TEST(the_range_grows_in_few_steps),
        TEST(cleared_is_empty_and_keeps_its_memory),
        TEST(percentiles_are_those_of_the_sorted_values),
        TEST(mean_and_deviation_are_those_of_the_values),
        TEST(a_rank_that_is_whole_is_not_rounded_up),
        TEST(one_outlier_among_very_many_is_the_maximum_only),
        TEST(a_summary_is_in_milliseconds),
        TEST(one_value_is_exact_everywhere),
        TEST(the_order_of_merging_does_not_matter),
        TEST(merged_parts_are_the_whole),
        TEST(merging_nothing_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
