/* workers: how many worker processes a plan needs: an estimate of what its load costs, with room
 * left, since a worker that is busy all the time sends late.
 */
#include <math.h>

#include "plan_priv.h"

/* CPU time of a worker: what the generator's own health shows for small requests to a target on
 * loopback, rounded up. */
enum {
    REQUEST_NS = 15000,
    TLS_REQUEST_NS = 25000,
    CONNECT_NS = 100000,
    TLS_CONNECT_NS = 1000000,
    ANSWER_NS = 1000000, /* a server needs so long at least: what bounds a user's own pace */
    USERS_OF_WORKER = 20000,
};

#define BUSY_MOST 0.6 /* of a core */

static double request_cost_ns(const struct plan *plan, const struct plan_request *q)
{
    bool tls = plan->origins[q->origin_id].tls;
    double cost = tls ? TLS_REQUEST_NS : REQUEST_NS;
    if (!plan->keep_alive)
        cost += tls ? TLS_CONNECT_NS : CONNECT_NS;
    return cost;
}

static double think_mean_ns(const struct plan_think *think)
{
    double a = (double)think->a_ns;
    return think->kind == PLAN_THINK_UNIFORM ? (a + (double)think->b_ns) / 2 : a;
}

/* Cores that the flow keeps busy at its peak, and the users it may have. */
static double flow_cores(const struct plan *plan, const struct plan_flow *f)
{
    double cost_ns = 0, length_ns = 0; /* of going through the steps once */
    for (size_t i = 0; i < f->step_count; i++) {
        const struct plan_step *step = &f->steps[i];
        if (step->kind == PLAN_STEP_THINK) {
            length_ns += think_mean_ns(&step->think);
        } else if (step->kind == PLAN_STEP_REQUEST) {
            cost_ns += request_cost_ns(plan, &step->request);
            length_ns += ANSWER_NS;
        }
    }
    if (f->load.kind == PLAN_LOAD_RATE)
        return f->load.peak * cost_ns / (double)NS_PER_S;
    return f->load.peak * cost_ns / length_ns;
}

uint32_t plan_workers_wanted(const struct plan *plan, uint32_t cpus)
{
    double cores = 0, users = 0;
    for (size_t i = 0; i < plan->flow_count; i++) {
        const struct plan_load *load = &plan->flows[i].load;
        cores += flow_cores(plan, &plan->flows[i]);
        users += load->kind == PLAN_LOAD_USERS ? load->peak : 0;
    }
    double wanted = ceil(fmax(cores / BUSY_MOST, users / USERS_OF_WORKER));
    return wanted <= 1 || cpus <= 1 ? 1 : wanted >= cpus ? cpus : (uint32_t)wanted;
}
