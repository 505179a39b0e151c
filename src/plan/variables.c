/* variables: what a document sets, wherever that is: known before anything that uses it is read, so
 * that a name which nothing sets is found when the plan is loaded.
 */
#include <string.h>

#include "plan_priv.h"

uint32_t plan_variable_find(const struct plan *plan, struct str name)
{
    for (size_t i = 0; i < plan->variable_count; i++)
        if (str_eq(plan->variables[i], name))
            return (uint32_t)i;
    return UINT32_MAX;
}

static bool is_name(struct str name)
{
    bool ok = name.len > 0 && name.len <= PLAN_NAME_MAX && !(*name.ptr >= '0' && *name.ptr <= '9');
    for (size_t i = 0; ok && i < name.len; i++) {
        char c = name.ptr[i];
        ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             c == '_' || (c == '-' && i > 0);
    }
    return ok;
}

/* The keys of `at`, which is where they are to be reported. */
static void add_names(struct plan_reader *r, const struct plan_place *at)
{
    struct plan *plan = r->plan;
    const char *name;
    json_t *value;
    json_object_foreach(at->value, name, value)
    {
        struct plan_place place = {.up = at, .value = value, .key = name};
        struct str text = str_of(name);
        if (!is_name(text))
            plan_problem_key(r, &place,
                             "a variable's name consists of letters, digits, \"_\" and \"-\", and "
                             "begins with a letter or \"_\"");
        else if (plan_variable_find(plan, text) != UINT32_MAX)
            continue;
        else if (plan->variable_count == PLAN_VARIABLES_MAX)
            plan_problem_key(r, &place, "is one variable too many; at most %d are allowed",
                             PLAN_VARIABLES_MAX);
        else
            plan->variables[plan->variable_count++] = plan_arena_str(r->arena, text);
    }
}

/* Steps may stand inside steps, so all is gone through but what holds a user's own keys. */
static void collect(struct plan_reader *r, const struct plan_place *at)
{
    const char *name;
    json_t *value;
    json_object_foreach(at->value, name, value)
    {
        struct plan_place place = {.up = at, .value = value, .key = name};
        if (strcmp(name, "set") == 0 || strcmp(name, "captures") == 0)
            add_names(r, &place);
        else if (strcmp(name, "json") != 0 && strcmp(name, "headers") != 0)
            collect(r, &place);
    }
    for (size_t i = 0; i < json_array_size(at->value); i++) {
        struct plan_place place = plan_element(at, i);
        collect(r, &place);
    }
}

void plan_variables_collect(struct plan_reader *r, const struct plan_place *root)
{
    struct plan_place initial = plan_member(root, "variables"), place;
    r->plan->variables = plan_arena_alloc(r->arena, PLAN_VARIABLES_MAX * sizeof(struct str));
    add_names(r, &initial);
    place = plan_member(root, "steps");
    collect(r, &place);
    place = plan_member(root, "flows");
    collect(r, &place);
}

void plan_read_variables(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan *plan = r->plan;
    const char *name;
    json_t *value;
    (void)into;
    if (!json_is_object(at->value)) {
        plan_problem(r, at, "must be an object of names and values, not %s",
                     plan_kind_text(at->value));
        return;
    }
    plan->initial = plan_arena_alloc(r->arena, PLAN_VARIABLES_MAX * sizeof *plan->initial);
    json_object_foreach(at->value, name, value)
    {
        struct plan_place place = {.up = at, .value = value, .key = name};
        uint32_t slot = plan_variable_find(plan, str_of(name));
        if (slot == UINT32_MAX) /* has been reported */
            continue;
        struct plan_assignment *a = &plan->initial[plan->initial_count++];
        a->slot = slot;
        plan_template_read(r, &place, &a->value);
    }
}

void plan_read_set(struct plan_reader *r, const struct plan_place *at, void *into)
{
    const char *name;
    json_t *value;
    if (json_object_size(at->value) == 0) {
        plan_problem(r, at, "must be an object of names and values that is not empty");
        return;
    }
    json_object_foreach(at->value, name, value)
    {
        struct plan_place place = {.up = at, .value = value, .key = name};
        uint32_t slot = plan_variable_find(r->plan, str_of(name));
        if (slot == UINT32_MAX)
            continue;
        struct plan_step *step = plan_steps_add(r, into);
        step->kind = PLAN_STEP_SET;
        step->set.slot = slot;
        plan_template_read(r, &place, &step->set.value);
    }
}
