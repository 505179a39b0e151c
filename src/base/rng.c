/* rng: random numbers for load (fast, repeatable) and random bytes for secrets (the kernel's). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/random.h>

#include "squall/base.h"

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

/* SplitMix64, which the authors of xoshiro recommend for filling its state. */
void rng_seed(struct rng *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        r->s[i] = z ^ z >> 31;
    }
}

void rng_seed_random(struct rng *r)
{
    uint64_t seed;
    random_bytes(&seed, sizeof seed);
    rng_seed(r, seed);
}

uint64_t rng_next(struct rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double rng_uniform(struct rng *r)
{
    return (double)(rng_next(r) >> 11) * 0x1p-53;
}

/* (0, 1): neither end, so that a logarithm of it is finite and not 0. */
static double uniform_open(struct rng *r)
{
    return ((double)(rng_next(r) >> 12) + 0.5) * 0x1p-52;
}

double rng_exponential(struct rng *r, double mean)
{
    return -mean * log(uniform_open(r));
}

/* Box and Muller, 1958. */
double rng_normal(struct rng *r)
{
    double radius = sqrt(-2 * log(uniform_open(r)));
    return radius * cos(2 * M_PI * rng_uniform(r));
}

void random_bytes(void *out, size_t len)
{
    unsigned char *to = out;
    while (len > 0) {
        ssize_t n = getrandom(to, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            abort();
        to += n;
        len -= (size_t)n;
    }
}
