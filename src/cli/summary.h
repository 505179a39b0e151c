/* summary: a run's result document in words and tables, for people. */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include <jansson.h>

#include "squall/base.h"
#include "terminal.h"

enum { SUMMARY_MAX = 4 << 20 }; /* bytes; a thousand requests take some 100 kB */

/* `result` is what run_document made. */
void summary_add(struct buf *out, const char *name, const json_t *result, const struct terminal *t);

#endif
