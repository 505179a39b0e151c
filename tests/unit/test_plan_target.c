/* test_plan_target: how connections are made, as a scenario's target says it. */
#include "scenario.h"

/* A document of one request, whose target is `target`. */
#define WITH_TARGET(target)                                                                        \
    "{\"name\": \"n\", \"target\": " target ", \"load\": {\"users\": 1, \"duration\": \"1s\"},"    \
    " \"steps\": [{\"request\": {\"url\": \"https://h/\"}}]}"

static void tls_settings_are_in_the_plan(void **state)
{
    (void)state;
    struct plan *plan =
        parsed(WITH_TARGET("{\"tls\": {\"cert_file\": \"/c.pem\", \"key_file\": \"/k.pem\","
                           " \"min_version\": \"1.3\", \"ciphers\": \"A:B\", \"resume\": true}}"));
    assert_str(plan->tls.cert_file, "/c.pem");
    assert_str(plan->tls.key_file, "/k.pem");
    assert_str(plan->tls.ciphers, "A:B");
    assert_int_equal(plan->tls.min_version, PLAN_TLS_1_3);
    assert_true(plan->tls.resume && plan->tls.verify);
    plan_free(plan);

    plan = parsed(WITH_TARGET("{\"tls\": {\"min_version\": \"1.2\"}}"));
    assert_int_equal(plan->tls.min_version, PLAN_TLS_1_2);
    assert_false(plan->tls.resume);
    assert_int_equal(plan->tls.cert_file.len + plan->tls.key_file.len + plan->tls.ciphers.len, 0);
    plan_free(plan);
}

static void tls_mistakes_have_their_place(void **state)
{
    (void)state;
    assert_refused(WITH_TARGET("{\"tls\": {\"min_version\": \"1.1\"}}"), "/target/tls/min_version",
                   "must be \"1.2\" or \"1.3\", not \"1.1\"");
    assert_refused(WITH_TARGET("{\"tls\": {\"key_file\": \"/k.pem\"}}"), "/target/tls/key_file",
                   "\"cert_file\"");
    assert_refused(WITH_TARGET("{\"tls\": {\"key_file\": \"/k\", \"cert_fil\": \"/c\"}}"),
                   "/target/tls/cert_fil", "cert_file");
}

static void http_and_streams_are_in_the_plan(void **state)
{
    (void)state;
    struct plan *plan = parsed(WITH_TARGET("{}"));
    assert_int_equal(plan->http, PLAN_HTTP_AUTO);
    assert_int_equal(plan->streams, 1);
    plan_free(plan);

    plan = parsed(WITH_TARGET("{\"http\": \"1.1\"}"));
    assert_int_equal(plan->http, PLAN_HTTP_1);
    plan_free(plan);

    plan = parsed(WITH_TARGET("{\"http\": \"2\", \"streams\": 100}"));
    assert_int_equal(plan->http, PLAN_HTTP_2);
    assert_int_equal(plan->streams, 100);
    plan_free(plan);
}

static void http_mistakes_have_their_place(void **state)
{
    (void)state;
    assert_refused(WITH_TARGET("{\"http\": \"3\"}"), "/target/http",
                   "must be \"auto\", \"1.1\" or \"2\", not \"3\"");
    assert_refused(WITH_TARGET("{\"streams\": 0}"), "/target/streams",
                   "must be a whole number from 1 to 10000");
    assert_refused(WITH_TARGET("{\"streams\": \"5\"}"), "/target/streams", "whole number");
}

static void connections_go_where_the_target_says(void **state)
{
    (void)state;
    struct plan *plan = parsed(WITH_TARGET("{\"connect_to\": {\"H:443\": \"[::1]:8443\"}}"));
    const struct plan_origin *o = &plan->origins[0];
    assert_str(o->dial_host, "::1");
    assert_int_equal(o->dial_port, 8443);
    assert_str(o->host, "h");
    assert_str(o->authority, "h");
    plan_free(plan);

    plan = parsed(WITH_TARGET("{\"proxy\": \"http://me:a%40b@p:3128/\"}"));
    assert_str(plan->origins[0].dial_host, "p");
    assert_int_equal(plan->origins[0].dial_port, 3128);
    assert_str(plan->network.proxy.authorization, "Basic bWU6YUBi");
    plan_free(plan);

    plan = parsed(WITH_TARGET("{\"source_addresses\": [\"127.0.0.2\", \"::1\"]}"));
    assert_int_equal(plan->network.source_count, 2);
    assert_str(plan->network.sources[1], "::1");
    assert_str(plan->origins[0].dial_host, "h");
    assert_int_equal(plan->origins[0].dial_port, 443);
    plan_free(plan);
}

static void mistakes_in_ways_to_connect_have_their_place(void **state)
{
    (void)state;
    assert_refused(WITH_TARGET("{\"connect_to\": {\"h\": \"a:1\"}}"), "/target/connect_to/h",
                   "has no port");
    assert_refused(WITH_TARGET("{\"connect_to\": {\"h:443\": \"a\"}}"), "/target/connect_to/h:443",
                   "has no port");
    assert_refused(WITH_TARGET("{\"connect_to\": {\"h:443\": \"[::1]\"}}"),
                   "/target/connect_to/h:443", "has no port");
    assert_refused(WITH_TARGET("{\"connect_to\": {\"i:443\": \"a:1\"}}"),
                   "/target/connect_to/i:443", "no request goes to \"i:443\"");
    assert_refused(WITH_TARGET("{\"connect_to\": {\"h:443\": \"a:1\", \"H:443\": \"b:1\"}}"),
                   "/target/connect_to/H:443", "same place as \"h:443\"");
    assert_refused(WITH_TARGET("{\"proxy\": \"https://p:1\"}"), "/target/proxy",
                   "others than http are not spoken to");
    assert_refused(WITH_TARGET("{\"proxy\": \"http://p\"}"), "/target/proxy", "has no port");
    assert_refused(WITH_TARGET("{\"proxy\": \"http://a%4@p:1\"}"), "/target/proxy",
                   "two hexadecimal digits");
    assert_refused(WITH_TARGET("{\"source_addresses\": [\"localhost\"]}"),
                   "/target/source_addresses/0", "\"localhost\" is no IPv4 or IPv6 address");
    assert_refused(WITH_TARGET("{\"unix\": \"/x\", \"proxy\": \"http://p:1\"}"), "/target/proxy",
                   "exclude each other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_settings_are_in_the_plan),
        cmocka_unit_test(tls_mistakes_have_their_place),
        cmocka_unit_test(http_and_streams_are_in_the_plan),
        cmocka_unit_test(http_mistakes_have_their_place),
        cmocka_unit_test(connections_go_where_the_target_says),
        cmocka_unit_test(mistakes_in_ways_to_connect_have_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
