/* fuzz_http1: a response comes from a stranger's server, cut into pieces anywhere. However it is
 * cut, whether its body is fed or skipped, and whether its head is new or known, the parser must
 * say the same of it. The first byte of the input says how it is cut. */
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

/* Gives the parser up to `len` bytes, by skipping where `skip` and it knows them for a body's. */
static ssize_t give(struct http1 *parser, const char *bytes, size_t len, bool skip,
                    const char **why)
{
    uint64_t skippable = skip ? http1_skippable(parser) : 0;
    if (skippable == 0)
        return http1_feed(parser, bytes, len, why);
    uint64_t n = skippable < len ? skippable : len;
    http1_skip(parser, n);
    return (ssize_t)n;
}

static struct outcome parse(const char *text, size_t len, bool head_request, size_t piece,
                            bool skip, struct http1_memo *memo)
{
    struct outcome o = {0};
    struct http1 parser;
    http1_init(&parser);
    parser.memo = memo;
    http1_reset(&parser, head_request);
    while (o.used < len && parser.state != HTTP1_DONE && !o.failed) {
        size_t n = len - o.used < piece ? len - o.used : piece;
        const char *why = NULL;
        ssize_t taken = give(&parser, text + o.used, n, skip, &why);
        o.failed = taken < 0;
        if (!skip && !o.failed && (size_t)taken < n && parser.state != HTTP1_DONE)
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

static void must_agree(struct outcome a, struct outcome b)
{
    if (a.failed != b.failed || a.done != b.done || a.status != b.status ||
        a.keep_alive != b.keep_alive || a.used != b.used)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 1)
        return 0;
    const char *text = (const char *)data + 1;
    bool head_request = data[0] & 1;
    size_t piece = 1 + (data[0] >> 1);
    struct http1_memo memo = {0};
    struct outcome whole = parse(text, len - 1, head_request, len, false, NULL);
    must_agree(whole, parse(text, len - 1, head_request, piece, false, NULL));
    must_agree(whole, parse(text, len - 1, head_request, piece, true, &memo));
    must_agree(whole, parse(text, len - 1, head_request, len, false, &memo));
    must_agree(whole, parse(text, len - 1, head_request, piece, false, &memo));
    return 0;
}
