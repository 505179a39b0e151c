/* changes: the load as it is once its level was changed while it ran: stages again, cut where a
 * change takes effect, so that all that is computed from stages holds for it too. What lies before
 * a change stays as it was.
 */
#include <math.h>

#include "plan_priv.h"

static void add_stage(struct plan_load *out, uint64_t duration_ns, double from, double to,
                      double factor)
{
    out->stages[out->stage_count++] = (struct plan_stage){duration_ns, from * factor, to * factor};
    out->peak = fmax(out->peak, fmax(from, to) * factor);
}

void plan_load_changed(const struct plan_load *planned, const struct plan_change *changes,
                       size_t count, struct plan_load *out)
{
    *out = *planned;
    out->stages = mem_alloc((planned->stage_count + count) * sizeof *out->stages);
    out->stage_count = 0;
    out->peak = 0;
    uint64_t begin_ns = 0; /* of what is left of the stage */
    double factor = 1;
    size_t next = 0;
    for (size_t i = 0; i < planned->stage_count; i++) {
        struct plan_stage rest = planned->stages[i];
        for (; next < count && changes[next].at_ns < begin_ns + rest.duration_ns; next++) {
            uint64_t at_ns = changes[next].at_ns > begin_ns ? changes[next].at_ns - begin_ns : 0;
            double share = (double)at_ns / (double)rest.duration_ns;
            double level = rest.from + (rest.to - rest.from) * share;
            if (at_ns > 0)
                add_stage(out, at_ns, rest.from, level, factor);
            rest = (struct plan_stage){rest.duration_ns - at_ns, level, rest.to};
            begin_ns += at_ns;
            factor = changes[next].factor;
        }
        add_stage(out, rest.duration_ns, rest.from, rest.to, factor);
        begin_ns += rest.duration_ns;
    }
}
