/* scenarios: scenarios and their versions. Each change is a new version; none is ever changed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store_priv.h"

struct scenario_ref {
    uint64_t number;
    uint32_t version;
    bool deleting;
};

static int no_scenario(struct str id, struct err *e)
{
    return err_set(e, -ENOENT, "there is no scenario %.*s", (int)id.len, id.ptr);
}

static int find(struct db *db, struct str id, struct scenario_ref *out, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(db, "SELECT number, version, deleting FROM scenario WHERE id = ?1");
    stmt_bind_str(&q, 1, id);
    int rc = stmt_step(&q, e);
    if (rc <= 0)
        return rc < 0 ? rc : no_scenario(id, e);
    out->number = stmt_u64(&q, 0);
    out->version = (uint32_t)stmt_u64(&q, 1);
    out->deleting = stmt_u64(&q, 2);
    return 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define SCENARIO_COLUMNS                                                                           \
    "s.id, v.name, v.description, v.tags, s.version, s.created_ns, s.updated_ns, s.deleting,"      \
    " (SELECT count(*) FROM run r WHERE r.scenario = s.number AND NOT r.deleting),"                \
    " (SELECT max(number) FROM run r WHERE r.scenario = s.number AND NOT r.deleting),"             \
    " s.change"
#define SCENARIO_JOINED                                                                            \
    " FROM scenario s JOIN scenario_version v ON v.scenario = s.number AND v.version = s.version"
enum { COLUMN_RUNS = 8, COLUMN_LAST_RUN, COLUMN_CHANGE, COLUMN_DOCUMENT };

static int take_row(struct db *db, struct stmt *q, struct store_scenario *out, struct err *e)
{
    stmt_id(q, 0, out->id);
    out->name = stmt_copy(q, 1);
    out->description = stmt_copy(q, 2);
    struct str tags = stmt_str(q, 3);
    out->tags = json_loadb(tags.ptr, tags.len, 0, NULL);
    if (!out->tags)
        out->tags = json_array();
    out->version = (uint32_t)stmt_u64(q, 4);
    out->created_ns = stmt_u64(q, 5);
    out->updated_ns = stmt_u64(q, 6);
    out->deleting = stmt_u64(q, 7);
    out->runs = stmt_u64(q, COLUMN_RUNS);
    if (stmt_null(q, COLUMN_LAST_RUN))
        return 0;
    out->last_run = mem_alloc(sizeof *out->last_run);
    return run_by_number(db, stmt_u64(q, COLUMN_LAST_RUN), out->last_run, e);
}

void store_scenario_fini(struct store_scenario *scenario)
{
    free(scenario->name);
    free(scenario->description);
    json_decref(scenario->tags);
    if (scenario->last_run)
        store_run_fini(scenario->last_run);
    free(scenario->last_run);
    free(scenario->document);
    memset(scenario, 0, sizeof *scenario);
}

int store_scenario_get(struct store *s, struct str id, struct store_scenario *out, struct err *e)
{
    static const char sql[] =
        "SELECT " SCENARIO_COLUMNS ", v.document" SCENARIO_JOINED " WHERE s.id = ?1";
    memset(out, 0, sizeof *out);
    AUTO(stmt_end) struct stmt q = stmt_begin(&s->db, sql);
    stmt_bind_str(&q, 1, id);
    int rc = stmt_step(&q, e);
    if (rc <= 0)
        return rc < 0 ? rc : no_scenario(id, e);
    out->document = stmt_copy(&q, COLUMN_DOCUMENT);
    out->document_len = stmt_str(&q, COLUMN_DOCUMENT).len;
    rc = take_row(&s->db, &q, out, e);
    if (rc < 0)
        store_scenario_fini(out);
    return rc;
}

/* ---- changes --------------------------------------------------------------------------------- */

static char *tags_text(const struct store_scenario_text *text)
{
    json_t *tags = json_array();
    for (size_t i = 0; i < text->tag_count; i++)
        json_array_append_new(tags, json_stringn(text->tags[i].ptr, text->tags[i].len));
    char *out = json_dumps(tags, JSON_COMPACT);
    json_decref(tags);
    return out;
}

static int insert_version(struct db *db, const struct scenario_ref *at, uint64_t now_ns,
                          const struct store_scenario_text *text, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q =
        stmt_begin(db, "INSERT INTO scenario_version"
                       " (scenario, version, name, description, tags, created_ns, document)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    char *tags = tags_text(text);
    stmt_bind_u64(&q, 1, at->number);
    stmt_bind_u64(&q, 2, at->version);
    stmt_bind_str(&q, 3, text->name);
    stmt_bind_str(&q, 4, text->description);
    stmt_bind_text(&q, 5, tags);
    stmt_bind_u64(&q, 6, now_ns);
    stmt_bind_str(&q, 7, text->document);
    int rc = stmt_run(&q, e);
    free(tags);
    return rc;
}

static int insert(struct db *db, const char *id, uint64_t now_ns, uint64_t *number, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(
        db, "INSERT INTO scenario (id, version, change, created_ns, updated_ns)"
            " VALUES (?1, 1, (SELECT coalesce(max(change), 0) + 1 FROM scenario), ?2, ?2)");
    stmt_bind_text(&q, 1, id);
    stmt_bind_u64(&q, 2, now_ns);
    int rc = stmt_run(&q, e);
    *number = (uint64_t)sqlite3_last_insert_rowid(db->handle);
    return rc;
}

int store_scenario_create(struct store *s, const struct store_scenario_text *text,
                          struct store_scenario *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    char id[ID_SIZE];
    id_new(id, s->clock);
    uint64_t now_ns = clock_wall_ns(s->clock);
    struct scenario_ref made = {.version = 1};
    AUTO(txn_end) struct txn t;
    int rc = txn_begin(&t, &s->db, e);
    if (rc == 0)
        rc = insert(&s->db, id, now_ns, &made.number, e);
    if (rc == 0)
        rc = insert_version(&s->db, &made, now_ns, text, e);
    if (rc == 0)
        rc = txn_commit(&t, e);
    return rc == 0 ? store_scenario_get(s, str_of(id), out, e) : rc;
}

static int check_version(const struct scenario_ref *at, uint32_t if_version, struct err *e)
{
    if (if_version == 0 || if_version == at->version)
        return 0;
    return err_set(e, -ESTALE,
                   "the scenario was changed meanwhile: its latest version is %u, not %u",
                   at->version, if_version);
}

static int same_document(struct db *db, const struct scenario_ref *at, struct str document,
                         bool *same, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(
        db, "SELECT document FROM scenario_version WHERE scenario = ?1 AND version = ?2");
    stmt_bind_u64(&q, 1, at->number);
    stmt_bind_u64(&q, 2, at->version);
    int rc = stmt_step(&q, e);
    *same = rc > 0 && str_eq(stmt_str(&q, 0), document);
    return rc < 0 ? rc : 0;
}

static int set_latest(struct db *db, const struct scenario_ref *at, uint64_t now_ns, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q =
        stmt_begin(db, "UPDATE scenario SET version = ?2, updated_ns = ?3,"
                       " change = (SELECT max(change) + 1 FROM scenario) WHERE number = ?1");
    stmt_bind_u64(&q, 1, at->number);
    stmt_bind_u64(&q, 2, at->version);
    stmt_bind_u64(&q, 3, now_ns);
    return stmt_run(&q, e);
}

static int add_version(struct store *s, struct scenario_ref *at,
                       const struct store_scenario_text *text, struct err *e)
{
    bool same;
    int rc = same_document(&s->db, at, text->document, &same, e);
    if (rc < 0 || same)
        return rc;
    uint64_t now_ns = clock_wall_ns(s->clock);
    at->version++;
    rc = insert_version(&s->db, at, now_ns, text, e);
    return rc == 0 ? set_latest(&s->db, at, now_ns, e) : rc;
}

int store_scenario_replace(struct store *s, struct str id, uint32_t if_version,
                           const struct store_scenario_text *text, struct store_scenario *out,
                           struct err *e)
{
    memset(out, 0, sizeof *out);
    struct scenario_ref at = {0};
    AUTO(txn_end) struct txn t;
    int rc = txn_begin(&t, &s->db, e);
    if (rc == 0)
        rc = find(&s->db, id, &at, e);
    if (rc == 0 && at.deleting)
        rc = err_set(e, -EBUSY, "scenario %.*s is being deleted", (int)id.len, id.ptr);
    if (rc == 0)
        rc = check_version(&at, if_version, e);
    if (rc == 0)
        rc = add_version(s, &at, text, e);
    if (rc == 0)
        rc = txn_commit(&t, e);
    return rc == 0 ? store_scenario_get(s, id, out, e) : rc;
}

/* ---- deletion -------------------------------------------------------------------------------- */

static int refuse_live(struct db *db, const struct scenario_ref *at, struct err *e)
{
    AUTO(stmt_end)
    struct stmt q = stmt_begin(db, "SELECT id FROM run WHERE scenario = ?1 AND ended_ns = 0");
    stmt_bind_u64(&q, 1, at->number);
    int rc = stmt_step(&q, e);
    if (rc <= 0)
        return rc;
    char id[ID_SIZE];
    stmt_id(&q, 0, id);
    return err_set(e, -EBUSY, "run %s of this scenario is live: stop it first", id);
}

static int mark(struct db *db, const char *sql, const struct scenario_ref *at, struct err *e)
{
    AUTO(stmt_end) struct stmt q = stmt_begin(db, sql);
    stmt_bind_u64(&q, 1, at->number);
    return stmt_run(&q, e);
}

static int mark_deleted(struct db *db, const struct scenario_ref *at, struct err *e)
{
    int rc = refuse_live(db, at, e);
    if (rc == 0)
        rc = mark(db, "UPDATE scenario SET deleting = 1 WHERE number = ?1", at, e);
    if (rc == 0)
        rc = mark(db, "UPDATE run SET deleting = 1 WHERE scenario = ?1", at, e);
    return rc;
}

static int delete (struct store *s, struct str id, uint32_t if_version, struct err *e)
{
    struct scenario_ref at = {0};
    AUTO(txn_end) struct txn t;
    int rc = txn_begin(&t, &s->db, e);
    if (rc == 0)
        rc = find(&s->db, id, &at, e);
    if (rc == 0)
        rc = check_version(&at, if_version, e);
    if (rc == 0 && !at.deleting)
        rc = mark_deleted(&s->db, &at, e);
    return rc == 0 ? txn_commit(&t, e) : rc;
}

int store_scenario_delete(struct store *s, struct str id, uint32_t if_version,
                          struct store_scenario *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    int rc = delete (s, id, if_version, e);
    if (rc == -ENOSPC && reserve_release(s))
        rc = delete (s, id, if_version, e);
    return rc == 0 ? store_scenario_get(s, id, out, e) : rc;
}

/* ---- lists ----------------------------------------------------------------------------------- */

void store_scenario_page_fini(struct store_scenario_page *page)
{
    for (size_t i = 0; i < page->count; i++)
        store_scenario_fini(&page->items[i]);
    free(page->items);
    memset(page, 0, sizeof *page);
}

static int fill_page(struct db *db, struct stmt *q, uint32_t limit, struct store_scenario_page *out,
                     struct err *e)
{
    uint64_t change = 0;
    int rc;
    while ((rc = stmt_step(q, e)) > 0) {
        if (out->count == limit) {
            page_next(out->next, change);
            return 0;
        }
        change = stmt_u64(q, COLUMN_CHANGE);
        rc = take_row(db, q, &out->items[out->count++], e);
        if (rc < 0)
            return rc;
    }
    return rc;
}

int store_scenario_list(struct store *s, const struct store_scenario_query *query,
                        struct store_scenario_page *out, struct err *e)
{
    static const char sql[] =
        "SELECT " SCENARIO_COLUMNS SCENARIO_JOINED " WHERE s.change < ?1"
        " AND (?2 = '' OR contains_nocase(v.name, ?2) OR contains_nocase(v.description, ?2))"
        " AND (?3 = '' OR EXISTS (SELECT 1 FROM json_each(v.tags) tag WHERE tag.value = ?3))"
        " ORDER BY s.change DESC LIMIT ?4";
    memset(out, 0, sizeof *out);
    uint64_t before;
    int rc = page_begin(query->cursor, query->limit, &before, e);
    if (rc < 0)
        return rc;
    AUTO(stmt_end) struct stmt q = stmt_begin(&s->db, sql);
    stmt_bind_u64(&q, 1, before);
    stmt_bind_str(&q, 2, query->contains);
    stmt_bind_str(&q, 3, query->tag);
    stmt_bind_u64(&q, 4, query->limit + 1);
    out->items = mem_alloc(query->limit * sizeof *out->items);
    rc = fill_page(&s->db, &q, query->limit, out, e);
    if (rc < 0)
        store_scenario_page_fini(out);
    return rc;
}
