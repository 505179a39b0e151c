/* versions: reading the versions of a scenario. They are made in scenarios.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store_priv.h"

static void take_row(struct stmt *q, struct store_version *out)
{
    stmt_id(q, 0, out->scenario_id);
    out->version = (uint32_t)stmt_u64(q, 1);
    out->name = stmt_copy(q, 2);
    out->created_ns = stmt_u64(q, 3);
}

void store_version_fini(struct store_version *version)
{
    free(version->name);
    free(version->document);
    memset(version, 0, sizeof *version);
}

int store_version_get(struct store *s, struct str scenario_id, uint32_t version,
                      struct store_version *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    AUTO(stmt_end)
    struct stmt q =
        stmt_begin(&s->db, "SELECT s.id, v.version, v.name, v.created_ns, v.document"
                           " FROM scenario s JOIN scenario_version v ON v.scenario = s.number"
                           " WHERE s.id = ?1 AND v.version = iif(?2 = 0, s.version, ?2)");
    stmt_bind_str(&q, 1, scenario_id);
    stmt_bind_u64(&q, 2, version);
    int rc = stmt_step(&q, e);
    if (rc < 0)
        return rc;
    if (rc == 0 && version > 0)
        return err_set(e, -ENOENT, "there is no version %u of a scenario %.*s", version,
                       (int)scenario_id.len, scenario_id.ptr);
    if (rc == 0)
        return err_set(e, -ENOENT, "there is no scenario %.*s", (int)scenario_id.len,
                       scenario_id.ptr);
    take_row(&q, out);
    out->document = stmt_copy(&q, 4);
    out->document_len = stmt_str(&q, 4).len;
    return 0;
}

void store_version_page_fini(struct store_version_page *page)
{
    for (size_t i = 0; i < page->count; i++)
        store_version_fini(&page->items[i]);
    free(page->items);
    memset(page, 0, sizeof *page);
}

static int fill_page(struct stmt *q, uint32_t limit, struct store_version_page *out, struct err *e)
{
    int rc;
    while ((rc = stmt_step(q, e)) > 0) {
        if (out->count == limit) {
            page_next(out->next, out->items[limit - 1].version);
            return 0;
        }
        take_row(q, &out->items[out->count++]);
    }
    return rc;
}

int store_version_list(struct store *s, struct str scenario_id, struct str cursor, uint32_t limit,
                       struct store_version_page *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    uint64_t before;
    int rc = page_begin(cursor, limit, &before, e);
    if (rc < 0)
        return rc;
    struct store_version latest;
    rc = store_version_get(s, scenario_id, 0, &latest, e);
    store_version_fini(&latest);
    if (rc < 0)
        return rc;
    AUTO(stmt_end)
    struct stmt q =
        stmt_begin(&s->db, "SELECT s.id, v.version, v.name, v.created_ns"
                           " FROM scenario s JOIN scenario_version v ON v.scenario = s.number"
                           " WHERE s.id = ?1 AND v.version < ?2 ORDER BY v.version DESC LIMIT ?3");
    stmt_bind_str(&q, 1, scenario_id);
    stmt_bind_u64(&q, 2, before);
    stmt_bind_u64(&q, 3, limit + 1);
    out->items = mem_alloc(limit * sizeof *out->items);
    rc = fill_page(&q, limit, out, e);
    if (rc < 0)
        store_version_page_fini(out);
    return rc;
}
