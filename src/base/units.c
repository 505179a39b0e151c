/* units: durations and sizes as text. Exact: decimal fractions are taken digit by digit, and what
 * is no whole number of nanoseconds or bytes is refused.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "squall/base.h"

struct unit {
    const char *name;
    uint64_t factor;
};

enum {
    FRACTION_DIGITS_MAX = 18,
    SHOWN_MAX = 64, /* of a text that is refused, in the message */
};

/* Largest first: the parts of a duration come in this order. */
static const struct unit duration_units[] = {
    {"d", 86400 * NS_PER_S},
    {"h", 3600 * NS_PER_S},
    {"m", 60 * NS_PER_S},
    {"s", NS_PER_S},
    {"ms", NS_PER_MS},
    {"us", NS_PER_US},
    {"ns", 1},
    {NULL, 0},
};

static const struct unit size_units[] = {
    {"", 1},           {"B", 1},          {"KB", 1000},      {"MB", 1000000}, {"GB", 1000000000},
    {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}, {NULL, 0},
};

struct number {
    uint64_t whole;
    uint64_t fraction; /* fraction / scale, below 1 */
    uint64_t scale;
};

static size_t digits(struct str text)
{
    size_t n = 0;
    while (n < text.len && text.ptr[n] >= '0' && text.ptr[n] <= '9')
        n++;
    return n;
}

static struct str take(struct str *text, size_t n)
{
    struct str front = {text->ptr, n};
    text->ptr += n;
    text->len -= n;
    return front;
}

static bool take_number(struct str *text, struct number *out)
{
    *out = (struct number){.scale = 1};
    if (!str_to_u64(take(text, digits(*text)), &out->whole))
        return false;
    if (!str_starts(*text, "."))
        return true;
    take(text, 1);
    struct str fraction = take(text, digits(*text));
    if (fraction.len > FRACTION_DIGITS_MAX || !str_to_u64(fraction, &out->fraction))
        return false;
    for (size_t i = 0; i < fraction.len; i++)
        out->scale *= 10;
    return true;
}

static const struct unit *take_unit(struct str *text, const struct unit *units)
{
    size_t n = 0;
    while (n < text->len && text->ptr[n] > '9')
        n++;
    struct str name = take(text, n);
    for (const struct unit *u = units; u->name; u++)
        if (str_eq_text(name, u->name))
            return u;
    return NULL;
}

static bool add_product(uint64_t *sum, const struct number *n, uint64_t factor)
{
    unsigned __int128 part = (unsigned __int128)n->fraction * factor;
    uint64_t whole;
    return part % n->scale == 0 && !__builtin_mul_overflow(n->whole, factor, &whole) &&
           !__builtin_add_overflow(*sum, whole, sum) &&
           !__builtin_add_overflow(*sum, (uint64_t)(part / n->scale), sum);
}

static int shown(struct str text)
{
    return (int)(text.len < SHOWN_MAX ? text.len : SHOWN_MAX);
}

static bool parse_duration(struct str text, uint64_t *ns)
{
    uint64_t sum = 0;
    const struct unit *before = NULL;
    do {
        struct number n;
        if (!take_number(&text, &n))
            return false;
        const struct unit *u = take_unit(&text, duration_units);
        if (!u || (before && u <= before) || !add_product(&sum, &n, u->factor))
            return false;
        before = u;
    } while (text.len > 0);
    *ns = sum;
    return true;
}

int duration_parse(struct str text, uint64_t *ns, struct err *e)
{
    if (parse_duration(text, ns))
        return 0;
    uint64_t bare;
    if (str_to_u64(text, &bare))
        return err_set(e, -EINVAL,
                       "\"%.*s\" has no unit; a duration is written like 250ms, 1.5s or 1h30m",
                       shown(text), text.ptr);
    return err_set(e, -EINVAL, "\"%.*s\" is not a duration like 250ms, 1.5s or 1h30m", shown(text),
                   text.ptr);
}

/* The value in one unit, with as many decimals as it needs. */
static int format_part(char *out, size_t room, uint64_t ns, const struct unit *u)
{
    uint64_t rest = ns % u->factor;
    if (rest == 0)
        return snprintf(out, room, "%" PRIu64 "%s", ns / u->factor, u->name);
    int decimals = 0;
    for (uint64_t f = u->factor; f > 1; f /= 10)
        decimals++;
    for (; rest % 10 == 0; rest /= 10)
        decimals--;
    return snprintf(out, room, "%" PRIu64 ".%0*" PRIu64 "%s", ns / u->factor, decimals, rest,
                    u->name);
}

/* Days, hours and minutes are whole; the seconds, or the one smaller unit, take the decimals. */
void duration_format(char out[DURATION_TEXT_SIZE], uint64_t ns)
{
    size_t at = 0;
    if (ns == 0) {
        strcpy(out, "0s");
        return;
    }
    for (const struct unit *u = duration_units; u->name && ns > 0; u++) {
        if (ns < u->factor)
            continue;
        uint64_t part = u->factor > NS_PER_S ? ns - ns % u->factor : ns;
        at += (size_t)format_part(out + at, DURATION_TEXT_SIZE - at, part, u);
        ns -= part;
    }
}

int size_parse(struct str text, uint64_t *bytes, struct err *e)
{
    struct str rest = text;
    struct number n;
    const struct unit *u = NULL;
    uint64_t sum = 0;
    if (take_number(&rest, &n))
        u = take_unit(&rest, size_units);
    if (!u || rest.len > 0 || !add_product(&sum, &n, u->factor))
        return err_set(e, -EINVAL, "\"%.*s\" is not a size like 512, 64KB, 1.5MB or 2GiB",
                       shown(text), text.ptr);
    *bytes = sum;
    return 0;
}
