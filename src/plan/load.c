/* load: a document's "load" becomes stages: how many users, or how many arrivals a second, for how
 * long. What follows from stages is in level.c and arrivals.c.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "plan_priv.h"

/* An object "load" while it is read. */
struct load_reading {
    const json_t *users; /* as they are there */
    const json_t *rate;
    const json_t *ramp;
    const json_t *duration;
    const char *counted_key;   /* one that counts iterations; NULL: none is there */
    const char *open_only_key; /* one that goes with "rate" only; NULL: none is there */
    bool level_ok;             /* the number that `users` or `rate` is, when it is one */
    double level;
    uint64_t ramp_ns; /* 0: none, or a mistake */
    uint64_t duration_ns;
    struct plan_load *load;
};

/* ---- levels ---------------------------------------------------------------------------------- */

static bool read_users_level(struct plan_reader *r, const struct plan_place *at, double min,
                             double *out)
{
    double n = json_number_value(at->value);
    if (!json_is_number(at->value) || n < min || n > PLAN_USERS_MAX || floor(n) != n) {
        plan_problem(r, at, "must be a whole number of users, %.0f to %d", min, PLAN_USERS_MAX);
        return false;
    }
    *out = n;
    return true;
}

static bool read_rate_level(struct plan_reader *r, const struct plan_place *at, bool zero,
                            double *out)
{
    double n = json_number_value(at->value);
    if (!json_is_number(at->value) || n < 0 || (n == 0 && !zero) || n > PLAN_RATE_MAX) {
        plan_problem(r, at, "must be a number of arrivals per second, %s to %d",
                     zero ? "0" : "above 0", PLAN_RATE_MAX);
        return false;
    }
    *out = n;
    return true;
}

/* ---- stages ---------------------------------------------------------------------------------- */

struct stage_reading {
    enum plan_load_kind kind;
    bool target_ok;
    struct plan_stage stage;
};

static void read_stage_target(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct stage_reading *s = into;
    s->target_ok = s->kind == PLAN_LOAD_USERS ? read_users_level(r, at, 0, &s->stage.to)
                                              : read_rate_level(r, at, true, &s->stage.to);
}

static void read_stage_duration(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct stage_reading *s = into;
    plan_duration(r, at, 0, PLAN_DURATION_MAX, &s->stage.duration_ns);
}

static const struct plan_key stage_keys[] = {
    {"target", read_stage_target, 0, true},
    {"duration", read_stage_duration, 0, true},
};

const struct plan_object plan_object_stage = {"stage", stage_keys,
                                              sizeof stage_keys / sizeof stage_keys[0]};

/* `at` is the array; all its stages are there, right or wrong. */
static void check_stages(struct plan_reader *r, const struct plan_place *at,
                         const struct plan_load *load)
{
    bool any = false;
    uint64_t sum = 0;
    for (size_t i = 0; i < load->stage_count; i++) {
        const struct plan_stage *s = &load->stages[i];
        any = any || (s->duration_ns > 0 && (s->from > 0 || s->to > 0));
        sum = sum > PLAN_DURATION_MAX ? sum : sum + s->duration_ns;
    }
    if (sum == 0)
        plan_problem(r, at, "all stages together last no time");
    else if (!any)
        plan_problem(r, at, "no stage brings any load");
    else if (sum > PLAN_DURATION_MAX)
        plan_problem(r, at, "all stages together last more than 366 days");
}

static void read_stages(struct plan_reader *r, const struct plan_place *at, struct plan_load *load)
{
    size_t count = json_array_size(at->value), before = r->problems->count;
    double from = 0;
    if (count == 0 || count > PLAN_STAGES_MAX) {
        plan_problem(r, at, "has %zu stages; 1 to %d are allowed", count, PLAN_STAGES_MAX);
        return;
    }
    load->stages = plan_arena_alloc(r->arena, count * sizeof *load->stages);
    for (size_t i = 0; i < count; i++) {
        struct plan_place place = plan_element(at, i);
        struct stage_reading s = {.kind = load->kind, .stage.from = from, .stage.to = from};
        plan_read_object(r, &place, &plan_object_stage, &s);
        load->stages[load->stage_count++] = s.stage;
        from = s.stage.to;
    }
    if (r->problems->count == before)
        check_stages(r, at, load);
}

/* A number for the whole duration, with the ramp up to it, if any. */
static void make_stages(struct plan_reader *r, struct load_reading *l)
{
    struct plan_load *load = l->load;
    uint64_t level_ns = l->duration_ns - l->ramp_ns;
    load->stages = plan_arena_alloc(r->arena, 2 * sizeof *load->stages);
    if (l->ramp_ns > 0)
        load->stages[load->stage_count++] = (struct plan_stage){l->ramp_ns, 0, l->level};
    if (level_ns > 0)
        load->stages[load->stage_count++] = (struct plan_stage){level_ns, l->level, l->level};
}

/* ---- the object ------------------------------------------------------------------------------ */

static void read_users(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct load_reading *l = into;
    l->users = at->value;
    l->load->kind = PLAN_LOAD_USERS;
    if (json_is_array(at->value))
        read_stages(r, at, l->load);
    else if (json_is_number(at->value))
        l->level_ok = read_users_level(r, at, 1, &l->level);
    else
        plan_problem(r, at, "must be a number of users or an array of stages, not %s",
                     plan_kind_text(at->value));
}

static void read_rate(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct load_reading *l = into;
    l->rate = at->value;
    if (l->users) {
        plan_problem_key(r, at, "\"users\" and \"rate\" exclude each other; leave one out");
        return;
    }
    l->load->kind = PLAN_LOAD_RATE;
    if (json_is_array(at->value))
        read_stages(r, at, l->load);
    else if (json_is_number(at->value))
        l->level_ok = read_rate_level(r, at, false, &l->level);
    else
        plan_problem(r, at, "must be arrivals per second or an array of stages, not %s",
                     plan_kind_text(at->value));
}

static void read_duration(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct load_reading *l = into;
    l->duration = at->value;
    plan_duration(r, at, 1, PLAN_DURATION_MAX, &l->duration_ns);
}

static void read_ramp(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct load_reading *l = into;
    l->ramp = at->value;
    if (plan_duration(r, at, 0, PLAN_DURATION_MAX, &l->ramp_ns) && l->duration_ns > 0 &&
        l->ramp_ns > l->duration_ns)
        plan_problem(r, at, "is longer than \"duration\", which includes it");
}

/* Of several, the first of the table is told. */
static void note_open_only(struct load_reading *l, const struct plan_place *at)
{
    if (!l->open_only_key)
        l->open_only_key = at->key;
}

/* One of the words, whose index is the answer; -1 and a problem when it is none. */
static int read_word(struct plan_reader *r, const struct plan_place *at, const char *first,
                     const char *second)
{
    const char *text = json_string_value(at->value);
    if (text && strcmp(text, first) == 0)
        return 0;
    if (text && strcmp(text, second) == 0)
        return 1;
    plan_problem(r, at, "must be \"%s\" or \"%s\"", first, second);
    return -1;
}

static void read_arrivals(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct load_reading *l = into;
    note_open_only(l, at);
    l->load->arrivals = read_word(r, at, "constant", "poisson") == 1 ? PLAN_ARRIVALS_POISSON
                                                                     : PLAN_ARRIVALS_CONSTANT;
}

static void read_when_busy(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct load_reading *l = into;
    note_open_only(l, at);
    l->load->when_busy = read_word(r, at, "queue", "drop") == 1 ? PLAN_BUSY_DROP : PLAN_BUSY_QUEUE;
}

static void read_seed(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct load_reading *l = into;
    json_int_t n = json_integer_value(at->value);
    note_open_only(l, at);
    if (!json_is_integer(at->value) || n < 0 || n > (json_int_t)PLAN_SEED_MAX)
        plan_problem(r, at, "must be a whole number, 0 to %" PRIu64, PLAN_SEED_MAX);
    else
        l->load->seed = (uint64_t)n;
}

static void read_max_users(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct load_reading *l = into;
    double n = json_number_value(at->value);
    note_open_only(l, at);
    if (!json_is_number(at->value) || n < 1 || n > PLAN_USERS_MAX || floor(n) != n)
        plan_problem(r, at, "must be a whole number, 1 to %d", PLAN_USERS_MAX);
    else
        l->load->max_users = (uint32_t)n;
}

static void read_count(struct plan_reader *r, const struct plan_place *at, struct load_reading *l,
                       uint64_t *out)
{
    json_int_t n = json_integer_value(at->value);
    if (l->counted_key)
        plan_problem_key(r, at,
                         "\"iterations\" and \"iterations_per_user\" exclude each other;"
                         " leave one out");
    l->counted_key = at->key;
    if (!json_is_integer(at->value) || n < 1 || (uint64_t)n > PLAN_ITERATIONS_MAX)
        plan_problem(r, at, "must be a whole number, 1 to %" PRIu64, PLAN_ITERATIONS_MAX);
    else
        *out = (uint64_t)n;
}

static void read_iterations(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct load_reading *l = into;
    read_count(r, at, l, &l->load->iterations);
}

static void read_iterations_per_user(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct load_reading *l = into;
    read_count(r, at, l, &l->load->iterations_per_user);
}

/* The ramp comes after the duration, which it is compared with. */
static const struct plan_key load_keys[] = {
    {"users", read_users, 0, false},
    {"rate", read_rate, 0, false},
    {"duration", read_duration, 0, false},
    {"ramp", read_ramp, 0, false},
    {"max_users", read_max_users, 0, false},
    {"arrivals", read_arrivals, 0, false},
    {"seed", read_seed, 0, false},
    {"when_busy", read_when_busy, 0, false},
    {"iterations", read_iterations, 0, false},
    {"iterations_per_user", read_iterations_per_user, 0, false},
};

const struct plan_object plan_object_load = {"load", load_keys,
                                             sizeof load_keys / sizeof load_keys[0]};

static void check_keys(struct plan_reader *r, const struct plan_place *at,
                       const struct load_reading *l)
{
    const json_t *level = l->users ? l->users : l->rate;
    struct plan_place ramp = plan_member(at, "ramp"), duration = plan_member(at, "duration");
    if (!level && !plan_is_misspelt(at, &plan_object_load, "users") &&
        !plan_is_misspelt(at, &plan_object_load, "rate"))
        plan_problem(r, at, "needs \"users\" (closed model) or \"rate\" (open model)");
    if (l->open_only_key && l->users && !l->rate) {
        struct plan_place place = plan_member(at, l->open_only_key);
        plan_problem_key(r, &place, "goes with \"rate\" only; leave it out");
    }
    if (l->counted_key && l->rate && !l->users) {
        struct plan_place place = plan_member(at, l->counted_key);
        plan_problem_key(r, &place, "goes with \"users\" only; leave it out");
    }
    if (json_is_array(level) && l->ramp)
        plan_problem_key(r, &ramp, "goes with a number only; a ramp is a stage here");
    if (json_is_array(level) && l->duration)
        plan_problem_key(r, &duration, "goes with a number only; stages have their own");
    if (!json_is_array(level) && !l->duration && l->counted_key &&
        l->ramp_ns > PLAN_ITERATIONS_DURATION)
        plan_problem_key(r, &ramp,
                         "is longer than the hour that a load without \"duration\" has"
                         " at most");
    if (!json_is_array(level) && !l->duration && !l->counted_key)
        plan_problem_missing(r, &duration, &plan_object_load);
}

void plan_read_load(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct plan_load *load = into;
    struct load_reading l = {.load = load};
    load->max_users = PLAN_MAX_USERS_DEFAULT;
    load->seed = PLAN_SEED_DEFAULT;
    if (!plan_read_object(r, at, &plan_object_load, &l))
        return;
    check_keys(r, at, &l);
    if (!l.duration && l.counted_key)
        l.duration_ns = PLAN_ITERATIONS_DURATION;
    if (l.level_ok && l.ramp_ns <= l.duration_ns)
        make_stages(r, &l);
    for (size_t i = 0; i < load->stage_count; i++) {
        const struct plan_stage *s = &load->stages[i];
        load->duration_ns += s->duration_ns;
        load->peak = fmax(load->peak, fmax(s->from, s->to));
    }
}
