/* respond: makes of an order what goes out: the head into the server's `out`, the rest into the
 * connection's `output`, and the connection's next state. Sends nothing itself.
 */
#ifndef SQUALL_TARGET_RESPOND_H
#define SQUALL_TARGET_RESPOND_H

#include "conn.h"

/* To the connection's order, when the request is whole and its delay is over. */
void target_respond(struct target_conn *c);
/* To what is no valid request. */
void target_refuse(struct target_conn *c, uint32_t status, const char *why);
/* Fills the server's `plain`. */
void target_respond_prepare(struct target_server *s);

#endif
