/* body: decodes a request's body, by Content-Length or chunked. */
#ifndef SQUALL_TARGET_BODY_H
#define SQUALL_TARGET_BODY_H

#include <sys/types.h>

#include "squall/base.h"

enum {
    TARGET_BODY_MAX = 64 << 20,    /* bytes; more is refused with 413 */
    TARGET_TRAILER_MAX = 64 << 10, /* bytes of chunk extensions and trailers in all */
};

/*   DATA -> DONE                                                  by Content-Length
 *   SIZE -> EXTENSION -> DATA -> DATA_END -> SIZE ...             chunked
 *                 \-> TRAILER_BEGIN <-> TRAILER, then DONE        after the chunk of size 0 */
enum target_body_state {
    TARGET_BODY_SIZE,
    TARGET_BODY_EXTENSION,
    TARGET_BODY_DATA,
    TARGET_BODY_DATA_END,
    TARGET_BODY_TRAILER_BEGIN,
    TARGET_BODY_TRAILER,
    TARGET_BODY_DONE,
};

struct target_body {
    enum target_body_state state;
    bool chunked;
    uint64_t left;  /* of the body, or of the chunk; in SIZE: what its digits say so far */
    uint64_t total; /* data bytes that chunks have announced */
    unsigned digits;
    size_t around; /* bytes of extensions and trailers */
};

void target_body_begin(struct target_body *b, bool chunked, uint64_t content_length);

/* Takes what belongs to the body off `data`, and adds it to `keep` unless that is NULL. How many
 * bytes were taken, or the negated status to refuse it with and, in *why, a sentence. */
ssize_t target_body_feed(struct target_body *b, struct str data, struct buf *keep,
                         const char **why);

#endif
