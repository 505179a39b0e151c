/* store_fixture: a store in a temporary directory, and short ways to put something into it. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "squall/store.h"
#include "src/store/store_priv.h"

struct fixture {
    char dir[64];
    char path[96]; /* of the database */
    struct clock_manual clock;
    struct log log;
    struct store *s;
    struct err e;
};

#define OK(f, call) assert_int_equal(fixture_ok((f), (call)), 0)
#define FAILS(f, code, call) assert_int_equal((call), (code))

static int fixture_ok(struct fixture *f, int rc)
{
    if (rc < 0)
        print_error("%s (%s)\n", f->e.message, strerror(-rc));
    return rc;
}

static void fixture_open(struct fixture *f)
{
    OK(f, store_open(f->dir, &f->clock.clock, &f->log, &f->s, &f->e));
}

static void fixture_reopen(struct fixture *f)
{
    store_close(f->s);
    fixture_open(f);
}

static int fixture_setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    snprintf(f->dir, sizeof f->dir, "/tmp/squall-store-XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    snprintf(f->path, sizeof f->path, "%s/squall.db", f->dir);
    clock_manual_init(&f->clock, NS_PER_S, UINT64_C(1795558000) * NS_PER_S);
    log_init(&f->log, open("/dev/null", O_WRONLY), LOG_ERROR, &f->clock.clock);
    *state = f;
    fixture_open(f);
    return 0;
}

static int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    store_close(f->s);
    close(f->log.fd);
    DIR *dir = opendir(f->dir);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(f->dir);
    free(f);
    return 0;
}

/* ---- scenarios and runs ---------------------------------------------------------------------- */

static const struct str fixture_tags[] = {{"shop", 4}, {"nightly", 7}};
static const struct str fixture_names[] = {{"home", 4}, {"order", 5}};

static struct store_scenario_text scenario_text(const char *name, const char *document)
{
    return (struct store_scenario_text){
        .name = str_of(name),
        .description = STR("The way to an order"),
        .tags = fixture_tags,
        .tag_count = 2,
        .document = str_of(document),
    };
}

/* Makes one, and answers its id. */
static const char *add_scenario(struct fixture *f, const char *name, char id[ID_SIZE])
{
    AUTO(store_scenario_fini) struct store_scenario made;
    struct store_scenario_text text = scenario_text(name, "{}");
    clock_manual_advance(&f->clock, NS_PER_S);
    OK(f, store_scenario_create(f->s, &text, &made, &f->e));
    return memcpy(id, made.id, ID_SIZE);
}

static struct store_run_new run_of(const char *scenario_id, const char *id)
{
    return (struct store_run_new){
        .id = id,
        .scenario_id = str_of(scenario_id),
        .workers = 2,
        .planned_ns = 30 * NS_PER_S,
        .note = STR("after the index was added"),
        .names = fixture_names,
        .name_count = 2,
    };
}

static const char *add_run(struct fixture *f, const char *scenario_id, char id[ID_SIZE])
{
    clock_manual_advance(&f->clock, NS_PER_S);
    id_new(id, &f->clock.clock);
    struct store_run_new n = run_of(scenario_id, id);
    OK(f, store_run_create(f->s, &n, NULL, &f->e));
    return id;
}

static int go(struct fixture *f, const char *run_id, enum run_state to)
{
    struct store_transition t = {.to = to};
    clock_manual_advance(&f->clock, NS_PER_S);
    return store_run_advance(f->s, str_of(run_id), &t, &f->e);
}

static const char *add_running(struct fixture *f, const char *scenario_id, char id[ID_SIZE])
{
    add_run(f, scenario_id, id);
    OK(f, go(f, id, RUN_PROVISIONING));
    OK(f, go(f, id, RUN_READY));
    struct store_transition t = {.to = RUN_RUNNING, .started_ns = f->clock.wall_now_ns};
    OK(f, store_run_advance(f->s, str_of(id), &t, &f->e));
    return id;
}

/* What one number of the database is. */
static uint64_t number_in_database(struct fixture *f, const char *sql)
{
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_prepare_v2(f->s->db.handle, sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    uint64_t n = (uint64_t)sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

static void execute(struct fixture *f, const char *sql)
{
    assert_int_equal(sqlite3_exec(f->s->db.handle, sql, NULL, NULL, NULL), SQLITE_OK);
}

#endif
