/* views: what the store has, in the shapes that openapi.json describes. */
#include "views.h"

#include <stdlib.h>

#include "control.h"

static json_t *count_json(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

json_t *view_time(uint64_t wall_ns)
{
    char text[TIME_TEXT_SIZE];
    if (wall_ns == 0)
        return json_null();
    time_format(text, wall_ns);
    return json_string(text);
}

static double seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

/* ---- scenarios ------------------------------------------------------------------------------- */

json_t *view_scenario(struct daemon *d, struct store_scenario *s)
{
    json_t *out = json_object();
    json_object_set_new(out, "id", json_string(s->id));
    json_object_set_new(out, "name", json_string(s->name));
    json_object_set_new(out, "description", json_string(s->description));
    json_object_set(out, "tags", s->tags);
    json_object_set_new(out, "version", count_json(s->version));
    json_object_set_new(out, "created_at", view_time(s->created_ns));
    json_object_set_new(out, "updated_at", view_time(s->updated_ns));
    json_object_set_new(out, "deleting", json_boolean(s->deleting));
    json_object_set_new(out, "runs", count_json(s->runs));
    json_object_set_new(out, "last_run", s->last_run ? view_run_item(d, s->last_run) : json_null());
    return out;
}

json_t *view_version(const struct store_version *v)
{
    json_t *out = json_object();
    json_object_set_new(out, "scenario_id", json_string(v->scenario_id));
    json_object_set_new(out, "version", count_json(v->version));
    json_object_set_new(out, "name", json_string(v->name));
    json_object_set_new(out, "created_at", view_time(v->created_ns));
    return out;
}

char *view_text(const json_t *value)
{
    /* 15 digits: what was measured, without the noise of binary fractions. */
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));
    return text ? text : mem_copy_text("null", 4); /* not UTF-8: nothing that came in by this API */
}

void view_with_member(struct buf *out, json_t *object, const char *name, struct str value)
{
    char *text = view_text(object);
    struct str head = str_of(text);
    json_decref(object);
    buf_add(out, head.ptr, head.len > 0 ? head.len - 1 : 0); /* without its last brace */
    buf_add_format(out, ",\"%s\":", name);
    buf_add(out, value.ptr, value.len);
    buf_add_text(out, "}");
    free(text);
}

/* ---- runs ------------------------------------------------------------------------------------ */

json_t *view_run_item(struct daemon *d, struct store_run *run)
{
    struct live_run *lr = control_find(d->control, str_of(run->id));
    if (lr)
        live_run_overlay(lr, run);
    json_t *out = json_object();
    json_object_set_new(out, "id", json_string(run->id));
    json_object_set_new(out, "scenario_id", json_string(run->scenario_id));
    json_object_set_new(out, "scenario_name", json_string(run->scenario_name));
    json_object_set_new(out, "scenario_version", count_json(run->scenario_version));
    json_object_set_new(out, "state", json_string(run_state_text(run->state)));
    json_object_set_new(out, "reason", text_or_null(run->reason));
    json_object_set_new(out, "passed",
                        run_state_final(run->state) ? json_boolean(run->passed) : json_null());
    json_object_set_new(out, "note", json_string(run->note));
    json_object_set_new(out, "workers", count_json(run->workers));
    json_object_set_new(out, "created_at", view_time(run->created_ns));
    json_object_set_new(out, "started_at", view_time(run->started_ns));
    json_object_set_new(out, "ended_at", view_time(run->ended_ns));
    json_object_set_new(out, "planned_duration_s", json_real(seconds(run->planned_ns)));
    json_object_set_new(out, "summary", run->summary ? json_incref(run->summary) : json_null());
    return out;
}

static json_t *event_json(uint64_t at_ns, const char *from, const char *to, const char *reason)
{
    json_t *out = json_object();
    json_object_set_new(out, "at", view_time(at_ns));
    json_object_set_new(out, "from", text_or_null(from));
    json_object_set_new(out, "to", json_string(to));
    json_object_set_new(out, "reason", text_or_null(reason));
    return out;
}

static json_t *events_json(const struct store_events *events)
{
    json_t *out = json_array();
    for (size_t i = 0; i < events->count; i++) {
        const struct store_event *e = &events->items[i];
        json_array_append_new(out, event_json(e->at_ns, e->first ? NULL : run_state_text(e->from),
                                              run_state_text(e->to), e->reason));
    }
    return out;
}

/* While the disk is full, the remark about it cannot be stored. */
static void add_trouble(struct daemon *d, struct str id, enum run_state state, json_t *events)
{
    uint64_t since_ns = 0;
    struct live_run *lr = control_find(d->control, id);
    const char *trouble = lr ? live_run_trouble(lr, &since_ns) : NULL;
    if (trouble)
        json_array_append_new(
            events, event_json(since_ns, run_state_text(state), run_state_text(state), trouble));
}

int view_run(struct daemon *d, struct str id, json_t **out, struct err *e)
{
    struct store_run AUTO(store_run_fini) run = {0};
    struct store_events AUTO(store_events_fini) events = {0};
    int rc = store_run_get(d->store, id, &run, e);
    if (rc == 0)
        rc = store_run_events(d->store, id, &events, e);
    if (rc < 0)
        return rc;
    *out = view_run_item(d, &run);
    json_t *list = events_json(&events);
    add_trouble(d, id, run.state, list);
    json_object_set_new(*out, "events", list);
    return 0;
}

/* ---- plans ----------------------------------------------------------------------------------- */

static const char *kind_text(enum plan_load_kind kind)
{
    return kind == PLAN_LOAD_USERS ? "users" : "rate";
}

static json_t *str_json(struct str text)
{
    return json_stringn(text.ptr, text.len);
}

static json_t *flow_json(const struct plan_flow *flow)
{
    const struct plan_load *load = &flow->load;
    json_t *out = json_object(), *stages = json_array();
    for (size_t i = 0; i < load->stage_count; i++) {
        json_t *stage = json_object();
        json_object_set_new(stage, "duration_s", json_real(seconds(load->stages[i].duration_ns)));
        json_object_set_new(stage, "from", json_real(load->stages[i].from));
        json_object_set_new(stage, "to", json_real(load->stages[i].to));
        json_array_append_new(stages, stage);
    }
    json_object_set_new(out, "name", str_json(flow->name));
    json_object_set_new(out, "kind", json_string(kind_text(load->kind)));
    json_object_set_new(out, "duration_s", json_real(seconds(load->duration_ns)));
    json_object_set_new(out, "peak", json_real(load->peak));
    json_object_set_new(out, "stages", stages);
    return out;
}

json_t *view_plan(const struct plan *plan, uint32_t workers)
{
    json_t *out = json_object(), *names = json_array(), *flows = json_array();
    const char *kind = kind_text(plan->flows[0].load.kind);
    double peak = 0;
    for (size_t i = 0; i < plan->flow_count; i++) {
        json_array_append_new(flows, flow_json(&plan->flows[i]));
        peak += plan->flows[i].load.peak;
        if (plan->flows[i].load.kind != plan->flows[0].load.kind)
            kind = "mixed";
    }
    for (size_t i = 0; i < plan->name_count; i++)
        json_array_append_new(names, str_json(plan->names[i]));
    json_object_set_new(out, "name", str_json(plan->name));
    json_object_set_new(out, "kind", json_string(kind));
    json_object_set_new(out, "duration_s", json_real(seconds(plan->duration_ns)));
    json_object_set_new(out, "peak", json_real(peak));
    json_object_set_new(out, "requests", names);
    json_object_set_new(out, "workers", count_json(workers));
    json_object_set_new(out, "flows", flows);
    return out;
}
