/* test_run: every way in which a run can end, with real child processes and a clock that the test
 * turns to pass deadlines. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_worker.h"
#include "squall/run.h"

/* What a run told its observer. */
struct watch {
    uv_loop_t loop;
    uv_timer_t hand;    /* turns the clock */
    uint64_t turned_ns; /* when it last did: the workers live in real time */
    struct clock_manual clock;
    struct log log;
    struct run *run;
    char states[200];
    char reason[1200];
    unsigned seconds;
    bool finished;
    enum run_state hurry_in;  /* from this state on, time passes 10 times as fast */
    enum run_state refuse_in; /* recording this state fails */
    enum run_state stop_in;   /* asks for the end in this state */
    int64_t ended_after_ns;   /* on the clock, from entering hurry_in */
};

static int on_state(void *owner, struct run *run, enum run_state to, const char *reason)
{
    struct watch *w = owner;
    assert_false(w->finished);
    assert_int_equal(run_state(run), to);
    size_t len = strlen(w->states);
    snprintf(w->states + len, sizeof w->states - len, "%s%s", len ? " " : "", run_state_text(to));
    if (reason)
        snprintf(w->reason, sizeof w->reason, "%s", reason);
    if (to == w->hurry_in)
        w->ended_after_ns = -(int64_t)w->clock.mono_now_ns;
    if (to == w->stop_in)
        run_stop(run, "stopped by the test");
    return to == w->refuse_in ? -ENOSPC : 0;
}

static void on_second(void *owner, struct run *run, const struct result_second *second)
{
    struct watch *w = owner;
    (void)run;
    assert_false(w->finished);
    assert_int_equal(second->second, w->seconds);
    w->seconds++;
}

static void on_finished(void *owner, struct run *run)
{
    struct watch *w = owner;
    (void)run;
    assert_false(w->finished);
    w->finished = true;
    w->ended_after_ns += (int64_t)w->clock.mono_now_ns;
    uv_close((uv_handle_t *)&w->hand, NULL);
}

static const struct run_observer observer = {on_state, on_second, on_finished};

static void turn(uv_timer_t *timer)
{
    struct watch *w = timer->data;
    bool hurry = w->hurry_in != RUN_QUEUED && run_state(w->run) >= w->hurry_in;
    uint64_t now_ns = uv_hrtime(), passed_ns = now_ns - w->turned_ns;
    w->turned_ns = now_ns;
    clock_manual_advance(&w->clock, (hurry ? 10 : 1) * passed_ns);
}

static const char scenario_format[] =
    "{\"name\": \"fake:%s\", \"target\": {\"base_url\": \"http://127.0.0.1:9\", \"drain\": \"5s\"},"
    " \"load\": {\"users\": 5, \"duration\": \"3s\"},"
    " \"steps\": [{\"request\": {\"name\": \"home\", \"url\": \"/\"}}]}";

/* A watch with a run of `workers` that behave as `word` says. */
static struct watch *begin_with(const char *word, uint32_t workers, const char *const *thresholds,
                                size_t threshold_count)
{
    struct watch *w = mem_alloc(sizeof *w);
    struct plan_problems problems;
    struct err e;
    char scenario[1024];
    snprintf(scenario, sizeof scenario, scenario_format, word);
    assert_int_equal(uv_loop_init(&w->loop), 0);
    clock_manual_init(&w->clock, 1000 * NS_PER_S, 1763999999 * NS_PER_S);
    log_init(&w->log, STDERR_FILENO, LOG_ERROR, &w->clock.clock);
    uv_timer_init(&w->loop, &w->hand);
    w->hand.data = w;
    w->turned_ns = uv_hrtime();
    uv_timer_start(&w->hand, turn, 5, 5);
    struct run_options options = {
        .loop = &w->loop,
        .clock = &w->clock.clock,
        .log = &w->log,
        .id = "test",
        .scenario = str_of(scenario),
        .workers = workers,
        .thresholds = thresholds,
        .threshold_count = threshold_count,
        .observer = &observer,
        .owner = w,
    };
    plan_problems_init(&problems);
    if (run_new(&options, &w->run, &problems, &e) < 0)
        fail_msg("%s: %s", e.message, problems.items[0].message);
    plan_problems_fini(&problems);
    return w;
}

static struct watch *begin(const char *word, uint32_t workers)
{
    return begin_with(word, workers, NULL, 0);
}

static void see_it_end(struct watch *w)
{
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_true(w->finished);
    assert_true(run_state_final(run_state(w->run)));
}

static struct watch *ended(struct watch *w)
{
    struct err e;
    assert_int_equal(run_begin(w->run, &e), 0);
    see_it_end(w);
    return w;
}

static void put_away(struct watch *w)
{
    run_free(w->run);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    free(w);
}

static uint64_t requests(const struct watch *w)
{
    return result_total(run_result(w->run))->counts.requests;
}

#define ALL_GOOD "provisioning ready running collecting complete"
#define FAILED_RUNNING "provisioning ready running collecting failed"

static void a_good_run_completes(void **state)
{
    (void)state;
    struct watch *w = ended(begin("ok", 2));
    assert_string_equal(w->states, ALL_GOOD);
    assert_string_equal(w->reason, "");
    assert_int_equal(w->seconds, FAKE_SECONDS);
    assert_int_equal(requests(w), 2 * FAKE_SECONDS * FAKE_REQUESTS);
    assert_true(run_passed(w->run));
    assert_true(run_started_wall_ns(w->run) > 1763999999 * NS_PER_S);
    json_t *d = run_document(w->run);
    assert_string_equal(json_string_value(json_object_get(d, "state")), "complete");
    assert_true(json_is_null(json_object_get(d, "reason")));
    assert_true(json_is_true(json_object_get(d, "passed")));
    json_decref(d);
    put_away(w);
}

static void thresholds_alone_decide_where_there_are_any(void **state)
{
    (void)state;
    static const char *const met[] = {"latency p95 < 1s", "requests >= 60"};
    static const char *const broken[] = {"latency p95 < 1s", "requests > 60"};
    struct watch *w = ended(begin_with("ok", 2, met, 2));
    assert_true(run_passed(w->run));
    put_away(w);
    w = ended(begin_with("ok", 2, broken, 2));
    assert_string_equal(w->states, ALL_GOOD);
    assert_false(run_passed(w->run));
    json_t *d = run_document(w->run), *v = json_object_get(d, "thresholds");
    assert_true(json_is_true(json_object_get(json_array_get(v, 0), "passed")));
    assert_true(json_is_false(json_object_get(json_array_get(v, 1), "passed")));
    json_decref(d);
    put_away(w);
}

static void a_dead_worker_fails_the_run_and_what_came_is_kept(void **state)
{
    (void)state;
    struct watch *w = ended(begin("die-running@1", 2));
    assert_string_equal(w->states, FAILED_RUNNING);
    assert_string_equal(w->reason, "worker 2 of 2 was killed by signal 9 (Killed)");
    assert_in_range(requests(w), FAKE_REQUESTS, 4 * FAKE_REQUESTS);
    assert_int_equal(w->seconds, FAKE_SECONDS);
    assert_false(run_passed(w->run));
    put_away(w);
}

static void each_misdeed_ends_in_failed(void **state)
{
    (void)state;
    static const struct {
        const char *word, *states, *reason;
    } cases[] = {
        {"die-at-once", "provisioning failed", "killed by signal 9"},
        {"exit-code", "provisioning failed", "exit code 7: no memory for that"},
        {"die-running", FAILED_RUNNING, "killed by signal 9"},
        {"garbage", FAILED_RUNNING, "it sent not a frame"},
        {"skip-second", FAILED_RUNNING, "second 7 came where 1 was due"},
        {"exit-early", FAILED_RUNNING, "ended before its work was done"},
        {"bad-exit", FAILED_RUNNING, "exit code 3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct watch *w = ended(begin(cases[i].word, 2));
        assert_string_equal(w->states, cases[i].states);
        if (!strstr(w->reason, cases[i].reason))
            fail_msg("%s: %s", cases[i].word, w->reason);
        put_away(w);
    }
}

/* Ended within its limit, on the clock that the test turned. */
static struct watch *ended_within(struct watch *w, enum run_state state, unsigned limit_s)
{
    w->hurry_in = state;
    ended(w);
    assert_in_range(w->ended_after_ns, 0, limit_s * NS_PER_S);
    return w;
}

static void a_worker_that_is_never_ready_is_not_awaited_for_ever(void **state)
{
    (void)state;
    struct watch *w = ended_within(begin("never-ready@0", 2), RUN_PROVISIONING, 35);
    assert_string_equal(w->states, "provisioning failed");
    assert_non_null(strstr(w->reason, "workers were ready within 30 s"));
    put_away(w);
}

static void a_silent_worker_is_killed(void **state)
{
    (void)state;
    struct watch *w = ended_within(begin("silent@1", 2), RUN_RUNNING, 15);
    assert_string_equal(w->states, FAILED_RUNNING);
    assert_string_equal(w->reason, "worker 2 of 2 sent nothing for 10 s and was killed");
    put_away(w);
}

static void a_worker_that_does_not_exit_is_killed(void **state)
{
    (void)state;
    struct watch *w = ended_within(begin("no-exit", 1), RUN_COLLECTING, 15);
    assert_string_equal(w->states, FAILED_RUNNING);
    assert_non_null(strstr(w->reason, "only 0 of 1 workers had exited"));
    assert_int_equal(requests(w), FAKE_SECONDS * FAKE_REQUESTS);
    put_away(w);
}

static void a_stopped_run_completes_with_what_it_has(void **state)
{
    (void)state;
    struct watch *w = begin("until-stop", 2);
    w->stop_in = RUN_RUNNING;
    ended(w);
    assert_string_equal(w->states, ALL_GOOD);
    assert_string_equal(w->reason, "stopped by the test");
    assert_true(run_passed(w->run));
    run_stop(w->run, "again");
    assert_string_equal(run_reason(w->run), "stopped by the test");
    put_away(w);
}

static void a_run_stopped_before_it_runs_is_cancelled(void **state)
{
    (void)state;
    static const struct {
        enum run_state in;
        const char *states;
    } cases[] = {
        {RUN_PROVISIONING, "provisioning cancelled"},
        {RUN_READY, "provisioning ready cancelled"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct watch *w = begin("ok", 2);
        w->stop_in = cases[i].in;
        ended(w);
        assert_string_equal(w->states, cases[i].states);
        assert_string_equal(w->reason, "stopped by the test");
        put_away(w);
    }
}

static void a_run_stopped_before_it_began_is_cancelled(void **state)
{
    (void)state;
    struct err e;
    struct watch *w = begin("ok", 1);
    run_stop(w->run, NULL);
    assert_int_equal(run_begin(w->run, &e), -EALREADY);
    see_it_end(w);
    assert_string_equal(w->states, "cancelled");
    assert_string_equal(w->reason, "stopped");
    put_away(w);
}

static void a_state_that_cannot_be_recorded_fails_the_run(void **state)
{
    (void)state;
    static const struct {
        enum run_state in;
        const char *states;
    } cases[] = {
        {RUN_PROVISIONING, "provisioning failed"},
        {RUN_READY, "provisioning ready failed"},
        {RUN_RUNNING, FAILED_RUNNING},
        {RUN_COLLECTING, FAILED_RUNNING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct watch *w = begin("ok", 2);
        w->refuse_in = cases[i].in;
        ended(w);
        assert_string_equal(w->states, cases[i].states);
        assert_non_null(strstr(w->reason, "No space left on device"));
        put_away(w);
    }
    struct watch *w = begin("ok", 1);
    w->refuse_in = RUN_COMPLETE;
    ended(w);
    assert_string_equal(w->states, ALL_GOOD);
    put_away(w);
}

static void a_missing_program_fails_the_run(void **state)
{
    (void)state;
    struct watch *w = begin("ok", 1);
    struct run_options options = {
        .loop = &w->loop,
        .clock = &w->clock.clock,
        .log = &w->log,
        .id = "test",
        .executable = "/nonexistent/squalld",
        .scenario =
            STR("{\"name\": \"x\", \"load\": {\"users\": 1, \"duration\": \"1s\"}, \"steps\":"
                " [{\"request\": {\"url\": \"http://127.0.0.1:9/\"}}]}"),
        .workers = 1,
        .observer = &observer,
        .owner = w,
    };
    struct plan_problems problems;
    struct err e;
    run_free(w->run);
    plan_problems_init(&problems);
    assert_int_equal(run_new(&options, &w->run, &problems, &e), 0);
    plan_problems_fini(&problems);
    ended(w);
    assert_string_equal(w->states, "provisioning failed");
    assert_non_null(strstr(w->reason, "/nonexistent/squalld"));
    put_away(w);
}

static void a_wrong_scenario_is_refused_with_its_problems(void **state)
{
    (void)state;
    struct run_options options = {.id = "test", .scenario = STR("{\"nmae\": 1}")};
    struct plan_problems problems;
    struct run *run;
    struct err e;
    plan_problems_init(&problems);
    assert_int_equal(run_new(&options, &run, &problems, &e), -EINVAL);
    assert_null(run);
    assert_true(problems.count > 0);
    plan_problems_fini(&problems);
}

static void states_follow_the_picture(void **state)
{
    (void)state;
    enum run_state found;
    for (int s = RUN_QUEUED; s <= RUN_CANCELLED; s++) {
        assert_true(run_state_of(str_of(run_state_text((enum run_state)s)), &found));
        assert_int_equal(found, s);
        assert_int_equal(run_state_final((enum run_state)s), s >= RUN_COMPLETE);
    }
    assert_false(run_state_of(STR("gone"), &found));
    assert_true(run_state_may_follow(RUN_QUEUED, RUN_PROVISIONING));
    assert_true(run_state_may_follow(RUN_COLLECTING, RUN_FAILED));
    assert_false(run_state_may_follow(RUN_QUEUED, RUN_RUNNING));
    assert_false(run_state_may_follow(RUN_RUNNING, RUN_COMPLETE));
    assert_false(run_state_may_follow(RUN_FAILED, RUN_COMPLETE));
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return fake_worker_main();
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_run_completes),
        cmocka_unit_test(thresholds_alone_decide_where_there_are_any),
        cmocka_unit_test(a_dead_worker_fails_the_run_and_what_came_is_kept),
        cmocka_unit_test(each_misdeed_ends_in_failed),
        cmocka_unit_test(a_worker_that_is_never_ready_is_not_awaited_for_ever),
        cmocka_unit_test(a_silent_worker_is_killed),
        cmocka_unit_test(a_worker_that_does_not_exit_is_killed),
        cmocka_unit_test(a_stopped_run_completes_with_what_it_has),
        cmocka_unit_test(a_run_stopped_before_it_runs_is_cancelled),
        cmocka_unit_test(a_run_stopped_before_it_began_is_cancelled),
        cmocka_unit_test(a_state_that_cannot_be_recorded_fails_the_run),
        cmocka_unit_test(a_missing_program_fails_the_run),
        cmocka_unit_test(a_wrong_scenario_is_refused_with_its_problems),
        cmocka_unit_test(states_follow_the_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
