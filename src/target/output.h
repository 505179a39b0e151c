/* output: the bytes of an answer: its head, and its body piece by piece, however long, without ever
 * holding it. Knows no socket.
 */
#ifndef SQUALL_TARGET_OUTPUT_H
#define SQUALL_TARGET_OUTPUT_H

#include "squall/base.h"

enum target_framing {
    TARGET_BY_LENGTH,
    TARGET_BY_CHUNKS,
    TARGET_BY_CLOSE, /* the body ends with the connection */
};

/* One answer on its way. */
struct target_output {
    enum target_framing framing;
    uint64_t fill_left;     /* bytes of filler before the head ends */
    bool head_open;         /* the filler and the end of the head are still to come */
    const struct buf *kept; /* the body; NULL: "hello world\n" over and over */
    uint64_t bytes;         /* of the body */
    uint64_t sent;
    uint64_t chunks;
    uint64_t chunk; /* begun so far */
    uint64_t chunk_end;
};

struct target_head {
    uint32_t status;
    enum target_framing framing;
    bool http_1_0;
    bool close;
    bool body;        /* false: an answer to HEAD, which tells of a body and has none */
    bool open;        /* more of the head will follow (filler) */
    const char *type; /* Content-Type */
    uint64_t bytes;
};

/* 204 and 304 end with their head (RFC 9112, section 6.3). */
static inline bool target_status_has_body(uint32_t status)
{
    return status != 204 && status != 304;
}

void target_output_head(const struct target_head *head, struct buf *out);
/* Appends what comes next, some 64 KiB at most; true when the answer ends with it. */
bool target_output_more(struct target_output *o, struct buf *out);

#endif
