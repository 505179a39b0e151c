/* plan: a whole scenario document becomes a plan, or the list of all its problems. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan_priv.h"

/* The document, or one of its flows, while it is read. */
struct flow_reading {
    struct str name;
    struct plan_load load;
    struct plan_steps steps;
    bool has_load;
};

struct scenario_reading {
    struct flow_reading flow; /* the keys that the document shares with its flows */
    bool has_flows;
};

/* ---- what a scenario says about itself ------------------------------------------------------- */

static void read_description(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct str text;
    (void)into;
    if (!plan_text(r, at, &text))
        return;
    if (text.len > PLAN_DESCRIPTION_MAX)
        plan_problem(r, at, "is %zu bytes long; at most %d are allowed", text.len,
                     PLAN_DESCRIPTION_MAX);
    else
        r->plan->description = text;
}

static void read_tag(struct plan_reader *r, const struct plan_place *at)
{
    struct plan *plan = r->plan;
    struct str tag;
    if (!plan_line(r, at, 1, PLAN_TAG_MAX, &tag))
        return;
    for (size_t i = 0; i < plan->tag_count; i++) {
        if (str_eq(plan->tags[i], tag)) {
            plan_problem(r, at, "%s is there twice; leave one out", plan_quote(tag).text);
            return;
        }
    }
    plan->tags[plan->tag_count++] = tag;
}

static void read_tags(struct plan_reader *r, const struct plan_place *at, void *into)
{
    size_t count = json_array_size(at->value);
    (void)into;
    if (!plan_is_array(r, at, "words"))
        return;
    if (count > PLAN_TAGS_MAX) {
        plan_problem(r, at, "has %zu tags; at most %d are allowed", count, PLAN_TAGS_MAX);
        return;
    }
    r->plan->tags = plan_arena_alloc(r->arena, count * sizeof *r->plan->tags);
    for (size_t i = 0; i < count; i++) {
        struct plan_place place = plan_element(at, i);
        read_tag(r, &place);
    }
}

static void read_schema_name(struct plan_reader *r, const struct plan_place *at, void *into)
{
    (void)into;
    if (!json_is_string(at->value))
        plan_problem(r, at, "must be a string, not %s", plan_kind_text(at->value));
}

/* ---- flows ----------------------------------------------------------------------------------- */

static void read_flow_load(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct flow_reading *f = into;
    f->has_load = true;
    plan_read_load(r, at, &f->load);
}

static const struct plan_key flow_keys[] = {
    {"name", plan_read_name, offsetof(struct flow_reading, name), true},
    {"load", read_flow_load, 0, true},
    {"steps", plan_read_steps, offsetof(struct flow_reading, steps), true},
};

const struct plan_object plan_object_flow = {"flow", flow_keys,
                                             sizeof flow_keys / sizeof flow_keys[0]};

/* Flows that share a seed are independent of each other all the same. */
static void add_poisson(struct plan_reader *r, struct plan_load *load, size_t flow)
{
    if (load->kind != PLAN_LOAD_RATE || load->arrivals != PLAN_ARRIVALS_POISSON)
        return;
    load->poisson = plan_arena_alloc(r->arena, sizeof *load->poisson);
    plan_poisson_init(load->poisson, plan_poisson_seed(load->seed, flow));
}

static void add_flow(struct plan_reader *r, struct flow_reading *f, struct str name)
{
    struct plan *plan = r->plan;
    add_poisson(r, &f->load, plan->flow_count);
    plan->flows[plan->flow_count++] =
        (struct plan_flow){name, f->load, f->steps.items, f->steps.count};
    if (f->load.duration_ns > plan->duration_ns)
        plan->duration_ns = f->load.duration_ns;
}

static void check_flow_name(struct plan_reader *r, const struct plan_place *at, struct str name)
{
    struct plan_place place = plan_member(at, "name");
    for (size_t i = 0; i < r->plan->flow_count; i++)
        if (name.len > 0 && str_eq(r->plan->flows[i].name, name))
            plan_problem(r, &place, "%s is the name of another flow", plan_quote(name).text);
}

static void read_flows(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct scenario_reading *s = into;
    size_t count = json_array_size(at->value);
    s->has_flows = true;
    if (!plan_is_array(r, at, "flows"))
        return;
    if (count == 0 || count > PLAN_REQUESTS_MAX) { /* each has a request at least */
        plan_problem(r, at, "has %zu flows; 1 to %d are allowed", count, PLAN_REQUESTS_MAX);
        return;
    }
    r->plan->flows = plan_arena_alloc(r->arena, count * sizeof *r->plan->flows);
    for (size_t i = 0; i < count; i++) {
        struct plan_place place = plan_element(at, i);
        struct flow_reading f = {.has_load = false};
        plan_read_object(r, &place, &plan_object_flow, &f);
        check_flow_name(r, &place, f.name);
        add_flow(r, &f, f.name);
    }
}

/* ---- the document ---------------------------------------------------------------------------- */

#define FLOW_FIELD(field) offsetof(struct scenario_reading, flow.field)

static void read_warm_up(struct plan_reader *r, const struct plan_place *at, void *into)
{
    uint64_t ns;
    (void)into;
    if (!plan_duration(r, at, 0, PLAN_DURATION_MAX, &ns))
        return;
    if (ns % NS_PER_S != 0)
        plan_problem(r, at, "must be whole seconds: numbers are kept by the second");
    else
        r->plan->warm_up_ns = ns;
}

/* The target, data and variables come before the steps, which build on them, and those before what
 * names requests. */
static const struct plan_key scenario_keys[] = {
    {"$schema", read_schema_name, 0, false},
    {"name", plan_read_name, FLOW_FIELD(name), true},
    {"description", read_description, 0, false},
    {"tags", read_tags, 0, false},
    {"target", plan_read_target, 0, false},
    {"data", plan_read_data, 0, false},
    {"variables", plan_read_variables, 0, false},
    {"load", read_flow_load, offsetof(struct scenario_reading, flow), false},
    {"steps", plan_read_steps, FLOW_FIELD(steps), false},
    {"flows", read_flows, 0, false},
    {"thresholds", plan_read_thresholds, 0, false},
    {"warm_up", read_warm_up, 0, false},
};

const struct plan_object plan_object_scenario = {"", scenario_keys,
                                                 sizeof scenario_keys / sizeof scenario_keys[0]};

static void check_flows(struct plan_reader *r, const struct plan_place *at,
                        const struct scenario_reading *s)
{
    static const char *const shared[] = {"load", "steps"};
    for (size_t i = 0; i < 2; i++) {
        struct plan_place place = plan_member(at, shared[i]);
        if (s->has_flows && place.value)
            plan_problem_key(r, &place, "\"flows\" takes the place of \"%s\"; leave one out",
                             shared[i]);
        else if (!s->has_flows && !place.value)
            plan_problem_missing(r, &place, &plan_object_scenario);
    }
}

/* All flows run side by side. */
static void check_sums(struct plan_reader *r, const struct plan_place *at)
{
    double users = 0, rate = 0;
    for (size_t i = 0; i < r->plan->flow_count; i++) {
        const struct plan_load *load = &r->plan->flows[i].load;
        users += load->kind == PLAN_LOAD_USERS ? load->peak : 0;
        rate += load->kind == PLAN_LOAD_RATE ? load->peak : 0;
    }
    if (users > PLAN_USERS_MAX)
        plan_problem(r, at, "the flows have %.0f users together; at most %d are allowed", users,
                     PLAN_USERS_MAX);
    if (rate > PLAN_RATE_MAX)
        plan_problem(r, at,
                     "the flows have %.0f arrivals per second together; at most %d are "
                     "allowed",
                     rate, PLAN_RATE_MAX);
}

/* What follows has to be measured. */
static void check_warm_up(struct plan_reader *r, const struct plan_place *at)
{
    struct plan_place place = plan_member(at, "warm_up");
    if (r->plan->warm_up_ns > 0 && r->plan->duration_ns > 0 &&
        r->plan->warm_up_ns >= r->plan->duration_ns)
        plan_problem(r, &place,
                     "lasts as long as all of the load; nothing would be left to "
                     "measure");
}

static void read_document(struct plan_reader *r, json_t *root)
{
    struct plan *plan = r->plan;
    struct plan_place at = {.value = root};
    struct scenario_reading s = {.has_flows = false};
    plan->names = plan_arena_alloc(r->arena, PLAN_REQUESTS_MAX * sizeof *plan->names);
    plan->origins = plan_arena_alloc(r->arena, PLAN_REQUESTS_MAX * sizeof *plan->origins);
    plan->tls.verify = true;
    plan->keep_alive = true;
    plan->streams = PLAN_STREAMS_DEFAULT;
    plan->drain_ns = PLAN_DRAIN_DEFAULT;
    r->defaults.timeouts = (struct plan_timeouts){
        .dns_ns = 5 * NS_PER_S,
        .connect_ns = 5 * NS_PER_S,
        .tls_ns = 5 * NS_PER_S,
        .response_ns = 30 * NS_PER_S,
        .total_ns = 60 * NS_PER_S,
    };
    plan_variables_collect(r, &at);
    if (!plan_read_object(r, &at, &plan_object_scenario, &s))
        return;
    plan->name = s.flow.name;
    check_flows(r, &at, &s);
    plan_check_network(r, &at);
    if (s.has_flows) {
        struct plan_place flows = plan_member(&at, "flows");
        check_sums(r, &flows);
    } else {
        plan->flows = plan_arena_alloc(r->arena, sizeof *plan->flows);
        add_flow(r, &s.flow, STR("main"));
    }
    check_warm_up(r, &at);
}

/* ---- text to JSON ---------------------------------------------------------------------------- */

/* jansson quotes what it has read so far, which may end inside a character. */
static void clean(char *text)
{
    for (size_t n; *text; text += n > 0 ? n : 1) {
        n = str_utf8_char(str_of(text));
        if (n == 0 || (unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
    }
}

static json_t *load_text(struct str text, bool *duplicates, struct plan_problems *problems)
{
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_error_t error;
    json_t *root = json_loadb(text.ptr, text.len, flags | JSON_REJECT_DUPLICATES, &error);
    *duplicates = !root && json_error_code(&error) == json_error_duplicate_key;
    if (*duplicates) /* read on: all of them are to be reported */
        root = json_loadb(text.ptr, text.len, flags, &error);
    if (!root) {
        clean(error.text);
        plan_problem_text(problems, error.line > 0 ? (unsigned)error.line : 1,
                          error.column > 0 ? (unsigned)error.column : 1, "this is not JSON: %s",
                          error.text);
    }
    return root;
}

/* Some editors begin a file with it; RFC 8259, section 8.1 lets a parser ignore it. */
static struct str without_byte_order_mark(struct str text)
{
    if (str_starts(text, "\xef\xbb\xbf"))
        return (struct str){text.ptr + 3, text.len - 3};
    return text;
}

static void parse(struct plan_reader *r)
{
    bool duplicates;
    json_t *root = load_text(r->text, &duplicates, r->problems);
    if (!root)
        return;
    plan_index_init(&r->index, r->text);
    if (duplicates)
        plan_problems_of_duplicates(r);
    read_document(r, root);
    plan_problems_locate(r);
    plan_index_fini(&r->index);
    json_decref(root);
}

int plan_parse(const char *text, size_t len, struct plan **out, struct plan_problems *problems)
{
    struct plan_reader *r = mem_alloc(sizeof *r);
    struct plan *plan = NULL;
    plan_problems_fini(problems);
    r->text = without_byte_order_mark((struct str){text, len});
    r->problems = problems;
    r->arena = plan_arena_new();
    r->plan = plan_arena_alloc(r->arena, sizeof *plan);
    r->plan->memory = r->arena;
    if (str_trim(r->text).len == 0)
        plan_problem_text(problems, 1, 1, "the document is empty");
    else if (len > PLAN_DOCUMENT_MAX)
        plan_problem_text(problems, 1, 1, "the document is %zu bytes long; at most %d are allowed",
                          len, PLAN_DOCUMENT_MAX);
    else
        parse(r);
    if (problems->count > 0)
        plan_arena_free(r->arena);
    else
        plan = r->plan;
    free(r);
    *out = plan;
    return plan ? 0 : -EINVAL;
}

void plan_free(struct plan *plan)
{
    if (plan)
        plan_arena_free(plan->memory);
}
