/* test_plan_requests: what goes out on the wire is what the document says, and nothing in a
 * document can break a request's lines: URLs, methods, headers, bodies, checks, and their limits.
 */
#include "scenario.h"

#define HEAD "{\"name\": \"n\", \"load\": {\"users\": 1, \"duration\": \"1s\"}, "

/* The plan of one request, given as the inside of its object, under a target. */
static struct plan *plan_with(const char *target, const char *request)
{
    char text[SCENARIO_SIZE];
    return parsed(scenario_format(text, HEAD "\"target\": {%s}, \"steps\": [{\"request\": {%s}}]}",
                                  target, request));
}

static const struct plan_request *request_of(const struct plan *plan)
{
    return &plan->flows[0].steps[0].request;
}

static void assert_request_refused(const char *target, const char *request, const char *pointer,
                                   const char *words)
{
    char text[SCENARIO_SIZE];
    assert_refused(scenario_format(text, HEAD "\"target\": {%s}, \"steps\": [{\"request\": {%s}}]}",
                                   target, request),
                   pointer, words);
}

/* ---- URLs ------------------------------------------------------------------------------------ */

static void assert_url(const char *base, const char *url, const char *authority, const char *target)
{
    char base_text[SCENARIO_SIZE], url_text[SCENARIO_SIZE];
    scenario_format(base_text, base ? "\"base_url\": \"%s\"" : "\"keep_alive\": true", base);
    scenario_format(url_text, "\"url\": \"%s\"", url);
    struct plan *plan = plan_with(base_text, url_text);
    assert_str(plan->origins[request_of(plan)->origin_id].authority, authority);
    assert_str(request_of(plan)->target, target);
    plan_free(plan);
}

static void a_path_is_joined_to_the_base_url(void **state)
{
    (void)state;
    assert_url("http://h", "/", "h", "/");
    assert_url("http://h/", "/a", "h", "/a");
    assert_url("http://h:8081/api", "/a?b=/c", "h:8081", "/api/a?b=/c");
    assert_url("https://h/api/v1//", "/a", "h", "/api/v1/a");
    assert_url("http://h/x", "https://other:8443/y", "other:8443", "/y");
    assert_url("http://h", "/a/../b//c;d=e", "h", "/a/../b//c;d=e");
}

static void an_absolute_url_needs_no_base(void **state)
{
    (void)state;
    assert_url(NULL, "http://h", "h", "/");
    assert_url(NULL, "http://h?q", "h", "/?q");
    assert_url(NULL, "HTTPS://Example.COM:443/A", "example.com", "/A");
    assert_url(NULL, "http://h:443/", "h:443", "/");
    assert_url(NULL, "https://h:80/", "h:80", "/");
    assert_url(NULL, "http://10.0.0.1:65535/", "10.0.0.1:65535", "/");
    assert_url(NULL, "http://my_service.ns.svc./", "my_service.ns.svc.", "/");
    assert_url(NULL, "http://[::1]/", "[::1]", "/");
    assert_url(NULL, "http://[2001:DB8:0:0::1]:8080/", "[2001:db8::1]:8080", "/");
}

static void an_ipv6_host_is_without_brackets_in_the_plan(void **state)
{
    (void)state;
    struct plan *plan = plan_with("", "\"url\": \"https://[::FFFF:1.2.3.4]:8443/\"");
    assert_str(plan->origins[0].host, "::ffff:1.2.3.4");
    assert_int_equal(plan->origins[0].port, 8443);
    assert_true(plan->origins[0].tls);
    plan_free(plan);
}

static void spellings_of_one_place_share_an_origin_and_others_do_not(void **state)
{
    (void)state;
    struct plan *plan = parsed(HEAD "\"steps\": ["
                                    "{\"request\": {\"url\": \"http://h/\"}},"
                                    "{\"request\": {\"url\": \"http://H:80/\"}},"
                                    "{\"request\": {\"url\": \"http://[::1]:80/\"}},"
                                    "{\"request\": {\"url\": \"http://[0:0::1]/\"}},"
                                    "{\"request\": {\"url\": \"https://h:80/\"}},"
                                    "{\"request\": {\"url\": \"http://h:81/\"}}]}");
    const struct plan_step *s = plan->flows[0].steps;
    assert_int_equal(plan->origin_count, 4);
    assert_int_equal(s[0].request.origin_id, s[1].request.origin_id);
    assert_int_equal(s[2].request.origin_id, s[3].request.origin_id);
    plan_free(plan);
}

static void what_a_url_cannot_hold_is_percent_encoded(void **state)
{
    (void)state;
    assert_url(NULL, "http://h/a b?q=c d", "h", "/a%20b?q=c%20d");
    assert_url(NULL, "http://h/caf\xc3\xa9|{x}^`<>\\\"\\\\", "h",
               "/caf%C3%A9%7C%7Bx%7D%5E%60%3C%3E%22%5C");
    assert_url(NULL, "http://h/a%20b%2fc[0]~!$&'()*+,;=:@", "h", "/a%20b%2fc[0]~!$&'()*+,;=:@");
}

static void assert_url_refused(const char *url, const char *words)
{
    char text[SCENARIO_SIZE];
    assert_request_refused("\"base_url\": \"http://h\"",
                           scenario_format(text, "\"url\": \"%s\"", url), "/steps/0/request/url",
                           words);
}

static void a_url_that_could_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    assert_url_refused("", "must begin with");
    assert_url_refused("orders", "must begin with \"/\"");
    assert_url_refused("http:/h/", "must begin with");
    assert_url_refused("ftp://h/", "http://");
    assert_url_refused("http://", "no host");
    assert_url_refused("http:///x", "no host");
    assert_url_refused("http://:80/", "no host");
    assert_url_refused("http://user:pass@h/", "Authorization");
    assert_url_refused("http://h:/", "port");
    assert_url_refused("http://h:0/", "port");
    assert_url_refused("http://h:65536/", "port");
    assert_url_refused("http://h:80x/", "port");
    assert_url_refused("http://h:1:2/", "port");
    assert_url_refused("http://h o/", "host name");
    assert_url_refused("http://h%20/", "host name");
    assert_url_refused("http://-h/", "host name");
    assert_url_refused("http://a..b/", "host name");
    assert_url_refused("http://m\xc3\xbcnchen.de/", "xn--");
    assert_url_refused("http://256.1.1.1/", "host name");
    assert_url_refused("http://127.1/", "host name");
    assert_url_refused("http://2130706433/", "host name");
    assert_url_refused("http://[::1/", "without \"]\"");
    assert_url_refused("http://[::1]x/", "port");
    assert_url_refused("http://[1.2.3.4]/", "IPv6");
    assert_url_refused("http://[fe80::1%25eth0]/", "zone");
    assert_url_refused("http://::1/", "host");
    assert_url_refused("/a#b", "never sent");
    assert_url_refused("/a%zz", "%25");
    assert_url_refused("/a%2", "%25");
    assert_url_refused("/a${b}", "nothing sets");
}

static void a_url_cannot_end_the_request_line(void **state)
{
    (void)state;
    assert_url_refused("/a\\r\\nX: y", "control characters");
    assert_url_refused("/a\\nb", "control characters");
    assert_url_refused("/a\\u0000b", "control characters");
    assert_url_refused("/a\\tb", "control characters");
    assert_url_refused("http://h\\r\\n/", "host name");
    assert_url_refused("http://h\\u0000x/", "host name");
    assert_url_refused("http://h:80\\r\\n/", "port");
    assert_url(NULL, "http://h/a HTTP/1.1", "h", "/a%20HTTP/1.1");
}

static void a_base_url_is_a_prefix_and_no_more(void **state)
{
    (void)state;
    assert_request_refused("\"base_url\": \"http://h/?q\"", "\"url\": \"/\"", "/target/base_url",
                           "query");
    assert_request_refused("\"base_url\": \"/x\"", "\"url\": \"/\"", "/target/base_url", "http://");
    assert_request_refused("\"base_url\": \"http://h/#x\"", "\"url\": \"/\"", "/target/base_url",
                           "never sent");
    assert_request_refused("\"base_url\": 7", "\"url\": \"/\"", "/target/base_url", "a string");
    assert_request_refused("", "\"url\": \"/\"", "/steps/0/request/url", "\"base_url\"");
}

/* ---- methods and names ----------------------------------------------------------------------- */

static void the_method_follows_from_the_body(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"\"url\": \"/\"", "GET"},
        {"\"url\": \"/\", \"body\": \"x\"", "POST"},
        {"\"url\": \"/\", \"body\": \"\"", "POST"},
        {"\"url\": \"/\", \"json\": null", "POST"},
        {"\"url\": \"/\", \"json\": 1, \"method\": \"GET\"", "GET"},
        {"\"url\": \"/\", \"method\": \"DELETE\"", "DELETE"},
        {"\"url\": \"/\", \"method\": \"M-SEARCH\"", "M-SEARCH"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plan *plan = plan_with("\"base_url\": \"http://h\"", cases[i][0]);
        assert_str(request_of(plan)->method, cases[i][1]);
        plan_free(plan);
    }
}

static void a_method_is_a_token_in_upper_case(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"get", "upper case: GET"},          {"G T", "no HTTP method"},
        {"GET\\r\\nX: y", "no HTTP method"}, {"", "no HTTP method"},
        {"G\\u0000", "no HTTP method"},      {"CONNECT", "tunnel"},
        {"\xc3\xa9", "no HTTP method"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char request[SCENARIO_SIZE];
        scenario_format(request, "\"url\": \"http://h/\", \"method\": \"%s\"", cases[i][0]);
        assert_request_refused("", request, "/steps/0/request/method", cases[i][1]);
    }
}

static void requests_without_a_name_are_counted_by_method_and_path(void **state)
{
    (void)state;
    struct plan *plan =
        parsed(HEAD "\"target\": {\"base_url\": \"http://h/api\"}, \"steps\": ["
                    "{\"request\": {\"url\": \"/a?x=1\"}}, {\"request\": {\"url\": \"/a?x=2\"}},"
                    "{\"request\": {\"url\": \"/a\", \"body\": \"\"}},"
                    "{\"request\": {\"url\": \"/b\", \"name\": \"GET /api/a\"}}]}");
    assert_int_equal(plan->name_count, 2);
    assert_str(plan->names[0], "GET /api/a");
    assert_str(plan->names[1], "POST /api/a");
    assert_int_equal(plan->flows[0].steps[1].request.name_id, 0);
    assert_int_equal(plan->flows[0].steps[3].request.name_id, 0);
    plan_free(plan);
}

static void a_name_is_one_line_of_1_to_255_bytes(void **state)
{
    (void)state;
    char request[SCENARIO_SIZE];
    scenario_format(request, "\"url\": \"http://h/\", \"name\": \"%0255d\"", 0);
    plan_free(plan_with("", request));
    scenario_format(request, "\"url\": \"http://h/\", \"name\": \"%0256d\"", 0);
    assert_request_refused("", request, "/steps/0/request/name", "at most 255");
    assert_request_refused("", "\"url\": \"http://h/\", \"name\": \"a\\nb\"",
                           "/steps/0/request/name", "one line");
    assert_request_refused("", "\"url\": \"http://h/\", \"name\": \" \"", "/steps/0/request/name",
                           "empty");
    scenario_format(request, "\"url\": \"http://h/%0400d\"", 0); /* its own name is cut */
    struct plan *plan = plan_with("", request);
    assert_int_equal(plan->names[0].len, PLAN_NAME_MAX);
    plan_free(plan);
}

/* ---- headers --------------------------------------------------------------------------------- */

static void assert_header(const struct plan_request *q, size_t i, const char *name,
                          const char *value)
{
    assert_in_range(i, 0, q->header_count - 1);
    assert_str(q->headers[i].name, name);
    assert_str(q->headers[i].value, value);
}

static void a_requests_own_headers_replace_the_targets(void **state)
{
    (void)state;
    struct plan *plan = plan_with("\"headers\": {\"Accept\": \"a\", \"X-One\": \" 1\\t\"}",
                                  "\"url\": \"http://h/\", \"headers\": {\"accept\": \"b\","
                                  " \"Host\": \"other\", \"Empty\": \"\"}");
    const struct plan_request *q = request_of(plan);
    assert_int_equal(q->header_count, 4);
    assert_header(q, 0, "X-One", "1");
    assert_header(q, 1, "accept", "b");
    assert_header(q, 2, "Host", "other");
    assert_header(q, 3, "Empty", "");
    plan_free(plan);
}

static void a_header_cannot_end_its_line(void **state)
{
    (void)state;
    static const char *const headers[][3] = {
        {"{\"X\": \"a\\r\\nY: b\"}", "/X", "line breaks"},
        {"{\"X\": \"a\\nb\"}", "/X", "line breaks"},
        {"{\"X\": \"a\\u0000b\"}", "/X", "line breaks"},
        {"{\"X\": \"a\\u007fb\"}", "/X", "line breaks"},
        {"{\"X: y\": \"a\"}", "/X: y", "no name of a header"},
        {"{\"X\\r\": \"a\"}", "/X\r", "no name of a header"},
        {"{\"\": \"a\"}", "/", "no name of a header"},
        {"{\"\xc3\xa9\": \"a\"}", "/\xc3\xa9", "no name of a header"},
        {"{\"X\": 5}", "/X", "a string, not a number"},
        {"{\"X\": \"${x}\"}", "/X", "nothing sets"},
        {"{\"X\": \"a\", \"x\": \"b\"}", "/x", "twice"},
        {"{\"Transfer-Encoding\": \"chunked\"}", "/Transfer-Encoding", "Content-Length"},
        {"[]", "", "an object of names and values"},
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        char target[SCENARIO_SIZE], request[SCENARIO_SIZE], pointer[256];
        scenario_format(target, "\"headers\": %s", headers[i][0]);
        snprintf(pointer, sizeof pointer, "/target/headers%s", headers[i][1]);
        assert_request_refused(target, "\"url\": \"http://h/\"", pointer, headers[i][2]);
        scenario_format(request, "\"url\": \"http://h/\", \"headers\": %s", headers[i][0]);
        snprintf(pointer, sizeof pointer, "/steps/0/request/headers%s", headers[i][1]);
        assert_request_refused("", request, pointer, headers[i][2]);
    }
}

static void a_content_length_that_is_not_the_bodys_is_refused(void **state)
{
    (void)state;
    plan_free(plan_with("", "\"url\": \"http://h/\", \"body\": \"abc\","
                            " \"headers\": {\"content-length\": \"3\"}"));
    assert_request_refused("",
                           "\"url\": \"http://h/\", \"body\": \"abc\","
                           " \"headers\": {\"content-length\": \"4\"}",
                           "/steps/0/request/headers/content-length", "the body's length, 3");
    assert_request_refused("\"headers\": {\"Content-Length\": \"0\"}", "\"url\": \"http://h/\"",
                           "/target/headers/Content-Length", "leave this header out");
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static void a_text_body_is_sent_as_it_is(void **state)
{
    (void)state;
    struct plan *plan =
        plan_with("", "\"url\": \"http://h/\", \"body\": \"a\\r\\n\\u0000\\u00e9 $${x}\"");
    struct str body = request_of(plan)->body;
    assert_true(str_eq(body, (struct str){"a\r\n\0\xc3\xa9 ${x}", 11}));
    assert_int_equal(request_of(plan)->header_count, 0);
    plan_free(plan);
}

static void a_json_body_keeps_its_numbers_and_loses_its_spaces(void **state)
{
    (void)state;
    struct plan *plan = plan_with("", "\"url\": \"http://h/\", \"json\": {\n \"price\" : 49.90,"
                                      " \"n\": [ 1e2, -0.0, 12345678901234567, true, null ],"
                                      "\t\"a \\\"b\\\" $\": \"x  y \\u00e9\\n\\/\", \"o\": { } }");
    assert_str(request_of(plan)->body, "{\"price\":49.90,\"n\":[1e2,-0.0,12345678901234567,true,"
                                       "null],\"a \\\"b\\\" $\":\"x  y \xc3\xa9\\n/\",\"o\":{}}");
    assert_int_equal(request_of(plan)->header_count, 1);
    assert_header(request_of(plan), 0, "Content-Type", "application/json");
    plan_free(plan);
}

static void a_json_body_may_be_any_value(void **state)
{
    (void)state;
    static const char *const values[] = {"null", "true", "-1.5", "\"a\"", "[]", "{\"a\":1}"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char request[SCENARIO_SIZE];
        scenario_format(request, "\"json\": %s, \"url\": \"http://h/\"", values[i]);
        struct plan *plan = plan_with("", request);
        assert_str(request_of(plan)->body, values[i]);
        plan_free(plan);
    }
}

static void expressions_in_a_json_body_are_refused_at_their_place(void **state)
{
    (void)state;
    assert_request_refused("", "\"url\": \"http://h/\", \"json\": {\"a\": [1, {\"b\": \"${x}\"}]}",
                           "/steps/0/request/json/a/1/b", "nothing sets");
    assert_request_refused("", "\"url\": \"http://h/\", \"json\": {\"\\u0024{a\": 1}",
                           "/steps/0/request/json/${a", "nothing sets");
    struct plan *plan = plan_with("", "\"url\": \"http://h/\", \"json\": {\"$${k}\":"
                                      " [\"\\u0024${v}\\u0000\", \"$\", \"$5\"]}");
    assert_str(request_of(plan)->body, "{\"${k}\":[\"${v}\\u0000\",\"$\",\"$5\"]}");
    plan_free(plan);
}

static void a_content_type_that_is_given_stays(void **state)
{
    (void)state;
    struct plan *plan = plan_with("\"headers\": {\"content-type\": \"application/vnd.api+json\"}",
                                  "\"url\": \"http://h/\", \"json\": {}");
    assert_int_equal(request_of(plan)->header_count, 1);
    assert_header(request_of(plan), 0, "content-type", "application/vnd.api+json");
    plan_free(plan);
}

static void body_and_json_exclude_each_other(void **state)
{
    (void)state;
    assert_request_refused("", "\"url\": \"http://h/\", \"json\": 1, \"body\": \"x\"",
                           "/steps/0/request/json", "exclude each other");
}

/* ---- checks ---------------------------------------------------------------------------------- */

static void assert_accepted(const char *checks, const char *codes)
{
    char request[SCENARIO_SIZE], found[SCENARIO_SIZE] = "";
    scenario_format(request, "\"url\": \"http://h/\", \"checks\": %s", checks);
    struct plan *plan = plan_with("", request);
    for (unsigned status = 0; status < 1000; status++)
        if (plan_status_ok(&request_of(plan)->expect, status))
            snprintf(found + strlen(found), sizeof found - strlen(found), " %u", status);
    assert_string_equal(found, codes);
    plan_free(plan);
}

static void checks_accept_codes_and_classes_and_all_must_pass(void **state)
{
    (void)state;
    assert_accepted("[{\"status\": [200, 599, 100]}]", " 100 200 599");
    assert_accepted("[{\"status\": [\"2xx\", 404]}, {\"status\": [204, 404, 500]}]", " 204 404");
    assert_accepted("[{\"status\": [\"1xx\", \"2xx\", \"3xx\", \"4xx\", \"5xx\"]},"
                    " {\"status\": [101, 502.0]}]",
                    " 101 502");
    struct plan *plan = plan_with("", "\"url\": \"http://h/\", \"checks\": []");
    assert_true(plan_status_ok(&request_of(plan)->expect, 302));
    assert_false(plan_status_ok(&request_of(plan)->expect, 404));
    plan_free(plan);
}

static void a_check_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"[{\"status\": [99]}]", "/0/status/0", "100 to 599"},
        {"[{\"status\": [600]}]", "/0/status/0", "100 to 599"},
        {"[{\"status\": [200.5]}]", "/0/status/0", "100 to 599"},
        {"[{\"status\": [\"200\"]}]", "/0/status/0", "a class like \"2xx\""},
        {"[{\"status\": [\"6xx\"]}]", "/0/status/0", "a class like \"2xx\""},
        {"[{\"status\": [\"2xxx\"]}]", "/0/status/0", "a class like \"2xx\""},
        {"[{\"status\": []}]", "/0/status", "empty"},
        {"[{\"status\": 200}]", "/0/status", "an array of codes"},
        {"[{}]", "/0", "exactly one key"},
        {"[{\"boddy\": \"x\", \"status\": [200]}]", "/0/boddy", "did you mean \"body\""},
        {"[{\"status\": [200]}, {\"status\": [404]}]", "", "no answer could pass"},
        {"{\"status\": [200]}", "", "an array of checks"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char request[SCENARIO_SIZE], pointer[256];
        scenario_format(request, "\"url\": \"http://h/\", \"checks\": %s", cases[i][0]);
        snprintf(pointer, sizeof pointer, "/steps/0/request/checks%s", cases[i][1]);
        assert_request_refused("", request, pointer, cases[i][2]);
    }
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* "%" in the piece becomes its number, where pieces have to differ. */
static void add_piece(struct buf *text, const char *piece, size_t i)
{
    const char *number = strchr(piece, '%');
    buf_add(text, piece, number ? (size_t)(number - piece) : strlen(piece));
    if (number)
        buf_add_format(text, "%zu%s", i, number + 1);
}

/* `before`, then `count` times `piece` with `between`, then `after`; must pass or be refused with
 * these words. */
static void assert_many(const char *before, const char *piece, const char *between, size_t count,
                        const char *after, const char *words)
{
    struct buf text;
    struct plan *plan;
    struct plan_problems problems;
    buf_init(&text, 3 * (size_t)PLAN_DOCUMENT_MAX);
    buf_add_text(&text, before);
    for (size_t i = 0; i < count; i++) {
        buf_add_text(&text, i > 0 ? between : "");
        add_piece(&text, piece, i);
    }
    buf_add_text(&text, after);
    assert_false(text.failed);
    plan_problems_init(&problems);
    plan_parse(text.ptr, text.len, &plan, &problems);
    if (!words && !plan)
        fail_msg("%zu of %s: %s", count, piece, problems.items[0].message);
    if (words && (plan || problems.count != 1 || !strstr(problems.items[0].message, words)))
        fail_msg("%zu of %s: %s is not refused because of %s", count, piece,
                 plan ? "" : problems.items[0].message, words);
    plan_problems_fini(&problems);
    plan_free(plan);
    buf_fini(&text);
}

#define END_STEPS "}}]}"
#define REQUEST HEAD "\"steps\": [{\"request\": {\"url\": \"http://h/\""

static void each_limit_holds_to_the_byte(void **state)
{
    (void)state;
    const char *requests = HEAD "\"steps\": [";
    assert_many(requests, "{\"request\": {\"url\": \"http://h/%\"}}", ",", PLAN_REQUESTS_MAX, "]}",
                NULL);
    assert_many(requests, "{\"request\": {\"url\": \"http://h/%\"}}", ",", PLAN_REQUESTS_MAX + 9,
                "]}", "at most 1000");
    const char *url = HEAD "\"steps\": [{\"request\": {\"url\": \"http://h/";
    assert_many(url, "a", "", PLAN_URL_MAX - 1, "\"" END_STEPS, NULL);
    assert_many(url, "a", "", PLAN_URL_MAX, "\"" END_STEPS, "at most 8192");
    assert_many(url, " ", "", PLAN_URL_MAX / 3 + 1, "\"" END_STEPS, "at most 8192");
    assert_many(HEAD "\"target\": {\"base_url\": \"http://h/0123456789\"}, \"steps\":"
                     " [{\"request\": {\"url\": \"/",
                "a", "", PLAN_URL_MAX - 10, "\"" END_STEPS, "longer than 8192");
    assert_many(REQUEST ", \"body\": \"", "a", "", PLAN_BODY_MAX, "\"" END_STEPS, NULL);
    assert_many(REQUEST ", \"body\": \"", "a", "", PLAN_BODY_MAX + 1, "\"" END_STEPS,
                "at most 1048576");
    assert_many(REQUEST ", \"json\": \"", "a", "", PLAN_BODY_MAX - 1, "\"" END_STEPS,
                "at most 1048576");
    assert_many(REQUEST ", \"headers\": {", "\"h%\": \"\"", ",", 200, "}" END_STEPS, NULL);
    assert_many(REQUEST ", \"headers\": {", "\"h%\": \"\"", ",", 201, "}" END_STEPS, "at most 200");
    assert_many(REQUEST ", \"headers\": {\"h\": \"", "a", "", 65535, "\"}" END_STEPS, NULL);
    assert_many(REQUEST ", \"headers\": {\"h\": \"", "a", "", 65536, "\"}" END_STEPS, "65536");
    assert_many(HEAD "\"target\": {\"headers\": {\"h\": \"", "a", "", 65536,
                "\"}}, \"steps\": [{\"request\": {\"url\": \"http://h/\"" END_STEPS, "65536");
    assert_many(REQUEST ", \"method\": \"", "A", "", 32, "\"" END_STEPS, NULL);
    assert_many(REQUEST ", \"method\": \"", "A", "", 33, "\"" END_STEPS, "no HTTP method");
}

static void each_limit_of_the_document_holds(void **state)
{
    (void)state;
    const char *steps = "}, \"steps\": [{\"request\": {\"url\": \"http://h/\"}}]}";
    const char *rest = ", \"load\": {\"users\": 1, \"duration\": \"1s\"},"
                       " \"steps\": [{\"request\": {\"url\": \"http://h/\"}}]}";
    char after[SCENARIO_SIZE];
    assert_many("{\"name\": \"n\", \"load\": {\"rate\": [",
                "{\"target\": %.5, \"duration\": \"1s\"}", ",", PLAN_STAGES_MAX,
                scenario_format(after, "]%s", steps), NULL);
    assert_many("{\"name\": \"n\", \"load\": {\"rate\": [", "{\"target\": 1, \"duration\": \"1s\"}",
                ",", PLAN_STAGES_MAX + 1, scenario_format(after, "]%s", steps), "1 to 1000");
    scenario_format(after, "]%s", rest);
    assert_many("{\"name\": \"n\", \"tags\": [", "\"t%\"", ",", 100, after, NULL);
    assert_many("{\"name\": \"n\", \"tags\": [", "\"t%\"", ",", 101, after, "at most 100");
    assert_many("{\"name\": \"n\", \"tags\": [", "\"t\"", ",", 2, after, "twice");
    scenario_format(after, "\"%s", rest);
    assert_many("{\"name\": \"n\", \"description\": \"", "a", "", 65536, after, NULL);
    assert_many("{\"name\": \"n\", \"description\": \"", "a", "", 65537, after, "at most 65536");
    assert_many("{\"name\": \"n\", \"tags\": [\"", "a", "", 256,
                scenario_format(after, "\"]%s", rest), "at most 255");
    scenario_format(after, "{\"name\": \"n\"%s", rest);
    assert_many("", " ", "", PLAN_DOCUMENT_MAX - strlen(after), after, NULL);
    assert_many("", " ", "", PLAN_DOCUMENT_MAX - strlen(after) + 1, after, "at most 4194304");
}

static void flows_together_have_limits_too(void **state)
{
    (void)state;
    static const char step[] = "\"steps\": [{\"request\": {\"url\": \"http://h/\"}}]";
    char text[SCENARIO_SIZE];
    assert_refused(scenario_format(text,
                                   "{\"name\": \"n\", \"flows\": ["
                                   "{\"name\": \"a\", \"load\": {\"users\": 600000, \"duration\":"
                                   " \"1s\"}, %s}, {\"name\": \"b\", \"load\": {\"users\": 600000,"
                                   " \"duration\": \"1s\"}, %s}]}",
                                   step, step),
                   "/flows", "1200000 users together");
    assert_refused(scenario_format(text,
                                   "{\"name\": \"n\", \"flows\": ["
                                   "{\"name\": \"a\", \"load\": {\"rate\": 6e6, \"duration\":"
                                   " \"1s\"}, %s}, {\"name\": \"b\", \"load\": {\"rate\": 6e6,"
                                   " \"duration\": \"1s\"}, %s}]}",
                                   step, step),
                   "/flows", "12000000 arrivals");
    assert_refused("{\"name\": \"n\", \"flows\": []}", "/flows", "1 to 1000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_joined_to_the_base_url),
        cmocka_unit_test(an_absolute_url_needs_no_base),
        cmocka_unit_test(an_ipv6_host_is_without_brackets_in_the_plan),
        cmocka_unit_test(spellings_of_one_place_share_an_origin_and_others_do_not),
        cmocka_unit_test(what_a_url_cannot_hold_is_percent_encoded),
        cmocka_unit_test(a_url_that_could_be_read_in_two_ways_is_refused),
        cmocka_unit_test(a_url_cannot_end_the_request_line),
        cmocka_unit_test(a_base_url_is_a_prefix_and_no_more),
        cmocka_unit_test(the_method_follows_from_the_body),
        cmocka_unit_test(a_method_is_a_token_in_upper_case),
        cmocka_unit_test(requests_without_a_name_are_counted_by_method_and_path),
        cmocka_unit_test(a_name_is_one_line_of_1_to_255_bytes),
        cmocka_unit_test(a_requests_own_headers_replace_the_targets),
        cmocka_unit_test(a_header_cannot_end_its_line),
        cmocka_unit_test(a_content_length_that_is_not_the_bodys_is_refused),
        cmocka_unit_test(a_text_body_is_sent_as_it_is),
        cmocka_unit_test(a_json_body_keeps_its_numbers_and_loses_its_spaces),
        cmocka_unit_test(a_json_body_may_be_any_value),
        cmocka_unit_test(expressions_in_a_json_body_are_refused_at_their_place),
        cmocka_unit_test(a_content_type_that_is_given_stays),
        cmocka_unit_test(body_and_json_exclude_each_other),
        cmocka_unit_test(checks_accept_codes_and_classes_and_all_must_pass),
        cmocka_unit_test(a_check_that_makes_no_sense_is_refused),
        cmocka_unit_test(each_limit_holds_to_the_byte),
        cmocka_unit_test(each_limit_of_the_document_holds),
        cmocka_unit_test(flows_together_have_limits_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
