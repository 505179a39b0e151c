/* runs: their rows: created, read, listed, deleted. What happens to a run is in advance.c, its
 * numbers are in batch.c and seconds.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store_priv.h"

static int no_run(struct str id, struct err *e)
{
    return err_set(e, -ENOENT, "there is no run %.*s", (int)id.len, id.ptr);
}

static int take_state(struct stmt *q, int column, enum run_state *out, struct err *e)
{
    struct str text = stmt_str(q, column);
    if (run_state_of(text, out))
        return 0;
    return err_set(e, -EBADMSG, "the database is damaged: \"%.*s\" is no state of a run",
                   (int)text.len, text.len ? text.ptr : "");
}

int run_find(struct db *db, struct str id, struct run_ref *out, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(db, "SELECT number, state FROM run WHERE id = ?1 AND NOT deleting");
    stmt_bind_str(&q, 1, id);
    int rc = stmt_step(&q, e);
    if (rc <= 0)
        return rc < 0 ? rc : no_run(id, e);
    out->number = stmt_u64(&q, 0);
    return take_state(&q, 1, &out->state, e);
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define RUN_COLUMNS                                                                                \
    "r.number, r.id, s.id, v.name, r.version, r.state, r.reason, r.passed, r.note, r.workers,"     \
    " r.created_ns, r.started_ns, r.ended_ns, r.planned_ns, r.summary"
#define RUN_JOINED                                                                                 \
    " FROM run r JOIN scenario s ON s.number = r.scenario"                                         \
    " JOIN scenario_version v ON v.scenario = r.scenario AND v.version = r.version"

static int take_row(struct stmt *q, struct store_run *out, struct err *e)
{
    stmt_id(q, 1, out->id);
    stmt_id(q, 2, out->scenario_id);
    out->scenario_name = stmt_copy(q, 3);
    out->scenario_version = (uint32_t)stmt_u64(q, 4);
    out->reason = stmt_copy(q, 6);
    out->passed = stmt_u64(q, 7);
    out->note = stmt_copy(q, 8);
    out->workers = (uint32_t)stmt_u64(q, 9);
    out->created_ns = stmt_u64(q, 10);
    out->started_ns = stmt_u64(q, 11);
    out->ended_ns = stmt_u64(q, 12);
    out->planned_ns = stmt_u64(q, 13);
    struct str summary = stmt_str(q, 14);
    if (summary.len > 0)
        out->summary = json_loadb(summary.ptr, summary.len, 0, NULL);
    return take_state(q, 5, &out->state, e);
}

void store_run_fini(struct store_run *run)
{
    free(run->scenario_name);
    free(run->reason);
    free(run->note);
    json_decref(run->summary);
    memset(run, 0, sizeof *run);
}

static int take_one(struct stmt *q, struct store_run *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    int rc = stmt_step(q, e);
    if (rc <= 0)
        return rc;
    int taken = take_row(q, out, e);
    if (taken < 0)
        store_run_fini(out);
    return taken < 0 ? taken : 1;
}

int run_by_number(struct db *db, uint64_t number, struct store_run *out, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(db, "SELECT " RUN_COLUMNS RUN_JOINED " WHERE r.number = ?1");
    stmt_bind_u64(&q, 1, number);
    int rc = take_one(&q, out, e);
    if (rc == 0)
        return err_set(e, -EBADMSG, "the database is damaged: a run is without its scenario");
    return rc < 0 ? rc : 0;
}

int store_run_get(struct store *s, struct str id, struct store_run *out, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q =
        stmt_begin(&s->db, "SELECT " RUN_COLUMNS RUN_JOINED " WHERE r.id = ?1 AND NOT r.deleting");
    stmt_bind_str(&q, 1, id);
    int rc = take_one(&q, out, e);
    if (rc == 0)
        return no_run(id, e);
    return rc < 0 ? rc : 0;
}

/* ---- names of requests ----------------------------------------------------------------------- */

static char *names_text(const struct store_run_new *n)
{
    json_t *names = json_array();
    for (size_t i = 0; i < n->name_count; i++)
        json_array_append_new(names, json_stringn(n->names[i].ptr, n->names[i].len));
    char *out = json_dumps(names, JSON_COMPACT);
    json_decref(names);
    return out;
}

uint32_t run_warm_up(struct db *db, uint64_t run)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(db, "SELECT coalesce(json_extract(document, '$.warm_up_s'), 0)"
                                   " FROM run WHERE number = ?1");
    struct err e;
    stmt_bind_u64(&q, 1, run);
    return stmt_step(&q, &e) > 0 ? (uint32_t)stmt_u64(&q, 0) : 0;
}

int run_names(struct db *db, uint64_t number, struct store_names *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    AUTO(stmt_end) struct stmt q = stmt_begin(db, "SELECT names FROM run WHERE number = ?1");
    stmt_bind_u64(&q, 1, number);
    int rc = stmt_step(&q, e);
    if (rc < 0)
        return rc;
    struct str text = rc > 0 ? stmt_str(&q, 0) : STR("");
    json_t *names = json_loadb(text.ptr, text.len, 0, NULL);
    if (!json_is_array(names)) {
        json_decref(names);
        return err_set(e, -EBADMSG, "the database is damaged: a run's request names are no list");
    }
    out->count = json_array_size(names);
    out->items = mem_alloc(out->count * sizeof *out->items);
    for (size_t i = 0; i < out->count; i++) {
        json_t *name = json_array_get(names, i);
        size_t len = json_string_length(name);
        out->items[i] = (struct str){mem_copy_text(json_string_value(name), len), len};
    }
    json_decref(names);
    return 0;
}

void store_names_fini(struct store_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free((char *)names->items[i].ptr);
    free(names->items);
    memset(names, 0, sizeof *names);
}

int names_find(const struct store_names *names, struct str name, uint32_t *name_id, struct err *e)
{
    *name_id = (uint32_t)names->count;
    if (name.len == 0)
        return 0;
    for (size_t i = 0; i < names->count; i++) {
        if (str_eq(names->items[i], name)) {
            *name_id = (uint32_t)i;
            return 0;
        }
    }
    return err_set(e, -EINVAL, "the run has no request named \"%.*s\"", (int)name.len, name.ptr);
}

int store_run_names(struct store_reader *r, struct str id, struct store_names *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    struct run_ref run = {0};
    int rc = run_find(&r->db, id, &run, e);
    return rc == 0 ? run_names(&r->db, run.number, out, e) : rc;
}

/* ---- creation and deletion ------------------------------------------------------------------- */

struct version_ref {
    uint64_t scenario;
    uint32_t version;
};

static int find_version(struct db *db, struct str scenario_id, uint32_t version,
                        struct version_ref *out, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q =
        stmt_begin(db, "SELECT s.number, v.version, s.deleting FROM scenario s"
                       " LEFT JOIN scenario_version v"
                       " ON v.scenario = s.number AND v.version = iif(?2 = 0, s.version, ?2)"
                       " WHERE s.id = ?1");
    stmt_bind_str(&q, 1, scenario_id);
    stmt_bind_u64(&q, 2, version);
    int rc = stmt_step(&q, e);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(e, -ENOENT, "there is no scenario %.*s", (int)scenario_id.len,
                       scenario_id.ptr);
    if (stmt_u64(&q, 2))
        return err_set(e, -EBUSY, "scenario %.*s is being deleted", (int)scenario_id.len,
                       scenario_id.ptr);
    if (stmt_null(&q, 1))
        return err_set(e, -ENOENT, "there is no version %u of scenario %.*s", version,
                       (int)scenario_id.len, scenario_id.ptr);
    out->scenario = stmt_u64(&q, 0);
    out->version = (uint32_t)stmt_u64(&q, 1);
    return 0;
}

static int insert(struct store *s, const struct version_ref *of, const struct store_run_new *n,
                  struct err *e)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(
        &s->db, "INSERT INTO run"
                " (id, scenario, version, state, note, workers, created_ns, planned_ns, names)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    char *names = names_text(n);
    stmt_bind_text(&q, 1, n->id);
    stmt_bind_u64(&q, 2, of->scenario);
    stmt_bind_u64(&q, 3, of->version);
    stmt_bind_text(&q, 4, run_state_text(RUN_QUEUED));
    stmt_bind_str(&q, 5, n->note);
    stmt_bind_u64(&q, 6, n->workers);
    stmt_bind_u64(&q, 7, clock_wall_ns(s->clock));
    stmt_bind_u64(&q, 8, n->planned_ns);
    stmt_bind_text(&q, 9, names);
    int rc = stmt_run(&q, e);
    free(names);
    return rc;
}

int store_run_create(struct store *s, const struct store_run_new *new_run, struct store_run *out,
                     struct err *e)
{
    if (out)
        memset(out, 0, sizeof *out);
    struct version_ref of = {0};
    AUTO(txn_end) struct txn t;
    int rc = txn_begin(&t, &s->db, e);
    if (rc == 0)
        rc = find_version(&s->db, new_run->scenario_id, new_run->version, &of, e);
    if (rc == 0)
        rc = insert(s, &of, new_run, e);
    if (rc == 0)
        rc = run_add_event(s, (uint64_t)sqlite3_last_insert_rowid(s->db.handle), NULL,
                           run_state_text(RUN_QUEUED), NULL, e);
    if (rc == 0)
        rc = txn_commit(&t, e);
    return rc == 0 && out ? store_run_get(s, str_of(new_run->id), out, e) : rc;
}

static int mark_deleted(struct db *db, uint64_t number, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(db, "UPDATE run SET deleting = 1 WHERE number = ?1");
    stmt_bind_u64(&q, 1, number);
    return stmt_run(&q, e);
}

static int delete (struct store *s, struct str id, struct err *e)
{
    struct run_ref run = {0};
    AUTO(txn_end) struct txn t;
    int rc = txn_begin(&t, &s->db, e);
    if (rc == 0)
        rc = run_find(&s->db, id, &run, e);
    if (rc == 0 && !run_state_final(run.state))
        rc = err_set(e, -EBUSY, "run %.*s is live (%s): stop it first", (int)id.len, id.ptr,
                     run_state_text(run.state));
    if (rc == 0)
        rc = mark_deleted(&s->db, run.number, e);
    return rc == 0 ? txn_commit(&t, e) : rc;
}

int store_run_delete(struct store *s, struct str id, struct err *e)
{
    int rc = delete (s, id, e);
    return rc == -ENOSPC && reserve_release(s) ? delete (s, id, e) : rc;
}

/* ---- lists ----------------------------------------------------------------------------------- */

unsigned store_states_live(void)
{
    unsigned live = 0;
    for (int state = 0; state <= RUN_CANCELLED; state++)
        if (!run_state_final((enum run_state)state))
            live |= 1u << state;
    return live;
}

/* ",running,collecting,"; empty for all. */
static void states_text(struct buf *out, unsigned states)
{
    for (int state = 0; state <= RUN_CANCELLED; state++)
        if (states >> state & 1)
            buf_add_format(out, "%s%s,", out->len ? "" : ",",
                           run_state_text((enum run_state)state));
}

void store_run_page_fini(struct store_run_page *page)
{
    for (size_t i = 0; i < page->count; i++)
        store_run_fini(&page->items[i]);
    free(page->items);
    memset(page, 0, sizeof *page);
}

static int fill_page(struct stmt *q, uint32_t limit, struct store_run_page *out, struct err *e)
{
    uint64_t number = 0;
    int rc;
    while ((rc = stmt_step(q, e)) > 0) {
        if (out->count == limit) {
            page_next(out->next, number);
            return 0;
        }
        number = stmt_u64(q, 0);
        rc = take_row(q, &out->items[out->count++], e);
        if (rc < 0)
            return rc;
    }
    return rc;
}

/* A scenario's runs are found by an index; all runs are walked. */
#define RUN_LIST_RULES                                                                             \
    " r.number < ?1 AND NOT r.deleting AND (?2 = '' OR instr(?2, ',' || r.state || ','))"          \
    " ORDER BY r.number DESC LIMIT ?3"
static const char list_all[] = "SELECT " RUN_COLUMNS RUN_JOINED " WHERE" RUN_LIST_RULES;
static const char list_of_scenario[] =
    "SELECT " RUN_COLUMNS RUN_JOINED
    " WHERE r.scenario = (SELECT number FROM scenario WHERE id = ?4) AND" RUN_LIST_RULES;

int store_run_list(struct store *s, const struct store_run_query *query, struct store_run_page *out,
                   struct err *e)
{
    memset(out, 0, sizeof *out);
    uint64_t before;
    int rc = page_begin(query->cursor, query->limit, &before, e);
    if (rc < 0)
        return rc;
    AUTO(buf_fini) struct buf states;
    buf_init(&states, 1024);
    states_text(&states, query->states);
    bool of_scenario = query->scenario_id.len > 0;
    AUTO(stmt_end) struct stmt q = stmt_begin(&s->db, of_scenario ? list_of_scenario : list_all);
    stmt_bind_u64(&q, 1, before);
    stmt_bind_str(&q, 2, buf_str(&states));
    stmt_bind_u64(&q, 3, query->limit + 1);
    if (of_scenario)
        stmt_bind_str(&q, 4, query->scenario_id);
    out->items = mem_alloc(query->limit * sizeof *out->items);
    rc = fill_page(&q, query->limit, out, e);
    if (rc < 0)
        store_run_page_fini(out);
    return rc;
}
