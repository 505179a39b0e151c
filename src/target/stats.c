/* stats: see stats.h. */
#include "stats.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct target_stats *target_stats_new(uint64_t log_max)
{
    struct target_stats *s = mem_alloc(sizeof *s);
    s->paths[0].text = STR("(other)");
    target_arrivals_init(&s->arrivals, log_max);
    return s;
}

static void forget_paths(struct target_stats *s)
{
    for (size_t i = 1; i <= s->path_count; i++)
        free((char *)s->paths[i].text.ptr);
    s->paths[0].requests = 0;
    s->path_count = 0;
    memset(s->slots, 0, sizeof s->slots);
}

void target_stats_free(struct target_stats *s)
{
    forget_paths(s);
    target_arrivals_fini(&s->arrivals);
    free(s);
}

void target_stats_forget(struct target_stats *s)
{
    forget_paths(s);
    s->requests = s->refused = s->faulted = 0;
    s->first_ns = s->last_ns = 0;
    s->freezes = 0;
    memset(s->status, 0, sizeof s->status);
    s->arrivals.count = s->arrivals.beyond = 0;
}

/* ---- counting -------------------------------------------------------------------------------- */

static uint32_t hash(struct str text) /* FNV-1a */
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (unsigned char)text.ptr[i]) * 16777619u;
    return h;
}

static uint16_t path_index(struct target_stats *s, struct str path)
{
    if (path.len > TARGET_PATH_TEXT_MAX)
        return 0;
    for (uint32_t slot = hash(path);; slot++) {
        uint16_t *index = &s->slots[slot % TARGET_PATH_SLOTS];
        if (*index != 0 && !str_eq(s->paths[*index].text, path))
            continue;
        if (*index != 0 || s->path_count == TARGET_PATHS_MAX)
            return *index;
        *index = (uint16_t)++s->path_count;
        s->paths[*index] =
            (struct target_path){.text = {mem_copy_text(path.ptr, path.len), path.len}};
        return *index;
    }
}

void target_stats_arrived(struct target_stats *s, uint64_t at_ns, struct str path)
{
    uint16_t index = path_index(s, path);
    if (s->requests++ == 0)
        s->first_ns = at_ns;
    s->last_ns = at_ns;
    s->paths[index].requests++;
    target_arrivals_add(&s->arrivals, at_ns, index);
}

/* ---- as JSON --------------------------------------------------------------------------------- */

static void json_statuses(const struct target_stats *s, struct buf *out)
{
    const char *comma = "";
    buf_add_text(out, ",\"by_status\":{");
    for (size_t code = 0; code <= TARGET_STATUS_MAX; code++) {
        if (s->status[code] == 0)
            continue;
        buf_add_format(out, "%s\"%zu\":%" PRIu64, comma, code, s->status[code]);
        comma = ",";
    }
    buf_add_text(out, "}");
}

static void json_paths(const struct target_stats *s, struct buf *out)
{
    const char *comma = "";
    buf_add_text(out, ",\"by_path\":{");
    for (size_t i = 0; i <= s->path_count; i++) {
        if (s->paths[i].requests == 0)
            continue;
        buf_add_format(out, "%s\"", comma);
        buf_add_json_escaped(out, s->paths[i].text);
        buf_add_format(out, "\":%" PRIu64, s->paths[i].requests);
        comma = ",";
    }
    buf_add_text(out, "}");
}

static void json_arrivals(const struct target_arrivals *a, struct buf *out)
{
    struct target_evenness v;
    if (a->max == 0) {
        buf_add_text(out, ",\"arrivals\":null");
        return;
    }
    buf_add_format(out, ",\"arrivals\":{\"count\":%" PRIu64 ",\"not_kept\":%" PRIu64, a->count,
                   a->beyond);
    if (target_evenness_of(a->at_ns, a->count, &v))
        buf_add_format(out,
                       ",\"rate_per_s\":%.3f,\"gap_cv\":%.4f,\"back_to_back\":%.6f"
                       ",\"gap_longest_us\":%.3f,\"off_rms_us\":%.3f,\"off_longest_us\":%.3f",
                       v.rate_per_s, v.gap_cv, v.back_to_back, v.gap_longest_ns / 1e3,
                       v.off_rms_ns / 1e3, v.off_longest_ns / 1e3);
    buf_add_text(out, "}");
}

void target_stats_json(const struct target_stats *s, uint64_t now_ns, struct buf *out)
{
    buf_add_format(out,
                   "{\"requests\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"faulted\":%" PRIu64
                   ",\"first_ns\":%" PRIu64 ",\"last_ns\":%" PRIu64 ",\"now_ns\":%" PRIu64
                   ",\"connections\":{\"accepted\":%" PRIu64 ",\"open\":%" PRIu64
                   "},\"freezes\":%" PRIu64,
                   s->requests, s->refused, s->faulted, s->first_ns, s->last_ns, now_ns,
                   s->accepted, s->open, s->freezes);
    json_statuses(s, out);
    json_paths(s, out);
    json_arrivals(&s->arrivals, out);
    buf_add_text(out, "}\n");
}

/* ---- as text --------------------------------------------------------------------------------- */

void target_stats_arrivals(const struct target_stats *s, uint64_t since, struct buf *out)
{
    const struct target_arrivals *a = &s->arrivals;
    for (uint64_t i = since; i < a->count && i - since < TARGET_ARRIVALS_PAGE; i++) {
        struct str path = s->paths[a->path[i]].text;
        buf_add_format(out, "%" PRIu64 " %.*s\n", a->at_ns[i], (int)path.len, path.ptr);
    }
}

static void text_evenness(const struct target_arrivals *a, struct buf *out)
{
    struct target_evenness v;
    if (a->max == 0)
        return;
    if (a->beyond > 0)
        buf_add_format(out,
                       "The log was full (--log-max %" PRIu64 "): %" PRIu64
                       " later arrivals are not in these figures.\n",
                       a->max, a->beyond);
    if (!target_evenness_of(a->at_ns, a->count, &v))
        return;
    buf_add_format(out,
                   "Arrivals: %.1f/s; gaps: coefficient of variation %.3f, longest %.3f ms, "
                   "%.2f %% back to back (under %d us)\n",
                   v.rate_per_s, v.gap_cv, v.gap_longest_ns / 1e6, 100 * v.back_to_back,
                   (int)(TARGET_BACK_TO_BACK_NS / NS_PER_US));
    buf_add_format(out, "Off an even schedule: %.3f ms rms, %.3f ms at most\n", v.off_rms_ns / 1e6,
                   v.off_longest_ns / 1e6);
}

void target_stats_summary(const struct target_stats *s, struct buf *out)
{
    enum { PATHS_SHOWN = 20 };
    size_t shown = 0;
    buf_add_format(out, "%" PRIu64 " requests in %.3f s over %" PRIu64 " connections\n",
                   s->requests, (double)(s->last_ns - s->first_ns) / 1e9, s->accepted);
    for (size_t code = 0; code <= TARGET_STATUS_MAX; code++)
        if (s->status[code] > 0)
            buf_add_format(out, "  status %zu: %" PRIu64 "\n", code, s->status[code]);
    if (s->faulted > 0)
        buf_add_format(out, "  no whole answer, by a fault: %" PRIu64 "\n", s->faulted);
    for (size_t i = 0; i <= s->path_count && shown < PATHS_SHOWN; i++) {
        struct str path = s->paths[i].text;
        if (s->paths[i].requests == 0)
            continue;
        buf_add_format(out, "  %.*s: %" PRIu64 "\n", (int)path.len, path.ptr, s->paths[i].requests);
        shown++;
    }
    if (s->path_count > shown)
        buf_add_format(out, "  and %zu more paths\n", s->path_count - shown);
    text_evenness(&s->arrivals, out);
}
