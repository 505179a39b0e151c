/* h2_head: a request's header fields as HTTP/2 has them, out of its HTTP/1.1 text: that is laid
 * out, and filled in where there are expressions, in one way for both.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "h2.h"

enum { PSEUDO_FIELDS = 4 };

static struct str up_to(struct str text, const char *mark, size_t mark_len)
{
    const char *at = memmem(text.ptr, text.len, mark, mark_len);
    return (struct str){text.ptr, at ? (size_t)(at - text.ptr) : text.len};
}

static struct str after(struct str text, size_t bytes)
{
    size_t n = bytes < text.len ? bytes : text.len;
    return (struct str){text.ptr + n, text.len - n};
}

/* Of a connection, and there is none of its own (RFC 9113, 8.2.2). */
static bool is_forbidden(struct str name, struct str value)
{
    static const char *const names[] = {"Connection", "Keep-Alive", "Proxy-Connection",
                                        "Transfer-Encoding", "Upgrade"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_eq_nocase(name, str_of(names[i])))
            return true;
    return str_eq_nocase(name, STR("TE")) && !str_eq_nocase(value, STR("trailers"));
}

static void set(nghttp2_nv *field, struct str name, struct str value, uint8_t flags)
{
    *field = (nghttp2_nv){
        .name = (uint8_t *)name.ptr,
        .namelen = name.len,
        .value = (uint8_t *)value.ptr,
        .valuelen = value.len,
        .flags = flags,
    };
}

static nghttp2_nv *one_more(struct h2_head *head)
{
    if (head->count == head->cap) {
        head->cap = head->cap ? 2 * head->cap : 16;
        head->fields = mem_resize(head->fields, head->cap * sizeof *head->fields);
    }
    return &head->fields[head->count++];
}

/* A target that names the host too is one for a proxy. */
static struct str path_of(struct str target)
{
    if (target.len > 0 && target.ptr[0] == '/')
        return target;
    struct str rest = after(target, up_to(target, "://", 3).len + 3);
    rest = after(rest, up_to(rest, "/", 1).len);
    return rest.len > 0 ? rest : STR("*"); /* RFC 9113, 8.3.1 */
}

static void take_line(struct h2_head *head, struct str line, uint8_t flags)
{
    struct str name = up_to(line, ":", 1);
    struct str value = str_trim(after(line, name.len + 1));
    if (str_eq_nocase(name, STR("Host")))
        set(&head->fields[2], STR(":authority"), value, flags);
    else if (!is_forbidden(name, value))
        set(one_more(head), name, value, flags);
}

void h2_head_fill(struct h2_head *head, bool tls, struct str request, uint8_t flags)
{
    struct str line = up_to(request, "\r\n", 2);
    struct str rest = after(request, line.len + 2);
    struct str method = up_to(line, " ", 1);
    struct str target = up_to(after(line, method.len + 1), " ", 1);
    head->count = 0;
    while (head->count < PSEUDO_FIELDS)
        one_more(head);
    set(&head->fields[0], STR(":method"), method, flags);
    set(&head->fields[1], STR(":scheme"), tls ? STR("https") : STR("http"), flags);
    set(&head->fields[2], STR(":authority"), STR(""), flags);
    set(&head->fields[3], STR(":path"), path_of(target), flags);
    while ((line = up_to(rest, "\r\n", 2)).len > 0) {
        rest = after(rest, line.len + 2);
        take_line(head, line, flags);
    }
    head->body = after(rest, 2);
}

struct h2_head *h2_head_new(bool tls, struct str request)
{
    struct h2_head *head = mem_alloc(sizeof *head);
    h2_head_fill(head, tls, request, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
    size_t bytes = 1;
    for (size_t i = 0; i < head->count; i++)
        bytes += head->fields[i].namelen;
    char *at = head->names = mem_alloc(bytes);
    for (size_t i = 0; i < head->count; i++) {
        nghttp2_nv *field = &head->fields[i];
        for (size_t k = 0; k < field->namelen; k++)
            at[k] = (char)tolower(field->name[k]);
        field->name = (uint8_t *)at;
        at += field->namelen;
    }
    return head;
}

void h2_head_text(const struct h2_head *head, struct buf *out)
{
    for (size_t i = 0; i < head->count; i++) {
        const nghttp2_nv *field = &head->fields[i];
        for (size_t k = 0; k < field->namelen; k++) {
            char c = (char)tolower(field->name[k]);
            buf_add(out, &c, 1);
        }
        buf_add_text(out, ": ");
        buf_add(out, (const char *)field->value, field->valuelen);
        buf_add_text(out, "\r\n");
    }
    buf_add_text(out, "\r\n");
    buf_add(out, head->body.ptr, head->body.len);
}

void h2_head_fini(struct h2_head *head)
{
    free(head->fields);
    free(head->names);
}

void h2_head_free(struct h2_head *head)
{
    if (head)
        h2_head_fini(head);
    free(head);
}
