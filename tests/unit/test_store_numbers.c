/* test_store_numbers: seconds, series and results of runs: kept as they came, merged without loss,
 * there after the daemon was killed and when the disk was full.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "store_fixture.h"

enum { HOME, ORDER, ALL, POINTS };

/* ---- seconds by hand ------------------------------------------------------------------------- */

static void add(struct result_point *p, uint64_t n, uint64_t us)
{
    hist_record_us(&p->latency, us, n);
    hist_record_us(&p->service, us / 2, n);
    p->counts.requests += n;
    p->counts.bytes_in += n * 100;
    p->counts.bytes_out += n * 10;
    struct result_counts one = {
        .status = &(struct wire_status_count){200, n},
        .status_count = 1,
    };
    counts_add(&p->counts, &one);
}

/* `n` requests of each name; each of `home_us` or of ten times that. */
static void make_second(struct result_second *s, uint32_t second, uint64_t n, uint64_t home_us)
{
    second_init(s, POINTS);
    s->second = second;
    s->users = 50 + second % 10;
    s->connections = 40;
    s->workers = 2;
    s->arrivals = 2 * n;
    s->cpu = 0.5;
    s->cpu_max = 0.25 + 0.001 * (second % 10);
    hist_record_us(&s->send_lag, 20, 2 * n);
    add(&s->points[HOME], n, home_us);
    add(&s->points[ORDER], n, 10 * home_us);
    add(&s->points[ALL], n, home_us);
    add(&s->points[ALL], n, 10 * home_us);
}

static void put(struct fixture *f, const char *run_id, uint32_t second, uint64_t n, uint64_t us)
{
    struct result_second s;
    make_second(&s, second, n, us);
    store_second_put(f->s, run_id, &s, 2);
    second_fini(&s, POINTS);
}

static const char *run_with_seconds(struct fixture *f, char run_id[ID_SIZE], uint32_t count)
{
    char id[ID_SIZE];
    add_running(f, add_scenario(f, "Shop", id), run_id);
    for (uint32_t i = 0; i < count; i++)
        put(f, run_id, i, 10 + i % 7, 1000 + 100 * (i % 13));
    OK(f, store_flush(f->s, &f->e));
    return run_id;
}

static void close_reader(struct store_reader **r)
{
    store_reader_close(*r);
}

static void assert_same_hist(const struct hist *a, const struct hist *b)
{
    assert_true(a->total == b->total);
    assert_int_equal(a->low, b->low);
    assert_int_equal(a->high, b->high);
    assert_true(a->min_us == b->min_us && a->max_us == b->max_us);
    for (uint32_t i = a->low; a->total && i <= a->high; i++)
        assert_true(a->counts[i - a->first] == b->counts[i - b->first]);
}

static int compare_second(void *owner, const struct result_second *got)
{
    uint32_t *next = owner;
    assert_int_equal(got->second, *next);
    struct result_second s;
    make_second(&s, *next, 10 + *next % 7, 1000 + 100 * (*next % 13));
    assert_int_equal(got->users, s.users);
    assert_int_equal(got->connections, 40);
    assert_int_equal(got->workers, 2);
    assert_true(got->arrivals == s.arrivals);
    assert_true(got->cpu == s.cpu && got->cpu_max == s.cpu_max);
    assert_same_hist(&got->send_lag, &s.send_lag);
    for (size_t i = 0; i < POINTS; i++) {
        assert_int_equal(got->points[i].name_id, i);
        assert_true(got->points[i].counts.requests == s.points[i].counts.requests);
        assert_true(got->points[i].counts.bytes_in == s.points[i].counts.bytes_in);
        assert_int_equal(got->points[i].counts.status_count, 1);
        assert_int_equal(got->points[i].counts.status[0].status, 200);
        assert_same_hist(&got->points[i].latency, &s.points[i].latency);
        assert_same_hist(&got->points[i].service, &s.points[i].service);
    }
    second_fini(&s, POINTS);
    (*next)++;
    return 0;
}

static void seconds_come_back_as_they_were(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    run_with_seconds(f, run_id, 30);
    fixture_reopen(f);
    AUTO(close_reader) struct store_reader *r;
    OK(f, store_reader_open(f->s, &r, &f->e));
    uint32_t next = 0;
    OK(f, store_seconds_each(r, str_of(run_id), 0, UINT32_MAX, compare_second, &next, &f->e));
    assert_int_equal(next, 30);
    next = 10;
    OK(f, store_seconds_each(r, str_of(run_id), 10, 20, compare_second, &next, &f->e));
    assert_int_equal(next, 20);
    AUTO(store_names_fini) struct store_names names;
    OK(f, store_run_names(r, str_of(run_id), &names, &f->e));
    assert_int_equal(names.count, 2);
    assert_string_equal(names.items[1].ptr, "order");
    FAILS(f, -ENOENT, store_seconds_each(r, STR("x"), 0, 9, compare_second, &next, &f->e));
}

/* ---- series ---------------------------------------------------------------------------------- */

static json_t *series(struct fixture *f, const char *run_id, const struct store_series_query *query)
{
    AUTO(close_reader) struct store_reader *r;
    OK(f, store_reader_open(f->s, &r, &f->e));
    json_t *out;
    OK(f, store_series(r, str_of(run_id), query, &out, &f->e));
    return out;
}

static int series_fails(struct fixture *f, const char *run_id,
                        const struct store_series_query *query)
{
    AUTO(close_reader) struct store_reader *r;
    OK(f, store_reader_open(f->s, &r, &f->e));
    json_t *out;
    int rc = store_series(r, str_of(run_id), query, &out, &f->e);
    assert_null(out);
    return rc;
}

static const json_t *point(const json_t *document, size_t i)
{
    return json_array_get(json_object_get(document, "points"), i);
}

static long long integer(const json_t *object, const char *key)
{
    assert_true(json_is_integer(json_object_get(object, key)));
    return json_integer_value(json_object_get(object, key));
}

static size_t length(const json_t *document)
{
    return json_array_size(json_object_get(document, "points"));
}

static void a_second_that_is_put_again_replaces_the_one_before(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    run_with_seconds(f, run_id, 3);
    put(f, run_id, 1, 500, 7000);
    put(f, run_id, 1, 600, 7000);
    OK(f, store_flush(f->s, &f->e));
    json_t *got = series(f, run_id, &(struct store_series_query){0});
    assert_int_equal(length(got), 3);
    assert_int_equal(integer(point(got, 1), "requests"), 1200);
    json_decref(got);
}

/* The 99th percentile of three different seconds together is that of all their values; the mean of
 * their percentiles is another number. */
static void a_point_of_several_seconds_is_their_merged_histogram(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE], run_id[ID_SIZE];
    add_running(f, add_scenario(f, "Shop", id), run_id);
    put(f, run_id, 0, 1000, 1000);
    put(f, run_id, 1, 10, 90000);
    put(f, run_id, 2, 300, 20000);
    OK(f, store_flush(f->s, &f->e));
    struct hist merged;
    hist_init(&merged);
    const struct {
        uint64_t n, us;
    } values[] = {{1000, 1000}, {1000, 10000}, {10, 90000},
                  {10, 900000}, {300, 20000},  {300, 200000}};
    for (size_t i = 0; i < 6; i++)
        hist_record_us(&merged, values[i].us, values[i].n);

    json_t *got = series(f, run_id, &(struct store_series_query){.step = 10});
    assert_int_equal(length(got), 1);
    json_t *expected = result_summary_json(&merged);
    assert_true(json_equal(json_object_get(point(got, 0), "latency_ms"), expected));
    assert_int_equal(integer(point(got, 0), "requests"), 2620);
    assert_int_equal(integer(json_object_get(point(got, 0), "status"), "200"), 2620);
    assert_int_equal(integer(point(got, 0), "users"), 52);
    assert_true(json_real_value(json_object_get(point(got, 0), "cpu")) == 0.5);
    assert_null(json_object_get(point(got, 0), "by_request"));
    json_decref(expected);
    json_decref(got);
    hist_fini(&merged);
}

static void a_series_of_one_request_has_its_numbers_and_the_runs_users(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    run_with_seconds(f, run_id, 5);
    json_t *got = series(f, run_id, &(struct store_series_query){.request = STR("order")});
    assert_int_equal(length(got), 5);
    assert_int_equal(integer(point(got, 2), "requests"), 12);
    assert_int_equal(integer(point(got, 2), "users"), 52);
    assert_true(json_real_value(
                    json_object_get(json_object_get(point(got, 2), "latency_ms"), "p50")) > 11.9);
    json_decref(got);
    FAILS(f, -EINVAL,
          series_fails(f, run_id, &(struct store_series_query){.request = STR("oder")}));
    assert_non_null(strstr(f->e.message, "oder"));
}

static void a_series_has_at_most_so_many_points(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    run_with_seconds(f, run_id, STORE_SERIES_POINTS_MAX + 1);
    json_t *got = series(f, run_id, &(struct store_series_query){0});
    assert_int_equal(integer(got, "step_s"), 2);
    assert_int_equal(length(got), STORE_SERIES_POINTS_MAX / 2 + 1);
    assert_int_equal(integer(point(got, 1), "s"), 2);
    json_decref(got);
    FAILS(f, -EINVAL, series_fails(f, run_id, &(struct store_series_query){.step = 1}));
    assert_non_null(strstr(f->e.message, "at least 2"));
    got = series(f, run_id, &(struct store_series_query){.from = 3, .to = 10, .step = 4});
    assert_int_equal(length(got), 2);
    assert_int_equal(integer(point(got, 0), "s"), 3);
    assert_int_equal(integer(point(got, 1), "s"), 7);
    json_decref(got);
    FAILS(f, -EINVAL, series_fails(f, run_id, &(struct store_series_query){.from = 5, .to = 5}));
    got = series(f, run_id, &(struct store_series_query){.from = 100000});
    assert_int_equal(length(got), 0);
    json_decref(got);
}

static void seconds_that_are_missing_are_left_out(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    run_with_seconds(f, run_id, 3);
    put(f, run_id, 10, 5, 1000);
    OK(f, store_flush(f->s, &f->e));
    json_t *got = series(f, run_id, &(struct store_series_query){.step = 2});
    assert_int_equal(length(got), 3);
    assert_int_equal(integer(point(got, 2), "s"), 10);
    json_decref(got);
}

/* ---- long reads beside writes ---------------------------------------------------------------- */

struct beside {
    struct fixture *f;
    const char *run_id;
    uint32_t seen;
};

static int write_beside(void *owner, const struct result_second *second)
{
    struct beside *b = owner;
    put(b->f, b->run_id, 1000 + second->second, 1, 1000);
    OK(b->f, store_flush(b->f->s, &b->f->e));
    b->seen++;
    return 0;
}

static void a_long_read_sees_the_run_as_it_was_and_stops_no_write(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    run_with_seconds(f, run_id, 20);
    AUTO(close_reader) struct store_reader *r;
    OK(f, store_reader_open(f->s, &r, &f->e));
    struct beside b = {f, run_id, 0};
    OK(f, store_seconds_each(r, str_of(run_id), 0, UINT32_MAX, write_beside, &b, &f->e));
    assert_int_equal(b.seen, 20);
    b.seen = 0;
    OK(f, store_seconds_each(r, str_of(run_id), 0, 1000, write_beside, &b, &f->e));
    assert_int_equal(b.seen, 20);
}

struct thread_job {
    struct store_reader *reader;
    const char *run_id;
    uint32_t next;
    int rc;
};

static void *read_in_thread(void *arg)
{
    struct thread_job *job = arg;
    for (int i = 0; i < 5 && job->rc == 0; i++) {
        job->next = 0;
        job->rc = store_seconds_each(job->reader, str_of(job->run_id), 0, 200, compare_second,
                                     &job->next, NULL);
    }
    return NULL;
}

static void a_reader_works_on_another_thread(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    run_with_seconds(f, run_id, 200);
    AUTO(close_reader) struct store_reader *r;
    OK(f, store_reader_open(f->s, &r, &f->e));
    struct thread_job job = {r, run_id, 0, 0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, read_in_thread, &job), 0);
    for (uint32_t i = 0; i < 200; i++) {
        put(f, run_id, 1000 + i, 1, 1000);
        OK(f, store_flush(f->s, &f->e));
    }
    pthread_join(thread, NULL);
    assert_int_equal(job.rc, 0);
    assert_int_equal(job.next, 200);
}

static int stop_at_once(void *owner, const struct result_second *second)
{
    (void)owner, (void)second;
    return -ECANCELED;
}

static void a_long_read_can_be_ended_early(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    run_with_seconds(f, run_id, 20);
    AUTO(close_reader) struct store_reader *r;
    OK(f, store_reader_open(f->s, &r, &f->e));
    FAILS(f, -ECANCELED, store_seconds_each(r, str_of(run_id), 0, 100, stop_at_once, NULL, &f->e));
}

/* ---- results --------------------------------------------------------------------------------- */

/* A run's numbers as two workers send them: ten seconds, a few errors, samples, phases. */
static void tick(struct result *r, uint32_t worker, uint32_t second)
{
    struct hist h;
    hist_init(&h);
    hist_record_us(&h, 1000 * (second + 1), 20);
    hist_record_us(&h, 50000 + 1000 * worker, 2);
    struct buf text;
    buf_init(&text, 1 << 20);
    hist_encode_base64(&h, &text);
    struct wire_status_count status[] = {{200, 20}, {503, 2}};
    struct wire_latency latency = {second, buf_str(&text)};
    struct wire_request_tick request = {
        .name_id = second % 2,
        .requests = 22,
        .errors = 2,
        .bytes_in = 2200,
        .bytes_out = 220,
        .error_kinds[WIRE_ERR_CHECK_FAILED] = 2,
        .status = status,
        .status_count = 2,
        .latency = &latency,
        .latency_count = 1,
        .metrics[WIRE_SERVICE] = buf_str(&text),
        .metrics[WIRE_WAIT] = buf_str(&text),
    };
    struct wire_tick t = {
        .second = second,
        .users = 10,
        .connections = 8,
        .arrivals = 22,
        .late = 1,
        .cpu = worker == 0 ? 0.5 : 0.25,
        .send_lag = buf_str(&text),
        .requests = &request,
        .request_count = 1,
    };
    struct err e;
    assert_int_equal(result_add_tick(r, worker, &t, &e), 0);
    buf_fini(&text);
    hist_fini(&h);
}

static struct result *feed_result(struct fixture *f, const char *run_id, uint32_t seconds)
{
    struct result *r = result_new(fixture_names, 2, 2);
    for (uint32_t s = 0; s < seconds; s++) {
        tick(r, 0, s);
        tick(r, 1, s);
        const struct result_second *second;
        while ((second = result_take_dirty(r)))
            store_second_put(f->s, run_id, second, 2);
        OK(f, store_flush(f->s, &f->e));
    }
    result_add_sample(r, &(struct wire_sample){
                             .name_id = 1,
                             .kind = WIRE_ERR_CHECK_FAILED,
                             .status = 503,
                             .detail = STR("status 503, expected 2xx 3xx"),
                             .request = STR("GET /order HTTP/1.1"),
                             .response = STR("HTTP/1.1 503 Service Unavailable"),
                         });
    return r;
}

static json_t *result_of(struct fixture *f, const char *run_id)
{
    char *text;
    size_t len;
    OK(f, store_run_result(f->s, str_of(run_id), &text, &len, &f->e));
    if (!text)
        return NULL;
    json_t *out = json_loadb(text, len, 0, NULL);
    assert_non_null(out);
    free(text);
    return out;
}

static void finish(struct fixture *f, const char *run_id, const json_t *document)
{
    OK(f, go(f, run_id, RUN_COLLECTING));
    struct store_transition done = {.to = RUN_COMPLETE, .passed = true, .document = document};
    OK(f, store_run_advance(f->s, str_of(run_id), &done, &f->e));
}

static void a_finished_run_has_its_result_and_its_summary(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE], run_id[ID_SIZE];
    add_running(f, add_scenario(f, "Shop", id), run_id);
    assert_null(result_of(f, run_id));
    struct result *r = feed_result(f, run_id, 10);
    json_t *document = result_document(r);
    finish(f, run_id, document);
    json_t *got = result_of(f, run_id);
    assert_true(json_equal(got, document));
    AUTO(store_run_fini) struct store_run run;
    OK(f, store_run_get(f->s, str_of(run_id), &run, &f->e));
    assert_true(run.passed);
    assert_int_equal(json_object_size(run.summary), 11);
    assert_int_equal(integer(run.summary, "requests"), 440);
    assert_true(json_equal(json_object_get(run.summary, "p99"),
                           json_object_get(json_object_get(document, "latency_ms"), "p99")));
    json_decref(got);
    json_decref(document);
    result_free(r);
}

static void a_checkpoint_is_the_result_until_the_end_and_not_after(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE], run_id[ID_SIZE];
    add_running(f, add_scenario(f, "Shop", id), run_id);
    json_t *so_far = json_pack("{s:i}", "requests", 1);
    json_t *final = json_pack("{s:i}", "requests", 2);
    store_checkpoint_put(f->s, run_id, so_far);
    OK(f, store_flush(f->s, &f->e));
    json_t *got = result_of(f, run_id);
    assert_true(json_equal(got, so_far));
    json_decref(got);
    finish(f, run_id, final);
    store_checkpoint_put(f->s, run_id, so_far);
    OK(f, store_flush(f->s, &f->e));
    got = result_of(f, run_id);
    assert_true(json_equal(got, final));
    json_decref(got);
    json_decref(so_far);
    json_decref(final);
}

/* ---- a daemon that is killed ----------------------------------------------------------------- */

/* What `work` does in a process that is then killed: nothing is closed or flushed. */
static void in_killed_daemon(struct fixture *f, void (*work)(struct fixture *f, char *run_id),
                             char run_id[ID_SIZE])
{
    store_close(f->s);
    f->s = NULL;
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t child = fork();
    if (child == 0) {
        fixture_open(f);
        work(f, run_id);
        if (write(pipe_fds[1], run_id, ID_SIZE) == ID_SIZE)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    assert_int_equal(read(pipe_fds[0], run_id, ID_SIZE), ID_SIZE);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    fixture_open(f);
}

static void run_for_ten_seconds(struct fixture *f, char *run_id)
{
    char id[ID_SIZE];
    add_running(f, add_scenario(f, "Shop", id), run_id);
    struct result *r = feed_result(f, run_id, 10);
    json_t *document = result_document(r);
    store_checkpoint_put(f->s, run_id, document);
    OK(f, store_flush(f->s, &f->e));
    put(f, run_id, 10, 1, 1); /* not flushed: lost */
}

static void a_run_of_a_killed_daemon_is_failed_with_what_arrived(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE], id[ID_SIZE], other[ID_SIZE];
    in_killed_daemon(f, run_for_ten_seconds, run_id);
    uint32_t failed;
    OK(f, store_recover(f->s, &failed, &f->e));
    assert_int_equal(failed, 1);
    AUTO(store_run_fini) struct store_run run;
    OK(f, store_run_get(f->s, str_of(run_id), &run, &f->e));
    assert_int_equal(run.state, RUN_FAILED);
    assert_string_equal(run.reason, "the daemon ended before the run did");
    assert_true(run.ended_ns > 0);
    assert_int_equal(integer(run.summary, "requests"), 440);
    OK(f, store_recover(f->s, &failed, &f->e));
    assert_int_equal(failed, 0);

    /* The same as a daemon that was not killed would have shown. */
    add_running(f, add_scenario(f, "Other", id), other);
    struct result *r = feed_result(f, other, 10);
    json_t *expected = result_document(r);
    json_t *got = result_of(f, run_id);
    static const char *const same[] = {
        "requests",  "errors",     "duration_s",  "rate_per_s", "bytes_in",
        "bytes_out", "status",     "error_kinds", "latency_ms", "service_ms",
        "phases_ms", "by_request", "samples",     "generator",  "latency_distribution_ms"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (!json_equal(json_object_get(got, same[i]), json_object_get(expected, same[i])))
            fail_msg("\"%s\" differs: %s", same[i],
                     json_dumps(json_object_get(got, same[i]), JSON_ENCODE_ANY));
    assert_string_equal(json_string_value(json_object_get(got, "state")), "failed");
    assert_true(json_is_false(json_object_get(got, "passed")));
    assert_true(json_array_size(json_object_get(got, "notes")) > 0);
    json_decref(got);
    json_decref(expected);
    result_free(r);
}

static void queue_only(struct fixture *f, char *run_id)
{
    char id[ID_SIZE];
    add_run(f, add_scenario(f, "Shop", id), run_id);
}

static void a_run_that_had_not_begun_has_an_empty_result(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    in_killed_daemon(f, queue_only, run_id);
    uint32_t failed;
    OK(f, store_recover(f->s, &failed, &f->e));
    assert_int_equal(failed, 1);
    json_t *got = result_of(f, run_id);
    assert_int_equal(integer(got, "requests"), 0);
    json_decref(got);
}

static void finish_run(struct fixture *f, char *run_id)
{
    char id[ID_SIZE];
    add_running(f, add_scenario(f, "Shop", id), run_id);
    put(f, run_id, 0, 10, 1000);
    finish(f, run_id, json_pack("{s:i}", "requests", 20));
}

static void a_finished_run_outlives_a_kill_with_its_last_second(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    in_killed_daemon(f, finish_run, run_id);
    uint32_t failed;
    OK(f, store_recover(f->s, &failed, &f->e));
    assert_int_equal(failed, 0);
    json_t *got = result_of(f, run_id);
    assert_int_equal(integer(got, "requests"), 20);
    json_decref(got);
    got = series(f, run_id, &(struct store_series_query){0});
    assert_int_equal(length(got), 1);
    json_decref(got);
}

static void damaged_seconds_leave_the_checkpoint(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    in_killed_daemon(f, run_for_ten_seconds, run_id);
    execute(f, "UPDATE point SET latency = x'1c849303deadbeef' WHERE second = 3");
    FAILS(f, -EBADMSG, series_fails(f, run_id, &(struct store_series_query){0}));
    assert_non_null(strstr(f->e.message, "damaged"));
    uint32_t failed;
    OK(f, store_recover(f->s, &failed, &f->e));
    assert_int_equal(failed, 1);
    json_t *got = result_of(f, run_id);
    assert_int_equal(integer(got, "requests"), 440);
    assert_string_equal(json_string_value(json_object_get(got, "state")), "failed");
    json_decref(got);
}

/* ---- a full disk ----------------------------------------------------------------------------- */

static void no_room(struct fixture *f)
{
    execute(f, "PRAGMA max_page_count = 1");
}

static void room(struct fixture *f)
{
    execute(f, "PRAGMA max_page_count = 1000000");
}

static void seconds_wait_while_the_disk_is_full(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    run_with_seconds(f, run_id, 1);
    no_room(f);
    int rc = 0;
    uint32_t next = 1;
    for (; rc == 0 && next < 1000; next++) { /* what room there is in the file fills up first */
        put(f, run_id, next, 10, 1000);
        rc = store_flush(f->s, &f->e);
    }
    assert_int_equal(rc, -ENOSPC);
    assert_non_null(store_problem(f->s));
    for (uint32_t last = next + 20; next < last; next++) {
        put(f, run_id, next, 10, 1000);
        FAILS(f, -ENOSPC, store_flush(f->s, &f->e));
    }
    room(f);
    OK(f, store_flush(f->s, &f->e));
    assert_null(store_problem(f->s));
    json_t *got = series(f, run_id, &(struct store_series_query){0});
    assert_int_equal(length(got), next);
    json_decref(got);
}

static void only_so_many_seconds_wait(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    run_with_seconds(f, run_id, 1);
    no_room(f);
    size_t most = 0;
    for (uint32_t second = 1; !f->s->batch.dropping; second++) {
        put(f, run_id, second, 10, 1000);
        most = f->s->batch.count > most ? f->s->batch.count : most;
    }
    assert_true(f->s->batch.bytes <= STORE_PENDING_MAX);
    assert_true(most > 1000);
    assert_int_equal(f->s->batch.seconds == NULL, 0);
    room(f);
    OK(f, store_flush(f->s, &f->e));
    assert_int_equal(f->s->batch.bytes, 0);
    json_t *got = series(f, run_id, &(struct store_series_query){0});
    assert_true(length(got) > 1);
    json_decref(got);
}

static void the_end_of_a_run_needs_less_room_than_its_seconds(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    run_with_seconds(f, run_id, 1);
    OK(f, go(f, run_id, RUN_COLLECTING));
    no_room(f);
    for (uint32_t second = 1; second < 200; second++)
        put(f, run_id, second, 10, 1000);
    json_t *document = json_pack("{s:i}", "requests", 2);
    struct store_transition done = {.to = RUN_COMPLETE, .passed = true, .document = document};
    OK(f, store_run_advance(f->s, str_of(run_id), &done, &f->e));
    AUTO(store_run_fini) struct store_run run;
    OK(f, store_run_get(f->s, str_of(run_id), &run, &f->e));
    assert_int_equal(run.state, RUN_COMPLETE);
    room(f);
    OK(f, store_flush(f->s, &f->e));
    json_t *got = series(f, run_id, &(struct store_series_query){0});
    assert_int_equal(length(got), 200);
    json_decref(got);
    json_decref(document);
}

/* ---- deletion -------------------------------------------------------------------------------- */

static void a_long_run_is_removed_in_small_steps_and_its_room_given_back(void **state)
{
    struct fixture *f = *state;
    char run_id[ID_SIZE];
    run_with_seconds(f, run_id, 4000);
    OK(f, go(f, run_id, RUN_FAILED));
    uint64_t before = number_in_database(f, "PRAGMA page_count");
    OK(f, store_run_delete(f->s, str_of(run_id), &f->e));
    FAILS(f, -ENOENT, series_fails(f, run_id, &(struct store_series_query){0}));
    put(f, run_id, 4000, 1, 1); /* too late: of no use, and no harm */
    OK(f, store_flush(f->s, &f->e));
    bool more = true;
    int steps = 0;
    for (; more; steps++)
        OK(f, store_purge(f->s, &more, &f->e));
    assert_true(steps > 20);
    assert_int_equal(number_in_database(f, "SELECT count(*) FROM point"), 0);
    assert_int_equal(number_in_database(f, "SELECT count(*) FROM second"), 0);
    assert_int_equal(number_in_database(f, "SELECT count(*) FROM run"), 0);
    assert_true(number_in_database(f, "PRAGMA page_count") < before / 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(seconds_come_back_as_they_were),
        TEST(a_second_that_is_put_again_replaces_the_one_before),
        TEST(a_point_of_several_seconds_is_their_merged_histogram),
        TEST(a_series_of_one_request_has_its_numbers_and_the_runs_users),
        TEST(a_series_has_at_most_so_many_points),
        TEST(seconds_that_are_missing_are_left_out),
        TEST(a_long_read_sees_the_run_as_it_was_and_stops_no_write),
        TEST(a_reader_works_on_another_thread),
        TEST(a_long_read_can_be_ended_early),
        TEST(a_finished_run_has_its_result_and_its_summary),
        TEST(a_checkpoint_is_the_result_until_the_end_and_not_after),
        TEST(a_run_of_a_killed_daemon_is_failed_with_what_arrived),
        TEST(a_run_that_had_not_begun_has_an_empty_result),
        TEST(a_finished_run_outlives_a_kill_with_its_last_second),
        TEST(damaged_seconds_leave_the_checkpoint),
        TEST(seconds_wait_while_the_disk_is_full),
        TEST(only_so_many_seconds_wait),
        TEST(the_end_of_a_run_needs_less_room_than_its_seconds),
        TEST(a_long_run_is_removed_in_small_steps_and_its_room_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
