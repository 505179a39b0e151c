/* fuzz_wire: any bytes as a frame; and, when it is a tick or a sample, into a result, since numbers
 * that can be read may still make no sense. */
#include <stdlib.h>

#include "squall/result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void merge(const struct wire_frame *frame)
{
    static const struct str names[] = {{"home", 4}, {"order", 5}};
    struct result *r = result_new(names, 2, 2);
    struct err e;
    if (frame->type == WIRE_TICK)
        for (uint32_t worker = 0; worker < 2; worker++)
            result_add_tick(r, worker, &frame->tick, &e);
    else
        result_add_sample(r, &frame->sample);
    json_decref(result_document(r));
    for (const struct result_second *s; (s = result_take_dirty(r));)
        json_decref(result_second_document(r, s));
    result_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct wire_frame frame;
    struct err e = {0};
    if (wire_decode((struct str){(const char *)data, len}, &frame, &e) < 0)
        return 0;
    if (frame.type == WIRE_TICK || frame.type == WIRE_SAMPLE)
        merge(&frame);
    wire_frame_fini(&frame);
    return 0;
}
