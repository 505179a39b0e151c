/* scenario: helpers of the tests that parse scenario documents. */
#ifndef TESTS_SCENARIO_H
#define TESTS_SCENARIO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "squall/plan.h"

/* The plan of a document that must have no mistake. */
static inline struct plan *parsed(const char *text)
{
    struct plan *plan;
    struct plan_problems problems;
    plan_problems_init(&problems);
    if (plan_parse(text, strlen(text), &plan, &problems) < 0)
        fail_msg("%s\n%u:%u %s: %s", text, problems.items[0].line, problems.items[0].column,
                 problems.items[0].pointer, problems.items[0].message);
    assert_int_equal(problems.count, 0);
    assert_int_equal(problems.omitted, 0);
    plan_problems_fini(&problems);
    return plan;
}

/* The problems of a document that must have some, as lines "line:column pointer: message". */
static inline char *problems_of(const char *text, size_t len)
{
    struct plan *plan;
    struct plan_problems problems;
    struct buf lines;
    plan_problems_init(&problems);
    buf_init(&lines, 1 << 20);
    if (plan_parse(text, len, &plan, &problems) == 0)
        fail_msg("no mistake is found in: %.1000s", text);
    assert_null(plan);
    assert_in_range(problems.count, 1, PLAN_PROBLEMS_MAX);
    for (size_t i = 0; i < problems.count; i++)
        buf_add_format(&lines, "%u:%u %s: %s\n", problems.items[i].line, problems.items[i].column,
                       problems.items[i].pointer, problems.items[i].message);
    if (problems.omitted > 0)
        buf_add_format(&lines, "and %zu more\n", problems.omitted);
    assert_false(lines.failed);
    plan_problems_fini(&problems);
    return lines.ptr;
}

static inline void assert_problems(const char *text, const char *expected)
{
    char *found = problems_of(text, strlen(text));
    assert_string_equal(found, expected);
    free(found);
}

/* Exactly one problem, at this pointer, whose message has these words. */
static inline void assert_refused(const char *text, const char *pointer, const char *words)
{
    char *found = problems_of(text, strlen(text)), place[256];
    snprintf(place, sizeof place, " %s: ", pointer);
    if (!strstr(found, place) || !strstr(found, words) || strchr(found, '\n')[1] != '\0')
        fail_msg("%.1000s\nis refused with\n%swhich is not one mistake at %s: %s", text, found,
                 pointer, words);
    free(found);
}

/* printf into a buffer of the caller's own, large enough for any document of a test. */
enum { SCENARIO_SIZE = 65536 };
static inline const char *scenario_format(char out[SCENARIO_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline const char *scenario_format(char out[SCENARIO_SIZE], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    assert_in_range(vsnprintf(out, SCENARIO_SIZE, format, args), 1, SCENARIO_SIZE - 1);
    va_end(args);
    return out;
}

static inline void assert_str(struct str s, const char *text)
{
    if (!str_eq_text(s, text))
        fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, s.ptr, text);
}

#endif
