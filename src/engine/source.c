/* source: see source.h. */
#include "source.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void parse(struct sockaddr_storage *into, const char *text)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)into;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)into;
    memset(into, 0, sizeof *into);
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
        v4->sin_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
        v6->sin6_family = AF_INET6;
}

static int bind_to(int fd, const struct sockaddr_storage *address)
{
    socklen_t len =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    return bind(fd, (const struct sockaddr *)address, len) < 0 ? -errno : 0;
}

static int check(const struct sockaddr_storage *address)
{
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int rc = bind_to(fd, address);
    close(fd);
    return rc;
}

int sources_init(struct sources *s, const struct plan_network *network, uint32_t worker,
                 struct err *e)
{
    size_t count = network->source_count;
    *s = (struct sources){.next = count > 0 ? worker % count : 0};
    if (count > 0)
        s->addresses = mem_alloc(count * sizeof *s->addresses);
    for (size_t i = 0; i < count; i++) {
        parse(&s->addresses[i], network->sources[i].ptr);
        int rc = check(&s->addresses[i]);
        if (rc < 0)
            return err_set(e, rc, "connections cannot be made from the source address %s: %s",
                           network->sources[i].ptr, strerror(-rc));
        s->count++;
    }
    return 0;
}

void sources_fini(struct sources *s)
{
    free(s->addresses);
    *s = (struct sources){0};
}

int sources_bind(struct sources *s, int fd, int family)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct sockaddr_storage *address = &s->addresses[s->next];
        s->next = (s->next + 1) % s->count;
        if (address->ss_family != family)
            continue;
        /* Without it the port would be taken here, unique among all connections of the address and
         * not only among those to one server. */
        int on = 1;
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        return bind_to(fd, address);
    }
    return -EAFNOSUPPORT;
}
