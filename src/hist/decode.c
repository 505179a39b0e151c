/* decode: takes in an encoded histogram of any setting. Nothing is believed: the bytes are gone
 * through once to check them and once more to count, so a damaged one changes nothing.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "hist_priv.h"

enum {
    HIST_INFLATED_MAX = 4 << 20, /* bytes; a full histogram of our own is 212 KB */
    HIST_INFLATE_STEP = 16 << 10,
    HIST_DIGITS_MAX = 5,
};

static int damaged(struct err *e, const char *what)
{
    return err_set(e, -EBADMSG, "not an HdrHistogram: %s", what);
}

static uint32_t get_u32(const unsigned char *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return be32toh(value);
}

static uint64_t get_u64(const unsigned char *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return be64toh(value);
}

/* ---- the layout of someone's counters -------------------------------------------------------- */

struct layout {
    unsigned half_bits; /* log2 of half the sub-buckets */
    unsigned unit_bits; /* log2 of the lowest discernible value, rounded down */
    uint64_t counters;
};

static unsigned log2_floor(uint64_t value)
{
    return 63 - (unsigned)__builtin_clzll(value);
}

static int read_layout(const unsigned char *head, struct layout *out, struct err *e)
{
    uint32_t digits = get_u32(head + 12);
    uint64_t lowest = get_u64(head + 16), highest = get_u64(head + 24);
    if (digits > HIST_DIGITS_MAX)
        return damaged(e, "more than 5 significant digits");
    if (lowest < 1 || highest > INT64_MAX || highest / 2 < lowest)
        return damaged(e, "lowest and highest value make no range");
    uint64_t single_units = 2;
    for (uint32_t i = 0; i < digits; i++)
        single_units *= 10;
    unsigned sub_bits = log2_floor(2 * single_units - 1); /* of sub-buckets, rounded up */
    out->half_bits = sub_bits - 1;
    out->unit_bits = log2_floor(lowest);
    if (out->unit_bits + sub_bits > 62)
        return damaged(e, "so many digits of so large a value do not fit");
    unsigned highest_bits = log2_floor(highest) + 1, first_bits = out->unit_bits + sub_bits;
    unsigned buckets = highest_bits > first_bits ? highest_bits - first_bits + 1 : 1;
    out->counters = ((uint64_t)buckets + 1) << out->half_bits;
    return 0;
}

/* The smallest and largest value that share a counter. */
static void value_range(const struct layout *l, uint64_t index, uint64_t *low, uint64_t *high)
{
    uint64_t bucket = index >> l->half_bits;
    uint64_t bits = l->unit_bits;
    if (bucket > 1) {
        index -= (bucket - 1) << l->half_bits;
        bits += bucket - 1;
    }
    *low = index << bits;
    *high = *low + (UINT64_C(1) << bits) - 1;
}

/* ---- words and counters ---------------------------------------------------------------------- */

struct words {
    const unsigned char *at;
    const unsigned char *end;
};

static bool next_word(struct words *w, int64_t *out)
{
    uint64_t bits = 0;
    if (w->at < w->end && *w->at < 0x80) { /* nearly all of them */
        bits = *w->at++;
        *out = (int64_t)(bits >> 1 ^ (0 - (bits & 1)));
        return true;
    }
    for (unsigned i = 0; i < HIST_WORD_MAX; i++) {
        if (w->at == w->end)
            return false;
        uint64_t byte = *w->at++;
        bool last = byte < 0x80 || i == HIST_WORD_MAX - 1;
        bits |= (i == HIST_WORD_MAX - 1 ? byte : byte & 0x7f) << 7 * i;
        if (last)
            break;
    }
    *out = (int64_t)(bits >> 1 ^ (0 - (bits & 1)));
    return true;
}

struct counters {
    struct words words;
    uint64_t next;
    uint64_t limit;
};

/* The next counter that is not 0: 1, with its index and count; 0 at the end; -1 when damaged. */
static int next_counter(struct counters *c, uint64_t *index, uint64_t *count)
{
    while (c->words.at < c->words.end) {
        int64_t word;
        if (!next_word(&c->words, &word))
            return -1;
        uint64_t advance = word < 0 ? 0 - (uint64_t)word : 1;
        if (advance > c->limit - c->next)
            return -1;
        *index = c->next;
        c->next += advance;
        if (word > 0) {
            *count = (uint64_t)word;
            return 1;
        }
    }
    return 0;
}

/* ---- plain ----------------------------------------------------------------------------------- */

/* What the first way through the bytes finds out. */
struct survey {
    uint64_t total;
    uint32_t low; /* our indices of the smallest and largest value */
    uint32_t high;
    uint64_t min_us;
    uint64_t max_us;
};

static bool ours(const struct layout *l)
{
    return l->half_bits == HIST_SUB_BUCKET_HALF_BITS && l->unit_bits == 0;
}

/* Where we count what they counted: by the middle of their range. */
static uint32_t index_of(const struct layout *l, uint64_t theirs)
{
    enum { UNCUT = HIST_BUCKETS * HIST_SUB_BUCKET_HALF }; /* 35 minutes; an hour is the most */
    uint64_t low, high;
    if (ours(l) && theirs < UNCUT)
        return (uint32_t)theirs;
    value_range(l, theirs, &low, &high);
    return hist_index(low + (high - low) / 2);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* An extreme is known as well as the narrower of both counters tells it. */
static void survey_ends(const struct layout *l, uint64_t first, uint64_t last, struct survey *out)
{
    uint64_t low, high;
    out->low = index_of(l, first);
    out->high = index_of(l, last);
    value_range(l, first, &low, &high);
    out->min_us = least(most(low, hist_index_low_us(out->low)), HIST_MAX_US);
    value_range(l, last, &low, &high);
    out->max_us = least(least(high, hist_index_high_us(out->high)), HIST_MAX_US);
}

static int survey(const struct layout *l, struct counters c, struct survey *out, struct err *e)
{
    uint64_t index, count, first = 0, last = 0;
    int more;
    *out = (struct survey){0};
    while ((more = next_counter(&c, &index, &count)) > 0) {
        if (out->total == 0)
            first = index;
        last = index;
        out->total += count;
        if (out->total > INT64_MAX)
            return damaged(e, "counts beyond all measure");
    }
    if (more < 0)
        return damaged(e, "a counter outside its range");
    survey_ends(l, first, last, out);
    return 0;
}

/* Takes the exact extremes, when there are any that fit the counters. */
static void read_extremes(struct words w, struct survey *s)
{
    int64_t min, max;
    if (s->total == 0 || !next_word(&w, &min) || !next_word(&w, &max) || min < 0 || max < min ||
        (uint64_t)max > HIST_MAX_US)
        return;
    if (hist_index((uint64_t)min) != s->low || hist_index((uint64_t)max) != s->high)
        return;
    s->min_us = (uint64_t)min;
    s->max_us = (uint64_t)max;
}

static void count_all(struct hist *into, const struct layout *l, struct counters c,
                      const struct survey *s)
{
    uint64_t index, count;
    if (s->total == 0)
        return;
    hist_grow(into, s->low);
    hist_grow(into, s->high);
    while (next_counter(&c, &index, &count) > 0)
        into->counts[index_of(l, index) - into->first] += count;
    into->total += s->total;
    into->low = (uint32_t)least(into->low, s->low);
    into->high = (uint32_t)most(into->high, s->high);
    into->min_us = least(into->min_us, s->min_us);
    into->max_us = most(into->max_us, s->max_us);
}

/* The offset and the ratio of the head are for other uses than counting; some writers leave numbers
 * of no meaning there, and no reader looks at them. */
static int add_plain(struct hist *into, const unsigned char *bytes, size_t len, struct err *e)
{
    struct layout l = {0};
    struct survey s;
    if (len < HIST_HEAD_LEN)
        return damaged(e, "it ends within its head");
    if ((get_u32(bytes) & ~HIST_COOKIE_WORDS_MASK) != HIST_COOKIE)
        return damaged(e, "no V2 cookie");
    size_t payload = get_u32(bytes + 4);
    if (payload > len - HIST_HEAD_LEN)
        return damaged(e, "it ends within its counters");
    int rc = read_layout(bytes, &l, e);
    if (rc)
        return rc;
    const unsigned char *end = bytes + HIST_HEAD_LEN + payload;
    struct counters c = {.words = {bytes + HIST_HEAD_LEN, end}, .limit = l.counters};
    rc = survey(&l, c, &s, e);
    if (rc)
        return rc;
    if (s.total > INT64_MAX - least(into->total, INT64_MAX))
        return damaged(e, "counts beyond all measure");
    if (ours(&l))
        read_extremes((struct words){end, bytes + len}, &s);
    count_all(into, &l, c, &s);
    return 0;
}

/* ---- compressed, base64 ---------------------------------------------------------------------- */

static int inflate_all(const unsigned char *bytes, size_t len, struct buf *out)
{
    z_stream z = {.next_in = (Bytef *)bytes, .avail_in = (uInt)len};
    if (inflateInit(&z) != Z_OK)
        return Z_MEM_ERROR;
    int rc = Z_OK;
    while (rc == Z_OK) {
        size_t room = out->limit - out->len;
        room = room < HIST_INFLATE_STEP ? room : HIST_INFLATE_STEP;
        if (room == 0) {
            rc = Z_BUF_ERROR;
            break;
        }
        z.next_out = (Bytef *)buf_reserve(out, room);
        z.avail_out = (uInt)room;
        rc = inflate(&z, Z_NO_FLUSH);
        out->len += room - z.avail_out;
    }
    inflateEnd(&z);
    return rc;
}

static int add_compressed(struct hist *into, const unsigned char *bytes, size_t len, struct err *e)
{
    if (len < HIST_HEAD_COMPRESSED_LEN)
        return damaged(e, "it ends within its head");
    size_t compressed = get_u32(bytes + 4);
    if (compressed > len - HIST_HEAD_COMPRESSED_LEN)
        return damaged(e, "it ends within its compressed part");
    AUTO(buf_fini) struct buf plain;
    buf_init(&plain, HIST_INFLATED_MAX);
    if (inflate_all(bytes + HIST_HEAD_COMPRESSED_LEN, compressed, &plain) != Z_STREAM_END)
        return damaged(e, "its compressed part is damaged or too large");
    return add_plain(into, (const unsigned char *)plain.ptr, plain.len, e);
}

int hist_add_encoded(struct hist *into, const void *bytes, size_t len, struct err *e)
{
    if (len >= 4 && (get_u32(bytes) & ~HIST_COOKIE_WORDS_MASK) == HIST_COOKIE_COMPRESSED)
        return add_compressed(into, bytes, len, e);
    return add_plain(into, bytes, len, e);
}

int hist_add_base64(struct hist *into, struct str text, struct err *e)
{
    AUTO(buf_fini) struct buf bytes;
    buf_init(&bytes, text.len);
    int rc = base64_decode(&bytes, text, e);
    return rc ? rc : hist_add_encoded(into, bytes.ptr, bytes.len, e);
}
