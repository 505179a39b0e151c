/* store: everything that outlives the process: scenarios with all their versions, runs with their
 * events, seconds and results. Owns the data directory, the schema and every SQL statement of the
 * program. Knows nothing of HTTP and starts no run.
 *
 * A `struct store` is used by one thread (the loop's). Long reads take a `struct store_reader`, a
 * read-only connection of its own, which may be used by any one thread at a time.
 *
 * What was answered with 0 survives a power cut. Seconds and checkpoints are put into a batch and
 * survive from the next store_flush on.
 *
 * Errors, beside those named at each function:
 *   -ENOSPC   the disk is full: nothing was changed; the store stays usable. Some megabytes are
 * held back for changes of a run's state, remarks and deletions -EBADMSG  the database is damaged
 *   -EAGAIN   another program (a backup, say) keeps it locked
 *   -EIO, -EROFS  the disk does not do as it is told
 *
 * Structs that a call fills are zeroed first and own what they point to: give them to their
 * ..._fini, which takes a zeroed one too. Times are Unix time in nanoseconds; 0: not yet, never.
 */
#ifndef SQUALL_STORE_H
#define SQUALL_STORE_H

#include <jansson.h>

#include "squall/base.h"
#include "squall/result.h"
#include "squall/run.h"

enum {
    STORE_PAGE_MAX = 200,   /* items in a page */
    STORE_CURSOR_SIZE = 24, /* bytes of a cursor with its NUL */
    STORE_SERIES_POINTS_MAX = 2000,
    STORE_PENDING_MAX = 64 << 20, /* bytes of seconds that wait for a disk that is full */
};

struct store;

/* ---- the data directory ---------------------------------------------------------------------- */

/* Makes the directory (not its parents) and the database when they are not there, and brings an
 * older schema up to date. `clock` and `log` are borrowed.
 * -EBUSY: another process has it open; -ENOTSUP: a newer squalld wrote it, or another program;
 * -EBADMSG: damaged; other errnos of mkdir and open. */
int store_open(const char *directory, struct clock *clock, struct log *log, struct store **out,
               struct err *e);
/* Writes what store_flush would. */
void store_close(struct store *s);

/* Once, before the first run is created: runs that a killed daemon left are failed, with a reason
 * and with a result made from the seconds that were stored (phases and samples from the last
 * checkpoint). */
int store_recover(struct store *s, uint32_t *failed, struct err *e);

/* Why the latest write failed, as a sentence; NULL: it did not. */
const char *store_problem(const struct store *s);
uint64_t store_free_bytes(const struct store *s); /* where the data directory is; for this user */

/* Deleting only marks, so that it is quick. Each call removes a little of what is marked; `*more`
 * says that there is more. To be called from time to time (after a deletion, and after opening). */
int store_purge(struct store *s, bool *more, struct err *e);

/* ---- runs, as stored ------------------------------------------------------------------------- */
struct store_run {
    char id[ID_SIZE];
    char scenario_id[ID_SIZE];
    char *scenario_name; /* in the version that is run */
    uint32_t scenario_version;
    enum run_state state;
    char *reason; /* NULL: none */
    bool passed;  /* means something in a final state only */
    char *note;   /* "" when none was given */
    uint32_t workers;
    uint64_t created_ns;
    uint64_t started_ns; /* the instant of second 0 */
    uint64_t ended_ns;
    uint64_t planned_ns; /* length of the load */
    json_t *summary;     /* of the latest document (see openapi.json, "RunSummary"); NULL: none */
};
void store_run_fini(struct store_run *run);

/* The short form of a result document ("Result" to "RunSummary"). New reference. */
json_t *store_summary(const json_t *document);

/* ---- scenarios ------------------------------------------------------------------------------- */

/* What a document says, as plan_parse has it. Borrowed for the call. */
struct store_scenario_text {
    struct str name;
    struct str description;
    const struct str *tags;
    size_t tag_count;
    struct str document; /* the text as it was sent */
};

struct store_scenario {
    char id[ID_SIZE];
    char *name;
    char *description;
    json_t *tags; /* array of strings */
    uint32_t version;
    uint64_t created_ns;
    uint64_t updated_ns;
    bool deleting;
    uint64_t runs;
    struct store_run *last_run; /* NULL: none */
    char *document;             /* of the latest version, NUL-terminated; NULL in lists */
    size_t document_len;
};
void store_scenario_fini(struct store_scenario *scenario);

int store_scenario_create(struct store *s, const struct store_scenario_text *text,
                          struct store_scenario *out, struct err *e);
/* -ENOENT */
int store_scenario_get(struct store *s, struct str id, struct store_scenario *out, struct err *e);
/* Makes a new version, or none when the document is byte for byte the latest. `if_version`: only
 * when this is the latest; 0: in any case.
 * -ENOENT; -EBUSY: it is being deleted; -ESTALE: `if_version` is not the latest. */
int store_scenario_replace(struct store *s, struct str id, uint32_t if_version,
                           const struct store_scenario_text *text, struct store_scenario *out,
                           struct err *e);
/* Marks it, and takes its runs out of sight; store_purge removes them. 0 too when it is marked
 * already. -ENOENT; -EBUSY: a run of it is live; -ESTALE. */
int store_scenario_delete(struct store *s, struct str id, uint32_t if_version,
                          struct store_scenario *out, struct err *e);

/* In lists: `cursor` is `next` of the page before, or empty; `limit` is 1 to STORE_PAGE_MAX.
 * -EINVAL for a cursor that cannot be one. */
struct store_scenario_query {
    struct str contains; /* in name or description; case does not matter; empty: any */
    struct str tag;      /* empty: any */
    struct str cursor;
    uint32_t limit;
};
struct store_scenario_page {
    struct store_scenario *items;
    size_t count;
    char next[STORE_CURSOR_SIZE]; /* "": this is the last */
};
void store_scenario_page_fini(struct store_scenario_page *page);
/* The latest changed first. */
int store_scenario_list(struct store *s, const struct store_scenario_query *query,
                        struct store_scenario_page *out, struct err *e);

struct store_version {
    char scenario_id[ID_SIZE];
    uint32_t version;
    char *name;
    uint64_t created_ns;
    char *document; /* NUL-terminated; NULL in lists */
    size_t document_len;
};
void store_version_fini(struct store_version *version);
/* `version` 0: the latest. -ENOENT */
int store_version_get(struct store *s, struct str scenario_id, uint32_t version,
                      struct store_version *out, struct err *e);

struct store_version_page {
    struct store_version *items;
    size_t count;
    char next[STORE_CURSOR_SIZE];
};
void store_version_page_fini(struct store_version_page *page);
/* The latest first. -ENOENT */
int store_version_list(struct store *s, struct str scenario_id, struct str cursor, uint32_t limit,
                       struct store_version_page *out, struct err *e);

/* ---- runs ------------------------------------------------------------------------------------ */
struct store_run_new {
    const char *id; /* from id_new: the run's own */
    struct str scenario_id;
    uint32_t version; /* 0: the latest */
    uint32_t workers;
    uint64_t planned_ns;
    struct str note;
    const struct str *names; /* of requests, by name_id */
    size_t name_count;
};

/* In state queued, with the event of its creation. `out` may be NULL.
 * -ENOENT: no such scenario or version; -EBUSY: the scenario is being deleted; -EEXIST. */
int store_run_create(struct store *s, const struct store_run_new *new_run, struct store_run *out,
                     struct err *e);
/* -ENOENT */
int store_run_get(struct store *s, struct str id, struct store_run *out, struct err *e);
/* -ENOENT; -EBUSY: it is live. Out of sight at once; store_purge removes it. */
int store_run_delete(struct store *s, struct str id, struct err *e);

struct store_run_query {
    struct str scenario_id; /* empty: of any */
    unsigned states;        /* a bit (1u << state) for each that is wanted; 0: any */
    struct str cursor;
    uint32_t limit;
};
/* All states that are not final. */
unsigned store_states_live(void);

struct store_run_page {
    struct store_run *items;
    size_t count;
    char next[STORE_CURSOR_SIZE];
};
void store_run_page_fini(struct store_run_page *page);
/* The latest created first. */
int store_run_list(struct store *s, const struct store_run_query *query, struct store_run_page *out,
                   struct err *e);

/* A change of state, with its event, in one transaction. When `to` is final, all that is pending
 * for the run is written with it. -ENOENT; -EINVAL: `to` may not follow the state that is stored.
 */
struct store_transition {
    enum run_state to;
    const char *reason;     /* NULL: none */
    uint64_t started_ns;    /* run_started_wall_ns; 0: as it was */
    bool passed;            /* for a final state */
    const json_t *document; /* run_document; NULL: the one before is kept */
};
int store_run_advance(struct store *s, struct str id, const struct store_transition *transition,
                      struct err *e);
/* An event that changes no state. -ENOENT */
int store_run_remark(struct store *s, struct str id, const char *text, struct err *e);

struct store_event {
    uint64_t at_ns;
    bool first; /* the run was created: there is no `from` */
    enum run_state from;
    enum run_state to;
    char *reason; /* NULL: none */
};
struct store_events {
    struct store_event *items;
    size_t count;
};
void store_events_fini(struct store_events *events);
/* In order. -ENOENT */
int store_run_events(struct store *s, struct str id, struct store_events *out, struct err *e);

/* The result document as text, the caller's to free; NULL (and 0) when the run has none. The last
 * checkpoint while it is live. -ENOENT */
int store_run_result(struct store *s, struct str id, char **text, size_t *len, struct err *e);

/* ---- numbers of live runs: put into a batch, written by store_flush -------------------------- */

/* From run_observer.second, and for each second from result_take_dirty: replaces what was put for
 * that second before. Encodes it at once; nothing of `second` is kept. `name_count` is
 * result_name_count. */
void store_second_put(struct store *s, const char *run_id, const struct result_second *second,
                      size_t name_count);
/* The document so far (run_document), every few seconds: what a killed daemon leaves. */
void store_checkpoint_put(struct store *s, const char *run_id, const json_t *document);
/* Writes the batch in one transaction; to be called once a second. When it fails, the batch is
 * kept for the next call, the oldest seconds being dropped over STORE_PENDING_MAX. */
int store_flush(struct store *s, struct err *e);

/* ---- long reads: on a thread of libuv's pool ------------------------------------------------- */
struct store_reader;

/* Borrows nothing of `s`, but only works while it is open. */
int store_reader_open(struct store *s, struct store_reader **out, struct err *e);
void store_reader_close(struct store_reader *r);

struct store_names {
    struct str *items; /* by name_id */
    size_t count;
};
void store_names_fini(struct store_names *names);
/* The request names of a run. -ENOENT */
int store_run_names(struct store_reader *r, struct str id, struct store_names *out, struct err *e);

/* Tells of each stored second in [from, to), in order, with all its points: count of names + 1,
 * the last for all together; names with nothing to say are there, empty. All of it sees the run
 * as it was when the call began. A negative answer of `each` ends it and is returned. -ENOENT */
int store_seconds_each(struct store_reader *r, struct str id, uint32_t from, uint32_t to,
                       int (*each)(void *owner, const struct result_second *second), void *owner,
                       struct err *e);

struct store_series_query {
    uint32_t from;
    uint32_t to;        /* 0: to the end */
    uint32_t step;      /* 0: the least that keeps to STORE_SERIES_POINTS_MAX */
    struct str request; /* empty: all together */
};
/* The document that openapi.json calls "Series": points of `step` seconds, counted from `from`,
 * histograms merged. New reference.
 * -ENOENT: no such run; -EINVAL: no such request name, or too many points. */
int store_series(struct store_reader *r, struct str id, const struct store_series_query *query,
                 json_t **out, struct err *e);

#endif
