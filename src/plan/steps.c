/* steps: what one user does, in order: requests (request.c) and pauses. */
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

static void read_think(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_step *step = into;
    step->kind = PLAN_STEP_THINK;
    if (json_is_string(at->value)) {
        plan_duration(r, at, 0, THINK_MAX, &step->think.a_ns);
    } else if (json_is_object(at->value)) {
        plan_read_object(r, at, &plan_object_think, &step->think);
        check_one_key(r, at, "\"uniform\" or \"exponential\"");
    } else {
        plan_problem(r, at, "must be a duration, or an object, not %s", plan_kind_text(at->value));
    }
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void read_request(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_step *step = into;
    step->kind = PLAN_STEP_REQUEST;
    if (++r->requests > PLAN_REQUESTS_MAX) {
        if (r->requests == PLAN_REQUESTS_MAX + 1)
            plan_problem(r, at, "is one request too many; at most %d are allowed in all flows",
                         PLAN_REQUESTS_MAX);
        return;
    }
    plan_read_request(r, at, &step->request);
}

static const struct plan_key step_keys[] = {
    {"request", read_request, 0, false},
    {"think", read_think, 0, false},
};

const struct plan_object plan_object_step = {"step", step_keys,
                                             sizeof step_keys / sizeof step_keys[0]};

static void read_step(struct plan_reader *r, const struct plan_place *at, struct plan_step *step)
{
    bool known = json_object_get(at->value, "request") || json_object_get(at->value, "think");
    if (!plan_read_object(r, at, &plan_object_step, step))
        return;
    if (known || json_object_size(at->value) == 0) /* else it has been reported */
        check_one_key(r, at, "\"request\" or \"think\"");
}

void plan_read_steps(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_steps *steps = into;
    bool any_request = false; /* or something that was meant to be one, perhaps */
    if (!plan_is_array(r, at, "steps"))
        return;
    steps->items = plan_arena_alloc(r->arena, json_array_size(at->value) * sizeof *steps->items);
    for (size_t i = 0; i < json_array_size(at->value); i++) {
        struct plan_place place = plan_element(at, i);
        read_step(r, &place, &steps->items[steps->count++]);
        any_request = any_request || !json_object_get(place.value, "think");
    }
    if (!any_request)
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
