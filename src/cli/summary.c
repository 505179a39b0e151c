/* summary: lays out a result document: the verdict, what is to be known before the numbers are
 * believed, totals, times, requests, errors. */
#include "summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "squall/result.h"

enum {
    WIDTH_MAX = 110, /* text that is wider reads badly */
    LABEL_WIDTH = 12,
    NUMBER_WIDTH = 9,
    NAME_MIN = 11, /* of the column of names, before number columns are left out */
};

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static uint64_t count(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static struct str text(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return (struct str){json_string_value(value), json_string_length(value)};
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static size_t count_met(const json_t *result)
{
    size_t i, met = 0;
    json_t *verdict;
    json_array_foreach(json_object_get(result, "thresholds"), i, verdict)
    {
        met += json_is_true(json_object_get(verdict, "passed"));
    }
    return met;
}

static void add_failure(struct buf *out, const json_t *result)
{
    char errors[CELL_SIZE], requests[CELL_SIZE];
    if (count(result, "requests") == 0) {
        buf_add_text(out, "failed: no request was finished");
        return;
    }
    size_t thresholds = json_array_size(json_object_get(result, "thresholds"));
    if (thresholds > 0) {
        size_t broken = thresholds - count_met(result);
        buf_add_format(out, "failed: %zu of %zu threshold%s %s not met", broken, thresholds,
                       thresholds == 1 ? "" : "s", broken == 1 ? "was" : "were");
        return;
    }
    cell_count(errors, count(result, "errors"));
    cell_count(requests, count(result, "requests"));
    buf_add_format(out, "failed: %s of %s requests", errors, requests);
}

static void add_verdict(struct buf *out, const char *name, const json_t *result,
                        const struct terminal *t)
{
    struct str state = text(result, "state"), reason = text(result, "reason");
    bool passed = json_is_true(json_object_get(result, "passed"));
    terminal_add_colour(t, out, COLOUR_BOLD);
    terminal_add_cut(out, str_of(name), t->width > 40 ? t->width - 40 : t->width, false);
    terminal_add_colour(t, out, COLOUR_NONE);
    buf_add_text(out, ": ");
    terminal_add_colour(t, out, passed ? COLOUR_GREEN : COLOUR_RED);
    if (passed)
        buf_add_text(out, "passed");
    else if (str_eq_text(state, "complete"))
        add_failure(out, result);
    else if (str_eq_text(state, "cancelled"))
        buf_add_text(out, "not started");
    else
        buf_add_text(out, "broke off");
    terminal_add_colour(t, out, COLOUR_NONE);
    buf_add_text(out, "\n");
    if (reason.len > 0)
        terminal_add_wrapped(out, reason, 0, t->width);
}

/* What makes the numbers say less about the target than they seem to, worst first. */
static void add_notes(struct buf *out, const json_t *result, const struct terminal *t)
{
    size_t i;
    json_t *note;
    json_array_foreach(json_object_get(result, "notes"), i, note)
    {
        buf_add_text(out, i == 0 ? "\n" : "");
        terminal_add_coloured(t, out, COLOUR_YELLOW, "Note: ");
        terminal_add_wrapped(out, str_of(json_string_value(note)), 6, t->width);
    }
}

/* The value beside the threshold's own words, which have the limit. */
static void add_thresholds(struct buf *out, const json_t *result, const struct terminal *t)
{
    enum { MARK_WIDTH = 8 };
    size_t i;
    json_t *verdict;
    json_array_foreach(json_object_get(result, "thresholds"), i, verdict)
    {
        char value[RESULT_VALUE_SIZE];
        bool passed = json_is_true(json_object_get(verdict, "passed"));
        struct buf line;
        buf_init(&line, SUMMARY_MAX);
        buf_add_text(out, i == 0 ? "\nThresholds\n" : "");
        terminal_add_coloured(t, out, passed ? COLOUR_GREEN : COLOUR_RED,
                              passed ? "met     " : "broken  ");
        buf_add_format(&line, "%s: ", text(verdict, "text").ptr);
        result_value_text(value, number(verdict, "value"), text(verdict, "unit").ptr);
        if (json_is_null(json_object_get(verdict, "value")))
            buf_add_text(&line, "nothing was measured");
        else
            buf_add_text(&line, value);
        if (json_is_integer(json_object_get(verdict, "first_broken_s")) && !passed)
            buf_add_format(&line, "; first in second %" PRIu64, count(verdict, "first_broken_s"));
        terminal_add_wrapped(out, buf_str(&line), MARK_WIDTH, t->width);
        buf_fini(&line);
    }
}

/* ---- totals ---------------------------------------------------------------------------------- */

static void add_label(struct buf *out, const char *label)
{
    buf_add_format(out, "%-*s", LABEL_WIDTH, label);
}

static void add_totals(struct buf *out, const json_t *result, const struct terminal *t)
{
    char a[CELL_SIZE], b[CELL_SIZE], c[CELL_SIZE];
    uint64_t requests = count(result, "requests"), errors = count(result, "errors");
    cell_count(a, requests);
    cell_number(b, number(result, "duration_s"));
    cell_number(c, number(result, "rate_per_s"));
    buf_add_text(out, "\n");
    add_label(out, "Requests");
    buf_add_format(out, "%s in %s s: %s a second\n", a, b, c);
    add_label(out, "Errors");
    cell_count(a, errors);
    terminal_add_coloured(t, out, errors ? COLOUR_RED : COLOUR_NONE, a);
    if (errors > 0) {
        cell_number(b, 100.0 * (double)errors / (double)requests);
        buf_add_format(out, " (%s %%)", b);
    }
    buf_add_text(out, "\n");
    cell_bytes(a, count(result, "bytes_in"));
    cell_bytes(b, count(result, "bytes_out"));
    add_label(out, "Bytes");
    buf_add_format(out, "%s received, %s sent\n", a, b);
}

static void add_status(struct buf *out, const json_t *result, const struct terminal *t)
{
    const char *code;
    json_t *times;
    struct buf line;
    buf_init(&line, SUMMARY_MAX);
    json_object_foreach(json_object_get(result, "status"), code, times)
    {
        char cell[CELL_SIZE];
        cell_count(cell, (uint64_t)json_integer_value(times));
        buf_add_format(&line, "%s%s: %s", line.len ? ", " : "", code, cell);
    }
    if (line.len > 0) {
        add_label(out, "Status");
        terminal_add_wrapped(out, buf_str(&line), LABEL_WIDTH, t->width);
    }
    buf_fini(&line);
}

/* ---- tables of times ------------------------------------------------------------------------- */

struct column {
    const char *title;
    const char *key;
};

static const struct column statistics[] = {
    {"mean", "mean"}, {"p50", "p50"},    {"p90", "p90"}, {"p95", "p95"},
    {"p99", "p99"},   {"p99.9", "p999"}, {"max", "max"},
};

enum { STATISTIC_COUNT = sizeof statistics / sizeof statistics[0] };

/* When the terminal is narrow, these go first. */
static const char *const dispensable[] = {"p95", "p90", "p999", "mean", "max"};

/* Which statistics there is room for, as bits, beside `taken` columns. */
static unsigned statistics_that_fit(unsigned taken, unsigned width)
{
    unsigned shown = (1u << STATISTIC_COUNT) - 1, columns = STATISTIC_COUNT;
    for (size_t d = 0; d < sizeof dispensable / sizeof dispensable[0]; d++) {
        if (taken + columns * NUMBER_WIDTH <= width)
            break;
        for (unsigned i = 0; i < STATISTIC_COUNT; i++)
            if (strcmp(statistics[i].key, dispensable[d]) == 0)
                shown &= ~(1u << i);
        columns--;
    }
    return shown;
}

static void add_titles(struct buf *out, unsigned shown)
{
    for (unsigned i = 0; i < STATISTIC_COUNT; i++)
        if (shown & (1u << i))
            buf_add_format(out, "%*s", NUMBER_WIDTH, statistics[i].title);
}

static void add_statistics(struct buf *out, unsigned shown, const json_t *summary)
{
    for (unsigned i = 0; i < STATISTIC_COUNT; i++) {
        char cell[CELL_SIZE];
        cell_number(cell, number(summary, statistics[i].key));
        if (shown & (1u << i))
            buf_add_format(out, "%*s", NUMBER_WIDTH, cell);
    }
    buf_add_text(out, "\n");
}

static void add_times(struct buf *out, const json_t *result, const struct terminal *t)
{
    const json_t *phases = json_object_get(result, "phases_ms");
    const json_t *generator = json_object_get(result, "generator");
    const struct {
        const char *label;
        const json_t *summary;
    } rows[] = {
        {"latency", json_object_get(result, "latency_ms")},
        {"service", json_object_get(result, "service_ms")},
        {"  connect", json_object_get(phases, "connect")},
        {"  tls", json_object_get(phases, "tls")},
        {"  wait", json_object_get(phases, "wait")},
        {"  receive", json_object_get(phases, "receive")},
        {"send lag", json_object_get(generator, "send_lag_ms")},
    };
    unsigned shown = statistics_that_fit(LABEL_WIDTH, t->width);
    buf_add_text(out, "\n");
    add_label(out, "Times, ms");
    add_titles(out, shown);
    buf_add_text(out, "\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (number(rows[i].summary, "max") == 0)
            continue; /* nothing of the kind, or none that could be measured */
        add_label(out, rows[i].label);
        add_statistics(out, shown, rows[i].summary);
    }
    terminal_add_colour(t, out, COLOUR_DIM);
    terminal_add_wrapped(out,
                         STR("latency: from the planned instant to the last byte of the answer; "
                             "service: from the first byte sent; send lag: how late the generator "
                             "itself sent"),
                         0, t->width);
    terminal_add_colour(t, out, COLOUR_NONE);
}

/* ---- requests -------------------------------------------------------------------------------- */

static unsigned longest_name(const json_t *by_request)
{
    unsigned longest = NAME_MIN;
    const char *name;
    json_t *totals;
    json_object_foreach((json_t *)by_request, name, totals)
    {
        unsigned columns = terminal_columns(str_of(name));
        if (columns > longest)
            longest = columns;
    }
    return longest;
}

static void add_requests(struct buf *out, const json_t *result, const struct terminal *t)
{
    json_t *by_request = json_object_get(result, "by_request"), *totals;
    const char *name;
    if (json_object_size(by_request) < 2)
        return;
    unsigned counts = 2 * (NUMBER_WIDTH + 1), width = longest_name(by_request);
    unsigned shown = statistics_that_fit(LABEL_WIDTH + 8 + counts, t->width);
    unsigned rest = counts + (unsigned)__builtin_popcount(shown) * NUMBER_WIDTH;
    if (width + rest > t->width)
        width = t->width > rest + NAME_MIN ? t->width - rest : NAME_MIN;
    buf_add_text(out, "\n");
    terminal_add_cut(out, STR("Latency, ms"), width, true);
    buf_add_format(out, "%*s%*s", NUMBER_WIDTH + 1, "requests", NUMBER_WIDTH + 1, "errors");
    add_titles(out, shown);
    buf_add_text(out, "\n");
    json_object_foreach(by_request, name, totals)
    {
        char cell[CELL_SIZE], errors[CELL_SIZE];
        cell_count(cell, count(totals, "requests"));
        terminal_add_cut(out, str_of(name), width, true);
        buf_add_format(out, "%*s", NUMBER_WIDTH + 1, cell);
        cell_count(cell, count(totals, "errors"));
        snprintf(errors, sizeof errors, "%*s", NUMBER_WIDTH + 1, cell);
        terminal_add_coloured(t, out, count(totals, "errors") ? COLOUR_RED : COLOUR_NONE, errors);
        add_statistics(out, shown, json_object_get(totals, "latency_ms"));
    }
}

/* ---- errors ---------------------------------------------------------------------------------- */

static const json_t *example_of(const json_t *samples, const char *kind)
{
    size_t i;
    json_t *sample;
    json_array_foreach((json_t *)samples, i,
                       sample) if (str_eq_text(text(sample, "kind"), kind)) return sample;
    return NULL;
}

static void add_example(struct buf *out, const json_t *sample, unsigned indent,
                        const struct terminal *t)
{
    struct buf line;
    char at[CELL_SIZE];
    struct str detail = text(sample, "detail"), name = text(sample, "request");
    cell_number(at, number(sample, "at_s"));
    buf_init(&line, SUMMARY_MAX);
    buf_add_format(&line, "%.*s (\"%.*s\", at %s s)", (int)detail.len, detail.ptr, (int)name.len,
                   name.ptr, at);
    terminal_add_wrapped(out, buf_str(&line), indent, t->width);
    buf_fini(&line);
}

static void add_errors(struct buf *out, const json_t *result, const struct terminal *t)
{
    enum { KIND_WIDTH = 20 };
    json_t *kinds = json_object_get(result, "error_kinds"), *times;
    const char *kind;
    if (json_object_size(kinds) == 0)
        return;
    buf_add_text(out, "\nErrors, with an example of each\n");
    json_object_foreach(kinds, kind, times)
    {
        char cell[CELL_SIZE];
        const json_t *sample = example_of(json_object_get(result, "samples"), kind);
        cell_count(cell, (uint64_t)json_integer_value(times));
        buf_add_format(out, "%-*s%*s  ", KIND_WIDTH, kind, NUMBER_WIDTH, cell);
        if (sample)
            add_example(out, sample, KIND_WIDTH + NUMBER_WIDTH + 2, t);
        else
            buf_add_text(out, "\n");
    }
}

void summary_add(struct buf *out, const char *name, const json_t *result, const struct terminal *t)
{
    struct terminal shown = *t;
    if (shown.width > WIDTH_MAX)
        shown.width = WIDTH_MAX;
    add_verdict(out, name, result, &shown);
    add_notes(out, result, &shown);
    add_thresholds(out, result, &shown);
    if (count(result, "requests") == 0)
        return;
    add_totals(out, result, &shown);
    add_status(out, result, &shown);
    add_times(out, result, &shown);
    add_requests(out, result, &shown);
    add_errors(out, result, &shown);
}
