/* test_hist_encoding: what is encoded comes back, HdrHistogram's own bytes are read, and damaged
 * ones change nothing. */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "squall/hist.h"

enum { HEAD_LEN = 40 };

static struct hist hist, other;
static struct buf text, second_text;
static struct rng rng;

static int setup(void **state)
{
    (void)state;
    hist_init(&hist);
    hist_init(&other);
    buf_init(&text, 1 << 20);
    buf_init(&second_text, 1 << 20);
    rng_seed(&rng, 20261124);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hist_fini(&hist);
    hist_fini(&other);
    buf_fini(&text);
    buf_fini(&second_text);
    return 0;
}

/* All of it: the plain encoding holds every counter and both extremes. */
static bool same(const struct hist *a, const struct hist *b)
{
    buf_clear(&text);
    buf_clear(&second_text);
    assert_int_equal(hist_encode(a, &text), 0);
    assert_int_equal(hist_encode(b, &second_text), 0);
    return a->total == b->total && str_eq(buf_str(&text), buf_str(&second_text));
}

static uint64_t sum_of_counters(const struct hist *h)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < h->span; i++)
        sum += h->counts[i];
    return sum;
}

static int add(struct hist *into, const void *bytes, size_t len)
{
    /* At its exact size on the heap, so that a read beyond the end shows under ASan. */
    void *copy = malloc(len ? len : 1);
    struct err e = {0};
    if (len > 0)
        memcpy(copy, bytes, len);
    int rc = hist_add_encoded(into, copy, len, &e);
    assert_true((rc != 0) == (e.message[0] != '\0'));
    free(copy);
    return rc;
}

/* Values of every size. */
static void fill(struct hist *h, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hist_record_us(h, (rng_next(&rng) >> 33) >> rng_next(&rng) % 31, 1 + i % 3);
}

/* ---- encodings ------------------------------------------------------------------------------- */

static void what_is_encoded_comes_back(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct err e = {0};
        struct buf plain, base64;
        buf_init(&plain, 1 << 20);
        buf_init(&base64, 1 << 20);
        hist_clear(&hist);
        hist_clear(&other);
        fill(&hist, (size_t)(round * round));
        assert_int_equal(hist_encode(&hist, &plain), 0);
        assert_int_equal(add(&other, plain.ptr, plain.len), 0);
        assert_true(same(&hist, &other));
        hist_clear(&other);
        assert_int_equal(hist_encode_base64(&hist, &base64), 0);
        assert_int_equal(hist_add_base64(&other, buf_str(&base64), &e), 0);
        assert_true(same(&hist, &other));
        buf_fini(&plain);
        buf_fini(&base64);
    }
}

static void compressed_comes_back_with_the_extremes_of_its_counters(void **state)
{
    (void)state;
    struct err e = {0};
    fill(&hist, 5000);
    assert_int_equal(hist_encode_compressed(&hist, &text), 0);
    assert_int_equal(add(&other, text.ptr, text.len), 0);
    assert_int_equal(other.total, hist.total);
    assert_int_equal(other.min_us, hist_index_low_us(hist.low));
    assert_int_equal(other.max_us, hist_index_high_us(hist.high));
    other.min_us = hist.min_us;
    other.max_us = hist.max_us;
    assert_true(same(&hist, &other));
    hist_clear(&other);
    buf_clear(&text);
    assert_int_equal(hist_encode_compressed_base64(&hist, &text), 0);
    assert_int_equal(hist_add_base64(&other, buf_str(&text), &e), 0);
    assert_int_equal(other.total, hist.total);
}

static void decoding_adds(void **state)
{
    (void)state;
    fill(&hist, 100);
    assert_int_equal(hist_encode(&hist, &text), 0);
    assert_int_equal(add(&other, text.ptr, text.len), 0);
    assert_int_equal(hist_encode(&hist, &text), 0); /* a second behind the first */
    assert_int_equal(add(&other, text.ptr + text.len / 2, text.len / 2), 0);
    hist_merge(&hist, &hist);
    assert_true(same(&hist, &other));
}

static void the_largest_counts_come_back(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 63; bits++) {
        hist_clear(&hist);
        hist_clear(&other);
        hist_record_us(&hist, 3, UINT64_C(1) << bits);
        hist_record_us(&hist, 90000, (UINT64_C(1) << bits) - 1 + (bits == 0));
        buf_clear(&text);
        assert_int_equal(hist_encode(&hist, &text), 0);
        assert_int_equal(add(&other, text.ptr, text.len), 0);
        assert_true(same(&hist, &other));
    }
}

static void what_does_not_fit_is_not_begun(void **state)
{
    (void)state;
    static int (*const writers[])(const struct hist *, struct buf *) = {
        hist_encode, hist_encode_compressed, hist_encode_base64, hist_encode_compressed_base64};
    fill(&hist, 50);
    for (size_t w = 0; w < sizeof writers / sizeof writers[0]; w++) {
        buf_clear(&text);
        assert_int_equal(writers[w](&hist, &text), 0);
        for (size_t limit = 0; limit < text.len; limit++) {
            struct buf small;
            buf_init(&small, limit + 3);
            buf_add_text(&small, "abc");
            int rc = writers[w](&hist, &small);
            if (rc == 0)
                assert_true(w == 1 || w == 3); /* zlib's bound was beyond its need */
            else
                assert_true(rc == -ENOBUFS && str_eq_text(buf_str(&small), "abc"));
            buf_fini(&small);
        }
    }
}

/* ---- HdrHistogram's own ----------------------------------------------------------------------
 * Made with the npm package hdr-histogram-js 3.0.1 (Node.js):
 *
 *   build({lowestDiscernibleValue: L, highestTrackableValue: H, numberOfSignificantValueDigits: D,
 *          bitBucketSize: 64, useWebAssembly: false})
 *   for (let i = 0; i < N; i++) h.recordValueWithCount(i * i * K, 1 + (i % 5));
 *   encodeIntoCompressedBase64(h), and for the plain form decompress() of it (dist/encoding.js)
 *
 * THEIRS: L 1, H 3600000000, D 3, N 100, K 37; then recordValueWithCount(3600000000, 3) and
 * recordValueWithCount(777, 5000000000).
 */
#define THEIRS_PLAIN                                                                               \
    "HISTEwAAAP0AAAABAAAAAwAAAAAAAAABAAAAANaTpAAAAAAAAAAAAQJHBNsBBu8CCIMECu8CgMivoCWlAgKrBgS/BwaT" \
    "BgjxBAq9BQLHBASnAwbLAwjxAwrzAwKdAgStAgbBAgjTAgrnAgL3AgTNAQbNAQjXAQrfAQLpAQTxAQb9AQiDAgrtAQKL" \
    "AQSPAQaTAQiXAQqdAQKhAQSlAQarAQivAQq1AQK3AQS9AQZnCGMKYwJnBGkGawhtCm8CcQR1BnUIeQp7An8EfwaBAQiF" \
    "AQplAkMERQZFCEcKRwJJBEkGSwhNCk0CTwRPBlEIUQpTAlUEVQZXCFkKWQJZBFsGXQhdCjcCLQQvBjEILwoxAjEEMwYz" \
    "CDMKMwI1BDMGNwg1CtXUAQY="
#define THEIRS_COMPRESSED                                                                          \
    "HISTFAAAAQl4nDXHv0tCcRSG8e/73tPpcNbW1sYQuYh/QIhIiEhISDhJSEREg0M0WFhTQ8MdmoSCpEHCKZokmgrCqV9D" \
    "Q2M0hEhDkxARPdPnmd1PZkIIkxACQghR+OvX4Tk5C//PvLxCR7S2+Ii7d/2TuS7ZU7me1kRtLD6Y4q3IeaT3kY0j/4rY" \
    "oVxQb2gP9HfymzKEDmEv8DfwAzKGTmBt+id4CDmCJrBjeAc8hXShPVgffgleQQbQhtW9zoas6bpt+Ca3pKlN2/YdtqSl" \
    "e7AD+CoXJKc5y3ueBSnoohW9yJKUtGxlX2JFKrpsVa+yKitas5pnOS8pTVvK00xLrLHFHjMjsWYt40+P0B8DVz3a"
/* L 1, H 10000000, D 2, N 60, K 37 */
#define TWO_DIGITS                                                                                 \
    "HISTFAAAAJR4nDXHMQrCQBBG4dmfYZjMsIRlCSGsIiJikdLCQizFwtoDeAirNBbeQBBb8VTiZQTFV3zwRpdrJqKBiAIR" \
    "gX6Fr/fb+f/Y8TvIA/oK9gwY+CRH3dsBW17KSte2wZRnMteF9ei5lVY761C4yFgnVhA5Sa3JEhInyZqtQeZGXCtzVOzi" \
    "6uZwjuIaLSJylFqjfQC9uQ6n"
/* L 1, H 100000000, D 5, N 60, K 37 */
#define FIVE_DIGITS                                                                                \
    "HISTFAAAANt4nJNpmSzMwMCwkYGBgZGBgYGVAQJAbAbWrw8ZYHwmd5bbjGzvmTiaWbimszKtZmPZz852mYPjOSfXby6m" \
    "fh6Wxbxs2/k4TvNz3Rdg+izI0i7MNluEY70o12ExpuviLK8l2P5LckyW5louw7RbluW8HNtjeY7vClzdSkzzlVk2q7Ad" \
    "V+W4rcb1Xp2pWZNluhbbam2O/Tpcl3WZnuux/NZn6zfkWGzEtd2Y6bQJy31Tts9mHO0WXLMtmdZbsRy2Zrtuw/Haluu/" \
    "HdNkB5bljmy7nTjOO3MBAJp7OQk="
/* L 1000, H 3600000000000, D 3, N 60, K 37000: values are cut at an hour, as they would be when
 * recorded */
#define LOWEST_1000                                                                                \
    "HISTFAAAAMB4nC3BsUqCYRQG4PO+3/F4OGtrF9FVeB/S4CAh0uAgIoIgEiIRIiKBEfITDtIg5tjU0BDN4iRBIBENDk0K" \
    "0fOctm9OROReRCAiSf6kT5FUOHuayD+wB50ne8v5Tz6ug13Xh7w9mm81ZjnuVMfJnpN/pOgqp9SMtqK/MjbkN/UX9gJ/" \
    "R6zBLfQLtocfEB1yCL2C9eEDxAi8hd7BMvgMMQcX0CVsAC9GkedaspKX44IVrdql16LGujas6S3EEaJ2LKk="
#define NOTHING "HISTFAAAAB54nJNpmSzMwMDACMXMDBAAYjNcm7yEAc4HAEvsA1s="

static void record_as_they_did(struct hist *h, uint64_t n, uint64_t factor)
{
    for (uint64_t i = 0; i < n; i++)
        hist_record_us(h, i * i * factor, 1 + i % 5);
}

static void take(const char *base64)
{
    struct err e = {0};
    hist_clear(&hist);
    if (hist_add_base64(&hist, str_of(base64), &e))
        fail_msg("%s", e.message);
}

static void their_bytes_are_read_as_our_own(void **state)
{
    (void)state;
    static const char *const forms[] = {THEIRS_PLAIN, THEIRS_COMPRESSED};
    record_as_they_did(&other, 100, 37);
    hist_record_us(&other, 3600000000, 3);
    hist_record_us(&other, 777, 5000000000);
    for (int i = 0; i < 2; i++) {
        take(forms[i]);
        assert_int_equal(hist.max_us, HIST_MAX_US);
        assert_true(same(&hist, &other));
    }
}

static void our_bytes_are_those_they_would_write(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(base64_decode(&second_text, STR(THEIRS_PLAIN), &e), 0);
    record_as_they_did(&hist, 100, 37);
    hist_record_us(&hist, 3600000000, 3);
    hist_record_us(&hist, 777, 5000000000);
    assert_int_equal(hist_encode(&hist, &text), 0);
    const char *ours = text.ptr, *theirs = second_text.ptr;
    size_t payload = 0xfd;
    assert_int_equal(second_text.len, HEAD_LEN + payload);
    assert_memory_equal(ours, theirs, 8); /* cookie, length of the payload */
    /* They leave the integer 1 for the offset and for the ratio; the format has 0 and 1.0. */
    assert_memory_equal(ours + 8, "\0\0\0\0", 4);
    assert_memory_equal(ours + 12, theirs + 12, 20); /* digits, lowest, highest */
    assert_memory_equal(ours + 32, "\x3f\xf0\0\0\0\0\0\0", 8);
    assert_memory_equal(ours + HEAD_LEN, theirs + HEAD_LEN, payload);
}

static void a_single_zero_is_a_counter_and_several_are_a_run(void **state)
{
    (void)state;
    hist_record_us(&hist, 1, 1);
    hist_record_us(&hist, 3, 1);
    hist_record_us(&hist, 6, 1);
    assert_int_equal(hist_encode(&hist, &text), 0);
    assert_memory_equal(text.ptr + HEAD_LEN, "\0\x02\0\x02\x03\x02", 6); /* 0 1 0 1 -2 1 */
}

static void other_settings_are_counted_where_they_belong(void **state)
{
    (void)state;
    static const struct {
        const char *base64;
        uint64_t factor;
        double error; /* that of the coarser layout */
        double bias;  /* of the mean, in which errors cancel out */
    } cases[] = {{TWO_DIGITS, 37, 0.01, 0.0015},
                 {FIVE_DIGITS, 37, 0.001, 0.0001},
                 {LOWEST_1000, 37000, 0.015, 0.0001}};
    static const double percents[] = {10, 25, 50, 75, 90, 99, 100};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        take(cases[c].base64);
        hist_clear(&other);
        record_as_they_did(&other, 60, cases[c].factor);
        assert_int_equal(hist.total, other.total);
        assert_int_equal(sum_of_counters(&hist), 180);
        for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++) {
            double got = hist_percentile_us(&hist, percents[i]);
            double expected = hist_percentile_us(&other, percents[i]);
            if (fabs(got - expected) > expected * cases[c].error)
                fail_msg("case %zu, %g %%: %g is not %g", c, percents[i], got, expected);
        }
        double bias = hist_mean_us(&hist) / hist_mean_us(&other) - 1;
        if (fabs(bias) > cases[c].bias)
            fail_msg("case %zu: the mean is off by %g", c, bias);
    }
    take(NOTHING);
    assert_int_equal(hist.total, 0);
}

/* ---- damage ---------------------------------------------------------------------------------- */

/* Refused, and nothing has changed. */
static void assert_refused(const void *bytes, size_t len)
{
    struct hist before;
    hist_init(&before);
    hist_merge(&before, &other);
    assert_int_equal(add(&other, bytes, len), -EBADMSG);
    assert_true(same(&before, &other));
    hist_fini(&before);
}

static void whatever_is_cut_short_is_refused(void **state)
{
    (void)state;
    struct buf whole;
    buf_init(&whole, 1 << 20);
    fill(&hist, 200);
    fill(&other, 10);
    assert_int_equal(hist_encode_compressed(&hist, &whole), 0);
    for (size_t len = 0; len < whole.len; len++)
        assert_refused(whole.ptr, len);
    buf_clear(&whole);
    assert_int_equal(hist_encode(&hist, &whole), 0);
    uint32_t payload;
    memcpy(&payload, whole.ptr + 4, sizeof payload);
    for (size_t len = 0; len < HEAD_LEN + be32toh(payload); len++)
        assert_refused(whole.ptr, len);
    /* Without our own addition it is what other tools write, and its extremes those of counters. */
    hist_clear(&other);
    assert_int_equal(add(&other, whole.ptr, whole.len - 1), 0);
    assert_int_equal(other.total, hist.total);
    assert_int_equal(other.max_us, hist_index_high_us(hist.high));
    buf_fini(&whole);
}

static void flipped_bits_are_refused_or_are_another_histogram(void **state)
{
    (void)state;
    struct buf whole[2];
    fill(&hist, 100);
    for (int i = 0; i < 2; i++)
        buf_init(&whole[i], 1 << 20);
    assert_int_equal(hist_encode(&hist, &whole[0]), 0);
    assert_int_equal(hist_encode_compressed(&hist, &whole[1]), 0);
    unsigned refused = 0;
    for (int round = 0; round < 20000; round++) {
        struct buf *b = &whole[round % 2];
        char kept[4];
        size_t at[4];
        for (int i = 0; i < 4; i++) {
            at[i] = rng_next(&rng) % b->len;
            kept[i] = b->ptr[at[i]];
            b->ptr[at[i]] = (char)(b->ptr[at[i]] ^ 1 << rng_next(&rng) % 8);
        }
        hist_fini(&other);
        int rc = add(&other, b->ptr, b->len);
        if (rc) {
            refused++;
            assert_int_equal(rc, -EBADMSG);
            assert_null(other.counts);
        }
        assert_int_equal(sum_of_counters(&other), other.total);
        for (int i = 3; i >= 0; i--)
            b->ptr[at[i]] = kept[i];
    }
    assert_true(refused > 10000); /* zlib has a checksum; plain counters have none */
    for (int i = 0; i < 2; i++)
        buf_fini(&whole[i]);
}

static void noise_is_refused_or_harmless(void **state)
{
    (void)state;
    unsigned char noise[300];
    for (int round = 0; round < 20000; round++) {
        size_t len = rng_next(&rng) % sizeof noise;
        for (size_t i = 0; i < len; i++)
            noise[i] = (unsigned char)rng_next(&rng);
        if (round % 2 && len > HEAD_LEN) { /* a good head before it */
            hist_clear(&hist);
            buf_clear(&text);
            assert_int_equal(hist_encode(&hist, &text), 0);
            memcpy(noise, text.ptr, HEAD_LEN);
            memset(noise + 4, 0, 4);
            noise[6] = (unsigned char)((len - HEAD_LEN) >> 8);
            noise[7] = (unsigned char)(len - HEAD_LEN);
        }
        hist_clear(&other);
        add(&other, noise, len);
        assert_int_equal(sum_of_counters(&other), other.total);
    }
}

/* A histogram of one word, and a change to its head. */
static void assert_head_refused(size_t at, uint64_t value, size_t bytes)
{
    unsigned char whole[HEAD_LEN + 1];
    hist_clear(&hist);
    buf_clear(&text);
    hist_encode(&hist, &text);
    assert_int_equal(text.len, sizeof whole);
    memcpy(whole, text.ptr, sizeof whole);
    for (size_t i = 0; i < bytes; i++)
        whole[at + i] = (unsigned char)(value >> 8 * (bytes - 1 - i));
    assert_refused(whole, sizeof whole);
}

/* The same, with both ends of the range changed, and the digits. */
static int add_range(unsigned char digits, uint64_t lowest, uint64_t highest)
{
    unsigned char whole[HEAD_LEN + 1];
    hist_clear(&hist);
    buf_clear(&text);
    hist_encode(&hist, &text);
    memcpy(whole, text.ptr, sizeof whole);
    whole[15] = digits;
    lowest = htobe64(lowest);
    highest = htobe64(highest);
    memcpy(whole + 16, &lowest, 8);
    memcpy(whole + 24, &highest, 8);
    whole[HEAD_LEN] = 2;
    return add(&other, whole, sizeof whole);
}

static void a_range_beyond_64_bits_is_refused(void **state)
{
    (void)state;
    assert_int_equal(add_range(5, UINT64_C(1) << 44, INT64_MAX), 0);
    assert_int_equal(add_range(5, UINT64_C(1) << 45, INT64_MAX), -EBADMSG);
    assert_int_equal(add_range(3, UINT64_C(1) << 51, INT64_MAX), 0);
    assert_int_equal(add_range(3, UINT64_C(1) << 52, INT64_MAX), -EBADMSG);
    assert_int_equal(add_range(0, UINT64_C(1) << 61, INT64_MAX), 0);
    assert_int_equal(add_range(5, UINT64_C(1) << 61, INT64_MAX), -EBADMSG);
    assert_int_equal(other.total, 3);
}

static void hostile_heads_are_refused(void **state)
{
    (void)state;
    assert_head_refused(0, 0x1c849301, 4); /* V0, V1 */
    assert_head_refused(0, 0x1c849302, 4);
    assert_head_refused(0, 0, 4);
    assert_head_refused(4, 2, 4); /* payload */
    assert_head_refused(4, UINT32_MAX, 4);
    assert_head_refused(12, 6, 4); /* digits */
    assert_head_refused(12, UINT32_MAX, 4);
    assert_head_refused(16, 0, 8); /* lowest */
    assert_head_refused(16, 3600000000, 8);
    assert_head_refused(16, UINT64_MAX, 8);
    assert_head_refused(24, 1, 8); /* highest */
    assert_head_refused(24, UINT64_MAX, 8);
    assert_head_refused(24, UINT64_C(1) << 63, 8);
}

/* Our own head, of a histogram that goes to 2 us or an hour, before these words. */
static int add_words(uint64_t highest, const char *words, size_t len)
{
    unsigned char whole[HEAD_LEN + 64];
    hist_clear(&hist);
    buf_clear(&text);
    hist_encode(&hist, &text);
    memcpy(whole, text.ptr, HEAD_LEN);
    whole[7] = (unsigned char)len;
    highest = htobe64(highest);
    memcpy(whole + 24, &highest, 8);
    memcpy(whole + HEAD_LEN, words, len);
    return add(&other, whole, HEAD_LEN + len);
}

static void hostile_counters_are_refused(void **state)
{
    (void)state;
    /* -2047 and -2048 are the words fd 1f and ff 1f; 1 is 02. */
    assert_int_equal(add_words(2, "\xfd\x1f\x02", 3), 0);
    assert_int_equal(other.max_us, 2047);
    assert_int_equal(add_words(2, "\xff\x1f\x02", 3), -EBADMSG);
    assert_int_equal(add_words(2, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10), -EBADMSG);
    assert_int_equal(add_words(2, "\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10), -EBADMSG);
    assert_int_equal(add_words(2, "\x02\xff", 2), -EBADMSG); /* a word without its end */
    /* INT64_MAX is a count; one more is not. */
    hist_clear(&other);
    assert_int_equal(add_words(2, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff", 9), 0);
    assert_int_equal(other.total, INT64_MAX);
    assert_int_equal(add_words(2, "\x02", 1), -EBADMSG);
    hist_clear(&other);
    assert_int_equal(add_words(2, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10), -EBADMSG);
    assert_int_equal(other.total, 0);
    /* Three of them wrap around to something that looks like a count. */
    char words[27];
    memset(words, '\xff', sizeof words);
    words[0] = words[9] = words[18] = '\xfe';
    assert_int_equal(add_words(2, words, sizeof words), -EBADMSG);
    assert_int_equal(other.total, 0);
}

static void counters_above_an_hour_count_as_an_hour(void **state)
{
    (void)state;
    /* -40961, a run of zeros, then 1: counter 40,961 is 1 << 39 and some microseconds. */
    assert_int_equal(add_words(INT64_MAX, "\x81\x80\x05\x02", 4), 0);
    assert_int_equal(other.total, 1);
    assert_int_equal(other.min_us, HIST_MAX_US);
    assert_int_equal(other.max_us, HIST_MAX_US);
}

static void extremes_that_belie_the_counters_are_not_believed(void **state)
{
    (void)state;
    static const uint64_t extremes[][2] = {{1, 20000}, {10001, 3000000}, {20002, 10001}};
    hist_record_us(&hist, 10000, 1);
    hist_record_us(&hist, 20000, 1);
    for (size_t i = 0; i < sizeof extremes / sizeof extremes[0]; i++) {
        hist.min_us = extremes[i][0];
        hist.max_us = extremes[i][1];
        buf_clear(&text);
        hist_clear(&other);
        assert_int_equal(hist_encode(&hist, &text), 0);
        assert_int_equal(add(&other, text.ptr, text.len), 0);
        assert_int_equal(other.min_us, hist_index_low_us(hist_index(10000)));
        assert_int_equal(other.max_us, hist_index_high_us(hist_index(20000)));
    }
    hist_clear(&hist);
    hist_clear(&other);
    hist_record_us(&hist, 10000, 1);
    hist.min_us = 10005; /* of one counter, but the wrong way round */
    hist.max_us = 10001;
    buf_clear(&text);
    assert_int_equal(hist_encode(&hist, &text), 0);
    assert_int_equal(add(&other, text.ptr, text.len), 0);
    assert_int_equal(other.min_us, 10000);
    assert_int_equal(other.max_us, 10007);
}

static void what_inflates_without_end_is_refused(void **state)
{
    (void)state;
    enum { INFLATED = 8 << 20, HEAD = 8 };
    unsigned char *zeros = calloc(1, INFLATED);
    uLongf len = compressBound(INFLATED);
    unsigned char *bomb = calloc(1, HEAD + len);
    struct err e = {0};
    assert_int_equal(compress2(bomb + HEAD, &len, zeros, INFLATED, 1), Z_OK);
    memcpy(bomb, "\x1c\x84\x93\x14", 4);
    uint32_t compressed = htobe32((uint32_t)len);
    memcpy(bomb + 4, &compressed, 4);
    assert_int_equal(hist_add_encoded(&hist, bomb, HEAD + len, &e), -EBADMSG);
    assert_non_null(strstr(e.message, "too large"));
    free(bomb);
    free(zeros);
}

static void base64_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "HIST", "HISTE", "not base64!!", "====", "HISTEw=="};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err e = {0};
        assert_int_equal(hist_add_base64(&hist, str_of(texts[i]), &e), -EBADMSG);
        assert_true(e.message[0] != '\0');
    }
}

/* ---- .hlog ----------------------------------------------------------------------------------- */

static void an_interval_log_has_a_header_and_lines(void **state)
{
    (void)state;
    assert_int_equal(hist_log_header(&text, UINT64_C(1763999999123456789)), 0);
    assert_string_equal(
        text.ptr,
        "#[Histogram log format version 1.3]\n"
        "#[StartTime: 1763999999.123 (seconds since epoch), Mon Nov 24 15:59:59 UTC 2025]\n"
        "#[BaseTime: 1763999999.123 (seconds since epoch)]\n"
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_"
        "Histogram\"\n");
    buf_clear(&text);
    hist_record_us(&hist, 12345, 10);
    assert_int_equal(hist_log_line(&text, NULL, 2, 1, &hist), 0);
    assert_true(str_starts(buf_str(&text), "2.000,1.000,12.345,HISTF"));
    assert_int_equal(text.ptr[text.len - 1], '\n');
    const char *base64 = strstr(text.ptr, "HISTF");
    struct err e = {0};
    struct str tail = {base64, text.len - 1 - (size_t)(base64 - text.ptr)};
    assert_int_equal(hist_add_base64(&other, tail, &e), 0);
    assert_int_equal(other.total, 10);
}

static void a_tag_cannot_break_its_line(void **state)
{
    (void)state;
    assert_int_equal(hist_log_line(&text, "GET /a,b\n c\xc3\xa9", 0, 0.5, &hist), 0);
    assert_true(str_starts(buf_str(&text), "Tag=GET_/a_b__c\xc3\xa9,0.000,0.500,0.000,HISTF"));
    assert_null(memchr(text.ptr, '\n', text.len - 1));
    buf_clear(&text);
    assert_int_equal(hist_log_line(&text, "", 0, 1, &hist), 0);
    assert_true(str_starts(buf_str(&text), "0.000,1.000,0.000,HISTF"));
}

static void half_a_log_line_is_not_written(void **state)
{
    (void)state;
    struct buf small;
    buf_init(&small, 40);
    buf_add_text(&small, "abc");
    assert_int_equal(hist_log_line(&small, "tag", 0, 1, &hist), -ENOBUFS);
    assert_string_equal(small.ptr, "abc");
    buf_fini(&small);
    buf_init(&small, 100);
    assert_int_equal(hist_log_header(&small, 0), -ENOBUFS);
    assert_int_equal(small.len, 0);
    buf_fini(&small);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_encoded_comes_back),
        TEST(compressed_comes_back_with_the_extremes_of_its_counters),
        TEST(decoding_adds),
        TEST(the_largest_counts_come_back),
        TEST(what_does_not_fit_is_not_begun),
        TEST(their_bytes_are_read_as_our_own),
        TEST(our_bytes_are_those_they_would_write),
        TEST(a_single_zero_is_a_counter_and_several_are_a_run),
        TEST(other_settings_are_counted_where_they_belong),
        TEST(whatever_is_cut_short_is_refused),
        TEST(flipped_bits_are_refused_or_are_another_histogram),
        TEST(noise_is_refused_or_harmless),
        TEST(hostile_heads_are_refused),
        TEST(a_range_beyond_64_bits_is_refused),
        TEST(hostile_counters_are_refused),
        TEST(counters_above_an_hour_count_as_an_hour),
        TEST(extremes_that_belie_the_counters_are_not_believed),
        TEST(what_inflates_without_end_is_refused),
        TEST(base64_that_is_none_is_refused),
        TEST(an_interval_log_has_a_header_and_lines),
        TEST(a_tag_cannot_break_its_line),
        TEST(half_a_log_line_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
