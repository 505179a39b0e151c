/* test_http1: what RFC 9112 and RFC 9110 say of where a response ends and of what becomes of its
 * connection; and that it makes no difference where the pieces are cut that it comes in. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/engine/http1.h"

/* What becomes of a text. `error` and the rest exclude each other. */
struct outcome {
    int error;       /* 0, -EBADMSG, -EMSGSIZE */
    const char *why; /* of an error; in what is wanted: a part of it */
    unsigned status;
    bool needs_end; /* done only once the peer has closed */
    bool cut;       /* not done even then */
    bool keep;      /* the connection can be used again */
    size_t rest;    /* bytes at the end that are not of the response */
    bool head;      /* wanted: it is the answer to HEAD */
};

static struct http1 parser;
static struct http1_memo memo;

static int setup(void **state)
{
    (void)state;
    http1_init(&parser);
    memo = (struct http1_memo){0};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    http1_fini(&parser);
    return 0;
}

/* A piece is copied, so that reading beyond it is noticed by the sanitizer. */
static ssize_t feed(const char *bytes, size_t len, const char **why)
{
    char *copy = malloc(len);
    memcpy(copy, bytes, len);
    ssize_t n = http1_feed(&parser, copy, len, why);
    free(copy);
    return n;
}

/* Feeds the text in pieces: the first of `first` bytes, the others of `piece`. */
static struct outcome parse(struct str text, bool head, size_t first, size_t piece)
{
    struct outcome o = {.head = head};
    size_t used = 0;
    http1_reset(&parser, head);
    while (used < text.len && parser.state != HTTP1_DONE) {
        size_t want = used == 0 ? first : piece;
        size_t len = text.len - used < want ? text.len - used : want;
        ssize_t n = feed(text.ptr + used, len, &o.why);
        if (n < 0) {
            o.error = (int)n;
            assert_non_null(o.why);
            return o;
        }
        assert_true((size_t)n == len || parser.state == HTTP1_DONE);
        used += (size_t)n;
    }
    o.needs_end = parser.state != HTTP1_DONE;
    o.cut = !http1_end(&parser);
    o.keep = !o.needs_end && parser.keep_alive;
    o.status = o.cut ? 0 : parser.status;
    o.rest = text.len - used;
    o.needs_end &= !o.cut;
    return o;
}

static void assert_outcome(struct str text, struct outcome got, struct outcome want, size_t first)
{
    bool same = got.error == want.error && got.status == want.status && got.cut == want.cut &&
                got.needs_end == want.needs_end && got.keep == want.keep && got.rest == want.rest;
    if (same && want.error)
        same = strstr(got.why, want.why) != NULL;
    if (!same)
        fail_msg("cut after %zu: error %d (%s), status %u, %s%s%s, %zu bytes left, of \"%.*s\"",
                 first, got.error, got.why ? got.why : "", got.status, got.cut ? "cut " : "",
                 got.needs_end ? "needs end " : "", got.keep ? "keep" : "close", got.rest,
                 text.len < 300 ? (int)text.len : 300, text.ptr);
}

static void becomes_in_any_pieces(struct str text, struct outcome want)
{
    for (size_t first = 1; first <= text.len; first++)
        assert_outcome(text, parse(text, want.head, first, text.len), want, first);
    assert_outcome(text, parse(text, want.head, 1, 1), want, 1);
}

/* The text as a whole, cut in two at each place, and byte by byte; and the same again when heads
 * are remembered: its own, and before that the one of another text. */
static void becomes(struct str text, struct outcome want)
{
    parser.memo = NULL;
    becomes_in_any_pieces(text, want);
    parser.memo = &memo;
    becomes_in_any_pieces(text, want);
    becomes_in_any_pieces(text, want);
}

/* Long ones: at a few places only. */
static void long_one_becomes(struct str text, struct outcome want)
{
    const size_t pieces[] = {text.len, 1, 100, 4096, 4097, 65536};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        assert_outcome(text, parse(text, want.head, pieces[i], pieces[i]), want, pieces[i]);
}

static void is_malformed(struct str text, const char *why)
{
    becomes(text, (struct outcome){.error = -EBADMSG, .why = why});
}

#define H11 "HTTP/1.1 200 OK\r\n"
#define H10 "HTTP/1.0 200 OK\r\n"
#define CHUNKED H11 "Transfer-Encoding: chunked\r\n\r\n"

/* ---- where a response ends ------------------------------------------------------------------- */

static void content_length_says_where_the_body_ends(void **state)
{
    (void)state;
    struct outcome good = {.status = 200, .keep = true};
    becomes(STR(H11 "Content-Length: 4\r\n\r\nfine"), good);
    becomes(STR(H11 "Content-Length: 0\r\n\r\n"), good);
    becomes(STR(H11 "content-LENGTH:4\r\n\r\nfine"), good);
    becomes(STR(H11 "Content-Length: \t 4 \t\r\n\r\nfine"), good);
    becomes(STR(H11 "Server: x\r\nContent-Length: 0004\r\nVia: y\r\n\r\nfine"), good);
    becomes(STR(H11 "Content-Length: 5\r\n\r\nfine"), (struct outcome){.cut = true});
    becomes(STR(H11 "Content-Length: 4\r\n\r\nfine and more"),
            (struct outcome){.status = 200, .keep = true, .rest = 9});
}

static void several_lengths_are_one_when_they_agree(void **state)
{
    (void)state;
    struct outcome good = {.status = 200, .keep = true};
    becomes(STR(H11 "Content-Length: 4\r\nContent-Length: 4\r\n\r\nfine"), good);
    becomes(STR(H11 "Content-Length: 4, 4\r\n\r\nfine"), good);
    const char *why = "Content-Length says two different things";
    is_malformed(STR(H11 "Content-Length: 4\r\nContent-Length: 5\r\n\r\nfine"), why);
    is_malformed(STR(H11 "Content-Length: 4, 5\r\n\r\nfine"), why);
}

static void a_length_is_decimal_digits(void **state)
{
    (void)state;
    const char *why = "Content-Length is not a number";
    is_malformed(STR(H11 "Content-Length: four\r\n\r\nfine"), why);
    is_malformed(STR(H11 "Content-Length: +4\r\n\r\nfine"), why);
    is_malformed(STR(H11 "Content-Length: -4\r\n\r\nfine"), why);
    is_malformed(STR(H11 "Content-Length: 0x4\r\n\r\nfine"), why);
    is_malformed(STR(H11 "Content-Length: 4 4\r\n\r\nfine"), why);
    is_malformed(STR(H11 "Content-Length:\r\n\r\nfine"), why);
    is_malformed(STR(H11 "Content-Length: 9223372036854775808\r\n\r\n"), why);
    is_malformed(STR(H11 "Content-Length: 99999999999999999999999\r\n\r\n"), why);
    becomes(STR(H11 "Content-Length: 9223372036854775807\r\n\r\nfine"),
            (struct outcome){.cut = true});
}

static void chunks_go_up_to_the_empty_one(void **state)
{
    (void)state;
    struct outcome good = {.status = 200, .keep = true};
    becomes(STR(CHUNKED "4\r\nfine\r\n0\r\n\r\n"), good);
    becomes(STR(CHUNKED "0\r\n\r\n"), good);
    becomes(STR(CHUNKED "1\r\nf\r\n00003\r\nine\r\n000\r\n\r\n"), good);
    becomes(STR(CHUNKED "A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n"), good);
    becomes(STR(CHUNKED "4\r\n\r\n\r\n\r\n0\r\n\r\n"), good);
    becomes(STR(H11 "transfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n"), good);
    becomes(STR(CHUNKED "0\r\n\r\nHTTP/1.1"),
            (struct outcome){.status = 200, .keep = true, .rest = 8});
    becomes(STR(CHUNKED "4\r\nfine\r\n"), (struct outcome){.cut = true});
    becomes(STR(CHUNKED "4\r\nfine\r\n0\r\n"), (struct outcome){.cut = true});
    becomes(STR(CHUNKED "4\r\nfi"), (struct outcome){.cut = true});
}

static void chunk_extensions_and_trailers_are_passed_over(void **state)
{
    (void)state;
    struct outcome good = {.status = 200, .keep = true};
    becomes(STR(CHUNKED "4;a;b=c;d=\"e;f\"\r\nfine\r\n0;last\r\n\r\n"), good);
    becomes(STR(CHUNKED "4 ; a\r\nfine\r\n0\t\r\n\r\n"), good);
    becomes(STR(CHUNKED "0\r\nX-Checksum: 1\r\nX-Empty:\r\n\r\n"), good);
    becomes(STR(CHUNKED "0\r\nX-Folded: 1\r\n 2\r\n\t3\r\n\r\n"), good);
    becomes(STR(CHUNKED "0\r\nContent-Length: 5 or so\r\nConnection: close\r\n\r\n"), good);
    const char *why = "a trailer is not a name, a colon and a value";
    is_malformed(STR(CHUNKED "0\r\nno trailer\r\n\r\n"), why);
    is_malformed(STR(CHUNKED "0\r\n: x\r\n\r\n"), why);
    is_malformed(STR(CHUNKED "0\r\n folded\r\n\r\n"), why);
}

static void a_chunk_is_as_long_as_its_size_says(void **state)
{
    (void)state;
    const char *why = "a chunk is longer than its size";
    is_malformed(STR(CHUNKED "2\r\nfine\r\n0\r\n\r\n"), why);
    is_malformed(STR(CHUNKED "4\r\nfine\r\r\n0\r\n\r\n"), why);
    is_malformed(STR(CHUNKED "4\r\nfine0\r\n\r\n"), why);
    is_malformed(STR(CHUNKED "4\r\nfine\rX"
                             "0\r\n\r\n"),
                 why);
}

static void a_chunk_size_is_hexadecimal(void **state)
{
    (void)state;
    const char *none = "a chunk does not begin with its size";
    const char *wrong = "a chunk's size is not a hexadecimal number";
    is_malformed(STR(CHUNKED "\r\nfine\r\n0\r\n\r\n"), none);
    is_malformed(STR(CHUNKED "four\r\nx"), wrong);
    is_malformed(STR(CHUNKED "-4\r\nfine"), none);
    is_malformed(STR(CHUNKED " 4\r\nfine"), none);
    is_malformed(STR(CHUNKED "0x4\r\nfine"), wrong);
    is_malformed(STR(CHUNKED "4\0\r\nfine"), wrong);
    is_malformed(STR(CHUNKED "1000000000000000\r\nfine"), none); /* more than 15 digits */
    becomes(STR(CHUNKED "fffffffffffffff\r\nfine"), (struct outcome){.cut = true});
}

static void without_length_the_body_ends_with_the_connection(void **state)
{
    (void)state;
    struct outcome at_end = {.status = 200, .needs_end = true};
    becomes(STR(H11 "\r\nfine"), at_end);
    becomes(STR(H11 "\r\n"), at_end);
    becomes(STR(H10 "Connection: keep-alive\r\n\r\nfine"), at_end);
    becomes(STR(H11 "Transfer-Encoding: gzip\r\n\r\nfine"), at_end);
    becomes(STR(H11 "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"), at_end);
    becomes(STR(H11 "Transfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\nfine"), at_end);
}

static void chunked_is_the_last_transfer_coding(void **state)
{
    (void)state;
    struct outcome good = {.status = 200, .keep = true};
    becomes(STR(H11 "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), good);
    becomes(STR(H11 "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            good);
    becomes(STR(H11 "Transfer-Encoding: ,chunked, ,\r\n\r\n0\r\n\r\n"), good);
}

/* RFC 9112, 6.1 and 6.3: chunks win, and then the connection is not to be trusted. */
static void chunks_beside_a_length_or_in_http_1_0_end_the_connection(void **state)
{
    (void)state;
    struct outcome last = {.status = 200};
    becomes(
        STR(H11 "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n"),
        last);
    becomes(
        STR(H11 "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n4\r\nfine\r\n0\r\n\r\n"),
        last);
    becomes(STR(H10 "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), last);
}

static void some_responses_have_no_body_whatever_they_say(void **state)
{
    (void)state;
    const struct str texts[] = {
        STR("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n"),
        STR("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"),
        STR("HTTP/1.1 204 No Content\r\n\r\n"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        becomes(texts[i], (struct outcome){.status = i == 1 ? 304 : 204, .keep = true});
    struct outcome answer = {.status = 200, .keep = true, .head = true};
    becomes(STR(H11 "Content-Length: 4\r\n\r\n"), answer);
    becomes(STR(H11 "Transfer-Encoding: chunked\r\n\r\n"), answer);
    becomes(STR(H11 "\r\n"), answer);
    becomes(STR("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n"),
            (struct outcome){.status = 404, .keep = true, .head = true});
    answer.rest = 4;
    becomes(STR(H11 "Content-Length: 4\r\n\r\nfine"), answer);
    becomes(STR("HTTP/1.1 205 Reset\r\nContent-Length: 4\r\n\r\nfine"),
            (struct outcome){.status = 205, .keep = true});
}

/* ---- 1xx ------------------------------------------------------------------------------------- */

static void interim_responses_come_before_the_final_one(void **state)
{
    (void)state;
    struct outcome good = {.status = 200, .keep = true};
    becomes(STR("HTTP/1.1 100 Continue\r\n\r\n" H11 "Content-Length: 4\r\n\r\nfine"), good);
    becomes(STR("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" H11
                "Content-Length: 0\r\n\r\n"),
            good);
    /* Nothing of what an interim one says is of the final one. */
    becomes(STR("HTTP/1.1 100 Continue\r\nContent-Length: 9\r\nConnection: close\r\n\r\n" H11
                "Content-Length: 4\r\n\r\nfine"),
            good);
    becomes(STR("HTTP/1.1 199 What\r\n\r\n" H11 "Content-Length: 4\r\n\r\n"),
            (struct outcome){.status = 200, .keep = true, .head = true});
    becomes(STR("HTTP/1.1 100 Continue\r\n\r\n"), (struct outcome){.cut = true});
    is_malformed(STR("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
                 "the server switched protocols unasked");
}

static void add_interim(struct buf *text, int count)
{
    for (int i = 0; i < count; i++)
        buf_add_text(text, "HTTP/1.1 102 Processing\r\n\r\n");
}

static void so_many_interim_responses_and_no_more(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf text;
    buf_init(&text, 1 << 20);
    add_interim(&text, HTTP1_INTERIM_MAX);
    buf_add_text(&text, H11 "Content-Length: 0\r\n\r\n");
    long_one_becomes(buf_str(&text), (struct outcome){.status = 200, .keep = true});
    buf_clear(&text);
    add_interim(&text, HTTP1_INTERIM_MAX + 1);
    long_one_becomes(buf_str(&text),
                     (struct outcome){.error = -EBADMSG, .why = "there is no end to the 1xx"});
}

/* ---- what becomes of the connection -----------------------------------------------------------
 */

static void the_connection_is_kept_as_version_and_options_say(void **state)
{
    (void)state;
    struct outcome kept = {.status = 200, .keep = true}, last = {.status = 200};
    becomes(STR(H11 "Content-Length: 0\r\nConnection: close\r\n\r\n"), last);
    becomes(STR(H11 "Content-Length: 0\r\nconnection: CLOSE\r\n\r\n"), last);
    becomes(STR(H11 "Content-Length: 0\r\nConnection: x, close ,y\r\n\r\n"), last);
    becomes(STR(H11 "Content-Length: 0\r\nConnection: x\r\nConnection: close\r\n\r\n"), last);
    becomes(STR(H11 "Content-Length: 0\r\nConnection: keep-alive, close\r\n\r\n"), last);
    becomes(STR(H11 "Content-Length: 0\r\nConnection: keep-alive\r\n\r\n"), kept);
    becomes(STR(H11 "Content-Length: 0\r\nConnection: closed, not-close\r\n\r\n"), kept);
    becomes(STR(H11 "Content-Length: 0\r\nX-Connection: close\r\n\r\n"), kept);
    becomes(STR(H10 "Content-Length: 0\r\n\r\n"), last);
    becomes(STR(H10 "Content-Length: 0\r\nConnection: Keep-Alive\r\n\r\n"), kept);
    becomes(STR(H10 "Content-Length: 0\r\nConnection: close, keep-alive\r\n\r\n"), last);
    becomes(STR("HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n"), kept);
}

static void after_a_reset_nothing_of_the_response_before_is_left(void **state)
{
    (void)state;
    struct str first = STR(CHUNKED "4\r\nfi");
    struct str second = STR("HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nfine");
    for (size_t cut = 1; cut <= first.len; cut++) {
        parse((struct str){first.ptr, cut}, false, cut, cut);
        becomes(second, (struct outcome){.status = 404, .keep = true});
    }
}

/* ---- what is no response ----------------------------------------------------------------------
 */

static void garbage_is_noticed_as_such(void **state)
{
    (void)state;
    const char *why = "does not begin with an HTTP/1 status line";
    is_malformed(STR("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"), why);
    is_malformed(STR("220 mail.example ESMTP\r\n"), why);
    is_malformed(STR("\x15\x03\x03\x00\x02\x02\x28"), why); /* an alert of TLS */
    is_malformed(STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), why);
    is_malformed(STR("\0\0\x12\x04\0\0\0\0\0"), why); /* SETTINGS of HTTP/2 */
    is_malformed(STR("HTTP/2 200\r\n\r\n"), why);
    is_malformed(STR("http/1.1 200 OK\r\n\r\n"), why);
    is_malformed(STR("HTTP/1.1\r\n\r\n"), why);
    is_malformed(STR("HTTP/1.x 200 OK\r\n\r\n"), why);
    is_malformed(STR("HTTP/1.1\t200 OK\r\n\r\n"), why);
    is_malformed(STR("\r\nHTTP/1.1 200 OK\r\n\r\n"), why);
    is_malformed(STR("GET / HTTP/1.1\r\n\r\n"), why);
    is_malformed(STR("{\"status\": 200}"), why);
    is_malformed(STR("\n\n\n\n"), why);
}

static void garbage_is_noticed_before_its_line_ends(void **state)
{
    (void)state;
    const char *why = NULL;
    http1_reset(&parser, false);
    assert_int_equal(http1_feed(&parser, "H", 1, &why), 1);
    assert_int_equal(http1_feed(&parser, "TTP/3", 5, &why), -EBADMSG);
    http1_reset(&parser, false);
    assert_int_equal(http1_feed(&parser, "S", 1, &why), -EBADMSG);
}

static void a_status_is_three_digits(void **state)
{
    (void)state;
    is_malformed(STR("HTTP/1.1 20 OK and more\r\n\r\n"), "not three digits");
    is_malformed(STR("HTTP/1.1 2000 OK\r\n\r\n"), "not three digits");
    is_malformed(STR("HTTP/1.1 2x0 OK\r\n\r\n"), "not three digits");
    is_malformed(STR("HTTP/1.1  200 OK\r\n\r\n"), "not three digits");
    is_malformed(STR("HTTP/1.1 099 No\r\n\r\n"), "outside 100 to 599");
    is_malformed(STR("HTTP/1.1 600 No\r\n\r\n"), "outside 100 to 599");
    is_malformed(STR("HTTP/1.1 000 No\r\n\r\n"), "outside 100 to 599");
    struct outcome good = {.status = 599, .keep = true};
    becomes(STR("HTTP/1.1 599\r\nContent-Length: 0\r\n\r\n"), good); /* without a reason */
    becomes(STR("HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n"), good);
    becomes(STR("HTTP/1.1 599 \xe4\xf6 \x01 x\r\nContent-Length: 0\r\n\r\n"), good);
}

static void a_header_is_a_name_a_colon_and_a_value(void **state)
{
    (void)state;
    const char *why = "a header line is not a name, a colon and a value";
    is_malformed(STR(H11 "no header\r\n\r\n"), why);
    is_malformed(STR(H11 ": x\r\n\r\n"), why);
    is_malformed(STR(H11 "Name\r\n\r\n"), why);
    is_malformed(STR(H11 "Na me: x\r\n\r\n"), why);
    is_malformed(STR(H11 "Content-Length : 4\r\n\r\nfine"), why);
    is_malformed(STR(H11 "N\0me: x\r\n\r\n"), why);
    is_malformed(STR(H11 "N\xc3\xa4me: x\r\n\r\n"), why);
    struct outcome good = {.status = 200, .keep = true};
    becomes(STR(H11 "!#$%&'*+-.^_`|~09AZaz:\r\nContent-Length: 0\r\n\r\n"), good);
    becomes(STR(H11 "X: \x01\x7f\xff \"a\\\" : b\r\nContent-Length: 0\r\n\r\n"), good);
}

/* RFC 9112, 5.2: a user agent takes a folded value as one. */
static void a_value_may_be_folded_unless_it_frames_the_message(void **state)
{
    (void)state;
    struct outcome good = {.status = 200, .keep = true};
    becomes(STR(H11 "X: a\r\n b\r\n\tContent-Length: 9\r\nContent-Length: 0\r\n\r\n"), good);
    const char *why = "a header is folded where it must not be";
    is_malformed(STR(H11 " X: a\r\n\r\n"), why);
    is_malformed(STR(H11 "Content-Length: 1\r\n 0\r\n\r\n"), why);
    is_malformed(STR(H11 "Transfer-Encoding: chunked\r\n , gzip\r\n\r\n"), why);
    is_malformed(STR(H11 "Connection: x\r\n close\r\n\r\n"), why);
}

static void lines_may_end_with_a_line_feed_alone(void **state)
{
    (void)state;
    struct outcome good = {.status = 200, .keep = true};
    becomes(STR("HTTP/1.1 200 OK\nContent-Length: 4\n\nfine"), good);
    becomes(STR("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n4\nfine\n0\nX: y\n\n"), good);
}

static void nothing_or_half_a_head_is_no_response(void **state)
{
    (void)state;
    http1_reset(&parser, false);
    assert_false(http1_end(&parser));
    struct str text = STR(H11 "Content-Length: 4\r\n\r");
    for (size_t len = 1; len <= text.len; len++)
        becomes((struct str){text.ptr, len}, (struct outcome){.cut = true});
}

/* A head of exactly `bytes`, with a body of 4. */
static void make_head(struct buf *text, size_t bytes)
{
    static const char begin[] = H11 "Content-Length: 4\r\nX-Filler: ", end[] = "\r\n\r\n";
    buf_clear(text);
    buf_add_text(text, begin);
    while (text->len + sizeof end - 1 < bytes)
        buf_add_text(text, "x");
    buf_add_text(text, end);
    buf_add_text(text, "fine");
}

/* ---- heads that were seen before ----------------------------------------------------------- */

static void a_head_is_remembered_for_what_it_was_the_answer_to(void **state)
{
    (void)state;
    struct str text = STR(H11 "Content-Length: 4\r\n\r\nfine");
    for (int i = 0; i < 3; i++) {
        becomes(text, (struct outcome){.status = 200, .keep = true});
        becomes(text, (struct outcome){.status = 200, .keep = true, .rest = 4, .head = true});
    }
}

static void a_head_that_differs_in_its_last_byte_is_another(void **state)
{
    (void)state;
    const struct str known = STR(H11 "Content-Length: 4\r\n\r\nfine");
    const struct {
        struct str text;
        struct outcome want;
    } others[] = {
        {STR(H11 "Content-Length: 4\r\n\rX\nfine"), {.error = -EBADMSG, .why = "header"}},
        {STR(H11 "Content-Length: 5\r\n\r\nfiner"), {.status = 200, .keep = true}},
        {STR(H11 "Content-Length: 4\r\n\r"), {.cut = true}},
        {STR(H11 "Content-Length: 4\r\nConnection: close\r\n\r\nfine"), {.status = 200}},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        becomes(known, (struct outcome){.status = 200, .keep = true});
        becomes(others[i].text, others[i].want);
    }
}

static void a_long_head_is_not_remembered_and_no_less_read(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf text;
    buf_init(&text, 1 << 20);
    for (int over = 0; over < 2; over++) {
        make_head(&text, HTTP1_MEMO_MAX + (size_t)over);
        becomes(buf_str(&text), (struct outcome){.status = 200, .keep = true});
        assert_int_equal(memo.len, HTTP1_MEMO_MAX);
    }
}

/* ---- limits -----------------------------------------------------------------------------------
 */

static void a_head_is_at_most_64_kib(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf text;
    buf_init(&text, 1 << 20);
    struct outcome good = {.status = 200, .keep = true};
    struct outcome too_long = {.error = -EMSGSIZE, .why = "longer than 64 KiB"};
    make_head(&text, HTTP1_HEAD_MAX);
    long_one_becomes(buf_str(&text), good);
    make_head(&text, HTTP1_HEAD_MAX + 1);
    long_one_becomes(buf_str(&text), too_long);
    make_head(&text, 3 * HTTP1_HEAD_MAX);
    long_one_becomes(buf_str(&text), too_long);
    long_one_becomes((struct str){text.ptr, HTTP1_HEAD_MAX + 1}, too_long);
    long_one_becomes((struct str){text.ptr, HTTP1_HEAD_MAX}, (struct outcome){.cut = true});
}

static void a_head_of_many_short_lines_is_at_most_64_kib_too(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf text;
    buf_init(&text, 1 << 20);
    buf_add_text(&text, H11);
    while (text.len < 2 * HTTP1_HEAD_MAX)
        buf_add_text(&text, "a: b\r\n");
    long_one_becomes(buf_str(&text),
                     (struct outcome){.error = -EMSGSIZE, .why = "longer than 64 KiB"});
}

static void a_chunk_line_is_at_most_1_kib(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf text;
    buf_init(&text, 1 << 20);
    for (size_t over = 0; over < 2; over++) {
        buf_clear(&text);
        buf_add_text(&text, CHUNKED);
        size_t begin = text.len;
        buf_add_text(&text, "0;");
        while (text.len - begin < HTTP1_CHUNK_LINE_MAX - 2 + over)
            buf_add_text(&text, "x");
        buf_add_text(&text, "\r\n\r\n");
        struct outcome good = {.status = 200, .keep = true};
        struct outcome too_long = {.error = -EBADMSG, .why = "longer than 1 KiB"};
        long_one_becomes(buf_str(&text), over ? too_long : good);
    }
}

static void trailers_are_at_most_64_kib(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf text;
    buf_init(&text, 1 << 20);
    for (size_t over = 0; over < 2; over++) {
        buf_clear(&text);
        buf_add_text(&text, CHUNKED "0\r\n");
        size_t begin = text.len;
        buf_add_text(&text, "a:b\r\nc:");
        while (text.len - begin < HTTP1_HEAD_MAX - 4 + over)
            buf_add_text(&text, "x");
        buf_add_text(&text, "\r\n\r\n");
        struct outcome good = {.status = 200, .keep = true};
        struct outcome too_long = {.error = -EMSGSIZE, .why = "the trailers are longer"};
        long_one_becomes(buf_str(&text), over ? too_long : good);
    }
}

/* ---- skipping ----------------------------------------------------------------------------------
 */

/* Feeds the text, but of what is known to be body skips up to `step` at once. */
static size_t skip_through(struct str text, size_t step)
{
    size_t used = 0, skipped = 0;
    const char *why = NULL;
    http1_reset(&parser, false);
    while (used < text.len && parser.state != HTTP1_DONE) {
        uint64_t n = http1_skippable(&parser);
        if (n == 0) {
            ssize_t fed = feed(text.ptr + used, 1, &why);
            assert_int_equal(fed, 1);
            used++;
            continue;
        }
        n = n < step ? n : step;
        n = n < text.len - used ? n : text.len - used;
        http1_skip(&parser, n);
        used += (size_t)n;
        skipped += (size_t)n;
    }
    assert_int_equal(used, text.len);
    return skipped;
}

static void what_is_skipped_is_as_good_as_fed(void **state)
{
    (void)state;
    struct str sized = STR(H11 "Content-Length: 20\r\n\r\n0123456789abcdefghij");
    struct str chunks = STR(CHUNKED "a;x\r\n0123456789\r\n14\r\n0123456789abcdefghij\r\n0\r\n\r\n");
    struct str to_close = STR(H11 "\r\n0123456789");
    for (size_t step = 1; step <= 25; step++) {
        assert_int_equal(skip_through(sized, step), 20);
        assert_int_equal(parser.state, HTTP1_DONE);
        assert_int_equal(skip_through(chunks, step), 30);
        assert_int_equal(parser.state, HTTP1_DONE);
        assert_true(parser.keep_alive);
        assert_int_equal(skip_through(to_close, step), 10);
        assert_int_equal(parser.state, HTTP1_UNTIL_CLOSE);
        assert_true(http1_end(&parser));
    }
}

static void a_head_seen_before_is_recognized(void **state)
{
    (void)state;
    struct str text = STR(H11 "Content-Length: 4\r\n\r\nfine");
    struct outcome good = {.status = 200, .keep = true};
    parser.memo = &memo;
    assert_outcome(text, parse(text, false, text.len, text.len), good, text.len);
    assert_int_equal(memo.len, text.len - 4);
    memo.status = 299; /* it is from there that the next answer is known */
    assert_int_equal(parse(text, false, text.len, text.len).status, 299);
    assert_int_equal(parse(text, true, text.len, text.len).status, 200); /* not the same to HEAD */
    assert_int_equal(parse(text, false, 10, text.len).status, 200);      /* nor in pieces */
}

static void nothing_is_skippable_outside_bodies(void **state)
{
    (void)state;
    struct str text = STR(CHUNKED "4\r\nfine\r\n0\r\nX: y\r\n\r\n");
    const char *why = NULL;
    http1_reset(&parser, false);
    size_t body = 0;
    for (size_t i = 0; i < text.len; i++) {
        body += http1_skippable(&parser) > 0;
        feed(text.ptr + i, 1, &why);
    }
    assert_int_equal(body, 4);
    assert_int_equal(http1_skippable(&parser), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(content_length_says_where_the_body_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(several_lengths_are_one_when_they_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(a_length_is_decimal_digits, setup, teardown),
        cmocka_unit_test_setup_teardown(chunks_go_up_to_the_empty_one, setup, teardown),
        cmocka_unit_test_setup_teardown(chunk_extensions_and_trailers_are_passed_over, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_chunk_is_as_long_as_its_size_says, setup, teardown),
        cmocka_unit_test_setup_teardown(a_chunk_size_is_hexadecimal, setup, teardown),
        cmocka_unit_test_setup_teardown(without_length_the_body_ends_with_the_connection, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(chunked_is_the_last_transfer_coding, setup, teardown),
        cmocka_unit_test_setup_teardown(chunks_beside_a_length_or_in_http_1_0_end_the_connection,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(some_responses_have_no_body_whatever_they_say, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(interim_responses_come_before_the_final_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(so_many_interim_responses_and_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(the_connection_is_kept_as_version_and_options_say, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(after_a_reset_nothing_of_the_response_before_is_left, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(garbage_is_noticed_as_such, setup, teardown),
        cmocka_unit_test_setup_teardown(garbage_is_noticed_before_its_line_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(a_status_is_three_digits, setup, teardown),
        cmocka_unit_test_setup_teardown(a_header_is_a_name_a_colon_and_a_value, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_may_be_folded_unless_it_frames_the_message, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(lines_may_end_with_a_line_feed_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_or_half_a_head_is_no_response, setup, teardown),
        cmocka_unit_test_setup_teardown(a_head_is_remembered_for_what_it_was_the_answer_to, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_head_that_differs_in_its_last_byte_is_another, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_long_head_is_not_remembered_and_no_less_read, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_head_is_at_most_64_kib, setup, teardown),
        cmocka_unit_test_setup_teardown(a_head_of_many_short_lines_is_at_most_64_kib_too, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_chunk_line_is_at_most_1_kib, setup, teardown),
        cmocka_unit_test_setup_teardown(trailers_are_at_most_64_kib, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_skipped_is_as_good_as_fed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_head_seen_before_is_recognized, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_skippable_outside_bodies, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
