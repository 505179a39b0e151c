/* test_target: the parts of the target that need no socket: the text forms, heads, bodies, routes,
 * answers, timers, and the arithmetic of its statistics.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/target/arrivals.h"
#include "src/target/body.h"
#include "src/target/output.h"
#include "src/target/route.h"
#include "src/target/stats.h"
#include "src/target/timers.h"

#define MS NS_PER_MS

static void assert_str(struct str s, const char *text)
{
    if (!str_eq_text(s, text))
        fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, s.ptr, text);
}

static bool near(double value, double wanted, double part)
{
    return fabs(value - wanted) <= part * wanted;
}

/* ---- delays and freezes ---------------------------------------------------------------------- */

static struct target_delay delay_of(const char *text)
{
    struct target_delay d;
    struct err e = {0};
    if (target_delay_parse(str_of(text), &d, &e) < 0)
        fail_msg("%s: %s", text, e.message);
    return d;
}

static double mean_draw(const char *text, double *median)
{
    enum { DRAWS = 20001 };
    static double draws[DRAWS];
    struct target_delay d = delay_of(text);
    struct rng rng;
    double sum = 0;
    rng_seed(&rng, 1);
    size_t below = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        draws[i] = (double)target_delay_draw(&d, &rng);
        sum += draws[i];
        below += draws[i] < *median;
    }
    *median = (double)below / DRAWS; /* the share below what was asked about */
    return sum / DRAWS;
}

static void delays_have_the_mean_that_was_asked_for(void **state)
{
    (void)state;
    double share = 25e6;
    assert_true(mean_draw("25ms", &share) == 25e6);
    share = 20e6;
    assert_true(near(mean_draw("uniform:10ms,50ms", &share), 30e6, 0.02));
    assert_true(near(share, 0.25, 0.05));
    share = 20e6 * log(2);
    assert_true(near(mean_draw("exp:20ms", &share), 20e6, 0.02));
    assert_true(near(share, 0.5, 0.03));
    share = 20e6;
    assert_true(near(mean_draw("lognormal:20ms,0.5", &share), 20e6 * exp(0.125), 0.02));
    assert_true(near(share, 0.5, 0.03));
}

static void a_delay_that_makes_no_sense_is_refused_with_a_sentence(void **state)
{
    static const char *const wrong[] = {
        "",
        "25",
        "-1ms",
        "2h",
        "exp",
        "exp:",
        "expo:20ms",
        "uniform:10ms",
        "uniform:,",
        "uniform:2ms,1ms",
        "lognormal:20ms",
        "lognormal:20ms,",
        "lognormal:20ms,x",
        "lognormal:20ms,-1",
        "lognormal:20ms,nan",
        "lognormal:20ms,0.5x",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct target_delay d;
        struct err e = {0};
        if (target_delay_parse(str_of(wrong[i]), &d, &e) == 0)
            fail_msg("\"%s\" was taken", wrong[i]);
        assert_true(strlen(e.message) > 10);
    }
}

static void draws_are_never_longer_than_the_limit(void **state)
{
    (void)state;
    struct target_delay d = delay_of("lognormal:1h,10");
    struct rng rng;
    rng_seed(&rng, 1);
    for (int i = 0; i < 1000; i++)
        assert_true(target_delay_draw(&d, &rng) <= TARGET_DELAY_MAX_NS);
}

static void a_freeze_is_in_the_middle_of_its_period(void **state)
{
    (void)state;
    struct target_stall s;
    struct err e;
    uint64_t left = 0;
    assert_int_equal(target_stall_parse(STR("every=20s,for=1s"), &s, &e), 0);
    assert_false(target_stall_now(&s, 0, &left));
    assert_false(target_stall_now(&s, 9500 * MS - 1, &left));
    assert_true(target_stall_now(&s, 9500 * MS, &left));
    assert_int_equal(left, 1000 * MS);
    assert_true(target_stall_now(&s, 10499 * MS, &left));
    assert_int_equal(left, 1 * MS);
    assert_false(target_stall_now(&s, 10500 * MS, &left));
    assert_true(target_stall_now(&s, 50000 * MS, &left));
    assert_int_equal(left, 500 * MS);
    s = (struct target_stall){0};
    assert_false(target_stall_now(&s, 10 * MS, &left));
}

static void a_freeze_needs_both_its_times(void **state)
{
    static const char *const wrong[] = {
        "", "every=1s", "for=1s", "every=1s,for=1s", "every=1s,for=0s", "every=1s,for", "a=1s,b=2s",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct target_stall s;
        struct err e;
        if (target_stall_parse(str_of(wrong[i]), &s, &e) == 0)
            fail_msg("\"%s\" was taken", wrong[i]);
    }
}

/* ---- heads ----------------------------------------------------------------------------------- */

static ssize_t parse(const char *text, struct target_request *r)
{
    const char *why = "";
    ssize_t len = target_request_parse(str_of(text), r, &why);
    assert_true(len >= 0 || strlen(why) > 10);
    return len;
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"

static void a_head_is_taken_apart(void **state)
{
    (void)state;
    struct target_request r;
    static const char text[] = "POST /a/b?c=d&e HTTP/1.1\r\nHost: a\r\nX-Y:  z \r\n"
                               "Content-Length: 12\r\nExpect: 100-continue\r\n\r\n";
    assert_int_equal(parse(text, &r), sizeof text - 1);
    assert_str(r.method, "POST");
    assert_str(r.path, "/a/b");
    assert_str(r.query, "c=d&e");
    assert_int_equal(r.content_length, 12);
    assert_true(r.expects_continue);
    assert_true(r.keep_alive);
    assert_false(r.chunked || r.head || r.http_1_0);

    struct str name, value;
    assert_true(target_request_next_field(&r.fields, &name, &value));
    assert_str(name, "Host");
    assert_true(target_request_next_field(&r.fields, &name, &value));
    assert_str(name, "X-Y");
    assert_str(value, "z");
    assert_true(target_request_next_field(&r.fields, &name, &value));
    assert_true(target_request_next_field(&r.fields, &name, &value));
    assert_false(target_request_next_field(&r.fields, &name, &value));
}

static void a_head_may_come_in_any_pieces(void **state)
{
    (void)state;
    struct target_request r;
    static const char text[] = "GET /x HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";
    const char *why;
    for (size_t len = 0; len < sizeof text - 1; len++)
        assert_int_equal(target_request_parse((struct str){text, len}, &r, &why), 0);
    assert_int_equal(parse(text, &r), sizeof text - 1);
    assert_int_equal(parse(GET "\r\n" GET "\r\n", &r), strlen(GET "\r\n"));
    assert_int_equal(parse("\r\n\r\n" GET "\r\n", &r), strlen(GET "\r\n") + 4);
    assert_int_equal(parse("GET / HTTP/1.1\nHost: a\n\n", &r), 24);
}

static void connections_are_kept_as_the_version_says(void **state)
{
    (void)state;
    struct target_request r;
    parse(GET "Connection: close\r\n\r\n", &r);
    assert_false(r.keep_alive);
    parse(GET "Connection: TE, Close\r\n\r\n", &r);
    assert_false(r.keep_alive);
    parse("GET / HTTP/1.0\r\n\r\n", &r);
    assert_false(r.keep_alive);
    parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", &r);
    assert_true(r.keep_alive && r.http_1_0);
    parse("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", &r);
    assert_true(r.keep_alive && r.head);
}

static void a_target_may_be_absolute(void **state)
{
    (void)state;
    struct target_request r;
    assert_true(parse("GET http://h:1/p?q HTTP/1.1\r\nHost: a\r\n\r\n", &r) > 0);
    assert_str(r.path, "/p");
    assert_str(r.query, "q");
    assert_true(parse("GET http://h?q HTTP/1.1\r\nHost: a\r\n\r\n", &r) > 0);
    assert_str(r.path, "/");
    assert_str(r.query, "q");
    assert_true(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &r) > 0);
    assert_str(r.path, "*");
}

static void what_is_not_http_is_refused(void **state)
{
    static const struct {
        const char *text;
        int status;
    } wrong[] = {
        {"\x16\x03\x01", 400}, /* TLS, at its first byte */
        {"{\"a\":1}", 400},
        {"GET\r\n", 400},
        {"GET /\r\n", 400},
        {"GET / HTTX/1.1\r\n", 400},
        {"GET / HTTP/1.1 \r\n", 505},
        {"GET / HTTP/2.0\r\n", 505},
        {"GET nowhere HTTP/1.1\r\n", 400},
        {"GET /a\tb HTTP/1.1\r\n", 400},
        {"G@T / HTTP/1.1\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400}, /* no Host */
        {GET "Host: b\r\n\r\n", 400},
        {GET "no colon\r\n", 400},
        {GET "Name : x\r\n", 400},
        {GET ": x\r\n", 400},
        {GET " folded\r\n", 400},
        {GET "X: a\rb\r\n", 400},
        {GET "Content-Length: -1\r\n", 400},
        {GET "Content-Length: 1\r\nContent-Length: 2\r\n", 400},
        {GET "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {GET "Transfer-Encoding: gzip\r\n", 501},
        {GET "Expect: the-unexpected\r\n", 417},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct target_request r;
        ssize_t len = parse(wrong[i].text, &r);
        if (len != -wrong[i].status)
            fail_msg("\"%s\": %d, not %d", wrong[i].text, (int)-len, wrong[i].status);
    }
}

static void a_head_has_a_limit(void **state)
{
    (void)state;
    struct target_request r;
    const char *why;
    struct buf text;
    buf_init(&text, 2 * TARGET_HEAD_MAX);
    buf_add_text(&text, GET);
    while (text.len < TARGET_HEAD_MAX - 16)
        buf_add_text(&text, "Filler: xxxxxx\r\n");
    assert_int_equal(target_request_parse(buf_str(&text), &r, &why), 0);
    buf_add_text(&text, "\r\n");
    assert_int_equal(target_request_parse(buf_str(&text), &r, &why), text.len);
    text.len -= 2;
    buf_add_text(&text, "Filler: xxxxxx\r\n");
    assert_int_equal(target_request_parse(buf_str(&text), &r, &why), -431);
    buf_add_text(&text, "\r\n");
    assert_int_equal(target_request_parse(buf_str(&text), &r, &why), -431);
    buf_fini(&text);
}

/* ---- bodies ---------------------------------------------------------------------------------- */

/* Feeds `text` in pieces of `step`; how much of it was the body, or a negated status. */
static ssize_t feed(struct target_body *b, const char *text, size_t step, struct buf *keep)
{
    const char *why;
    size_t at = 0, len = strlen(text);
    while (at < len && b->state != TARGET_BODY_DONE) {
        size_t piece = step < len - at ? step : len - at;
        ssize_t n = target_body_feed(b, (struct str){text + at, piece}, keep, &why);
        if (n < 0)
            return n;
        at += (size_t)n;
    }
    return (ssize_t)at;
}

static void bodies_end_where_they_say(void **state)
{
    static const char chunked[] = "5\r\nhello\r\n1 ; x=\"y\"\r\n!\r\n0000\r\nTrailer: x\r\n\r\n";
    (void)state;
    struct target_body b;
    struct buf keep;
    buf_init(&keep, 100);
    for (size_t step = 1; step < 10; step++) {
        buf_clear(&keep);
        target_body_begin(&b, false, 5);
        assert_int_equal(feed(&b, "helloGET", step, &keep), 5);
        assert_str(buf_str(&keep), "hello");
        buf_clear(&keep);
        target_body_begin(&b, true, 0);
        assert_int_equal(feed(&b, chunked, step, &keep), sizeof chunked - 1);
        assert_int_equal(b.state, TARGET_BODY_DONE);
        assert_str(buf_str(&keep), "hello!");
    }
    target_body_begin(&b, false, 0);
    assert_int_equal(b.state, TARGET_BODY_DONE);
    buf_fini(&keep);
}

static void a_wrong_chunk_is_refused(void **state)
{
    static const struct {
        const char *text;
        int status;
    } wrong[] = {
        {"x\r\n", 400},        {"\r\n", 400},        {"-1\r\n", 400},
        {"2\r\nabc\r\n", 400}, {"4000001\r\n", 413}, {"fffffffffffffffff\r\n", 413},
        {"3ffffff;", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct target_body b;
        target_body_begin(&b, true, 0);
        ssize_t n = feed(&b, wrong[i].text, 1, NULL);
        if (wrong[i].status ? n != -wrong[i].status : n < 0)
            fail_msg("\"%s\": %d", wrong[i].text, (int)n);
    }
}

static void what_is_around_chunks_has_a_limit(void **state)
{
    (void)state;
    struct target_body b;
    const char *why;
    target_body_begin(&b, true, 0);
    assert_int_equal(feed(&b, "1;", 2, NULL), 2);
    for (int i = 1; i < TARGET_TRAILER_MAX; i++)
        assert_int_equal(target_body_feed(&b, STR("x"), NULL, &why), 1);
    assert_int_equal(target_body_feed(&b, STR("x"), NULL, &why), -431);
}

/* ---- routes ---------------------------------------------------------------------------------- */

static struct target_order route(const char *target, struct err *e)
{
    static const struct target_answer usual = {
        .delay = {.ns = 7 * MS}, .status = 201, .bytes = TARGET_BYTES_AUTO};
    struct target_request r;
    struct target_order o;
    struct buf text;
    const char *why = "";
    buf_init(&text, 1000);
    buf_add_format(&text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target);
    if (target_request_parse(buf_str(&text), &r, &why) <= 0)
        fail_msg("%s: %s", target, why);
    e->message[0] = '\0';
    target_route(&r, &usual, &o, e);
    buf_fini(&text);
    return o;
}

static void path_and_query_say_what_is_answered(void **state)
{
    (void)state;
    struct err e;
    struct target_order o = route("/", &e);
    assert_int_equal(o.action, TARGET_ANSWER);
    assert_int_equal(o.answer.status, 201);
    assert_int_equal(o.answer.delay.ns, 7 * MS);
    o = route("/delay/25ms?q=lamp&status=503&bytes=1KiB&chunked=4&close=1", &e);
    assert_int_equal(o.answer.delay.ns, 25 * MS);
    assert_int_equal(o.answer.status, 503);
    assert_int_equal(o.answer.bytes, 1024);
    assert_int_equal(o.answer.chunks, 4);
    assert_true(o.answer.close);
    o = route("/delay/25ms?delay=1ms", &e);
    assert_int_equal(o.answer.delay.ns, 1 * MS);
    o = route("/delay/uniform%3A1ms%2c2ms", &e);
    assert_int_equal(o.answer.delay.most_ns, 2 * MS);
    o = route("/status/404", &e);
    assert_int_equal(o.answer.status, 404);
    assert_int_equal(o.action, TARGET_ANSWER);
    o = route("/anything/else?x", &e);
    assert_int_equal(o.answer.status, 201);
    o = route("/echo?as=json", &e);
    assert_true(o.action == TARGET_ECHO && o.as_json);
    o = route("/stall?every=10s&for=1s", &e);
    assert_int_equal(o.action, TARGET_SET_STALL);
    assert_int_equal(o.stall.every_ns, 10000 * MS);
    o = route("/fault/big-headers?bytes=5", &e);
    assert_int_equal(o.fill_bytes, 5);
    assert_int_equal(o.answer.bytes, TARGET_BYTES_AUTO);
    o = route("/fault/reset?delay=1ms", &e);
    assert_int_equal(o.fault->kind, TARGET_FAULT_RESET);
    assert_int_equal(o.answer.delay.ns, 1 * MS);
    assert_true(o.counted);
}

static void what_tests_ask_is_not_counted_nor_delayed(void **state)
{
    (void)state;
    struct err e;
    struct target_order o = route("/_arrivals?since=12", &e);
    assert_int_equal(o.action, TARGET_TELL_ARRIVALS);
    assert_int_equal(o.since, 12);
    assert_int_equal(o.answer.delay.ns, 0);
    assert_int_equal(o.answer.status, 200);
    assert_false(o.counted);
    assert_false(route("/_nothing", &e).counted);
}

static void what_makes_no_sense_is_answered_with_a_sentence(void **state)
{
    static const struct {
        const char *target;
        uint32_t status;
    } wrong[] = {
        {"/delay/25", 400},
        {"/?delay=x", 400},
        {"/status/99", 400},
        {"/status/600", 400},
        {"/status/", 400},
        {"/bytes/many", 400},
        {"/chunked/-1", 400},
        {"/chunked/1000001", 400},
        {"/?close=yes", 400},
        {"/stall", 400},
        {"/stall?every=1s&for=2s", 400},
        {"/fault/rest", 404},
        {"/_nothing", 404},
        {"/_reset", 405},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct err e;
        struct target_order o = route(wrong[i].target, &e);
        if (o.action != TARGET_COMPLAIN || o.answer.status != wrong[i].status || !e.message[0])
            fail_msg("%s: %u %s", wrong[i].target, o.answer.status, e.message);
    }
    struct err e;
    route("/fault/rest", &e);
    assert_non_null(strstr(e.message, "\"reset\""));
}

/* ---- answers --------------------------------------------------------------------------------- */

static void make(struct target_output o, struct buf *out)
{
    buf_init(out, 8 << 20);
    while (!target_output_more(&o, out))
        assert_true(out->len < 4 << 20);
}

static void a_body_is_as_long_as_it_says(void **state)
{
    static const uint64_t lengths[] = {0, 1, 11, 12, 13, 12000, 65536, 1000001};
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct buf out;
        make((struct target_output){.bytes = lengths[i]}, &out);
        assert_int_equal(out.len, lengths[i]);
        for (size_t at = 0; at < out.len; at++)
            assert_int_equal(out.ptr[at], "hello world\n"[at % 12]);
        buf_fini(&out);
    }
}

static void chunks_add_up_to_the_body(void **state)
{
    static const struct {
        uint64_t bytes, chunks, wanted;
    } cases[] = {{12, 1, 1}, {100, 3, 3},    {3, 5, 3},
                 {0, 4, 0},  {300000, 2, 2}, {100000, 5000, 5000}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out;
        struct target_body b;
        struct buf body;
        uint64_t chunks = 0;
        buf_init(&body, 1 << 20);
        make((struct target_output){.framing = TARGET_BY_CHUNKS,
                                    .bytes = cases[i].bytes,
                                    .chunks = cases[i].chunks},
             &out);
        target_body_begin(&b, true, 0);
        for (size_t at = 0; at < out.len;) { /* a byte at a time, to see each chunk's size */
            const char *why;
            enum target_body_state before = b.state;
            at += (size_t)target_body_feed(&b, (struct str){out.ptr + at, 1}, &body, &why);
            chunks += before != TARGET_BODY_DATA && b.state == TARGET_BODY_DATA;
        }
        assert_int_equal(b.state, TARGET_BODY_DONE);
        assert_int_equal(body.len, cases[i].bytes);
        assert_int_equal(chunks, cases[i].wanted);
        buf_fini(&body);
        buf_fini(&out);
    }
}

static void a_head_can_be_filled(void **state)
{
    (void)state;
    struct buf out;
    make((struct target_output){.head_open = true, .fill_left = 1 << 20, .bytes = 12}, &out);
    assert_int_equal(out.len, (1 << 20) + 2 + 12);
    assert_memory_equal(out.ptr + out.len - 16, "\r\n\r\nhello world\n", 16);
    buf_fini(&out);
}

static void heads_tell_of_their_body(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    struct target_head head = {.status = 200, .type = "text/plain", .bytes = 12};
    target_output_head(&head, &out);
    assert_str(buf_str(&out),
               "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n");
    buf_clear(&out);
    head.status = 204;
    head.close = true;
    target_output_head(&head, &out);
    assert_str(buf_str(&out), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    buf_fini(&out);
}

/* ---- timers ---------------------------------------------------------------------------------- */

static void timers_come_in_order(void **state)
{
    enum { COUNT = 1000 };
    static struct target_timer all[COUNT];
    (void)state;
    struct target_timers t;
    struct err e;
    struct rng rng;
    assert_int_equal(target_timers_init(&t, &e), 0);
    rng_seed(&rng, 3);
    for (size_t i = 0; i < COUNT; i++)
        target_timers_set(&t, &all[i], 1 + rng_next(&rng) % 500);
    for (size_t i = 0; i < COUNT; i += 3)
        target_timers_clear(&t, &all[i]);
    for (size_t i = 1; i < COUNT; i += 3)
        target_timers_set(&t, &all[i], 501 + rng_next(&rng) % 500);

    uint64_t last = 0;
    size_t count = 0;
    struct target_timer *timer;
    assert_null(target_timers_take(&t, 0));
    while ((timer = target_timers_take(&t, 1001))) {
        assert_true(timer->due_ns >= last);
        assert_true((size_t)(timer - all) % 3 != 0);
        last = timer->due_ns;
        count++;
    }
    assert_int_equal(count, COUNT - (COUNT + 2) / 3);
    target_timers_fini(&t);
}

/* ---- statistics ------------------------------------------------------------------------------ */

enum { ARRIVALS = 20000 };

static void a_metronome_is_even(void **state)
{
    static uint64_t at[ARRIVALS];
    (void)state;
    struct target_evenness v;
    for (size_t i = 0; i < ARRIVALS; i++)
        at[i] = UINT64_C(1) << 50 | i * 500000;
    assert_true(target_evenness_of(at, ARRIVALS, &v));
    assert_true(near(v.rate_per_s, 2000, 1e-9));
    assert_true(v.gap_cv < 1e-6 && v.back_to_back == 0 && v.off_longest_ns < 1);
    assert_true(v.gap_longest_ns == 500000);

    at[ARRIVALS / 2] += 400000; /* one of them late */
    assert_true(target_evenness_of(at, ARRIVALS, &v));
    assert_true(near(v.off_longest_ns, 400000, 0.01));
    assert_true(near(v.off_rms_ns, 400000 / sqrt(ARRIVALS), 0.01));
    assert_true(v.gap_longest_ns == 900000);
    assert_true(near(v.gap_cv, 400000 * sqrt(2.0 / ARRIVALS) / 500000, 0.01));
}

static void arrivals_at_random_have_a_variation_of_one(void **state)
{
    static uint64_t at[ARRIVALS];
    (void)state;
    struct target_evenness v;
    struct rng rng;
    rng_seed(&rng, 2);
    for (size_t i = 1; i < ARRIVALS; i++)
        at[i] = at[i - 1] + (uint64_t)rng_exponential(&rng, 500000);
    assert_true(target_evenness_of(at, ARRIVALS, &v));
    assert_true(near(v.gap_cv, 1, 0.05));
    assert_true(near(v.back_to_back, 1 - exp(-0.02), 0.2));
}

static void pairs_are_back_to_back(void **state)
{
    static uint64_t at[ARRIVALS];
    (void)state;
    struct target_evenness v;
    for (size_t i = 0; i < ARRIVALS; i++)
        at[i] = i / 2 * 1000000 + i % 2 * 9999;
    assert_true(target_evenness_of(at, ARRIVALS, &v));
    assert_true(near(v.back_to_back, 0.5, 0.001));
    at[1] = at[0];
    at[2] = at[0];
    assert_false(target_evenness_of(at, 3, &v));
    assert_false(target_evenness_of(at, 2, &v));
}

static void paths_are_counted_apart_up_to_a_limit(void **state)
{
    (void)state;
    struct target_stats *s = target_stats_new(3);
    struct buf text;
    char path[16];
    buf_init(&text, 1 << 20);
    for (int i = 0; i < TARGET_PATHS_MAX + 10; i++) {
        snprintf(path, sizeof path, "/p%d", i);
        target_stats_arrived(s, (uint64_t)i + 1, str_of(path));
        target_stats_arrived(s, (uint64_t)i + 1, STR("/p0"));
    }
    assert_int_equal(s->path_count, TARGET_PATHS_MAX);
    assert_int_equal(s->paths[0].requests, 10);
    assert_int_equal(s->paths[1].requests, TARGET_PATHS_MAX + 11);
    assert_int_equal(s->arrivals.beyond, 2 * (TARGET_PATHS_MAX + 10) - 3);
    target_stats_arrivals(s, 1, &text);
    assert_str(buf_str(&text), "1 /p0\n2 /p1\n");
    buf_clear(&text);
    target_stats_json(s, 5, &text);
    assert_non_null(strstr(text.ptr, "\"arrivals\":{\"count\":3,\"not_kept\":2017"));
    target_stats_forget(s);
    assert_int_equal(s->requests + s->path_count + s->arrivals.count, 0);
    target_stats_arrived(s, 9, STR("/p0"));
    assert_int_equal(s->first_ns, 9);
    buf_fini(&text);
    target_stats_free(s);
}

static void arrivals_are_told_a_page_at_a_time(void **state)
{
    (void)state;
    enum { COUNT = TARGET_ARRIVALS_PAGE + 10 };
    struct target_stats *s = target_stats_new(COUNT);
    struct buf text;
    buf_init(&text, 1 << 22);
    for (uint64_t i = 0; i < COUNT; i++)
        target_stats_arrived(s, i, STR("/"));
    target_stats_arrivals(s, 0, &text);
    size_t lines = 0;
    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    assert_int_equal(lines, TARGET_ARRIVALS_PAGE);
    buf_clear(&text);
    target_stats_arrivals(s, COUNT - 1, &text);
    assert_str(buf_str(&text), "100009 /\n");
    buf_fini(&text);
    target_stats_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_have_the_mean_that_was_asked_for),
        cmocka_unit_test(a_delay_that_makes_no_sense_is_refused_with_a_sentence),
        cmocka_unit_test(draws_are_never_longer_than_the_limit),
        cmocka_unit_test(a_freeze_is_in_the_middle_of_its_period),
        cmocka_unit_test(a_freeze_needs_both_its_times),
        cmocka_unit_test(a_head_is_taken_apart),
        cmocka_unit_test(a_head_may_come_in_any_pieces),
        cmocka_unit_test(connections_are_kept_as_the_version_says),
        cmocka_unit_test(a_target_may_be_absolute),
        cmocka_unit_test(what_is_not_http_is_refused),
        cmocka_unit_test(a_head_has_a_limit),
        cmocka_unit_test(bodies_end_where_they_say),
        cmocka_unit_test(a_wrong_chunk_is_refused),
        cmocka_unit_test(what_is_around_chunks_has_a_limit),
        cmocka_unit_test(path_and_query_say_what_is_answered),
        cmocka_unit_test(what_tests_ask_is_not_counted_nor_delayed),
        cmocka_unit_test(what_makes_no_sense_is_answered_with_a_sentence),
        cmocka_unit_test(a_body_is_as_long_as_it_says),
        cmocka_unit_test(chunks_add_up_to_the_body),
        cmocka_unit_test(a_head_can_be_filled),
        cmocka_unit_test(heads_tell_of_their_body),
        cmocka_unit_test(timers_come_in_order),
        cmocka_unit_test(a_metronome_is_even),
        cmocka_unit_test(arrivals_at_random_have_a_variation_of_one),
        cmocka_unit_test(pairs_are_back_to_back),
        cmocka_unit_test(paths_are_counted_apart_up_to_a_limit),
        cmocka_unit_test(arrivals_are_told_a_page_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
