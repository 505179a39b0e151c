/* url: http and https URLs, and the paths that are joined to one (RFC 3986, RFC 9110 section 4.2).
 * Strict about what could be read in two ways or break a request's first line; what browsers and
 * curl send encoded, is encoded here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "plan_priv.h"

enum {
    LABEL_MAX = 63, /* RFC 1035, section 2.3.4 */
    PORT_HTTP = 80,
    PORT_HTTPS = 443,
};

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

static struct str drop(struct str s, size_t n)
{
    return (struct str){s.ptr + n, s.len - n};
}

static bool starts_nocase(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq_nocase((struct str){s.ptr, prefix.len}, prefix);
}

/* ---- path and query -------------------------------------------------------------------------- */

/* Printable ASCII that browsers, too, encode in a path or query. */
static bool is_encoded(unsigned char c)
{
    return c == ' ' || c >= 0x80 || is_one_of((char)c, "\"<>\\^`{|}");
}

static int check_path_byte(struct str rest, struct err *e)
{
    unsigned char c = (unsigned char)rest.ptr[0];
    if (c < 0x20 || c == 0x7f)
        return err_set(e, -EINVAL, "a URL has no control characters (0x%02x)", c);
    if (c == '#')
        return err_set(e, -EINVAL, "the part from \"#\" on is never sent; leave it out");
    if (c == '%' && (rest.len < 3 || !is_hex(rest.ptr[1]) || !is_hex(rest.ptr[2])))
        return err_set(e, -EINVAL,
                       "\"%%\" must be followed by two hexadecimal digits; \"%%25\" is the "
                       "character itself");
    return 0;
}

int plan_path_parse(struct plan_arena *a, struct str text, struct str *out, struct err *e)
{
    static const char digits[] = "0123456789ABCDEF";
    if (text.len > PLAN_URL_MAX)
        return err_set(e, -EINVAL, "a URL has at most %d bytes", PLAN_URL_MAX);
    char *path = plan_arena_alloc(a, 3 * text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        int rc = check_path_byte(drop(text, i), e);
        if (rc < 0)
            return rc;
        if (is_encoded(c)) {
            path[len++] = '%';
            path[len++] = digits[c >> 4];
            path[len++] = digits[c & 15];
        } else {
            path[len++] = (char)c;
        }
    }
    if (len > PLAN_URL_MAX)
        return err_set(e, -EINVAL, "a URL, percent-encoded, has at most %d bytes", PLAN_URL_MAX);
    *out = (struct str){path, len};
    return 0;
}

/* ---- host and port --------------------------------------------------------------------------- */

/* Names of DNS and of hosts files; the underscore is common inside clusters. */
static bool is_name(struct str host)
{
    size_t label = 0;
    if (host.len > 0 && host.ptr[host.len - 1] == '.')
        host.len--;
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        if (c == '.' && (label == 0 || host.ptr[i - 1] == '-'))
            return false;
        if (c != '.' && !is_alnum(c) && c != '_' && (c != '-' || label == 0))
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > LABEL_MAX)
            return false;
    }
    return label > 0 && host.ptr[host.len - 1] != '-';
}

/* "1.2.3" and "0x7f.1" are read as addresses by some resolvers: whatever ends in a number must be
 * a whole IPv4 address. */
static bool ends_in_number(struct str host)
{
    size_t i = host.len;
    while (i > 0 && host.ptr[i - 1] >= '0' && host.ptr[i - 1] <= '9')
        i--;
    return i < host.len && (i == 0 || host.ptr[i - 1] == '.');
}

bool plan_host_valid(struct str host)
{
    char text[PLAN_HOST_MAX + 1];
    unsigned char address[16];
    if (host.len == 0 || host.len > PLAN_HOST_MAX || memchr(host.ptr, '\0', host.len))
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    if (memchr(host.ptr, ':', host.len))
        return inet_pton(AF_INET6, text, address) == 1;
    if (ends_in_number(host))
        return inet_pton(AF_INET, text, address) == 1;
    return is_name(host);
}

static bool has_high_byte(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return true;
    return false;
}

/* One spelling for one host, so that requests to it share connections. */
static struct str canonical_host(struct plan_arena *a, struct str host)
{
    char text[PLAN_HOST_MAX + 1];
    unsigned char address[16];
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    if (memchr(host.ptr, ':', host.len) && inet_pton(AF_INET6, text, address) == 1)
        inet_ntop(AF_INET6, address, text, sizeof text);
    for (char *c = text; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c | 0x20);
    return plan_arena_str(a, str_of(text));
}

static int bad_host(struct str host, bool bracketed, struct err *e)
{
    if (host.len == 0)
        return err_set(e, -EINVAL, "the URL has no host");
    if (bracketed)
        return err_set(e, -EINVAL, "%s is no IPv6 address%s", plan_quote(host).text,
                       memchr(host.ptr, '%', host.len) ? "; a zone cannot be given" : "");
    if (has_high_byte(host))
        return err_set(e, -EINVAL, "%s must be in its ASCII form (xn--...)", plan_quote(host).text);
    return err_set(e, -EINVAL, "%s is neither a host name nor an IPv4 address",
                   plan_quote(host).text);
}

static int parse_port(struct str text, uint16_t *port, struct err *e)
{
    uint64_t number;
    if (!str_to_u64(text, &number) || number < 1 || number > UINT16_MAX)
        return err_set(e, -EINVAL, "the port is a number from 1 to 65535, not %s",
                       plan_quote(text).text);
    *port = (uint16_t)number;
    return 0;
}

/* "host", "host:port", "[IPv6]" or "[IPv6]:port". */
static int parse_authority(struct plan_arena *a, struct str text, struct plan_url *out,
                           struct err *e)
{
    bool bracketed = str_starts(text, "[");
    const char *end = text.len > 0 ? memchr(text.ptr, bracketed ? ']' : ':', text.len) : NULL;
    if (text.len > 0 && memchr(text.ptr, '@', text.len))
        return err_set(e, -EINVAL,
                       "a user name in a URL is not sent; give a header \"Authorization\"");
    if (bracketed && !end)
        return err_set(e, -EINVAL, "\"[\" without \"]\" in the URL's host");
    struct str host = {text.ptr, end ? (size_t)(end - text.ptr) : text.len};
    struct str rest = drop(text, host.len + (bracketed ? 1 : 0));
    host = bracketed ? drop(host, 1) : host;
    if (!plan_host_valid(host) || bracketed != (memchr(host.ptr, ':', host.len) != NULL))
        return bad_host(host, bracketed, e);
    out->host = canonical_host(a, host);
    out->port = out->tls ? PORT_HTTPS : PORT_HTTP;
    if (rest.len > 0 && rest.ptr[0] != ':')
        return err_set(e, -EINVAL, "%s is no port", plan_quote(rest).text);
    return rest.len > 0 ? parse_port(drop(rest, 1), &out->port, e) : 0;
}

int plan_host_port_parse(struct plan_arena *a, struct str text, struct str *host, uint16_t *port,
                         struct err *e)
{
    struct plan_url url = {0};
    int rc = parse_authority(a, text, &url, e);
    if (rc < 0)
        return rc;
    /* Without a port it ends in the host. */
    const char *colon = text.len > 0 ? memrchr(text.ptr, ':', text.len) : NULL;
    if (!colon || memchr(colon, ']', (size_t)(text.ptr + text.len - colon)))
        return err_set(e, -EINVAL, "%s has no port; write \"host:port\"", plan_quote(text).text);
    *host = url.host;
    *port = url.port;
    return 0;
}

static struct str make_authority(struct plan_arena *a, const struct plan_url *u)
{
    struct buf b;
    bool v6 = memchr(u->host.ptr, ':', u->host.len) != NULL;
    buf_init(&b, PLAN_HOST_MAX + sizeof "[]:65535");
    buf_add_format(&b, v6 ? "[%s]" : "%s", u->host.ptr);
    if (u->port != (u->tls ? PORT_HTTPS : PORT_HTTP))
        buf_add_format(&b, ":%u", u->port);
    struct str authority = plan_arena_str(a, buf_str(&b));
    buf_fini(&b);
    return authority;
}

/* ---- whole ----------------------------------------------------------------------------------- */

bool plan_url_is_absolute(struct str text)
{
    /* A scheme (RFC 3986, section 3.1) and "://". */
    size_t i = 0;
    while (i < text.len && (is_alnum(text.ptr[i]) || is_one_of(text.ptr[i], "+-.")))
        i++;
    return i > 0 && str_starts(drop(text, i), "://");
}

int plan_url_parse(struct plan_arena *a, struct str text, struct plan_url *out, struct err *e)
{
    size_t len = 0;
    *out = (struct plan_url){.tls = starts_nocase(text, STR("https://"))};
    if (!out->tls && !starts_nocase(text, STR("http://")))
        return err_set(e, -EINVAL, "a URL begins with \"http://\" or \"https://\"");
    text = drop(text, out->tls ? sizeof "https://" - 1 : sizeof "http://" - 1);
    while (len < text.len && !is_one_of(text.ptr[len], "/?#"))
        len++;
    int rc = parse_authority(a, (struct str){text.ptr, len}, out, e);
    if (rc < 0)
        return rc;
    out->authority = make_authority(a, out);
    text = drop(text, len);
    rc = plan_path_parse(a, text, &out->path, e);
    if (rc < 0 || str_starts(out->path, "/"))
        return rc;
    char *rooted = plan_arena_alloc(a, out->path.len + 2);
    rooted[0] = '/';
    memcpy(rooted + 1, out->path.ptr, out->path.len);
    out->path = (struct str){rooted, out->path.len + 1};
    return 0;
}
