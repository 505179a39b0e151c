/* eval: see eval.h. */
#include "eval.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARGS_MAX = 32, /* the plan's own limit */
    EVAL_WHY_MAX = 1024,
};

void eval_init(struct eval *e, const struct plan *plan, struct clock *clock, struct rng *rng,
               uint32_t worker, uint32_t workers)
{
    *e = (struct eval){
        .rng = rng, .clock = clock, .plan = plan, .worker = worker, .workers = workers};
    buf_init(&e->scratch, EVAL_REQUEST_MAX);
    buf_init(&e->result, EVAL_REQUEST_MAX);
    buf_init(&e->body, EVAL_REQUEST_MAX);
    buf_init(&e->text, EVAL_REQUEST_MAX);
    buf_init(&e->decoded, EVAL_BODY_MAX);
    buf_init(&e->found, EVAL_BODY_MAX);
    buf_init(&e->why, EVAL_WHY_MAX);
    e->patterns = patterns_new(plan);
    e->dealt = mem_alloc((plan->data_count + 1) * sizeof *e->dealt);
}

void eval_fini(struct eval *e)
{
    buf_fini(&e->scratch);
    buf_fini(&e->result);
    buf_fini(&e->body);
    buf_fini(&e->text);
    buf_fini(&e->decoded);
    buf_fini(&e->found);
    buf_fini(&e->why);
    patterns_free(e->patterns);
    free(e->dealt);
}

/* ---- functions ------------------------------------------------------------------------------- */

static const char hex_digits[] = "0123456789abcdef";

static void add_hex(struct buf *out, const void *bytes, size_t len)
{
    const unsigned char *b = bytes;
    char *to = buf_reserve(out, 2 * len);
    if (!to)
        return;
    for (size_t i = 0; i < len; i++) {
        to[2 * i] = hex_digits[b[i] >> 4];
        to[2 * i + 1] = hex_digits[b[i] & 15];
    }
    out->len += 2 * len;
}

/* Version 4, RFC 9562. */
static void add_uuid(struct eval *e, struct buf *out)
{
    uint64_t r[2] = {rng_next(e->rng), rng_next(e->rng)};
    unsigned char b[16];
    memcpy(b, r, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof b; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            buf_add(out, "-", 1);
        add_hex(out, &b[i], 1);
    }
}

static void add_number(struct buf *out, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    buf_add(out, digits + at, sizeof digits - at);
}

/* RFC 3986, 2.3: all but the unreserved characters are encoded. */
static void add_url_encoded(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        char encoded[3] = {'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]};
        if (alnum || (c != '\0' && strchr("-._~", c)))
            buf_add(out, &s.ptr[i], 1);
        else
            buf_add(out, encoded, sizeof encoded);
    }
}

static void add_random(struct eval *e, struct buf *out, const struct str *args)
{
    int64_t least = strtoll(args[0].ptr, NULL, 10), most = strtoll(args[1].ptr, NULL, 10);
    uint64_t range = most > least ? (uint64_t)most - (uint64_t)least + 1 : 1;
    uint64_t drawn =
        range == 0 ? rng_next(e->rng) : (uint64_t)(((__uint128_t)rng_next(e->rng) * range) >> 64);
    int64_t n = (int64_t)((uint64_t)least + drawn);
    if (n < 0)
        buf_add(out, "-", 1);
    add_number(out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

static void add_now(struct eval *e, struct buf *out)
{
    char text[TIME_TEXT_SIZE];
    time_format(text, clock_wall_ns(e->clock));
    buf_add_text(out, text);
}

static void add_sha256(struct buf *out, struct str text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (EVP_Digest(text.ptr, text.len, digest, &len, EVP_sha256(), NULL))
        add_hex(out, digest, len);
}

static void add_hmac(struct buf *out, struct str key, struct str text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (HMAC(EVP_sha256(), key.ptr, (int)key.len, (const unsigned char *)text.ptr, text.len, digest,
             &len))
        add_hex(out, digest, len);
}

static void call(struct eval *e, const struct vars *v, enum plan_function function,
                 const struct str *args, struct buf *out)
{
    switch (function) {
    case PLAN_FN_UUID:
        return add_uuid(e, out);
    case PLAN_FN_RANDOM:
        return add_random(e, out, args);
    case PLAN_FN_COUNTER: /* no two are the same, in all workers */
        return add_number(out, e->counter++ * e->workers + e->worker);
    case PLAN_FN_ITERATION:
        return add_number(out, v->iteration);
    case PLAN_FN_USER:
        return add_number(out, v->user);
    case PLAN_FN_WORKER:
        return add_number(out, e->worker);
    case PLAN_FN_NOW:
        return add_now(e, out);
    case PLAN_FN_NOW_MS:
        return add_number(out, clock_wall_ns(e->clock) / NS_PER_MS);
    case PLAN_FN_BASE64:
        base64_encode(out, args[0].ptr, args[0].len);
        return;
    case PLAN_FN_URL:
        return add_url_encoded(out, args[0]);
    case PLAN_FN_JSON:
        buf_add_json_escaped(out, args[0]);
        return;
    case PLAN_FN_HEX:
        return add_hex(out, args[0].ptr, args[0].len);
    case PLAN_FN_SHA256:
        return add_sha256(out, args[0]);
    case PLAN_FN_HMAC:
        return add_hmac(out, args[1], args[2]);
    case PLAN_FN_PICK: /* see add_function */
    case PLAN_FN_ENV:
    case PLAN_FN_COUNT:
        return;
    }
}

/* Arguments stand in `scratch` one behind the other, each with a NUL; what a function gives is
 * put together apart from it, since `out` may be `scratch` when calls are nested. */
static void add_function(struct eval *e, const struct vars *v, const struct plan_part *part,
                         struct buf *out)
{
    struct str args[ARGS_MAX];
    size_t mark = e->scratch.len, begin[ARGS_MAX];
    if (part->function == PLAN_FN_PICK) {
        size_t which = (size_t)(rng_uniform(e->rng) * (double)part->arg_count);
        return eval_add(e, v, &part->args[which], out);
    }
    for (size_t i = 0; i < part->arg_count; i++) {
        begin[i] = e->scratch.len;
        eval_add(e, v, &part->args[i], &e->scratch);
        args[i].len = e->scratch.len - begin[i];
        buf_add(&e->scratch, "", 1);
    }
    if (e->scratch.failed)
        return;
    for (size_t i = 0; i < part->arg_count; i++)
        args[i].ptr = e->scratch.ptr + begin[i];
    buf_clear(&e->result);
    call(e, v, part->function, args, &e->result);
    e->scratch.len = mark;
    buf_add(out, e->result.ptr, e->result.len);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static void add_value(struct eval *e, const struct vars *v, const struct plan_part *part,
                      struct buf *out)
{
    size_t before = out->len;
    if (part->kind == PLAN_PART_FUNCTION) {
        add_function(e, v, part, out);
    } else if (part->kind == PLAN_PART_VARIABLE) {
        const struct value *value = &v->values[part->slot];
        if (value->set)
            buf_add(out, value->ptr, value->len);
    } else if (v->rows[part->data]) {
        const struct str *cell = &v->rows[part->data][part->slot];
        buf_add(out, cell->ptr, cell->len);
    }
    if (out->len == before && part->fallback)
        eval_add(e, v, part->fallback, out);
}

static bool needs_escape(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            return true;
    }
    return false;
}

static void escape_from(struct eval *e, struct buf *out, size_t before)
{
    if (out->len == before || !needs_escape(out->ptr + before, out->len - before))
        return;
    buf_clear(&e->result);
    buf_add(&e->result, out->ptr + before, out->len - before);
    out->len = before;
    buf_add_json_escaped(out, buf_str(&e->result));
}

void eval_add(struct eval *e, const struct vars *v, const struct plan_template *t, struct buf *out)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct plan_part *part = &t->parts[i];
        size_t before = out->len;
        if (part->kind == PLAN_PART_TEXT) {
            buf_add(out, part->text.ptr, part->text.len);
            continue;
        }
        add_value(e, v, part, out);
        if (part->in_json)
            escape_from(e, out, before);
    }
}

struct str eval_text(struct eval *e, const struct vars *v, const struct plan_template *t)
{
    buf_clear(&e->text);
    eval_add(e, v, t, &e->text);
    return buf_str(&e->text);
}

/* ---- variables ------------------------------------------------------------------------------- */

void vars_init(struct vars *v, const struct plan *plan, uint32_t user)
{
    *v = (struct vars){.user = user};
    if (plan->variable_count > 0)
        v->values = mem_alloc(plan->variable_count * sizeof *v->values);
    if (plan->data_count > 0)
        v->rows = mem_alloc(plan->data_count * sizeof *v->rows);
}

void vars_fini(struct vars *v, const struct plan *plan)
{
    for (size_t i = 0; v->values && i < plan->variable_count; i++)
        free(v->values[i].ptr);
    free(v->values);
    free(v->rows);
}

int vars_set(struct vars *v, uint32_t slot, struct str text)
{
    struct value *value = &v->values[slot];
    if (text.len > EVAL_VALUE_MAX)
        return -EMSGSIZE;
    if (text.len > value->cap) {
        value->cap = (uint32_t)text.len + 16;
        value->ptr = mem_resize(value->ptr, value->cap);
    }
    if (text.len > 0)
        memcpy(value->ptr, text.ptr, text.len);
    value->len = (uint32_t)text.len;
    value->set = true;
    return 0;
}

/* Row r belongs to worker r mod n. A worker without any takes all as its own, unless each is to be
 * used once. */
static const struct str *deal(struct eval *e, size_t i)
{
    const struct plan_data *d = &e->plan->data[i];
    uint64_t share = plan_share(d->row_count, e->worker, e->workers), k = e->dealt[i]++, row;
    if (d->order == PLAN_ORDER_ONCE && k >= share)
        return NULL;
    if (d->order == PLAN_ORDER_RANDOM)
        k = (uint64_t)(rng_uniform(e->rng) * (double)(share ? share : d->row_count));
    row = share ? k % share * e->workers + e->worker : k % d->row_count;
    return &d->cells[row * d->column_count];
}

static bool deal_all(struct vars *v, struct eval *e)
{
    bool ok = true;
    for (size_t i = 0; i < e->plan->data_count; i++) {
        if (v->rows[i] && !e->plan->data[i].per_iteration)
            continue;
        v->rows[i] = deal(e, i);
        ok = ok && v->rows[i];
    }
    return ok;
}

bool vars_begin(struct vars *v, struct eval *e)
{
    const struct plan *plan = e->plan;
    if (!deal_all(v, e))
        return false;
    for (size_t i = plan->initial_count; i < plan->variable_count; i++)
        v->values[i].set = false;
    for (size_t i = 0; v->iteration == 0 && i < plan->initial_count; i++) {
        const struct plan_assignment *a = &plan->initial[i];
        vars_set(v, a->slot, eval_text(e, v, &a->value));
    }
    return true;
}
