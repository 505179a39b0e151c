/* fuzz_plan: a scenario is text from a stranger; it becomes a plan or a list of problems, never
 * both, and never neither. A plan's requests can be sent as they are, and its load is asked as a
 * worker would.
 */
#include <stdlib.h>
#include <string.h>

#include "squall/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool has_control_or_space(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || (unsigned char)s.ptr[i] >= 0x7f)
            return true;
    return false;
}

static void check_request(const struct plan *plan, const struct plan_request *q)
{
    check(q->name_id < plan->name_count && q->origin_id < plan->origin_count);
    check(q->method.len > 0 && !has_control_or_space(q->method));
    check(str_starts(q->target, "/") && !has_control_or_space(q->target));
    check(q->target.len <= PLAN_URL_MAX && q->body.len <= PLAN_BODY_MAX);
    check(!has_control_or_space(plan->origins[q->origin_id].authority));
    for (size_t i = 0; i < q->header_count; i++) {
        check(q->headers[i].name.len > 0 && !has_control_or_space(q->headers[i].name));
        for (size_t k = 0; k < q->headers[i].value.len; k++)
            check(!memchr("\r\n", q->headers[i].value.ptr[k], 3));
    }
}

static void check_load(const struct plan_load *load)
{
    enum { ASKED = 50 };
    uint64_t count = load->kind == PLAN_LOAD_RATE ? plan_load_arrivals(load) : 0;
    uint64_t before = 0, t = 0;
    for (uint64_t k = 0; k < ASKED && k < count; k++) {
        uint64_t due = plan_load_arrival_ns(load, count < ASKED ? k : count / ASKED * k);
        check(due >= before && due < load->duration_ns);
        before = due;
    }
    check(plan_load_arrival_ns(load, count) == UINT64_MAX || load->kind == PLAN_LOAD_USERS);
    for (int k = 0; k < ASKED && load->kind == PLAN_LOAD_USERS; k++) {
        uint64_t next = plan_load_next_change_ns(load, t);
        if (next == UINT64_MAX)
            break;
        check(next > t && plan_load_users(load, next) != plan_load_users(load, t));
        check(plan_load_users(load, next - 1) == plan_load_users(load, t));
        t = next;
    }
}

static void check_plan(const struct plan *plan)
{
    check(plan->flow_count > 0 && plan->name.len > 0 && plan->duration_ns > 0);
    check(plan_workers_wanted(plan, 4) >= 1 && plan_workers_wanted(plan, 4) <= 4);
    for (size_t i = 0; i < plan->flow_count; i++) {
        const struct plan_flow *f = &plan->flows[i];
        check_load(&f->load);
        for (size_t k = 0; k < f->step_count; k++)
            if (f->steps[k].kind == PLAN_STEP_REQUEST)
                check_request(plan, &f->steps[k].request);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct plan *plan = NULL;
    struct plan_problems problems;
    plan_problems_init(&problems);
    int code = plan_parse((const char *)data, len, &plan, &problems);
    check((code == 0) == (plan != NULL) && (code == 0) == (problems.count == 0));
    for (size_t i = 0; i < problems.count; i++) {
        check(problems.items[i].line > 0 && problems.items[i].column > 0);
        check(str_is_utf8(str_of(problems.items[i].message)));
        check(str_is_utf8(str_of(problems.items[i].pointer)));
    }
    if (plan)
        check_plan(plan);
    plan_free(plan);
    plan_problems_fini(&problems);
    return 0;
}
