/* purge: removes what is marked as deleted, a little at a time, so that nothing else waits for
 * long: a run's points and seconds, then the run; a scenario's versions, then the scenario; and at
 * last gives free pages of the file back to the disk.
 */
#include <errno.h>

#include "store_priv.h"

enum {
    PURGE_ROWS = 500,  /* of a table in one step */
    PURGE_PAGES = 250, /* of the file in one step; so many may stay free */
};

/* The number of the first row of `sql`; 0: there is none. */
static int first(struct db *db, const char *sql, uint64_t *number, struct err *e)
{
    AUTO(stmt_end) struct stmt q = stmt_begin(db, sql);
    int rc = stmt_step(&q, e);
    *number = rc > 0 ? stmt_u64(&q, 0) : 0;
    return rc < 0 ? rc : 0;
}

/* `sql` removes up to ?2 rows of owner ?1; `*room` is what is left of PURGE_ROWS. */
static int remove_some(struct db *db, const char *sql, uint64_t number, uint64_t *room,
                       struct err *e)
{
    if (*room == 0)
        return 0;
    AUTO(stmt_end) struct stmt q = stmt_begin(db, sql);
    stmt_bind_u64(&q, 1, number);
    stmt_bind_u64(&q, 2, *room);
    int rc = stmt_run(&q, e);
    if (rc == 0)
        *room -= (uint64_t)sqlite3_changes(db->handle);
    return rc;
}

static int remove_all(struct db *db, const char *sql, uint64_t number, struct err *e)
{
    AUTO(stmt_end) struct stmt q = stmt_begin(db, sql);
    stmt_bind_u64(&q, 1, number);
    return stmt_run(&q, e);
}

static int purge_run(struct db *db, uint64_t run, struct err *e)
{
    uint64_t room = PURGE_ROWS;
    int rc = remove_some(db,
                         "DELETE FROM point WHERE rowid IN"
                         " (SELECT rowid FROM point WHERE run = ?1 LIMIT ?2)",
                         run, &room, e);
    if (rc == 0)
        rc = remove_some(db,
                         "DELETE FROM second WHERE rowid IN"
                         " (SELECT rowid FROM second WHERE run = ?1 LIMIT ?2)",
                         run, &room, e);
    if (rc < 0 || room == 0)
        return rc;
    rc = remove_all(db, "DELETE FROM run_event WHERE run = ?1", run, e);
    return rc == 0 ? remove_all(db, "DELETE FROM run WHERE number = ?1", run, e) : rc;
}

static int purge_scenario(struct db *db, uint64_t scenario, struct err *e)
{
    uint64_t room = PURGE_ROWS;
    int rc = remove_some(db,
                         "DELETE FROM scenario_version WHERE rowid IN"
                         " (SELECT rowid FROM scenario_version WHERE scenario = ?1 LIMIT ?2)",
                         scenario, &room, e);
    if (rc < 0 || room == 0)
        return rc;
    return remove_all(db, "DELETE FROM scenario WHERE number = ?1", scenario, e);
}

static int give_back(struct db *db, bool *more, struct err *e)
{
    char sql[64];
    sqlite3_snprintf(sizeof sql, sql, "PRAGMA incremental_vacuum(%d)", PURGE_PAGES);
    uint64_t pages;
    int rc = first(db, "PRAGMA freelist_count", &pages, e);
    *more = rc == 0 && pages > PURGE_PAGES;
    return *more ? db_exec(db, sql, e) : rc;
}

static int remove_marked(struct db *db, uint64_t run, uint64_t scenario, struct err *e)
{
    AUTO(txn_end) struct txn t;
    int rc = txn_begin(&t, db, e);
    if (rc == 0)
        rc = run ? purge_run(db, run, e) : purge_scenario(db, scenario, e);
    return rc == 0 ? txn_commit(&t, e) : rc;
}

int store_purge(struct store *s, bool *more, struct err *e)
{
    *more = false;
    uint64_t run, scenario = 0;
    int rc = first(&s->db, "SELECT min(number) FROM run WHERE deleting", &run, e);
    if (rc == 0 && run == 0)
        rc = first(&s->db, "SELECT min(number) FROM scenario WHERE deleting", &scenario, e);
    if (rc < 0)
        return rc;
    if (run == 0 && scenario == 0) {
        reserve_make(s);
        return give_back(&s->db, more, e);
    }
    rc = remove_marked(&s->db, run, scenario, e);
    if (rc == -ENOSPC && reserve_release(s))
        rc = remove_marked(&s->db, run, scenario, e);
    *more = rc == 0;
    return rc;
}
