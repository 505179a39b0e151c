/* fuzz_wire: a frame is a line from another process; whatever it says, decoding ends well. */
#include "squall/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct wire_frame frame;
    struct err e = {0};
    if (wire_decode((struct str){(const char *)data, len}, &frame, &e) == 0)
        wire_frame_fini(&frame);
    return 0;
}
