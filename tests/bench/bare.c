/* bare: the yardstick of `make bench`: the fastest honest closed-model loop over send, recv and
 * epoll_wait. N connections, each with one request out at a time; two system calls a request and a
 * share of an epoll_wait. Reads Content-Length once, from the first response, and from then on only
 * counts bytes, so every response has to be as long as the first. Measures no latency and checks no
 * status: what a load generator does beyond this is what it costs.
 *
 * Usage: bare ADDRESS PORT PATH CONNECTIONS SECONDS. Prints one JSON object.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 512, IN_SIZE = 64 << 10, REQUEST_MAX = 4096, CONNECTIONS_MAX = 100000 };

struct connection {
    int fd;
    size_t got; /* bytes of the response in hand */
};

struct bare {
    struct sockaddr_in address;
    char request[REQUEST_MAX];
    size_t request_len;
    size_t response_len; /* 0: none has come yet */
    int epoll_fd, timer_fd;
    struct connection *connections;
    unsigned connection_count;
    uint64_t requests;
    char in[IN_SIZE + 1];
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "bare: %s: %s\n", what, errno ? strerror(errno) : "not as expected");
    exit(1);
}

/* ---- before the clock runs ------------------------------------------------------------------- */

static void open_connection(struct bare *b, struct connection *c)
{
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&b->address, sizeof b->address) < 0)
        give_up("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) < 0)
        give_up("epoll_ctl");
}

static void send_request(const struct bare *b, const struct connection *c)
{
    if (send(c->fd, b->request, b->request_len, MSG_NOSIGNAL) != (ssize_t)b->request_len)
        give_up("send");
}

/* The length of a whole response, from its head. */
static size_t length_of(char *response)
{
    char *end = strstr(response, "\r\n\r\n");
    if (!end || strncmp(response, "HTTP/1.1 200 ", 13) != 0)
        give_up("the first response");
    *end = '\0';
    char *field = strcasestr(response, "\r\nContent-Length:");
    if (!field)
        give_up("the first response's Content-Length");
    return (size_t)(end - response) + 4 + strtoull(strchr(field, ':') + 1, NULL, 10);
}

static void learn_length(struct bare *b)
{
    struct connection *first = &b->connections[0];
    size_t len = 0;
    errno = 0;
    send_request(b, first);
    while (b->response_len == 0 || len < b->response_len) {
        ssize_t n = recv(first->fd, b->in + len, IN_SIZE - len, 0);
        if (n <= 0)
            give_up("recv");
        len += (size_t)n;
        b->in[len] = '\0';
        if (b->response_len == 0 && strstr(b->in, "\r\n\r\n"))
            b->response_len = length_of(b->in);
    }
}

static void set_timer(struct bare *b, double seconds)
{
    struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)seconds,
                     .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)}};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    b->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (b->timer_fd < 0 || timerfd_settime(b->timer_fd, 0, &at, NULL) < 0 ||
        epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, b->timer_fd, &event) < 0)
        give_up("timer");
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void loop(struct bare *b)
{
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int count = epoll_wait(b->epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;
            if (!c)
                return;
            ssize_t n = recv(c->fd, b->in, IN_SIZE, 0);
            if (n <= 0)
                give_up("recv");
            c->got += (size_t)n;
            if (c->got < b->response_len)
                continue;
            if (c->got > b->response_len)
                give_up("the length of a response");
            c->got = 0;
            b->requests++;
            send_request(b, c);
        }
    }
}

/* ---- numbers --------------------------------------------------------------------------------- */

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void measure(struct bare *b, double seconds)
{
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    double begin_s = now_s();
    set_timer(b, seconds);
    for (unsigned i = 0; i < b->connection_count; i++)
        send_request(b, &b->connections[i]);
    loop(b);
    double elapsed_s = now_s() - begin_s;
    getrusage(RUSAGE_SELF, &after);
    printf("{\"requests\":%llu,\"seconds\":%.6f,\"user_s\":%.6f,\"sys_s\":%.6f}\n",
           (unsigned long long)b->requests, elapsed_s,
           seconds_of(after.ru_utime) - seconds_of(before.ru_utime),
           seconds_of(after.ru_stime) - seconds_of(before.ru_stime));
}

int main(int argc, char **argv)
{
    static struct bare b;
    if (argc != 6) {
        fprintf(stderr, "usage: bare ADDRESS PORT PATH CONNECTIONS SECONDS\n");
        return 2;
    }
    const char *address = argv[1], *port = argv[2], *path = argv[3];
    double seconds = strtod(argv[5], NULL);
    b.connection_count = (unsigned)strtoul(argv[4], NULL, 10);
    b.address = (struct sockaddr_in){.sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    int len = snprintf(b.request, sizeof b.request, "GET %s HTTP/1.1\r\nHost: %s:%s\r\n\r\n", path,
                       address, port);
    b.request_len = (size_t)len;
    if (inet_pton(AF_INET, address, &b.address.sin_addr) != 1 || len >= REQUEST_MAX ||
        b.connection_count < 1 || b.connection_count > CONNECTIONS_MAX || !(seconds > 0))
        give_up("the arguments");
    b.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    b.connections = calloc(b.connection_count, sizeof *b.connections);
    if (b.epoll_fd < 0 || !b.connections)
        give_up("start");
    for (unsigned i = 0; i < b.connection_count; i++)
        open_connection(&b, &b.connections[i]);
    learn_length(&b);
    measure(&b, seconds);
    return 0;
}
