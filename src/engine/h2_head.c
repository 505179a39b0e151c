/* h2_head: a request's header fields as HTTP/2 has them, laid out once. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "h2.h"

enum { H2_OWN_FIELDS = 6 }; /* four pseudo-headers, User-Agent, Content-Length */

/* Of a connection, and there is none of its own (RFC 9113, 8.2.2). */
static bool is_forbidden(const struct plan_header *h)
{
    static const char *const names[] = {"Connection",        "Keep-Alive", "Proxy-Connection",
                                        "Transfer-Encoding", "Upgrade",    "Host",
                                        "Content-Length"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_eq_nocase(h->name, str_of(names[i])))
            return true;
    return str_eq_nocase(h->name, STR("TE")) && !str_eq_nocase(h->value, STR("trailers"));
}

static const struct plan_header *find(const struct plan_request *r, struct str name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (str_eq_nocase(r->headers[i].name, name))
            return &r->headers[i];
    return NULL;
}

static void add(struct h2_head *head, struct str name, struct str value)
{
    head->fields[head->count++] = (nghttp2_nv){
        .name = (uint8_t *)name.ptr,
        .namelen = name.len,
        .value = (uint8_t *)value.ptr,
        .valuelen = value.len,
        .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE,
    };
}

static size_t name_bytes(const struct plan_request *r)
{
    size_t bytes = 24; /* Content-Length's value */
    for (size_t i = 0; i < r->header_count; i++)
        bytes += r->headers[i].name.len;
    return bytes;
}

static void add_given(struct h2_head *head, const struct plan_request *r, char *at)
{
    for (size_t i = 0; i < r->header_count; i++) {
        const struct plan_header *h = &r->headers[i];
        if (is_forbidden(h))
            continue;
        for (size_t k = 0; k < h->name.len; k++)
            at[k] = (char)tolower((unsigned char)h->name.ptr[k]);
        add(head, (struct str){at, h->name.len}, h->value);
        at += h->name.len;
    }
}

struct h2_head *h2_head_new(const struct plan *plan, const struct plan_request *r)
{
    const struct plan_origin *origin = &plan->origins[r->origin_id];
    const struct plan_header *host = find(r, STR("Host"));
    struct h2_head *head = mem_alloc(sizeof *head);
    head->fields = mem_alloc((r->header_count + H2_OWN_FIELDS) * sizeof *head->fields);
    head->names = mem_alloc(name_bytes(r));
    add(head, STR(":method"), r->method);
    add(head, STR(":scheme"), origin->tls ? STR("https") : STR("http"));
    add(head, STR(":authority"), host ? host->value : origin->authority);
    add(head, STR(":path"), r->target);
    if (!find(r, STR("User-Agent")))
        add(head, STR("user-agent"), STR("squall/" SQUALL_VERSION));
    char *at = head->names;
    if (prepared_has_content(r)) {
        int n = snprintf(at, 24, "%zu", r->body.len);
        add(head, STR("content-length"), (struct str){at, (size_t)n});
        at += 24;
    }
    add_given(head, r, at);
    return head;
}

void h2_head_text(const struct h2_head *head, struct str body, struct buf *out)
{
    for (size_t i = 0; i < head->count; i++) {
        const nghttp2_nv *field = &head->fields[i];
        buf_add(out, field->name, field->namelen);
        buf_add_text(out, ": ");
        buf_add(out, field->value, field->valuelen);
        buf_add_text(out, "\r\n");
    }
    buf_add_text(out, "\r\n");
    buf_add(out, body.ptr, body.len);
}

void h2_head_free(struct h2_head *head)
{
    if (!head)
        return;
    free(head->fields);
    free(head->names);
    free(head);
}
