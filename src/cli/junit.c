/* junit: writes a result document as JUnit XML. There is no standard; this is what Jenkins, GitLab
 * and GitHub's reporters have in common: testsuites, testsuite, testcase with failure or error. The
 * file says what the exit code says: where thresholds decide, failed requests are told as output
 * and are no failures.
 */
#include "junit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "squall/result.h"

enum { TEXT_MAX = 65536 };

/* As the value of an attribute in double quotes, or as text (XML 1.0, sections 2.2 and 2.4). */
static void add_escaped(struct buf *out, struct str text)
{
    while (text.len > 0) {
        size_t n = str_utf8_char(text);
        unsigned char c = (unsigned char)*text.ptr;
        bool no_character = n == 0 || (n == 1 && (c < 0x20 || c == 0x7f)) ||
                            (n == 3 && memcmp(text.ptr, "\xef\xbf", 2) == 0 &&
                             (unsigned char)text.ptr[2] >= 0xbe); /* U+FFFE, U+FFFF */
        if (no_character)
            buf_add_text(out, c == '\n' || c == '\t' ? " " : "\xef\xbf\xbd");
        else if (c == '&')
            buf_add_text(out, "&amp;");
        else if (c == '<')
            buf_add_text(out, "&lt;");
        else if (c == '>')
            buf_add_text(out, "&gt;");
        else if (c == '"')
            buf_add_text(out, "&quot;");
        else
            buf_add(out, text.ptr, n);
        n = n > 0 ? n : 1;
        text = (struct str){text.ptr + n, text.len - n};
    }
}

static struct str text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return (struct str){json_string_value(value), json_string_length(value)};
}

static uint64_t count_of(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* A suite while it is written: its head needs the counts of its cases. */
struct suite {
    struct buf cases;
    unsigned tests, failures, errors;
};

static void begin_case(struct suite *s, const char *class, struct str name)
{
    s->tests++;
    buf_add_format(&s->cases, "    <testcase classname=\"%s\" name=\"", class);
    add_escaped(&s->cases, name);
    buf_add_text(&s->cases, "\"");
}

/* Ends the case: `message` in an element `kind`, "failure", "error" or "system-out"; NULL: passed.
 */
static void end_case(struct suite *s, const char *kind, const struct buf *message)
{
    if (!kind) {
        buf_add_text(&s->cases, "/>\n");
        return;
    }
    bool output = strcmp(kind, "system-out") == 0;
    s->failures += strcmp(kind, "failure") == 0;
    s->errors += strcmp(kind, "error") == 0;
    buf_add_format(&s->cases, ">\n      <%s%s", kind, output ? ">" : " message=\"");
    add_escaped(&s->cases, buf_str(message));
    buf_add_format(&s->cases, output ? "</%s>\n    </testcase>\n" : "\"/>\n    </testcase>\n",
                   kind);
}

static void add_run(struct suite *s, const json_t *result)
{
    struct buf message;
    struct str state = text_of(result, "state"), reason = text_of(result, "reason");
    bool complete = str_eq_text(state, "complete"), any = count_of(result, "requests") > 0;
    buf_init(&message, TEXT_MAX);
    if (!complete)
        buf_add_format(&message, "%s: %.*s", state.ptr, (int)reason.len, reason.ptr);
    else if (!any)
        buf_add_text(&message, "no request was finished");
    begin_case(s, "run", STR("completes"));
    end_case(s, !complete ? "error" : !any ? "failure" : NULL, &message);
    buf_fini(&message);
}

static void add_threshold(struct suite *s, const json_t *verdict)
{
    struct buf message;
    char value[RESULT_VALUE_SIZE];
    struct str unit = text_of(verdict, "unit");
    const json_t *number = json_object_get(verdict, "value");
    buf_init(&message, TEXT_MAX);
    result_value_text(value, json_number_value(number), unit.ptr);
    buf_add_format(&message, "it was %s", json_is_null(number) ? "never measured" : value);
    if (json_is_true(json_object_get(verdict, "aborted")))
        buf_add_text(&message, "; it ended the run");
    bool passed = json_is_true(json_object_get(verdict, "passed"));
    begin_case(s, "thresholds", text_of(verdict, "text"));
    end_case(s, passed ? NULL : "failure", &message);
    buf_fini(&message);
}

static void add_request(struct suite *s, const char *name, const json_t *total, bool decides)
{
    struct buf message;
    const char *kind;
    json_t *times;
    uint64_t errors = count_of(total, "errors");
    buf_init(&message, TEXT_MAX);
    buf_add_format(&message, "%" PRIu64 " of %" PRIu64 " requests failed", errors,
                   count_of(total, "requests"));
    json_object_foreach(json_object_get(total, "error_kinds"), kind, times)
    {
        buf_add_format(&message, ", %s: %" JSON_INTEGER_FORMAT, kind, json_integer_value(times));
    }
    begin_case(s, "requests", str_of(name));
    end_case(s, errors == 0 ? NULL : decides ? "failure" : "system-out", &message);
    buf_fini(&message);
}

void junit_add(struct buf *out, const char *name, const json_t *result)
{
    struct suite s = {.tests = 0};
    json_t *thresholds = json_object_get(result, "thresholds"), *item;
    const char *request;
    size_t i;
    char counts[200];
    buf_init(&s.cases, JUNIT_MAX);
    add_run(&s, result);
    json_array_foreach(thresholds, i, item) add_threshold(&s, item);
    json_object_foreach(json_object_get(result, "by_request"), request, item)
    {
        add_request(&s, request, item, json_array_size(thresholds) == 0);
    }
    snprintf(counts, sizeof counts, "tests=\"%u\" failures=\"%u\" errors=\"%u\" time=\"%.3f\"",
             s.tests, s.failures, s.errors,
             json_number_value(json_object_get(result, "duration_s")));
    buf_add_format(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites %s>\n", counts);
    buf_add_text(out, "  <testsuite name=\"");
    add_escaped(out, str_of(name));
    buf_add_format(out, "\" %s>\n", counts);
    buf_add(out, s.cases.ptr, s.cases.len);
    buf_add_text(out, "  </testsuite>\n</testsuites>\n");
    buf_fini(&s.cases);
}
