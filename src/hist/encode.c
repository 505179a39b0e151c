/* encode: writes a histogram in the forms that hist_priv.h describes. What does not fit into the
 * buffer is taken back as a whole.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "hist_priv.h"

/* Collects words, since a histogram is thousands of them. */
struct writer {
    struct buf *out;
    size_t len;
    unsigned char bytes[512];
};

static void flush(struct writer *w)
{
    buf_add(w->out, w->bytes, w->len);
    w->len = 0;
}

static void add_word(struct writer *w, int64_t value)
{
    if (w->len > sizeof w->bytes - HIST_WORD_MAX)
        flush(w);
    uint64_t bits = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
    for (int i = 1; i < HIST_WORD_MAX && bits > 0x7f; i++, bits >>= 7)
        w->bytes[w->len++] = (unsigned char)(bits | 0x80);
    w->bytes[w->len++] = (unsigned char)bits;
}

/* As HdrHistogram has it: one zero is written as a counter, several as a run. */
static void add_zeros(struct writer *w, uint32_t n)
{
    if (n > 0)
        add_word(w, n == 1 ? 0 : -(int64_t)n);
}

static void add_counters(struct writer *w, const struct hist *h)
{
    if (h->total == 0) {
        add_zeros(w, 1);
        return;
    }
    uint32_t zeros = h->low;
    for (uint32_t index = h->low; index <= h->high; index++) {
        uint64_t count = h->counts[index - h->first];
        if (count == 0) {
            zeros++;
            continue;
        }
        add_zeros(w, zeros);
        zeros = 0;
        add_word(w, count < INT64_MAX ? (int64_t)count : INT64_MAX);
    }
}

static void put_u32(char *to, uint32_t value)
{
    value = htobe32(value);
    memcpy(to, &value, sizeof value);
}

static void put_u64(char *to, uint64_t value)
{
    value = htobe64(value);
    memcpy(to, &value, sizeof value);
}

int hist_written(struct buf *out, size_t begin)
{
    if (!out->failed)
        return 0;
    if (out->len > begin) {
        out->len = begin;
        out->ptr[begin] = '\0';
    }
    return -ENOBUFS;
}

static int encode(const struct hist *h, struct buf *out, bool with_extremes)
{
    static const double ratio = 1.0;
    size_t begin = out->len;
    char head[HIST_HEAD_LEN] = {0};
    uint64_t ratio_bits;
    memcpy(&ratio_bits, &ratio, sizeof ratio_bits);
    put_u32(head, HIST_COOKIE | HIST_COOKIE_WORDS);
    put_u32(head + 12, HIST_DIGITS);
    put_u64(head + 16, 1);
    put_u64(head + 24, HIST_MAX_US);
    put_u64(head + 32, ratio_bits);
    buf_add(out, head, sizeof head);

    struct writer w = {.out = out};
    add_counters(&w, h);
    flush(&w);
    size_t payload = out->len - begin - sizeof head;
    if (with_extremes && h->total > 0) {
        add_word(&w, (int64_t)h->min_us);
        add_word(&w, (int64_t)h->max_us);
        flush(&w);
    }
    if (!out->failed)
        put_u32(out->ptr + begin + 4, (uint32_t)payload);
    return hist_written(out, begin);
}

int hist_encode(const struct hist *h, struct buf *out)
{
    return encode(h, out, true);
}

/* A small window and table: what is compressed is a kilobyte or two of small counts, and clearing
 * the usual quarter of a megabyte costs a hundred times as much as compressing them. */
static int begin_deflate(z_stream *z)
{
    enum { WINDOW_BITS = 11, MEMORY_LEVEL = 4 };
    memset(z, 0, sizeof *z);
    return deflateInit2(z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
                        Z_DEFAULT_STRATEGY);
}

int hist_encode_compressed(const struct hist *h, struct buf *out)
{
    AUTO(buf_fini) struct buf plain;
    buf_init(&plain, HIST_ENCODED_MAX);
    encode(h, &plain, false);
    z_stream z;
    if (begin_deflate(&z) != Z_OK)
        return -ENOMEM;
    size_t begin = out->len, bound = deflateBound(&z, plain.len);
    char *to = buf_reserve(out, HIST_HEAD_COMPRESSED_LEN + bound);
    z.next_in = (Bytef *)plain.ptr;
    z.avail_in = (uInt)plain.len;
    z.next_out = (Bytef *)to + HIST_HEAD_COMPRESSED_LEN;
    z.avail_out = (uInt)bound;
    int rc = to ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
    size_t len = z.total_out;
    deflateEnd(&z);
    if (rc != Z_STREAM_END)
        return to ? -ENOMEM : -ENOBUFS;
    put_u32(to, HIST_COOKIE_COMPRESSED | HIST_COOKIE_WORDS);
    put_u32(to + 4, (uint32_t)len);
    out->len += HIST_HEAD_COMPRESSED_LEN + len;
    return hist_written(out, begin);
}

int hist_encode_base64(const struct hist *h, struct buf *out)
{
    AUTO(buf_fini) struct buf plain;
    buf_init(&plain, HIST_ENCODED_MAX);
    encode(h, &plain, true);
    return base64_encode(out, plain.ptr, plain.len);
}

int hist_encode_compressed_base64(const struct hist *h, struct buf *out)
{
    AUTO(buf_fini) struct buf compressed;
    buf_init(&compressed, 2 * HIST_ENCODED_MAX); /* deflate adds a few per cent at worst */
    int rc = hist_encode_compressed(h, &compressed);
    return rc ? rc : base64_encode(out, compressed.ptr, compressed.len);
}
