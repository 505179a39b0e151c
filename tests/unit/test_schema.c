/* test_schema: the JSON Schema, the parser, the manual and the examples say the same. The other
 * half, that a validator finds the same documents good, is tests/integration/schema.test.mjs.
 */
#include <glob.h>
#include <jansson.h>

#include "scenario.h"
#include "squall/embed.h"
#include "src/plan/plan_priv.h"

EMBED(scenarios_json, "tests/data/scenarios.json");
EMBED(manual, "man/squall-scenario.5");

static const struct plan_object *const objects[] = {
    &plan_object_scenario,   &plan_object_flow,       &plan_object_target,
    &plan_object_tls,        &plan_object_timeouts,   &plan_object_load,
    &plan_object_stage,      &plan_object_step,       &plan_object_think,
    &plan_object_check,      &plan_object_request,    &plan_object_header_check,
    &plan_object_body_check, &plan_object_json_check, &plan_object_capture,
    &plan_object_repeat,     &plan_object_choice,     &plan_object_if,
    &plan_object_data,       &plan_object_threshold,
};
enum { OBJECT_COUNT = sizeof objects / sizeof objects[0] };

static json_t *load_json(struct str text)
{
    json_error_t error;
    json_t *value = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
    if (!value)
        fail_msg("%d:%d: %s", error.line, error.column, error.text);
    return value;
}

static const struct plan_object *object_named(const char *name)
{
    for (size_t i = 0; i < OBJECT_COUNT; i++)
        if (strcmp(objects[i]->name, name) == 0)
            return objects[i];
    return NULL;
}

static bool has_text(const json_t *array, const char *text)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (strcmp(json_string_value(json_array_get(array, i)), text) == 0)
            return true;
    return false;
}

/* One object of the schema against the parser's table of it: the same keys, the same required. */
static void assert_same_keys(const char *name, json_t *schema)
{
    const struct plan_object *object = object_named(name);
    json_t *properties = json_object_get(schema, "properties"), *value;
    json_t *required = json_object_get(schema, "required");
    const char *key;
    size_t required_count = 0;
    if (!object)
        fail_msg("the parser knows no object \"%s\"", name);
    assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
    assert_in_range(object->count, 1, PLAN_KEYS_MAX);
    for (size_t i = 0; i < object->count; i++) {
        if (!json_object_get(properties, object->keys[i].name))
            fail_msg("the schema has no %s/%s", name, object->keys[i].name);
        assert_int_equal(object->keys[i].required, has_text(required, object->keys[i].name));
        required_count += object->keys[i].required ? 1 : 0;
    }
    assert_int_equal(json_object_size(properties), object->count);
    assert_int_equal(json_array_size(required), required_count);
    json_object_foreach(properties, key, value)
    {
        bool described = json_object_get(value, "description") || json_object_get(value, "$ref");
        if (!described)
            fail_msg("%s/%s has no description in the schema", name, key);
    }
}

static void the_schema_has_the_keys_that_the_parser_knows_and_no_others(void **state)
{
    (void)state;
    json_t *schema = load_json(plan_schema()), *definition;
    json_t *definitions = json_object_get(schema, "$defs");
    const char *name;
    size_t seen = 1;
    assert_string_equal(json_string_value(json_object_get(schema, "$schema")),
                        "https://json-schema.org/draft/2020-12/schema");
    assert_same_keys("", schema);
    json_object_foreach(definitions, name, definition)
    {
        if (!json_object_get(definition, "properties"))
            continue;
        assert_same_keys(name, definition);
        seen++;
    }
    assert_int_equal(seen, OBJECT_COUNT);
    json_decref(schema);
}

/* A word of a line ".Cm ..." or ".It Cm ...". */
static bool manual_lists(const char *name)
{
    size_t len = strlen(name);
    for (const char *line = manual, *end; line < manual_end; line = end + 1) {
        end = strchr(line, '\n');
        if (strncmp(line, ".Cm ", 4) != 0 && strncmp(line, ".It Cm ", 7) != 0)
            continue;
        for (const char *word = line; word < end; word += strcspn(word, " \n") + 1)
            if (strcspn(word, " \n") == len && strncmp(word, name, len) == 0)
                return true;
    }
    return false;
}

static void the_manual_names_every_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < OBJECT_COUNT; i++) {
        for (size_t k = 0; k < objects[i]->count; k++) {
            const char *name = objects[i]->keys[k].name;
            char in_text[64], in_code[64];
            snprintf(in_text, sizeof in_text, "{\\(dq%s\\(dq:", name);
            snprintf(in_code, sizeof in_code, "{\"%s\":", name);
            if (!manual_lists(name) && !strstr(manual, in_text) && !strstr(manual, in_code))
                fail_msg("squall-scenario(5) does not name \"%s\"", name);
        }
    }
}

/* ---- documents ------------------------------------------------------------------------------- */

static void the_parser_finds_good_and_bad_what_is_so(void **state)
{
    (void)state;
    json_t *cases = load_json(EMBED_STR(scenarios_json));
    assert_true(json_array_size(cases) > 100);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *item = json_array_get(cases, i);
        char *text = json_dumps(json_object_get(item, "document"), 0);
        bool good = strcmp(json_string_value(json_object_get(item, "is")), "good") == 0;
        struct plan *plan;
        struct plan_problems problems;
        plan_problems_init(&problems);
        plan_parse(text, strlen(text), &plan, &problems);
        if (good != (plan != NULL))
            fail_msg("%s: %s", json_string_value(json_object_get(item, "what")),
                     plan ? "no mistake is found" : problems.items[0].message);
        plan_problems_fini(&problems);
        plan_free(plan);
        free(text);
    }
    json_decref(cases);
}

static void the_examples_are_scenarios(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob("conf/examples/*.json", 0, NULL, &found), 0);
    assert_in_range(found.gl_pathc, 4, 100);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        json_error_t error;
        json_t *document = json_load_file(found.gl_pathv[i], JSON_REJECT_DUPLICATES, &error);
        assert_non_null(document);
        char *text = json_dumps(document, 0);
        struct plan *plan = parsed(text);
        assert_true(plan->description.len > 0 && plan->tag_count > 0);
        for (size_t k = 0; k < plan->origin_count; k++)
            assert_str(plan->origins[k].authority, "127.0.0.1:8081");
        plan_free(plan);
        free(text);
        json_decref(document);
    }
    globfree(&found);
}

/* The text between a line that begins with `begin` and the next ".Ed", after `from`. */
static struct str display(const char *from)
{
    const char *begin = strchr(strstr(from, "\n.Bd -literal") + 1, '\n') + 1;
    return (struct str){begin, (size_t)(strstr(begin, "\n.Ed") - begin)};
}

static void the_manuals_example_is_a_scenario(void **state)
{
    (void)state;
    char text[SCENARIO_SIZE];
    struct str example = display(strstr(manual, "\n.Sh EXAMPLES"));
    struct plan *plan = parsed(scenario_format(text, "%.*s", (int)example.len, example.ptr));
    assert_str(plan->name, "Shop");
    assert_int_equal(plan->name_count, 2);
    plan_free(plan);
}

static void the_manuals_loads_are_loads(void **state)
{
    (void)state;
    const char *end = strstr(manual, "\n.Ss Steps");
    size_t count = 0;
    for (const char *at = strstr(manual, "\n.Ss Load"); (at = strstr(at, "\n.Bd -literal")) < end;
         at++) {
        char text[SCENARIO_SIZE];
        struct str load = display(at);
        plan_free(parsed(scenario_format(text,
                                         "{\"name\": \"n\", \"load\": %.*s, \"steps\":"
                                         " [{\"request\": {\"url\": \"http://h/\"}}]}",
                                         (int)load.len, load.ptr)));
        count++;
    }
    assert_int_equal(count, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_has_the_keys_that_the_parser_knows_and_no_others),
        cmocka_unit_test(the_manual_names_every_key),
        cmocka_unit_test(the_parser_finds_good_and_bad_what_is_so),
        cmocka_unit_test(the_examples_are_scenarios),
        cmocka_unit_test(the_manuals_example_is_a_scenario),
        cmocka_unit_test(the_manuals_loads_are_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
