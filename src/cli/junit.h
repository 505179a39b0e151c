/* junit: a run's verdicts as JUnit XML, which CI servers read: a test case for each threshold, and
 * one for each request name, whose requests and checks must not have failed.
 */
#ifndef CLI_JUNIT_H
#define CLI_JUNIT_H

#include <jansson.h>

#include "squall/base.h"

enum { JUNIT_MAX = 4 << 20 }; /* bytes */

/* `result` is what run_document made. */
void junit_add(struct buf *out, const char *name, const json_t *result);

#endif
