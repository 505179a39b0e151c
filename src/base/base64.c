/* base64: RFC 4648, section 4, with padding. Strict: one text for one string of bytes. */
#include <errno.h>
#include <string.h>

#include "squall/base.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_encode(struct buf *out, const void *bytes, size_t len)
{
    if (len > SIZE_MAX / 2) {
        out->failed = true;
        return -ENOBUFS;
    }
    const unsigned char *from = bytes;
    size_t text_len = (len + 2) / 3 * 4;
    char *to = buf_reserve(out, text_len);
    if (!to)
        return -ENOBUFS;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t bits = (uint32_t)from[i] << 16;
        bits |= left > 1 ? (uint32_t)from[i + 1] << 8 : 0;
        bits |= left > 2 ? (uint32_t)from[i + 2] : 0;
        *to++ = alphabet[bits >> 18];
        *to++ = alphabet[bits >> 12 & 63];
        *to++ = left > 1 ? alphabet[bits >> 6 & 63] : '=';
        *to++ = left > 2 ? alphabet[bits & 63] : '=';
    }
    out->len += text_len;
    return 0;
}

/* -1 for what is no digit. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters, the last `padding` of which stand for nothing, become 3 - padding bytes. */
static bool decode_group(const char *text, size_t padding, unsigned char *to)
{
    int bits = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i < 4 - padding ? digit(text[i]) : 0;
        if (value < 0)
            return false;
        bits = bits << 6 | value;
    }
    if (bits & ((1 << 8 * padding) - 1)) /* bits that belong to no byte */
        return false;
    for (size_t i = 0; i < 3 - padding; i++)
        to[i] = (unsigned char)(bits >> (16 - 8 * i));
    return true;
}

int base64_decode(struct buf *out, struct str text, struct err *e)
{
    if (text.len % 4 != 0)
        return err_set(e, -EBADMSG, "base64 text of %zu characters, which is no multiple of 4",
                       text.len);
    if (text.len == 0)
        return 0;
    size_t padding = text.ptr[text.len - 1] != '=' ? 0 : text.ptr[text.len - 2] != '=' ? 1 : 2;
    size_t len = text.len / 4 * 3 - padding;
    unsigned char *to = (unsigned char *)buf_reserve(out, len);
    if (!to)
        return err_set(e, -ENOBUFS, "base64 text of %zu characters is too long", text.len);
    for (size_t i = 0; i < text.len; i += 4) {
        bool last = i + 4 == text.len;
        if (!decode_group(text.ptr + i, last ? padding : 0, to + i / 4 * 3)) {
            out->ptr[out->len] = '\0';
            return err_set(e, -EBADMSG, "not base64 near character %zu", i + 1);
        }
    }
    out->len += len;
    return 0;
}
