/* fuzz_http1: a response comes from a stranger's server, cut into pieces anywhere. However it is
 * cut, the parser must say the same of it. The first byte of the input says how. */
#include <stdlib.h>

#include "src/engine/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct outcome {
    bool failed;
    bool done;
    unsigned status;
    bool keep_alive;
    size_t used;
};

static struct outcome parse(const char *text, size_t len, bool head_request, size_t piece)
{
    struct outcome o = {0};
    struct http1 parser;
    http1_init(&parser);
    http1_reset(&parser, head_request);
    while (o.used < len && parser.state != HTTP1_DONE && !o.failed) {
        size_t n = len - o.used < piece ? len - o.used : piece;
        const char *why = NULL;
        ssize_t taken = http1_feed(&parser, text + o.used, n, &why);
        o.failed = taken < 0;
        if (!o.failed && (size_t)taken < n && parser.state != HTTP1_DONE)
            abort(); /* fewer than given only once it is done */
        if (o.failed && !why)
            abort();
        o.used += o.failed ? 0 : (size_t)taken;
    }
    if (!o.failed) {
        o.done = parser.state == HTTP1_DONE || http1_end(&parser);
        o.status = o.done ? parser.status : 0;
        o.keep_alive = o.done && parser.keep_alive;
    } else {
        o.used = 0; /* where an error is noticed depends on the pieces */
    }
    http1_fini(&parser);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 1)
        return 0;
    const char *text = (const char *)data + 1;
    bool head_request = data[0] & 1;
    size_t piece = 1 + (data[0] >> 1);
    struct outcome whole = parse(text, len - 1, head_request, len);
    struct outcome pieces = parse(text, len - 1, head_request, piece);
    if (whole.failed != pieces.failed || whole.done != pieces.done ||
        whole.status != pieces.status || whole.keep_alive != pieces.keep_alive ||
        whole.used != pieces.used)
        abort();
    return 0;
}
