/* level: which level of load holds at an instant, and how many users that is. */
#include <math.h>

#include "plan_priv.h"

/* In the stage, `t_ns` after its begin. Never goes against the stage's direction as t_ns grows,
 * which the search below builds on. */
static double level_in(const struct plan_stage *s, uint64_t t_ns)
{
    return s->from + (s->to - s->from) * ((double)t_ns / (double)s->duration_ns);
}

static uint32_t users_in(const struct plan_stage *s, uint64_t t_ns)
{
    return (uint32_t)lround(level_in(s, t_ns));
}

/* The stage that `*t_ns` falls into, which becomes the time since its begin; NULL after the end.
 * Stages of no length hold no instant. */
static const struct plan_stage *stage_at(const struct plan_load *load, uint64_t *t_ns)
{
    for (size_t i = 0; i < load->stage_count; i++) {
        if (*t_ns < load->stages[i].duration_ns)
            return &load->stages[i];
        *t_ns -= load->stages[i].duration_ns;
    }
    return NULL;
}

double plan_load_level(const struct plan_load *load, uint64_t t_ns)
{
    const struct plan_stage *s = stage_at(load, &t_ns);
    return s ? level_in(s, t_ns) : 0;
}

uint32_t plan_load_users(const struct plan_load *load, uint64_t t_ns)
{
    const struct plan_stage *s = stage_at(load, &t_ns);
    return s ? users_in(s, t_ns) : 0;
}

/* ---- the next change ------------------------------------------------------------------------- */

/* About when the line crosses half-way to the next number of users. */
static uint64_t guess(const struct plan_stage *s, uint32_t users)
{
    double border = users + (s->to > s->from ? 0.5 : -0.5);
    double t = (border - s->from) / (s->to - s->from) * (double)s->duration_ns;
    return t <= 0 ? 0 : t >= (double)s->duration_ns ? s->duration_ns - 1 : (uint64_t)t;
}

/* The first instant after `t_ns` in the stage that has not `users`; the stage's end if there is
 * none. Exact to the nanosecond: a search, narrowed by the guess. */
static uint64_t change_in(const struct plan_stage *s, uint64_t t_ns, uint32_t users)
{
    enum { NEAR_NS = 64 };
    uint64_t same = t_ns, other = s->duration_ns - 1;
    if (other <= same || users_in(s, other) == users)
        return s->duration_ns;
    uint64_t about = guess(s, users);
    uint64_t early = about > NEAR_NS ? about - NEAR_NS : 0, late = about + NEAR_NS;
    if (early > same && early < other && users_in(s, early) == users)
        same = early;
    if (late > same && late < other && users_in(s, late) != users)
        other = late;
    while (other - same > 1) {
        uint64_t middle = same + (other - same) / 2;
        if (users_in(s, middle) == users)
            same = middle;
        else
            other = middle;
    }
    return other;
}

uint64_t plan_load_next_change_ns(const struct plan_load *load, uint64_t t_ns)
{
    uint64_t begin_ns = 0; /* of the stage */
    uint32_t users = plan_load_users(load, t_ns);
    for (size_t i = 0; i < load->stage_count; i++) {
        const struct plan_stage *s = &load->stages[i];
        uint64_t end_ns = begin_ns + s->duration_ns;
        if (end_ns > t_ns && s->duration_ns > 0) {
            if (begin_ns > t_ns && users_in(s, 0) != users)
                return begin_ns;
            uint64_t change = change_in(s, t_ns > begin_ns ? t_ns - begin_ns : 0, users);
            if (change < s->duration_ns)
                return begin_ns + change;
        }
        begin_ns = end_ns;
    }
    return t_ns < begin_ns && users > 0 ? begin_ns : UINT64_MAX;
}
