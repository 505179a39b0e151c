/* config_priv: what the daemon itself and the tests use of the configuration beside
 * squall/daemon.h.
 */
#ifndef DAEMON_CONFIG_PRIV_H
#define DAEMON_CONFIG_PRIV_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "squall/daemon.h"

/* Takes the lines of a file's text. */
void config_take_text(struct daemon_config *config, const char *file, struct str text,
                      struct buf *problems);

/* The address that `listen` and `port` say. */
int config_address(const struct daemon_config *config, struct sockaddr_storage *out, socklen_t *len,
                   struct err *e);
bool config_is_loopback(const struct sockaddr *address);

#endif
