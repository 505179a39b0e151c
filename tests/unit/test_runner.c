/* test_runner: workers as real child processes, good ones and bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_worker.h"
#include "squall/runner.h"

enum { WORKERS_MAX = 4 };

/* What was heard of the workers; starts them when all are ready. */
struct heard {
    uv_loop_t loop;
    struct runner *runner;
    uint32_t workers;
    uint32_t ready, gone;
    unsigned ticks[WORKERS_MAX], dones[WORKERS_MAX];
    char reason[WORKERS_MAX][1200];
    bool stop_when_running, kill_when_running, close_when_ready;
    bool inside; /* in a runner_* call */
    bool closed;
};

static void on_closed(void *owner)
{
    struct heard *h = owner;
    assert_false(h->inside);
    h->closed = true;
}

static void on_ready(void *owner, uint32_t worker)
{
    struct heard *h = owner;
    (void)worker;
    assert_false(h->inside);
    if (h->close_when_ready && ++h->ready) {
        runner_close(h->runner, on_closed);
        return;
    }
    if (++h->ready < h->workers)
        return;
    struct err e;
    h->inside = true;
    assert_int_equal(runner_start(h->runner, 1, &e), 0);
    h->inside = false;
}

static void on_frame(void *owner, uint32_t worker, const struct wire_frame *frame)
{
    struct heard *h = owner;
    assert_false(h->inside);
    h->inside = true;
    h->ticks[worker] += frame->type == WIRE_TICK;
    h->dones[worker] += frame->type == WIRE_DONE;
    if (h->stop_when_running)
        runner_stop(h->runner);
    if (h->kill_when_running)
        runner_kill(h->runner);
    h->inside = false;
}

static void on_gone(void *owner, uint32_t worker, const char *reason)
{
    struct heard *h = owner;
    assert_false(h->inside);
    snprintf(h->reason[worker], sizeof h->reason[worker], "%s", reason ? reason : "");
    if (++h->gone == h->workers)
        runner_close(h->runner, on_closed);
}

static const struct runner_events events = {on_ready, on_frame, on_gone};

/* Runs the workers to their end. */
static void hear(struct heard *h, uint32_t workers, const char *scenario)
{
    struct log log;
    struct err e;
    log_init(&log, STDERR_FILENO, LOG_ERROR, clock_system());
    assert_int_equal(uv_loop_init(&h->loop), 0);
    h->workers = workers;
    struct runner_local_options options = {
        .loop = &h->loop,
        .workers = workers,
        .scenario = str_of(scenario),
        .events = &events,
        .owner = h,
        .log = &log,
    };
    h->inside = true;
    if (runner_local_new(&options, &h->runner, &e) < 0)
        fail_msg("%s", e.message);
    h->inside = false;
    uv_run(&h->loop, UV_RUN_DEFAULT);
    assert_true(h->closed);
    assert_int_equal(uv_loop_close(&h->loop), 0);
}

static void good_workers_run_to_their_end(void **state)
{
    (void)state;
    struct heard h = {0};
    hear(&h, 3, "{}");
    assert_int_equal(h.ready, 3);
    assert_int_equal(h.gone, 3);
    for (uint32_t w = 0; w < 3; w++) {
        assert_int_equal(h.ticks[w], FAKE_SECONDS);
        assert_int_equal(h.dones[w], 1);
        assert_string_equal(h.reason[w], "");
    }
}

static void each_misdeed_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *scenario, *reason;
    } cases[] = {
        {"fake:die-at-once", "worker 1 of 1 was killed by signal 9 (Killed)"},
        {"fake:die-running", "worker 1 of 1 was killed by signal 9 (Killed)"},
        {"fake:exit-code", "worker 1 of 1 ended with exit code 7: no memory for that"},
        {"fake:exit-early", "worker 1 of 1 ended before its work was done"},
        {"fake:bad-exit", "worker 1 of 1 ended with exit code 3"},
        {"fake:garbage", "worker 1 of 1 was killed: it sent not a frame, which is one JSON "
                         "object: \"this is not a frame\""},
        {"fake:no-hello", "worker 1 of 1 was killed: it sent a frame out of turn"},
        {"fake:long-line", "worker 1 of 1 was killed: it sent a line of more than 16777216 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct heard h = {0};
        hear(&h, 1, cases[i].scenario);
        assert_string_equal(h.reason[0], cases[i].reason);
    }
}

static void last_words_without_end_are_cut(void **state)
{
    (void)state;
    struct heard h = {0};
    hear(&h, 1, "fake:long-words");
    assert_non_null(strstr(h.reason[0], "ended with exit code 7: wwww"));
    assert_in_range(strlen(h.reason[0]), 50, 1000);
}

static void one_bad_worker_leaves_the_others_alone(void **state)
{
    (void)state;
    struct heard h = {0};
    hear(&h, 3, "fake:garbage@1");
    assert_int_equal(h.dones[0], 1);
    assert_int_equal(h.dones[2], 1);
    assert_string_equal(h.reason[0], "");
    assert_non_null(strstr(h.reason[1], "worker 2 of 3 was killed: it sent not a frame"));
}

static void stop_reaches_every_worker(void **state)
{
    (void)state;
    struct heard h = {.stop_when_running = true};
    hear(&h, 2, "fake:until-stop");
    assert_int_equal(h.dones[0], 1);
    assert_int_equal(h.dones[1], 1);
    assert_string_equal(h.reason[1], "");
}

static void kill_ends_what_hangs(void **state)
{
    (void)state;
    struct heard h = {.kill_when_running = true};
    hear(&h, 2, "fake:silent");
    assert_non_null(strstr(h.reason[0], "signal 9"));
    assert_non_null(strstr(h.reason[1], "signal 9"));
}

static void close_from_inside_an_event_ends_everything(void **state)
{
    (void)state;
    struct heard h = {.close_when_ready = true};
    hear(&h, 1, "fake:silent");
    assert_int_equal(h.gone, 0);
}

static void a_large_scenario_arrives(void **state)
{
    (void)state;
    size_t len = 4 << 20;
    char *text = malloc(len + 1);
    memset(text, '"', len);
    text[len] = '\0';
    struct heard h = {0};
    hear(&h, 2, text);
    assert_int_equal(h.dones[0], 1);
    assert_int_equal(h.dones[1], 1);
    free(text);
}

static void a_missing_program_is_said_at_once(void **state)
{
    (void)state;
    struct heard h = {0};
    struct err e;
    struct runner *runner;
    assert_int_equal(uv_loop_init(&h.loop), 0);
    struct runner_local_options options = {
        .loop = &h.loop,
        .executable = "/nonexistent/squalld",
        .workers = 2,
        .events = &events,
        .owner = &h,
    };
    assert_true(runner_local_new(&options, &runner, &e) < 0);
    assert_non_null(strstr(e.message, "/nonexistent/squalld"));
    uv_run(&h.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&h.loop), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return fake_worker_main();
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_workers_run_to_their_end),
        cmocka_unit_test(each_misdeed_is_named),
        cmocka_unit_test(last_words_without_end_are_cut),
        cmocka_unit_test(one_bad_worker_leaves_the_others_alone),
        cmocka_unit_test(stop_reaches_every_worker),
        cmocka_unit_test(kill_ends_what_hangs),
        cmocka_unit_test(close_from_inside_an_event_ends_everything),
        cmocka_unit_test(a_large_scenario_arrives),
        cmocka_unit_test(a_missing_program_is_said_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
