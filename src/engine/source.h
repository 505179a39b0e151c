/* source: the addresses that connections are made from, in turn. Each has ports of its own, so with
 * several of them more connections can be had to one server.
 */
#ifndef ENGINE_SOURCE_H
#define ENGINE_SOURCE_H

#include <sys/socket.h>

#include "squall/base.h"
#include "squall/plan.h"

struct sources {
    struct sockaddr_storage *addresses;
    size_t count; /* 0: the system chooses */
    size_t next;
};

/* Worker `worker` begins with the address of its number. An error when one of them is not this
 * machine's. */
int sources_init(struct sources *s, const struct plan_network *network, uint32_t worker,
                 struct err *e);
void sources_fini(struct sources *s);
/* Binds `fd` to the next address of its family; the port is chosen when it connects. 0 or a
 * negative errno. */
int sources_bind(struct sources *s, int fd, int family);

#endif
