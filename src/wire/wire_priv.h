/* wire_priv: what the halves of wire share: the words of frames, and UTF-8. */
#ifndef WIRE_PRIV_H
#define WIRE_PRIV_H

#include "squall/wire.h"

enum { WIRE_STATUS_MAX = 999 };

const char *wire_frame_text(enum wire_frame_type type);
bool wire_frame_of(struct str text, enum wire_frame_type *type);
const char *wire_level_text(enum log_level level);
bool wire_level_of(struct str text, enum log_level *level);

/* Bytes of the UTF-8 character that `s` begins with (RFC 3629); 0 when it begins with none. */
size_t wire_utf8_char(struct str s);
bool wire_utf8_valid(struct str s);

#endif
