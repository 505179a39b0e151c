/* assets: the dashboard's files, from memory, compressed as they were built. A path that is no file
 * is a page of the dashboard, which finds its way by itself. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "routes.h"
#include "squall/web.h"

/* Scripts and connections of its own only; styles inline too, since the component library makes
 * them at run time; workers and images also from what scripts made. */
static const char page_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

static const struct web_asset *find(const char *path)
{
    size_t low = 0, high = web_asset_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(path, web_assets[middle].path);
        if (order == 0)
            return &web_assets[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* "gzip" or "*" among the codings, unless with a quality of zero. */
static bool takes_gzip(struct str codings)
{
    while (codings.len > 0) {
        const char *comma = memchr(codings.ptr, ',', codings.len);
        size_t len = comma ? (size_t)(comma - codings.ptr) : codings.len;
        struct str item = str_trim((struct str){codings.ptr, len}), name = item;
        const char *semicolon = memchr(item.ptr, ';', item.len);
        bool never = false;
        if (semicolon) {
            name = str_trim((struct str){item.ptr, (size_t)(semicolon - item.ptr)});
            struct str q = str_trim(
                (struct str){semicolon + 1, item.len - (size_t)(semicolon - item.ptr) - 1});
            never = str_starts(q, "q=0") && strspn(q.ptr + 2, "0.") >= q.len - 2;
        }
        if (!never && (str_eq_nocase(name, STR("gzip")) || str_eq_text(name, "*")))
            return true;
        codings.ptr += len + (comma ? 1 : 0);
        codings.len -= len + (comma ? 1 : 0);
    }
    return false;
}

static void reply_gzip(struct request *rq, const struct web_asset *a)
{
    reply_static(rq, a->mime, (struct str){(const char *)a->gzip, a->gzip_len});
    reply_header(rq, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
}

/* For the rare client that takes no gzip. */
static void reply_plain(struct request *rq, const struct web_asset *a)
{
    enum { GZIP_WINDOW = 15 + 16 };
    struct buf body;
    z_stream z = {
        .next_in = (Bytef *)(uintptr_t)a->gzip,
        .avail_in = (uInt)a->gzip_len,
        .avail_out = (uInt)a->plain_len,
    };
    buf_init(&body, a->plain_len);
    z.next_out = (Bytef *)buf_reserve(&body, a->plain_len);
    if (!z.next_out || inflateInit2(&z, GZIP_WINDOW) != Z_OK) {
        buf_fini(&body);
        return reply_problem(rq, PROBLEM_INTERNAL, "The file cannot be unpacked.");
    }
    int rc = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    body.len = z.total_out;
    if (rc != Z_STREAM_END || body.len != a->plain_len) {
        buf_fini(&body);
        return reply_problem(rq, PROBLEM_INTERNAL, "The file cannot be unpacked.");
    }
    body.ptr[body.len] = '\0';
    reply_bytes(rq, MHD_HTTP_OK, a->mime, &body);
}

static void reply_asset(struct request *rq, const struct web_asset *a)
{
    if (!reply_not_modified(rq, a->etag)) {
        if (takes_gzip(request_header(rq, MHD_HTTP_HEADER_ACCEPT_ENCODING)))
            reply_gzip(rq, a);
        else
            reply_plain(rq, a);
        reply_header(rq, MHD_HTTP_HEADER_ETAG, a->etag);
    }
    if (rq->status >= MHD_HTTP_BAD_REQUEST)
        return;
    reply_header(rq, MHD_HTTP_HEADER_VARY, "Accept-Encoding");
    reply_header(rq, MHD_HTTP_HEADER_CACHE_CONTROL,
                 a->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    reply_header(rq, "Content-Security-Policy", page_policy);
    reply_header(rq, "Cross-Origin-Opener-Policy", "same-origin");
}

void assets_get(struct request *rq)
{
    const struct web_asset *asset = find(rq->path);
    /* A page's path has no dot in its last part; a missing file is missing. */
    if (!asset && !strchr(strrchr(rq->path, '/') ? strrchr(rq->path, '/') : "", '.'))
        asset = find("/index.html");
    if (asset)
        return reply_asset(rq, asset);
    if (web_asset_count == 0)
        return reply_problem(rq, PROBLEM_NOT_FOUND,
                             "This squalld was built without the dashboard (WEB=0). Its API is at "
                             "/api/v1; /api/v1/openapi.json describes it.");
    reply_problem(rq, PROBLEM_NOT_FOUND, "There is nothing at %.1000s.", rq->path);
}
