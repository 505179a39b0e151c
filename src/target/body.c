/* body: see body.h. RFC 9112, section 7.1. */
#include "body.h"

void target_body_begin(struct target_body *b, bool chunked, uint64_t content_length)
{
    *b = (struct target_body){.chunked = chunked, .left = content_length};
    b->state = chunked              ? TARGET_BODY_SIZE
               : content_length > 0 ? TARGET_BODY_DATA
                                    : TARGET_BODY_DONE;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int size_byte(struct target_body *b, char c, const char **why)
{
    int digit = hex_digit(c);
    if (digit >= 0) {
        b->left = b->left << 4 | (unsigned)digit;
        if (++b->digits > 15 || b->total + b->left > TARGET_BODY_MAX) {
            *why = "the body is too long";
            return 413;
        }
        return 0;
    }
    if (b->digits == 0 || (c != '\r' && c != '\n' && c != ';' && c != ' ' && c != '\t')) {
        *why = "a chunk does not begin with its size";
        return 400;
    }
    b->state = TARGET_BODY_EXTENSION;
    return 0;
}

static void size_done(struct target_body *b)
{
    b->total += b->left;
    b->state = b->left > 0 ? TARGET_BODY_DATA : TARGET_BODY_TRAILER_BEGIN;
}

/* One byte that is no data. 0, or a status. */
static int frame_byte(struct target_body *b, char c, const char **why)
{
    if (b->state == TARGET_BODY_SIZE) {
        int status = size_byte(b, c, why);
        if (status != 0 || b->state == TARGET_BODY_SIZE)
            return status;
    }
    if (c != '\r' && c != '\n' && ++b->around > TARGET_TRAILER_MAX) {
        *why = "the chunks' extensions and trailers are too long";
        return 431;
    }
    switch (b->state) {
    case TARGET_BODY_EXTENSION:
        if (c == '\n')
            size_done(b);
        break;
    case TARGET_BODY_DATA_END:
        if (c == '\n') {
            b->state = TARGET_BODY_SIZE;
            b->left = 0;
            b->digits = 0;
        } else if (c != '\r') {
            *why = "a chunk is longer than its size says";
            return 400;
        }
        break;
    case TARGET_BODY_TRAILER_BEGIN:
        if (c == '\n')
            b->state = TARGET_BODY_DONE;
        else if (c != '\r')
            b->state = TARGET_BODY_TRAILER;
        break;
    default: /* TRAILER */
        if (c == '\n')
            b->state = TARGET_BODY_TRAILER_BEGIN;
        break;
    }
    return 0;
}

static size_t take_data(struct target_body *b, struct str data, struct buf *keep)
{
    size_t len = data.len < b->left ? data.len : (size_t)b->left;
    if (keep)
        buf_add(keep, data.ptr, len);
    b->left -= len;
    if (b->left == 0)
        b->state = b->chunked ? TARGET_BODY_DATA_END : TARGET_BODY_DONE;
    return len;
}

ssize_t target_body_feed(struct target_body *b, struct str data, struct buf *keep, const char **why)
{
    size_t at = 0;
    while (at < data.len && b->state != TARGET_BODY_DONE) {
        if (b->state == TARGET_BODY_DATA) {
            at += take_data(b, (struct str){data.ptr + at, data.len - at}, keep);
            continue;
        }
        int status = frame_byte(b, data.ptr[at++], why);
        if (status != 0)
            return -status;
    }
    return (ssize_t)at;
}
