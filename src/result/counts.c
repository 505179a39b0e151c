/* counts: adding up counters. Few status codes occur, so they are a short sorted list, not an
 * array of 600 for every second and name. */
#include <stdlib.h>
#include <string.h>

#include "result_priv.h"

void result_counts_add_status(struct result_counts *c, uint32_t status, uint64_t count)
{
    size_t at = 0;
    while (at < c->status_count && c->status[at].status < status)
        at++;
    if (at == c->status_count || c->status[at].status != status) {
        c->status = mem_resize(c->status, (c->status_count + 1) * sizeof *c->status);
        memmove(c->status + at + 1, c->status + at, (c->status_count - at) * sizeof *c->status);
        c->status[at] = (struct wire_status_count){status, 0};
        c->status_count++;
    }
    c->status[at].count += count;
}

void counts_add_tick(struct result_counts *into, const struct wire_request_tick *tick)
{
    into->requests += tick->requests;
    into->errors += tick->errors;
    into->bytes_in += tick->bytes_in;
    into->bytes_out += tick->bytes_out;
    for (int k = 0; k < WIRE_ERR_COUNT; k++)
        into->error_kinds[k] += tick->error_kinds[k];
    for (size_t i = 0; i < tick->status_count; i++)
        result_counts_add_status(into, tick->status[i].status, tick->status[i].count);
}

void result_counts_fini(struct result_counts *counts)
{
    free(counts->status);
    memset(counts, 0, sizeof *counts);
}
