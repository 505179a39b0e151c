/* wire_priv: what the halves of wire share: the words of frames. */
#ifndef WIRE_PRIV_H
#define WIRE_PRIV_H

#include "squall/wire.h"

enum { WIRE_STATUS_MAX = 999 };

const char *wire_frame_text(enum wire_frame_type type);
bool wire_frame_of(struct str text, enum wire_frame_type *type);
const char *wire_level_text(enum log_level level);
bool wire_level_of(struct str text, enum log_level *level);

#endif
