/* test_daemon: parts of the daemon that need no socket: its routes against the document that
 * describes them, what is refused from browsers, entity tags, and the ring that watchers read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "squall/web.h"
#include "src/daemon/guard.h"
#include "src/daemon/hub.h"
#include "src/daemon/routes.h"

/* The dashboard is linked into squalld alone; here it has no files. */
const struct web_asset web_assets[1] = {{.path = ""}};
const size_t web_asset_count = 0;

/* ---- routes ---------------------------------------------------------------------------------- */

static bool has_route(const char *method, const char *path)
{
    for (size_t i = 0; i < route_count; i++)
        if (strcasecmp(routes[i].method, method) == 0 && strcmp(routes[i].path, path) == 0)
            return true;
    return false;
}

static void the_document_and_the_routes_are_the_same(void **state)
{
    (void)state;
    struct str text = daemon_openapi();
    json_t *document = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    json_t *paths = json_object_get(document, "paths"), *path, *operation;
    const char *name, *method;
    assert_true(json_object_size(paths) > 0);
    json_object_foreach(paths, name, path) json_object_foreach(path, method, operation)
    {
        if (strcmp(method, "parameters") != 0 && !has_route(method, name))
            fail_msg("openapi.json has %s %s, the routes have not", method, name);
    }
    for (size_t i = 0; i < route_count; i++) {
        char lower[16] = "";
        for (size_t c = 0; routes[i].method[c] && c < sizeof lower - 1; c++)
            lower[c] = (char)(routes[i].method[c] | 0x20);
        operation = json_object_get(json_object_get(paths, routes[i].path), lower);
        if (!operation)
            fail_msg("the routes have %s %s, openapi.json has not", lower, routes[i].path);
        assert_int_equal(routes[i].body, json_object_get(operation, "requestBody") != NULL);
    }
    json_decref(document);
}

static const struct route *find(const char *method, const char *path, struct request *rq,
                                char allow[ROUTES_ALLOW_SIZE])
{
    *rq = (struct request){.method = method, .path = path};
    return route_find(rq, allow);
}

static void a_path_leads_to_its_handler(void **state)
{
    (void)state;
    struct request rq;
    char allow[ROUTES_ALLOW_SIZE];
    assert_ptr_equal(find("GET", "/api/v1/runs/abc/live", &rq, allow)->handle, runs_live);
    assert_true(str_eq_text(rq.params[0], "abc"));
    assert_ptr_equal(find("HEAD", "/api/v1/runs/abc", &rq, allow)->handle, runs_get);
    assert_ptr_equal(find("GET", "/api/v1/scenarios/x/versions/12", &rq, allow)->handle,
                     scenario_version);
    assert_true(str_eq_text(rq.params[0], "x"));
    assert_true(str_eq_text(rq.params[1], "12"));
    assert_ptr_equal(find("POST", "/api/v1/scenarios/validate", &rq, allow)->handle,
                     scenario_validate);
}

static void a_method_that_a_path_has_not_is_told_from_a_path_that_is_not(void **state)
{
    (void)state;
    struct request rq;
    char allow[ROUTES_ALLOW_SIZE];
    assert_null(find("PATCH", "/api/v1/scenarios/abc", &rq, allow));
    assert_string_equal(allow, "GET, HEAD, PUT, DELETE");
    assert_null(find("PUT", "/api/v1/runs", &rq, allow));
    assert_string_equal(allow, "GET, HEAD, POST");
    static const char *const nowhere[] = {"/api/v1/runs/",        "/api/v1/runs//live", "/api/v1",
                                          "/api/v1/runs/a/b",     "/api/v2/runs",       "",
                                          "/api/v1/runs/a/live/", "api/v1/runs",        "/"};
    for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
        assert_null(find("GET", nowhere[i], &rq, allow));
        assert_string_equal(allow, "");
    }
}

/* ---- what browsers are made to send ---------------------------------------------------------- */

static bool passes(bool unsafe, const char *host, const char *origin, const char *site)
{
    struct guard_headers headers = {str_of(host), str_of(origin), str_of(site)};
    return !guard_refuses(&headers, unsafe, "squall.example.org  other.test");
}

static void names_that_can_be_pointed_here_are_refused(void **state)
{
    (void)state;
    static const char *const ours[] = {"localhost",    "LOCALHOST:8080",     "127.0.0.1:8080",
                                       "[::1]:8080",   "192.0.2.7",          "[2001:db8::1]",
                                       "other.test:1", "squall.EXAMPLE.org", NULL};
    static const char *const others[] = {"evil.example",
                                         "localhost.evil.example:8080",
                                         "127.0.0.1.evil.test",
                                         "squall.example.org.evil.test",
                                         "[evil]",
                                         "[::1",
                                         ":8080",
                                         NULL};
    for (size_t i = 0; ours[i]; i++)
        if (!passes(false, ours[i], NULL, NULL))
            fail_msg("%s is refused", ours[i]);
    for (size_t i = 0; others[i]; i++)
        if (passes(false, others[i], NULL, NULL))
            fail_msg("%s passes", others[i]);
    assert_true(passes(true, NULL, NULL, NULL)); /* HTTP/1.0: no browser */
}

static void other_sites_pages_are_refused(void **state)
{
    (void)state;
    const char *host = "127.0.0.1:8080";
    assert_true(passes(true, host, "http://127.0.0.1:8080", "same-origin"));
    assert_true(passes(true, host, "https://127.0.0.1:8080", NULL)); /* a proxy with TLS */
    assert_true(passes(true, host, NULL, "none"));
    assert_false(passes(true, host, "http://127.0.0.1:8081", NULL));
    assert_false(passes(true, host, "http://evil.example", NULL));
    assert_false(passes(true, host, "null", NULL));
    assert_false(passes(false, host, "http://evil.example", NULL));
    assert_false(passes(true, host, NULL, "cross-site"));
    assert_false(passes(true, host, NULL, "same-site"));
    assert_true(passes(false, host, NULL, "cross-site")); /* somebody followed a link */
}

/* ---- entity tags ----------------------------------------------------------------------------- */

static void entity_tags_are_found_in_lists(void **state)
{
    (void)state;
    assert_true(etag_listed(STR("\"3\""), "\"3\"", false));
    assert_true(etag_listed(STR(" \"1\" , \"3\""), "\"3\"", false));
    assert_true(etag_listed(STR("*"), "\"3\"", false));
    assert_true(etag_listed(STR("W/\"3\""), "\"3\"", true));
    assert_false(etag_listed(STR("W/\"3\""), "\"3\"", false));
    assert_false(etag_listed(STR("\"33\", 3"), "\"3\"", false));
    assert_false(etag_listed(STR(""), "\"3\"", true));
}

/* ---- hubs ------------------------------------------------------------------------------------ */

struct reader {
    struct hub_place place;
    unsigned woken, cut;
};

static void on_wake(struct hub_place *place)
{
    ((struct reader *)(void *)place)->woken++;
}

static void on_cut(struct hub_place *place)
{
    ((struct reader *)(void *)place)->cut++;
}

static void watch(struct hub *h, struct reader *r)
{
    *r = (struct reader){.place = {.wake = on_wake, .cut = on_cut}};
    hub_watch(h, &r->place);
}

static void publish(struct hub *h, const char *text)
{
    struct buf event;
    buf_init(&event, SIZE_MAX / 2);
    buf_add_text(&event, text);
    hub_publish(h, &event);
}

static void assert_reads(struct reader *r, const char *text)
{
    char out[256] = "";
    size_t len = 0, n;
    while ((n = hub_read(&r->place, out + len, 3)) > 0)
        len += n;
    assert_string_equal(out, text);
}

static void each_watcher_reads_at_its_own_pace(void **state)
{
    (void)state;
    struct clock_manual clock;
    struct reader a, b;
    clock_manual_init(&clock, 0, 0);
    struct hub *h = hub_new(&clock.clock);
    publish(h, "nobody hears this");
    watch(h, &a);
    publish(h, "first ");
    watch(h, &b);
    publish(h, "second ");
    assert_reads(&a, "first second ");
    publish(h, "third");
    assert_reads(&a, "third");
    assert_reads(&b, "second third");
    assert_reads(&b, "");
    hub_leave(&a.place);
    hub_close(h);
    assert_true(hub_is_closed(h));
    hub_leave(&b.place);
}

static void one_who_waits_is_woken_once_an_event(void **state)
{
    (void)state;
    struct clock_manual clock;
    struct reader a;
    clock_manual_init(&clock, 0, 0);
    struct hub *h = hub_new(&clock.clock);
    watch(h, &a);
    publish(h, "x");
    assert_int_equal(a.woken, 0);
    a.place.waits = true;
    publish(h, "y");
    publish(h, "z");
    assert_int_equal(a.woken, 1);
    a.place.waits = true;
    hub_close(h);
    assert_int_equal(a.woken, 2);
    hub_leave(&a.place);
}

static void one_who_falls_behind_is_cut_off_and_the_others_are_not(void **state)
{
    (void)state;
    struct clock_manual clock;
    struct reader slow, fast;
    clock_manual_init(&clock, 0, 0);
    struct hub *h = hub_new(&clock.clock);
    watch(h, &slow);
    watch(h, &fast);
    for (int i = 0; i < HUB_EVENTS_MAX; i++) {
        publish(h, "x");
        assert_reads(&fast, "x");
    }
    assert_int_equal(slow.cut, 0);
    publish(h, "y");
    publish(h, "z");
    assert_int_equal(slow.cut, 1);
    assert_true(slow.place.lost);
    assert_reads(&fast, "yz");
    assert_int_equal(fast.cut, 0);
    hub_leave(&slow.place);
    hub_leave(&fast.place);
    hub_close(h);
}

static void the_ring_is_bounded_in_bytes_too(void **state)
{
    (void)state;
    struct clock_manual clock;
    struct reader slow;
    clock_manual_init(&clock, 0, 0);
    struct hub *h = hub_new(&clock.clock);
    char *big = mem_alloc(HUB_BYTES_MAX / 2 + 1);
    memset(big, 'x', HUB_BYTES_MAX / 2);
    watch(h, &slow);
    publish(h, big);
    publish(h, big);
    assert_int_equal(slow.cut, 0);
    publish(h, big);
    assert_int_equal(slow.cut, 1);
    hub_leave(&slow.place);
    hub_close(h);
    free(big);
}

static void silence_is_broken_by_a_comment(void **state)
{
    (void)state;
    struct clock_manual clock;
    struct reader a;
    clock_manual_init(&clock, 0, 0);
    struct hub *h = hub_new(&clock.clock);
    watch(h, &a);
    clock_manual_advance(&clock, (HUB_KEEP_ALIVE_S - 1) * NS_PER_S);
    hub_keep_alive(h);
    assert_reads(&a, "");
    clock_manual_advance(&clock, NS_PER_S);
    hub_keep_alive(h);
    assert_reads(&a, ": still here\n\n");
    hub_keep_alive(h);
    assert_reads(&a, "");
    hub_leave(&a.place);
    hub_close(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_and_the_routes_are_the_same),
        cmocka_unit_test(a_path_leads_to_its_handler),
        cmocka_unit_test(a_method_that_a_path_has_not_is_told_from_a_path_that_is_not),
        cmocka_unit_test(names_that_can_be_pointed_here_are_refused),
        cmocka_unit_test(other_sites_pages_are_refused),
        cmocka_unit_test(entity_tags_are_found_in_lists),
        cmocka_unit_test(each_watcher_reads_at_its_own_pace),
        cmocka_unit_test(one_who_waits_is_woken_once_an_event),
        cmocka_unit_test(one_who_falls_behind_is_cut_off_and_the_others_are_not),
        cmocka_unit_test(the_ring_is_bounded_in_bytes_too),
        cmocka_unit_test(silence_is_broken_by_a_comment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
