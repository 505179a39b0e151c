/* test_poisson: Poisson arrivals have the distribution that they should have. Seeds are fixed, so
 * that each test is decided once and for all; the bounds are such that a right generator misses one
 * of them with about one choice of all seeds in a hundred.
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "squall/plan.h"

#define SIGMAS 3.4    /* of a normal deviate: more than that once in 1,500 */
#define KS_BOUND 1.95 /* once in 1,000 */

enum { POINTS = 100000 };

static const unsigned seeds[] = {0, 1, 2, 77, 4711};
enum { SEED_COUNT = sizeof seeds / sizeof seeds[0] };

static struct plan *plan_of(const char *level, unsigned seed)
{
    char text[1024];
    struct plan *plan;
    struct plan_problems problems;
    plan_problems_init(&problems);
    int len = snprintf(text, sizeof text,
                       "{\"name\": \"t\", \"load\": {%s, \"arrivals\": \"poisson\", \"seed\": %u},"
                       " \"steps\": [{\"request\": {\"url\": \"http://127.0.0.1:9/\"}}]}",
                       level, seed);
    if (plan_parse(text, (size_t)len, &plan, &problems) < 0)
        fail_msg("%s: %s", problems.items[0].pointer, problems.items[0].message);
    plan_problems_fini(&problems);
    return plan;
}

static const struct plan_load *load_of(const struct plan *plan)
{
    return &plan->flows[0].load;
}

/* Arrivals in each of `seconds` seconds, and the check that all come in order and before the end.
 */
static void count_seconds(const struct plan_load *load, unsigned *per_second, size_t seconds)
{
    uint64_t count = plan_load_arrivals(load), before = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = plan_load_arrival_ns(load, i);
        assert_true(at >= before && at < load->duration_ns);
        before = at;
        assert_true(at / NS_PER_S < seconds);
        per_second[at / NS_PER_S]++;
    }
    assert_true(plan_load_arrival_ns(load, count) == UINT64_MAX);
    assert_true(plan_load_arrival_ns(load, UINT64_MAX) == UINT64_MAX);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov: sqrt(n) times the largest distance is what KS_BOUND bounds. */
static double distance_from_exponential(double *gaps, size_t n, double mean)
{
    double most = 0;
    qsort(gaps, n, sizeof *gaps, compare);
    for (size_t i = 0; i < n; i++) {
        double wanted = 1 - exp(-gaps[i] / mean);
        most =
            fmax(most, fmax(wanted - (double)i / (double)n, (double)(i + 1) / (double)n - wanted));
    }
    return sqrt((double)n) * most;
}

static void gaps_are_exponential(void **state)
{
    (void)state;
    double *gaps = malloc(POINTS * sizeof *gaps);
    for (size_t s = 0; s < SEED_COUNT; s++) {
        struct plan *plan = plan_of("\"rate\": 1000, \"duration\": \"1h\"", seeds[s]);
        double sum = 0, squares = 0;
        uint64_t before = 0;
        for (uint64_t i = 0; i < POINTS; i++) {
            uint64_t at = plan_load_arrival_ns(load_of(plan), i);
            gaps[i] = (double)(at - before) / 1e6; /* ms, 1 on average */
            before = at;
            sum += gaps[i];
            squares += gaps[i] * gaps[i];
        }
        double mean = sum / POINTS, variance = squares / POINTS - mean * mean;
        double cv = sqrt(variance) / mean, ks = distance_from_exponential(gaps, POINTS, 1);
        print_message("seed %u: mean gap %.4f ms, coefficient of variation %.4f, KS %.3f\n",
                      seeds[s], mean, cv, ks);
        assert_true(fabs(mean - 1) < SIGMAS / sqrt(POINTS));
        assert_true(fabs(cv - 1) < SIGMAS / sqrt(POINTS));
        assert_true(ks < KS_BOUND);
        plan_free(plan);
    }
    free(gaps);
}

/* One gap tells nothing of the next. */
static void gaps_are_independent(void **state)
{
    (void)state;
    for (size_t s = 0; s < SEED_COUNT; s++) {
        struct plan *plan = plan_of("\"rate\": 1000, \"duration\": \"1h\"", seeds[s]);
        double products = 0, last = 0;
        uint64_t before = 0;
        for (uint64_t i = 0; i < POINTS; i++) {
            uint64_t at = plan_load_arrival_ns(load_of(plan), i);
            double gap = (double)(at - before) / 1e6 - 1;
            before = at;
            products += i > 0 ? gap * last : 0;
            last = gap;
        }
        assert_true(fabs(products / POINTS) < SIGMAS / sqrt(POINTS));
        plan_free(plan);
    }
}

static void the_variance_of_counts_is_their_mean(void **state)
{
    (void)state;
    enum { SECONDS = 2000, RATE = 100 };
    for (size_t s = 0; s < SEED_COUNT; s++) {
        static unsigned per_second[SECONDS];
        for (size_t i = 0; i < SECONDS; i++)
            per_second[i] = 0;
        struct plan *plan = plan_of("\"rate\": 100, \"duration\": \"2000s\"", seeds[s]);
        count_seconds(load_of(plan), per_second, SECONDS);
        double sum = 0, squares = 0;
        for (size_t i = 0; i < SECONDS; i++) {
            sum += per_second[i];
            squares += (double)per_second[i] * per_second[i];
        }
        double mean = sum / SECONDS, variance = squares / SECONDS - mean * mean;
        print_message("seed %u: %.2f a second, variance over mean %.3f\n", seeds[s], mean,
                      variance / mean);
        assert_true(fabs(mean - RATE) < SIGMAS * sqrt((double)RATE / SECONDS));
        assert_true(fabs(variance / mean - 1) < SIGMAS * sqrt(2.0 / SECONDS));
        plan_free(plan);
    }
}

/* Over seeds, not over time: the number of all arrivals, and of those in a part far in, where
 * normal deviates take the place of exact draws. */
static void totals_vary_as_they_should(void **state)
{
    (void)state;
    enum { SEEDS = 1000 };
    const double means[] = {30, 3000, 1e6, 1e10};
    const char *const levels[] = {
        "\"rate\": 10, \"duration\": \"3s\"", "\"rate\": 1000, \"duration\": \"3s\"",
        "\"rate\": 1000, \"duration\": \"1000s\"", "\"rate\": 1000000, \"duration\": \"10000s\""};
    for (size_t k = 0; k < 4; k++) {
        double sum = 0, squares = 0;
        for (unsigned seed = 0; seed < SEEDS; seed++) {
            struct plan *plan = plan_of(levels[k], seed);
            double off = (double)plan_load_arrivals(load_of(plan)) - means[k];
            sum += off;
            squares += off * off;
            plan_free(plan);
        }
        double mean = sum / SEEDS, variance = squares / SEEDS - mean * mean;
        print_message("%s: off by %.2f on average, variance over mean %.3f\n", levels[k], mean,
                      variance / means[k]);
        assert_true(fabs(mean) < SIGMAS * sqrt(means[k] / SEEDS));
        assert_true(fabs(variance / means[k] - 1) < SIGMAS * sqrt(2.0 / SEEDS));
    }
}

static void they_follow_the_stages(void **state)
{
    (void)state;
    struct plan *plan = plan_of("\"rate\": [{\"target\": 2000, \"duration\": \"10s\"},"
                                " {\"target\": 0, \"duration\": \"0s\"}, {\"target\": 0,"
                                " \"duration\": \"5s\"}, {\"target\": 500, \"duration\": \"0s\"},"
                                " {\"target\": 500, \"duration\": \"5s\"}]",
                                3);
    unsigned per_second[20] = {0};
    count_seconds(load_of(plan), per_second, 20);
    for (size_t i = 0; i < 20; i++) {
        double wanted = i < 10 ? 200 * (double)i + 100 : i < 15 ? 0 : 500;
        assert_true(fabs(per_second[i] - wanted) <= 4 * sqrt(wanted));
    }
    plan_free(plan);
}

static void the_seed_decides_and_flows_differ(void **state)
{
    (void)state;
    struct plan *a = plan_of("\"rate\": 1000, \"duration\": \"9s\"", 5);
    struct plan *b = plan_of("\"rate\": 1000, \"duration\": \"9s\"", 5);
    struct plan *c = plan_of("\"rate\": 1000, \"duration\": \"9s\"", 6);
    unsigned same = 0;
    for (uint64_t i = 0; i < 5000; i++) {
        uint64_t at = plan_load_arrival_ns(load_of(a), i);
        assert_true(at == plan_load_arrival_ns(load_of(b), i));
        same += at == plan_load_arrival_ns(load_of(c), i);
    }
    assert_true(same < 5);
    plan_free(a);
    plan_free(b);
    plan_free(c);
    const char text[] = "{\"name\": \"n\", \"flows\": ["
                        "{\"name\": \"a\", \"load\": {\"rate\": 9, \"duration\": \"9s\","
                        " \"arrivals\": \"poisson\"}, \"steps\": [{\"request\": {\"url\":"
                        " \"http://h/\"}}]},"
                        "{\"name\": \"b\", \"load\": {\"rate\": 9, \"duration\": \"9s\","
                        " \"arrivals\": \"poisson\"}, \"steps\": [{\"request\": {\"url\":"
                        " \"http://h/\"}}]}]}";
    struct plan *two;
    struct plan_problems problems;
    plan_problems_init(&problems);
    assert_int_equal(plan_parse(text, sizeof text - 1, &two, &problems), 0);
    assert_true(plan_load_arrival_ns(&two->flows[0].load, 3) !=
                plan_load_arrival_ns(&two->flows[1].load, 3));
    plan_free(two);
}

/* Far into a year at the highest rate: in order, near where they should be, and soon found. */
static void any_arrival_is_found_without_those_before(void **state)
{
    (void)state;
    struct plan *plan = plan_of("\"rate\": 10000000, \"duration\": \"366d\"", 1);
    const struct plan_load *load = load_of(plan);
    uint64_t count = plan_load_arrivals(load);
    double mean = 366 * 86400 * 1e7;
    assert_true(fabs((double)count - mean) < 4 * sqrt(mean));
    for (uint64_t i = 1; i < count; i *= 3) {
        uint64_t at = plan_load_arrival_ns(load, i);
        assert_true(fabs((double)at / 100 - (double)i) < 4.5 * sqrt((double)i) + 1);
        assert_true(plan_load_arrival_ns(load, i - 1) <= at);
    }
    assert_true(plan_load_arrival_ns(load, count - 1) < load->duration_ns);
    assert_true(plan_load_arrival_ns(load, count) == UINT64_MAX);
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_are_exponential),
        cmocka_unit_test(gaps_are_independent),
        cmocka_unit_test(the_variance_of_counts_is_their_mean),
        cmocka_unit_test(totals_vary_as_they_should),
        cmocka_unit_test(they_follow_the_stages),
        cmocka_unit_test(the_seed_decides_and_flows_differ),
        cmocka_unit_test(any_arrival_is_found_without_those_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
