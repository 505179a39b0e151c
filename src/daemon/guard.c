/* guard: refuses what other sites' pages make a browser send.
 *
 * DNS rebinding: evil.example resolves to 127.0.0.1 after its page was loaded, and its scripts then
 * read from us as from their own site. Such a request has evil.example in Host; so Host has to be
 * localhost, a literal address (which cannot be rebound), or a name that the configuration allows.
 *
 * Request forgery: a page elsewhere posts to us. The browser says so by Origin, which then differs
 * from Host, or by Sec-Fetch-Site. Programs that are no browsers send neither.
 */
#include "guard.h"

#include <arpa/inet.h>
#include <string.h>

enum { HOST_MAX = 255 };

/* Without the port and without an IPv6 address's brackets. */
static struct str host_name(struct str host)
{
    if (host.len > 0 && host.ptr[0] == '[') {
        const char *end = memchr(host.ptr, ']', host.len);
        return end ? (struct str){host.ptr + 1, (size_t)(end - host.ptr) - 1} : STR("");
    }
    const char *colon = memchr(host.ptr, ':', host.len);
    return colon ? (struct str){host.ptr, (size_t)(colon - host.ptr)} : host;
}

static bool is_address(struct str name)
{
    char text[HOST_MAX + 1];
    struct in6_addr address;
    if (name.len == 0 || name.len > HOST_MAX)
        return false;
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_listed(struct str name, const char *names)
{
    while (*names) {
        size_t len = strcspn(names, " ");
        if (len > 0 && str_eq_nocase(name, (struct str){names, len}))
            return true;
        names += len + strspn(names + len, " ");
    }
    return false;
}

static bool is_ours(struct str host, const char *names)
{
    struct str name = host_name(host);
    return str_eq_nocase(name, STR("localhost")) || is_address(name) || is_listed(name, names);
}

/* Is the origin's host and port that of the Host header? The scheme says nothing: a proxy may
 * speak TLS for us. */
static bool is_same_origin(struct str origin, struct str host)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(schemes[i]);
        if (str_starts(origin, schemes[i]))
            return str_eq_nocase((struct str){origin.ptr + len, origin.len - len}, host);
    }
    return false;
}

const char *guard_refuses(const struct guard_headers *h, bool unsafe, const char *names)
{
    if (h->host.len > 0 && !is_ours(h->host, names))
        return "The Host header has a name that this daemon is not known by. If it should be, put "
               "it into the setting allowed_hosts.";
    if (h->origin.len > 0 && !is_same_origin(h->origin, h->host))
        return "The request came from another site's page.";
    if (unsafe && h->fetch_site.len > 0 && !str_eq_text(h->fetch_site, "same-origin") &&
        !str_eq_text(h->fetch_site, "none"))
        return "The request came from another site's page.";
    return NULL;
}
