/* test_load: the arithmetic of load. What the closed forms say is compared with integrals and
 * counts that are made step by step.
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

/* A plan whose "load" is this, with one request. */
static struct plan *plan_of(const char *load)
{
    char text[4096];
    struct plan *plan;
    struct plan_problems problems;
    plan_problems_init(&problems);
    int len = snprintf(text, sizeof text,
                       "{\"name\": \"t\", \"load\": %s,"
                       " \"steps\": [{\"request\": {\"url\": \"http://127.0.0.1:9/\"}}]}",
                       load);
    assert_in_range(len, 1, sizeof text - 1);
    if (plan_parse(text, (size_t)len, &plan, &problems) < 0)
        fail_msg("%s: %s: %s", load, problems.items[0].pointer, problems.items[0].message);
    plan_problems_fini(&problems);
    return plan;
}

/* ---- arrivals -------------------------------------------------------------------------------- */

/* Walks through the time in cells that no stage begins or ends in (so the level is a straight line
 * in each), adds up the integral, and compares it with i at the instant of each arrival. */
static void assert_arrivals_follow_the_level(const char *text, uint64_t cell_ns)
{
    struct plan *plan = plan_of(text);
    const struct plan_load *load = &plan->flows[0].load;
    uint64_t count = plan_load_arrivals(load), i = 0;
    double integral = 0;
    for (uint64_t t = 0; t < load->duration_ns; t += cell_ns) {
        for (uint64_t due; i < count && (due = plan_load_arrival_ns(load, i)) < t + cell_ns; i++) {
            double middle = plan_load_level(load, t + (due - t) / 2);
            double reached = integral + middle * (double)(due - t) / 1e9;
            assert_true(due >= t);
            if (fabs(reached - (double)i) > 1e-5 + load->peak * 2e-9)
                fail_msg("%s: arrival %" PRIu64 " is due at %" PRIu64 " ns, when %.9f are through",
                         text, i, due, reached);
        }
        integral += plan_load_level(load, t + cell_ns / 2) * (double)cell_ns / 1e9;
    }
    assert_true(i == count);
    assert_true(fabs(ceil(integral - 1e-5) - (double)count) < 0.5);
    plan_free(plan);
}

static void arrivals_follow_the_level_of_any_stages(void **state)
{
    (void)state;
    assert_arrivals_follow_the_level("{\"rate\": 200, \"duration\": \"30s\"}", NS_PER_MS);
    assert_arrivals_follow_the_level("{\"rate\": 500, \"ramp\": \"10s\", \"duration\": \"20s\"}",
                                     NS_PER_MS);
    assert_arrivals_follow_the_level("{\"rate\": 70.7, \"ramp\": \"20s\", \"duration\": \"20s\"}",
                                     NS_PER_MS);
    assert_arrivals_follow_the_level("{\"rate\": 0.013, \"duration\": \"1000s\"}", NS_PER_S);
    assert_arrivals_follow_the_level("{\"rate\": 0.02, \"ramp\": \"30m\", \"duration\": \"1h\"}",
                                     NS_PER_S);
    assert_arrivals_follow_the_level("{\"rate\": 10000000, \"ramp\": \"50ms\","
                                     " \"duration\": \"100ms\"}",
                                     NS_PER_US);
    assert_arrivals_follow_the_level(
        "{\"rate\": [{\"target\": 100, \"duration\": \"10s\"}, {\"target\": 100, \"duration\":"
        " \"10s\"}, {\"target\": 400, \"duration\": \"0s\"}, {\"target\": 350, \"duration\":"
        " \"5s\"}, {\"target\": 0, \"duration\": \"20s\"}]}",
        NS_PER_MS);
    assert_arrivals_follow_the_level(
        "{\"rate\": [{\"target\": 0, \"duration\": \"3s\"}, {\"target\": 0.5, \"duration\": "
        "\"7s\"},"
        " {\"target\": 5000, \"duration\": \"2s\"}, {\"target\": 0, \"duration\": \"0s\"},"
        " {\"target\": 0, \"duration\": \"5s\"}, {\"target\": 3, \"duration\": \"0s\"},"
        " {\"target\": 3, \"duration\": \"4s\"}]}",
        NS_PER_MS);
}

static void a_constant_rate_arrives_at_once_and_evenly(void **state)
{
    (void)state;
    struct plan *plan = plan_of("{\"rate\": 200, \"duration\": \"30s\"}");
    const struct plan_load *load = &plan->flows[0].load;
    assert_true(plan_load_arrivals(load) == 6000);
    for (uint64_t i = 0; i < 6000; i++)
        assert_true(plan_load_arrival_ns(load, i) == i * 5 * NS_PER_MS);
    assert_true(plan_load_arrival_ns(load, 6000) == UINT64_MAX);
    assert_true(plan_load_arrival_ns(load, UINT64_MAX) == UINT64_MAX);
    plan_free(plan);
}

static void a_year_at_the_highest_rate_is_exact_to_the_last_arrival(void **state)
{
    (void)state;
    struct plan *plan = plan_of("{\"rate\": 10000000, \"duration\": \"366d\"}");
    const struct plan_load *load = &plan->flows[0].load;
    uint64_t count = plan_load_arrivals(load);
    assert_true(count == UINT64_C(366) * 86400 * 10000000);
    for (uint64_t i = 1; i < count; i *= 3)
        assert_true(plan_load_arrival_ns(load, i) == i * 100);
    assert_true(plan_load_arrival_ns(load, count - 1) == (count - 1) * 100);
    assert_true(plan_load_arrival_ns(load, count) == UINT64_MAX);
    plan_free(plan);
}

static void a_ramp_from_zero_begins_with_the_first_arrival(void **state)
{
    (void)state;
    struct plan *plan = plan_of("{\"rate\": 100, \"ramp\": \"10s\", \"duration\": \"10s\"}");
    const struct plan_load *load = &plan->flows[0].load;
    /* The integral is 5 t^2: arrival i is due at sqrt(i / 5) seconds. */
    assert_true(plan_load_arrivals(load) == 500);
    assert_true(plan_load_arrival_ns(load, 0) == 0);
    assert_true(plan_load_arrival_ns(load, 5) == NS_PER_S);
    assert_true(plan_load_arrival_ns(load, 20) == 2 * NS_PER_S);
    assert_true(plan_load_arrival_ns(load, 405) == 9 * NS_PER_S);
    plan_free(plan);
}

static void a_fall_to_zero_is_exact_at_its_end(void **state)
{
    (void)state;
    struct plan *plan = plan_of("{\"rate\": [{\"target\": 100, \"duration\": \"0s\"},"
                                " {\"target\": 0, \"duration\": \"10s\"}]}");
    const struct plan_load *load = &plan->flows[0].load;
    /* 500 - i are left 10 s - t before the end: 5 (10 s - t)^2. */
    assert_true(plan_load_arrivals(load) == 500);
    assert_true(plan_load_arrival_ns(load, 495) == 9 * NS_PER_S);
    assert_true(plan_load_arrival_ns(load, 499) ==
                10 * NS_PER_S - (uint64_t)llround(sqrt(0.2) * 1e9));
    plan_free(plan);
}

static void nobody_arrives_in_a_pause(void **state)
{
    (void)state;
    struct plan *plan = plan_of("{\"rate\": [{\"target\": 0, \"duration\": \"5s\"},"
                                " {\"target\": 0.1, \"duration\": \"0s\"},"
                                " {\"target\": 0.1, \"duration\": \"30s\"},"
                                " {\"target\": 0, \"duration\": \"0s\"},"
                                " {\"target\": 0, \"duration\": \"60s\"},"
                                " {\"target\": 0.1, \"duration\": \"0s\"},"
                                " {\"target\": 0.1, \"duration\": \"10s\"}]}");
    const struct plan_load *load = &plan->flows[0].load;
    /* 0.1 is not a binary number, but 30 s of it are three arrivals, not three and a bit. */
    assert_true(plan_load_arrivals(load) == 4);
    assert_true(plan_load_arrival_ns(load, 0) == 5 * NS_PER_S);
    assert_true(plan_load_arrival_ns(load, 1) == 15 * NS_PER_S);
    assert_true(plan_load_arrival_ns(load, 2) == 25 * NS_PER_S);
    assert_true(plan_load_arrival_ns(load, 3) == 95 * NS_PER_S);
    plan_free(plan);
}

static void arrivals_never_go_back(void **state)
{
    (void)state;
    struct plan *plan = plan_of("{\"rate\": [{\"target\": 100000, \"duration\": \"3.3s\"},"
                                " {\"target\": 0.1, \"duration\": \"1.7s\"},"
                                " {\"target\": 99999.9, \"duration\": \"1ns\"},"
                                " {\"target\": 0, \"duration\": \"2s\"}]}");
    const struct plan_load *load = &plan->flows[0].load;
    uint64_t count = plan_load_arrivals(load), before = 0;
    assert_true(count > 300000);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t due = plan_load_arrival_ns(load, i);
        assert_true(due >= before && due < load->duration_ns);
        before = due;
    }
    plan_free(plan);
}

/* ---- levels and users ------------------------------------------------------------------------ */

static void the_level_goes_in_straight_lines_and_ends(void **state)
{
    (void)state;
    struct plan *plan = plan_of("{\"users\": [{\"target\": 10, \"duration\": \"10s\"},"
                                " {\"target\": 4, \"duration\": \"0s\"},"
                                " {\"target\": 0, \"duration\": \"8s\"}]}");
    const struct plan_load *load = &plan->flows[0].load;
    assert_true(plan_load_level(load, 0) == 0);
    assert_true(plan_load_level(load, 2500 * NS_PER_MS) == 2.5);
    assert_true(plan_load_level(load, 10 * NS_PER_S) == 4);
    assert_true(plan_load_level(load, 14 * NS_PER_S) == 2);
    assert_true(plan_load_level(load, 18 * NS_PER_S) == 0);
    assert_true(plan_load_level(load, UINT64_MAX) == 0);
    assert_int_equal(plan_load_users(load, 2500 * NS_PER_MS), 3);
    assert_int_equal(plan_load_users(load, 10 * NS_PER_S - 1), 10);
    assert_int_equal(plan_load_users(load, 18 * NS_PER_S), 0);
    plan_free(plan);
}

/* Asks at each nanosecond. */
static void assert_changes_are_found(const char *text)
{
    struct plan *plan = plan_of(text);
    const struct plan_load *load = &plan->flows[0].load;
    uint64_t next = UINT64_MAX; /* from the end backwards: the next change after t */
    for (uint64_t t = load->duration_ns + 10; t-- > 0;) {
        if (plan_load_users(load, t) != plan_load_users(load, t + 1))
            next = t + 1;
        if (plan_load_next_change_ns(load, t) != next)
            fail_msg("%s: after %" PRIu64 " ns the number changes at %" PRIu64 ", not %" PRIu64,
                     text, t, next, plan_load_next_change_ns(load, t));
    }
    plan_free(plan);
}

static void the_next_change_of_users_is_found_to_the_nanosecond(void **state)
{
    (void)state;
    assert_changes_are_found("{\"users\": 7, \"duration\": \"100ns\"}");
    assert_changes_are_found("{\"users\": 7, \"ramp\": \"1us\", \"duration\": \"2us\"}");
    assert_changes_are_found("{\"users\": 1000, \"ramp\": \"700ns\", \"duration\": \"1us\"}");
    assert_changes_are_found("{\"users\": [{\"target\": 3, \"duration\": \"20us\"},"
                             " {\"target\": 9, \"duration\": \"0s\"},"
                             " {\"target\": 9, \"duration\": \"0.3us\"},"
                             " {\"target\": 9, \"duration\": \"0.3us\"},"
                             " {\"target\": 8, \"duration\": \"1ns\"},"
                             " {\"target\": 0, \"duration\": \"13us\"},"
                             " {\"target\": 0, \"duration\": \"1us\"},"
                             " {\"target\": 1, \"duration\": \"1us\"}]}");
}

static void every_user_of_a_long_ramp_comes_and_goes_once(void **state)
{
    (void)state;
    struct plan *plan = plan_of("{\"users\": [{\"target\": 100000, \"duration\": \"300d\"},"
                                " {\"target\": 0, \"duration\": \"1s\"}]}");
    const struct plan_load *load = &plan->flows[0].load;
    uint64_t t = 0, changes = 0;
    while ((t = plan_load_next_change_ns(load, t)) != UINT64_MAX) {
        uint32_t users = plan_load_users(load, t);
        changes++;
        assert_int_equal(users, changes <= 100000 ? changes : 200000 - changes);
    }
    assert_int_equal(changes, 200000);
    plan_free(plan);
}

static void zero_users_after_the_end_is_a_change_too(void **state)
{
    (void)state;
    struct plan *plan = plan_of("{\"users\": 5, \"duration\": \"3s\"}");
    const struct plan_load *load = &plan->flows[0].load;
    assert_int_equal(plan_load_users(load, 0), 5);
    assert_true(plan_load_next_change_ns(load, 0) == 3 * NS_PER_S);
    assert_true(plan_load_next_change_ns(load, 3 * NS_PER_S) == UINT64_MAX);
    plan_free(plan);
}

/* ---- shares ---------------------------------------------------------------------------------- */

static void shares_are_those_of_dealing_out_in_turn(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 9; n++) {
        for (uint64_t whole = 0; whole <= 40; whole++) {
            uint64_t dealt[9] = {0};
            for (uint64_t k = 0; k < whole; k++)
                dealt[k % n]++;
            for (uint32_t w = 0; w < n; w++)
                assert_true(plan_share(whole, w, n) == dealt[w]);
        }
    }
}

static void shares_of_anything_add_up(void **state)
{
    (void)state;
    const uint64_t wholes[] = {0, 1, 1000000, UINT64_C(316224000000000), UINT64_MAX};
    const uint32_t workers[] = {1, 2, 3, 64, 1000, 65535};
    for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++) {
        for (size_t k = 0; k < sizeof workers / sizeof workers[0]; k++) {
            uint64_t sum = 0;
            for (uint32_t w = 0; w < workers[k]; w++)
                sum += plan_share(wholes[i], w, workers[k]);
            assert_true(sum == wholes[i]);
        }
    }
}

/* ---- think time ------------------------------------------------------------------------------ */

enum { DRAWS = 200000 };

static void think_times_are_drawn_as_asked(void **state)
{
    (void)state;
    struct rng rng;
    const struct plan_think fixed = {PLAN_THINK_FIXED, 500 * NS_PER_MS, 0};
    const struct plan_think uniform = {PLAN_THINK_UNIFORM, 1 * NS_PER_S, 3 * NS_PER_S};
    const struct plan_think exponential = {PLAN_THINK_EXPONENTIAL, 2 * NS_PER_S, 0};
    double uniform_s = 0, exponential_s = 0, longer_than_mean = 0;
    rng_seed(&rng, 4711);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t u = plan_think_draw_ns(&uniform, &rng);
        uint64_t x = plan_think_draw_ns(&exponential, &rng);
        assert_true(plan_think_draw_ns(&fixed, &rng) == 500 * NS_PER_MS);
        assert_true(u >= NS_PER_S && u <= 3 * NS_PER_S);
        uniform_s += (double)u / 1e9;
        exponential_s += (double)x / 1e9;
        longer_than_mean += x > 2 * NS_PER_S ? 1 : 0;
    }
    /* Within five standard errors. */
    assert_true(fabs(uniform_s / DRAWS - 2) < 5 * 0.58 / sqrt(DRAWS));
    assert_true(fabs(exponential_s / DRAWS - 2) < 5 * 2 / sqrt(DRAWS));
    assert_true(fabs(longer_than_mean / DRAWS - exp(-1)) < 5 * 0.5 / sqrt(DRAWS));
}

static void both_ends_of_a_uniform_think_time_occur(void **state)
{
    (void)state;
    struct rng rng;
    const struct plan_think think = {PLAN_THINK_UNIFORM, 7, 9};
    int seen[10] = {0};
    rng_seed(&rng, 1);
    for (int i = 0; i < 300; i++)
        seen[plan_think_draw_ns(&think, &rng)]++;
    assert_true(seen[7] > 50 && seen[8] > 50 && seen[9] > 50);
    assert_int_equal(seen[7] + seen[8] + seen[9], 300);
}

/* ---- workers --------------------------------------------------------------------------------- */

static uint32_t workers(const char *load, uint32_t cpus)
{
    struct plan *plan = plan_of(load);
    uint32_t n = plan_workers_wanted(plan, cpus);
    plan_free(plan);
    return n;
}

static void a_plan_wants_as_many_workers_as_its_load_needs(void **state)
{
    (void)state;
    assert_int_equal(workers("{\"users\": 1, \"duration\": \"1s\"}", 64), 1);
    assert_int_equal(workers("{\"rate\": 20000, \"duration\": \"1s\"}", 64), 1);
    assert_int_equal(workers("{\"rate\": 10000000, \"duration\": \"1s\"}", 64), 64);
    assert_int_equal(workers("{\"rate\": 10000000, \"duration\": \"1s\"}", 2), 2);
    assert_int_equal(workers("{\"rate\": 10000000, \"duration\": \"1s\"}", 0), 1);
    assert_in_range(workers("{\"rate\": 100000, \"duration\": \"1s\"}", 64), 2, 4);
    assert_in_range(workers("{\"users\": 1000, \"duration\": \"1s\"}", 64), 10, 64);
}

/* ---- changes of level ------------------------------------------------------------------------ */

static void a_changed_level_is_the_planned_one_times_the_factor(void **state)
{
    (void)state;
    struct plan *plan =
        plan_of("{\"rate\": [{\"target\": 100, \"duration\": \"10s\"}, {\"target\": 100,"
                " \"duration\": \"10s\"}, {\"target\": 40, \"duration\": \"0s\"},"
                " {\"target\": 40, \"duration\": \"5s\"}]}");
    const struct plan_load *planned = &plan->flows[0].load;
    const struct plan_change changes[] = {{4 * NS_PER_S, 1.5},
                                          {4 * NS_PER_S, 2},
                                          {20 * NS_PER_S, 0},
                                          {22 * NS_PER_S, 0.5},
                                          {90 * NS_PER_S, 9}};
    struct plan_load changed;
    plan_load_changed(planned, changes, 5, &changed);
    assert_true(changed.duration_ns == planned->duration_ns);
    assert_true(changed.peak == 200);
    uint64_t sum_ns = 0;
    for (size_t i = 0; i < changed.stage_count; i++)
        sum_ns += changed.stages[i].duration_ns;
    assert_true(sum_ns == planned->duration_ns);
    for (uint64_t t = 0; t <= 26 * NS_PER_S; t += 125 * NS_PER_MS) {
        double factor = t < 4 * NS_PER_S ? 1 : t < 20 * NS_PER_S ? 2 : t < 22 * NS_PER_S ? 0 : 0.5;
        assert_true(fabs(plan_load_level(&changed, t) - factor * plan_load_level(planned, t)) <
                    1e-9);
    }
    /* 5 t^2 up to 4 s: 80; twice what is left of 500; twice 1,000; half of 40 for 3 s. */
    assert_true(plan_load_arrivals(&changed) == 80 + 2 * 420 + 2000 + 60);
    for (uint64_t i = 0; i < 80; i++)
        assert_true(llabs((long long)(plan_load_arrival_ns(&changed, i) -
                                      plan_load_arrival_ns(planned, i))) <= 1);
    assert_true(plan_load_arrival_ns(&changed, 80) == 4 * NS_PER_S);
    assert_true(plan_load_arrival_ns(&changed, 80 + 840) == 10 * NS_PER_S);
    assert_true(plan_load_arrival_ns(&changed, 80 + 840 + 2000) == 22 * NS_PER_S);
    free(changed.stages);
    plan_free(plan);
}

static void users_change_at_the_instant_of_the_change(void **state)
{
    (void)state;
    struct plan *plan = plan_of("{\"users\": 10, \"duration\": \"10s\"}");
    const struct plan_change change = {3 * NS_PER_S, 1.46};
    struct plan_load changed;
    plan_load_changed(&plan->flows[0].load, &change, 1, &changed);
    assert_int_equal(plan_load_users(&changed, 3 * NS_PER_S - 1), 10);
    assert_int_equal(plan_load_users(&changed, 3 * NS_PER_S), 15);
    assert_true(plan_load_next_change_ns(&changed, 0) == 3 * NS_PER_S);
    assert_true(plan_load_next_change_ns(&changed, 3 * NS_PER_S) == 10 * NS_PER_S);
    free(changed.stages);
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrivals_follow_the_level_of_any_stages),
        cmocka_unit_test(a_constant_rate_arrives_at_once_and_evenly),
        cmocka_unit_test(a_year_at_the_highest_rate_is_exact_to_the_last_arrival),
        cmocka_unit_test(a_ramp_from_zero_begins_with_the_first_arrival),
        cmocka_unit_test(a_fall_to_zero_is_exact_at_its_end),
        cmocka_unit_test(nobody_arrives_in_a_pause),
        cmocka_unit_test(arrivals_never_go_back),
        cmocka_unit_test(the_level_goes_in_straight_lines_and_ends),
        cmocka_unit_test(the_next_change_of_users_is_found_to_the_nanosecond),
        cmocka_unit_test(every_user_of_a_long_ramp_comes_and_goes_once),
        cmocka_unit_test(zero_users_after_the_end_is_a_change_too),
        cmocka_unit_test(shares_are_those_of_dealing_out_in_turn),
        cmocka_unit_test(shares_of_anything_add_up),
        cmocka_unit_test(think_times_are_drawn_as_asked),
        cmocka_unit_test(both_ends_of_a_uniform_think_time_occur),
        cmocka_unit_test(a_changed_level_is_the_planned_one_times_the_factor),
        cmocka_unit_test(users_change_at_the_instant_of_the_change),
        cmocka_unit_test(a_plan_wants_as_many_workers_as_its_load_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
