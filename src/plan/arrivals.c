/* arrivals: at which instant arrival i is due. Arithmetic alone: with L the level and I its
 * integral, arrival i is due when I passes i, so the first arrival of a constant rate is due at
 * once and the last one an interval before the end. Poisson arrivals: when I passes point i of a
 * Poisson process of rate 1, which makes one of rate L.
 */
#include <math.h>

#include "plan_priv.h"

/* Integrals of numbers like 0.1 are off by their representation; what is so near to a whole number
 * of arrivals is meant to be it. */
static long double settled(long double sum)
{
    long double whole = roundl(sum);
    return fabsl(sum - whole) < 1e-9L + whole * 1e-15L ? whole : sum;
}

/* The arrivals that a stage holds. */
static long double stage_integral(const struct plan_stage *s)
{
    return ((long double)s->from + (long double)s->to) / 2 * (long double)s->duration_ns / NS_PER_S;
}

uint64_t plan_load_arrivals(const struct plan_load *load)
{
    long double sum = 0;
    for (size_t i = 0; i < load->stage_count; i++)
        sum += stage_integral(&load->stages[i]);
    return load->poisson ? plan_poisson_before(load->poisson, settled(sum))
                         : (uint64_t)ceill(settled(sum));
}

/* Seconds after which a line that begins at `level` and rises by `slope` a second has the integral
 * n: the root of slope/2 t^2 + level t = n, in the form that loses nothing when slope or level is
 * small. */
static long double root(long double level, long double slope, long double n)
{
    long double d = level * level + 2 * slope * n;
    return n <= 0 ? 0 : 2 * n / (level + sqrtl(d > 0 ? d : 0));
}

/* When, in a stage that holds `sum` arrivals, `n` of them are through. A falling line is solved
 * from its end, where nothing cancels out. */
static long double reached_s(const struct plan_stage *s, long double n, long double sum)
{
    long double duration = (long double)s->duration_ns / NS_PER_S;
    long double slope = ((long double)s->to - (long double)s->from) / duration;
    if (slope >= 0)
        return root(s->from, slope, n);
    return duration - root(s->to, -slope, sum - n);
}

uint64_t plan_load_arrival_ns(const struct plan_load *load, uint64_t i)
{
    uint64_t begin_ns = 0;
    long double before = 0; /* the integral of the stages before */
    long double at = load->poisson ? plan_poisson_point(load->poisson, i) : (long double)i;
    for (size_t k = 0; k < load->stage_count; k++) {
        const struct plan_stage *s = &load->stages[k];
        long double sum = stage_integral(s);
        if (sum > 0 && at < settled(before + sum)) {
            long double n = at - before;
            long double t = reached_s(s, n, sum) * NS_PER_S;
            uint64_t last = s->duration_ns - 1;
            return begin_ns + (t <= 0 ? 0 : t >= (long double)last ? last : (uint64_t)roundl(t));
        }
        before += sum;
        begin_ns += s->duration_ns;
    }
    return UINT64_MAX;
}

uint64_t plan_share(uint64_t whole, uint32_t w, uint32_t n)
{
    return n == 0 ? 0 : whole / n + (w < whole % n ? 1 : 0);
}
