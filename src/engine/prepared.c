/* prepared: a request's bytes, laid out once (RFC 9112, 3). Fields that the scenario gives are
 * sent as they are; those that the engine needs are added only where they are missing.
 */
#include <stdlib.h>

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

bool prepared_has_content(const struct plan_request *r)
{
    return r->body.len > 0 || is_one_of(r->method, with_content);
}

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
    if (prepared_has_content(r) && !has_header(r, "Content-Length") &&
        !has_header(r, "Transfer-Encoding"))
        buf_add_format(out, "Content-Length: %zu\r\n", r->body.len);
}

void prepared_init(struct prepared *p, const struct plan *plan, const struct plan_request *r)
{
    struct buf out;
    buf_init(&out, REQUEST_BYTES_MAX);
    add_str(&out, r->method);
    buf_add_text(&out, " ");
    if (asks_proxy(plan, r)) { /* absolute-form: RFC 9112, 3.2.2 */
        buf_add_text(&out, "http://");
        add_str(&out, plan->origins[r->origin_id].authority);
    }
    add_str(&out, r->target);
    buf_add_text(&out, " HTTP/1.1\r\n");
    add_own_fields(&out, plan, r);
    for (size_t i = 0; i < r->header_count; i++)
        add_field(&out, r->headers[i].name, r->headers[i].value);
    buf_add_text(&out, "\r\n");
    add_str(&out, r->body);
    p->plan = r;
    p->is_head = str_eq_text(r->method, "HEAD");
    p->idempotent = is_one_of(r->method, idempotent);
    p->bytes = (struct str){mem_copy_text(out.ptr, out.len), out.len};
    p->memo = mem_alloc(sizeof *p->memo);
    if (plan->http != PLAN_HTTP_1)
        p->h2 = h2_head_new(plan, r);
    buf_fini(&out);
}

void prepared_fini(struct prepared *p)
{
    free((char *)p->bytes.ptr);
    free(p->memo);
    h2_head_free(p->h2);
    *p = (struct prepared){0};
}
