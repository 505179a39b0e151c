/* steps: what one user does, in order: requests (request.c) and pauses. */
#include <string.h>

#include "plan_priv.h"

#define THINK_MAX (UINT64_C(86400) * NS_PER_S)

/* ---- think ----------------------------------------------------------------------------------- */

static void read_uniform(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_think *think = into;
    if (json_array_size(at->value) != 2) {
        plan_problem(r, at, "must be an array of two durations, the least and the most");
        return;
    }
    struct plan_place least = plan_element(at, 0), most = plan_element(at, 1);
    think->kind = PLAN_THINK_UNIFORM;
    bool least_ok = plan_duration(r, &least, 0, THINK_MAX, &think->a_ns);
    bool most_ok = plan_duration(r, &most, 0, THINK_MAX, &think->b_ns);
    if (least_ok && most_ok && think->a_ns > think->b_ns)
        plan_problem(r, at, "the first is the least, the second the most");
}

static void read_exponential(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_think *think = into;
    think->kind = PLAN_THINK_EXPONENTIAL;
    plan_duration(r, at, 1, THINK_MAX, &think->a_ns);
}

static const struct plan_key think_keys[] = {
    {"uniform", read_uniform, 0, false},
    {"exponential", read_exponential, 0, false},
};

const struct plan_object plan_object_think = {"think", think_keys,
                                              sizeof think_keys / sizeof think_keys[0]};

static void check_one_key(struct plan_reader *r, const struct plan_place *at, const char *wanted)
{
    if (json_object_size(at->value) != 1)
        plan_problem(r, at, "must have exactly one key: %s", wanted);
}

/* A duration, or a distribution of them. */
static void read_pause(struct plan_reader *r, const struct plan_place *at, struct plan_think *think)
{
    if (json_is_string(at->value)) {
        plan_duration(r, at, 0, THINK_MAX, &think->a_ns);
    } else if (json_is_object(at->value)) {
        plan_read_object(r, at, &plan_object_think, think);
        check_one_key(r, at, "\"uniform\" or \"exponential\"");
    } else {
        plan_problem(r, at, "must be a duration, or an object, not %s", plan_kind_text(at->value));
    }
}

static void read_think(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_step *step = plan_steps_add(r, into);
    step->kind = PLAN_STEP_THINK;
    read_pause(r, at, &step->think);
}

static void read_pace(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_step *step = plan_steps_add(r, into);
    step->kind = PLAN_STEP_PACE;
    read_pause(r, at, &step->pace);
}

/* ---- steps ----------------------------------------------------------------------------------- */

struct plan_step *plan_steps_add(struct plan_reader *r, struct plan_steps *steps)
{
    if (steps->count == steps->cap) { /* the old ones stay in the arena, half as many */
        size_t cap = steps->cap ? 2 * steps->cap : 8;
        struct plan_step *items = plan_arena_alloc(r->arena, cap * sizeof *items);
        if (steps->count > 0)
            memcpy(items, steps->items, steps->count * sizeof *items);
        steps->items = items;
        steps->cap = cap;
    }
    return &steps->items[steps->count++];
}

static void read_request(struct plan_reader *r, const struct plan_place *at, void *into)
{
    if (++r->requests > PLAN_REQUESTS_MAX) {
        if (r->requests == PLAN_REQUESTS_MAX + 1)
            plan_problem(r, at, "is one request too many; at most %d are allowed in all flows",
                         PLAN_REQUESTS_MAX);
        return;
    }
    struct plan_step *step = plan_steps_add(r, into);
    step->kind = PLAN_STEP_REQUEST;
    plan_read_request(r, at, &step->request);
}

static const struct plan_key step_keys[] = {
    {"request", read_request, 0, false},    {"think", read_think, 0, false},
    {"set", plan_read_set, 0, false},       {"repeat", plan_read_repeat, 0, false},
    {"choose", plan_read_choose, 0, false}, {"if", plan_read_if, 0, false},
    {"pace", read_pace, 0, false},
};

const struct plan_object plan_object_step = {"step", step_keys,
                                             sizeof step_keys / sizeof step_keys[0]};

static bool has_kind(const json_t *step)
{
    for (size_t i = 0; i < plan_object_step.count; i++)
        if (json_object_get(step, step_keys[i].name))
            return true;
    return false;
}

static void read_step(struct plan_reader *r, const struct plan_place *at, struct plan_steps *steps)
{
    if (!plan_read_object(r, at, &plan_object_step, steps))
        return;
    if (has_kind(at->value) || json_object_size(at->value) == 0) /* else it has been reported */
        check_one_key(r, at, "a kind of step, such as \"request\" or \"think\"");
}

void plan_read_step_list(struct plan_reader *r, const struct plan_place *at,
                         struct plan_steps *steps)
{
    if (!plan_is_array(r, at, "steps"))
        return;
    for (size_t i = 0; i < json_array_size(at->value); i++) {
        struct plan_place place = plan_element(at, i);
        read_step(r, &place, steps);
    }
}

/* What has certainly no request inside, nor anything that was meant to be one, perhaps. */
static bool is_other(const json_t *step)
{
    return json_object_get(step, "think") || json_object_get(step, "set") ||
           json_object_get(step, "pace");
}

void plan_read_steps(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_steps *steps = into;
    bool any_request = false;
    plan_read_step_list(r, at, steps);
    for (size_t i = 0; i < json_array_size(at->value); i++)
        any_request = any_request || !is_other(json_array_get(at->value, i));
    if (!any_request && json_is_array(at->value))
        plan_problem(r, at, "there is no request among the steps");
}

/* ---- drawing --------------------------------------------------------------------------------- */

uint64_t plan_think_draw_ns(const struct plan_think *think, struct rng *rng)
{
    switch (think->kind) {
    case PLAN_THINK_FIXED:
        break;
    case PLAN_THINK_UNIFORM:
        return think->a_ns + (uint64_t)(rng_uniform(rng) * (double)(think->b_ns - think->a_ns + 1));
    case PLAN_THINK_EXPONENTIAL:
        return (uint64_t)rng_exponential(rng, (double)think->a_ns);
    }
    return think->a_ns;
}
