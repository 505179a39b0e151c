/* server: see server.h. Listens, accepts, waits; freezes when it is time to. */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "respond.h"

enum { EVENTS_MAX = 512, ACCEPT_MAX = 64, URL_MAX = 128 };

void target_options_init(struct target_options *o)
{
    *o = (struct target_options){
        .listen = "127.0.0.1",
        .port = TARGET_PORT_DEFAULT,
        .answer = {.status = 200, .bytes = TARGET_BYTES_AUTO},
        .log_max = TARGET_LOG_DEFAULT,
    };
}

/* ---- listening ------------------------------------------------------------------------------- */

static int bind_to(const struct addrinfo *at)
{
    int on = 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* accepted ones inherit it */
    if (bind(fd, at->ai_addr, at->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    return fd;
}

static int start_listening(struct target_server *s, struct err *e)
{
    const struct target_options *o = s->options;
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM,
                             .ai_family = AF_UNSPEC};
    struct addrinfo *found = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", o->port);
    int rc = getaddrinfo(o->listen, port, &hints, &found);
    if (rc != 0)
        return err_set(e, -EADDRNOTAVAIL, "cannot listen on %s: %s", o->listen, gai_strerror(rc));
    s->listen_fd = bind_to(found);
    freeaddrinfo(found);
    if (s->listen_fd < 0)
        return err_set(e, s->listen_fd, "cannot listen on %s port %u: %s", o->listen, o->port,
                       strerror(-s->listen_fd));
    return 0;
}

static void print_url(const struct target_server *s)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    char host[INET6_ADDRSTRLEN] = "", port[8] = "";
    getsockname(s->listen_fd, (struct sockaddr *)&at, &len);
    getnameinfo((struct sockaddr *)&at, len, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    bool v6 = at.ss_family == AF_INET6;
    printf("listening on %s://%s%s%s:%s\n", s->tls ? "https" : "http", v6 ? "[" : "", host,
           v6 ? "]" : "", port);
    fflush(stdout);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void watch(struct target_server *s, int op, int fd, uint32_t events, void *what)
{
    struct epoll_event event = {.events = events, .data.ptr = what};
    epoll_ctl(s->epoll_fd, op, fd, &event);
}

void target_server_room(struct target_server *s)
{
    if (s->accepting || s->stopping)
        return;
    s->accepting = true;
    watch(s, EPOLL_CTL_MOD, s->listen_fd, EPOLLIN, &s->listen_fd);
}

static void accept_some(struct target_server *s)
{
    for (int i = 0; i < ACCEPT_MAX; i++) {
        int fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            target_conn_open(s, fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE) { /* the rest waits for one that ends */
            s->accepting = false;
            watch(s, EPOLL_CTL_MOD, s->listen_fd, 0, &s->listen_fd);
        }
        if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

static void handle(struct target_server *s, const struct epoll_event *event)
{
    void *what = event->data.ptr;
    if (what == &s->listen_fd)
        accept_some(s);
    else if (what == &s->signal_fd)
        s->stopping = true;
    else if (what != &s->timers)
        target_conn_event(what, event->events);
}

/* Stands still until a freeze is over; a signal ends that, too. */
static void freeze_if_due(struct target_server *s)
{
    uint64_t left_ns;
    if (s->stall.every_ns == 0 || s->stall_from_ns == 0)
        return;
    uint64_t now_ns = clock_mono_ns(s->clock);
    if (!target_stall_now(&s->stall, now_ns - s->stall_from_ns, &left_ns))
        return;
    struct pollfd signal = {.fd = s->signal_fd, .events = POLLIN};
    struct timespec left = {(time_t)(left_ns / NS_PER_S), (long)(left_ns % NS_PER_S)};
    s->stopping |= ppoll(&signal, 1, &left, NULL) > 0;
    s->stats->freezes++;
}

static void loop(struct target_server *s)
{
    struct epoll_event events[EVENTS_MAX];
    struct target_timer *timer;
    while (!s->stopping) {
        target_timers_arm(&s->timers);
        int count = epoll_wait(s->epoll_fd, events, EVENTS_MAX, -1);
        freeze_if_due(s);
        for (int i = 0; i < count && !s->stopping; i++)
            handle(s, &events[i]);
        if (s->timers.count == 0)
            continue;
        uint64_t now_ns = clock_mono_ns(s->clock);
        while ((timer = target_timers_take(&s->timers, now_ns)))
            target_conn_due(timer->owner);
    }
}

/* ---- from start to end ----------------------------------------------------------------------- */

static void prepare_process(struct target_server *s)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    prctl(PR_SET_TIMERSLACK, 1UL); /* a freeze ends when it should */
    signal(SIGPIPE, SIG_IGN);      /* OpenSSL writes with write(2) */
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    s->signal_fd = signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int set_up(struct target_server *s, struct err *e)
{
    int rc = target_timers_init(&s->timers, e);
    if (rc == 0 && s->options->tls)
        rc = target_tls_new(s->options, &s->tls, e);
    if (rc == 0)
        rc = start_listening(s, e);
    if (rc < 0)
        return rc;
    prepare_process(s);
    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll_fd < 0 || s->signal_fd < 0)
        return err_set(e, -errno, "cannot start: %s", strerror(errno));
    s->accepting = true;
    watch(s, EPOLL_CTL_ADD, s->listen_fd, EPOLLIN, &s->listen_fd);
    watch(s, EPOLL_CTL_ADD, s->signal_fd, EPOLLIN, &s->signal_fd);
    watch(s, EPOLL_CTL_ADD, s->timers.fd, EPOLLIN | EPOLLET, &s->timers);
    return 0;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void tear_down(struct target_server *s)
{
    s->stopping = true;
    while (s->conns)
        target_conn_close(s->conns);
    close_if_open(s->listen_fd);
    close_if_open(s->epoll_fd);
    close_if_open(s->signal_fd);
    target_timers_fini(&s->timers);
    SSL_CTX_free(s->tls);
    target_stats_free(s->stats);
    buf_fini(&s->plain);
    buf_fini(&s->out);
    free(s);
}

static void print_summary(const struct target_server *s)
{
    struct buf text;
    buf_init(&text, TARGET_STATS_TEXT_MAX);
    target_stats_summary(s->stats, &text);
    fwrite(text.ptr, 1, text.len, stdout);
    fflush(stdout);
    buf_fini(&text);
}

int target_serve(const struct target_options *options, struct err *e)
{
    struct target_server *s = mem_alloc(sizeof *s);
    s->options = options;
    s->clock = clock_system();
    s->epoll_fd = s->listen_fd = s->signal_fd = s->timers.fd = -1;
    s->stall = options->stall;
    s->stats = target_stats_new(options->log_arrivals ? options->log_max : 0);
    process_ask_short_slices(); /* it answers and stamps arrivals at their instant */
    rng_seed_random(&s->rng);
    buf_init(&s->plain, TARGET_OUT_MAX);
    buf_init(&s->out, TARGET_OUT_MAX);
    target_respond_prepare(s);
    int rc = set_up(s, e);
    if (rc == 0) {
        print_url(s);
        loop(s);
        if (!options->quiet)
            print_summary(s);
    }
    tear_down(s);
    return rc;
}
