/* views: what the store has, in the shapes that openapi.json describes. */
#ifndef DAEMON_VIEWS_H
#define DAEMON_VIEWS_H

#include <jansson.h>

#include "daemon_priv.h"

json_t *view_time(uint64_t wall_ns); /* null for 0 */
json_t *view_scenario(struct daemon *d, struct store_scenario *scenario);
json_t *view_version(const struct store_version *version);
/* RunItem. Changes `run`: what is live is newer than what is stored. */
json_t *view_run_item(struct daemon *d, struct store_run *run);
/* Run, with its events, read from the store. -ENOENT and others as store_run_get. */
int view_run(struct daemon *d, struct str id, json_t **out, struct err *e);
/* PlanSummary */
json_t *view_plan(const struct plan *plan, uint32_t workers);

/* As text, which the caller frees. */
char *view_text(const json_t *value);
/* `object` as text with one more member, whose value is JSON text already. Takes the reference. */
void view_with_member(struct buf *out, json_t *object, const char *name, struct str value);

#endif
