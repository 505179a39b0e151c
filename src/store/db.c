/* db: see db.h. */
#include "db.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_space(struct db *db, int rc)
{
    int why = sqlite3_system_errno(db->handle);
    return (rc & 0xff) == SQLITE_FULL || rc == SQLITE_IOERR_SHMSIZE ||
           ((rc & 0xff) == SQLITE_IOERR && (why == ENOSPC || why == EDQUOT));
}

static int describe(struct db *db, int rc, struct err *e)
{
    const char *says = db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc);
    if (no_space(db, rc))
        return err_set(e, -ENOSPC, "the disk is full: there is no room for %s to grow", db->path);
    switch (rc & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return err_set(
            e, -EBADMSG,
            "the database %s is damaged (%s): put a backup in its place, or move it away "
            "to begin with an empty one",
            db->path, says);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(e, -EAGAIN, "another program keeps the database %s locked", db->path);
    case SQLITE_CONSTRAINT:
        if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY)
            return err_set(e, -EEXIST, "it exists already (%s)", says);
        return err_set(e, -EINVAL, "that breaks a rule of the database (%s)", says);
    case SQLITE_READONLY:
        return err_set(e, -EROFS, "the database %s cannot be written: %s", db->path, says);
    case SQLITE_CANTOPEN: {
        int why = sqlite3_system_errno(db->handle);
        return err_set(e, why ? -why : -EIO, "cannot open the database %s: %s", db->path,
                       why ? strerror(why) : says);
    }
    default:
        return err_set(e, rc == SQLITE_NOMEM ? -ENOMEM : -EIO, "the database %s cannot be used: %s",
                       db->path, says);
    }
}

int db_fail(struct db *db, int rc, struct err *e)
{
    struct err why;
    int code = describe(db, rc, &why);
    bool storage = code != -EEXIST && code != -EINVAL; /* and not the statement */
    if (db->writing && storage)
        snprintf(db->problem, sizeof db->problem, "%s", why.message);
    if (e)
        *e = why;
    return code;
}

int db_open(struct db *db, const char *path, int flags, struct err *e)
{
    memset(db, 0, sizeof *db);
    db->path = mem_copy_text(path, strlen(path));
    int rc = sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return db_fail(db, rc, e);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, DB_BUSY_MS);
    return 0;
}

void db_close(struct db *db)
{
    for (size_t i = 0; i < db->cached; i++)
        sqlite3_finalize(db->cache[i].stmt);
    db->cached = 0;
    sqlite3_close(db->handle);
    db->handle = NULL;
    free(db->path);
    db->path = NULL;
}

int db_exec(struct db *db, const char *sql, struct err *e)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : db_fail(db, rc, e);
}

/* ---- statements ------------------------------------------------------------------------------ */

static sqlite3_stmt *find(struct db *db, const char *sql)
{
    for (size_t i = 0; i < db->cached; i++)
        if (db->cache[i].sql == sql)
            return db->cache[i].stmt;
    return NULL;
}

struct stmt stmt_begin(struct db *db, const char *sql)
{
    struct stmt q = {db, find(db, sql), SQLITE_OK};
    if (q.stmt) {
        assert(!sqlite3_stmt_busy(q.stmt)); /* a statement is not used inside itself */
        return q;
    }
    q.rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &q.stmt, NULL);
    if (q.rc == SQLITE_OK) {
        assert(db->cached < DB_STATEMENTS_MAX);
        db->cache[db->cached].sql = sql;
        db->cache[db->cached++].stmt = q.stmt;
    }
    return q;
}

void stmt_end(struct stmt *q)
{
    if (!q->stmt)
        return;
    sqlite3_reset(q->stmt);
    sqlite3_clear_bindings(q->stmt);
}

static void bound(struct stmt *q, int rc)
{
    if (q->rc == SQLITE_OK)
        q->rc = rc;
}

void stmt_bind_u64(struct stmt *q, int at, uint64_t value)
{
    if (q->stmt)
        bound(q, sqlite3_bind_int64(q->stmt, at, (sqlite3_int64)value));
}

void stmt_bind_real(struct stmt *q, int at, double value)
{
    if (q->stmt)
        bound(q, sqlite3_bind_double(q->stmt, at, value));
}

void stmt_bind_str(struct stmt *q, int at, struct str value)
{
    if (q->stmt)
        bound(q, sqlite3_bind_text64(q->stmt, at, value.len ? value.ptr : "", value.len,
                                     SQLITE_STATIC, SQLITE_UTF8));
}

void stmt_bind_text(struct stmt *q, int at, const char *value)
{
    if (value)
        stmt_bind_str(q, at, str_of(value));
    else if (q->stmt)
        bound(q, sqlite3_bind_null(q->stmt, at));
}

void stmt_bind_blob(struct stmt *q, int at, const void *p, size_t n)
{
    if (!q->stmt)
        return;
    bound(q, n ? sqlite3_bind_blob64(q->stmt, at, p, n, SQLITE_STATIC)
               : sqlite3_bind_null(q->stmt, at));
}

void stmt_rewind(struct stmt *q)
{
    if (q->stmt)
        sqlite3_reset(q->stmt);
}

int stmt_step(struct stmt *q, struct err *e)
{
    if (q->rc != SQLITE_OK)
        return db_fail(q->db, q->rc, e);
    int rc = sqlite3_step(q->stmt);
    if (rc == SQLITE_ROW)
        return 1;
    return rc == SQLITE_DONE ? 0 : db_fail(q->db, rc, e);
}

int stmt_run(struct stmt *q, struct err *e)
{
    int rc;
    do
        rc = stmt_step(q, e);
    while (rc > 0);
    return rc;
}

uint64_t stmt_u64(struct stmt *q, int column)
{
    return (uint64_t)sqlite3_column_int64(q->stmt, column);
}

double stmt_real(struct stmt *q, int column)
{
    return sqlite3_column_double(q->stmt, column);
}

bool stmt_null(struct stmt *q, int column)
{
    return sqlite3_column_type(q->stmt, column) == SQLITE_NULL;
}

struct str stmt_str(struct stmt *q, int column)
{
    const void *bytes = sqlite3_column_blob(q->stmt, column);
    return (struct str){bytes, (size_t)sqlite3_column_bytes(q->stmt, column)};
}

char *stmt_copy(struct stmt *q, int column)
{
    if (stmt_null(q, column))
        return NULL;
    struct str text = stmt_str(q, column);
    return mem_copy_text(text.len ? text.ptr : "", text.len);
}

void stmt_id(struct stmt *q, int column, char out[ID_SIZE])
{
    struct str text = stmt_str(q, column);
    snprintf(out, ID_SIZE, "%.*s", (int)text.len, text.len ? text.ptr : "");
}

/* ---- transactions ---------------------------------------------------------------------------- */

int txn_begin(struct txn *t, struct db *db, struct err *e)
{
    t->db = NULL;
    db->writing = true;
    int rc = db_exec(db, "BEGIN IMMEDIATE", e);
    if (rc == 0)
        t->db = db;
    else
        db->writing = false;
    return rc;
}

int txn_begin_view(struct txn *t, struct db *db, struct err *e)
{
    int rc = db_exec(db, "BEGIN", e);
    t->db = rc == 0 ? db : NULL;
    return rc;
}

int txn_commit(struct txn *t, struct err *e)
{
    int rc = db_exec(t->db, "COMMIT", e);
    if (rc < 0)
        return rc;
    t->db->problem[0] = 0;
    t->db->writing = false;
    t->db = NULL;
    return 0;
}

void txn_end(struct txn *t)
{
    if (!t->db)
        return;
    t->db->writing = false;
    /* SQLite may have rolled back by itself, on a full disk say. */
    if (!sqlite3_get_autocommit(t->db->handle))
        db_exec(t->db, "ROLLBACK", NULL);
    t->db = NULL;
}
