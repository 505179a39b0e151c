/* test_result: what many workers sent, as one run's numbers. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "squall/result.h"

static const struct str names[] = {{"home", 4}, {"order", 5}};

/* One request name's share of a tick: `n` requests, planned for `planned`, each of `ms`. */
struct share {
    uint32_t name_id;
    uint32_t planned;
    uint64_t n;
    uint64_t ms;
    uint64_t failed; /* of them, with status 503 */
};

struct ticker {
    struct wire_tick tick;
    struct wire_request_tick requests[4];
    struct wire_latency latency[4];
    struct wire_status_count status[4][2];
    struct buf text[4];
};

static void fill(struct ticker *t, size_t i, const struct share *s)
{
    struct hist h;
    hist_init(&h);
    buf_init(&t->text[i], 1 << 20);
    hist_record_us(&h, s->ms * 1000, s->n);
    hist_encode_base64(&h, &t->text[i]);
    hist_fini(&h);
    t->latency[i] = (struct wire_latency){s->planned, buf_str(&t->text[i])};
    t->status[i][0] = (struct wire_status_count){503, s->failed};
    t->status[i][1] = (struct wire_status_count){200, s->n - s->failed};
    struct wire_request_tick *r = &t->requests[i];
    r->name_id = s->name_id;
    r->requests = s->n;
    r->errors = s->failed;
    r->error_kinds[WIRE_ERR_CHECK_FAILED] = s->failed;
    r->bytes_in = s->n * 100;
    r->bytes_out = s->n * 10;
    r->status = s->failed ? t->status[i] : t->status[i] + 1;
    r->status_count = s->failed ? 2 : 1;
    r->latency = &t->latency[i];
    r->latency_count = 1;
    r->metrics[WIRE_SERVICE] = buf_str(&t->text[i]);
}

/* Sends a tick; the shares end with n == 0. */
static int tick(struct result *r, uint32_t worker, uint32_t second, const struct share *shares)
{
    struct ticker t = {.tick = {.second = second, .users = 5, .connections = 4, .cpu = 0.25}};
    struct err e = {0};
    while (shares[t.tick.request_count].n > 0) {
        fill(&t, t.tick.request_count, &shares[t.tick.request_count]);
        t.tick.request_count++;
    }
    t.tick.requests = t.requests;
    int rc = result_add_tick(r, worker, &t.tick, &e);
    for (size_t i = 0; i < t.tick.request_count; i++)
        buf_fini(&t.text[i]);
    return rc;
}

#define TICK(r, worker, second, ...)                                                               \
    assert_int_equal(tick(r, worker, second, (struct share[]){__VA_ARGS__, {0}}), 0)

static double number(const json_t *at, const char *a, const char *b)
{
    at = json_object_get(at, a);
    return json_number_value(b ? json_object_get(at, b) : at);
}

static void workers_add_up(void **state)
{
    (void)state;
    struct result *r = result_new(names, 2, 2);
    TICK(r, 0, 0, {0, 0, 90, 10, 0}, {1, 0, 10, 20, 1});
    TICK(r, 1, 0, {0, 0, 80, 10, 0}, {1, 0, 20, 30, 2});
    const struct result_second *s = result_second_at(r, 0);
    assert_int_equal(s->workers, 2);
    assert_int_equal(s->users, 10);
    assert_int_equal(s->connections, 8);
    assert_true(s->cpu == 0.5);
    assert_true(s->cpu_max == 0.25);
    assert_int_equal(s->points[0].counts.requests, 170);
    assert_int_equal(s->points[1].counts.requests, 30);
    assert_int_equal(s->points[2].counts.requests, 200);
    assert_int_equal(s->points[2].counts.errors, 3);
    assert_int_equal(s->points[2].latency.total, 200);
    const struct result_counts *all = &result_total(r)->counts;
    assert_int_equal(all->bytes_in, 20000);
    assert_int_equal(all->error_kinds[WIRE_ERR_CHECK_FAILED], 3);
    assert_int_equal(all->status_count, 2);
    assert_int_equal(all->status[0].status, 200);
    assert_int_equal(all->status[0].count, 197);
    assert_int_equal(all->status[1].status, 503);
    assert_int_equal(result_total_of(r, 1)->latency.total, 30);
    assert_int_equal(result_total_of(r, 1)->latency.max_us, 30000);
    result_free(r);
}

static void a_second_is_complete_when_all_who_live_reported_it(void **state)
{
    (void)state;
    struct result *r = result_new(names, 2, 3);
    uint32_t second;
    assert_false(result_complete_second(r, &second));
    for (uint32_t s = 0; s < 4; s++)
        TICK(r, 0, s, {0, s, 1, 1, 0});
    TICK(r, 1, 0, {0, 0, 1, 1, 0});
    assert_false(result_complete_second(r, &second));
    result_worker_lost(r, 2);
    assert_true(result_complete_second(r, &second));
    assert_int_equal(second, 0);
    result_add_done(r, 1, &(struct wire_done){.elapsed_ns = NS_PER_S});
    assert_true(result_complete_second(r, &second));
    assert_int_equal(second, 3);
    result_free(r);
}

static void late_latency_goes_to_its_planned_second(void **state)
{
    (void)state;
    struct result *r = result_new(names, 2, 1);
    for (uint32_t s = 0; s <= 40; s++)
        TICK(r, 0, s, {0, s, 1, 1, 0});
    TICK(r, 0, 41, {0, 2, 5, 39000, 0});
    const struct result_second *s = result_second_at(r, 2);
    assert_int_equal(s->points[0].latency.total, 6);
    assert_int_equal(s->points[0].latency.max_us, 39000000);
    assert_int_equal(s->points[0].latency.min_us, 1000);
    assert_int_equal(s->points[0].service.total, 1);
    assert_int_equal(s->points[0].counts.requests, 1);
    assert_int_equal(result_second_at(r, 41)->points[0].counts.requests, 5);
    assert_int_equal(result_second_at(r, 41)->points[0].latency.total, 0);
    result_free(r);
}

static void what_is_too_late_for_its_second_is_still_counted(void **state)
{
    (void)state;
    struct result *r = result_new(names, 2, 1);
    for (uint32_t s = 0; s < 300; s++)
        TICK(r, 0, s, {0, s, 1, 1, 0});
    TICK(r, 0, 300, {0, 10, 7, 290000, 0});
    uint32_t oldest = 300 - RESULT_OPEN_SECONDS + 1;
    assert_null(result_second_at(r, oldest - 1));
    assert_null(result_second_at(r, 301));
    assert_int_equal(result_second_at(r, oldest)->points[2].latency.total, 8);
    assert_int_equal(result_total(r)->latency.total, 307);
    result_free(r);
}

static void each_change_is_given_out_once(void **state)
{
    (void)state;
    struct result *r = result_new(names, 2, 1);
    assert_null(result_take_dirty(r));
    for (uint32_t s = 0; s < 50; s++)
        TICK(r, 0, s, {0, s, 1, 1, 0});
    for (uint32_t s = 0; s < 50; s++) {
        const struct result_second *taken = result_take_dirty(r);
        assert_int_equal(taken->second, s);
        assert_int_equal(taken->points[2].latency.total, 1);
    }
    assert_null(result_take_dirty(r));
    TICK(r, 0, 50, {0, 3, 1, 47000, 0});
    assert_int_equal(result_take_dirty(r)->second, 3);
    assert_int_equal(result_take_dirty(r)->second, 50);
    assert_null(result_take_dirty(r));
    result_free(r);
}

static void a_second_is_not_given_out_before_it_is_complete(void **state)
{
    (void)state;
    struct result *r = result_new(names, 2, 2);
    TICK(r, 0, 0, {0, 0, 1, 1, 0});
    assert_null(result_take_dirty(r));
    TICK(r, 1, 0, {0, 0, 1, 1, 0});
    assert_int_equal(result_take_dirty(r)->points[2].counts.requests, 2);
    result_free(r);
}

static void a_damaged_tick_changes_nothing(void **state)
{
    (void)state;
    struct result *r = result_new(names, 2, 1);
    struct err e;
    TICK(r, 0, 0, {0, 0, 1, 1, 0});
    struct wire_latency good = {1, STR("")};
    struct wire_latency bad[] = {good, {1, STR("bm90IGEgaGlzdG9ncmFt")}};
    struct wire_request_tick requests[] = {
        {.name_id = 0, .requests = 5, .latency = &good, .latency_count = 1},
        {.name_id = 1, .requests = 5, .latency = bad, .latency_count = 2},
    };
    struct wire_tick t = {.second = 1, .requests = requests, .request_count = 2};
    assert_int_equal(result_add_tick(r, 0, &t, &e), -EBADMSG);
    requests[1] = (struct wire_request_tick){.name_id = 2, .requests = 1};
    assert_int_equal(result_add_tick(r, 0, &t, &e), -EBADMSG);
    requests[1].name_id = 1;
    t.second = 2;
    assert_int_equal(result_add_tick(r, 0, &t, &e), -EBADMSG);
    assert_int_equal(result_add_tick(r, 1, &t, &e), -EBADMSG);
    assert_int_equal(result_total(r)->counts.requests, 1);
    assert_null(result_second_at(r, 1));
    result_free(r);
}

static void the_last_tick_may_repeat_its_second(void **state)
{
    (void)state;
    struct result *r = result_new(names, 2, 1);
    TICK(r, 0, 0, {0, 0, 3, 1, 0});
    TICK(r, 0, 0, {0, 0, 2, 1, 0});
    assert_int_equal(result_second_at(r, 0)->points[2].counts.requests, 5);
    assert_int_equal(result_second_at(r, 0)->users, 5);
    assert_int_equal(result_second_at(r, 0)->workers, 1);
    result_free(r);
}

static void the_document_has_the_numbers(void **state)
{
    (void)state;
    struct result *r = result_new(names, 2, 1);
    TICK(r, 0, 0, {0, 0, 90, 10, 0}, {1, 0, 10, 20, 4});
    TICK(r, 0, 1, {0, 1, 100, 10, 0});
    result_add_done(r, 0, &(struct wire_done){.elapsed_ns = 2 * NS_PER_S});
    json_t *d = result_document(r);
    assert_true(number(d, "requests", NULL) == 200);
    assert_true(number(d, "errors", NULL) == 4);
    assert_true(number(d, "duration_s", NULL) == 2);
    assert_true(number(d, "rate_per_s", NULL) == 100);
    assert_true(number(d, "status", "503") == 4);
    assert_true(number(d, "status", "200") == 196);
    assert_true(number(d, "error_kinds", "check_failed") == 4);
    assert_true(number(d, "latency_ms", "count") == 200);
    assert_true(fabs(number(d, "latency_ms", "p50") - 10) < 0.02);
    assert_true(number(d, "latency_ms", "max") == 20);
    assert_true(number(d, "service_ms", "count") == 200);
    assert_true(number(d, "phases_ms", "connect") == 0);
    assert_true(number(d, "generator", "cpu_fraction") == 0.25);
    const json_t *order = json_object_get(json_object_get(d, "by_request"), "order");
    assert_true(number(order, "errors", NULL) == 4);
    assert_true(number(order, "rate_per_s", NULL) == 5);
    assert_int_equal(json_array_size(json_object_get(d, "notes")), 0);
    json_t *distribution = json_object_get(d, "latency_distribution_ms");
    size_t points = json_array_size(distribution);
    assert_in_range(points, 10, 61);
    double last = -1;
    for (size_t i = 0; i < points; i++) {
        json_t *pair = json_array_get(distribution, i);
        assert_true(json_number_value(json_array_get(pair, 0)) > last);
        last = json_number_value(json_array_get(pair, 0));
    }
    assert_true(last == 100);
    json_decref(d);
    result_free(r);
}

static void an_empty_result_has_the_same_shape(void **state)
{
    (void)state;
    struct result *r = result_new(names, 2, 1);
    json_t *d = result_document(r);
    assert_true(number(d, "requests", NULL) == 0);
    assert_true(number(d, "rate_per_s", NULL) == 0);
    assert_true(number(d, "latency_ms", "p99") == 0);
    assert_int_equal(json_object_size(json_object_get(d, "by_request")), 2);
    json_decref(d);
    result_free(r);
}

static void a_seconds_document_has_its_requests(void **state)
{
    (void)state;
    struct result *r = result_new(names, 2, 1);
    TICK(r, 0, 0, {1, 0, 10, 20, 4});
    json_t *d = result_second_document(r, result_second_at(r, 0));
    assert_true(number(d, "s", NULL) == 0);
    assert_true(number(d, "requests", NULL) == 10);
    assert_true(number(d, "latency_ms", "max") == 20);
    json_t *by_request = json_object_get(d, "by_request");
    assert_int_equal(json_object_size(by_request), 1);
    assert_true(number(json_object_get(by_request, "order"), "errors", NULL) == 4);
    json_decref(d);
    result_free(r);
}

static void samples_are_kept_a_few_of_a_kind(void **state)
{
    (void)state;
    struct result *r = result_new(names, 2, 1);
    struct wire_sample sample = {
        .name_id = 1,
        .kind = WIRE_ERR_RESET,
        .at_ns = 1500 * NS_PER_MS,
        .elapsed_ns = 2 * NS_PER_MS,
        .detail = STR("connection reset by peer"),
        .request = STR("GET / HTTP/1.1\r\n\r\n"),
    };
    for (int i = 0; i < 5; i++)
        result_add_sample(r, &sample);
    sample.kind = WIRE_ERR_CLOSED;
    result_add_sample(r, &sample);
    sample.name_id = 99;
    result_add_sample(r, &sample);
    json_t *d = result_document(r);
    json_t *samples = json_object_get(d, "samples");
    assert_int_equal(json_array_size(samples), WIRE_SAMPLES_PER_KIND + 1);
    json_t *first = json_array_get(samples, 0);
    assert_string_equal(json_string_value(json_object_get(first, "request")), "order");
    assert_string_equal(json_string_value(json_object_get(first, "kind")), "reset");
    assert_true(number(first, "at_s", NULL) == 1.5);
    assert_true(number(first, "elapsed_ms", NULL) == 2);
    json_decref(d);
    result_free(r);
}

static const char *note_at(const json_t *document, size_t i)
{
    const char *text = json_string_value(json_array_get(json_object_get(document, "notes"), i));
    return text ? text : "";
}

static void samples_have_a_limit(void **state)
{
    (void)state;
    struct str many[10];
    for (size_t i = 0; i < 10; i++)
        many[i] = str_of("x");
    struct result *r = result_new(many, 10, 1);
    for (uint32_t i = 0; i < 10 * WIRE_ERR_COUNT * WIRE_SAMPLES_PER_KIND; i++) {
        struct wire_sample sample = {.name_id = i % 10,
                                     .kind = (enum wire_error)(i / 10 % WIRE_ERR_COUNT)};
        result_add_sample(r, &sample);
    }
    json_t *d = result_document(r);
    assert_int_equal(json_array_size(json_object_get(d, "samples")), RESULT_SAMPLES_MAX);
    json_decref(d);
    result_free(r);
}

static void an_unfit_generator_is_named_worst_first(void **state)
{
    (void)state;
    struct result *r = result_new(names, 2, 2);
    struct err e;
    struct hist lag;
    struct buf text;
    hist_init(&lag);
    buf_init(&text, 1 << 16);
    hist_record_us(&lag, 3000, 100);
    hist_encode_base64(&lag, &text);
    struct wire_request_tick local = {.requests = 6, .errors = 6};
    local.error_kinds[WIRE_ERR_LOCAL] = 6;
    struct wire_tick t = {.cpu = 0.99,
                          .arrivals = 100,
                          .dropped = 4,
                          .late = 5,
                          .send_lag = buf_str(&text),
                          .requests = &local,
                          .request_count = 1};
    assert_int_equal(result_add_tick(r, 0, &t, &e), 0);
    result_worker_lost(r, 1);
    result_add_done(r, 0, &(struct wire_done){.unfinished = 7, .stopped = true});
    json_t *d = result_document(r);
    assert_int_equal(json_array_size(json_object_get(d, "notes")), 8);
    assert_non_null(strstr(note_at(d, 0), "1 of 2 workers was lost"));
    assert_non_null(strstr(note_at(d, 1), "6 requests failed on this machine"));
    assert_non_null(strstr(note_at(d, 2), "99 % of its core"));
    assert_non_null(strstr(note_at(d, 3), "3.00 ms late"));
    assert_non_null(strstr(note_at(d, 4), "4 of 100 planned arrivals were never started"));
    assert_non_null(strstr(note_at(d, 5), "5 of 100 arrivals"));
    assert_non_null(strstr(note_at(d, 6), "7 requests were still waiting"));
    assert_non_null(strstr(note_at(d, 7), "stopped"));
    json_decref(d);
    buf_fini(&text);
    hist_fini(&lag);
    result_free(r);
}

static void warm_up_is_in_the_seconds_and_not_in_the_totals(void **state)
{
    (void)state;
    struct result *r = result_new(names, 2, 1);
    struct err e;
    result_set_warm_up(r, 2);
    for (uint32_t second = 0; second < 5; second++) {
        struct wire_request_tick q = {.requests = 10 + second, .errors = second < 2 ? 3 : 0};
        q.error_kinds[WIRE_ERR_RESET] = q.errors;
        struct wire_tick t = {.second = second,
                              .arrivals = 20,
                              .dropped = second < 2,
                              .cpu = second < 2 ? 0.99 : 0.1,
                              .requests = &q,
                              .request_count = 1};
        assert_int_equal(result_add_tick(r, 0, &t, &e), 0);
    }
    json_t *d = result_document(r);
    assert_int_equal(json_integer_value(json_object_get(d, "requests")), 12 + 13 + 14);
    assert_int_equal(json_integer_value(json_object_get(d, "errors")), 0);
    assert_int_equal(json_integer_value(json_object_get(d, "warm_up_s")), 2);
    assert_true(json_real_value(json_object_get(d, "rate_per_s")) == 13);
    json_t *generator = json_object_get(d, "generator");
    assert_int_equal(json_integer_value(json_object_get(generator, "arrivals")), 60);
    assert_int_equal(json_integer_value(json_object_get(generator, "dropped")), 0);
    assert_non_null(strstr(note_at(d, 0), "first 2 s were warm-up"));
    json_decref(d);
    for (uint32_t second = 0; second < 5; second++) {
        json_t *s = result_second_document(r, result_second_at(r, second));
        assert_int_equal(json_integer_value(json_object_get(s, "requests")), 10 + second);
        assert_true(json_is_true(json_object_get(s, "warm_up")) == (second < 2));
        json_decref(s);
    }
    result_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_add_up),
        cmocka_unit_test(a_second_is_complete_when_all_who_live_reported_it),
        cmocka_unit_test(late_latency_goes_to_its_planned_second),
        cmocka_unit_test(what_is_too_late_for_its_second_is_still_counted),
        cmocka_unit_test(each_change_is_given_out_once),
        cmocka_unit_test(a_second_is_not_given_out_before_it_is_complete),
        cmocka_unit_test(a_damaged_tick_changes_nothing),
        cmocka_unit_test(the_last_tick_may_repeat_its_second),
        cmocka_unit_test(the_document_has_the_numbers),
        cmocka_unit_test(an_empty_result_has_the_same_shape),
        cmocka_unit_test(a_seconds_document_has_its_requests),
        cmocka_unit_test(samples_are_kept_a_few_of_a_kind),
        cmocka_unit_test(samples_have_a_limit),
        cmocka_unit_test(warm_up_is_in_the_seconds_and_not_in_the_totals),
        cmocka_unit_test(an_unfit_generator_is_named_worst_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
