/* migrate: brings the schema up to date. Migrations are numbered and go forward only: a file that
 * was released is never changed, another one follows it. Each runs in a transaction with its
 * number, so that a database is always at exactly one version.
 */
#include <errno.h>
#include <stdio.h>

#include "squall/embed.h"
#include "store_priv.h"

EMBED(migration_0001, "src/store/migrations/0001_initial.sql");

/* By number, from 1. */
static const char *const migrations[] = {migration_0001};

int migrate_newest(void)
{
    return (int)(sizeof migrations / sizeof *migrations);
}

static const int APPLICATION_ID = 0x5371756c;

static int read_number(struct db *db, const char *sql, int *out, struct err *e)
{
    AUTO(stmt_end) struct stmt q = stmt_begin(db, sql);
    int rc = stmt_step(&q, e);
    if (rc > 0)
        *out = (int)stmt_u64(&q, 0);
    return rc > 0 ? 0 : rc;
}

static int step_up(struct db *db, int to, struct err *e)
{
    char set_version[48];
    snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d", to);
    AUTO(txn_end) struct txn t;
    int rc = txn_begin(&t, db, e);
    if (rc == 0)
        rc = db_exec(db, migrations[to - 1], e);
    if (rc == 0)
        rc = db_exec(db, set_version, e);
    if (rc == 0)
        rc = txn_commit(&t, e);
    return rc < 0 ? err_prefix(e, "migration %d", to) : 0;
}

int migrate(struct db *db, struct err *e)
{
    int version = 0, application = 0, objects = 0;
    int rc = read_number(db, "PRAGMA user_version", &version, e);
    if (rc == 0)
        rc = read_number(db, "PRAGMA application_id", &application, e);
    if (rc == 0)
        rc = read_number(db, "SELECT count(*) FROM sqlite_schema", &objects, e);
    if (rc < 0)
        return rc;
    if (objects > 0 && application != APPLICATION_ID)
        return err_set(e, -ENOTSUP, "%s is the database of another program", db->path);
    if (version > migrate_newest())
        return err_set(e, -ENOTSUP,
                       "%s was written by a newer squalld (its schema is version %d, this program "
                       "knows up to %d): use that one, or another data directory",
                       db->path, version, migrate_newest());
    while (rc == 0 && version < migrate_newest())
        rc = step_up(db, ++version, e);
    return rc;
}
