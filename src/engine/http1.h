/* http1: reads HTTP/1.1 responses (RFC 9112) out of pieces of any length, in place. Tells where a
 * response ends and whether its connection can be used again; skips bodies. Owns no socket.
 */
#ifndef ENGINE_HTTP1_H
#define ENGINE_HTTP1_H

#include <sys/types.h>

#include "squall/base.h"

enum {
    HTTP1_HEAD_MAX = 64 << 10,   /* bytes of a status line and its headers; of a trailer section */
    HTTP1_CHUNK_LINE_MAX = 1024, /* a chunk's size and extensions */
    HTTP1_INTERIM_MAX = 100,     /* 1xx responses before the final one */
    HTTP1_MEMO_MAX = 1024,       /* bytes of a head that is remembered */
};

/*   HEAD -> BODY (Content-Length) ------------------------------------------> DONE
 *    | \--> CHUNK_SIZE -> CHUNK_DATA -> CHUNK_END -> CHUNK_SIZE ...-> TRAILER -> DONE
 *    | \--> UNTIL_CLOSE (ends with http1_end) --------------------------------> DONE
 *    \--> HEAD again after a 1xx; DONE at once where there is no body
 */
enum http1_state {
    HTTP1_HEAD,
    HTTP1_BODY,
    HTTP1_CHUNK_SIZE,
    HTTP1_CHUNK_DATA,
    HTTP1_CHUNK_END,
    HTTP1_TRAILER,
    HTTP1_UNTIL_CLOSE,
    HTTP1_DONE,
};

/* The last head that answered a request, and what it was found to say. A server's answers to one
 * request mostly begin with the same bytes, the date included while it is the same second; what is
 * the same to the byte need not be parsed again. */
struct http1_memo {
    size_t len; /* 0: nothing yet */
    bool head_request;
    bool keep_alive;
    unsigned status;
    enum http1_state state;
    uint64_t left;
    char bytes[HTTP1_MEMO_MAX];
};

/* What is kept of a response for whoever looks into it. */
struct http1_kept {
    struct buf head; /* of the final response */
    struct buf body; /* as it came, up to the limit; chunks are put together */
    bool wants_body;
};

struct http1 {
    enum http1_state state;
    bool head_request; /* the answer to HEAD has no body, whatever its head says */
    bool keep_alive;   /* the connection may be used again; valid once DONE */
    unsigned status;   /* of the final response; 0 until its head is complete */
    unsigned interim;  /* 1xx responses so far */
    uint64_t left;     /* bytes of the body or chunk still to come */
    struct buf line;   /* the beginning of a head or line that did not come whole */
    size_t trailer_bytes;
    struct http1_memo *memo; /* of the request that is being answered; NULL: none. Borrowed */
    struct http1_kept *kept; /* NULL: nobody looks. Borrowed */
};

void http1_init(struct http1 *p);
void http1_fini(struct http1 *p);
/* Before each response. */
void http1_reset(struct http1 *p, bool head_request);

/* Takes up to `len` bytes and returns how many: fewer only when the response is DONE. -EBADMSG
 * when it is not HTTP, -EMSGSIZE when its head is longer than the limit; *why then says what was
 * wrong. Where the error is noticed depends on the pieces. */
ssize_t http1_feed(struct http1 *p, const char *bytes, size_t len, const char **why);

/* The peer has closed. True when that completes the response. */
bool http1_end(struct http1 *p);

void http1_kept_init(struct http1_kept *k, size_t body_max);
void http1_kept_fini(struct http1_kept *k);
/* Before each response; gives back what an unusually large one took. */
void http1_kept_reset(struct http1_kept *k, bool wants_body);
/* As much of it as there is room for. */
void http1_keep_body(struct http1_kept *k, const char *bytes, size_t len);
static inline bool http1_keeps_body(const struct http1 *p)
{
    return p->kept && p->kept->wants_body && p->kept->body.len < p->kept->body.limit;
}

/* Bytes that are known to be of a body, and so need not be looked at; http1_skip takes as many or
 * fewer of them as read. */
static inline uint64_t http1_skippable(const struct http1 *p)
{
    if (http1_keeps_body(p))
        return 0;
    if (p->state == HTTP1_BODY || p->state == HTTP1_CHUNK_DATA)
        return p->left;
    return p->state == HTTP1_UNTIL_CLOSE ? UINT64_MAX : 0;
}
void http1_skip(struct http1 *p, uint64_t bytes);

#endif
