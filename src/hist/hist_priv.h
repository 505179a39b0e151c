/* hist_priv: HdrHistogram's V2 encoding, as encode.c writes it and decode.c reads it.
 *
 *      0  cookie, HIST_COOKIE          16  lowest discernible value (8 bytes)
 *      4  bytes of the payload         24  highest trackable value (8 bytes)
 *      8  normalizing index offset     32  ratio of integers to doubles (a double)
 *     12  significant digits           40  the payload
 *
 * Everything is big-endian. The payload is a row of words (ZigZag, then LEB128 of at most 9 bytes):
 * n >= 0 is the next counter, n < 0 stands for -n counters of zero.
 *
 * Compressed: HIST_COOKIE_COMPRESSED, the number of bytes that follow, the above through zlib.
 *
 * After a payload of our own come two more words, the exact extremes in microseconds. Other readers
 * go by the payload's length and do not see them; a result would otherwise lose its exact maximum
 * on the way from a worker to whoever started it. Compressed ones, which go to other tools, have
 * none.
 */
#ifndef SQUALL_HIST_PRIV_H
#define SQUALL_HIST_PRIV_H

#include "squall/hist.h"

#define HIST_COOKIE UINT32_C(0x1c849303)
#define HIST_COOKIE_COMPRESSED UINT32_C(0x1c849304)
#define HIST_COOKIE_WORDS UINT32_C(0x10)      /* set by every writer: counters are LEB128 words */
#define HIST_COOKIE_WORDS_MASK UINT32_C(0xf0) /* ignored by every reader */

enum {
    HIST_HEAD_LEN = 40,
    HIST_HEAD_COMPRESSED_LEN = 8,
    HIST_WORD_MAX = 9, /* bytes; the ninth has 8 bits of value and no mark */
    HIST_DIGITS = 3,
    HIST_ENCODED_MAX = HIST_HEAD_LEN + (HIST_COUNTERS + 2) * HIST_WORD_MAX,
};

/* The end of every writer: 0, or -ENOBUFS after taking back what was written from `begin` on. */
int hist_written(struct buf *out, size_t begin);

#endif
