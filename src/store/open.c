/* open: the data directory: made, locked against a second daemon, its database opened and brought
 * up to date; and closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store_priv.h"

#define DATABASE_NAME "squall.db"
#define LOCK_NAME "squalld.lock"

static int make_directory(const char *path, struct err *e)
{
    if (mkdir(path, 0700) == 0)
        return 0;
    int why = errno;
    struct stat st;
    if (why == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    if (why == EEXIST)
        why = ENOTDIR;
    return err_set(e, -why, "cannot make the data directory %s: %s", path, strerror(why));
}

static int refuse_second(int fd, const char *directory, struct err *e)
{
    char pid[24] = "";
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    return err_set(
        e, -EBUSY,
        "the data directory %s is in use by another squalld (process %s): stop that one, "
        "or choose another directory",
        directory, pid[0] ? pid : "unknown");
}

/* The lock is the kernel's and ends with the process, however it ends. */
static int lock_directory(struct store *s, struct err *e)
{
    char path[PATH_MAX_BYTES], pid[24];
    snprintf(path, sizeof path, "%s/" LOCK_NAME, s->directory);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return err_set(e, -errno, "cannot open %s: %s", path, strerror(errno));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK
                   ? refuse_second(s->lock_fd, s->directory, e)
                   : err_set(e, -errno, "cannot lock %s: %s", path, strerror(errno));
    int len = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    /* For a person to read; on a full disk the lock holds without it. */
    if (ftruncate(s->lock_fd, 0) == 0 && pwrite(s->lock_fd, pid, (size_t)len, 0) != len)
        log_debug(s->log, "the process id was not written", "path", path, NULL);
    return 0;
}

static int use_wal(struct db *db, struct err *e)
{
    AUTO(stmt_end) struct stmt q = stmt_begin(db, "PRAGMA journal_mode = WAL");
    int rc = stmt_step(&q, e);
    if (rc <= 0)
        return rc < 0 ? rc : err_set(e, -EIO, "%s has no journal mode", db->path);
    if (!str_eq_text(stmt_str(&q, 0), "wal"))
        return err_set(
            e, -ENOTSUP,
            "%s is on a file system that cannot share memory between processes (SQLite's "
            "write-ahead log needs that): use a local disk",
            db->path);
    return 0;
}

static int is_new(struct db *db, bool *out, struct err *e)
{
    AUTO(stmt_end) struct stmt q = stmt_begin(db, "PRAGMA page_count");
    int rc = stmt_step(&q, e);
    *out = rc > 0 && stmt_u64(&q, 0) == 0;
    return rc < 0 ? rc : 0;
}

/* Pages of what was deleted can be given back to the disk (auto_vacuum; this has an effect before
 * the first table only). The empty file needs no journal: that spares the first start a tenth of a
 * second. */
static const char settings_new[] = "PRAGMA journal_mode = MEMORY;"
                                   "PRAGMA auto_vacuum = INCREMENTAL;";

/* Every commit reaches the disk: there are few, one a second while something runs, and what was
 * answered must survive a power cut. */
static const char settings[] = "PRAGMA synchronous = FULL;"
                               "PRAGMA foreign_keys = ON;"
                               "PRAGMA temp_store = MEMORY;";

/* Scenarios can hold passwords, and SQLite would make a file that all may read. */
static int make_private(const char *path, struct err *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(e, -errno, "cannot open %s: %s", path, strerror(errno));
    close(fd);
    return 0;
}

static int open_database(struct store *s, struct err *e)
{
    char path[PATH_MAX_BYTES];
    snprintf(path, sizeof path, "%s/" DATABASE_NAME, s->directory);
    int rc = make_private(path, e);
    if (rc == 0)
        rc = db_open(&s->db, path, SQLITE_OPEN_READWRITE, e);
    bool fresh = false;
    if (rc == 0)
        rc = is_new(&s->db, &fresh, e);
    if (rc == 0 && fresh)
        rc = db_exec(&s->db, settings_new, e);
    if (rc == 0)
        rc = use_wal(&s->db, e);
    if (rc == 0)
        rc = db_exec(&s->db, settings, e);
    if (rc == 0)
        rc = search_register(&s->db, e);
    return rc == 0 ? migrate(&s->db, e) : rc;
}

int store_open(const char *directory, struct clock *clock, struct log *log, struct store **out,
               struct err *e)
{
    *out = NULL;
    struct store *s = mem_alloc(sizeof *s);
    s->clock = clock;
    s->log = log;
    s->directory = mem_copy_text(directory, strlen(directory));
    s->lock_fd = -1;
    int rc = make_directory(directory, e);
    if (rc == 0)
        rc = lock_directory(s, e);
    if (rc == 0)
        rc = open_database(s, e);
    if (rc == -ENOSPC && reserve_release(s)) {
        db_close(&s->db);
        rc = open_database(s, e);
    }
    if (rc < 0) {
        store_close(s);
        return rc;
    }
    reserve_make(s);
    *out = s;
    return 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    struct err e;
    if (!batch_empty(&s->batch) && store_flush(s, &e) < 0)
        log_error(s->log, "the last numbers could not be stored", "reason", e.message, NULL);
    batch_fini(&s->batch);
    db_close(&s->db);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s->directory);
    free(s);
}

const char *store_problem(const struct store *s)
{
    return s->db.problem[0] ? s->db.problem : NULL;
}

uint64_t store_free_bytes(const struct store *s)
{
    struct statvfs st;
    if (statvfs(s->directory, &st) < 0)
        return 0;
    return (uint64_t)st.f_bavail * st.f_frsize;
}

int store_reader_open(struct store *s, struct store_reader **out, struct err *e)
{
    struct store_reader *r = mem_alloc(sizeof *r);
    int rc = db_open(&r->db, s->db.path, SQLITE_OPEN_READONLY, e);
    if (rc < 0) {
        store_reader_close(r);
        r = NULL;
    }
    *out = r;
    return rc;
}

void store_reader_close(struct store_reader *r)
{
    if (!r)
        return;
    db_close(&r->db);
    free(r);
}
