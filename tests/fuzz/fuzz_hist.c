/* fuzz_hist: encoded histograms come from other processes and other tools. What is taken in can be
 * written out and read again as the same histogram; what is refused changes nothing. */
#include <stdlib.h>

#include "squall/hist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct err e = {0};
    struct hist first, second;
    struct buf text;
    hist_init(&first);
    hist_init(&second);
    buf_init(&text, 1 << 24);
    if (hist_add_encoded(&first, data, len, &e) == 0) {
        if (hist_encode(&first, &text) || hist_add_encoded(&second, text.ptr, text.len, &e))
            abort();
        if (first.total != second.total || first.min_us != second.min_us ||
            first.max_us != second.max_us || first.low != second.low || first.high != second.high)
            abort();
    } else if (first.total != 0) {
        abort();
    }
    buf_fini(&text);
    hist_fini(&second);
    hist_fini(&first);
    return 0;
}
