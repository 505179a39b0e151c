/* test_wire: what is encoded is what is decoded; anything else is refused with a sentence. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "squall/wire.h"

static struct buf line;
static struct wire_frame frame;

static int setup(void **state)
{
    (void)state;
    buf_init(&line, WIRE_LINE_MAX);
    memset(&frame, 0, sizeof frame);
    frame.type = WIRE_STOP;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_fini(&line);
    wire_frame_fini(&frame);
    return 0;
}

static void decode_line(void)
{
    struct err e = {0};
    assert_int_equal(line.ptr[line.len - 1], '\n');
    assert_null(memchr(line.ptr, '\n', line.len - 1));
    if (wire_decode(buf_str(&line), &frame, &e) < 0)
        fail_msg("%s", e.message);
}

static void assert_str(struct str s, const char *text)
{
    if (!str_eq_text(s, text))
        fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, s.ptr, text);
}

static void small_frames_come_back(void **state)
{
    (void)state;
    assert_int_equal(wire_encode_hello(&line, 4711), 0);
    decode_line();
    assert_int_equal(frame.type, WIRE_HELLO);
    assert_int_equal(frame.hello.version, WIRE_VERSION);
    assert_int_equal(frame.hello.pid, 4711);
    wire_frame_fini(&frame);

    buf_clear(&line);
    assert_int_equal(wire_encode_start(&line, UINT64_C(1763999999123456789)), 0);
    decode_line();
    assert_true(frame.start.wall_ns == UINT64_C(1763999999123456789));
    wire_frame_fini(&frame);

    buf_clear(&line);
    assert_int_equal(wire_encode_load(&line, UINT64_C(1800000000123456789), 0.1), 0);
    decode_line();
    assert_true(frame.load.factor == 0.1);
    assert_true(frame.load.wall_ns == UINT64_C(1800000000123456789));
    wire_frame_fini(&frame);

    buf_clear(&line);
    assert_int_equal(wire_encode_done(&line, &(struct wire_done){true, 30 * NS_PER_S, 7}), 0);
    decode_line();
    assert_true(frame.done.stopped);
    assert_true(frame.done.elapsed_ns == 30 * NS_PER_S);
    assert_int_equal(frame.done.unfinished, 7);
}

static void ready_and_stop_have_no_fields(void **state)
{
    (void)state;
    assert_int_equal(wire_encode_ready(&line), 0);
    decode_line();
    assert_int_equal(frame.type, WIRE_READY);
    wire_frame_fini(&frame);
    buf_clear(&line);
    assert_int_equal(wire_encode_stop(&line), 0);
    decode_line();
    assert_int_equal(frame.type, WIRE_STOP);
}

static void a_plan_carries_the_scenarios_text_unchanged(void **state)
{
    (void)state;
    const char *text = "{\n\t\"name\": \"Gr\xc3\xb6\xc3\x9f"
                       "e \\u00e9 \\\"q\\\"\"\n}\n";
    assert_int_equal(wire_encode_plan(&line, 1, 4, str_of(text)), 0);
    decode_line();
    assert_int_equal(frame.plan.worker, 1);
    assert_int_equal(frame.plan.workers, 4);
    assert_str(frame.plan.scenario, text);
}

static void a_tick_comes_back(void **state)
{
    (void)state;
    struct wire_status_count status[] = {{200, 90}, {503, 9}};
    struct wire_latency latency[] = {{11, STR("HISTAA==")}, {12, STR("HISTBB==")}};
    struct wire_request_tick requests[2] = {
        {.name_id = 3, .requests = 100, .errors = 10, .bytes_in = 12345, .bytes_out = 678},
        {.name_id = 0, .requests = 1},
    };
    requests[0].error_kinds[WIRE_ERR_CHECK_FAILED] = 9;
    requests[0].error_kinds[WIRE_ERR_RESET] = 1;
    requests[0].status = status;
    requests[0].status_count = 2;
    requests[0].latency = latency;
    requests[0].latency_count = 2;
    requests[0].metrics[WIRE_WAIT] = STR("HISTFAAAAA==");
    struct wire_tick tick = {
        .second = 12,
        .users = 50,
        .connections = 49,
        .arrivals = 100,
        .dropped = 2,
        .late = 3,
        .cpu = 0.25,
        .send_lag = STR("LAG="),
        .requests = requests,
        .request_count = 2,
    };
    assert_int_equal(wire_encode_tick(&line, &tick), 0);
    decode_line();
    const struct wire_tick *t = &frame.tick;
    assert_int_equal(t->second, 12);
    assert_int_equal(t->users, 50);
    assert_int_equal(t->connections, 49);
    assert_int_equal(t->arrivals, 100);
    assert_int_equal(t->dropped, 2);
    assert_int_equal(t->late, 3);
    assert_true(t->cpu == 0.25);
    assert_str(t->send_lag, "LAG=");
    assert_int_equal(t->request_count, 2);
    const struct wire_request_tick *r = &t->requests[0];
    assert_int_equal(r->name_id, 3);
    assert_int_equal(r->requests, 100);
    assert_int_equal(r->errors, 10);
    assert_int_equal(r->bytes_in, 12345);
    assert_int_equal(r->bytes_out, 678);
    assert_int_equal(r->error_kinds[WIRE_ERR_CHECK_FAILED], 9);
    assert_int_equal(r->error_kinds[WIRE_ERR_RESET], 1);
    assert_int_equal(r->error_kinds[WIRE_ERR_DNS], 0);
    assert_int_equal(r->status_count, 2);
    assert_int_equal(r->status[1].status, 503);
    assert_int_equal(r->status[1].count, 9);
    assert_int_equal(r->latency_count, 2);
    assert_int_equal(r->latency[0].second, 11);
    assert_str(r->latency[1].histogram, "HISTBB==");
    assert_str(r->metrics[WIRE_WAIT], "HISTFAAAAA==");
    assert_int_equal(r->metrics[WIRE_SERVICE].len, 0);
    assert_int_equal(t->requests[1].status_count, 0);
}

static void a_sample_is_text_whatever_the_bytes_were(void **state)
{
    (void)state;
    char binary[] = "HTTP/1.1 200 OK\r\n\r\n\0\xff\xc3\x28 \xe2\x82\xac \xed\xa0\x80";
    struct wire_sample sample = {
        .name_id = 2,
        .kind = WIRE_ERR_CHECK_FAILED,
        .at_ns = 5,
        .elapsed_ns = 6,
        .status = 503,
        .detail = STR("status 503, expected 2xx"),
        .request = STR("GET / HTTP/1.1\r\n\r\n"),
        .response = {binary, sizeof binary - 1},
    };
    assert_int_equal(wire_encode_sample(&line, &sample), 0);
    decode_line();
    assert_int_equal(frame.sample.kind, WIRE_ERR_CHECK_FAILED);
    assert_int_equal(frame.sample.status, 503);
    assert_str(frame.sample.request, "GET / HTTP/1.1\r\n\r\n");
    assert_str(frame.sample.response,
               "HTTP/1.1 200 OK\r\n\r\n\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd( \xe2\x82\xac "
               "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void a_long_sample_is_cut_between_characters(void **state)
{
    (void)state;
    char text[WIRE_SAMPLE_TEXT_MAX + 100];
    memset(text, 'x', sizeof text);
    memcpy(text + WIRE_SAMPLE_TEXT_MAX - 2, "\xe2\x82\xac", 3);
    struct wire_sample sample = {.response = {text, sizeof text}};
    assert_int_equal(wire_encode_sample(&line, &sample), 0);
    decode_line();
    assert_int_equal(frame.sample.response.len, WIRE_SAMPLE_TEXT_MAX - 2);
}

static void a_full_buffer_keeps_whole_lines_only(void **state)
{
    (void)state;
    struct buf small;
    buf_init(&small, 60);
    assert_int_equal(wire_encode_ready(&small), 0);
    size_t whole = small.len;
    assert_int_equal(wire_encode_log(&small, LOG_INFO, STR("a message too long for what is left")),
                     -ENOBUFS);
    assert_int_equal(small.len, whole);
    assert_int_equal(wire_encode_stop(&small), -ENOBUFS);
    assert_int_equal(small.len, whole);
    buf_fini(&small);
}

#define TICK_HEAD                                                                                  \
    "{\"frame\":\"tick\",\"second\":1,\"users\":1,\"connections\":1,\"arrivals\":0,"               \
    "\"dropped\":0,\"late\":0,\"cpu\":0.5,\"requests\":"
#define REQUEST_HEAD "{\"name\":0,\"requests\":1,\"errors\":0,\"bytes_in\":0,\"bytes_out\":0,"
#define HUGE_NUMBER "1000000000000000000000000000000000000"

static void wrong_lines_are_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "hello",
        "{",
        "}",
        "[]",
        "{\"1\":1,",
        "{\"frame\":\"ready\"} {}",
        "{\"frame\":\"ready\"",
        "{\"frame\":\"nonsense\"}",
        "{\"frame\":1}",
        "{}",
        "{\"frame\":\"hello\",\"version\":2,\"pid\":1}",
        "{\"frame\":\"hello\",\"version\":1,\"pid\":-1}",
        "{\"frame\":\"hello\",\"version\":1,\"pid\":1.5}",
        "{\"frame\":\"hello\",\"version\":1,\"pid\":" HUGE_NUMBER "}",
        "{\"frame\":\"hello\",\"version\":1}",
        "{\"frame\":\"start\",\"wall_ns\":5}",
        "{\"frame\":\"start\",\"wall_ns\":\"x\"}",
        "{\"frame\":\"load\",\"factor\":1e999}",
        "{\"frame\":\"load\",\"factor\":-1}",
        "{\"frame\":\"log\",\"level\":\"loud\",\"message\":\"x\"}",
        "{\"frame\":\"log\",\"level\":\"info\",\"message\":\"\xff\"}",
        "{\"frame\":\"plan\",\"worker\":2,\"workers\":2,\"scenario\":\"{}\"}",
        "{\"frame\":\"done\",\"stopped\":1,\"elapsed_ns\":1,\"unfinished\":0}",
        TICK_HEAD "{}}",
        TICK_HEAD "[1]}",
        TICK_HEAD "[" REQUEST_HEAD "\"status\":{},\"latency\":[]}]}",
        TICK_HEAD "[" REQUEST_HEAD "\"error_kinds\":{\"gone\":1},\"status\":{},\"latency\":[]}]}",
        TICK_HEAD "[" REQUEST_HEAD "\"error_kinds\":{},\"status\":{\"0\":1},\"latency\":[]}]}",
        TICK_HEAD "[" REQUEST_HEAD "\"error_kinds\":{},\"status\":{\"1000\":1},\"latency\":[]}]}",
        TICK_HEAD "[" REQUEST_HEAD "\"error_kinds\":{},\"status\":{},\"latency\":[[1]]}]}",
        TICK_HEAD "[" REQUEST_HEAD "\"error_kinds\":{},\"status\":{},\"latency\":[[1,2]]}]}",
        TICK_HEAD "[" REQUEST_HEAD
                  "\"error_kinds\":{},\"status\":{\"200\":1},\"latency\":[[1,\"A\"]],\"dns\":1}]}",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct err e = {0};
        /* At its exact size on the heap, so that a read beyond the end shows under ASan. */
        size_t len = strlen(lines[i]);
        char *copy = malloc(len ? len : 1);
        memcpy(copy, lines[i], len);
        if (wire_decode((struct str){copy, len}, &frame, &e) != -EBADMSG)
            fail_msg("taken for a frame: %s", lines[i]);
        assert_true(e.message[0] != '\0');
        free(copy);
    }
}

static void a_refused_line_is_shown_without_its_control_bytes(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(wire_decode(STR("\x1b[31mboo\xff"), &frame, &e), -EBADMSG);
    assert_non_null(strstr(e.message, "\"?[31mboo?\""));
}

static void a_line_over_the_limit_is_refused(void **state)
{
    (void)state;
    char *text = malloc(WIRE_LINE_MAX + 1);
    memset(text, 'x', WIRE_LINE_MAX + 1);
    struct err e = {0};
    assert_int_equal(wire_decode((struct str){text, WIRE_LINE_MAX + 1}, &frame, &e), -EBADMSG);
    assert_non_null(strstr(e.message, "limit"));
    free(text);
}

static void every_word_leads_back_to_its_kind(void **state)
{
    (void)state;
    for (int k = 0; k < WIRE_ERR_COUNT; k++) {
        enum wire_error kind;
        assert_true(wire_error_of(str_of(wire_error_text((enum wire_error)k)), &kind));
        assert_int_equal(kind, k);
    }
    enum wire_error kind;
    assert_false(wire_error_of(STR("nonsense"), &kind));
    assert_string_equal(wire_metric_text(WIRE_RECEIVE), "receive");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(small_frames_come_back),
        TEST(ready_and_stop_have_no_fields),
        TEST(a_plan_carries_the_scenarios_text_unchanged),
        TEST(a_tick_comes_back),
        TEST(a_sample_is_text_whatever_the_bytes_were),
        TEST(a_long_sample_is_cut_between_characters),
        TEST(a_full_buffer_keeps_whole_lines_only),
        TEST(wrong_lines_are_refused),
        TEST(a_refused_line_is_shown_without_its_control_bytes),
        TEST(a_line_over_the_limit_is_refused),
        TEST(every_word_leads_back_to_its_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
