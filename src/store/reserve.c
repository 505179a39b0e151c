/* reserve: some space that the data directory holds back, so that on a full disk runs can still end
 * and what is old can still be deleted, which is how a person makes room.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store_priv.h"

#define RESERVE_NAME "squalld.reserve"
enum {
    RESERVE_BYTES = 4 << 20, /* as much as SQLite's log grows to */
    RESERVE_ROOM = 4,        /* made where so many times as much is free */
};

static void path_of(const struct store *s, char path[PATH_MAX_BYTES])
{
    snprintf(path, PATH_MAX_BYTES, "%s/" RESERVE_NAME, s->directory);
}

void reserve_make(struct store *s)
{
    char path[PATH_MAX_BYTES];
    path_of(s, path);
    if (access(path, F_OK) == 0 || store_free_bytes(s) < (uint64_t)RESERVE_BYTES * RESERVE_ROOM)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    /* A file system that cannot hold space back does without. */
    if (fallocate(fd, 0, 0, RESERVE_BYTES) < 0)
        unlink(path);
    else
        s->reserve_used = false;
    close(fd);
}

bool reserve_release(struct store *s)
{
    char path[PATH_MAX_BYTES];
    path_of(s, path);
    if (unlink(path) < 0)
        return false;
    s->reserve_used = true;
    log_warn(s->log, "the disk is full: the data directory's reserve is used", "path", path, NULL);
    return true;
}
