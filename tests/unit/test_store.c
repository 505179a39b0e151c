/* test_store: scenarios, versions, runs and their events outlive the process, and what is wrong
 * with the data directory is said. Seconds and results: test_store_numbers.c.
 */
#include <sys/stat.h>

#include "store_fixture.h"

/* ---- scenarios ------------------------------------------------------------------------------- */

static void a_scenario_comes_back_byte_for_byte(void **state)
{
    struct fixture *f = *state;
    const char *document = "{ \"name\" :\t\"Größe\",\n  \"load\": {} }\n";
    struct store_scenario_text text = scenario_text("Größe", document);
    AUTO(store_scenario_fini) struct store_scenario made;
    OK(f, store_scenario_create(f->s, &text, &made, &f->e));
    fixture_reopen(f);
    AUTO(store_scenario_fini) struct store_scenario got;
    OK(f, store_scenario_get(f->s, str_of(made.id), &got, &f->e));
    assert_string_equal(got.document, document);
    assert_int_equal(got.document_len, strlen(document));
    assert_string_equal(got.name, "Größe");
    assert_string_equal(got.description, "The way to an order");
    assert_int_equal(json_array_size(got.tags), 2);
    assert_string_equal(json_string_value(json_array_get(got.tags, 1)), "nightly");
    assert_int_equal(got.version, 1);
    assert_true(got.created_ns == f->clock.wall_now_ns);
    assert_true(got.updated_ns == got.created_ns);
    assert_false(got.deleting);
    assert_int_equal(got.runs, 0);
    assert_null(got.last_run);
}

static void an_unknown_scenario_is_not_there(void **state)
{
    struct fixture *f = *state;
    struct store_scenario got;
    FAILS(f, -ENOENT, store_scenario_get(f->s, STR("0000000000000000"), &got, &f->e));
    assert_string_equal(f->e.message, "there is no scenario 0000000000000000");
    assert_null(got.name);
}

static void each_change_is_a_version_and_all_are_kept(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    add_scenario(f, "Shop", id);
    for (int i = 2; i <= 4; i++) {
        char document[32], name[32];
        snprintf(document, sizeof document, "{\"v\":%d}", i);
        snprintf(name, sizeof name, "Shop %d", i);
        struct store_scenario_text text = scenario_text(name, document);
        AUTO(store_scenario_fini) struct store_scenario got;
        clock_manual_advance(&f->clock, NS_PER_S);
        OK(f, store_scenario_replace(f->s, str_of(id), 0, &text, &got, &f->e));
        assert_int_equal(got.version, i);
        assert_true(got.updated_ns == f->clock.wall_now_ns);
        assert_true(got.created_ns < got.updated_ns);
    }
    AUTO(store_version_fini) struct store_version second;
    OK(f, store_version_get(f->s, str_of(id), 2, &second, &f->e));
    assert_string_equal(second.document, "{\"v\":2}");
    assert_string_equal(second.name, "Shop 2");
    AUTO(store_version_fini) struct store_version latest;
    OK(f, store_version_get(f->s, str_of(id), 0, &latest, &f->e));
    assert_int_equal(latest.version, 4);
    struct store_version none;
    FAILS(f, -ENOENT, store_version_get(f->s, str_of(id), 5, &none, &f->e));
}

static void versions_are_listed_the_latest_first_in_pages(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    add_scenario(f, "Shop", id);
    AUTO(store_scenario_fini) struct store_scenario got;
    struct store_scenario_text text = scenario_text("Shop", "{\"v\":2}");
    OK(f, store_scenario_replace(f->s, str_of(id), 0, &text, &got, &f->e));
    AUTO(store_version_page_fini) struct store_version_page page;
    OK(f, store_version_list(f->s, str_of(id), STR(""), 1, &page, &f->e));
    assert_int_equal(page.count, 1);
    assert_int_equal(page.items[0].version, 2);
    assert_null(page.items[0].document);
    AUTO(store_version_page_fini) struct store_version_page next;
    OK(f, store_version_list(f->s, str_of(id), str_of(page.next), 1, &next, &f->e));
    assert_int_equal(next.count, 1);
    assert_int_equal(next.items[0].version, 1);
    assert_string_equal(next.next, "");
    struct store_version_page none;
    FAILS(f, -ENOENT, store_version_list(f->s, STR("x"), STR(""), 1, &none, &f->e));
}

static void the_same_document_makes_no_new_version(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    add_scenario(f, "Shop", id);
    struct store_scenario_text text = scenario_text("Shop", "{}");
    AUTO(store_scenario_fini) struct store_scenario got;
    OK(f, store_scenario_replace(f->s, str_of(id), 0, &text, &got, &f->e));
    assert_int_equal(got.version, 1);
}

static void a_change_on_top_of_an_older_version_is_refused(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    add_scenario(f, "Shop", id);
    struct store_scenario_text text = scenario_text("Shop", "{\"v\":2}");
    AUTO(store_scenario_fini) struct store_scenario got;
    OK(f, store_scenario_replace(f->s, str_of(id), 1, &text, &got, &f->e));
    struct store_scenario_text other = scenario_text("Shop", "{\"v\":3}");
    struct store_scenario refused;
    FAILS(f, -ESTALE, store_scenario_replace(f->s, str_of(id), 1, &other, &refused, &f->e));
    assert_non_null(strstr(f->e.message, "latest version is 2, not 1"));
    FAILS(f, -ESTALE, store_scenario_delete(f->s, str_of(id), 1, &refused, &f->e));
    AUTO(store_scenario_fini) struct store_scenario after;
    OK(f, store_scenario_get(f->s, str_of(id), &after, &f->e));
    assert_int_equal(after.version, 2);
    assert_false(after.deleting);
}

static size_t count_found(struct fixture *f, const char *contains, const char *tag)
{
    struct store_scenario_query query = {
        .contains = str_of(contains), .tag = str_of(tag), .limit = 50};
    AUTO(store_scenario_page_fini) struct store_scenario_page page;
    OK(f, store_scenario_list(f->s, &query, &page, &f->e));
    return page.count;
}

static void scenarios_are_found_by_text_in_any_case_and_by_tag(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    add_scenario(f, "Web SHOP", id);
    add_scenario(f, "ÜBERSICHT 100%", id);
    assert_int_equal(count_found(f, "", ""), 2);
    assert_int_equal(count_found(f, "web shop", ""), 1);
    assert_int_equal(count_found(f, "übersicht", ""), 1);
    assert_int_equal(count_found(f, "WAY TO", ""), 2); /* in the description */
    assert_int_equal(count_found(f, "0%", ""), 1);
    assert_int_equal(count_found(f, "w_b", ""), 0);
    assert_int_equal(count_found(f, "", "nightly"), 2);
    assert_int_equal(count_found(f, "", "night"), 0);
    assert_int_equal(count_found(f, "shop", "nightly"), 1);
}

static void pages_of_scenarios_stay_stable_while_some_are_created(void **state)
{
    struct fixture *f = *state;
    char ids[5][ID_SIZE], later[ID_SIZE];
    for (int i = 0; i < 5; i++)
        add_scenario(f, "Shop", ids[i]);
    struct store_scenario_query query = {.limit = 2};
    char cursor[STORE_CURSOR_SIZE] = "";
    int expected = 4;
    do {
        query.cursor = str_of(cursor);
        AUTO(store_scenario_page_fini) struct store_scenario_page page;
        OK(f, store_scenario_list(f->s, &query, &page, &f->e));
        for (size_t i = 0; i < page.count; i++)
            assert_string_equal(page.items[i].id, ids[expected--]);
        memcpy(cursor, page.next, sizeof cursor);
        add_scenario(f, "Came meanwhile", later);
    } while (cursor[0]);
    assert_int_equal(expected, -1);
}

static void the_latest_changed_scenario_is_listed_first(void **state)
{
    struct fixture *f = *state;
    char first[ID_SIZE], second[ID_SIZE];
    add_scenario(f, "First", first);
    add_scenario(f, "Second", second);
    struct store_scenario_text text = scenario_text("First", "{\"v\":2}");
    AUTO(store_scenario_fini) struct store_scenario got;
    OK(f, store_scenario_replace(f->s, str_of(first), 0, &text, &got, &f->e));
    struct store_scenario_query query = {.limit = 200};
    AUTO(store_scenario_page_fini) struct store_scenario_page page;
    OK(f, store_scenario_list(f->s, &query, &page, &f->e));
    assert_int_equal(page.count, 2);
    assert_string_equal(page.items[0].id, first);
    assert_null(page.items[0].document);
}

static void a_cursor_that_cannot_be_one_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store_scenario_page scenarios;
    struct store_scenario_query query = {.limit = 1, .cursor = STR("MDFrYXh2N2U1")};
    FAILS(f, -EINVAL, store_scenario_list(f->s, &query, &scenarios, &f->e));
    struct store_run_page runs;
    struct store_run_query of_runs = {.limit = 1, .cursor = STR("99999999999999999999")};
    FAILS(f, -EINVAL, store_run_list(f->s, &of_runs, &runs, &f->e));
    of_runs = (struct store_run_query){.limit = STORE_PAGE_MAX + 1};
    FAILS(f, -EINVAL, store_run_list(f->s, &of_runs, &runs, &f->e));
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void a_run_points_at_the_version_it_ran(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE], run_id[ID_SIZE];
    add_scenario(f, "Shop", id);
    add_run(f, id, run_id);
    struct store_scenario_text text = scenario_text("Renamed", "{\"v\":2}");
    AUTO(store_scenario_fini) struct store_scenario scenario;
    OK(f, store_scenario_replace(f->s, str_of(id), 0, &text, &scenario, &f->e));
    assert_int_equal(scenario.runs, 1);
    assert_string_equal(scenario.last_run->id, run_id);
    fixture_reopen(f);
    AUTO(store_run_fini) struct store_run run;
    OK(f, store_run_get(f->s, str_of(run_id), &run, &f->e));
    assert_string_equal(run.scenario_id, id);
    assert_string_equal(run.scenario_name, "Shop");
    assert_int_equal(run.scenario_version, 1);
    assert_int_equal(run.state, RUN_QUEUED);
    assert_string_equal(run.note, "after the index was added");
    assert_int_equal(run.workers, 2);
    assert_true(run.planned_ns == 30 * NS_PER_S);
    assert_true(run.started_ns == 0 && run.ended_ns == 0);
    assert_null(run.reason);
    assert_null(run.summary);
}

static void a_run_of_what_does_not_exist_is_refused(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    add_scenario(f, "Shop", id);
    struct store_run_new n = run_of("0000000000000000", "0000000000000001");
    FAILS(f, -ENOENT, store_run_create(f->s, &n, NULL, &f->e));
    n = run_of(id, "0000000000000001");
    n.version = 2;
    FAILS(f, -ENOENT, store_run_create(f->s, &n, NULL, &f->e));
    n.version = 1;
    OK(f, store_run_create(f->s, &n, NULL, &f->e));
    FAILS(f, -EEXIST, store_run_create(f->s, &n, NULL, &f->e));
    assert_null(store_problem(f->s));
}

static void each_change_of_state_is_an_event(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE], run_id[ID_SIZE];
    add_running(f, add_scenario(f, "Shop", id), run_id);
    OK(f, store_run_remark(f->s, str_of(run_id), "the disk is full", &f->e));
    struct store_transition failed = {.to = RUN_FAILED, .reason = "worker 1 was killed"};
    OK(f, store_run_advance(f->s, str_of(run_id), &failed, &f->e));
    AUTO(store_events_fini) struct store_events events;
    OK(f, store_run_events(f->s, str_of(run_id), &events, &f->e));
    assert_int_equal(events.count, 6);
    assert_true(events.items[0].first);
    assert_int_equal(events.items[0].to, RUN_QUEUED);
    assert_int_equal(events.items[3].from, RUN_READY);
    assert_int_equal(events.items[3].to, RUN_RUNNING);
    assert_null(events.items[3].reason);
    assert_int_equal(events.items[4].from, RUN_RUNNING);
    assert_int_equal(events.items[4].to, RUN_RUNNING);
    assert_string_equal(events.items[4].reason, "the disk is full");
    assert_string_equal(events.items[5].reason, "worker 1 was killed");
    AUTO(store_run_fini) struct store_run run;
    OK(f, store_run_get(f->s, str_of(run_id), &run, &f->e));
    assert_int_equal(run.state, RUN_FAILED);
    assert_string_equal(run.reason, "worker 1 was killed");
    assert_false(run.passed);
    assert_true(run.ended_ns == f->clock.wall_now_ns);
    assert_true(run.started_ns > 0);
}

static void a_state_that_may_not_follow_is_refused(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE], run_id[ID_SIZE];
    add_run(f, add_scenario(f, "Shop", id), run_id);
    FAILS(f, -EINVAL, go(f, run_id, RUN_RUNNING));
    OK(f, go(f, run_id, RUN_CANCELLED));
    FAILS(f, -EINVAL, go(f, run_id, RUN_PROVISIONING));
    FAILS(f, -ENOENT, go(f, "0000000000000000", RUN_FAILED));
}

static size_t count_runs(struct fixture *f, const char *scenario_id, unsigned states)
{
    struct store_run_query query = {
        .scenario_id = str_of(scenario_id), .states = states, .limit = 50};
    AUTO(store_run_page_fini) struct store_run_page page;
    OK(f, store_run_list(f->s, &query, &page, &f->e));
    return page.count;
}

static void runs_are_listed_by_scenario_and_state(void **state)
{
    struct fixture *f = *state;
    char a[ID_SIZE], b[ID_SIZE], run_id[ID_SIZE];
    add_scenario(f, "A", a);
    add_scenario(f, "B", b);
    add_running(f, a, run_id);
    add_run(f, b, run_id);
    OK(f, go(f, run_id, RUN_CANCELLED));
    assert_int_equal(count_runs(f, "", 0), 2);
    assert_int_equal(count_runs(f, a, 0), 1);
    assert_int_equal(count_runs(f, "", store_states_live()), 1);
    assert_int_equal(count_runs(f, "", 1u << RUN_CANCELLED | 1u << RUN_RUNNING), 2);
    assert_int_equal(count_runs(f, a, 1u << RUN_CANCELLED), 0);
    assert_int_equal(count_runs(f, "0000000000000000", 0), 0);
}

static void pages_of_runs_stay_stable_while_some_are_created(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE], runs[5][ID_SIZE], later[ID_SIZE];
    add_scenario(f, "Shop", id);
    for (int i = 0; i < 5; i++)
        add_run(f, id, runs[i]);
    f->clock.wall_now_ns -= 3600 * NS_PER_S; /* somebody sets the clock back */
    char cursor[STORE_CURSOR_SIZE] = "";
    int expected = 4;
    do {
        struct store_run_query query = {.limit = 2, .cursor = str_of(cursor)};
        AUTO(store_run_page_fini) struct store_run_page page;
        OK(f, store_run_list(f->s, &query, &page, &f->e));
        for (size_t i = 0; i < page.count; i++)
            assert_string_equal(page.items[i].id, runs[expected--]);
        memcpy(cursor, page.next, sizeof cursor);
        add_run(f, id, later);
    } while (cursor[0]);
    assert_int_equal(expected, -1);
}

/* ---- deletion -------------------------------------------------------------------------------- */

static void purge_all(struct fixture *f)
{
    bool more = true;
    while (more)
        OK(f, store_purge(f->s, &more, &f->e));
}

static void a_live_run_can_not_be_deleted_a_finished_one_is_gone_at_once(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE], run_id[ID_SIZE];
    add_running(f, add_scenario(f, "Shop", id), run_id);
    FAILS(f, -EBUSY, store_run_delete(f->s, str_of(run_id), &f->e));
    OK(f, go(f, run_id, RUN_FAILED));
    OK(f, store_run_delete(f->s, str_of(run_id), &f->e));
    struct store_run run;
    FAILS(f, -ENOENT, store_run_get(f->s, str_of(run_id), &run, &f->e));
    FAILS(f, -ENOENT, store_run_delete(f->s, str_of(run_id), &f->e));
    assert_int_equal(count_runs(f, id, 0), 0);
    purge_all(f);
    assert_int_equal(number_in_database(f, "SELECT count(*) FROM run"), 0);
    assert_int_equal(number_in_database(f, "SELECT count(*) FROM run_event"), 0);
}

static void a_scenario_is_deleted_with_its_runs_in_small_steps(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE], other[ID_SIZE], run_id[ID_SIZE], other_run[ID_SIZE];
    add_running(f, add_scenario(f, "Shop", id), run_id);
    add_run(f, add_scenario(f, "Other", other), other_run);
    struct store_scenario refused;
    FAILS(f, -EBUSY, store_scenario_delete(f->s, str_of(id), 0, &refused, &f->e));
    assert_non_null(strstr(f->e.message, run_id));
    OK(f, go(f, run_id, RUN_FAILED));
    AUTO(store_scenario_fini) struct store_scenario marked;
    OK(f, store_scenario_delete(f->s, str_of(id), 0, &marked, &f->e));
    assert_true(marked.deleting);
    store_scenario_fini(&marked);
    OK(f, store_scenario_delete(f->s, str_of(id), 0, &marked, &f->e)); /* again: no harm */

    fixture_reopen(f); /* a restart does not forget it */
    assert_int_equal(count_found(f, "shop", ""), 1);
    struct store_run_new n = run_of(id, "0000000000000001");
    FAILS(f, -EBUSY, store_run_create(f->s, &n, NULL, &f->e));
    struct store_scenario_text text = scenario_text("Shop", "{\"v\":2}");
    FAILS(f, -EBUSY, store_scenario_replace(f->s, str_of(id), 0, &text, &refused, &f->e));

    purge_all(f);
    FAILS(f, -ENOENT, store_scenario_get(f->s, str_of(id), &refused, &f->e));
    assert_int_equal(number_in_database(f, "SELECT count(*) FROM scenario_version"), 1);
    assert_int_equal(count_runs(f, "", 0), 1);
}

/* ---- the data directory ---------------------------------------------------------------------- */

static void a_second_daemon_on_the_same_directory_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store *second;
    FAILS(f, -EBUSY, store_open(f->dir, &f->clock.clock, &f->log, &second, &f->e));
    assert_null(second);
    char pid[32];
    snprintf(pid, sizeof pid, "process %d", (int)getpid());
    assert_non_null(strstr(f->e.message, pid));
    assert_non_null(strstr(f->e.message, f->dir));
}

static void the_schema_is_made_once_and_found_again(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    assert_int_equal(number_in_database(f, "PRAGMA user_version"), migrate_newest());
    add_scenario(f, "Shop", id);
    fixture_reopen(f);
    assert_int_equal(number_in_database(f, "PRAGMA user_version"), migrate_newest());
    assert_int_equal(count_found(f, "", ""), 1);
    assert_int_equal(number_in_database(f, "SELECT count(*) FROM pragma_integrity_check"
                                           " WHERE integrity_check <> 'ok'"),
                     0);
}

static void nobody_else_can_read_the_database(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(f->dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static int open_again(struct fixture *f)
{
    store_close(f->s);
    f->s = NULL;
    return store_open(f->dir, &f->clock.clock, &f->log, &f->s, &f->e);
}

static void the_database_of_a_newer_squalld_is_refused(void **state)
{
    struct fixture *f = *state;
    execute(f, "PRAGMA user_version = 999");
    FAILS(f, -ENOTSUP, open_again(f));
    assert_non_null(strstr(f->e.message, "newer squalld"));
    assert_non_null(strstr(f->e.message, "999"));
}

static void the_database_of_another_program_is_refused(void **state)
{
    struct fixture *f = *state;
    execute(f, "PRAGMA application_id = 7");
    FAILS(f, -ENOTSUP, open_again(f));
    assert_non_null(strstr(f->e.message, "another program"));
}

/* Writes `with` over `len` bytes of the database file. */
static void overwrite(struct fixture *f, off_t at, size_t len)
{
    char with[4096];
    memset(with, 0xa5, sizeof with);
    int fd = open(f->path, O_WRONLY);
    assert_true(fd >= 0);
    for (size_t done = 0; done < len; done += sizeof with)
        assert_int_equal(pwrite(fd, with, sizeof with, at + (off_t)done), sizeof with);
    close(fd);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct fixture *f = *state;
    store_close(f->s);
    f->s = NULL;
    overwrite(f, 0, 4096);
    FAILS(f, -EBADMSG, open_again(f));
    assert_non_null(strstr(f->e.message, f->path));
    assert_non_null(strstr(f->e.message, "damaged"));
    assert_non_null(strstr(f->e.message, "backup"));
}

static void damage_is_said_where_it_is_met_and_nothing_falls(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    for (int i = 0; i < 100; i++)
        add_scenario(f, "Shop", id);
    uint64_t pages = number_in_database(f, "PRAGMA page_count");
    store_close(f->s);
    f->s = NULL;
    overwrite(f, 4096, (pages - 1) * 4096);
    int rc = open_again(f);
    struct store_scenario got;
    if (rc == 0)
        rc = store_scenario_get(f->s, str_of(id), &got, &f->e);
    FAILS(f, -EBADMSG, rc);
    assert_non_null(strstr(f->e.message, "damaged"));
}

static void a_directory_that_can_not_be_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store *s;
    FAILS(f, -ENOENT, store_open("/nowhere/at/all", &f->clock.clock, &f->log, &s, &f->e));
    assert_non_null(strstr(f->e.message, "/nowhere/at/all"));
    FAILS(f, -ENOTDIR, store_open(f->path, &f->clock.clock, &f->log, &s, &f->e));
}

/* ---- a full disk ----------------------------------------------------------------------------- */

static void a_full_disk_is_said_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE];
    add_scenario(f, "Shop", id);
    size_t len = 1 << 20;
    char *large = mem_alloc(len + 1);
    memset(large, ' ', len);
    struct store_scenario_text text = scenario_text("Shop", large);
    struct store_scenario refused;
    execute(f, "PRAGMA max_page_count = 1");
    FAILS(f, -ENOSPC, store_scenario_replace(f->s, str_of(id), 0, &text, &refused, &f->e));
    assert_non_null(strstr(f->e.message, "full"));
    assert_string_equal(store_problem(f->s), f->e.message);
    FAILS(f, -ENOSPC, store_scenario_create(f->s, &text, &refused, &f->e));
    AUTO(store_scenario_fini) struct store_scenario got;
    OK(f, store_scenario_get(f->s, str_of(id), &got, &f->e)); /* reading goes on */
    assert_int_equal(got.version, 1);
    assert_int_equal(count_found(f, "", ""), 1);

    execute(f, "PRAGMA max_page_count = 1000000"); /* somebody makes room */
    AUTO(store_scenario_fini) struct store_scenario replaced;
    OK(f, store_scenario_replace(f->s, str_of(id), 0, &text, &replaced, &f->e));
    assert_int_equal(replaced.version, 2);
    assert_null(store_problem(f->s));
    free(large);
}

static void ends_and_deletions_have_a_reserve_on_a_full_disk(void **state)
{
    struct fixture *f = *state;
    char id[ID_SIZE], run_id[ID_SIZE], path[128];
    snprintf(path, sizeof path, "%s/squalld.reserve", f->dir);
    assert_int_equal(access(path, F_OK), 0);
    add_run(f, add_scenario(f, "Shop", id), run_id);
    execute(f, "PRAGMA max_page_count = 1");
    int rc = 0;
    for (int i = 0; i < 10000 && rc == 0; i++)
        rc = store_run_remark(f->s, str_of(run_id), "the disk is full", &f->e);
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(access(path, F_OK), -1); /* given up before that */

    execute(f, "PRAGMA max_page_count = 1000000");
    purge_all(f);
    assert_int_equal(access(path, F_OK), 0); /* and held back again when there is room */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_scenario_comes_back_byte_for_byte),
        TEST(an_unknown_scenario_is_not_there),
        TEST(each_change_is_a_version_and_all_are_kept),
        TEST(versions_are_listed_the_latest_first_in_pages),
        TEST(the_same_document_makes_no_new_version),
        TEST(a_change_on_top_of_an_older_version_is_refused),
        TEST(scenarios_are_found_by_text_in_any_case_and_by_tag),
        TEST(pages_of_scenarios_stay_stable_while_some_are_created),
        TEST(the_latest_changed_scenario_is_listed_first),
        TEST(a_cursor_that_cannot_be_one_is_refused),
        TEST(a_run_points_at_the_version_it_ran),
        TEST(a_run_of_what_does_not_exist_is_refused),
        TEST(each_change_of_state_is_an_event),
        TEST(a_state_that_may_not_follow_is_refused),
        TEST(runs_are_listed_by_scenario_and_state),
        TEST(pages_of_runs_stay_stable_while_some_are_created),
        TEST(a_live_run_can_not_be_deleted_a_finished_one_is_gone_at_once),
        TEST(a_scenario_is_deleted_with_its_runs_in_small_steps),
        TEST(a_second_daemon_on_the_same_directory_is_refused),
        TEST(the_schema_is_made_once_and_found_again),
        TEST(nobody_else_can_read_the_database),
        TEST(the_database_of_a_newer_squalld_is_refused),
        TEST(the_database_of_another_program_is_refused),
        TEST(a_file_that_is_no_database_is_refused),
        TEST(damage_is_said_where_it_is_met_and_nothing_falls),
        TEST(a_directory_that_can_not_be_is_refused),
        TEST(a_full_disk_is_said_and_changes_nothing),
        TEST(ends_and_deletions_have_a_reserve_on_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
