/* fuzz_plan: a scenario is text from a stranger; it becomes a plan or a list of problems, never
 * both, and never neither. */
#include <stdlib.h>

#include "squall/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct plan *plan = NULL;
    struct plan_problems problems;
    plan_problems_init(&problems);
    int code = plan_parse((const char *)data, len, &plan, &problems);
    if ((code == 0) != (plan != NULL) || (code == 0) != (problems.count == 0))
        abort();
    if (plan)
        plan_free(plan);
    plan_problems_fini(&problems);
    return 0;
}
