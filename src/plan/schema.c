/* schema: the document's JSON Schema, as editors and the API's clients get it. */
#include "plan_priv.h"
#include "squall/embed.h"

EMBED(plan_schema_json, "src/plan/scenario.schema.json");

struct str plan_schema(void)
{
    return EMBED_STR(plan_schema_json);
}
