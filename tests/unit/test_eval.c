/* test_eval: what expressions are worth, and what is found wrong with them beforehand. */
#include <errno.h>

#include "scenario.h"
#include "src/engine/eval.h"
#include "src/engine/exchange.h"

#define LOAD "\"load\": {\"users\": 1, \"duration\": \"1s\"}"

struct world {
    struct plan *plan;
    struct clock_manual clock;
    struct rng rng;
    struct eval eval;
    struct vars vars;
};

static void open_world(struct world *w, const char *set)
{
    char text[SCENARIO_SIZE];
    scenario_format(text,
                    "{\"name\": \"n\"," LOAD ", \"variables\": {\"v\": \"a b\", \"empty\": \"\"},"
                    "\"steps\": [{\"set\": {\"x\": \"%s\"}}, {\"set\": {\"later\": \"1\"}},"
                    "{\"request\": {\"url\": \"http://h/\"}}]}",
                    set);
    w->plan = parsed(text);
    clock_manual_init(&w->clock, 0, UINT64_C(1700000000123) * NS_PER_MS);
    rng_seed(&w->rng, 1);
    eval_init(&w->eval, w->plan, &w->clock.clock, &w->rng, 1, 3);
    vars_init(&w->vars, w->plan, 7);
    vars_begin(&w->vars, &w->eval);
}

static void close_world(struct world *w)
{
    vars_fini(&w->vars, w->plan);
    eval_fini(&w->eval);
    plan_free(w->plan);
}

static void assert_value(const char *set, const char *expected)
{
    struct world w;
    open_world(&w, set);
    assert_str(eval_text(&w.eval, &w.vars, &w.plan->flows[0].steps[0].set.value), expected);
    close_world(&w);
}

static void expressions_have_their_values(void **state)
{
    (void)state;
    assert_value("", "");
    assert_value("plain", "plain");
    assert_value("$${v}", "${v}");
    assert_value("<${v}>", "<a b>");
    assert_value("<${ v }>", "<a b>");
    assert_value("<${later}>", "<>");
    assert_value("${later:-none}", "none");
    assert_value("${empty:-none}", "none");
    assert_value("${later:-${v}!}?", "a b!?");
    assert_value("${base64(v)}", "YSBi");
    assert_value("${base64('')}", "");
    assert_value("${hex(v)} ${url(v)} ${url('\xc3\xa9/?')}", "612062 a%20b %C3%A9%2F%3F");
    assert_value("${json('\\\"')}", "\\\"");
    assert_value("${sha256('abc')}",
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    /* RFC 4231, 4.3 */
    assert_value("${hmac('sha256', 'Jefe', 'what do ya want for nothing?')}",
                 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_value("${base64(hex(base64(v)))}", "NTk1MzQyNjk=");
    assert_value("${random(5, 5)} ${random(-3, -3)} ${pick('q')}", "5 -3 q");
    assert_value("${counter()} ${counter()} ${user()} ${worker()} ${iteration()}", "1 4 7 1 0");
    assert_value("${now_ms()} ${now()}", "1700000000123 2023-11-14T22:13:20.123Z");
    assert_value("${env('SQUALL_TEST_NOT_THERE'):-x${v}}", "xa b");
    setenv("SQUALL_TEST_THERE", "y", 1);
    assert_value("${env('SQUALL_TEST_THERE')}${url(env('SQUALL_TEST_THERE'))}", "yy");
}

static void what_is_drawn_is_in_its_range(void **state)
{
    (void)state;
    struct world w;
    unsigned seen[4] = {0};
    open_world(&w, "${random(0, 3)}");
    for (int i = 0; i < 4000; i++) {
        struct str s = eval_text(&w.eval, &w.vars, &w.plan->flows[0].steps[0].set.value);
        assert_int_equal(s.len, 1);
        assert_in_range(s.ptr[0], '0', '3');
        seen[s.ptr[0] - '0']++;
    }
    for (int i = 0; i < 4; i++)
        assert_in_range(seen[i], 850, 1150);
    close_world(&w);
    open_world(&w, "${uuid()}");
    struct str s = eval_text(&w.eval, &w.vars, &w.plan->flows[0].steps[0].set.value);
    assert_int_equal(s.len, 36);
    assert_int_equal(s.ptr[14], '4');
    assert_non_null(strchr("89ab", s.ptr[19]));
    close_world(&w);
}

static void mistakes_are_found_when_the_plan_is_loaded(void **state)
{
    (void)state;
    static const char *const mistakes[][2] = {
        {"${", "not closed"},
        {"${v", "not closed"},
        {"${v:-", "not closed"},
        {"${}", "a name must come before"},
        {"${latr}", "did you mean \"later\""},
        {"${latter}", "did you mean \"later\""},
        {"${uid()}", "did you mean \"uuid\""},
        {"${nothing()}", "no function \"nothing\""},
        {"${uuid(1)}", "uuid() takes 0 arguments, not 1"},
        {"${random(1)}", "takes 2"},
        {"${random(2, 1)}", "least"},
        {"${random('a', 1)}", "whole numbers"},
        {"${base64(nobody)}", "nothing sets"},
        {"${base64('a)}", "closing"},
        {"${base64(v v)}", "must come before"},
        {"${hmac('md5', v, v)}", "sha256"},
        {"${env('SQUALL_TEST_NOT_THERE')}", "environment has no"},
        {"${env(v)}", "in quotes"},
        {"${hex(hex(hex(hex(hex(hex(hex(hex(hex(v)))))))))}", "deep"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        char text[SCENARIO_SIZE];
        scenario_format(text,
                        "{\"name\": \"n\"," LOAD ", \"variables\": {\"v\": \"1\"}, \"steps\": "
                        "[{\"set\": {\"later\": \"1\"}}, {\"request\": {\"url\": \"http://h/\","
                        "\"body\": \"%s\"}}]}",
                        mistakes[i][0]);
        assert_refused(text, "/steps/1/request/body", mistakes[i][1]);
    }
    assert_refused("{\"name\": \"n\"," LOAD ", \"steps\": [{\"set\": {\"1x\": \"\"}},"
                   "{\"request\": {\"url\": \"http://h/\"}}]}",
                   "/steps/0/set/1x", "letters");
    assert_refused("{\"name\": \"n\"," LOAD ", \"steps\": [{\"set\": {\"x\": \"h\"}},"
                   "{\"request\": {\"url\": \"http://${x}/\"}}]}",
                   "/steps/1/request/url", "host");
}

/* ---- requests -------------------------------------------------------------------------------- */

static struct plan *plan_of_request(const char *request)
{
    char text[SCENARIO_SIZE];
    scenario_format(text,
                    "{\"name\": \"n\"," LOAD ", \"target\": {\"base_url\": \"http://h/base\"},"
                    "\"variables\": {\"v\": \"a\\\"b\", \"id\": \"17\", \"nl\": \"\\r\\n\"},"
                    "\"steps\": [{\"request\": %s}]}",
                    request);
    return parsed(text);
}

static int fill(const char *request, char out[SCENARIO_SIZE], const char **why)
{
    struct world w = {.plan = plan_of_request(request)};
    struct prepared p;
    struct buf bytes;
    rng_seed(&w.rng, 1);
    buf_init(&bytes, EVAL_REQUEST_MAX);
    eval_init(&w.eval, w.plan, &w.clock.clock, &w.rng, 0, 1);
    vars_init(&w.vars, w.plan, 0);
    vars_begin(&w.vars, &w.eval);
    prepared_init(&p, w.plan, &w.plan->flows[0].steps[0].request);
    assert_non_null(p.parts);
    int rc = prepared_fill(&p, &w.eval, &w.vars, &bytes, why);
    snprintf(out, SCENARIO_SIZE, "%s", bytes.ptr);
    prepared_fini(&p);
    buf_fini(&bytes);
    close_world(&w);
    return rc;
}

static void a_request_is_filled_in(void **state)
{
    (void)state;
    char out[SCENARIO_SIZE];
    const char *why;
    assert_int_equal(fill("{\"url\": \"/x y/${id}?q=${url(v)}\"}", out, &why), 0);
    assert_string_equal(out, "GET /base/x%20y/17?q=a%22b HTTP/1.1\r\nHost: h\r\n"
                             "User-Agent: squall/" SQUALL_VERSION "\r\n\r\n");
    assert_int_equal(fill("{\"url\": \"/\", \"headers\": {\"X\": \"<${v}>\"}, \"json\": "
                          "{\"k${id}\": [1.50, \"${v}\\u0000$${\"]}}",
                          out, &why),
                     0);
    assert_string_equal(out, "POST /base/ HTTP/1.1\r\nHost: h\r\n"
                             "User-Agent: squall/" SQUALL_VERSION "\r\nX: <a\"b>\r\n"
                             "Content-Type: application/json\r\nContent-Length: 29\r\n\r\n"
                             "{\"k17\":[1.50,\"a\\\"b\\u0000${\"]}");
}

static void a_value_that_would_break_a_request_does_not(void **state)
{
    (void)state;
    char out[SCENARIO_SIZE];
    const char *why;
    assert_int_equal(fill("{\"url\": \"/${nl}\"}", out, &why), -EINVAL);
    assert_non_null(strstr(why, "url()"));
    assert_int_equal(fill("{\"url\": \"/\", \"headers\": {\"X\": \"${nl}\"}}", out, &why), -EINVAL);
    assert_non_null(strstr(why, "line break"));
    assert_int_equal(fill("{\"url\": \"/\", \"body\": \"${nl}\"}", out, &why), 0);
}

static void variables_are_kept_as_long_as_is_said(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "");
    uint32_t v = 0, x = 2;
    assert_int_equal(vars_set(&w.vars, v, STR("kept")), 0);
    assert_int_equal(vars_set(&w.vars, x, STR("lost")), 0);
    w.vars.iteration++;
    vars_begin(&w.vars, &w.eval);
    assert_true(w.vars.values[v].set);
    assert_memory_equal(w.vars.values[v].ptr, "kept", 4);
    assert_false(w.vars.values[x].set);
    char *large = mem_alloc(EVAL_VALUE_MAX + 1);
    assert_int_equal(vars_set(&w.vars, v, (struct str){large, EVAL_VALUE_MAX + 1}), -EMSGSIZE);
    assert_memory_equal(w.vars.values[v].ptr, "kept", 4);
    free(large);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_have_their_values),
        cmocka_unit_test(what_is_drawn_is_in_its_range),
        cmocka_unit_test(mistakes_are_found_when_the_plan_is_loaded),
        cmocka_unit_test(a_request_is_filled_in),
        cmocka_unit_test(a_value_that_would_break_a_request_does_not),
        cmocka_unit_test(variables_are_kept_as_long_as_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
