/* poisson: the points of a Poisson process of rate 1, each a pure function of its number and a
 * seed, so that any worker finds any arrival without those before it and without a message.
 *
 * The axis is cut into segments [0, 1024), [1024, 2048), [2048, 4096), each twice as long as all
 * before. The number of points in a segment is drawn from the Poisson distribution of its length;
 * these few numbers are kept. Given how many points an interval has, they lie in it independently
 * and evenly, so the number in its left half is binomial with p = 1/2. Halving on until one point
 * is left, and placing that one evenly in what is left, gives the process in log2(i) draws. Each
 * draw is a hash of the seed and the way to the interval: the counter of a counter-based generator.
 *
 * Exact up to rounding, but for intervals of many points, whose counts are the nearest whole
 * numbers to a normal deviate: for p = 1/2 that is off by the order of 1/n. Segments beyond
 * SUMMED_MAX alike.
 */
#include <math.h>

#include "plan_priv.h"

enum {
    FIRST_LENGTH = 1024,
    EXACT_MAX = 1024,  /* points of an interval that is halved: a bit of chance for each */
    SUMMED_MAX = 4096, /* length of a segment whose number of points is found by adding gaps */
};

struct interval {
    uint64_t key; /* what chance in it follows from */
    uint64_t count;
    long double begin, length;
};

/* ---- chance ---------------------------------------------------------------------------------- */

/* SplitMix64: a bijection that mixes well, and here the hash of a counter. */
static uint64_t mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t plan_poisson_seed(uint64_t seed, uint64_t number)
{
    return mix(mix(seed) ^ number);
}

/* (0, 1) */
static double open_unit(uint64_t bits)
{
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

/* Box and Muller, 1958. */
static double normal(uint64_t key)
{
    double radius = sqrt(-2 * log(open_unit(mix(key))));
    return radius * cos(2 * M_PI * open_unit(mix(key + 1)));
}

static uint64_t near(double mean, double deviation, uint64_t key)
{
    double n = round(mean + deviation * normal(key));
    return n > 0 ? (uint64_t)n : 0;
}

static uint64_t binomial_half(uint64_t n, uint64_t key)
{
    if (n > EXACT_MAX) {
        uint64_t left = near((double)n / 2, sqrt((double)n) / 2, key);
        return left < n ? left : n;
    }
    uint64_t left = 0;
    for (; n >= 64; n -= 64)
        left += (uint64_t)__builtin_popcountll(mix(key++));
    if (n > 0)
        left += (uint64_t)__builtin_popcountll(mix(key) >> (64 - n));
    return left;
}

/* Exponential gaps until they are more than the mean: exact. */
static uint64_t poisson_small(double mean, uint64_t key)
{
    uint64_t n = 0;
    for (double sum = -log(open_unit(mix(key++))); sum < mean; n++)
        sum -= log(open_unit(mix(key++)));
    return n;
}

/* ---- the process ----------------------------------------------------------------------------- */

static struct interval segment(const struct plan_poisson *p, size_t s)
{
    long double length = ldexpl(FIRST_LENGTH, s > 0 ? (int)s - 1 : 0);
    return (struct interval){plan_poisson_seed(p->seed, s), p->counts[s], s > 0 ? length : 0,
                             length};
}

void plan_poisson_init(struct plan_poisson *p, uint64_t seed)
{
    p->seed = seed;
    for (size_t s = 0; s < PLAN_POISSON_SEGMENTS; s++) {
        struct interval all = segment(p, s);
        double mean = (double)all.length;
        uint64_t key = mix(~all.key); /* another one than the first halving has */
        p->counts[s] = mean <= SUMMED_MAX ? poisson_small(mean, key) : near(mean, sqrt(mean), key);
    }
}

/* Becomes its left or its right half. */
static void halve(struct interval *x, uint64_t left, bool right)
{
    x->length /= 2;
    x->count = right ? x->count - left : left;
    x->begin += right ? x->length : 0;
    x->key = mix(x->key ^ (right ? UINT64_C(0xd1342543de82ef95) : UINT64_C(0x2545f4914f6cdd1d)));
}

static long double lone_point(const struct interval *x)
{
    return x->begin + x->length * open_unit(mix(~x->key));
}

long double plan_poisson_point(const struct plan_poisson *p, uint64_t i)
{
    size_t s = 0;
    for (; s < PLAN_POISSON_SEGMENTS && i >= p->counts[s]; s++)
        i -= p->counts[s];
    if (s == PLAN_POISSON_SEGMENTS)
        return HUGE_VALL;
    struct interval x = segment(p, s);
    while (x.count > 1) {
        uint64_t left = binomial_half(x.count, mix(x.key));
        bool right = i >= left;
        i -= right ? left : 0;
        halve(&x, left, right);
    }
    return lone_point(&x);
}

uint64_t plan_poisson_before(const struct plan_poisson *p, long double end)
{
    uint64_t before = 0;
    size_t s = 0;
    for (; s < PLAN_POISSON_SEGMENTS; s++) {
        struct interval all = segment(p, s);
        if (end < all.begin + all.length)
            break;
        before += all.count;
    }
    if (s == PLAN_POISSON_SEGMENTS)
        return before;
    struct interval x = segment(p, s);
    while (x.count > 1) {
        uint64_t left = binomial_half(x.count, mix(x.key));
        bool right = end >= x.begin + x.length / 2;
        before += right ? left : 0;
        halve(&x, left, right);
    }
    return before + (x.count == 1 && lone_point(&x) < end);
}
