/* output: see output.h. */
#include "output.h"

#include <inttypes.h>
#include <string.h>

enum {
    TEXT_LEN = 12,
    BLOCK_LEN = 1000 * TEXT_LEN,
    PIECE_MAX = 64 << 10, /* bytes appended by one call, about */
    FILLER_LEN = 64,
};

#define TEXT "hello world\n"
#define TEXT_10 TEXT TEXT TEXT TEXT TEXT TEXT TEXT TEXT TEXT TEXT
#define TEXT_100 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10

static const char block[] =
    TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100;
/* A whole field, FILLER_LEN bytes with its end; a piece of it is one too, from the right place. */
static const char filler[] = "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";

_Static_assert(sizeof block == BLOCK_LEN + 1, "the block is whole texts");
_Static_assert(sizeof filler == FILLER_LEN + 1, "the filler is one field");

/* ---- the head -------------------------------------------------------------------------------- */

static const char *reason(uint32_t status)
{
    static const struct {
        uint32_t status;
        const char *text;
    } known[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {410, "Gone"},
        {413, "Content Too Large"},
        {417, "Expectation Failed"},
        {418, "I'm a Teapot"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].status == status)
            return known[i].text;
    return "";
}

void target_output_head(const struct target_head *head, struct buf *out)
{
    buf_add_format(out, "HTTP/1.1 %" PRIu32 " %s\r\n", head->status, reason(head->status));
    if (target_status_has_body(head->status)) {
        buf_add_format(out, "Content-Type: %s\r\n", head->type);
        if (head->framing == TARGET_BY_LENGTH)
            buf_add_format(out, "Content-Length: %" PRIu64 "\r\n", head->bytes);
        else if (head->framing == TARGET_BY_CHUNKS)
            buf_add_text(out, "Transfer-Encoding: chunked\r\n");
    }
    if (head->close)
        buf_add_text(out, "Connection: close\r\n");
    else if (head->http_1_0)
        buf_add_text(out, "Connection: keep-alive\r\n");
    if (!head->open)
        buf_add_text(out, "\r\n");
}

/* ---- the body -------------------------------------------------------------------------------- */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* True when the filler is done; its end also ends the head. */
static bool add_filler(struct target_output *o, struct buf *out)
{
    for (size_t added = 0; o->fill_left > 0 && added < PIECE_MAX; added += FILLER_LEN) {
        uint64_t len = least(o->fill_left, FILLER_LEN);
        if (len < FILLER_LEN) { /* what is left is no whole field: never mind its few bytes */
            o->fill_left = 0;
            break;
        }
        buf_add(out, filler, FILLER_LEN);
        o->fill_left -= FILLER_LEN;
    }
    if (o->fill_left > 0)
        return false;
    buf_add_text(out, "\r\n");
    return true;
}

/* Adds body bytes up to `end`, as many as one call may. */
static void add_body(struct target_output *o, uint64_t end, size_t most, struct buf *out)
{
    uint64_t stop = least(end, o->sent + most);
    if (o->kept) {
        buf_add(out, o->kept->ptr + o->sent, (size_t)(stop - o->sent));
        o->sent = stop;
    }
    while (o->sent < stop) {
        size_t from = (size_t)(o->sent % TEXT_LEN);
        size_t len = (size_t)least(stop - o->sent, BLOCK_LEN - from);
        buf_add(out, block + from, len);
        o->sent += len;
    }
}

/* Where chunk i ends when all are as equal as they can be. */
static uint64_t chunk_end(const struct target_output *o, uint64_t i)
{
    return (uint64_t)((__uint128_t)o->bytes * (i + 1) / o->chunks);
}

/* A chunk of no bytes would end the body: it is left out. */
static bool add_chunks(struct target_output *o, struct buf *out)
{
    size_t begin = out->len;
    while (out->len - begin < PIECE_MAX) {
        if (o->sent < o->chunk_end) {
            add_body(o, o->chunk_end, PIECE_MAX - (out->len - begin), out);
            if (o->sent == o->chunk_end)
                buf_add_text(out, "\r\n");
            continue;
        }
        if (o->sent == o->bytes) {
            buf_add_text(out, "0\r\n\r\n");
            return true;
        }
        o->chunk_end = chunk_end(o, o->chunk++);
        if (o->chunk_end > o->sent)
            buf_add_format(out, "%" PRIx64 "\r\n", o->chunk_end - o->sent);
    }
    return false;
}

bool target_output_more(struct target_output *o, struct buf *out)
{
    if (o->head_open) {
        if (!add_filler(o, out))
            return false;
        o->head_open = false;
    }
    if (o->framing == TARGET_BY_CHUNKS)
        return add_chunks(o, out);
    add_body(o, o->bytes, PIECE_MAX, out);
    return o->sent == o->bytes;
}
