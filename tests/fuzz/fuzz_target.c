/* fuzz_target: any bytes as a request to the target: its head, what its path and query ask for, and
 * its body. Copied to memory of just that size, so that a read beyond it is found. */
#include <stdlib.h>
#include <string.h>

#include "src/target/body.h"
#include "src/target/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_request(struct str bytes)
{
    static const struct target_answer usual = {.status = 200, .bytes = TARGET_BYTES_AUTO};
    struct target_request request;
    struct target_order order;
    struct target_body body;
    struct str name, value;
    struct buf kept;
    struct err e;
    const char *why;
    ssize_t head = target_request_parse(bytes, &request, &why);
    if (head <= 0)
        return;
    target_route(&request, &usual, &order, &e);
    while (target_request_next_field(&request.fields, &name, &value))
        ;
    buf_init(&kept, TARGET_BODY_MAX);
    target_body_begin(&body, request.chunked, request.content_length);
    bytes = (struct str){bytes.ptr + head, bytes.len - (size_t)head};
    target_body_feed(&body, bytes, &kept, &why);
    buf_fini(&kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    char *copy = malloc(len);
    memcpy(copy, data, len);
    read_request((struct str){copy, len});
    free(copy);
    return 0;
}
