/* db: one connection to the database, its prepared statements, its transactions, and what SQLite's
 * failures are called here. Knows no table.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>

#include "squall/base.h"

enum {
    DB_STATEMENTS_MAX = 96, /* different statements of the program */
    DB_BUSY_MS = 2000,      /* how long a lock that another program holds is waited for */
};

struct db {
    sqlite3 *handle;
    char *path;
    struct {
        const char *sql;
        sqlite3_stmt *stmt;
    } cache[DB_STATEMENTS_MAX];
    size_t cached;
    bool writing;
    char problem[ERR_MESSAGE_MAX]; /* why the latest write failed; "": it did not */
};

/* `flags` are sqlite3_open_v2's. Does not read the file yet. */
int db_open(struct db *db, const char *path, int flags, struct err *e);
void db_close(struct db *db);
/* For what SQLite answered last; returns a negative errno. */
int db_fail(struct db *db, int rc, struct err *e);
/* One or more statements without parameters, answers ignored. */
int db_exec(struct db *db, const char *sql, struct err *e);

/* ---- a statement in use ------------------------------------------------------------------------
 *     AUTO(stmt_end) struct stmt q = stmt_begin(db, "SELECT ...");
 *     stmt_bind_u64(&q, 1, n);
 *     while ((rc = stmt_step(&q, e)) > 0) ...
 * `sql` is a literal: the prepared statement is kept by its address. What is bound is borrowed
 * until stmt_end. */
struct stmt {
    struct db *db;
    sqlite3_stmt *stmt; /* NULL: could not be prepared */
    int rc;
};

struct stmt stmt_begin(struct db *db, const char *sql);
void stmt_end(struct stmt *q);
void stmt_bind_u64(struct stmt *q, int at, uint64_t value);
void stmt_bind_real(struct stmt *q, int at, double value);
void stmt_bind_str(struct stmt *q, int at, struct str value);         /* text; never NULL */
void stmt_bind_text(struct stmt *q, int at, const char *value);       /* NULL binds NULL */
void stmt_bind_blob(struct stmt *q, int at, const void *p, size_t n); /* n 0 binds NULL */
void stmt_rewind(struct stmt *q);             /* to be stepped again; bindings stay */
int stmt_step(struct stmt *q, struct err *e); /* 1: a row; 0: the end; negative */
int stmt_run(struct stmt *q, struct err *e);  /* steps to the end */

uint64_t stmt_u64(struct stmt *q, int column);
double stmt_real(struct stmt *q, int column);
bool stmt_null(struct stmt *q, int column);
struct str stmt_str(struct stmt *q, int column); /* text or blob; borrowed until the next step */
char *stmt_copy(struct stmt *q, int column);     /* NULL for NULL */
void stmt_id(struct stmt *q, int column, char out[ID_SIZE]);

/* ---- a transaction that writes: rolled back unless it was committed -------------------------- */
struct txn {
    struct db *db; /* NULL: none is open */
};

int txn_begin(struct txn *t, struct db *db, struct err *e);
/* One view of the database for several reads, whatever is written meanwhile; ended by txn_end. */
int txn_begin_view(struct txn *t, struct db *db, struct err *e);
int txn_commit(struct txn *t, struct err *e);
void txn_end(struct txn *t);

#endif
