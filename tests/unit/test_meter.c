/* test_meter: what requests came to is what the next tick says, once; and the bytes that a request
 * goes out as. */
#include "scenario.h"
#include "src/engine/meter.h"

#define SECOND NS_PER_S
#define MS NS_PER_MS

static const char two_names[] =
    "{\"name\":\"t\",\"target\":{\"base_url\":\"http://h:81\"},"
    "\"load\":{\"users\":1,\"duration\":\"1s\"},\"steps\":["
    "{\"request\":{\"name\":\"first\",\"url\":\"/\"}},{\"request\":{\"name\":\"second\",\"url\":\"/"
    "b\"}}]}";

static struct plan *plan;
static struct prepared requests[2];
static struct meter meter;
static struct buf line;
static struct wire_frame frame;
static const uint64_t start_ns = 1000 * SECOND;

static int setup(void **state)
{
    (void)state;
    plan = parsed(two_names);
    for (size_t i = 0; i < 2; i++)
        prepared_init(&requests[i], plan, &plan->flows[0].steps[i].request);
    meter_init(&meter, plan->name_count);
    meter_start(&meter, start_ns);
    buf_init(&line, WIRE_LINE_MAX);
    memset(&frame, 0, sizeof frame);
    frame.type = WIRE_STOP;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wire_frame_fini(&frame);
    buf_fini(&line);
    meter_fini(&meter);
    for (size_t i = 0; i < 2; i++)
        prepared_fini(&requests[i]);
    plan_free(plan);
    return 0;
}

/* The tick of the interval that ends at `at_ns` after the start, as its reader gets it. */
static const struct wire_tick *tick_at(uint64_t at_ns)
{
    struct err e = {0};
    struct wire_tick tick = {.second = 7, .users = 3, .connections = 2};
    wire_frame_fini(&frame);
    buf_clear(&line);
    assert_int_equal(meter_encode_tick(&meter, &tick, start_ns + at_ns, &line), 0);
    if (wire_decode(buf_str(&line), &frame, &e) < 0)
        fail_msg("%s", e.message);
    assert_int_equal(frame.type, WIRE_TICK);
    return &frame.tick;
}

/* A request planned for `planned_ms` after the start, sent 1 ms later, all of it another 1 ms
 * later, answered from 10 ms on and to its end 15 ms after it was planned. */
static struct exchange exchange_at(uint64_t planned_ms)
{
    uint64_t planned_ns = start_ns + planned_ms * MS;
    struct exchange x = {0};
    exchange_begin(&x, &requests[0], planned_ns, planned_ns);
    x.sent_ns = planned_ns + 1 * MS;
    x.sent_all_ns = planned_ns + 2 * MS;
    x.first_byte_ns = planned_ns + 10 * MS;
    x.bytes_in = 100;
    x.bytes_out = 50;
    return x;
}

static void record(const struct exchange *x, struct meter_outcome outcome)
{
    meter_exchange(&meter, x, outcome, x->planned_ns + 15 * MS);
}

static const struct meter_outcome ok = {.status = 200};

/* One value, in ms, and nothing else. */
static void assert_one_ms(struct str base64, double ms)
{
    struct hist h;
    struct err e = {0};
    hist_init(&h);
    assert_int_equal(hist_add_base64(&h, base64, &e), 0);
    assert_int_equal(h.total, 1);
    assert_true((double)h.max_us == ms * 1000);
    hist_fini(&h);
}

static void an_answer_is_counted_with_all_its_times(void **state)
{
    (void)state;
    struct exchange x = exchange_at(0);
    record(&x, ok);
    const struct wire_tick *t = tick_at(SECOND);
    assert_int_equal(t->second, 7);
    assert_int_equal(t->users, 3);
    assert_int_equal(t->connections, 2);
    assert_int_equal(t->request_count, 1);
    const struct wire_request_tick *r = &t->requests[0];
    assert_int_equal(r->name_id, 0);
    assert_int_equal(r->requests, 1);
    assert_int_equal(r->errors, 0);
    assert_int_equal(r->bytes_in, 100);
    assert_int_equal(r->bytes_out, 50);
    assert_int_equal(r->status_count, 1);
    assert_int_equal(r->status[0].status, 200);
    assert_int_equal(r->latency_count, 1);
    assert_one_ms(r->latency[0].histogram, 15);
    assert_one_ms(r->metrics[WIRE_SERVICE], 14);
    assert_one_ms(r->metrics[WIRE_SEND], 1);
    assert_one_ms(r->metrics[WIRE_WAIT], 8);
    assert_one_ms(r->metrics[WIRE_RECEIVE], 5);
    for (enum wire_metric m = WIRE_DNS; m <= WIRE_TLS; m++)
        assert_int_equal(r->metrics[m].len, 0); /* the connection was there */
}

static void what_was_told_is_not_told_again(void **state)
{
    (void)state;
    struct exchange x = exchange_at(0);
    record(&x, ok);
    meter_send_lag(&meter, 5000);
    meter.arrivals = meter.dropped = meter.late = 4;
    assert_int_equal(tick_at(SECOND)->arrivals, 4);
    const struct wire_tick *t = tick_at(2 * SECOND);
    assert_int_equal(t->request_count, 0);
    assert_int_equal(t->arrivals + t->dropped + t->late, 0);
    assert_int_equal(t->send_lag.len, 0);
    x = exchange_at(2000);
    record(&x, (struct meter_outcome){.status = 404});
    t = tick_at(3 * SECOND);
    assert_int_equal(t->requests[0].requests, 1);
    assert_int_equal(t->requests[0].status_count, 1);
    assert_int_equal(t->requests[0].status[0].status, 404);
    assert_int_equal(t->requests[0].latency_count, 1);
    assert_int_equal(t->requests[0].latency[0].second, 2);
}

static void latency_belongs_to_the_second_that_it_was_planned_for(void **state)
{
    (void)state;
    const uint64_t planned_ms[] = {3999, 0, 999, 1000, 2500, 999};
    for (size_t i = 0; i < 6; i++) {
        struct exchange x = exchange_at(planned_ms[i]);
        record(&x, ok);
    }
    struct exchange early = exchange_at(0);
    early.planned_ns = start_ns - 1;
    record(&early, ok);
    const struct wire_request_tick *r = &tick_at(5 * SECOND)->requests[0];
    uint64_t of_second[5] = {0};
    assert_int_equal(r->latency_count, 4);
    for (size_t i = 0; i < r->latency_count; i++) {
        struct hist h;
        hist_init(&h);
        assert_int_equal(hist_add_base64(&h, r->latency[i].histogram, NULL), 0);
        of_second[r->latency[i].second] += h.total;
        hist_fini(&h);
    }
    const uint64_t wanted[5] = {4, 1, 1, 1, 0};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(of_second[i], wanted[i]);
}

static void a_failed_check_has_its_times_and_its_status(void **state)
{
    (void)state;
    struct exchange x = exchange_at(0);
    record(&x, (struct meter_outcome){500, true, WIRE_ERR_CHECK_FAILED, false});
    const struct wire_request_tick *r = &tick_at(SECOND)->requests[0];
    assert_int_equal(r->requests, 1);
    assert_int_equal(r->errors, 1);
    assert_int_equal(r->error_kinds[WIRE_ERR_CHECK_FAILED], 1);
    assert_int_equal(r->status[0].status, 500);
    assert_one_ms(r->latency[0].histogram, 15);
    assert_one_ms(r->metrics[WIRE_WAIT], 8);
}

static void a_time_out_has_the_times_that_it_reached(void **state)
{
    (void)state;
    struct exchange x = exchange_at(0);
    x.first_byte_ns = 0;
    record(&x, (struct meter_outcome){0, true, WIRE_ERR_TIMEOUT, true});
    const struct wire_request_tick *r = &tick_at(SECOND)->requests[0];
    assert_int_equal(r->error_kinds[WIRE_ERR_TIMEOUT], 1);
    assert_int_equal(r->status_count, 0);
    assert_one_ms(r->latency[0].histogram, 15);
    assert_one_ms(r->metrics[WIRE_SERVICE], 14);
    assert_int_equal(r->metrics[WIRE_WAIT].len, 0);
    assert_int_equal(r->metrics[WIRE_RECEIVE].len, 0);

    x = exchange_at(1000); /* one that was never sent */
    x.sent_ns = x.sent_all_ns = x.first_byte_ns = 0;
    record(&x, (struct meter_outcome){0, true, WIRE_ERR_CONNECT_TIMEOUT, true});
    r = &tick_at(2 * SECOND)->requests[0];
    assert_one_ms(r->latency[0].histogram, 15);
    assert_int_equal(r->metrics[WIRE_SERVICE].len, 0);
}

static void any_other_failure_says_nothing_of_how_fast_the_target_is(void **state)
{
    (void)state;
    for (int kind = 0; kind < WIRE_ERR_COUNT; kind++) {
        if (kind == WIRE_ERR_CHECK_FAILED || kind == WIRE_ERR_CAPTURE_FAILED)
            continue;
        struct exchange x = exchange_at(0);
        exchange_set_phase(&x, WIRE_CONNECT, 3 * MS);
        record(&x, (struct meter_outcome){0, true, (enum wire_error)kind, false});
        const struct wire_request_tick *r = &tick_at(SECOND)->requests[0];
        assert_int_equal(r->error_kinds[kind], 1);
        assert_int_equal(r->errors, 1);
        assert_int_equal(r->latency_count, 0);
        assert_int_equal(r->metrics[WIRE_SERVICE].len, 0);
        assert_one_ms(r->metrics[WIRE_CONNECT], 3); /* the connection was made */
    }
}

static void phases_are_told_where_they_took_place(void **state)
{
    (void)state;
    struct exchange x = exchange_at(0);
    exchange_set_phase(&x, WIRE_DNS, 0);
    exchange_set_phase(&x, WIRE_TLS, 4 * MS);
    record(&x, ok);
    const struct wire_request_tick *r = &tick_at(SECOND)->requests[0];
    assert_one_ms(r->metrics[WIRE_DNS], 0);
    assert_int_equal(r->metrics[WIRE_CONNECT].len, 0);
    assert_one_ms(r->metrics[WIRE_TLS], 4);
}

static void an_answer_may_begin_before_the_request_is_sent(void **state)
{
    (void)state;
    struct exchange x = exchange_at(0);
    x.sent_all_ns = x.planned_ns + 12 * MS;
    record(&x, ok);
    const struct wire_request_tick *r = &tick_at(SECOND)->requests[0];
    assert_one_ms(r->metrics[WIRE_SEND], 9);
    assert_one_ms(r->metrics[WIRE_WAIT], 0);
    assert_one_ms(r->metrics[WIRE_RECEIVE], 5);

    x = exchange_at(1000);
    x.sent_all_ns = 0; /* and end before it */
    record(&x, ok);
    r = &tick_at(2 * SECOND)->requests[0];
    assert_one_ms(r->metrics[WIRE_SEND], 9);
    assert_one_ms(r->metrics[WIRE_WAIT], 0);
}

static void names_are_counted_apart(void **state)
{
    (void)state;
    struct exchange x = exchange_at(0);
    x.request = &requests[1];
    record(&x, ok);
    const struct wire_tick *t = tick_at(SECOND);
    assert_int_equal(t->request_count, 1);
    assert_int_equal(t->requests[0].name_id, 1);
    record(&x, ok);
    x.request = &requests[0];
    record(&x, ok);
    record(&x, ok);
    t = tick_at(2 * SECOND);
    assert_int_equal(t->request_count, 2);
    assert_int_equal(t->requests[0].requests, 2);
    assert_int_equal(t->requests[1].requests, 1);
}

static void send_lag_is_told(void **state)
{
    (void)state;
    meter_send_lag(&meter, 3 * MS);
    assert_one_ms(tick_at(SECOND)->send_lag, 3);
}

/* A worker that was held up sends the ticks of the missed seconds one right after the other. */
static void seconds_that_are_caught_up_with_share_their_processor_time(void **state)
{
    (void)state;
    double cpu = tick_at(3 * SECOND)->cpu;
    assert_true(cpu < 1);
    assert_true(tick_at(3 * SECOND)->cpu == cpu);
    assert_true(tick_at(3 * SECOND + MS)->cpu == cpu);
    volatile unsigned spin = 0;
    for (unsigned i = 0; i < 100000000; i++)
        spin += i;
    assert_true(tick_at(4 * SECOND)->cpu > cpu);
}

static void the_ticks_of_many_requests_add_up_to_all_of_them(void **state)
{
    (void)state;
    struct rng rng;
    struct hist direct, told;
    uint64_t count = 0;
    rng_seed(&rng, 5);
    hist_init(&direct);
    hist_init(&told);
    for (uint64_t second = 0; second < 20; second++) {
        for (uint64_t n = rng_next(&rng) % 1000; n > 0; n--) {
            struct exchange x = exchange_at(second * 1000 + rng_next(&rng) % 1000);
            uint64_t took_ns = 20 * MS + rng_next(&rng) % (UINT64_C(1) << rng_next(&rng) % 32);
            meter_exchange(&meter, &x, ok, x.planned_ns + took_ns);
            hist_record_ns(&direct, took_ns);
        }
        const struct wire_tick *t = tick_at((second + 1) * SECOND);
        for (size_t i = 0; t->request_count > 0 && i < t->requests[0].latency_count; i++)
            assert_int_equal(hist_add_base64(&told, t->requests[0].latency[i].histogram, NULL), 0);
        count += t->request_count > 0 ? t->requests[0].requests : 0;
    }
    assert_int_equal(count, direct.total);
    assert_int_equal(told.total, direct.total);
    assert_true(told.max_us == direct.max_us && told.min_us == direct.min_us);
    for (double p = 0; p <= 100; p += 0.5)
        assert_true(hist_percentile_us(&told, p) == hist_percentile_us(&direct, p));
    hist_fini(&direct);
    hist_fini(&told);
}

/* ---- the bytes of a request -------------------------------------------------------------------
 */

/* The bytes of the only request of a target's and a request's members. */
static void assert_bytes(const char *target, const char *request, const char *bytes)
{
    char text[SCENARIO_SIZE];
    struct plan *own = parsed(scenario_format(
        text,
        "{\"name\":\"t\",\"target\":{\"base_url\":\"http://h.test:81/api\"%s},"
        "\"load\":{\"users\":1,\"duration\":\"1s\"},\"steps\":[{\"request\":{%s}}]}",
        target, request));
    struct prepared p;
    prepared_init(&p, own, &own->flows[0].steps[0].request);
    assert_str(p.bytes, bytes);
    prepared_fini(&p);
    plan_free(own);
}

#define AGENT "User-Agent: squall/" SQUALL_VERSION "\r\n"

static void a_request_has_what_it_needs_and_no_more(void **state)
{
    (void)state;
    assert_bytes("", "\"url\":\"/a?b=c d\"",
                 "GET /api/a?b=c%20d HTTP/1.1\r\nHost: h.test:81\r\n" AGENT "\r\n");
    assert_bytes("", "\"url\":\"http://other.test\"",
                 "GET / HTTP/1.1\r\nHost: other.test\r\n" AGENT "\r\n");
    assert_bytes("", "\"url\":\"http://[::1]:8080/x\",\"method\":\"HEAD\"",
                 "HEAD /x HTTP/1.1\r\nHost: [::1]:8080\r\n" AGENT "\r\n");
    assert_bytes(",\"keep_alive\":false", "\"url\":\"/\",\"method\":\"DELETE\"",
                 "DELETE /api/ HTTP/1.1\r\nHost: h.test:81\r\n" AGENT "Connection: close\r\n\r\n");
}

static void a_body_comes_with_its_length(void **state)
{
    (void)state;
    assert_bytes("", "\"url\":\"/\",\"body\":\"h\\u00e9llo\"",
                 "POST /api/ HTTP/1.1\r\nHost: h.test:81\r\n" AGENT
                 "Content-Length: 6\r\n\r\nh\xc3\xa9llo");
    assert_bytes("", "\"url\":\"/\",\"method\":\"DELETE\",\"body\":\"x\"",
                 "DELETE /api/ HTTP/1.1\r\nHost: h.test:81\r\n" AGENT "Content-Length: 1\r\n\r\nx");
    /* RFC 9110, 8.6: where a body is expected, its lack is told. */
    for (size_t i = 0; i < 3; i++) {
        const char *methods[] = {"POST", "PUT", "PATCH"};
        char request[64], bytes[256];
        snprintf(request, sizeof request, "\"url\":\"/\",\"method\":\"%s\"", methods[i]);
        snprintf(bytes, sizeof bytes,
                 "%s /api/ HTTP/1.1\r\nHost: h.test:81\r\n" AGENT "Content-Length: 0\r\n\r\n",
                 methods[i]);
        assert_bytes("", request, bytes);
    }
}

static void what_the_scenario_says_replaces_the_engines_own(void **state)
{
    (void)state;
    assert_bytes(",\"keep_alive\":false,\"headers\":{\"user-agent\":\"mine\",\"Accept\":\"*/*\"}",
                 "\"url\":\"/\",\"headers\":{\"HOST\":\"virtual\",\"Connection\":\"x\"}",
                 "GET /api/ HTTP/1.1\r\nuser-agent: mine\r\nAccept: */*\r\nHOST: "
                 "virtual\r\nConnection: x\r\n\r\n");
    assert_bytes("", "\"url\":\"/\",\"json\":{\"a\": [1, 2.50]}",
                 "POST /api/ HTTP/1.1\r\nHost: h.test:81\r\n" AGENT
                 "Content-Length: 14\r\nContent-Type: application/json\r\n\r\n"
                 "{\"a\":[1,2.50]}");
}

static void what_may_be_sent_again_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        bool idempotent, head;
    } methods[] = {
        {"GET", true, false},    {"HEAD", true, true},     {"PUT", true, false},
        {"DELETE", true, false}, {"OPTIONS", true, false}, {"TRACE", true, false},
        {"POST", false, false},  {"PATCH", false, false},  {"MKCOL", false, false},
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        char text[SCENARIO_SIZE];
        struct plan *own = parsed(
            scenario_format(text,
                            "{\"name\":\"t\",\"load\":{\"users\":1,\"duration\":\"1s\"},\"steps\":["
                            "{\"request\":{\"url\":\"http://h/\",\"method\":\"%s\"}}]}",
                            methods[i].method));
        struct prepared p;
        prepared_init(&p, own, &own->flows[0].steps[0].request);
        assert_int_equal(p.idempotent, methods[i].idempotent);
        assert_int_equal(p.is_head, methods[i].head);
        prepared_fini(&p);
        plan_free(own);
    }
}

#define METER_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        METER_TEST(an_answer_is_counted_with_all_its_times),
        METER_TEST(what_was_told_is_not_told_again),
        METER_TEST(latency_belongs_to_the_second_that_it_was_planned_for),
        METER_TEST(a_failed_check_has_its_times_and_its_status),
        METER_TEST(a_time_out_has_the_times_that_it_reached),
        METER_TEST(any_other_failure_says_nothing_of_how_fast_the_target_is),
        METER_TEST(phases_are_told_where_they_took_place),
        METER_TEST(an_answer_may_begin_before_the_request_is_sent),
        METER_TEST(names_are_counted_apart),
        METER_TEST(send_lag_is_told),
        METER_TEST(seconds_that_are_caught_up_with_share_their_processor_time),
        METER_TEST(the_ticks_of_many_requests_add_up_to_all_of_them),
        cmocka_unit_test(a_request_has_what_it_needs_and_no_more),
        cmocka_unit_test(a_body_comes_with_its_length),
        cmocka_unit_test(what_the_scenario_says_replaces_the_engines_own),
        cmocka_unit_test(what_may_be_sent_again_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
