/* thresholds: the list of thresholds in a document, and the ones that are added to it. What the
 * text of each says is read by threshold.c.
 */
#include <errno.h>
#include <string.h>

#include "threshold.h"

#define WINDOW_MAX (UINT64_C(600) * NS_PER_S)

struct reading {
    struct str that, name; /* name.ptr NULL: not given */
    bool abort;
    uint64_t grace_ns, window_ns;
};

static void read_that(struct plan_reader *r, const struct plan_place *at, void *into)
{
    plan_line(r, at, 1, PLAN_THRESHOLD_TEXT_MAX, into);
}

static void read_grace(struct plan_reader *r, const struct plan_place *at, void *into)
{
    plan_duration(r, at, 0, PLAN_DURATION_MAX, into);
}

static void read_window(struct plan_reader *r, const struct plan_place *at, void *into)
{
    plan_duration(r, at, NS_PER_S, WINDOW_MAX, into);
}

static const struct plan_key threshold_keys[] = {
    {"that", read_that, offsetof(struct reading, that), true},
    {"for", plan_read_name, offsetof(struct reading, name), false},
    {"abort", plan_read_bool, offsetof(struct reading, abort), false},
    {"grace", read_grace, offsetof(struct reading, grace_ns), false},
    {"window", read_window, offsetof(struct reading, window_ns), false},
};

const struct plan_object plan_object_threshold = {"threshold", threshold_keys,
                                                  sizeof threshold_keys / sizeof threshold_keys[0]};

/* In the plan's memory: `text`, what stands beside it, and its window. */
static struct str full_text(struct plan_arena *arena, const struct reading *t)
{
    char window[DURATION_TEXT_SIZE];
    struct buf text;
    buf_init(&text, PLAN_THRESHOLD_TEXT_MAX + PLAN_NAME_MAX + 100);
    struct str that = str_trim(t->that);
    buf_add(&text, that.ptr, that.len);
    if (t->name.ptr)
        buf_add_format(&text, " for \"%.*s\"", (int)t->name.len, t->name.ptr);
    if (t->window_ns > 0) {
        duration_format(window, t->window_ns);
        buf_add_format(&text, " in any %s", window);
    }
    struct str out = plan_arena_str(arena, buf_str(&text));
    buf_fini(&text);
    return out;
}

/* A count only grows: that it is above a limit can be said at the end alone. */
static bool is_judged_at_the_end_only(const struct plan_threshold *t)
{
    bool count = t->unit && t->unit[0] == '\0';
    return count && t->window_ns == 0 && t->comparison >= PLAN_ABOVE;
}

/* A request with a mistake may be the one that is meant. */
static bool steps_have_problems(const struct plan_reader *r)
{
    for (size_t i = 0; i < r->problems->count; i++) {
        struct str pointer = str_of(r->problems->items[i].pointer);
        if (pointer.len == 0 || str_starts(pointer, "/steps") || str_starts(pointer, "/flows"))
            return true;
    }
    return false;
}

static void check_threshold(struct plan_reader *r, const struct plan_place *at,
                            const struct reading *t)
{
    struct plan_threshold *out = &r->plan->thresholds[r->plan->threshold_count];
    struct plan_place that = *at, name = plan_member(at, "for");
    struct err e;
    *out = (struct plan_threshold){
        .abort = t->abort, .grace_ns = t->grace_ns, .window_ns = t->window_ns};
    if (json_is_object(at->value))
        that = plan_member(at, "that");
    int rc = threshold_parse(r->plan, t->that, t->name, out, &e);
    if (rc == -ENOENT && !steps_have_problems(r))
        plan_problem(r, t->name.ptr ? &name : &that, "%s", e.message);
    else if (rc < 0 && rc != -ENOENT)
        plan_problem(r, &that, "%s", e.message);
    struct plan_place abort = plan_member(at, "abort"), grace = plan_member(at, "grace");
    if (rc == 0 && t->abort && is_judged_at_the_end_only(out))
        plan_problem_key(r, &abort,
                         "whether a number has become so large is only known at the "
                         "end; leave this out, or give a \"window\"");
    if (t->grace_ns > 0 && !t->abort && t->window_ns == 0)
        plan_problem_key(r, &grace, "does nothing without \"abort\" or \"window\"");
    out->text = full_text(r->arena, t);
    r->plan->threshold_count++;
}

static void read_threshold(struct plan_reader *r, const struct plan_place *at)
{
    struct reading t = {.abort = false};
    if (json_is_string(at->value)) {
        read_that(r, at, &t.that);
    } else if (json_is_object(at->value)) {
        plan_read_object(r, at, &plan_object_threshold, &t);
    } else {
        plan_problem(r, at,
                     "must be a string like \"latency p95 < 300ms\", or an object with it as "
                     "\"that\", not %s",
                     plan_kind_text(at->value));
    }
    if (t.that.ptr) /* else it has been reported */
        check_threshold(r, at, &t);
}

void plan_read_thresholds(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan *plan = r->plan;
    size_t count = json_array_size(at->value);
    (void)into;
    if (!plan_is_array(r, at, "thresholds"))
        return;
    if (count > PLAN_THRESHOLDS_MAX) {
        plan_problem(r, at, "has %zu thresholds; at most %d are allowed", count,
                     PLAN_THRESHOLDS_MAX);
        return;
    }
    plan->thresholds = plan_arena_alloc(r->arena, (count + 1) * sizeof *plan->thresholds);
    for (size_t i = 0; i < count; i++) {
        struct plan_place place = plan_element(at, i);
        read_threshold(r, &place);
    }
}

int plan_add_threshold(struct plan *plan, struct str text, struct err *e)
{
    struct plan_threshold t = {.abort = false};
    if (plan->threshold_count >= PLAN_THRESHOLDS_MAX)
        return err_set(e, -EINVAL, "at most %d thresholds are allowed", PLAN_THRESHOLDS_MAX);
    if (text.len > PLAN_THRESHOLD_TEXT_MAX || !str_is_utf8(text))
        return err_set(e, -EINVAL, "must be text in UTF-8 of at most %d bytes",
                       PLAN_THRESHOLD_TEXT_MAX);
    if (threshold_parse(plan, text, (struct str){0}, &t, e) < 0)
        return -EINVAL;
    t.text = plan_arena_str(plan->memory, str_trim(text));
    struct plan_threshold *all =
        plan_arena_alloc(plan->memory, (plan->threshold_count + 1) * sizeof *all);
    if (plan->threshold_count > 0)
        memcpy(all, plan->thresholds, plan->threshold_count * sizeof *all);
    all[plan->threshold_count++] = t;
    plan->thresholds = all;
    return 0;
}
