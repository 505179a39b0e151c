/* delay: the text forms of delays and freezes, and the numbers that follow from them. Knows no
 * connection and no clock.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "squall/target.h"

enum { NUMBER_TEXT_MAX = 32 };

/* Cuts at the first `mark`; false when there is none. */
static bool split(struct str text, char mark, struct str *before, struct str *after)
{
    const char *at = text.len ? memchr(text.ptr, mark, text.len) : NULL;
    if (!at)
        return false;
    size_t len = (size_t)(at - text.ptr);
    *before = (struct str){text.ptr, len};
    *after = (struct str){at + 1, text.len - len - 1};
    return true;
}

/* ---- delays ---------------------------------------------------------------------------------- */

static int parse_ns(struct str text, uint64_t *ns, struct err *e)
{
    int rc = duration_parse(text, ns, e);
    if (rc < 0)
        return rc;
    if (*ns > TARGET_DELAY_MAX_NS)
        return err_set(e, -ERANGE, "a delay is at most 1h, not \"%.*s\"", (int)text.len, text.ptr);
    return 0;
}

static int parse_sigma(struct str text, double *sigma, struct err *e)
{
    char number[NUMBER_TEXT_MAX];
    char *end = number;
    if (text.len > 0 && text.len < sizeof number) {
        memcpy(number, text.ptr, text.len);
        number[text.len] = '\0';
        *sigma = strtod(number, &end);
    }
    if (end == number || *end != '\0' || !(*sigma >= 0 && *sigma <= 10))
        return err_set(e, -EINVAL, "sigma is a number from 0 to 10, not \"%.*s\"", (int)text.len,
                       text.ptr);
    return 0;
}

static int parse_uniform(struct str text, struct target_delay *d, struct err *e)
{
    struct str least, most;
    if (!split(text, ',', &least, &most))
        return err_set(e, -EINVAL,
                       "write uniform:SHORTEST,LONGEST, for instance "
                       "uniform:10ms,50ms");
    d->kind = TARGET_DELAY_UNIFORM;
    int rc = parse_ns(least, &d->ns, e);
    if (rc == 0)
        rc = parse_ns(most, &d->most_ns, e);
    if (rc == 0 && d->most_ns < d->ns)
        return err_set(e, -EINVAL, "the longest delay is shorter than the shortest");
    return rc;
}

static int parse_exp(struct str text, struct target_delay *d, struct err *e)
{
    d->kind = TARGET_DELAY_EXP;
    return parse_ns(text, &d->ns, e);
}

static int parse_lognormal(struct str text, struct target_delay *d, struct err *e)
{
    struct str median, sigma;
    if (!split(text, ',', &median, &sigma))
        return err_set(e, -EINVAL, "write lognormal:MEDIAN,SIGMA, for instance lognormal:20ms,0.5");
    d->kind = TARGET_DELAY_LOGNORMAL;
    int rc = parse_ns(median, &d->ns, e);
    return rc < 0 ? rc : parse_sigma(sigma, &d->sigma, e);
}

int target_delay_parse(struct str text, struct target_delay *out, struct err *e)
{
    struct str kind, rest;
    *out = (struct target_delay){.kind = TARGET_DELAY_FIXED};
    if (!split(text, ':', &kind, &rest))
        return parse_ns(text, &out->ns, e);
    if (str_eq_text(kind, "uniform"))
        return parse_uniform(rest, out, e);
    if (str_eq_text(kind, "exp"))
        return parse_exp(rest, out, e);
    if (str_eq_text(kind, "lognormal"))
        return parse_lognormal(rest, out, e);
    return err_set(e, -EINVAL,
                   "a delay is 25ms, uniform:10ms,50ms, exp:20ms or lognormal:20ms,0.5, not "
                   "\"%.*s\"",
                   (int)text.len, text.ptr);
}

uint64_t target_delay_draw(const struct target_delay *d, struct rng *rng)
{
    double ns = (double)d->ns;
    switch (d->kind) {
    case TARGET_DELAY_FIXED:
        return d->ns;
    case TARGET_DELAY_UNIFORM:
        ns += rng_uniform(rng) * (double)(d->most_ns - d->ns);
        break;
    case TARGET_DELAY_EXP:
        ns = d->ns ? rng_exponential(rng, ns) : 0;
        break;
    case TARGET_DELAY_LOGNORMAL:
        ns *= exp(d->sigma * rng_normal(rng));
        break;
    }
    return ns < (double)TARGET_DELAY_MAX_NS ? (uint64_t)ns : TARGET_DELAY_MAX_NS;
}

/* ---- freezes --------------------------------------------------------------------------------- */

static int parse_stall_part(struct str part, struct target_stall *out, struct err *e)
{
    struct str key, value;
    if (split(part, '=', &key, &value) && str_eq_text(key, "every"))
        return duration_parse(value, &out->every_ns, e);
    if (split(part, '=', &key, &value) && str_eq_text(key, "for"))
        return duration_parse(value, &out->for_ns, e);
    return err_set(e, -EINVAL, "write every=PERIOD,for=LENGTH, for instance every=20s,for=1s");
}

int target_stall_parse(struct str text, struct target_stall *out, struct err *e)
{
    struct str first = text, second = {"", 0};
    *out = (struct target_stall){0};
    split(text, ',', &first, &second);
    int rc = parse_stall_part(first, out, e);
    if (rc == 0)
        rc = parse_stall_part(second, out, e);
    if (rc < 0)
        return rc;
    if (out->for_ns == 0 || out->for_ns >= out->every_ns)
        return err_set(e, -EINVAL, "a freeze is longer than nothing and shorter than its period");
    return 0;
}

bool target_stall_now(const struct target_stall *s, uint64_t since_first_ns, uint64_t *left_ns)
{
    if (s->every_ns == 0)
        return false;
    uint64_t into_ns = since_first_ns % s->every_ns;
    uint64_t begin_ns = (s->every_ns - s->for_ns) / 2;
    uint64_t end_ns = begin_ns + s->for_ns;
    if (into_ns < begin_ns || into_ns >= end_ns)
        return false;
    *left_ns = end_ns - into_ns;
    return true;
}
