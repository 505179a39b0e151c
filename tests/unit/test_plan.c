/* test_plan: what a scenario document says becomes the plan; what is wrong with it is reported
 * whole, each mistake with its place.
 */
#include "scenario.h"

#define LOAD "\"load\": {\"users\": 1, \"duration\": \"1s\"}"
#define STEPS "\"steps\": [{\"request\": {\"url\": \"http://h/\"}}]"

/* ---- mistakes -------------------------------------------------------------------------------- */

static void ten_mistakes_are_ten_problems_each_with_its_place(void **state)
{
    (void)state;
    assert_problems(
        "{\n"
        "  \"name\": \"\",\n"
        "  \"tags\": [\"a\", 7],\n"
        "  \"target\": {\n"
        "    \"base_url\": \"ftp://example.com\",\n"
        "    \"timeouts\": {\"connect\": \"5\"}\n"
        "  },\n"
        "  \"load\": {\"usres\": 50, \"duration\": \"30x\"},\n"
        "  \"steps\": [\n"
        "    {\"request\": {\"name\": \"home\"}},\n"
        "    {\"request\": {\"url\": \"http://h/\", \"methd\": \"GET\",\n"
        "                 \"checks\": [{\"status\": [200, 700]}]}},\n"
        "    {\"think\": {\"uniform\": [\"3s\", \"1s\"]}}\n"
        "  ]\n"
        "}\n",
        "2:11 /name: must not be empty\n"
        "3:17 /tags/1: must be a string, not a number\n"
        "5:17 /target/base_url: a URL begins with \"http://\" or \"https://\"\n"
        "6:29 /target/timeouts/connect: \"5\" has no unit; write 250ms, 1.5s or 1h30m\n"
        "8:12 /load/usres: unknown key \"usres\"; did you mean \"users\"?\n"
        "8:37 /load/duration: \"30x\" is not a duration; write 250ms, 1.5s or 1h30m\n"
        "10:17 /steps/0/request/url: \"url\" is missing\n"
        "11:38 /steps/1/request/methd: unknown key \"methd\"; did you mean \"method\"?\n"
        "12:46 /steps/1/request/checks/0/status/1: must be a code from 100 to 599, or a class like"
        " \"2xx\"\n"
        "13:27 /steps/2/think/uniform: the first is the least, the second the most\n");
}

static void a_problem_is_told_by_line_and_column_in_characters(void **state)
{
    (void)state;
    assert_problems(
        "{\"name\": \"h\xc3\xa9 \xf0\x9f\x98\x80\", \"x\": 1,\r\n\t\"\\u0079\": 2, " LOAD "," STEPS
        "}",
        "1:18 /x: unknown key \"x\"\n"
        "2:2 /y: unknown key \"y\"\n");
}

static void a_byte_order_mark_is_no_mistake_and_no_column(void **state)
{
    (void)state;
    plan_free(parsed("\xef\xbb\xbf{\"name\": \"n\"," LOAD "," STEPS "}"));
    assert_problems("\xef\xbb\xbf{\"name\": 1," LOAD "," STEPS "}",
                    "1:10 /name: must be a string, not a number\n");
}

static void what_is_not_json_is_told_with_its_place(void **state)
{
    (void)state;
    assert_problems("{\"name\": \"a\",\n \"load\" 5}",
                    "2:9 : this is not JSON: ':' expected near '5'\n");
    assert_problems("{\"name\": \"a\"", "1:12 : this is not JSON: '}' expected near end of file\n");
    assert_problems("{} x", "1:4 : this is not JSON: end of file expected near 'x'\n");
    assert_problems("", "1:1 : the document is empty\n");
    assert_problems(" \n ", "1:1 : the document is empty\n");
    assert_problems("[1]", "1:1 : must be an object, not an array\n");
    assert_problems("  null", "1:3 : must be an object, not null\n");
    char *found = problems_of("{\"name\": \"\xff\"}", 13);
    assert_non_null(strstr(found, "this is not JSON: "));
    free(found);
    assert_problems("{\"name\": \"h\\u\xef\xbb\xbf\"}",
                    "1:14 : this is not JSON: invalid escape near '\"h\\u?'\n");
}

static void an_unknown_key_suggests_the_nearest(void **state)
{
    (void)state;
    assert_refused("{\"name\": \"n\", \"descripton\": \"x\"," LOAD "," STEPS "}", "/descripton",
                   "unknown key \"descripton\"; did you mean \"description\"?");
    assert_refused("{\"name\": \"n\", \"target\": {\"keepalive\": false}," LOAD "," STEPS "}",
                   "/target/keepalive", "did you mean \"keep_alive\"?");
    assert_refused(
        "{\"name\": \"n\", \"load\": {\"rate\": 1, \"duration\": \"1s\", \"maxusers\": 5}," STEPS
        "}",
        "/load/maxusers", "did you mean \"max_users\"?");
    assert_refused("{\"name\": \"n\", \"colour\": \"red\"," LOAD "," STEPS "}", "/colour",
                   "unknown key \"colour\"");
}

static void a_misspelt_key_is_not_missing_too(void **state)
{
    (void)state;
    assert_refused("{\"nmae\": \"n\"," LOAD "," STEPS "}", "/nmae", "did you mean \"name\"?");
    assert_refused("{\"name\": \"n\", \"laod\": {}," STEPS "}", "/laod", "did you mean \"load\"?");
    assert_refused("{\"name\": \"n\", \"load\": {\"user\": 5, \"duration\": \"1s\"}," STEPS "}",
                   "/load/user", "did you mean \"users\"?");
    assert_refused("{\"name\": \"n\", \"steps\": [{\"reqest\": {\"url\": \"/\"}}]," LOAD "}",
                   "/steps/0/reqest", "did you mean \"request\"?");
}

static void every_key_that_is_there_twice_is_told(void **state)
{
    (void)state;
    assert_problems("{\"name\": \"n\", \"name\": \"m\", \"x\": 1, " LOAD ",\n"
                    "\"steps\": [{\"request\": {\"url\": \"http://h/\",\n"
                    "  \"json\": [{\"a\": {\"b\": 1, \"\\u0062\": 2}}]}}]}",
                    "1:15 /name: \"name\" is there twice; leave one out\n"
                    "1:28 /x: unknown key \"x\"\n"
                    "3:27 /steps/0/request/json/0/a/b: \"b\" is there twice; leave one out\n");
}

static void pointers_escape_what_rfc_6901_says(void **state)
{
    (void)state;
    assert_problems("{\"name\": \"n\", \"a/b~c\": 1," LOAD "," STEPS "}",
                    "1:15 /a~1b~0c: unknown key \"a/b~c\"\n");
}

static void beyond_a_hundred_mistakes_the_rest_is_counted(void **state)
{
    (void)state;
    struct buf text;
    struct plan *plan;
    struct plan_problems problems;
    buf_init(&text, 1 << 20);
    buf_add_text(&text, "{\"name\": \"n\"," LOAD ", \"steps\": [{\"request\": {\"url\": \"x\"}}");
    for (int i = 0; i < 149; i++)
        buf_add_text(&text, ",\n{\"think\": \"1\"}");
    buf_add_text(&text, "]}");
    plan_problems_init(&problems);
    assert_int_not_equal(plan_parse(text.ptr, text.len, &plan, &problems), 0);
    assert_int_equal(problems.count, PLAN_PROBLEMS_MAX);
    assert_int_equal(problems.omitted, 50);
    assert_string_equal(problems.items[99].pointer, "/steps/99/think");
    assert_int_equal(problems.items[99].line, 100);
    plan_problems_fini(&problems);
    assert_int_equal(problems.count, 0);
    buf_fini(&text);
}

static void a_message_quotes_the_document_in_short_and_without_control_characters(void **state)
{
    (void)state;
    assert_refused("{\"name\": \"n\", \"a\\u001b[31mb\": 1," LOAD "," STEPS "}", "/a\x1b[31mb",
                   "unknown key \"a?[31mb\"");
    assert_refused(
        "{\"name\": \"n\", \"" /* 59 bytes, then a character of two */
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9zz\": 1," LOAD "," STEPS
        "}",
        "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9zz",
        "unknown key \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\"");
}

static void a_problem_too_deep_for_a_pointer_is_told_at_the_part_it_is_in(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_add_text(&text,
                 "{\"name\": \"n\"," LOAD ", \"steps\": [{\"request\": {\"url\": \"http://h/\","
                 " \"json\": {\"");
    for (int i = 0; i < 5000; i++)
        buf_add_text(&text, "k");
    buf_add_text(&text, "\": {\"a\": 1, \"a\": \"${x}\"}}}}]}");
    char *found = problems_of(text.ptr, text.len);
    assert_non_null(strstr(found, " /steps/0/request/json: \"a\" is there twice"));
    assert_non_null(strstr(found, " /steps/0/request/json: nothing sets the variable \"x\""));
    free(found);
    buf_fini(&text);
}

/* ---- what a scenario says -------------------------------------------------------------------- */

static void a_small_scenario_has_every_default(void **state)
{
    (void)state;
    struct plan *plan = parsed("{\"name\": \"n\"," LOAD "," STEPS "}");
    const struct plan_request *q = &plan->flows[0].steps[0].request;
    assert_str(plan->name, "n");
    assert_str(plan->description, "");
    assert_int_equal(plan->tag_count, 0);
    assert_true(plan->keep_alive && plan->tls.verify);
    assert_int_equal(plan->tls.ca_file.len + plan->tls.server_name.len, 0);
    assert_true(plan->drain_ns == 5 * NS_PER_S);
    assert_true(plan->duration_ns == NS_PER_S);
    assert_int_equal(plan->flow_count, 1);
    assert_str(plan->flows[0].name, "main");
    assert_true(q->timeouts.dns_ns == 5 * NS_PER_S && q->timeouts.connect_ns == 5 * NS_PER_S);
    assert_true(q->timeouts.tls_ns == 5 * NS_PER_S && q->timeouts.response_ns == 30 * NS_PER_S);
    assert_true(q->timeouts.total_ns == 60 * NS_PER_S);
    assert_str(q->method, "GET");
    assert_str(q->target, "/");
    assert_int_equal(q->body.len + q->header_count, 0);
    assert_str(plan->names[q->name_id], "GET /");
    for (unsigned status = 0; status < 700; status++)
        assert_int_equal(plan_status_ok(&q->expect, status), status >= 200 && status < 400);
    plan_free(plan);
}

static void everything_a_target_says_is_in_the_plan(void **state)
{
    (void)state;
    struct plan *plan =
        parsed("{\"$schema\": \"x\", \"name\": \"n\", \"description\": \"a\\nb $${x}\","
               " \"tags\": [\"red\", \"blue\"], \"target\": {\"base_url\": \"https://h:1/api/\","
               " \"timeouts\": {\"dns\": \"1s\", \"connect\": \"2s\", \"tls\": \"3s\","
               " \"response\": \"4s\", \"total\": \"5s\"}, \"keep_alive\": false, \"tls\":"
               " {\"verify\": false, \"ca_file\": \"/ca.pem\", \"server_name\": \"sni.example\"},"
               " \"drain\": \"0s\"}," LOAD ", \"steps\": [{\"request\": {\"url\": \"/a\","
               " \"timeouts\": {\"response\": \"100ms\"}}}]}");
    const struct plan_request *q = &plan->flows[0].steps[0].request;
    assert_str(plan->description, "a\nb ${x}");
    assert_int_equal(plan->tag_count, 2);
    assert_str(plan->tags[1], "blue");
    assert_false(plan->keep_alive || plan->tls.verify);
    assert_str(plan->tls.ca_file, "/ca.pem");
    assert_str(plan->tls.server_name, "sni.example");
    assert_true(plan->drain_ns == 0);
    assert_true(q->timeouts.dns_ns == NS_PER_S && q->timeouts.connect_ns == 2 * NS_PER_S);
    assert_true(q->timeouts.tls_ns == 3 * NS_PER_S && q->timeouts.total_ns == 5 * NS_PER_S);
    assert_true(q->timeouts.response_ns == 100 * NS_PER_MS);
    assert_str(q->target, "/api/a");
    assert_true(plan->origins[q->origin_id].tls);
    plan_free(plan);
}

static void the_order_of_keys_does_not_matter(void **state)
{
    (void)state;
    struct plan *plan = parsed("{\"steps\": [{\"request\": {\"json\": {}, \"url\": \"/x\"}}],"
                               " \"load\": {\"duration\": \"9s\", \"ramp\": \"3s\", \"rate\": 2},"
                               " \"target\": {\"base_url\": \"http://h\"}, \"name\": \"n\"}");
    assert_str(plan->flows[0].steps[0].request.target, "/x");
    assert_int_equal(plan->flows[0].load.stage_count, 2);
    plan_free(plan);
}

static void steps_are_requests_and_three_kinds_of_pauses(void **state)
{
    (void)state;
    struct plan *plan = parsed("{\"name\": \"n\"," LOAD ", \"steps\": [{\"think\": \"500ms\"},"
                               " {\"think\": {\"uniform\": [\"1s\", \"3s\"]}},"
                               " {\"request\": {\"url\": \"http://h/\"}},"
                               " {\"think\": {\"exponential\": \"2s\"}}]}");
    const struct plan_step *steps = plan->flows[0].steps;
    assert_int_equal(plan->flows[0].step_count, 4);
    assert_int_equal(steps[0].kind, PLAN_STEP_THINK);
    assert_int_equal(steps[0].think.kind, PLAN_THINK_FIXED);
    assert_true(steps[0].think.a_ns == 500 * NS_PER_MS);
    assert_int_equal(steps[1].think.kind, PLAN_THINK_UNIFORM);
    assert_true(steps[1].think.a_ns == NS_PER_S && steps[1].think.b_ns == 3 * NS_PER_S);
    assert_int_equal(steps[2].kind, PLAN_STEP_REQUEST);
    assert_int_equal(steps[3].think.kind, PLAN_THINK_EXPONENTIAL);
    assert_true(steps[3].think.a_ns == 2 * NS_PER_S);
    plan_free(plan);
}

static void flows_have_their_own_loads_and_share_names_and_origins(void **state)
{
    (void)state;
    struct plan *plan =
        parsed("{\"name\": \"n\", \"target\": {\"base_url\": \"http://h\"}, \"flows\": ["
               " {\"name\": \"a\", \"load\": {\"users\": 5, \"duration\": \"10s\"},"
               "  \"steps\": [{\"request\": {\"name\": \"x\", \"url\": \"/1\"}},"
               "             {\"request\": {\"name\": \"y\", \"url\": \"http://other/\"}}]},"
               " {\"name\": \"b\", \"load\": {\"rate\": 7.5, \"duration\": \"20s\"},"
               "  \"steps\": [{\"request\": {\"name\": \"x\", \"url\": \"HTTP://H:80/2\"}}]}]}");
    assert_int_equal(plan->flow_count, 2);
    assert_str(plan->flows[1].name, "b");
    assert_int_equal(plan->flows[0].load.kind, PLAN_LOAD_USERS);
    assert_int_equal(plan->flows[1].load.kind, PLAN_LOAD_RATE);
    assert_true(plan->flows[1].load.peak == 7.5);
    assert_int_equal(plan->flows[1].load.max_users, 10000);
    assert_true(plan->duration_ns == 20 * NS_PER_S);
    assert_int_equal(plan->name_count, 2);
    assert_int_equal(plan->origin_count, 2);
    assert_int_equal(plan->flows[0].steps[0].request.name_id,
                     plan->flows[1].steps[0].request.name_id);
    assert_int_equal(plan->flows[0].steps[0].request.origin_id,
                     plan->flows[1].steps[0].request.origin_id);
    plan_free(plan);
}

static void flows_and_load_exclude_each_other(void **state)
{
    (void)state;
    assert_problems("{\"name\": \"n\",\n" LOAD ",\n" STEPS ",\n \"flows\": [\n"
                    "{\"name\": \"a\"," LOAD "," STEPS "},\n"
                    "{\"name\": \"a\"," LOAD "," STEPS "}]}",
                    "2:1 /load: \"flows\" takes the place of \"load\"; leave one out\n"
                    "3:1 /steps: \"flows\" takes the place of \"steps\"; leave one out\n"
                    "6:10 /flows/1/name: \"a\" is the name of another flow\n");
    assert_problems("{\"name\": \"n\"}", "1:1 /load: \"load\" is missing\n"
                                         "1:1 /steps: \"steps\" is missing\n");
}

/* ---- load ------------------------------------------------------------------------------------ */

static void a_ramp_is_part_of_the_duration(void **state)
{
    (void)state;
    struct plan *plan = parsed("{\"name\": \"n\", \"load\": {\"users\": 50, \"ramp\": \"10s\","
                               " \"duration\": \"30s\"}," STEPS "}");
    const struct plan_load *load = &plan->flows[0].load;
    assert_int_equal(load->stage_count, 2);
    assert_true(load->stages[0].duration_ns == 10 * NS_PER_S);
    assert_true(load->stages[0].from == 0 && load->stages[0].to == 50);
    assert_true(load->stages[1].duration_ns == 20 * NS_PER_S);
    assert_true(load->stages[1].from == 50 && load->stages[1].to == 50);
    assert_true(load->duration_ns == 30 * NS_PER_S && load->peak == 50);
    plan_free(plan);
}

static void stages_begin_where_the_one_before_ended(void **state)
{
    (void)state;
    struct plan *plan =
        parsed("{\"name\": \"n\", \"load\": {\"rate\": [{\"target\": 500, \"duration\": \"1m\"},"
               " {\"target\": 0.5, \"duration\": \"0s\"}, {\"target\": 9, \"duration\": \"5m\"}],"
               " \"max_users\": 77}," STEPS "}");
    const struct plan_load *load = &plan->flows[0].load;
    assert_int_equal(load->stage_count, 3);
    assert_true(load->stages[0].from == 0 && load->stages[0].to == 500);
    assert_true(load->stages[1].from == 500 && load->stages[1].duration_ns == 0);
    assert_true(load->stages[2].from == 0.5 && load->stages[2].to == 9);
    assert_true(load->duration_ns == 360 * NS_PER_S && load->peak == 500);
    assert_int_equal(load->max_users, 77);
    plan_free(plan);
}

static void assert_load_refused(const char *load, const char *pointer, const char *words)
{
    char text[SCENARIO_SIZE];
    assert_refused(scenario_format(text, "{\"name\": \"n\", \"load\": %s, " STEPS "}", load),
                   pointer, words);
}

static void a_load_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    assert_load_refused("{\"duration\": \"1s\"}", "/load", "needs \"users\"");
    assert_load_refused("{\"users\": 5, \"rate\": 5, \"duration\": \"1s\"}", "/load/rate",
                        "exclude each other");
    assert_load_refused("{\"users\": 0, \"duration\": \"1s\"}", "/load/users", "whole number");
    assert_load_refused("{\"users\": 1.5, \"duration\": \"1s\"}", "/load/users", "whole number");
    assert_load_refused("{\"users\": 1000001, \"duration\": \"1s\"}", "/load/users", "1000000");
    assert_load_refused("{\"users\": \"5\", \"duration\": \"1s\"}", "/load/users", "not a string");
    assert_load_refused("{\"rate\": 0, \"duration\": \"1s\"}", "/load/rate", "above 0");
    assert_load_refused("{\"rate\": -1, \"duration\": \"1s\"}", "/load/rate", "above 0");
    assert_load_refused("{\"rate\": 10000001, \"duration\": \"1s\"}", "/load/rate", "10000000");
    assert_load_refused("{\"users\": 5}", "/load/duration", "missing");
    assert_load_refused("{\"users\": 5, \"duration\": \"0s\"}", "/load/duration", "longer than 0");
    assert_load_refused("{\"users\": 5, \"duration\": \"367d\"}", "/load/duration", "at most 366d");
    assert_load_refused("{\"users\": 5, \"duration\": 30}", "/load/duration", "without a unit");
    assert_load_refused("{\"users\": 5, \"duration\": \"1s\", \"ramp\": \"2s\"}", "/load/ramp",
                        "longer than \"duration\"");
    assert_load_refused("{\"users\": 5, \"duration\": \"1s\", \"max_users\": 7}", "/load/max_users",
                        "goes with \"rate\"");
    assert_load_refused("{\"rate\": 5, \"duration\": \"1s\", \"max_users\": 0}", "/load/max_users",
                        "1 to 1000000");
    assert_load_refused("{\"rate\": []}", "/load/rate", "1 to 1000");
    assert_load_refused("{\"rate\": [{\"target\": 5, \"duration\": \"0s\"}]}", "/load/rate",
                        "last no time");
    assert_load_refused("{\"rate\": [{\"target\": 0, \"duration\": \"9s\"}]}", "/load/rate",
                        "no stage brings any load");
    assert_load_refused("{\"users\": [{\"target\": 1.5, \"duration\": \"9s\"}]}",
                        "/load/users/0/target", "whole number");
    assert_load_refused("{\"users\": [{\"target\": 1}]}", "/load/users/0/duration", "missing");
    assert_load_refused(
        "{\"users\": [{\"target\": 1, \"duration\": \"9s\"}], \"duration\": \"9s\"}",
        "/load/duration", "goes with a number only");
    assert_load_refused("{\"users\": [{\"target\": 1, \"duration\": \"9s\"}], \"ramp\": \"9s\"}",
                        "/load/ramp", "goes with a number only");
    assert_load_refused("{\"users\": [{\"target\": 1, \"duration\": \"300d\"},"
                        " {\"target\": 1, \"duration\": \"300d\"}]}",
                        "/load/users", "366 days");
}

static void steps_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    assert_refused("{\"name\": \"n\"," LOAD ", \"steps\": []}", "/steps", "no request");
    assert_refused("{\"name\": \"n\"," LOAD ", \"steps\": [{\"think\": \"1s\"}]}", "/steps",
                   "no request");
    assert_refused("{\"name\": \"n\"," LOAD ", \"steps\": {}}", "/steps", "array of steps");
    assert_refused("{\"name\": \"n\"," LOAD ", \"steps\": [7]}", "/steps/0", "not a number");
    assert_refused("{\"name\": \"n\"," LOAD ", \"steps\": [{}]}", "/steps/0", "exactly one key");
    assert_refused("{\"name\": \"n\"," LOAD ", \"steps\": [{\"think\": \"1s\", \"request\":"
                   " {\"url\": \"http://h/\"}}, {\"request\": {\"url\": \"http://h/\"}}]}",
                   "/steps/0", "exactly one key");
    assert_refused("{\"name\": \"n\"," LOAD ", \"steps\": [{\"think\": 5}, {\"request\": {\"url\":"
                   " \"http://h/\"}}]}",
                   "/steps/0/think", "not a number");
    assert_refused("{\"name\": \"n\"," LOAD ", \"steps\": [{\"think\": {}}, {\"request\": {\"url\":"
                   " \"http://h/\"}}]}",
                   "/steps/0/think", "exactly one key");
    assert_refused("{\"name\": \"n\"," LOAD ", \"steps\": [{\"think\": {\"uniform\": [\"1s\"]}},"
                   " {\"request\": {\"url\": \"http://h/\"}}]}",
                   "/steps/0/think/uniform", "two durations");
}

static void an_expression_is_refused_anywhere(void **state)
{
    (void)state;
    assert_refused("{\"name\": \"${x}\"," LOAD "," STEPS "}", "/name", "this text is constant");
    assert_refused("{\"name\": \"n\", \"tags\": [\"a${\"]," LOAD "," STEPS "}", "/tags/0", "$${");
    assert_refused("{\"name\": \"n\", \"description\": \"$$${ ${x}\"," LOAD "," STEPS "}",
                   "/description", "begins an expression");
    struct plan *plan = parsed("{\"name\": \"$ { $x $$ $${a} $$${b} {}\"," LOAD "," STEPS "}");
    assert_str(plan->name, "$ { $x $$ ${a} $${b} {}");
    plan_free(plan);
}

static void warm_up_is_whole_seconds_and_less_than_the_load(void **state)
{
    (void)state;
    struct plan *plan = parsed("{\"name\": \"n\", \"load\": {\"users\": 1, \"duration\": \"20s\"},"
                               " \"warm_up\": \"5s\"," STEPS "}");
    assert_true(plan->warm_up_ns == 5 * NS_PER_S);
    plan_free(plan);
    assert_refused("{\"name\": \"n\", \"warm_up\": \"1s\"," LOAD "," STEPS "}", "/warm_up",
                   "lasts as long as all of the load");
    assert_refused("{\"name\": \"n\", \"warm_up\": \"500ms\"," LOAD "," STEPS "}", "/warm_up",
                   "must be whole seconds");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_mistakes_are_ten_problems_each_with_its_place),
        cmocka_unit_test(a_problem_is_told_by_line_and_column_in_characters),
        cmocka_unit_test(a_byte_order_mark_is_no_mistake_and_no_column),
        cmocka_unit_test(what_is_not_json_is_told_with_its_place),
        cmocka_unit_test(warm_up_is_whole_seconds_and_less_than_the_load),
        cmocka_unit_test(an_unknown_key_suggests_the_nearest),
        cmocka_unit_test(a_misspelt_key_is_not_missing_too),
        cmocka_unit_test(every_key_that_is_there_twice_is_told),
        cmocka_unit_test(pointers_escape_what_rfc_6901_says),
        cmocka_unit_test(beyond_a_hundred_mistakes_the_rest_is_counted),
        cmocka_unit_test(a_message_quotes_the_document_in_short_and_without_control_characters),
        cmocka_unit_test(a_problem_too_deep_for_a_pointer_is_told_at_the_part_it_is_in),
        cmocka_unit_test(a_small_scenario_has_every_default),
        cmocka_unit_test(everything_a_target_says_is_in_the_plan),
        cmocka_unit_test(the_order_of_keys_does_not_matter),
        cmocka_unit_test(steps_are_requests_and_three_kinds_of_pauses),
        cmocka_unit_test(flows_have_their_own_loads_and_share_names_and_origins),
        cmocka_unit_test(flows_and_load_exclude_each_other),
        cmocka_unit_test(a_ramp_is_part_of_the_duration),
        cmocka_unit_test(stages_begin_where_the_one_before_ended),
        cmocka_unit_test(a_load_that_makes_no_sense_is_refused),
        cmocka_unit_test(steps_that_make_no_sense_are_refused),
        cmocka_unit_test(an_expression_is_refused_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
