/* prepared: a request's bytes, laid out once (RFC 9112, 3). Fields that the scenario gives are
 * sent as they are; those that the engine needs are added only where they are missing. Where there
 * are expressions, what is between them is laid out once and the rest filled in for each request.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "eval.h"
#include "exchange.h"
#include "h2.h"

enum { REQUEST_BYTES_MAX = 16 << 20 }; /* the plan's own limits are lower */

static bool has_header(const struct plan_request *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (str_eq_nocase(r->headers[i].name, str_of(name)))
            return true;
    return false;
}

static void add_str(struct buf *out, struct str text)
{
    buf_add(out, text.ptr, text.len);
}

static void add_field(struct buf *out, struct str name, struct str value)
{
    add_str(out, name);
    buf_add_text(out, ": ");
    add_str(out, value);
    buf_add_text(out, "\r\n");
}

static bool is_one_of(struct str method, const char *const *methods)
{
    for (; *methods; methods++)
        if (str_eq_text(method, *methods))
            return true;
    return false;
}

static const char *const with_content[] = {"POST", "PUT", "PATCH", NULL};
static const char *const idempotent[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", NULL};

/* Over TLS the proxy is only asked for a tunnel. */
static bool asks_proxy(const struct plan *plan, const struct plan_request *r)
{
    return plan->network.proxy.host.len > 0 && !plan->origins[r->origin_id].tls;
}

static void add_own_fields(struct buf *out, const struct plan *plan, const struct plan_request *r)
{
    if (!has_header(r, "Host"))
        add_field(out, STR("Host"), plan->origins[r->origin_id].authority);
    if (!has_header(r, "User-Agent"))
        add_field(out, STR("User-Agent"), STR("squall/" SQUALL_VERSION));
    struct str authorization = plan->network.proxy.authorization;
    if (asks_proxy(plan, r) && authorization.len > 0 && !has_header(r, "Proxy-Authorization"))
        add_field(out, STR("Proxy-Authorization"), authorization);
    if (!plan->keep_alive && !has_header(r, "Connection"))
        add_field(out, STR("Connection"), STR("close"));
}

/* What stays the same, and then an expression's value. */
struct piece {
    struct str text;
    const struct plan_template *value; /* NULL after the last */
    bool in_target;
};

struct prepared_parts {
    struct piece *pieces; /* of the head, up to the value of Content-Length if that is added */
    size_t count;
    bool has_length;
    struct str body;
    const struct plan_template *body_template; /* NULL: `body` it is */
};

/* ---- laying out ------------------------------------------------------------------------------ */

static void end_piece(struct prepared_parts *parts, struct buf *text,
                      const struct plan_template *value)
{
    parts->pieces = mem_resize(parts->pieces, (parts->count + 1) * sizeof *parts->pieces);
    parts->pieces[parts->count++] = (struct piece){
        {mem_copy_text(text->ptr ? text->ptr : "", text->len), text->len}, value, false};
    buf_clear(text);
}

static bool varies(const struct plan_request *r)
{
    bool any = r->target_template || r->body_template;
    for (size_t i = 0; i < r->header_count; i++)
        any = any || r->headers[i].template;
    return any;
}

static bool has_content(const struct plan_request *r)
{
    bool content = r->body.len > 0 || is_one_of(r->method, with_content);
    return content && !has_header(r, "Content-Length") && !has_header(r, "Transfer-Encoding");
}

static void begin_line(const struct plan *plan, const struct plan_request *r, struct buf *out)
{
    add_str(out, r->method);
    buf_add_text(out, " ");
    if (!asks_proxy(plan, r))
        return;
    buf_add_text(out, "http://"); /* absolute-form: RFC 9112, 3.2.2 */
    add_str(out, plan->origins[r->origin_id].authority);
}

static void lay_out_parts(struct prepared *p, const struct plan *plan, const struct plan_request *r,
                          struct buf *out)
{
    struct prepared_parts *parts = mem_alloc(sizeof *parts);
    p->parts = parts;
    begin_line(plan, r, out);
    if (r->target_template) {
        end_piece(parts, out, r->target_template);
        parts->pieces[0].in_target = true;
    } else {
        add_str(out, r->target);
    }
    buf_add_text(out, " HTTP/1.1\r\n");
    add_own_fields(out, plan, r);
    for (size_t i = 0; i < r->header_count; i++) {
        const struct plan_header *h = &r->headers[i];
        add_str(out, h->name);
        buf_add_text(out, ": ");
        if (h->template)
            end_piece(parts, out, h->template);
        else
            add_str(out, h->value);
        buf_add_text(out, "\r\n");
    }
    parts->has_length = has_content(r);
    buf_add_text(out, parts->has_length ? "Content-Length: " : "\r\n");
    end_piece(parts, out, NULL);
    parts->body = r->body;
    parts->body_template = r->body_template;
}

static void lay_out(struct prepared *p, const struct plan *plan, const struct plan_request *r,
                    struct buf *out)
{
    begin_line(plan, r, out);
    add_str(out, r->target);
    buf_add_text(out, " HTTP/1.1\r\n");
    add_own_fields(out, plan, r);
    if (has_content(r))
        buf_add_format(out, "Content-Length: %zu\r\n", r->body.len);
    for (size_t i = 0; i < r->header_count; i++)
        add_field(out, r->headers[i].name, r->headers[i].value);
    buf_add_text(out, "\r\n");
    add_str(out, r->body);
    p->bytes = (struct str){mem_copy_text(out->ptr, out->len), out->len};
}

void prepared_init(struct prepared *p, const struct plan *plan, const struct plan_request *r)
{
    struct buf out;
    buf_init(&out, REQUEST_BYTES_MAX);
    *p = (struct prepared){.plan = r};
    p->looks = r->looks.capture_count > 0 || r->looks.check_count > 0;
    p->is_head = str_eq_text(r->method, "HEAD");
    p->idempotent = is_one_of(r->method, idempotent);
    p->memo = mem_alloc(sizeof *p->memo);
    if (varies(r))
        lay_out_parts(p, plan, r, &out);
    else
        lay_out(p, plan, r, &out);
    if (plan->http != PLAN_HTTP_1 && !p->parts)
        p->h2 = h2_head_new(plan->origins[r->origin_id].tls, p->bytes);
    buf_fini(&out);
}

void prepared_fini(struct prepared *p)
{
    for (size_t i = 0; p->parts && i < p->parts->count; i++)
        free((char *)p->parts->pieces[i].text.ptr);
    if (p->parts)
        free(p->parts->pieces);
    free(p->parts);
    free((char *)p->bytes.ptr);
    free(p->memo);
    h2_head_free(p->h2);
    *p = (struct prepared){0};
}

/* ---- filling in ------------------------------------------------------------------------------ */

/* What would end the line, or the target, that it stands in. */
static bool breaks_head(const char *value, size_t len, bool in_target)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)value[i];
        if (in_target ? c <= 0x20 || c == 0x7f : (c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

static int fill_head(const struct prepared_parts *parts, struct eval *e, const struct vars *v,
                     struct buf *out, const char **why)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct piece *piece = &parts->pieces[i];
        add_str(out, piece->text);
        if (!piece->value)
            continue;
        size_t before = out->len;
        eval_add(e, v, piece->value, out);
        if (!breaks_head(out->ptr + before, out->len - before, piece->in_target))
            continue;
        *why = piece->in_target ? "the URL would contain a space or a control character; url() "
                                  "encodes a value for it"
                                : "a header would contain a line break or a control character";
        return -EINVAL;
    }
    return 0;
}

int prepared_fill(const struct prepared *p, struct eval *e, const struct vars *v, struct buf *out,
                  const char **why)
{
    const struct prepared_parts *parts = p->parts;
    struct str body = parts->body;
    buf_clear(out);
    if (parts->body_template) {
        buf_clear(&e->body);
        eval_add(e, v, parts->body_template, &e->body);
        body = buf_str(&e->body);
    }
    int rc = fill_head(parts, e, v, out, why);
    if (rc < 0)
        return rc;
    if (parts->has_length) {
        char digits[32];
        size_t n = (size_t)snprintf(digits, sizeof digits, "%zu\r\n\r\n", body.len);
        buf_add(out, digits, n);
    }
    add_str(out, body);
    if (!out->failed && !e->body.failed && !e->scratch.failed)
        return 0;
    *why = "the request would be longer than 2 MiB";
    return -EMSGSIZE;
}
