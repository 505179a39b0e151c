/* request: see request.h. RFC 9112, with its leave to take a bare LF as a line's end. */
#include "request.h"

#include <string.h>

static const bool is_token[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['!'] = true,  ['#'] = true,
    ['$'] = true,         ['%'] = true,         ['&'] = true,         ['\''] = true, ['*'] = true,
    ['+'] = true,         ['-'] = true,         ['.'] = true,         ['^'] = true,  ['_'] = true,
    ['`'] = true,         ['|'] = true,         ['~'] = true,
};

/* What is gathered over all fields and judged at the end. */
struct field_notes {
    unsigned hosts;
    bool length_given;
    bool close, keep_alive;
};

static bool all_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_token[(unsigned char)s.ptr[i]])
            return false;
    return s.len > 0;
}

static bool all_visible(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f)
            return false;
    return s.len > 0;
}

static void skip(struct str *s, size_t len)
{
    s->ptr += len;
    s->len -= len;
}

/* Takes a line off *rest; false while it is not whole. */
static bool take_line(struct str *rest, struct str *line)
{
    const char *end = memchr(rest->ptr, '\n', rest->len);
    if (!end)
        return false;
    *line = (struct str){rest->ptr, (size_t)(end - rest->ptr)};
    skip(rest, line->len + 1);
    if (line->len > 0 && line->ptr[line->len - 1] == '\r')
        line->len--;
    return true;
}

static bool take_word(struct str *rest, struct str *word)
{
    const char *end = rest->len ? memchr(rest->ptr, ' ', rest->len) : NULL;
    if (!end)
        return false;
    *word = (struct str){rest->ptr, (size_t)(end - rest->ptr)};
    skip(rest, word->len + 1);
    return true;
}

/* ---- the request line ------------------------------------------------------------------------ */

/* RFC 9112, section 3.2: origin form, absolute form, "*". */
static bool split_target(struct str target, struct target_request *r)
{
    if (!all_visible(target))
        return false;
    if (target.ptr[0] != '/' && !str_eq_text(target, "*")) {
        const char *authority = memmem(target.ptr, target.len, "://", 3);
        if (!authority)
            return false;
        skip(&target, (size_t)(authority - target.ptr) + 3);
        size_t len = 0;
        while (len < target.len && target.ptr[len] != '/' && target.ptr[len] != '?')
            len++;
        skip(&target, len);
    }
    const char *mark = target.len ? memchr(target.ptr, '?', target.len) : NULL;
    r->path = target;
    r->query = (struct str){"", 0};
    if (mark) {
        r->path.len = (size_t)(mark - target.ptr);
        r->query = (struct str){mark + 1, target.len - r->path.len - 1};
    }
    if (r->path.len == 0)
        r->path = STR("/");
    return true;
}

/* 0, or a status. */
static int parse_request_line(struct str line, struct target_request *r, const char **why)
{
    struct str target;
    if (!take_word(&line, &r->method) || !all_token(r->method)) {
        *why = "the request does not begin with a method";
        return 400;
    }
    if (!take_word(&line, &target) || !split_target(target, r)) {
        *why = "the request line has no valid target";
        return 400;
    }
    if (!str_starts(line, "HTTP/")) {
        *why = "the request line does not end with HTTP/1.1 or HTTP/1.0";
        return 400;
    }
    r->http_1_0 = str_eq_text(line, "HTTP/1.0");
    if (!r->http_1_0 && !str_eq_text(line, "HTTP/1.1")) {
        *why = "the version of HTTP is neither 1.1 nor 1.0";
        return 505;
    }
    r->head = str_eq_text(r->method, "HEAD");
    return 0;
}

/* ---- the fields ------------------------------------------------------------------------------ */

static bool split_field(struct str line, struct str *name, struct str *value)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    if (!colon)
        return false;
    *name = (struct str){line.ptr, (size_t)(colon - line.ptr)};
    *value = str_trim((struct str){colon + 1, line.len - name->len - 1});
    return all_token(*name);
}

/* Is `word` in this comma-separated list? */
static bool lists(struct str list, struct str word)
{
    while (list.len > 0) {
        const char *comma = memchr(list.ptr, ',', list.len);
        struct str item = {list.ptr, comma ? (size_t)(comma - list.ptr) : list.len};
        skip(&list, comma ? item.len + 1 : item.len);
        if (str_eq_nocase(str_trim(item), word))
            return true;
    }
    return false;
}

static int take_length(struct str value, struct target_request *r, struct field_notes *notes,
                       const char **why)
{
    uint64_t length;
    if (!str_to_u64(value, &length) || (notes->length_given && length != r->content_length)) {
        *why = "Content-Length is not one number";
        return 400;
    }
    notes->length_given = true;
    r->content_length = length;
    return 0;
}

/* By length first: most fields are none of these. 0, or a status. */
static int note_field(struct str name, struct str value, struct target_request *r,
                      struct field_notes *notes, const char **why)
{
    switch (name.len) {
    case sizeof "Host" - 1:
        notes->hosts += str_eq_nocase(name, STR("Host"));
        break;
    case sizeof "Connection" - 1:
        if (str_eq_nocase(name, STR("Connection"))) {
            notes->close |= lists(value, STR("close"));
            notes->keep_alive |= lists(value, STR("keep-alive"));
        }
        break;
    case sizeof "Content-Length" - 1:
        if (str_eq_nocase(name, STR("Content-Length")))
            return take_length(value, r, notes, why);
        break;
    case sizeof "Transfer-Encoding" - 1:
        if (!str_eq_nocase(name, STR("Transfer-Encoding")))
            break;
        if (r->chunked || !str_eq_nocase(value, STR("chunked"))) {
            *why = "the only Transfer-Encoding here is chunked";
            return 501;
        }
        r->chunked = true;
        break;
    case sizeof "Expect" - 1:
        if (!str_eq_nocase(name, STR("Expect")))
            break;
        if (!str_eq_nocase(value, STR("100-continue"))) {
            *why = "the only expectation met here is 100-continue";
            return 417;
        }
        r->expects_continue = !r->http_1_0;
        break;
    }
    return 0;
}

static int parse_field(struct str line, struct target_request *r, struct field_notes *notes,
                       const char **why)
{
    struct str name, value;
    if (!split_field(line, &name, &value)) {
        *why = "a line of the header is not \"Name: value\"";
        return 400;
    }
    if (value.len > 0 &&
        (memchr(value.ptr, '\0', value.len) || memchr(value.ptr, '\r', value.len))) {
        *why = "a value in the header has a NUL or a CR";
        return 400;
    }
    return note_field(name, value, r, notes, why);
}

bool target_request_next_field(struct str *fields, struct str *name, struct str *value)
{
    struct str line;
    return take_line(fields, &line) && split_field(line, name, value);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int judge(struct target_request *r, const struct field_notes *notes, const char **why)
{
    if (notes->hosts != 1 && !(r->http_1_0 && notes->hosts == 0)) {
        *why = "a request has exactly one Host";
        return 400;
    }
    if (r->chunked && (notes->length_given || r->http_1_0)) {
        *why = "Transfer-Encoding goes neither with Content-Length nor with HTTP/1.0";
        return 400;
    }
    r->keep_alive = r->http_1_0 ? notes->keep_alive && !notes->close : !notes->close;
    return 0;
}

static ssize_t not_whole(struct str data, const char **why)
{
    if (data.len < TARGET_HEAD_MAX)
        return 0;
    *why = "the request's head is too long";
    return -431;
}

ssize_t target_request_parse(struct str data, struct target_request *r, const char **why)
{
    struct field_notes notes = {0};
    struct str rest = data, line;
    int status = 0;

    *r = (struct target_request){0};
    do { /* RFC 9112, section 2.2: empty lines before a request are none of it */
        if (rest.len > 0 && !is_token[(unsigned char)*rest.ptr] && *rest.ptr != '\r' &&
            *rest.ptr != '\n') {
            *why = "the request does not begin with a method";
            return -400; /* at once: what is not HTTP may never send a line's end */
        }
        if (!take_line(&rest, &line))
            return not_whole(data, why);
    } while (line.len == 0);

    status = parse_request_line(line, r, why);
    r->fields.ptr = rest.ptr;
    while (status == 0) {
        if (!take_line(&rest, &line))
            return not_whole(data, why);
        if (line.len == 0)
            break;
        r->fields.len = (size_t)(rest.ptr - r->fields.ptr);
        status = parse_field(line, r, &notes, why);
    }
    if (status == 0)
        status = judge(r, &notes, why);
    if (status == 0 && (size_t)(rest.ptr - data.ptr) > TARGET_HEAD_MAX)
        return not_whole(data, why);
    return status ? -status : rest.ptr - data.ptr;
}
