/* page: the cursors of lists. A list goes down by a number that only grows with what is added, so a
 * cursor is the last number that was seen: what comes meanwhile stands before it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "store_priv.h"

int page_begin(struct str cursor, uint32_t limit, uint64_t *before, struct err *e)
{
    *before = INT64_MAX;
    if (limit < 1 || limit > STORE_PAGE_MAX)
        return err_set(e, -EINVAL, "a page has 1 to %d items, not %u", STORE_PAGE_MAX, limit);
    if (cursor.len > 0 && (!str_to_u64(cursor, before) || *before > INT64_MAX))
        return err_set(e, -EINVAL, "the cursor is none that a list has given");
    return 0;
}

void page_next(char next[STORE_CURSOR_SIZE], uint64_t last)
{
    snprintf(next, STORE_CURSOR_SIZE, "%" PRIu64, last);
}
