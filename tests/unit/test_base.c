/* test_base: text forms come back as they went, limits hold, and what is wrong is refused. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "squall/base.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- errors, memory, strings ----------------------------------------------------------------- */

static void an_error_is_a_code_and_a_sentence(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(err_set(NULL, -EINVAL, "nobody reads %s", "this"), -EINVAL);
    assert_int_equal(err_set(&e, -EINVAL, "port %d is taken", 80), -EINVAL);
    assert_int_equal(err_prefix(&e, "line %d", 7), -EINVAL);
    assert_int_equal(e.code, -EINVAL);
    assert_string_equal(e.message, "line 7: port 80 is taken");
}

static void a_long_error_loses_its_end(void **state)
{
    (void)state;
    struct err e = {0};
    char long_text[3 * ERR_MESSAGE_MAX];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    err_set(&e, -EINVAL, "%s", long_text);
    assert_int_equal(strlen(e.message), ERR_MESSAGE_MAX - 1);
    err_prefix(&e, "here");
    assert_int_equal(strlen(e.message), ERR_MESSAGE_MAX - 1);
    assert_memory_equal(e.message, "here: xxx", 9);
    for (size_t room = 0; room < 5; room++) { /* the prefix alone fills it, or nearly */
        long_text[ERR_MESSAGE_MAX - 1 - room] = '\0';
        err_set(&e, -EINVAL, "why");
        assert_int_equal(err_prefix(&e, "%s", long_text), -EINVAL);
        assert_true(strlen(e.message) < ERR_MESSAGE_MAX);
        assert_int_equal(e.message[0], 'x');
        long_text[ERR_MESSAGE_MAX - 1 - room] = 'x';
    }
}

static void memory_is_zeroed_and_texts_are_copied(void **state)
{
    (void)state;
    char *zeroed = mem_alloc(100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(zeroed[i], 0);
    zeroed = mem_resize(zeroed, 0);
    assert_non_null(zeroed);
    free(zeroed);
    char *copy = mem_copy_text("abcdef", 3);
    assert_string_equal(copy, "abc");
    free(copy);
    copy = mem_copy_text(NULL, 0);
    assert_string_equal(copy, "");
    free(copy);
}

static void strings_compare_and_trim(void **state)
{
    (void)state;
    assert_int_equal(str_of(NULL).len, 0);
    assert_true(str_eq(STR("a\0b"), (struct str){"a\0b", 3}));
    assert_false(str_eq(STR("a"), STR("ab")));
    assert_true(str_eq((struct str){NULL, 0}, STR("")));
    assert_true(str_eq_nocase(STR("Content-Type"), STR("content-TYPE")));
    assert_false(str_eq_nocase(STR("@"), STR("`"))); /* 0x20 apart, but no letters */
    assert_false(str_eq_nocase(STR("a"), STR("ab")));
    assert_true(str_starts(STR("abc"), "ab"));
    assert_true(str_starts(STR("abc"), ""));
    assert_false(str_starts(STR("a"), "ab"));
    assert_true(str_eq_text(str_trim(STR(" \t\r\n a b \v\f")), "a b"));
    assert_int_equal(str_trim(STR(" \n ")).len, 0);
}

static void numbers_are_digits_and_nothing_else(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "-1", "+1", " 1", "1 ", "1.0", "0x1", "18446744073709551616", "99999999999999999999"};
    uint64_t n = 0;
    assert_true(str_to_u64(STR("18446744073709551615"), &n));
    assert_true(n == UINT64_MAX);
    assert_true(str_to_u64(STR("007"), &n));
    assert_int_equal(n, 7);
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (str_to_u64(str_of(wrong[i]), &n))
            fail_msg("taken for a number: %s", wrong[i]);
    assert_int_equal(n, 7);
}

/* ---- buffers --------------------------------------------------------------------------------- */

static void a_buffer_grows_to_its_limit_and_no_further(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 300; limit += 7) {
        struct buf b;
        buf_init(&b, limit);
        assert_string_equal(b.ptr, "");
        for (size_t i = 0; i < limit; i++) {
            assert_int_equal(buf_add(&b, "x", 1), 0);
            assert_int_equal(b.ptr[b.len], '\0');
        }
        assert_false(b.failed);
        assert_int_equal(buf_add(&b, "y", 1), -ENOBUFS);
        assert_true(b.failed);
        assert_int_equal(buf_add(&b, "", 0), -ENOBUFS); /* stays so */
        assert_int_equal(b.len, limit);
        assert_true(b.cap <= limit + 1);
        buf_clear(&b);
        assert_false(b.failed);
        assert_int_equal(buf_add(&b, "", 0), 0);
        buf_fini(&b);
    }
}

static void an_append_fits_as_a_whole_or_not_at_all(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    assert_int_equal(buf_add_text(&b, "abcdef"), 0);
    assert_int_equal(buf_add_format(&b, "%s", "12345"), -ENOBUFS);
    assert_string_equal(b.ptr, "abcdef");
    assert_int_equal(buf_add_text(&b, "1"), -ENOBUFS);
    assert_null(buf_reserve(&b, 1));
    buf_clear(&b);
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    buf_fini(&b);
    assert_int_equal(buf_str(&b).len, 0);
    assert_int_equal(buf_add_text(&b, "again"), 0); /* an ended one begins anew */
    assert_string_equal(b.ptr, "again");
    buf_fini(&b);
}

static void formats_of_any_length_are_written(void **state)
{
    (void)state;
    struct buf b, expected;
    buf_init(&b, SIZE_MAX);
    buf_init(&expected, SIZE_MAX);
    for (int width = 0; width < 200; width++) {
        assert_int_equal(buf_add_format(&b, "%0*d", width, 7), 0);
        for (int i = 1; i < width; i++)
            buf_add(&expected, "0", 1);
        buf_add(&expected, "7", 1);
    }
    assert_true(str_eq(buf_str(&b), buf_str(&expected)));
    buf_fini(&b);
    buf_fini(&expected);
}

static void the_front_can_be_dropped(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    buf_add_text(&b, "abcdef");
    buf_drop_front(&b, 0);
    assert_string_equal(b.ptr, "abcdef");
    buf_drop_front(&b, 2);
    assert_string_equal(b.ptr, "cdef");
    memcpy(buf_reserve(&b, 2), "gh", 2);
    b.len += 2;
    assert_string_equal(b.ptr, "cdefgh");
    buf_drop_front(&b, 7);
    assert_string_equal(b.ptr, "");
    assert_int_equal(b.len, 0);
    buf_fini(&b);
}

static void characters_are_told_from_stray_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t bytes;
    } cases[] = {
        {"a", 1},
        {"\xc3\xa4", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x98\x80", 4},
        {"", 0},
        {"\xc3", 0},             /* cut */
        {"\x80", 0},             /* a continuation alone */
        {"\xc0\xaf", 0},         /* overlong */
        {"\xe0\x80\xaf", 0},     /* overlong */
        {"\xed\xa0\x80", 0},     /* a surrogate */
        {"\xf4\x90\x80\x80", 0}, /* beyond U+10FFFF */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(str_utf8_char(str_of(cases[i].text)), cases[i].bytes);
    assert_true(str_is_utf8(STR("caf\xc3\xa9")));
    assert_false(str_is_utf8(STR("caf\xc3")));
}

static void a_text_is_cut_between_characters(void **state)
{
    (void)state;
    struct str text = STR("ab\xe2\x82\xac!");
    assert_int_equal(str_cut(text, 100).len, 6);
    assert_int_equal(str_cut(text, 5).len, 5);
    assert_int_equal(str_cut(text, 4).len, 2);
    assert_int_equal(str_cut(text, 3).len, 2);
    assert_int_equal(str_cut(text, 2).len, 2);
    assert_int_equal(str_cut(STR("\x80\x80\x80"), 1).len, 0);
}

static void escaped_text_is_valid_json(void **state)
{
    (void)state;
    static const char bytes[] = "a\"b\\c/\b\f\n\r\t\x01\x7f\0 \xe2\x82\xac \xf0\x9f\x98\x80 \xff "
                                "\xc0\x80 \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x82";
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(buf_add_json_escaped(&b, (struct str){bytes, sizeof bytes - 1}), 0);
    assert_string_equal(b.ptr, "a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u007f\\u0000 \xe2\x82\xac "
                               "\xf0\x9f\x98\x80 \\ufffd \\ufffd\\ufffd \\ufffd\\ufffd\\ufffd "
                               "\\ufffd\\ufffd\\ufffd\\ufffd \\ufffd\\ufffd");
    buf_fini(&b);
    buf_init(&b, 3);
    assert_int_equal(buf_add_json_escaped(&b, STR("ab\n")), -ENOBUFS);
    buf_fini(&b);
}

/* ---- clocks, times, ids ---------------------------------------------------------------------- */

static void clocks_turn(void **state)
{
    (void)state;
    struct clock *system = clock_system();
    uint64_t before = clock_mono_ns(system);
    assert_true(clock_mono_ns(system) >= before);
    assert_true(clock_wall_ns(system) > UINT64_C(1700000000) * NS_PER_S);
    struct clock_manual manual;
    clock_manual_init(&manual, 5, 1000);
    clock_manual_advance(&manual, 7);
    assert_int_equal(clock_mono_ns(&manual.clock), 12);
    assert_int_equal(clock_wall_ns(&manual.clock), 1007);
}

static void times_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t seconds;
        uint64_t ns;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, 0},
        {"2026-11-24T15:04:05.123Z", 1795532645, 123000000},
        {"2026-11-24t15:04:05z", 1795532645, 0},
        {"2026-11-24T16:34:05+01:30", 1795532645, 0},
        {"2026-11-24T14:04:05-01:00", 1795532645, 0},
        {"2026-11-24T15:04:05.123456789Z", 1795532645, 123456789},
        {"2026-11-24T15:04:05.1234567899Z", 1795532645, 123456789},
        {"2024-02-29T23:59:59Z", 1709251199, 0},
        {"2016-12-31T23:59:60Z", 1483228800, 0},
        {"2554-01-01T00:00:00Z", UINT64_C(18429292800), 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {0};
        uint64_t ns = 0;
        if (time_parse(str_of(cases[i].text), &ns, &e))
            fail_msg("%s", e.message);
        if (ns != cases[i].seconds * NS_PER_S + cases[i].ns)
            fail_msg("%s is not %" PRIu64, cases[i].text, ns);
    }
}

static void wrong_times_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "2026-11-24",
        "2026-11-24T15:04:05",
        "2026-11-24 15:04:05Z",
        "2026-11-24T15:04Z",
        "2026-11-24T15:04:05.Z",
        "2026-11-24T15:04:05Zx",
        "2026-11-24T15:04:05+0100",
        "2026-11-24T15:04:05+24:00",
        "2026-11-24T15:04:05+01:60",
        "2026-11-24T15:04:05+01:00 ",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z",
        "+026-01-01T00:00:00Z",
        "2026- 1-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00",
        "2555-01-01T00:00:00Z",
        "9999-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct err e = {0};
        uint64_t ns = 42;
        if (time_parse(str_of(texts[i]), &ns, &e) != -EINVAL)
            fail_msg("taken for a time: %s", texts[i]);
        assert_int_equal(ns, 42);
        assert_non_null(strstr(e.message, "is not a time"));
    }
}

static void a_time_comes_back_to_the_millisecond(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    for (int i = 0; i < 20000; i++) {
        char text[TIME_TEXT_SIZE];
        uint64_t ms = rng_next(&rng) % UINT64_C(18000000000000), back = 0;
        time_format(text, ms * NS_PER_MS + rng_next(&rng) % NS_PER_MS);
        assert_int_equal(time_parse(str_of(text), &back, NULL), 0);
        assert_true(back == ms * NS_PER_MS);
    }
    char text[TIME_TEXT_SIZE];
    time_format(text, UINT64_C(1795532645123999999));
    assert_string_equal(text, "2026-11-24T15:04:05.123Z");
    time_format(text, UINT64_MAX);
    assert_string_equal(text, "2554-07-21T23:34:33.709Z");
}

static void ids_sort_by_time_and_differ(void **state)
{
    (void)state;
    struct clock_manual clock;
    clock_manual_init(&clock, 0, UINT64_C(1795532645123) * NS_PER_MS);
    char before[ID_SIZE], id[ID_SIZE];
    id_new(before, &clock.clock);
    for (int i = 0; i < 1000; i++) {
        id_new(id, &clock.clock);
        assert_true(strcmp(id, before) != 0);
        assert_memory_equal(id, before, 9); /* 45 of the 48 bits of time */
        clock_manual_advance(&clock, NS_PER_MS);
        id_new(id, &clock.clock);
        assert_true(strcmp(before, id) < 0);
        assert_true(id_valid(str_of(id)));
        clock_manual_advance(&clock, NS_PER_MS * 8);
        id_new(before, &clock.clock);
    }
    clock_manual_init(&clock, 0, 0);
    id_new(id, &clock.clock);
    assert_memory_equal(id, "000000000", 9);
}

static void an_id_is_sixteen_known_characters(void **state)
{
    (void)state;
    assert_true(id_valid(STR("0123456789abcdef")));
    assert_true(id_valid(STR("ghjkmnpqrstvwxyz")));
    static const char *const wrong[] = {"",
                                        "0123456789abcde",
                                        "0123456789abcdef0",
                                        "0123456789ABCDEF",
                                        "0123456789abcdei",
                                        "0123456789abcdel",
                                        "0123456789abcdeo",
                                        "0123456789abcdeu",
                                        "0123456789/bcdef",
                                        "../../etc/passwd"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_false(id_valid(str_of(wrong[i])));
    assert_false(id_valid((struct str){"0123456789abcde", 16})); /* with its NUL */
}

/* ---- text forms ------------------------------------------------------------------------------ */

static void durations_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ns;
        const char *written; /* NULL: as it was */
    } cases[] = {
        {"250ms", 250 * NS_PER_MS, NULL},
        {"1.5s", 1500 * NS_PER_MS, NULL},
        {"1h30m", 5400 * NS_PER_S, NULL},
        {"90s", 90 * NS_PER_S, "1m30s"},
        {"0s", 0, NULL},
        {"0ns", 0, "0s"},
        {"7ns", 7, NULL},
        {"1.5us", 1500, NULL},
        {"1500us", 1500 * NS_PER_US, "1.5ms"},
        {"1.000000001s", NS_PER_S + 1, NULL},
        {"24h", 86400 * NS_PER_S, "1d"},
        {"1d2h3m4s5ms6us7ns", UINT64_C(93784005006007), "1d2h3m4.005006007s"},
        {"1m250ms", 60250 * NS_PER_MS, NULL},
        {"1.5h30s", 5430 * NS_PER_S, "1h30m30s"},
        {"0.1d", 8640 * NS_PER_S, "2h24m"},
        {"18446744073709551615ns", UINT64_MAX, "213503d23h34m33.709551615s"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {0};
        uint64_t ns = 42;
        char text[DURATION_TEXT_SIZE];
        if (duration_parse(str_of(cases[i].text), &ns, &e))
            fail_msg("%s", e.message);
        if (ns != cases[i].ns)
            fail_msg("%s is not %" PRIu64 " ns", cases[i].text, ns);
        duration_format(text, ns);
        assert_string_equal(text, cases[i].written ? cases[i].written : cases[i].text);
    }
}

static void any_duration_comes_back(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 2);
    for (int i = 0; i < 50000; i++) {
        static const uint64_t grains[] = {1, NS_PER_US, NS_PER_MS, NS_PER_S, 60 * NS_PER_S};
        uint64_t grain = grains[i % 5], ns = rng_next(&rng) >> rng_next(&rng) % 64, back = 0;
        ns -= ns % grain;
        char text[DURATION_TEXT_SIZE];
        duration_format(text, ns);
        if (duration_parse(str_of(text), &back, NULL) || back != ns)
            fail_msg("%" PRIu64 " ns was written %s", ns, text);
    }
}

static void wrong_durations_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "s",
                                        "ms",
                                        "-1s",
                                        "+1s",
                                        " 1s",
                                        "1s ",
                                        "1 s",
                                        "1S",
                                        "1.s",
                                        ".5s",
                                        "1..s",
                                        "1e3s",
                                        "1x",
                                        "1sm",
                                        "30m1h",
                                        "1s1s",
                                        "1m30",
                                        "1,5s",
                                        "1.5ns",
                                        "0.0000000001s",
                                        "213504d",
                                        "18446744073709551616ns",
                                        "1.0000000000000000000s"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct err e = {0};
        uint64_t ns = 42;
        if (duration_parse(str_of(texts[i]), &ns, &e) != -EINVAL)
            fail_msg("taken for a duration: %s", texts[i]);
        assert_int_equal(ns, 42);
        assert_non_null(strstr(e.message, "not a duration"));
    }
    struct err e = {0};
    uint64_t ns;
    assert_int_equal(duration_parse(STR("30"), &ns, &e), -EINVAL);
    assert_non_null(strstr(e.message, "has no unit"));
}

static void sizes_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"0", 0},        {"512", 512},       {"512B", 512},
        {"64KB", 64000}, {"1.5MB", 1500000}, {"2GB", UINT64_C(2000000000)},
        {"1KiB", 1024},  {"0.5MiB", 524288}, {"2GiB", UINT64_C(2147483648)},
    };
    static const char *const wrong[] = {"",      "KB",       "-1",   "1.5",
                                        "1kB",   "1K",       "1 KB", "1MB1",
                                        "1MBMB", "1.0001KB", "1TB",  "99999999999GiB"};
    struct err e = {0};
    uint64_t bytes = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (size_parse(str_of(cases[i].text), &bytes, &e))
            fail_msg("%s", e.message);
        assert_true(bytes == cases[i].bytes);
    }
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (size_parse(str_of(wrong[i]), &bytes, &e) != -EINVAL)
            fail_msg("taken for a size: %s", wrong[i]);
}

static void base64_is_that_of_rfc_4648(void **state)
{
    (void)state;
    static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"}; /* 10 */
    static const char *const base64[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                         "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t i = 0; i < COUNT(plain); i++) {
        struct buf text, bytes;
        buf_init(&text, 100);
        buf_init(&bytes, 100);
        assert_int_equal(base64_encode(&text, plain[i], strlen(plain[i])), 0);
        assert_string_equal(text.ptr, base64[i]);
        assert_int_equal(base64_decode(&bytes, buf_str(&text), NULL), 0);
        assert_string_equal(bytes.ptr, plain[i]);
        buf_fini(&text);
        buf_fini(&bytes);
    }
}

static void any_bytes_come_back_from_base64(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 3);
    for (size_t len = 0; len < 600; len++) {
        unsigned char bytes[600];
        struct buf text, back;
        buf_init(&text, 1000);
        buf_init(&back, len);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (unsigned char)rng_next(&rng);
        assert_int_equal(base64_encode(&text, bytes, len), 0);
        assert_int_equal(base64_decode(&back, buf_str(&text), NULL), 0);
        assert_true(str_eq(buf_str(&back), (struct str){(char *)bytes, len}));
        buf_fini(&text);
        buf_fini(&back);
    }
}

static void wrong_base64_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"Z",    "Zg",   "Zg=",      "Zh==",    "Zm9=",
                                        "====", "Z===", "Zg==Zg==", "Zm 9",    "Zm9v\n",
                                        "Zm-_", "=Zm9", "Zm=v",     "Zm9\xff", "Zm9vYg=a"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct err e = {0};
        struct buf out;
        buf_init(&out, 100);
        buf_add_text(&out, "abc");
        if (base64_decode(&out, str_of(texts[i]), &e) != -EBADMSG)
            fail_msg("taken for base64: %s", texts[i]);
        assert_string_equal(out.ptr, "abc");
        assert_true(e.message[0] != '\0');
        buf_fini(&out);
    }
    struct err e = {0};
    struct buf small;
    buf_init(&small, 2);
    assert_int_equal(base64_decode(&small, STR("Zm9v"), &e), -ENOBUFS);
    buf_fini(&small);
}

static void the_word_that_was_meant_is_found(void **state)
{
    (void)state;
    static const char *const words[] = {"duration", "users",  "rate", "connections",
                                        "name",     "target", "ok",   NULL};
    static const struct {
        const char *word;
        const char *meant;
    } cases[] = {
        {"duratoin", "duration"},
        {"Users", "users"},
        {"user", "users"},
        {"usres", "users"},
        {"raet", "rate"},
        {"conections", "connections"},
        {"nmae", "name"},
        {"targte", "target"},
        {"duration", "duration"},
        {"k", NULL},
        {"", NULL},
        {"data", NULL},
        {"something", NULL},
        {"xyz", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *found = text_nearest(str_of(cases[i].word), words);
        if (found != cases[i].meant && (!found || !cases[i].meant || strcmp(found, cases[i].meant)))
            fail_msg("%s: found %s", cases[i].word, found ? found : "nothing");
    }
    char long_word[1000];
    memset(long_word, 'x', sizeof long_word);
    assert_null(text_nearest((struct str){long_word, sizeof long_word}, words));
}

/* ---- logging --------------------------------------------------------------------------------- */

static int pipe_fds[2];
static struct clock_manual log_clock;
static struct log logger;
static char logged[1 << 16];

static int open_log(void **state)
{
    (void)state;
    assert_int_equal(pipe2(pipe_fds, O_NONBLOCK | O_CLOEXEC), 0);
    clock_manual_init(&log_clock, 0, UINT64_C(1795532645123) * NS_PER_MS);
    log_init(&logger, pipe_fds[1], LOG_INFO, &log_clock.clock);
    return 0;
}

static int close_log(void **state)
{
    (void)state;
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return 0;
}

static const char *read_log(void)
{
    ssize_t n = read(pipe_fds[0], logged, sizeof logged - 1);
    logged[n > 0 ? n : 0] = '\0';
    return logged;
}

static void a_log_line_is_read_by_people(void **state)
{
    (void)state;
    log_info(&logger, "run \"x\" started", "run", "abc", "workers", "4", NULL);
    assert_string_equal(read_log(), "2026-11-24T15:04:05.123Z info run \"x\" started run=abc "
                                    "workers=4\n");
    log_error(&logger, "gone", "why", "no such file", "empty", "", "null", NULL, "path", "/a=b",
              "line", "1\n2\x1b", "quote", "a\"b", NULL);
    assert_string_equal(read_log(),
                        "2026-11-24T15:04:05.123Z error gone why=\"no such file\" empty=\"\" "
                        "null=\"\" path=\"/a=b\" line=\"1\\n2\\u001b\" quote=\"a\\\"b\"\n");
    log_warn(&logger, "two\nlines\x1b[0m", NULL);
    assert_string_equal(read_log(), "2026-11-24T15:04:05.123Z warn two lines [0m\n");
}

static void what_is_below_the_level_is_not_written(void **state)
{
    (void)state;
    log_debug(&logger, "detail", NULL);
    assert_string_equal(read_log(), "");
    logger.level = LOG_DEBUG;
    log_debug(&logger, "detail", NULL);
    assert_string_equal(read_log(), "2026-11-24T15:04:05.123Z debug detail\n");
}

static void a_json_line_is_json(void **state)
{
    (void)state;
    logger.format = LOG_FORMAT_JSON;
    log_warn(&logger, "odd \"value\"\n", "value", "\xff\x01\xc3\xa9\\", NULL);
    json_t *line = json_loads(read_log(), 0, NULL);
    assert_non_null(line);
    assert_int_equal(json_object_size(line), 4);
    assert_string_equal(json_string_value(json_object_get(line, "time")),
                        "2026-11-24T15:04:05.123Z");
    assert_string_equal(json_string_value(json_object_get(line, "level")), "warn");
    assert_string_equal(json_string_value(json_object_get(line, "message")), "odd \"value\"\n");
    assert_string_equal(json_string_value(json_object_get(line, "value")),
                        "\xef\xbf\xbd\x01\xc3\xa9\\");
    json_decref(line);
}

static void a_line_is_never_longer_than_a_pipe_takes_at_once(void **state)
{
    (void)state;
    static char big[100000];
    memset(big, '\n', sizeof big - 1);
    for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
        logger.format = (enum log_format)format;
        for (size_t len = 1; len < 2000; len += 13) {
            const char *value = big + sizeof big - 1 - len;
            log_info(&logger, value, "a", value, "b", value, "c", value, "d", value, "e", value,
                     NULL);
            read_log();
            size_t n = strlen(logged);
            assert_true(n > 0 && n <= 4096);
            assert_ptr_equal(strchr(logged, '\n'), logged + n - 1);
            if (format == LOG_FORMAT_JSON) {
                json_t *line = json_loads(logged, 0, NULL);
                assert_non_null(line);
                assert_true(json_object_get(line, "e") || json_object_get(line, "cut"));
                json_decref(line);
            }
        }
    }
}

static void a_stalled_reader_costs_lines_and_nothing_else(void **state)
{
    (void)state;
    char full[4096];
    memset(full, 'x', sizeof full);
    while (write(pipe_fds[1], full, sizeof full) > 0)
        ;
    errno = ERANGE;
    uint64_t before = clock_mono_ns(clock_system());
    log_info(&logger, "nobody reads this", NULL);
    assert_int_equal(errno, ERANGE);
    assert_true(clock_mono_ns(clock_system()) - before < NS_PER_S);
    while (read(pipe_fds[0], logged, sizeof logged) > 0)
        ;
    log_info(&logger, "but this", NULL);
    assert_string_equal(read_log(), "2026-11-24T15:04:05.123Z info but this\n");
    logger.fd = -1;
    log_info(&logger, "to nowhere", NULL);
}

/* ---- random numbers -------------------------------------------------------------------------- */

static void random_numbers_are_those_of_the_papers(void **state)
{
    (void)state;
    /* The first outputs of xoshiro256** from the state 1, 2, 3, 4, and of SplitMix64 from 1234567,
     * which fills the state. */
    static const uint64_t xoshiro[] = {11520,
                                       0,
                                       UINT64_C(1509978240),
                                       UINT64_C(1215971899390074240),
                                       UINT64_C(1216172134540287360),
                                       UINT64_C(607988272756665600)};
    static const uint64_t split_mix[] = {
        UINT64_C(6457827717110365317), UINT64_C(3203168211198807973), UINT64_C(9817491932198370423),
        UINT64_C(4593380528125082431)};
    struct rng r = {{1, 2, 3, 4}};
    for (size_t i = 0; i < COUNT(xoshiro); i++)
        assert_true(rng_next(&r) == xoshiro[i]);
    rng_seed(&r, 1234567);
    for (size_t i = 0; i < COUNT(split_mix); i++)
        assert_true(r.s[i] == split_mix[i]);
}

static void distributions_have_their_mean_and_deviation(void **state)
{
    (void)state;
    enum { N = 1000000 };
    struct rng r;
    rng_seed(&r, 4);
    double uniform = 0, exponential = 0, normal = 0, normal_squares = 0;
    for (int i = 0; i < N; i++) {
        double u = rng_uniform(&r), x = rng_exponential(&r, 5), n = rng_normal(&r);
        assert_true(u >= 0 && u < 1 && x > 0 && isfinite(x) && isfinite(n));
        uniform += u;
        exponential += x;
        normal += n;
        normal_squares += n * n;
    }
    assert_true(fabs(uniform / N - 0.5) < 0.002);
    assert_true(fabs(exponential / N - 5) < 0.03);
    assert_true(fabs(normal / N) < 0.005);
    assert_true(fabs(normal_squares / N - 1) < 0.01);
}

static void seeds_repeat_and_random_ones_do_not(void **state)
{
    (void)state;
    struct rng a, b;
    rng_seed(&a, 9);
    rng_seed(&b, 9);
    assert_true(rng_next(&a) == rng_next(&b));
    rng_seed_random(&a);
    rng_seed_random(&b);
    assert_true(rng_next(&a) != rng_next(&b));
    unsigned char bytes[1000] = {0};
    size_t zeros = 0;
    random_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        zeros += bytes[i] == 0;
    assert_true(zeros < 50);
}

int main(void)
{
#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, open_log, close_log)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_a_code_and_a_sentence),
        cmocka_unit_test(a_long_error_loses_its_end),
        cmocka_unit_test(memory_is_zeroed_and_texts_are_copied),
        cmocka_unit_test(strings_compare_and_trim),
        cmocka_unit_test(numbers_are_digits_and_nothing_else),
        cmocka_unit_test(a_buffer_grows_to_its_limit_and_no_further),
        cmocka_unit_test(an_append_fits_as_a_whole_or_not_at_all),
        cmocka_unit_test(formats_of_any_length_are_written),
        cmocka_unit_test(the_front_can_be_dropped),
        cmocka_unit_test(characters_are_told_from_stray_bytes),
        cmocka_unit_test(a_text_is_cut_between_characters),
        cmocka_unit_test(escaped_text_is_valid_json),
        cmocka_unit_test(clocks_turn),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(wrong_times_are_refused),
        cmocka_unit_test(a_time_comes_back_to_the_millisecond),
        cmocka_unit_test(ids_sort_by_time_and_differ),
        cmocka_unit_test(an_id_is_sixteen_known_characters),
        cmocka_unit_test(durations_are_read_and_written),
        cmocka_unit_test(any_duration_comes_back),
        cmocka_unit_test(wrong_durations_are_refused),
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(base64_is_that_of_rfc_4648),
        cmocka_unit_test(any_bytes_come_back_from_base64),
        cmocka_unit_test(wrong_base64_is_refused),
        cmocka_unit_test(the_word_that_was_meant_is_found),
        LOG_TEST(a_log_line_is_read_by_people),
        LOG_TEST(what_is_below_the_level_is_not_written),
        LOG_TEST(a_json_line_is_json),
        LOG_TEST(a_line_is_never_longer_than_a_pipe_takes_at_once),
        LOG_TEST(a_stalled_reader_costs_lines_and_nothing_else),
        cmocka_unit_test(random_numbers_are_those_of_the_papers),
        cmocka_unit_test(distributions_have_their_mean_and_deviation),
        cmocka_unit_test(seeds_repeat_and_random_ones_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
