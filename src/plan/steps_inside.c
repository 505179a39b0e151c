/* steps_inside: steps that hold steps: they become part of the one list that a flow goes through,
 * with jumps, so that nothing is nested when it is carried out.
 */
#include <math.h>
#include <string.h>

#include "plan_priv.h"

enum {
    TIMES_MAX = 1000000,
    CHOICES_MAX = 100,
    WEIGHT_MAX = 1000000,
};

/* Its index: the list may move while more is added. */
static uint32_t add(struct plan_reader *r, struct plan_steps *steps, enum plan_step_kind kind)
{
    struct plan_step *step = plan_steps_add(r, steps);
    step->kind = kind;
    return (uint32_t)(steps->count - 1);
}

static uint32_t end_of(const struct plan_steps *steps)
{
    return (uint32_t)steps->count;
}

static bool go_deeper(struct plan_reader *r, const struct plan_place *at)
{
    if (r->depth < PLAN_DEPTH_MAX) {
        r->depth++;
        return true;
    }
    plan_problem(r, at, "is more than %d steps deep", PLAN_DEPTH_MAX);
    return false;
}

/* The steps under `key`; false when there are none. */
static void read_inside(struct plan_reader *r, const struct plan_place *at, const char *key,
                        struct plan_steps *steps)
{
    struct plan_place place = plan_member(at, key);
    if (place.value)
        plan_read_step_list(r, &place, steps);
}

static void later(struct plan_reader *r, const struct plan_place *at, void *into)
{
    (void)r, (void)at, (void)into; /* read in the order of the program */
}

/* ---- repeat ---------------------------------------------------------------------------------- */

static void read_whole(struct plan_reader *r, const struct plan_place *at, double most,
                       uint32_t *out)
{
    double n = json_number_value(at->value);
    if (!json_is_number(at->value) || n < 1 || n > most || floor(n) != n)
        plan_problem(r, at, "must be a whole number, 1 to %.0f", most);
    else
        *out = (uint32_t)n;
}

static void read_times(struct plan_reader *r, const struct plan_place *at, void *into)
{
    read_whole(r, at, TIMES_MAX, into);
}

static const struct plan_key repeat_keys[] = {
    {"times", read_times, 0, true},
    {"steps", later, 0, true},
};
const struct plan_object plan_object_repeat = {"repeat", repeat_keys, 2};

void plan_read_repeat(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_steps *steps = into;
    uint32_t times = 1;
    if (!plan_read_object(r, at, &plan_object_repeat, &times) || !go_deeper(r, at))
        return;
    uint32_t counter = r->depth - 1;
    uint32_t begin = add(r, steps, PLAN_STEP_REPEAT);
    steps->items[begin].loop.counter = counter;
    read_inside(r, at, "steps", steps);
    uint32_t end = add(r, steps, PLAN_STEP_AGAIN);
    steps->items[end].loop = (struct plan_loop){counter, times, begin + 1};
    r->depth--;
}

/* ---- choose ---------------------------------------------------------------------------------- */

static void read_weight(struct plan_reader *r, const struct plan_place *at, void *into)
{
    read_whole(r, at, WEIGHT_MAX, into);
}

static const struct plan_key choice_keys[] = {
    {"weight", read_weight, 0, false},
    {"steps", later, 0, true},
};
const struct plan_object plan_object_choice = {"choice", choice_keys, 2};

void plan_read_choose(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_steps *steps = into;
    size_t count = json_array_size(at->value);
    uint32_t jumps[CHOICES_MAX], sum = 0;
    if (!json_is_array(at->value) || count == 0 || count > CHOICES_MAX) {
        plan_problem(r, at, "must be an array of 1 to %d objects with \"weight\" and \"steps\"",
                     CHOICES_MAX);
        return;
    }
    if (!go_deeper(r, at))
        return;
    uint32_t begin = add(r, steps, PLAN_STEP_CHOOSE);
    struct plan_branch *branches = plan_arena_alloc(r->arena, count * sizeof *branches);
    for (size_t i = 0; i < count; i++) {
        struct plan_place place = plan_element(at, i);
        uint32_t weight = 1;
        plan_read_object(r, &place, &plan_object_choice, &weight);
        sum += weight;
        branches[i] = (struct plan_branch){sum, end_of(steps)};
        read_inside(r, &place, "steps", steps);
        jumps[i] = add(r, steps, PLAN_STEP_JUMP);
    }
    for (size_t i = 0; i < count; i++)
        steps->items[jumps[i]].jump = end_of(steps);
    steps->items[begin].choose.branches = branches;
    steps->items[begin].choose.count = count;
    r->depth--;
}

/* ---- if -------------------------------------------------------------------------------------- */

void plan_read_if(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_steps *steps = into;
    struct plan_condition condition = {.otherwise = 0};
    if (!plan_read_condition(r, at, &condition) || !go_deeper(r, at))
        return;
    uint32_t begin = add(r, steps, PLAN_STEP_IF);
    read_inside(r, at, "then", steps);
    uint32_t jump = add(r, steps, PLAN_STEP_JUMP);
    condition.otherwise = end_of(steps);
    steps->items[begin].condition = condition;
    read_inside(r, at, "else", steps);
    steps->items[jump].jump = end_of(steps);
    r->depth--;
}
