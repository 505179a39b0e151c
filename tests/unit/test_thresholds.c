/* test_thresholds: what a threshold says becomes what is measured, and each is judged by it. */
#include "scenario.h"

#include "squall/result.h"

#define DOCUMENT(thresholds)                                                                       \
    "{\"name\": \"n\", \"load\": {\"users\": 1, \"duration\": \"60s\"}, \"steps\": ["              \
    "{\"request\": {\"name\": \"home\", \"url\": \"http://h/\"}},"                                 \
    "{\"request\": {\"name\": \"check out\", \"url\": "                                            \
    "\"http://h/\"}}],\"thresholds\": " thresholds "}"

/* ---- reading --------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    struct plan_threshold is;
} readings[] = {
    {"latency p95 < 300ms",
     {.metric = PLAN_METRIC_LATENCY,
      .statistic = PLAN_STATISTIC_PERCENTILE,
      .percent = 95,
      .limit = 300,
      .unit = "ms"}},
    {"  service   p99.9<=1.5s ",
     {.metric = PLAN_METRIC_SERVICE,
      .statistic = PLAN_STATISTIC_PERCENTILE,
      .percent = 99.9,
      .comparison = PLAN_AT_MOST,
      .limit = 1500,
      .unit = "ms"}},
    {"wait mean < 50 us",
     {.metric = PLAN_METRIC_WAIT, .statistic = PLAN_STATISTIC_MEAN, .limit = 0.05, .unit = "ms"}},
    {"send_lag max < 1ms",
     {.metric = PLAN_METRIC_SEND_LAG, .statistic = PLAN_STATISTIC_MAX, .limit = 1, .unit = "ms"}},
    {"send min > 1m30s",
     {.metric = PLAN_METRIC_SEND,
      .statistic = PLAN_STATISTIC_MIN,
      .comparison = PLAN_ABOVE,
      .limit = 90000,
      .unit = "ms"}},
    {"tls median < 1ms",
     {.metric = PLAN_METRIC_TLS,
      .statistic = PLAN_STATISTIC_PERCENTILE,
      .percent = 50,
      .limit = 1,
      .unit = "ms"}},
    {"error rate < 1 %", {.metric = PLAN_METRIC_ERROR_RATE, .limit = 1, .unit = "%"}},
    {"error_rate < 0.1%", {.metric = PLAN_METRIC_ERROR_RATE, .limit = 0.1, .unit = "%"}},
    {"rate > 500/s",
     {.metric = PLAN_METRIC_RATE, .comparison = PLAN_ABOVE, .limit = 500, .unit = "/s"}},
    {"rate >= 500 / s",
     {.metric = PLAN_METRIC_RATE, .comparison = PLAN_AT_LEAST, .limit = 500, .unit = "/s"}},
    {"dropped <= 0",
     {.metric = PLAN_METRIC_DROPPED, .comparison = PLAN_AT_MOST, .limit = 0, .unit = ""}},
};

static void every_metric_is_read_with_its_statistic_and_unit(void **state)
{
    (void)state;
    struct plan *plan = parsed(DOCUMENT("[]"));
    for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
        struct err e;
        if (plan_add_threshold(plan, str_of(readings[i].text), &e) < 0)
            fail_msg("%s: %s", readings[i].text, e.message);
        const struct plan_threshold *t = &plan->thresholds[i], *is = &readings[i].is;
        assert_int_equal(plan->threshold_count, i + 1);
        assert_int_equal(t->metric, is->metric);
        assert_int_equal(t->statistic, is->statistic);
        assert_true(t->percent == is->percent);
        assert_int_equal(t->comparison, is->comparison);
        assert_true(t->limit == is->limit);
        assert_string_equal(t->unit, is->unit);
        assert_int_equal(t->name_id, PLAN_ALL_NAMES);
    }
    plan_free(plan);
}

static void a_threshold_may_be_of_one_name_and_have_a_window(void **state)
{
    (void)state;
    struct plan *plan =
        parsed(DOCUMENT("[\"latency p95 < 300ms for \\\"check out\\\"\", \"errors < 1 for home\","
                        " {\"that\": \"rate > 5/s\", \"for\": \"home\", \"abort\": true,"
                        "  \"grace\": \"10s\", \"window\": \"1m\"}]"));
    assert_int_equal(plan->threshold_count, 3);
    assert_int_equal(plan->thresholds[0].name_id, 1);
    assert_str(plan->thresholds[0].text, "latency p95 < 300ms for \"check out\"");
    assert_int_equal(plan->thresholds[1].name_id, 0);
    const struct plan_threshold *t = &plan->thresholds[2];
    assert_int_equal(t->name_id, 0);
    assert_true(t->abort);
    assert_true(t->grace_ns == 10 * NS_PER_S && t->window_ns == 60 * NS_PER_S);
    assert_str(t->text, "rate > 5/s for \"home\" in any 1m");
    plan_free(plan);
}

static void what_is_wrong_with_a_threshold_is_told_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *list, *pointer, *words;
    } cases[] = {
        {"[\"latncy p95 < 300ms\"]", "/thresholds/0",
         "no metric \"latncy\"; did you mean \"latency\"?"},
        {"[\"eror rate < 1 %\"]", "/thresholds/0", "did you mean \"error rate\"?"},
        {"[\"apdex < 1\"]", "/thresholds/0", "there are latency, service"},
        {"[\"latency p95 < 300\"]", "/thresholds/0", "\"300\" has no unit; write it like 300ms"},
        {"[\"error rate < 1\"]", "/thresholds/0", "no unit; write it like 1 %"},
        {"[\"rate > 500\"]", "/thresholds/0", "no unit; write it like 500/s"},
        {"[\"requests > 5ms\"]", "/thresholds/0", "no limit for \"requests\""},
        {"[\"latency < 300ms\"]", "/thresholds/0", "which latency?"},
        {"[\"latency p950 < 300ms\"]", "/thresholds/0", "no percentile"},
        {"[\"latency maen < 300ms\"]", "/thresholds/0", "did you mean \"mean\"?"},
        {"[\"rate p95 > 500/s\"]", "/thresholds/0", "is one number"},
        {"[\"latency p95 = 300ms\"]", "/thresholds/0", "compare with"},
        {"[\"latency p95 <\"]", "/thresholds/0", "the limit is missing"},
        {"[\"latency p95 < 300ms for hoem\"]", "/thresholds/0",
         "no request is named \"hoem\"; did you mean \"home\"?"},
        {"[\"dropped < 1 for home\"]", "/thresholds/0", "of the whole run"},
        {"[{\"that\": \"errors < 1\", \"for\": \"away\"}]", "/thresholds/0/for",
         "no request is named \"away\""},
        {"[{\"that\": \"errors < 1 for home\", \"for\": \"home\"}]", "/thresholds/0/that",
         "leave one out"},
        {"[{\"that\": \"errors < 1\", \"grace\": \"1s\"}]", "/thresholds/0/grace",
         "does nothing without"},
        {"[{\"that\": \"requests > 1\", \"abort\": true}]", "/thresholds/0/abort",
         "only known at the end"},
        {"[{\"that\": \"errors < 1\", \"window\": \"100ms\"}]", "/thresholds/0/window",
         "at least 1s"},
        {"[{\"that\": \"errors < 1\", \"windw\": \"10s\"}]", "/thresholds/0/windw",
         "did you mean \"window\"?"},
        {"[{}]", "/thresholds/0/that", "is missing"},
        {"[7]", "/thresholds/0", "not a number"},
        {"{}", "/thresholds", "array of thresholds"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[SCENARIO_SIZE];
        assert_refused(scenario_format(text, DOCUMENT("%s"), cases[i].list), cases[i].pointer,
                       cases[i].words);
    }
}

static void a_name_is_not_missed_when_the_request_has_a_mistake(void **state)
{
    (void)state;
    assert_refused("{\"name\": \"n\", \"load\": {\"users\": 1, \"duration\": \"1s\"}, \"steps\": "
                   "[{\"request\": {\"name\": 7, \"url\": \"http://h/\"}}],"
                   "\"thresholds\": [\"errors < 1 for a\"]}",
                   "/steps/0/request/name", "must be a string");
}

static void there_is_a_limit_to_how_many(void **state)
{
    (void)state;
    struct plan *plan = parsed(DOCUMENT("[]"));
    struct err e;
    for (int i = 0; i < PLAN_THRESHOLDS_MAX; i++)
        assert_int_equal(plan_add_threshold(plan, STR("errors < 1"), &e), 0);
    assert_true(plan_add_threshold(plan, STR("errors < 1"), &e) < 0);
    assert_non_null(strstr(e.message, "at most 100"));
    plan_free(plan);
}

/* ---- judging --------------------------------------------------------------------------------- */

/* A run of one worker, with one threshold. */
struct bench {
    struct plan *plan;
    struct result *result;
    struct result_thresholds *thresholds;
    uint32_t next;
};

static void bench_init(struct bench *b, const char *list)
{
    char text[SCENARIO_SIZE];
    b->plan = parsed(scenario_format(text, DOCUMENT("%s"), list));
    b->result = result_new(b->plan->names, b->plan->name_count, 1);
    b->thresholds = result_thresholds_new(b->plan->thresholds, b->plan->threshold_count,
                                          (uint32_t)(b->plan->duration_ns / NS_PER_S));
    b->next = 0;
}

/* A second in which `n` requests took `ms` each, and `errors` of them failed. The text of the
 * threshold that asks for the end, or "". */
static const char *second(struct bench *b, uint64_t n, uint64_t ms, uint64_t errors)
{
    struct hist h;
    struct buf text;
    struct err e;
    hist_init(&h);
    buf_init(&text, 1 << 20);
    if (n > 0)
        hist_record_us(&h, ms * 1000, n);
    hist_encode_base64(&h, &text);
    struct wire_latency latency = {b->next, buf_str(&text)};
    struct wire_request_tick request = {.name_id = 0,
                                        .requests = n,
                                        .errors = errors,
                                        .latency = &latency,
                                        .latency_count = 1,
                                        .metrics = {[WIRE_WAIT] = buf_str(&text)}};
    struct wire_tick tick = {.second = b->next, .requests = &request, .request_count = 1};
    assert_int_equal(result_add_tick(b->result, 0, &tick, &e), 0);
    hist_fini(&h);
    buf_fini(&text);
    const struct result_verdict *v = result_thresholds_judge(b->thresholds, b->result, b->next++);
    return v ? v->threshold->text.ptr : "";
}

/* The verdict as "passed value first_broken_s". */
static void assert_verdict(struct bench *b, const char *expected)
{
    char found[200];
    json_t *all = result_thresholds_json(b->thresholds), *v = json_array_get(all, 0);
    const json_t *passed = json_object_get(v, "passed"), *value = json_object_get(v, "value");
    const json_t *first = json_object_get(v, "first_broken_s");
    size_t len = (size_t)snprintf(found, sizeof found, "%s",
                                  json_is_null(passed)   ? "open"
                                  : json_is_true(passed) ? "met"
                                                         : "broken");
    if (json_is_real(value))
        len += (size_t)snprintf(found + len, sizeof found - len, " %.0f", json_real_value(value));
    if (json_is_integer(first))
        snprintf(found + len, sizeof found - len, " at %d", (int)json_integer_value(first));
    json_decref(all);
    assert_string_equal(found, expected);
}

static void bench_fini(struct bench *b)
{
    result_thresholds_free(b->thresholds);
    result_free(b->result);
    plan_free(b->plan);
}

static void finish(struct bench *b, const char *expected)
{
    uint64_t elapsed_ns = b->next * NS_PER_S;
    result_add_done(b->result, 0, &(struct wire_done){.elapsed_ns = elapsed_ns});
    result_thresholds_finish(b->thresholds, b->result);
    assert_verdict(b, expected);
    assert_int_equal(result_thresholds_passed(b->thresholds), expected[0] == 'm');
    bench_fini(b);
}

static void the_whole_run_decides_at_its_end(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, "[\"wait p90 < 100ms\"]");
    assert_verdict(&b, "open");
    second(&b, 10, 200, 0);
    assert_verdict(&b, "broken 200 at 0");
    for (int i = 0; i < 20; i++)
        second(&b, 10, 50, 0);
    finish(&b, "met 50 at 0");
    bench_init(&b, "[\"requests >= 30\"]");
    second(&b, 20, 1, 0);
    assert_verdict(&b, "open 20");
    second(&b, 10, 1, 0);
    finish(&b, "met 30");
    bench_init(&b, "[\"requests > 30 for home\"]");
    second(&b, 30, 1, 0);
    finish(&b, "broken 30 at 0");
}

static void errors_and_rates_are_shares_of_all_requests_and_of_time(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, "[\"error rate < 1 %\"]");
    second(&b, 100, 1, 2);
    assert_verdict(&b, "broken 2 at 0");
    second(&b, 300, 1, 0);
    finish(&b, "met 0 at 0");
    bench_init(&b, "[\"rate > 150/s\"]");
    second(&b, 100, 1, 0);
    second(&b, 300, 1, 0);
    finish(&b, "met 200 at 0");
    bench_init(&b, "[\"error rate <= 0 % for \\\"check out\\\"\"]");
    second(&b, 10, 1, 10);
    finish(&b, "broken"); /* it was never sent */
}

static void a_window_sees_what_the_whole_hides(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, "[{\"that\": \"latency p90 < 100ms\", \"window\": \"3s\"}]");
    for (int i = 0; i < 30; i++)
        second(&b, 100, 10, 0);
    assert_verdict(&b, "met 10");
    second(&b, 100, 300, 0); /* a third of the window, and p90 is among them */
    assert_verdict(&b, "broken 300 at 30");
    for (int i = 0; i < 20; i++)
        second(&b, 100, 10, 0);
    finish(&b, "broken 300 at 30");
}

static void a_windows_percentile_is_of_its_merged_times(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, "[{\"that\": \"latency p75 < 300ms\", \"window\": \"2s\"}]");
    second(&b, 1, 500, 0); /* an average of the two seconds' percentiles would be 255 ms */
    second(&b, 99, 10, 0);
    second(&b, 0, 0, 0);
    second(&b, 0, 0, 0); /* a window without anything is passed over */
    finish(&b, "met 10");
}

static void a_window_is_judged_when_it_is_full_and_after_the_grace(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, "[{\"that\": \"error rate < 1 %\", \"window\": \"3s\", \"grace\": \"5s\"}]");
    for (int i = 0; i < 2; i++)
        second(&b, 10, 1, 10);
    for (int i = 2; i < 4; i++) /* the window over 1..3 has errors and is within the grace */
        second(&b, 10, 1, 0);
    assert_verdict(&b, "open");
    second(&b, 10, 1, 0);
    assert_verdict(&b, "met 0");
    finish(&b, "met 0");
    bench_init(&b, "[{\"that\": \"rate > 5/s\", \"window\": \"10s\"}]");
    second(&b, 10, 1, 0);
    second(&b, 10, 1, 0);
    finish(&b, "met 10"); /* shorter than its window */
}

static void nothing_is_asked_of_the_rate_after_the_load(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, "[{\"that\": \"rate > 5/s\", \"window\": \"2s\"}]");
    for (int i = 0; i < 5; i++)
        second(&b, 10, 1, 0);
    result_thresholds_end_load(b.thresholds, 5);
    for (int i = 0; i < 3; i++)
        second(&b, 0, 0, 0);
    finish(&b, "met 10");
}

static void warm_up_is_not_judged(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, "[{\"that\": \"latency p50 < 100ms\", \"abort\": true},"
                   " {\"that\": \"rate > 9/s\", \"window\": \"2s\", \"abort\": true},"
                   " \"rate > 9/s\"]");
    result_set_warm_up(b.result, 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(second(&b, 1, 200, 0), "");
    for (int i = 0; i < 4; i++)
        assert_string_equal(second(&b, 10, 10, 0), "");
    result_thresholds_finish(b.thresholds, b.result);
    assert_true(result_thresholds_passed(b.thresholds));
    bench_fini(&b);
}

static void abort_asks_for_the_end_after_the_grace(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, "[{\"that\": \"latency p50 < 100ms\", \"abort\": true, \"grace\": \"3s\"}]");
    assert_string_equal(second(&b, 10, 200, 0), "");
    assert_string_equal(second(&b, 10, 200, 0), "");
    assert_verdict(&b, "open 200");
    assert_string_equal(second(&b, 10, 200, 0), "latency p50 < 100ms");
    for (int i = 0; i < 3; i++)
        second(&b, 100, 10, 0); /* while it drains: what aborted is not met any more */
    finish(&b, "broken 10 at 2");
}

static void without_abort_nothing_asks_for_the_end(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, "[\"latency p50 < 100ms\"]");
    assert_string_equal(second(&b, 10, 200, 0), "");
    finish(&b, "broken 200 at 0");
}

static void a_value_is_told_with_its_unit(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *unit, *text;
    } cases[] = {
        {412.34, "ms", "412 ms"}, {12.345, "ms", "12.3 ms"}, {1.5, "%", "1.50 %"},
        {0.0123, "%", "0.012 %"}, {500, "/s", "500/s"},      {3, "", "3"},
        {0, "ms", "0 ms"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[RESULT_VALUE_SIZE];
        result_value_text(out, cases[i].value, cases[i].unit);
        assert_string_equal(out, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_is_read_with_its_statistic_and_unit),
        cmocka_unit_test(a_threshold_may_be_of_one_name_and_have_a_window),
        cmocka_unit_test(what_is_wrong_with_a_threshold_is_told_at_its_place),
        cmocka_unit_test(a_name_is_not_missed_when_the_request_has_a_mistake),
        cmocka_unit_test(there_is_a_limit_to_how_many),
        cmocka_unit_test(the_whole_run_decides_at_its_end),
        cmocka_unit_test(errors_and_rates_are_shares_of_all_requests_and_of_time),
        cmocka_unit_test(a_window_sees_what_the_whole_hides),
        cmocka_unit_test(a_windows_percentile_is_of_its_merged_times),
        cmocka_unit_test(a_window_is_judged_when_it_is_full_and_after_the_grace),
        cmocka_unit_test(nothing_is_asked_of_the_rate_after_the_load),
        cmocka_unit_test(warm_up_is_not_judged),
        cmocka_unit_test(abort_asks_for_the_end_after_the_grace),
        cmocka_unit_test(without_abort_nothing_asks_for_the_end),
        cmocka_unit_test(a_value_is_told_with_its_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
