/* decode: see decode.h. */
#include "decode.h"

#include <brotli/decode.h>
#include <string.h>
#include <zlib.h>

enum {
    PIECE = 16 << 10,
    GZIP_OR_ZLIB = MAX_WBITS + 32,
    RAW = -MAX_WBITS, /* what some servers call deflate */
};

static bool inflate_into(struct buf *out, struct str body, int bits)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)body.ptr, .avail_in = (uInt)body.len};
    int rc = Z_OK;
    if (inflateInit2(&z, bits) != Z_OK)
        return false;
    while (rc == Z_OK && !out->failed) {
        size_t room = out->limit - out->len < PIECE ? out->limit - out->len : PIECE;
        char *to = room > 0 ? buf_reserve(out, room) : NULL;
        if (!to)
            break;
        z.next_out = (Bytef *)to;
        z.avail_out = (uInt)room;
        rc = inflate(&z, Z_NO_FLUSH);
        out->len += room - z.avail_out;
        if (rc == Z_OK && z.avail_in == 0 && z.avail_out > 0)
            break;
    }
    inflateEnd(&z);
    return rc != Z_DATA_ERROR || out->len > 0;
}

static void brotli_into(struct buf *out, struct str body)
{
    BrotliDecoderState *s = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    const uint8_t *in = (const uint8_t *)body.ptr;
    size_t in_left = body.len;
    BrotliDecoderResult rc = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
    while (s && rc == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && out->len < out->limit) {
        size_t room = out->limit - out->len < PIECE ? out->limit - out->len : PIECE, left = room;
        uint8_t *to = (uint8_t *)buf_reserve(out, room);
        if (!to)
            break;
        rc = BrotliDecoderDecompressStream(s, &in_left, &in, &left, &to, NULL);
        out->len += room - left;
    }
    if (s)
        BrotliDecoderDestroyInstance(s);
}

struct str decode(struct buf *out, struct str body, struct str coding)
{
    buf_clear(out);
    if (body.len == 0)
        return body;
    if (str_eq_nocase(coding, STR("gzip")) || str_eq_nocase(coding, STR("x-gzip")) ||
        str_eq_nocase(coding, STR("deflate"))) {
        if (!inflate_into(out, body, GZIP_OR_ZLIB)) {
            buf_clear(out);
            inflate_into(out, body, RAW);
        }
    } else if (str_eq_nocase(coding, STR("br"))) {
        brotli_into(out, body);
    } else {
        return body;
    }
    return buf_str(out);
}
