/* http1: see http1.h. A head that comes in one piece is parsed where it lies; only one that is cut
 * is put together in `line` first. Header names are checked against the grammar of RFC 9110, 5.1,
 * so that garbage is noticed as such; of the fields only those are read that say where the message
 * ends and what becomes of the connection.
 */
#include "http1.h"

#include <errno.h>
#include <string.h>

/* tchar, RFC 9110, 5.6.2 */
static const bool token_char[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1,         ['&'] = 1,         ['\''] = 1,
    ['*'] = 1, ['+'] = 1, ['-'] = 1, ['.'] = 1,         ['^'] = 1,         ['_'] = 1,
    ['`'] = 1, ['|'] = 1, ['~'] = 1, ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1,
};

/* What a head says about its message. */
struct framing {
    bool version_1_1;
    bool foldable;          /* the line before is a field of which nothing is read */
    bool close, keep_alive; /* options of Connection */
    bool has_length;
    bool has_transfer_encoding;
    bool chunked; /* is the last transfer coding */
    uint64_t length;
};

void http1_init(struct http1 *p)
{
    memset(p, 0, sizeof *p);
    buf_init(&p->line, HTTP1_HEAD_MAX);
}

void http1_fini(struct http1 *p)
{
    buf_fini(&p->line);
}

void http1_reset(struct http1 *p, bool head_request)
{
    p->state = HTTP1_HEAD;
    p->head_request = head_request;
    p->keep_alive = false;
    p->status = 0;
    p->interim = 0;
    p->left = 0;
    p->trailer_bytes = 0;
    if (p->line.len > 0)
        buf_clear(&p->line);
}

void http1_kept_init(struct http1_kept *k, size_t body_max)
{
    *k = (struct http1_kept){.wants_body = false};
    buf_init(&k->head, HTTP1_HEAD_MAX);
    buf_init(&k->body, body_max);
}

void http1_kept_fini(struct http1_kept *k)
{
    buf_fini(&k->head);
    buf_fini(&k->body);
}

void http1_kept_reset(struct http1_kept *k, bool wants_body)
{
    enum { USUAL = 16 << 10 };
    size_t limit = k->body.limit;
    if (k->body.cap > USUAL) {
        buf_fini(&k->body);
        buf_init(&k->body, limit);
    }
    buf_clear(&k->head);
    buf_clear(&k->body);
    k->wants_body = wants_body;
}

static int bad(const char **why, const char *sentence)
{
    *why = sentence;
    return -EBADMSG;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static struct str next_element(struct str *list) /* of a comma-separated one; trimmed */
{
    const char *comma = memchr(list->ptr, ',', list->len);
    size_t len = comma ? (size_t)(comma - list->ptr) : list->len;
    struct str element = {list->ptr, len};
    size_t used = comma ? len + 1 : len;
    list->ptr += used;
    list->len -= used;
    return str_trim(element);
}

/* RFC 9112, 6.3: several lengths are one if all are the same. */
static int take_length(struct framing *f, struct str value, const char **why)
{
    do {
        struct str element = next_element(&value);
        uint64_t length;
        if (!str_to_u64(element, &length) || length > INT64_MAX)
            return bad(why, "Content-Length is not a number");
        if (f->has_length && f->length != length)
            return bad(why, "Content-Length says two different things");
        f->has_length = true;
        f->length = length;
    } while (value.len > 0);
    return 0;
}

static void take_transfer_encoding(struct framing *f, struct str value)
{
    f->has_transfer_encoding = true;
    while (value.len > 0) {
        struct str coding = next_element(&value);
        if (coding.len > 0)
            f->chunked = str_eq_nocase(coding, STR("chunked"));
    }
}

static void take_connection(struct framing *f, struct str value)
{
    while (value.len > 0) {
        struct str option = next_element(&value);
        f->close |= str_eq_nocase(option, STR("close"));
        f->keep_alive |= str_eq_nocase(option, STR("keep-alive"));
    }
}

static int take_field(struct framing *f, struct str name, struct str value, const char **why)
{
    f->foldable = false;
    if (name.len == 10 && str_eq_nocase(name, STR("Connection")))
        take_connection(f, str_trim(value));
    else if (name.len == 14 && str_eq_nocase(name, STR("Content-Length")))
        return take_length(f, str_trim(value), why);
    else if (name.len == 17 && str_eq_nocase(name, STR("Transfer-Encoding")))
        take_transfer_encoding(f, str_trim(value));
    else
        f->foldable = true;
    return 0;
}

/* ---- the head -------------------------------------------------------------------------------- */

/* The line without its end; a lone LF is accepted, as RFC 9112, 2.2 allows. */
static struct str without_end(const char *begin, const char *newline)
{
    size_t len = (size_t)(newline - begin);
    if (len > 0 && begin[len - 1] == '\r')
        len--;
    return (struct str){begin, len};
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char no_status_line[] = "the answer does not begin with an HTTP/1 status line";

/* What is another protocol's must not be taken for a head that is still to come. */
static bool may_be_http(struct str text)
{
    static const struct str version = {"HTTP/1.", 7};
    return memcmp(text.ptr, version.ptr, text.len < version.len ? text.len : version.len) == 0;
}

static int parse_status_line(struct http1 *p, struct str line, struct framing *f, const char **why)
{
    const char *t = line.ptr;
    if (line.len < 12 || !may_be_http(line) || !digit(t[7]) || t[8] != ' ')
        return bad(why, no_status_line);
    if (!digit(t[9]) || !digit(t[10]) || !digit(t[11]) || (line.len > 12 && t[12] != ' '))
        return bad(why, "the status code is not three digits");
    p->status = (unsigned)((t[9] - '0') * 100 + (t[10] - '0') * 10 + (t[11] - '0'));
    if (p->status < 100 || p->status > 599)
        return bad(why, "the status code is outside 100 to 599");
    f->version_1_1 = t[7] != '0';
    return 0;
}

/* The length of the name that a field line begins with; 0 when it is none. */
static size_t field_name(struct str line)
{
    size_t n = 0;
    while (n < line.len && token_char[(unsigned char)line.ptr[n]])
        n++;
    return n < line.len && line.ptr[n] == ':' ? n : 0;
}

/* A line that begins with white space goes on with the value before (RFC 9112, 5.2). Nobody folds
 * the fields that matter here, unless to have them read in two ways. */
static int parse_field(struct str line, struct framing *f, const char **why)
{
    bool folded = line.ptr[0] == ' ' || line.ptr[0] == '\t';
    if (folded)
        return f->foldable ? 0 : bad(why, "a header is folded where it must not be");
    size_t n = field_name(line);
    if (n == 0)
        return bad(why, "a header line is not a name, a colon and a value");
    return take_field(f, (struct str){line.ptr, n},
                      (struct str){line.ptr + n + 1, line.len - n - 1}, why);
}

/* RFC 9112, 6.3, in its order. */
static int choose_body(struct http1 *p, const struct framing *f, const char **why)
{
    p->keep_alive = f->close ? false : f->version_1_1 || f->keep_alive;
    if (p->status < 200) {
        if (p->status == 101)
            return bad(why, "the server switched protocols unasked");
        if (++p->interim > HTTP1_INTERIM_MAX)
            return bad(why, "there is no end to the 1xx answers");
        p->status = 0;
        p->state = HTTP1_HEAD;
    } else if (p->head_request || p->status == 204 || p->status == 304) {
        p->state = HTTP1_DONE;
    } else if (f->has_transfer_encoding) {
        /* Perhaps an attempt at smuggling: not to be trusted any further (RFC 9112, 6.1). */
        if (f->has_length || !f->version_1_1)
            p->keep_alive = false;
        p->state = f->chunked ? HTTP1_CHUNK_SIZE : HTTP1_UNTIL_CLOSE;
    } else if (f->has_length) {
        p->left = f->length;
        p->state = p->left > 0 ? HTTP1_BODY : HTTP1_DONE;
    } else {
        p->state = HTTP1_UNTIL_CLOSE;
    }
    if (p->state == HTTP1_UNTIL_CLOSE)
        p->keep_alive = false;
    return 0;
}

/* Parses the head at the beginning of `text`. Its length, 0 when it is not whole. */
static ssize_t parse_head(struct http1 *p, struct str text, const char **why)
{
    struct framing f = {0};
    const char *end = text.ptr + text.len;
    const char *at = text.ptr;
    for (;;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline)
            return 0;
        struct str line = without_end(at, newline);
        int rc = 0;
        if (at == text.ptr)
            rc = parse_status_line(p, line, &f, why);
        else if (line.len > 0)
            rc = parse_field(line, &f, why);
        else if ((rc = choose_body(p, &f, why)) == 0)
            return newline + 1 - text.ptr;
        if (rc < 0)
            return rc;
        at = newline + 1;
    }
}

static int keep_piece(struct http1 *p, const char *bytes, size_t len, const char **why)
{
    if (buf_add(&p->line, bytes, len) == 0)
        return 0;
    *why = "the head of the answer is longer than 64 KiB";
    return -EMSGSIZE;
}

static void keep_head(struct http1 *p, const char *bytes, size_t len)
{
    if (p->kept && p->state != HTTP1_HEAD)
        buf_add(&p->kept->head, bytes, len);
}

/* A head that was cut: what has come of it is in `line`. It is looked at anew with each piece that
 * ends a line. */
static ssize_t feed_cut_head(struct http1 *p, const char *bytes, size_t len, const char **why)
{
    size_t before = p->line.len;
    size_t room = HTTP1_HEAD_MAX - before;
    size_t piece = len < room ? len : room;
    buf_add(&p->line, bytes, piece);
    ssize_t head = 0;
    if (memchr(bytes, '\n', piece))
        head = parse_head(p, buf_str(&p->line), why);
    if (head < 0)
        return head;
    if (head == 0 && !may_be_http(buf_str(&p->line)))
        return bad(why, no_status_line);
    if (head == 0) {
        p->status = 0;
        return keep_piece(p, bytes + piece, len - piece, why) < 0 ? -EMSGSIZE : (ssize_t)len;
    }
    keep_head(p, p->line.ptr, (size_t)head);
    buf_clear(&p->line);
    return head - (ssize_t)before;
}

static bool recall(struct http1 *p, const char *bytes, size_t len)
{
    const struct http1_memo *m = p->memo;
    if (!m || m->len == 0 || len < m->len || m->head_request != p->head_request ||
        memcmp(m->bytes, bytes, m->len) != 0)
        return false;
    p->status = m->status;
    p->keep_alive = m->keep_alive;
    p->left = m->left;
    p->state = m->state;
    return true;
}

static void remember(struct http1 *p, const char *bytes, size_t len)
{
    struct http1_memo *m = p->memo;
    if (!m || len > HTTP1_MEMO_MAX || p->state == HTTP1_HEAD)
        return;
    m->len = len;
    m->head_request = p->head_request;
    m->status = p->status;
    m->keep_alive = p->keep_alive;
    m->left = p->left;
    m->state = p->state;
    memcpy(m->bytes, bytes, len);
}

static ssize_t feed_head(struct http1 *p, const char *bytes, size_t len, const char **why)
{
    if (p->line.len > 0)
        return feed_cut_head(p, bytes, len, why);
    if (recall(p, bytes, len)) {
        keep_head(p, bytes, p->memo->len);
        return (ssize_t)p->memo->len;
    }
    ssize_t head = parse_head(p, (struct str){bytes, len}, why);
    if (head == 0 && !may_be_http((struct str){bytes, len}))
        return bad(why, no_status_line);
    if (head > HTTP1_HEAD_MAX || (head == 0 && len > HTTP1_HEAD_MAX)) {
        *why = "the head of the answer is longer than 64 KiB";
        return -EMSGSIZE;
    }
    if (head > 0) {
        remember(p, bytes, (size_t)head);
        keep_head(p, bytes, (size_t)head);
    }
    if (head != 0)
        return head;
    p->status = 0;
    int rc = keep_piece(p, bytes, len, why);
    return rc < 0 ? rc : (ssize_t)len;
}

/* ---- bodies ---------------------------------------------------------------------------------- */

void http1_skip(struct http1 *p, uint64_t bytes)
{
    if (p->state == HTTP1_UNTIL_CLOSE)
        return;
    p->left -= bytes;
    if (p->left == 0)
        p->state = p->state == HTTP1_BODY ? HTTP1_DONE : HTTP1_CHUNK_END;
}

void http1_keep_body(struct http1_kept *k, const char *bytes, size_t len)
{
    size_t room = k->body.limit - k->body.len;
    buf_add(&k->body, bytes, len < room ? len : room);
}

static ssize_t feed_skipped(struct http1 *p, const char *bytes, size_t len)
{
    bool until_close = p->state == HTTP1_UNTIL_CLOSE;
    size_t n = until_close || p->left > len ? len : (size_t)p->left;
    if (http1_keeps_body(p))
        http1_keep_body(p->kept, bytes, n);
    http1_skip(p, n);
    return (ssize_t)n;
}

/* A line, put together in `line` where it is cut. Bytes used; *whole tells whether it is complete,
 * and then it is in *out until `line` changes. */
static ssize_t feed_line(struct http1 *p, const char *bytes, size_t len, size_t limit,
                         struct str *out, bool *whole)
{
    const char *newline = memchr(bytes, '\n', len);
    size_t n = newline ? (size_t)(newline - bytes) + 1 : len;
    if (p->line.len + n > limit)
        return -EMSGSIZE;
    *whole = newline != NULL;
    if (newline && p->line.len == 0) {
        *out = without_end(bytes, newline);
        return (ssize_t)n;
    }
    buf_add(&p->line, bytes, n);
    if (newline)
        *out = without_end(p->line.ptr, p->line.ptr + p->line.len - 1);
    return (ssize_t)n;
}

static int hex_value(char c)
{
    if (digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* chunk-size [ chunk-ext ], RFC 9112, 7.1 */
static int parse_chunk_size(struct http1 *p, struct str line, const char **why)
{
    size_t digits = 0;
    p->left = 0;
    for (; digits < line.len && hex_value(line.ptr[digits]) >= 0; digits++)
        p->left = p->left << 4 | (uint64_t)hex_value(line.ptr[digits]);
    if (digits == 0 || digits > 15)
        return bad(why, "a chunk does not begin with its size");
    if (digits < line.len && !memchr("; \t", line.ptr[digits], 3))
        return bad(why, "a chunk's size is not a hexadecimal number");
    p->state = p->left > 0 ? HTTP1_CHUNK_DATA : HTTP1_TRAILER;
    return 0;
}

static ssize_t feed_chunk_size(struct http1 *p, const char *bytes, size_t len, const char **why)
{
    struct str line;
    bool whole;
    ssize_t n = feed_line(p, bytes, len, HTTP1_CHUNK_LINE_MAX, &line, &whole);
    if (n < 0)
        return bad(why, "the line of a chunk's size is longer than 1 KiB");
    int rc = whole ? parse_chunk_size(p, line, why) : 0;
    if (whole)
        buf_clear(&p->line);
    return rc < 0 ? rc : n;
}

static ssize_t feed_chunk_end(struct http1 *p, const char *bytes, size_t len, const char **why)
{
    struct str line;
    bool whole;
    ssize_t n = feed_line(p, bytes, len, 2, &line, &whole);
    if (n < 0 || (whole && line.len > 0) || (!whole && p->line.ptr[0] != '\r'))
        return bad(why, "a chunk is longer than its size");
    if (whole) {
        buf_clear(&p->line);
        p->state = HTTP1_CHUNK_SIZE;
    }
    return n;
}

static ssize_t feed_trailer(struct http1 *p, const char *bytes, size_t len, const char **why)
{
    struct str line;
    bool whole;
    size_t limit = HTTP1_HEAD_MAX - p->trailer_bytes;
    ssize_t n = feed_line(p, bytes, len, limit, &line, &whole);
    if (n < 0) {
        *why = "the trailers are longer than 64 KiB";
        return -EMSGSIZE;
    }
    if (!whole)
        return n;
    /* Whatever it says, it changes nothing about the message any more (RFC 9110, 6.5.1). */
    bool folded =
        p->trailer_bytes > 0 && line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
    int rc = 0;
    if (line.len == 0)
        p->state = HTTP1_DONE;
    else if (!folded && field_name(line) == 0)
        rc = bad(why, "a trailer is not a name, a colon and a value");
    p->trailer_bytes += p->line.len > 0 ? p->line.len : (size_t)n;
    buf_clear(&p->line);
    return rc < 0 ? rc : n;
}

/* ---- all together ---------------------------------------------------------------------------- */

static ssize_t feed_once(struct http1 *p, const char *bytes, size_t len, const char **why)
{
    switch (p->state) {
    case HTTP1_HEAD:
        return feed_head(p, bytes, len, why);
    case HTTP1_CHUNK_SIZE:
        return feed_chunk_size(p, bytes, len, why);
    case HTTP1_CHUNK_END:
        return feed_chunk_end(p, bytes, len, why);
    case HTTP1_TRAILER:
        return feed_trailer(p, bytes, len, why);
    case HTTP1_BODY:
    case HTTP1_CHUNK_DATA:
    case HTTP1_UNTIL_CLOSE:
        return feed_skipped(p, bytes, len);
    case HTTP1_DONE:
        break;
    }
    return 0;
}

ssize_t http1_feed(struct http1 *p, const char *bytes, size_t len, const char **why)
{
    size_t used = 0;
    while (used < len && p->state != HTTP1_DONE) {
        ssize_t n = feed_once(p, bytes + used, len - used, why);
        if (n < 0)
            return n;
        used += (size_t)n;
    }
    return (ssize_t)used;
}

bool http1_end(struct http1 *p)
{
    if (p->state == HTTP1_UNTIL_CLOSE)
        p->state = HTTP1_DONE;
    return p->state == HTTP1_DONE;
}
