/* time: instants as RFC 3339 text. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "squall/base.h"

void time_format(char out[TIME_TEXT_SIZE], uint64_t wall_ns)
{
    time_t seconds = (time_t)(wall_ns / NS_PER_S);
    unsigned ms = (unsigned)(wall_ns % NS_PER_S / NS_PER_MS);
    struct tm t;
    gmtime_r(&seconds, &t);
    size_t n = strftime(out, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &t);
    snprintf(out + n, TIME_TEXT_SIZE - n, ".%03uZ", ms);
}

/* Does the text begin as the pattern says, in which 0 stands for any digit and T for t too? */
static bool shaped(struct str text, const char *pattern)
{
    for (size_t i = 0; pattern[i]; i++) {
        if (i >= text.len)
            return false;
        char c = text.ptr[i];
        if (pattern[i] == '0'   ? c < '0' || c > '9'
            : pattern[i] == 'T' ? (c | 0x20) != 't'
                                : c != pattern[i])
            return false;
    }
    return true;
}

static struct str after(struct str text, size_t n)
{
    return (struct str){text.ptr + n, text.len - n};
}

/* Takes ".123456789" off the front; digits beyond the ninth are dropped. */
static bool take_fraction(struct str *text, uint64_t *ns)
{
    uint64_t unit = NS_PER_S / 10;
    *ns = 0;
    if (!str_starts(*text, "."))
        return true;
    *text = after(*text, 1);
    if (!shaped(*text, "0"))
        return false;
    for (; shaped(*text, "0"); unit /= 10, *text = after(*text, 1))
        *ns += (uint64_t)(text->ptr[0] - '0') * unit;
    return true;
}

static int two_digits(const char *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

/* "Z" or "+01:30", all that is left of the text. */
static bool take_offset(struct str text, int *seconds)
{
    *seconds = 0;
    if (text.len == 1)
        return (text.ptr[0] | 0x20) == 'z';
    if (text.len != 6 || !(shaped(text, "+00:00") || shaped(text, "-00:00")))
        return false;
    int hours = two_digits(text.ptr + 1), minutes = two_digits(text.ptr + 4);
    *seconds = (hours * 60 + minutes) * (text.ptr[0] == '-' ? -60 : 60);
    return hours < 24 && minutes < 60;
}

/* Year 1970 to 2554, which is what nanoseconds in 64 bits hold. */
static bool parse(struct str text, uint64_t *wall_ns)
{
    static const char date[] = "0000-00-00T00:00:00";
    enum { DATE_LEN = sizeof date - 1 };
    if (!shaped(text, date))
        return false;
    char copy[DATE_LEN + 1];
    memcpy(copy, text.ptr, DATE_LEN);
    copy[DATE_LEN] = '\0';
    copy[10] = 'T';
    struct tm t = {0};
    const char *end = strptime(copy, "%Y-%m-%dT%H:%M:%S", &t);
    if (!end || *end)
        return false;
    int day = t.tm_mday, leap_second = t.tm_sec == 60;
    if (t.tm_sec > 60)
        return false;
    t.tm_sec -= leap_second;
    time_t seconds = timegm(&t);
    if (t.tm_mday != day) /* 31 April */
        return false;

    uint64_t fraction;
    int offset;
    text = after(text, DATE_LEN);
    if (!take_fraction(&text, &fraction) || !take_offset(text, &offset))
        return false;
    seconds += leap_second - offset;
    if (seconds < 0 || (uint64_t)seconds >= UINT64_MAX / NS_PER_S)
        return false;
    *wall_ns = (uint64_t)seconds * NS_PER_S + fraction;
    return true;
}

int time_parse(struct str text, uint64_t *wall_ns, struct err *e)
{
    if (parse(text, wall_ns))
        return 0;
    return err_set(e, -EINVAL, "\"%.*s\" is not a time like 2026-11-24T15:04:05.123Z",
                   (int)(text.len < 64 ? text.len : 64), text.ptr);
}
