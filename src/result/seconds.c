/* seconds: the ring of the latest seconds, which can still take latencies that were planned in
 * them. See result_priv.h for why most of them are packed. */
#include <stdlib.h>
#include <string.h>

#include "result_priv.h"

void seconds_init(struct seconds *s, size_t point_count)
{
    memset(s, 0, sizeof *s);
    s->point_count = point_count;
}

/* ---- packing: each histogram as its length and its V2 encoding, extremes included ----------- */

static void pack_hist(struct buf *out, struct hist *h)
{
    uint64_t len = 0;
    size_t at = out->len;
    buf_add(out, &len, sizeof len);
    if (h->total > 0)
        hist_encode(h, out);
    len = out->len - at - sizeof len;
    memcpy(out->ptr + at, &len, sizeof len);
    hist_fini(h);
}

static const char *unpack_hist(const char *at, struct hist *h)
{
    uint64_t len;
    memcpy(&len, at, sizeof len);
    at += sizeof len;
    hist_init(h);
    if (len > 0)
        hist_add_encoded(h, at, len, NULL);
    return at + len;
}

static void pack(struct seconds *s, struct slot *slot)
{
    buf_init(&slot->bytes, SIZE_MAX);
    pack_hist(&slot->bytes, &slot->second.send_lag);
    for (size_t i = 0; i < s->point_count; i++) {
        pack_hist(&slot->bytes, &slot->second.points[i].latency);
        pack_hist(&slot->bytes, &slot->second.points[i].service);
    }
    slot->packed = true;
    s->unpacked--;
}

static void unpack(struct seconds *s, struct slot *slot)
{
    const char *at = unpack_hist(slot->bytes.ptr, &slot->second.send_lag);
    for (size_t i = 0; i < s->point_count; i++) {
        at = unpack_hist(at, &slot->second.points[i].latency);
        at = unpack_hist(at, &slot->second.points[i].service);
    }
    buf_fini(&slot->bytes);
    slot->packed = false;
    s->unpacked++;
}

static void pack_oldest_touched(struct seconds *s)
{
    struct slot *oldest = NULL;
    for (size_t i = 0; i < RESULT_OPEN_SECONDS; i++) {
        struct slot *slot = &s->slots[i];
        if (slot->used && !slot->packed && (!oldest || slot->touched < oldest->touched))
            oldest = slot;
    }
    pack(s, oldest);
}

static struct result_second *touch(struct seconds *s, struct slot *slot)
{
    if (slot->packed)
        unpack(s, slot);
    slot->touched = ++s->calls;
    if (s->unpacked > SECONDS_UNPACKED_MAX)
        pack_oldest_touched(s);
    return &slot->second;
}

/* ---- slots ----------------------------------------------------------------------------------- */

static struct slot *slot_of(struct seconds *s, uint32_t second)
{
    return &s->slots[second % RESULT_OPEN_SECONDS];
}

static void slot_fini(struct seconds *s, struct slot *slot)
{
    if (!slot->used)
        return;
    if (slot->packed)
        buf_fini(&slot->bytes);
    else
        s->unpacked--;
    for (size_t i = 0; i < s->point_count; i++) {
        struct result_point *p = &slot->second.points[i];
        result_counts_fini(&p->counts);
        if (!slot->packed) {
            hist_fini(&p->latency);
            hist_fini(&p->service);
        }
    }
    if (!slot->packed)
        hist_fini(&slot->second.send_lag);
    free(slot->second.points);
    memset(slot, 0, sizeof *slot);
}

static void slot_begin(struct seconds *s, uint32_t second)
{
    struct slot *slot = slot_of(s, second);
    slot_fini(s, slot);
    slot->used = true;
    slot->second.second = second;
    hist_init(&slot->second.send_lag);
    slot->second.points = mem_alloc(s->point_count * sizeof *slot->second.points);
    for (size_t i = 0; i < s->point_count; i++) {
        struct result_point *p = &slot->second.points[i];
        p->second = second;
        p->name_id = (uint32_t)i;
        hist_init(&p->latency);
        hist_init(&p->service);
    }
    s->unpacked++;
}

void seconds_fini(struct seconds *s)
{
    for (size_t i = 0; i < RESULT_OPEN_SECONDS; i++)
        slot_fini(s, &s->slots[i]);
}

uint32_t seconds_oldest(const struct seconds *s)
{
    return s->newest < RESULT_OPEN_SECONDS ? 0 : s->newest - RESULT_OPEN_SECONDS + 1;
}

struct result_second *seconds_open(struct seconds *s, uint32_t second)
{
    if (!s->any) {
        s->any = true;
        slot_begin(s, 0);
    }
    while (s->newest < second)
        slot_begin(s, ++s->newest);
    if (second < seconds_oldest(s))
        second = seconds_oldest(s);
    return touch(s, slot_of(s, second));
}

struct result_second *seconds_find(struct seconds *s, uint32_t second)
{
    if (!s->any || second > s->newest || second < seconds_oldest(s))
        return NULL;
    return touch(s, slot_of(s, second));
}

struct result_second *seconds_dirty(struct seconds *s, uint32_t last)
{
    if (!s->any)
        return NULL;
    for (uint32_t second = seconds_oldest(s); second <= s->newest && second <= last; second++)
        if (slot_of(s, second)->second.dirty)
            return touch(s, slot_of(s, second));
    return NULL;
}
