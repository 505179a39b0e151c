/* lines: cuts what arrives on a stream into lines, in one buffer with a limit. Part of base; a
 * starter and a worker read each other's frames with it.
 */
#ifndef SQUALL_LINES_H
#define SQUALL_LINES_H

#include "squall/base.h"

enum { LINES_CHUNK = 64 << 10 }; /* bytes asked of one read */

struct lines {
    struct buf buf;
    size_t line_max;
    size_t taken;   /* bytes of buf that were given out */
    size_t scanned; /* bytes after `taken` known to hold no newline */
};

void lines_init(struct lines *l, size_t line_max);
void lines_fini(struct lines *l);

/* Where the next LINES_CHUNK bytes go; then `lines_arrived` says how many did. */
char *lines_space(struct lines *l);
void lines_arrived(struct lines *l, size_t len);

/* The next whole line, without its newline, valid until lines_space. 1: there was one; 0: not yet;
 * -E2BIG: it is longer than the limit. */
int lines_next(struct lines *l, struct str *line);
/* What came after the last newline. */
struct str lines_rest(const struct lines *l);
/* Forgets all that has arrived. */
void lines_drop(struct lines *l);

#endif
