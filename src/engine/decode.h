/* decode: bodies that came compressed. */
#ifndef ENGINE_DECODE_H
#define ENGINE_DECODE_H

#include "squall/base.h"

/* The body as it was before `coding` (gzip, deflate or br; several in turn are not undone). It is
 * put into `out`, up to its limit; a body that cannot be decoded stays as far as it could be. With
 * another coding it is `body` itself. */
struct str decode(struct buf *out, struct str body, struct str coding);

#endif
