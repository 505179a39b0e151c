/* store_priv: what the files of store share.
 */
#ifndef STORE_PRIV_H
#define STORE_PRIV_H

#include "db.h"
#include "squall/store.h"

/* ---- numbers that wait for store_flush (batch.c) ----------------------------------------------
 */
struct batch {
    struct packed_second *seconds; /* in the order they were put */
    size_t count;
    size_t cap;
    size_t bytes;
    struct checkpoint *checkpoints; /* one a run at most */
    size_t checkpoint_count;
    bool dropping; /* seconds were given up since the last success */
};

enum { PATH_MAX_BYTES = 4096 };

struct store {
    struct db db;
    struct clock *clock;
    struct log *log;
    char *directory;
    int lock_fd;
    bool reserve_used;
    struct batch batch;
};

struct store_reader {
    struct db db;
};

void batch_fini(struct batch *b);
bool batch_empty(const struct batch *b);
/* Inside a transaction; when that was committed, batch_clear. */
int batch_write(struct store *s, struct err *e);
void batch_clear(struct store *s);

/* ---- reserve.c ------------------------------------------------------------------------------- */
void reserve_make(struct store *s); /* when there is none, and room for it */
/* True when there was one: what failed for want of space can be tried once more. */
bool reserve_release(struct store *s);

/* ---- migrate.c ------------------------------------------------------------------------------- */

/* The newest schema that this program knows. */
int migrate_newest(void);
/* From whatever version the database has to the newest. -ENOTSUP: newer, or not Squall's. */
int migrate(struct db *db, struct err *e);

/* ---- search.c: the SQL function contains_nocase(text, part) -----------------------------------
 */
int search_register(struct db *db, struct err *e);

/* ---- counts.c: counters as JSON text, the way they are stored ----------------------------------
 */
char *counts_status_text(const struct result_counts *c); /* NULL: none */
char *counts_kinds_text(const struct result_counts *c);
int counts_add_status(struct result_counts *c, struct str json, struct err *e);
int counts_add_kinds(struct result_counts *c, struct str json, struct err *e);
void counts_add(struct result_counts *into, const struct result_counts *from);

/* ---- numbers of rows (`number` in the schema) for ids ------------------------------------------
 */
struct run_ref {
    uint64_t number;
    enum run_state state;
};
/* -ENOENT, for one that is being deleted, too. */
int run_find(struct db *db, struct str id, struct run_ref *out, struct err *e);
int run_by_number(struct db *db, uint64_t number, struct store_run *out, struct err *e);
/* Seconds of warm-up, as the run's document so far has them. */
uint32_t run_warm_up(struct db *db, uint64_t run);
int run_names(struct db *db, uint64_t number, struct store_names *out, struct err *e);
/* The index in names; their count for an empty name; -EINVAL when there is no such. */
int names_find(const struct store_names *names, struct str name, uint32_t *name_id, struct err *e);
int run_add_event(struct store *s, uint64_t run, const char *from, const char *to,
                  const char *reason, struct err *e);

/* A result document and its short form, as text to be freed. */
void document_texts(const json_t *document, char **text, char **summary);
int run_set_document(struct db *db, uint64_t run, const char *document, const char *summary,
                     struct err *e);

/* ---- page.c ---------------------------------------------------------------------------------- */

/* Limit and cursor of a list, checked. `*before` is INT64_MAX without a cursor. */
int page_begin(struct str cursor, uint32_t limit, uint64_t *before, struct err *e);
void page_next(char next[STORE_CURSOR_SIZE], uint64_t last);

/* ---- seconds.c: reading --------------------------------------------------------------------- */
enum { NAMES_ALL = -1 };

typedef int seconds_fn(void *owner, const struct result_second *second);
/* Inside a transaction, when there is to be one view of it. `only`: one name_id, whose numbers are
 * then the single point; or NAMES_ALL. */
struct seconds_range {
    uint64_t run;
    uint32_t from;
    uint32_t to;
    int64_t only;
    size_t name_count;
};
/* How many points the seconds of a range have. */
size_t seconds_points(const struct seconds_range *range);
int seconds_read(struct db *db, const struct seconds_range *range, seconds_fn *each, void *owner,
                 struct err *e);
void second_init(struct result_second *s, size_t point_count);
void second_clear(struct result_second *s, size_t point_count);
void second_fini(struct result_second *s, size_t point_count);

#endif
