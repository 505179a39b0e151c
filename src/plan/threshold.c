/* threshold: one threshold's text, like `latency p95 < 300ms for "checkout"`, becomes what is to be
 * measured and its limit. Where it stands in a document is the business of thresholds.c.
 */
#include "threshold.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PART_MAX = 64 }; /* bytes of what stands on one side of the comparison */

enum unit { UNIT_TIME, UNIT_PERCENT, UNIT_RATE, UNIT_COUNT };

/* Of two that begin alike, the longer comes first. */
static const struct metric {
    const char *name;
    enum plan_metric metric;
    enum unit unit;
    bool by_request; /* else of the whole run alone */
} metrics[] = {
    {"latency", PLAN_METRIC_LATENCY, UNIT_TIME, true},
    {"service", PLAN_METRIC_SERVICE, UNIT_TIME, true},
    {"dns", PLAN_METRIC_DNS, UNIT_TIME, true},
    {"connect", PLAN_METRIC_CONNECT, UNIT_TIME, true},
    {"tls", PLAN_METRIC_TLS, UNIT_TIME, true},
    {"send_lag", PLAN_METRIC_SEND_LAG, UNIT_TIME, false},
    {"send", PLAN_METRIC_SEND, UNIT_TIME, true},
    {"wait", PLAN_METRIC_WAIT, UNIT_TIME, true},
    {"receive", PLAN_METRIC_RECEIVE, UNIT_TIME, true},
    {"error rate", PLAN_METRIC_ERROR_RATE, UNIT_PERCENT, true},
    {"rate", PLAN_METRIC_RATE, UNIT_RATE, true},
    {"requests", PLAN_METRIC_REQUESTS, UNIT_COUNT, true},
    {"errors", PLAN_METRIC_ERRORS, UNIT_COUNT, true},
    {"dropped", PLAN_METRIC_DROPPED, UNIT_COUNT, false},
    {"late", PLAN_METRIC_LATE, UNIT_COUNT, false},
};

enum { METRIC_COUNT = sizeof metrics / sizeof metrics[0] };

static const char *const unit_texts[] = {"ms", "%", "/s", ""};

/* ---- the metric ------------------------------------------------------------------------------ */

/* Words with single blanks between them; "_" is taken for a blank. False when it is too long. */
static bool normalize(char out[PART_MAX], struct str text, bool blanks)
{
    size_t len = 0;
    text = str_trim(text);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool blank = c == ' ' || (blanks && c == '_');
        if (blank && (!blanks || (len > 0 && out[len - 1] == ' ')))
            continue;
        if (len == PART_MAX - 1)
            return false;
        out[len++] = blank ? ' ' : c;
    }
    out[len] = '\0';
    return true;
}

static const struct metric *find_metric(const char *left, const char **rest)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        char name[PART_MAX];
        normalize(name, str_of(metrics[i].name), true);
        size_t len = strlen(name);
        if (strncmp(left, name, len) == 0 && (left[len] == '\0' || left[len] == ' ')) {
            *rest = left + len + (left[len] == ' ');
            return &metrics[i];
        }
    }
    return NULL;
}

static int unknown_metric(const char *left, struct err *e)
{
    const char *names[METRIC_COUNT + 1] = {NULL};
    struct str first = {left, strcspn(left, " ")};
    for (size_t i = 0; i < METRIC_COUNT; i++)
        names[i] = metrics[i].name;
    const char *nearest = text_nearest(str_of(left), names);
    if (!nearest)
        nearest = text_nearest(first, names);
    if (nearest)
        return err_set(e, -EINVAL, "there is no metric %s; did you mean \"%s\"?",
                       plan_quote(first).text, nearest);
    return err_set(e, -EINVAL,
                   "there is no metric %s; there are latency, service, dns, connect, tls, send, "
                   "wait, receive, send_lag, error rate, rate, requests, errors, dropped and late",
                   plan_quote(first).text);
}

static bool read_percentile(const char *text, double *percent)
{
    char *end;
    if (text[0] != 'p' || text[1] < '0' || text[1] > '9')
        return false;
    *percent = strtod(text + 1, &end);
    return *end == '\0' && isfinite(*percent);
}

static int read_statistic(const struct metric *m, const char *text, struct plan_threshold *out,
                          struct err *e)
{
    static const char *const names[] = {"min", "mean", "stdev", "max", "median", NULL};
    if (m->unit != UNIT_TIME && !*text)
        return 0;
    if (m->unit != UNIT_TIME)
        return err_set(e, -EINVAL, "\"%s\" is one number and has no %s", m->name,
                       plan_quote(str_of(text)).text);
    if (!*text)
        return err_set(e, -EINVAL,
                       "which %s? Name a percentile like p95, or mean, min, max or stdev", m->name);
    out->statistic = PLAN_STATISTIC_PERCENTILE;
    out->percent = 50;
    if (strcmp(text, "median") == 0)
        return 0;
    if (read_percentile(text, &out->percent) && out->percent <= 100)
        return 0;
    if (read_percentile(text, &out->percent))
        return err_set(e, -EINVAL, "%s is no percentile: they are p0 to p100, p99.9 among them",
                       plan_quote(str_of(text)).text);
    out->percent = 0;
    for (size_t i = 0; i < 4; i++) {
        out->statistic = (enum plan_statistic)(PLAN_STATISTIC_MIN + i);
        if (strcmp(text, names[i]) == 0)
            return 0;
    }
    const char *nearest = text_nearest(str_of(text), names);
    return err_set(e, -EINVAL, "there is no statistic %s; %s%s%s", plan_quote(str_of(text)).text,
                   nearest ? "did you mean \"" : "there are percentiles like p95, mean, min, max ",
                   nearest ? nearest : "and stdev", nearest ? "\"?" : "");
}

/* ---- the limit ------------------------------------------------------------------------------- */

static int read_comparison(struct str *rest, struct plan_threshold *out, struct err *e)
{
    static const struct {
        const char *text;
        enum plan_comparison comparison;
    } all[] = {{"<=", PLAN_AT_MOST}, {">=", PLAN_AT_LEAST}, {"<", PLAN_BELOW}, {">", PLAN_ABOVE}};
    for (size_t i = 0; i < 4; i++) {
        size_t len = strlen(all[i].text);
        if (!str_starts(*rest, all[i].text))
            continue;
        out->comparison = all[i].comparison;
        *rest = (struct str){rest->ptr + len, rest->len - len};
        if (rest->len == 0 || !strchr("<>=", rest->ptr[0]))
            return 0;
        break;
    }
    return err_set(e, -EINVAL, "compare with <, <=, > or >=, as in \"latency p95 < 300ms\"");
}

/* A number that is followed by `unit`; `bare` is set when no unit follows. */
static bool read_number(const char *text, const char *unit, double *out, bool *bare)
{
    char *end;
    *bare = false;
    if (text[0] < '0' || text[0] > '9')
        return false;
    if (strspn(text, "0123456789.") == 0)
        return false;
    *out = strtod(text, &end);
    *bare = *end == '\0';
    return strcmp(end, unit) == 0 && isfinite(*out) && end == text + strspn(text, "0123456789.");
}

static int read_limit(const struct metric *m, struct str text, struct plan_threshold *out,
                      struct err *e)
{
    static const char *const examples[] = {"300ms", "1 %", "500/s", "1000"};
    char value[PART_MAX];
    bool bare = false, fits = normalize(value, text, false);
    uint64_t ns;
    out->unit = unit_texts[m->unit];
    if (fits && !*value)
        return err_set(e, -EINVAL, "the limit is missing; write \"... < %s\"", examples[m->unit]);
    if (fits && m->unit == UNIT_TIME) {
        read_number(value, "ms", &out->limit, &bare);
        if (duration_parse(str_of(value), &ns, NULL) == 0) {
            out->limit = (double)ns / (double)NS_PER_MS;
            return 0;
        }
    } else if (fits && read_number(value, out->unit, &out->limit, &bare)) {
        return 0;
    }
    if (bare)
        return err_set(e, -EINVAL, "%s has no unit; write it like %s",
                       plan_quote(str_trim(text)).text, examples[m->unit]);
    return err_set(e, -EINVAL, "%s is no limit for \"%s\"; write it like %s",
                   plan_quote(str_trim(text)).text, m->name, examples[m->unit]);
}

/* ---- the request's name ---------------------------------------------------------------------- */

/* Cuts `for "NAME"` off; false when there is none. */
static bool cut_name(struct str *text, struct str *name)
{
    for (size_t i = 1; i + 4 < text->len; i++) {
        if (memcmp(text->ptr + i - 1, " for ", 5) != 0)
            continue;
        *name = str_trim((struct str){text->ptr + i + 4, text->len - i - 4});
        text->len = i - 1;
        char first = name->len > 1 ? name->ptr[0] : '\0';
        if ((first == '"' || first == '\'') && name->ptr[name->len - 1] == first)
            *name = (struct str){name->ptr + 1, name->len - 2};
        return true;
    }
    return false;
}

static int find_name(const struct plan *plan, struct str name, struct plan_threshold *out,
                     struct err *e)
{
    for (size_t i = 0; i < plan->name_count; i++) {
        if (str_eq(plan->names[i], name)) {
            out->name_id = (uint32_t)i;
            return 0;
        }
    }
    const char **names = mem_alloc((plan->name_count + 1) * sizeof *names);
    for (size_t i = 0; i < plan->name_count; i++)
        names[i] = plan->names[i].ptr;
    const char *nearest = text_nearest(name, names);
    free(names);
    if (nearest)
        return err_set(e, -ENOENT, "no request is named %s; did you mean \"%s\"?",
                       plan_quote(name).text, nearest);
    return err_set(e, -ENOENT, "no request is named %s", plan_quote(name).text);
}

/* ---- whole ----------------------------------------------------------------------------------- */

int threshold_parse(struct plan *plan, struct str text, struct str name, struct plan_threshold *out,
                    struct err *e)
{
    struct str own = {0};
    char left[PART_MAX];
    const char *statistic;
    out->name_id = PLAN_ALL_NAMES;
    if (cut_name(&text, &own) && name.ptr)
        return err_set(e, -EINVAL, "names a request, and so does \"for\"; leave one out");
    if (own.ptr)
        name = own;
    size_t len = 0;
    while (len < text.len && !strchr("<>=!", text.ptr[len]))
        len++;
    if (!normalize(left, (struct str){text.ptr, len}, true))
        return err_set(e, -EINVAL, "is no threshold like \"latency p95 < 300ms\"");
    const struct metric *m = find_metric(left, &statistic);
    if (!m)
        return unknown_metric(left, e);
    struct str rest = {text.ptr + len, text.len - len};
    out->metric = m->metric;
    int rc = read_statistic(m, statistic, out, e);
    rc = rc == 0 ? read_comparison(&rest, out, e) : rc;
    rc = rc == 0 ? read_limit(m, rest, out, e) : rc;
    if (rc < 0 || !name.ptr)
        return rc;
    if (!m->by_request)
        return err_set(e, -EINVAL, "\"%s\" is a number of the whole run, not of one request",
                       m->name);
    return find_name(plan, name, out, e);
}
