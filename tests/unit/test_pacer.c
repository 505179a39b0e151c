/* test_pacer: alarms are called in the order of their instants, none early, none twice, none lost,
 * whatever is set, moved and cancelled in between. The clock is turned by hand, save where the
 * waiting itself is looked at. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/engine/pacer.h"

enum { ALARMS = 500, FIRED_MAX = 200000 };

/* An alarm that writes down when it was called, and then does what the test wants. */
struct probe {
    struct alarm alarm;
    unsigned fired;
    uint64_t now_ns; /* as it was told at the latest call */
    void (*then)(struct probe *p);
};

static uv_loop_t loop;
static struct clock_manual manual;
static struct pacer pacer;
static struct probe probes[ALARMS];
static const struct probe *fired[FIRED_MAX]; /* in order */
static uint64_t fired_due_ns[FIRED_MAX];
static size_t fired_count;

static void on_fire(struct alarm *a, uint64_t now_ns)
{
    struct probe *p = (struct probe *)((char *)a - offsetof(struct probe, alarm));
    assert_false(alarm_is_set(a));
    assert_true(a->due_ns <= now_ns);
    assert_true(fired_count < FIRED_MAX);
    fired_due_ns[fired_count] = a->due_ns;
    fired[fired_count++] = p;
    p->fired++;
    p->now_ns = now_ns;
    if (p->then)
        p->then(p);
}

static void begin(struct clock *clock)
{
    struct err e;
    uv_loop_init(&loop);
    assert_int_equal(pacer_init(&pacer, &loop, clock, &e), 0);
    fired_count = 0;
    for (size_t i = 0; i < ALARMS; i++) {
        memset(&probes[i], 0, sizeof probes[i]);
        alarm_init(&probes[i].alarm, on_fire);
    }
}

static int setup(void **state)
{
    (void)state;
    clock_manual_init(&manual, NS_PER_S, 0);
    begin(&manual.clock);
    return 0;
}

static int setup_with_the_systems_clock(void **state)
{
    (void)state;
    begin(clock_system());
    return 0;
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    uv_close(handle, NULL);
}

static int teardown(void **state)
{
    (void)state;
    uv_walk(&loop, close_handle, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    pacer_fini(&pacer);
    return 0;
}

static uint64_t now(void)
{
    return manual.mono_now_ns;
}

static void turn(void)
{
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void turn_at(uint64_t now_ns)
{
    clock_manual_advance(&manual, now_ns - now());
    turn();
}

static void set(size_t i, uint64_t due_ns)
{
    pacer_set(&pacer, &probes[i].alarm, due_ns);
}

/* ---- one turn after the other ---------------------------------------------------------------- */

static void alarms_are_called_in_the_order_of_their_instants(void **state)
{
    (void)state;
    const unsigned ms[] = {50, 20, 40, 10, 30};
    uint64_t begin_ns = now();
    for (size_t i = 0; i < 5; i++)
        set(i, begin_ns + ms[i] * NS_PER_MS);
    turn_at(begin_ns + 100 * NS_PER_MS);
    const size_t order[] = {3, 1, 4, 2, 0};
    assert_int_equal(fired_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_ptr_equal(fired[i], &probes[order[i]]);
}

static void none_is_called_before_its_instant(void **state)
{
    (void)state;
    uint64_t due_ns = now() + NS_PER_MS;
    set(0, due_ns);
    turn_at(due_ns - 1);
    assert_int_equal(fired_count, 0);
    assert_true(alarm_is_set(&probes[0].alarm));
    turn_at(due_ns);
    assert_int_equal(fired_count, 1);
    assert_false(alarm_is_set(&probes[0].alarm));
    turn_at(due_ns + NS_PER_S);
    assert_int_equal(fired_count, 1);
}

static void all_that_are_due_are_called_in_one_turn_and_told_its_instant(void **state)
{
    (void)state;
    uint64_t begin_ns = now();
    for (size_t i = 0; i < 100; i++)
        set(i, begin_ns + i % 7);
    turn_at(begin_ns + NS_PER_MS);
    assert_int_equal(fired_count, 100);
    for (size_t i = 0; i < 100; i++)
        assert_true(probes[i].now_ns == begin_ns + NS_PER_MS);
}

static void an_alarm_that_is_set_again_is_moved(void **state)
{
    (void)state;
    uint64_t begin_ns = now();
    for (size_t i = 0; i < 3; i++)
        set(i, begin_ns + (i + 1) * 10);
    set(0, begin_ns + 100); /* later */
    set(2, begin_ns + 5);   /* earlier */
    set(1, begin_ns + 20);  /* to where it is */
    turn_at(begin_ns + 50);
    assert_int_equal(fired_count, 2);
    assert_ptr_equal(fired[0], &probes[2]);
    assert_ptr_equal(fired[1], &probes[1]);
    turn_at(begin_ns + 100);
    assert_ptr_equal(fired[2], &probes[0]);
}

static void a_cancelled_alarm_is_not_called(void **state)
{
    (void)state;
    for (size_t i = 0; i < 10; i++)
        set(i, now() + 10 + i);
    for (size_t i = 0; i < 10; i += 2)
        pacer_cancel(&pacer, &probes[i].alarm);
    pacer_cancel(&pacer, &probes[0].alarm); /* once more: nothing */
    pacer_cancel(&pacer, &probes[20].alarm);
    turn_at(now() + 100);
    assert_int_equal(fired_count, 5);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(probes[i].fired, i % 2);
    set(0, now() + 1);
    turn_at(now() + 1);
    assert_int_equal(probes[0].fired, 1);
}

/* ---- from inside ----------------------------------------------------------------------------- */

static void set_in_the_past(struct probe *p)
{
    pacer_set(&pacer, &p->alarm, 0);
}

static void what_is_due_already_is_called_in_the_next_turn(void **state)
{
    (void)state;
    turn();
    set(0, 0);
    set(1, now());
    set(2, now() - NS_PER_MS);
    turn_at(now() + 1);
    assert_int_equal(fired_count, 3);
}

static void what_sets_itself_over_and_over_leaves_the_loop_its_turns(void **state)
{
    (void)state;
    probes[0].then = set_in_the_past;
    set(0, now());
    for (unsigned i = 1; i <= 5; i++) {
        turn_at(now() + 1);
        assert_int_equal(probes[0].fired, i);
    }
}

static void cancel_the_next(struct probe *p)
{
    pacer_cancel(&pacer, &p[1].alarm);
}

static void what_is_cancelled_in_its_own_turn_is_not_called(void **state)
{
    (void)state;
    for (size_t i = 0; i < 10; i++) {
        probes[i].then = cancel_the_next;
        set(i, now() + i);
    }
    turn_at(now() + 100);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(probes[i].fired, i % 2 == 0);
}

static void set_the_next(struct probe *p)
{
    pacer_set(&pacer, &p[1].alarm, p->now_ns - 1);
}

static void what_is_set_in_a_turn_is_called_in_a_later_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++)
        probes[i].then = set_the_next;
    set(0, now() + 1);
    for (size_t i = 1; i <= 6; i++) {
        turn_at(now() + 1);
        assert_int_equal(fired_count, i);
        assert_ptr_equal(fired[i - 1], &probes[i - 1]);
    }
}

/* ---- many, at random, against an array --------------------------------------------------------
 */

struct model {
    bool set[ALARMS];
    uint64_t due_ns[ALARMS];
    uint64_t batch_ns;
};

static void model_set(struct model *m, size_t i, uint64_t due_ns)
{
    set(i, due_ns);
    m->set[i] = true;
    m->due_ns[i] = due_ns > m->batch_ns ? due_ns : m->batch_ns + 1;
}

/* Each that is due is called once, in order, and no other. */
static void model_turn(struct model *m, uint64_t now_ns)
{
    fired_count = 0;
    turn_at(now_ns);
    m->batch_ns = now_ns;
    size_t due = 0;
    for (size_t i = 0; i < ALARMS; i++) {
        bool is_due = m->set[i] && m->due_ns[i] <= now_ns;
        due += is_due;
        assert_int_equal(probes[i].fired, is_due);
        probes[i].fired = 0;
        m->set[i] &= !is_due;
        assert_int_equal(alarm_is_set(&probes[i].alarm), m->set[i]);
    }
    assert_int_equal(fired_count, due);
    for (size_t k = 0; k < fired_count; k++) {
        assert_true(fired_due_ns[k] == m->due_ns[fired[k] - probes]);
        assert_true(k == 0 || fired_due_ns[k - 1] <= fired_due_ns[k]);
    }
}

static void many_random_alarms_are_called_as_a_sorted_array_says(void **state)
{
    (void)state;
    static struct model m;
    struct rng rng;
    rng_seed(&rng, 20261124);
    memset(&m, 0, sizeof m);
    for (int round = 0; round < 2000; round++) {
        for (uint64_t n = rng_next(&rng) % 60; n > 0; n--) {
            size_t i = rng_next(&rng) % ALARMS;
            uint64_t spread = 1 + (UINT64_C(1) << rng_next(&rng) % 24);
            if (rng_next(&rng) % 4 > 0) {
                model_set(&m, i, now() - 50 + rng_next(&rng) % spread);
            } else {
                pacer_cancel(&pacer, &probes[i].alarm);
                m.set[i] = false;
            }
        }
        model_turn(&m, now() + 1 + rng_next(&rng) % 20000);
    }
    model_turn(&m, now() + NS_PER_S);
    assert_int_equal(pacer.count, 0);
}

/* ---- waiting -----------------------------------------------------------------------------------
 */

static void stop_the_loop(struct probe *p)
{
    (void)p;
    uv_stop(&loop);
}

static unsigned turns;

static void count_turn(uv_check_t *handle)
{
    (void)handle;
    turns++;
}

static void the_loop_sleeps_until_the_earliest_alarm_and_no_longer(void **state)
{
    (void)state;
    uv_check_t check;
    uv_check_init(&loop, &check);
    uv_check_start(&check, count_turn);
    turns = 0;
    uint64_t begin_ns = clock_mono_ns(clock_system());
    probes[1].then = stop_the_loop;
    set(0, begin_ns + 3600 * NS_PER_S);
    set(1, begin_ns + 30 * NS_PER_MS);
    set(2, begin_ns + 10 * NS_PER_MS);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(probes[2].fired, 1);
    assert_int_equal(probes[1].fired, 1);
    assert_int_equal(probes[0].fired, 0);
    assert_true(probes[1].now_ns >= begin_ns + 30 * NS_PER_MS);
    assert_true(turns <= 10); /* it slept, and did not spin */
    uv_close((uv_handle_t *)&check, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void move_to_now(struct probe *p)
{
    pacer_set(&pacer, &p[1].alarm, p->now_ns);
}

static void an_alarm_that_is_moved_up_wakes_the_loop_earlier(void **state)
{
    (void)state;
    uint64_t begin_ns = clock_mono_ns(clock_system());
    probes[0].then = move_to_now;
    probes[1].then = stop_the_loop;
    set(1, begin_ns + 3600 * NS_PER_S);
    set(0, begin_ns + 5 * NS_PER_MS);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(probes[1].fired, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(alarms_are_called_in_the_order_of_their_instants, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(none_is_called_before_its_instant, setup, teardown),
        cmocka_unit_test_setup_teardown(
            all_that_are_due_are_called_in_one_turn_and_told_its_instant, setup, teardown),
        cmocka_unit_test_setup_teardown(an_alarm_that_is_set_again_is_moved, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cancelled_alarm_is_not_called, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_due_already_is_called_in_the_next_turn, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_sets_itself_over_and_over_leaves_the_loop_its_turns,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_cancelled_in_its_own_turn_is_not_called, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_set_in_a_turn_is_called_in_a_later_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(many_random_alarms_are_called_as_a_sorted_array_says, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_loop_sleeps_until_the_earliest_alarm_and_no_longer,
                                        setup_with_the_systems_clock, teardown),
        cmocka_unit_test_setup_teardown(an_alarm_that_is_moved_up_wakes_the_loop_earlier,
                                        setup_with_the_systems_clock, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
