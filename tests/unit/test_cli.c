/* test_cli: the parts of the terminal that need no run: numbers and texts as shown, documents made
 * of flags, and the summary of a result in terminals of any width. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/cli/scenario.h"
#include "src/cli/summary.h"
#include "src/cli/terminal.h"

enum { TEXT_MAX = 1 << 20 };

static const struct terminal plain = {.width = 80};

/* ---- numbers and texts ----------------------------------------------------------------------- */

static void numbers_are_short_and_grouped(void **state)
{
    (void)state;
    char cell[CELL_SIZE];
    const struct {
        double value;
        const char *text;
    } numbers[] = {
        {0, "0"},
        {0.0004, "0.000"},
        {0.1234, "0.123"},
        {0.9996, "1.00"},
        {1.234, "1.23"},
        {9.996, "10.0"},
        {12.34, "12.3"},
        {99.96, "100"},
        {123.4, "123"},
        {1234.5, "1,235"},
        {-1, "0"},
        {1e6, "1,000,000"},
        {1e30, "1,000,000,000,000,000,000"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        cell_number(cell, numbers[i].value);
        assert_string_equal(cell, numbers[i].text);
    }
    cell_count(cell, UINT64_MAX);
    assert_string_equal(cell, "18,446,744,073,709,551,615");
    cell_count(cell, 999);
    assert_string_equal(cell, "999");
}

static void sizes_and_clocks_have_their_units(void **state)
{
    (void)state;
    char cell[CELL_SIZE];
    const struct {
        uint64_t bytes;
        const char *text;
    } sizes[] = {
        {0, "0 bytes"},     {999, "999 bytes"},  {1000, "1.00 kB"},       {12345, "12.3 kB"},
        {999499, "999 kB"}, {999500, "1.00 MB"}, {1234567890, "1.23 GB"}, {UINT64_MAX, "18.4 EB"},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        cell_bytes(cell, sizes[i].bytes);
        assert_string_equal(cell, sizes[i].text);
    }
    cell_clock(cell, 7);
    assert_string_equal(cell, "0:07");
    cell_clock(cell, 3599);
    assert_string_equal(cell, "59:59");
    cell_clock(cell, 3723);
    assert_string_equal(cell, "1:02:03");
}

static void assert_cut(const char *text, unsigned columns, bool pad, const char *wanted)
{
    struct buf out;
    buf_init(&out, TEXT_MAX);
    terminal_add_cut(&out, str_of(text), columns, pad);
    assert_string_equal(out.ptr, wanted);
    buf_fini(&out);
}

static void a_text_is_cut_to_its_columns(void **state)
{
    (void)state;
    assert_cut("order", 5, true, "order");
    assert_cut("order", 7, true, "order  ");
    assert_cut("order", 7, false, "order");
    assert_cut("orders", 5, true, "orde…");
    assert_cut("größer", 6, true, "größer");
    assert_cut("größer", 4, true, "grö…");
    assert_cut("", 2, true, "  ");
}

static void no_text_can_steer_the_terminal(void **state)
{
    (void)state;
    struct buf out;
    assert_cut("a\x1b[31mb\r\n\tc\x7f", 80, false, "a [31mb   c ");
    assert_cut("x\xc2\x9bm y", 80, false, "x m y"); /* C1: CSI in one character */
    assert_cut("na\xc2\xa0me", 80, false, "na\xc2\xa0me");
    buf_init(&out, TEXT_MAX);
    terminal_add_wrapped(&out, STR("one \x1b]0;title\x07 two"), 0, 80);
    assert_string_equal(out.ptr, "one  ]0;title  two\n");
    buf_fini(&out);
}

static void assert_wrapped(const char *text, unsigned indent, unsigned width, const char *wanted)
{
    struct buf out;
    buf_init(&out, TEXT_MAX);
    terminal_add_wrapped(&out, str_of(text), indent, width);
    assert_string_equal(out.ptr, wanted);
    buf_fini(&out);
}

static void a_sentence_is_broken_between_words(void **state)
{
    (void)state;
    assert_wrapped("one two three", 0, 7, "one two\nthree\n");
    assert_wrapped("one two three", 0, 80, "one two three\n");
    assert_wrapped("one  two\nthree ", 2, 80, "one two three\n");
    assert_wrapped("one two three", 2, 9, "one two\n  three\n");
    assert_wrapped("a-word-that-is-too-long b", 2, 9, "a-word-that-is-too-long\n  b\n");
    assert_wrapped("", 2, 9, "\n");
}

/* ---- documents of flags ---------------------------------------------------------------------- */

static void assert_document(const struct scenario *s, const char *wanted)
{
    struct buf text, wrong;
    buf_init(&text, PLAN_DOCUMENT_MAX);
    buf_init(&wrong, TEXT_MAX);
    int rc = scenario_load(s, &text, &wrong);
    assert_string_equal(wrong.ptr, "");
    assert_int_equal(rc, 0);
    assert_string_equal(text.ptr, wanted);
    buf_fini(&text);
    buf_fini(&wrong);
}

static void assert_wrong(const struct scenario *s, const char *wanted)
{
    struct buf text, wrong;
    buf_init(&text, PLAN_DOCUMENT_MAX);
    buf_init(&wrong, TEXT_MAX);
    assert_int_equal(scenario_load(s, &text, &wrong), -EINVAL);
    assert_string_equal(wrong.ptr, wanted);
    buf_fini(&text);
    buf_fini(&wrong);
}

static void flags_make_a_document(void **state)
{
    (void)state;
    struct scenario s = {.url = "http://h/a?b=1", .users = "5", .duration = "10s"};
    assert_document(&s, "{\"name\":\"http://h/a?b=1\",\"load\":{\"users\":5,\"duration\":\"10s\"},"
                        "\"steps\":[{\"request\":{\"url\":\"http://h/a?b=1\"}}]}");
    struct scenario all = {
        .url = "https://h/",
        .method = "PUT",
        .body = "{\"a\": 1}",
        .name = "mine",
        .rate = "12.5",
        .duration = "1m",
        .ramp = "5s",
        .headers = {"Content-Type: application/json", "X-Empty:", "x-b :  c:d "},
        .header_count = 3,
    };
    assert_document(
        &all, "{\"name\":\"mine\",\"load\":{\"rate\":12.5,\"duration\":\"1m\",\"ramp\":\"5s\"},"
              "\"steps\":[{\"request\":{\"url\":\"https://h/\",\"method\":\"PUT\",\"headers\":{"
              "\"Content-Type\":\"application/json\",\"X-Empty\":\"\",\"x-b\":\"c:d\"},"
              "\"body\":\"{\\\"a\\\": 1}\"}}]}");
}

static void all_that_is_wrong_with_flags_is_said(void **state)
{
    (void)state;
    struct scenario s = {
        .url = "localhost:80/",
        .users = "many",
        .headers = {"no colon", "A: 1", "a: 2", ": x"},
        .header_count = 4,
        .body = "@/nonexistent/file",
        .method = "\xff",
    };
    assert_wrong(&s,
                 "squalld run: --users: \"many\" is no whole number from 1 to 1000000\n"
                 "squalld run: how long? Give --duration TIME (30s, 5m)\n"
                 "squalld run: --url: \"localhost:80/\" does not begin with http:// or https://\n"
                 "squalld run: --method: not UTF-8 text\n"
                 "squalld run: --header: \"no colon\" has not the form \"Name: value\"\n"
                 "squalld run: --header: \"a\" is given twice\n"
                 "squalld run: --header: \": x\" has not the form \"Name: value\"\n"
                 "squalld run: --body: cannot open /nonexistent/file: No such file or directory\n");
    const char *rates[] = {"", "5x", "nan", "inf", "1e999"};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct scenario r = {.url = "http://h/", .rate = rates[i], .duration = "1s"};
        char wanted[200];
        snprintf(wanted, sizeof wanted,
                 "squalld run: --rate: \"%s\" is no number (of arrivals a second)\n", rates[i]);
        assert_wrong(&r, wanted);
    }
}

static void a_file_is_read_up_to_its_limit(void **state)
{
    (void)state;
    char path[] = "/tmp/squall-test-cli-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    static char body[PLAN_BODY_MAX];
    memset(body, 'b', sizeof body);
    assert_int_equal(write(fd, body, sizeof body), sizeof body);
    char at[64];
    snprintf(at, sizeof at, "@%s", path);
    struct scenario s = {.url = "http://h/", .body = at, .users = "1", .duration = "1s"};
    struct buf text, wrong;
    buf_init(&text, PLAN_DOCUMENT_MAX);
    buf_init(&wrong, TEXT_MAX);
    assert_int_equal(scenario_load(&s, &text, &wrong), 0);
    assert_true(text.len > sizeof body);
    assert_int_equal(write(fd, "b", 1), 1);
    assert_int_equal(scenario_load(&s, &text, &wrong), -EINVAL);
    assert_non_null(strstr(wrong.ptr, "is longer than 1048576 bytes"));
    buf_fini(&text);
    buf_fini(&wrong);
    close(fd);
    unlink(path);
}

static void a_long_url_makes_a_name_of_whole_characters(void **state)
{
    (void)state;
    char url[400] = "http://h/";
    while (strlen(url) < 300)
        strcat(url, "ü");
    struct scenario s = {.url = url, .users = "1", .duration = "1s"};
    struct buf text, wrong;
    buf_init(&text, PLAN_DOCUMENT_MAX);
    buf_init(&wrong, TEXT_MAX);
    assert_int_equal(scenario_load(&s, &text, &wrong), 0);
    json_t *document = json_loads(text.ptr, 0, NULL);
    assert_non_null(document);
    assert_int_equal(json_string_length(json_object_get(document, "name")), PLAN_NAME_MAX);
    json_decref(document);
    buf_fini(&text);
    buf_fini(&wrong);
}

static void problems_name_the_flag_or_the_place(void **state)
{
    (void)state;
    char *pointers[] = {(char *)"/load/duration", (char *)"/steps/0/request/headers/X",
                        (char *)"/name", (char *)"/load"};
    struct plan_problems *p = mem_alloc(sizeof *p);
    for (; p->count < 4; p->count++)
        p->items[p->count] =
            (struct plan_problem){pointers[p->count], (unsigned)p->count, 7, (char *)"no"};
    p->omitted = 2;
    struct buf wrong;
    buf_init(&wrong, TEXT_MAX);
    scenario_explain(&(struct scenario){.url = "http://h/"}, p, &wrong);
    assert_string_equal(wrong.ptr, "squalld run: --duration: no\nsqualld run: --header: no\n"
                                   "squalld run: --url: no\nsqualld run: no\nand 2 more\n");
    buf_clear(&wrong);
    scenario_explain(&(struct scenario){.file = "a.json"}, p, &wrong);
    assert_string_equal(wrong.ptr, "a.json: /load/duration: no\na.json:1:7: no\na.json:2:7: no\n"
                                   "a.json:3:7: no\nand 2 more\n");
    buf_fini(&wrong);
    free(p);
}

/* ---- the summary ----------------------------------------------------------------------------- */

#define TIMES(count)                                                                               \
    "{\"count\":" #count ",\"min\":0.5,\"mean\":12.34,\"stdev\":1,\"p50\":11.2,\"p90\":20,"        \
    "\"p95\":25,\"p99\":1234.5,\"p999\":12345.6,\"max\":34567.8}"
#define NO_TIMES "{\"count\":0,\"mean\":0,\"p50\":0,\"max\":0}"
#define TOTALS(requests, errors)                                                                   \
    "\"requests\":" #requests ",\"errors\":" #errors ",\"rate_per_s\":1215,\"bytes_in\":12300000," \
    "\"bytes_out\":3200,\"latency_ms\":" TIMES(requests) ",\"service_ms\":" TIMES(                 \
        requests) ","                                                                              \
                  "\"phases_ms\":{\"connect\":" TIMES(5) ",\"tls\":" NO_TIMES "}"

static const char failed_result[] = "{" TOTALS(
    36450,
    12) ",\"state\":\"complete\",\"reason\":null,\"passed\":false,"
        "\"duration_s\":30.004,\"status\":{\"200\":36440,\"503\":10},"
        "\"error_kinds\":{\"check_failed\":10,\"connect_refused\":2},"
        "\"samples\":[{\"kind\":\"check_failed\",\"request\":\"order\",\"at_s\":3.2,"
        "\"detail\":\"status 503, expected 2xx 3xx \\u001b[2J and so on and so on and so on\"}],"
        "\"notes\":[\"A worker used 98 % of its core: the generator was the limit, not the target. "
        "Use "
        "more workers, or less load.\",\"The run was stopped before its planned end.\"],"
        "\"generator\":{\"send_lag_ms\":" TIMES(
            36450) "},"
                   "\"by_request\":{\"home\":{" TOTALS(
                       20000, 0) "},"
                                 "\"a name of a request that is so long that no terminal has room "
                                 "for all of it\":{" TOTALS(16450, 12) "}}}";

static char *summary_of(const char *document, const struct terminal *t)
{
    json_error_t e;
    json_t *result = json_loads(document, 0, &e);
    if (!result)
        fail_msg("%s at %d", e.text, e.position);
    struct buf out;
    buf_init(&out, SUMMARY_MAX);
    summary_add(&out, "Shop", result, t);
    json_decref(result);
    return out.ptr;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static void the_summary_says_it_all(void **state)
{
    (void)state;
    char *text = summary_of(failed_result, &plain);
    const char *parts[] = {
        "Shop: failed: 12 of 36,450 requests\n",
        "\nNote: A worker used 98 % of its core: the generator was the limit, not the\n      "
        "target.",
        "\nNote: The run was stopped",
        "\nRequests    36,450 in 30.0 s: 1,215 a second\n",
        "\nErrors      12 (0.033 %)\n",
        "\nBytes       12.3 MB received, 3.20 kB sent\n",
        "\nStatus      200: 36,440, 503: 10\n",
        "\nTimes, ms        mean      p50      p90      p95      p99    p99.9      max\n",
        "\nlatency          12.3     11.2     20.0     25.0    1,235   12,346   34,568\n",
        "\n  connect ",
        "\nsend lag ",
        "\nhome ",
        "\ncheck_failed               10  status 503",
        "(\"order\",",
        "\nconnect_refused             2  \n",
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_has(text, parts[i]);
    assert_null(strstr(text, "tls"));
    assert_null(strchr(text, '\x1b'));
    assert_true(strstr(text, "Note") < strstr(text, "Requests"));
    free(text);
}

static void no_line_is_wider_than_the_terminal(void **state)
{
    (void)state;
    for (unsigned width = 50; width <= 200; width++) {
        struct terminal t = {.width = width};
        char *text = summary_of(failed_result, &t);
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
            if (terminal_columns(str_of(line)) > width)
                fail_msg("%u columns in %u: %s", terminal_columns(str_of(line)), width, line);
        free(text);
    }
}

static void colours_are_for_terminals(void **state)
{
    (void)state;
    struct terminal t = {.live = true, .coloured = true, .width = 80};
    char *text = summary_of(failed_result, &t);
    assert_has(text, "\x1b[31mfailed: 12 of 36,450 requests\x1b[0m");
    assert_null(strstr(text, "\x1b[2J")); /* which the target sent */
    free(text);
}

static void other_ends_have_other_verdicts(void **state)
{
    (void)state;
    static const char format[] =
        "{\"requests\":%d,\"errors\":0,\"state\":\"%s\",\"reason\":%s,\"passed\":%s,"
        "\"notes\":[]}";
    const struct {
        int requests;
        const char *state, *reason, *passed, *wanted;
    } ends[] = {
        {5, "complete", "null", "true", "Shop: passed\n\nRequests"},
        {5, "complete", "\"stopped by Ctrl-C\"", "true",
         "Shop: passed\nstopped by Ctrl-C\n\nRequests"},
        {0, "complete", "null", "false", "Shop: failed: no request was finished\n"},
        {5, "failed", "\"worker 1 died\"", "false", "Shop: broke off\nworker 1 died\n\nRequests"},
        {0, "cancelled", "\"stopped\"", "false", "Shop: not started\nstopped\n"},
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char document[500];
        snprintf(document, sizeof document, format, ends[i].requests, ends[i].state, ends[i].reason,
                 ends[i].passed);
        char *text = summary_of(document, &plain);
        if (strncmp(text, ends[i].wanted, strlen(ends[i].wanted)) != 0)
            fail_msg("\"%s\" does not begin with \"%s\"", text, ends[i].wanted);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_short_and_grouped),
        cmocka_unit_test(sizes_and_clocks_have_their_units),
        cmocka_unit_test(a_text_is_cut_to_its_columns),
        cmocka_unit_test(no_text_can_steer_the_terminal),
        cmocka_unit_test(a_sentence_is_broken_between_words),
        cmocka_unit_test(flags_make_a_document),
        cmocka_unit_test(all_that_is_wrong_with_flags_is_said),
        cmocka_unit_test(a_file_is_read_up_to_its_limit),
        cmocka_unit_test(a_long_url_makes_a_name_of_whole_characters),
        cmocka_unit_test(problems_name_the_flag_or_the_place),
        cmocka_unit_test(the_summary_says_it_all),
        cmocka_unit_test(no_line_is_wider_than_the_terminal),
        cmocka_unit_test(colours_are_for_terminals),
        cmocka_unit_test(other_ends_have_other_verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
