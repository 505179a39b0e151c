/* janitor: what is done from time to time, in small steps between requests: removing what was
 * deleted. */
#ifndef DAEMON_JANITOR_H
#define DAEMON_JANITOR_H

#include "daemon_priv.h"

void janitor_open(struct daemon *d, struct janitor **out);
/* Frees once the loop has closed its handle. */
void janitor_close(struct janitor *j);
/* Something was marked as deleted. */
void janitor_purge(struct janitor *j);

#endif
