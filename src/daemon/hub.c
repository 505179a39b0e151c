/* hub: a ring of a run's latest events and the places where its watchers are in it. */
#include "hub.h"

#include <stdlib.h>
#include <string.h>

struct hub {
    struct clock *clock;
    struct buf events[HUB_EVENTS_MAX]; /* event n is at n % HUB_EVENTS_MAX */
    uint64_t oldest, next;             /* seq of the first that is kept, and after the last */
    size_t bytes;
    uint64_t latest_ns;
    struct hub_place *places;
    bool closed;
};

struct hub *hub_new(struct clock *clock)
{
    struct hub *h = mem_alloc(sizeof *h);
    h->clock = clock;
    h->latest_ns = clock_mono_ns(clock);
    return h;
}

static void drop_oldest(struct hub *h)
{
    struct buf *event = &h->events[h->oldest++ % HUB_EVENTS_MAX];
    h->bytes -= event->len;
    buf_fini(event);
}

static void free_unwatched(struct hub *h)
{
    if (h->places)
        return;
    while (h->oldest < h->next)
        drop_oldest(h);
    if (h->closed)
        free(h);
}

static void wake(struct hub_place *place)
{
    if (!place->waits)
        return;
    place->waits = false;
    place->wake(place);
}

void hub_close(struct hub *h)
{
    h->closed = true;
    for (struct hub_place *p = h->places; p; p = p->next)
        wake(p);
    free_unwatched(h);
}

bool hub_is_closed(const struct hub *h)
{
    return h->closed;
}

bool hub_has_watchers(const struct hub *h)
{
    return h->places;
}

void hub_publish(struct hub *h, struct buf *event)
{
    h->latest_ns = clock_mono_ns(h->clock);
    if (!h->places || event->failed)
        return buf_fini(event);
    while (h->oldest < h->next &&
           (h->next - h->oldest == HUB_EVENTS_MAX || h->bytes + event->len > HUB_BYTES_MAX))
        drop_oldest(h);
    h->bytes += event->len;
    h->events[h->next++ % HUB_EVENTS_MAX] = *event;
    memset(event, 0, sizeof *event);
    for (struct hub_place *p = h->places; p; p = p->next) {
        if (p->seq < h->oldest && !p->lost) {
            p->lost = true;
            p->cut(p);
        }
        wake(p);
    }
}

void hub_keep_alive(struct hub *h)
{
    struct buf comment;
    if (clock_mono_ns(h->clock) - h->latest_ns < HUB_KEEP_ALIVE_S * NS_PER_S)
        return;
    buf_init(&comment, 64);
    buf_add_text(&comment, ": still here\n\n");
    hub_publish(h, &comment);
}

void hub_watch(struct hub *h, struct hub_place *place)
{
    place->hub = h;
    place->seq = h->next;
    place->next = h->places;
    h->places = place;
}

void hub_leave(struct hub_place *place)
{
    struct hub_place **at = &place->hub->places;
    while (*at != place)
        at = &(*at)->next;
    *at = place->next;
    free_unwatched(place->hub);
    place->hub = NULL;
}

size_t hub_read(struct hub_place *place, char *out, size_t max)
{
    struct hub *h = place->hub;
    size_t total = 0;
    while (total < max && place->seq < h->next) {
        const struct buf *event = &h->events[place->seq % HUB_EVENTS_MAX];
        size_t left = event->len - place->taken;
        size_t n = left < max - total ? left : max - total;
        memcpy(out + total, event->ptr + place->taken, n);
        total += n;
        place->taken += n;
        if (place->taken == event->len) {
            place->seq++;
            place->taken = 0;
        }
    }
    return total;
}
