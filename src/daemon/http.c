/* http: libmicrohttpd on the loop. Its epoll descriptor is watched by a uv_poll, its time-outs by
 * a timer; whichever fires, MHD_run does what is due.
 *
 * The course of a request: `begin` sees the head and may refuse it; the body is gathered, or thrown
 * away when there is an answer already; then the route's handler runs. A handler that defers leaves
 * its connection suspended; when it is resumed, MHD calls again and the answer is queued.
 */
#include "http.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_priv.h"
#include "guard.h"
#include "request.h"
#include "routes.h"

enum { URL_SIZE = 128 };

struct http {
    struct daemon *daemon;
    struct MHD_Daemon *mhd;
    uv_poll_t poll;
    uv_timer_t timer;
    int open_handles;
    uint32_t requests;
    char url[URL_SIZE];
};

/* ---- the course of a request ----------------------------------------------------------------- */

static bool is_unsafe(const struct request *rq)
{
    return strcmp(rq->method, "GET") != 0 && strcmp(rq->method, "HEAD") != 0;
}

static bool is_json_type(struct str type)
{
    const char *semicolon = memchr(type.ptr, ';', type.len);
    if (semicolon)
        type.len = (size_t)(semicolon - type.ptr);
    type = str_trim(type);
    struct str tail = type.len > 5 ? (struct str){type.ptr + type.len - 5, 5} : STR("");
    return str_eq_nocase(type, STR("application/json")) || str_eq_nocase(tail, STR("+json"));
}

static void refuse_size(struct request *rq)
{
    reply_problem(rq, PROBLEM_TOO_LARGE, "The body is over %llu bytes.",
                  (unsigned long long)rq->daemon->config->max_body);
}

/* True when the body is wanted. */
static bool accept_body(struct request *rq)
{
    struct str type = request_header(rq, MHD_HTTP_HEADER_CONTENT_TYPE);
    struct str length = request_header(rq, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t bytes = 0;
    if (type.len > 0 && !is_json_type(type)) {
        reply_problem(rq, PROBLEM_TYPE,
                      "The Content-Type is \"%.*s\"; it has to be application/json. (With curl: "
                      "--json @FILE, or -H 'Content-Type: application/json'.)",
                      (int)(type.len < 200 ? type.len : 200), type.ptr);
        return false;
    }
    if (length.len > 0 && (!str_to_u64(length, &bytes) || bytes > rq->daemon->config->max_body)) {
        refuse_size(rq);
        return false;
    }
    return true;
}

static void refuse_path(struct request *rq, const char *allow)
{
    if (!allow[0])
        return reply_problem(rq, PROBLEM_NOT_FOUND, "There is nothing at %.1000s.", rq->path);
    reply_problem(rq, PROBLEM_METHOD, "%.1000s knows %s, not %.20s.", rq->path, allow, rq->method);
    reply_header(rq, MHD_HTTP_HEADER_ALLOW, allow);
}

static void begin(struct request *rq)
{
    struct guard_headers headers = {
        .host = request_header(rq, MHD_HTTP_HEADER_HOST),
        .origin = request_header(rq, "Origin"),
        .fetch_site = request_header(rq, "Sec-Fetch-Site"),
    };
    char allow[ROUTES_ALLOW_SIZE];
    const char *why = guard_refuses(&headers, is_unsafe(rq), rq->daemon->config->allowed_hosts);
    if (why)
        return reply_problem(rq, PROBLEM_FORBIDDEN, "%s", why);
    const struct route *route = route_find(rq, allow);
    if (route) {
        if (route->body && !accept_body(rq))
            return;
        rq->discards = !route->body;
        rq->handle = route->handle;
    } else if (allow[0] || is_unsafe(rq) || str_starts(str_of(rq->path), "/api/")) {
        refuse_path(rq, allow);
    } else {
        rq->discards = true;
        rq->handle = assets_get;
    }
}

/* Takes a part of the body; MHD_NO closes the connection. */
static enum MHD_Result take_body(struct request *rq, const char *bytes, size_t len)
{
    if (!rq->response && !rq->discards) {
        if (buf_add(&rq->body, bytes, len) == 0)
            return MHD_YES;
        rq->handle = NULL;
        refuse_size(rq);
    }
    rq->discarded += len;
    return rq->discarded > HTTP_DISCARD_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result answer(struct request *rq)
{
    if (!rq->response)
        return MHD_NO;
    enum MHD_Result rc = MHD_queue_response(rq->connection, rq->status, rq->response);
    MHD_destroy_response(rq->response);
    rq->response = NULL;
    return rc;
}

static struct request *request_new(struct http *h, struct MHD_Connection *connection,
                                   const char *path, const char *method)
{
    struct request *rq = mem_alloc(sizeof *rq);
    rq->daemon = h->daemon;
    rq->connection = connection;
    rq->method = method;
    rq->path = path;
    buf_init(&rq->body, h->daemon->config->max_body);
    h->requests++;
    return rq;
}

static enum MHD_Result go_on(struct request *rq, const char *bytes, size_t *len)
{
    if (*len > 0) {
        size_t taken = *len;
        *len = 0;
        return take_body(rq, bytes, taken);
    }
    if (rq->handle && !rq->response && !rq->deferred)
        rq->handle(rq);
    if (rq->deferred && !rq->response)
        return MHD_YES; /* suspended; called again once there is an answer */
    return answer(rq);
}

static enum MHD_Result on_access(void *owner, struct MHD_Connection *connection, const char *path,
                                 const char *method, const char *version, const char *bytes,
                                 size_t *len, void **slot)
{
    (void)version;
    struct request *rq = *slot;
    enum MHD_Result rc = MHD_YES;
    if (!rq) {
        *slot = rq = request_new(owner, connection, path, method);
        rq->in_access = true;
        begin(rq);
        /* A client that waits for a word before it sends its body gets the answer in its place. */
        if (rq->response && request_header(rq, MHD_HTTP_HEADER_EXPECT).len > 0)
            rc = answer(rq);
    } else {
        rq->in_access = true;
        rc = go_on(rq, bytes, len);
    }
    rq->in_access = false;
    return rc;
}

static void on_completed(void *owner, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code)
{
    (void)connection, (void)code;
    struct http *h = owner;
    struct request *rq = *slot;
    if (!rq)
        return;
    if (rq->response)
        MHD_destroy_response(rq->response);
    buf_fini(&rq->body);
    free(rq);
    *slot = NULL;
    h->requests--;
}

/* ---- on the loop ----------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer);

static void pump(struct http *h)
{
    MHD_UNSIGNED_LONG_LONG ms;
    MHD_run(h->mhd);
    if (MHD_get_timeout(h->mhd, &ms) == MHD_YES)
        uv_timer_start(&h->timer, on_timer, ms, 0);
    else
        uv_timer_stop(&h->timer);
}

static void on_timer(uv_timer_t *timer)
{
    pump(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    pump(poll->data);
}

void http_resume(struct http *h, struct MHD_Connection *connection)
{
    MHD_resume_connection(connection);
    uv_timer_start(&h->timer, on_timer, 0, 0);
}

static void on_closed(uv_handle_t *handle)
{
    struct http *h = handle->data;
    if (--h->open_handles == 0)
        free(h);
}

/* ---- listening ------------------------------------------------------------------------------- */

static int listening_socket(const struct daemon_config *config, struct err *e)
{
    struct sockaddr_storage address;
    socklen_t len;
    int on = 1, off = 0;
    if (config_address(config, &address, &len, e) < 0)
        return -EINVAL;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(e, -errno, "cannot make a socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, HTTP_BACKLOG) == 0)
        return fd;
    int code = errno;
    close(fd);
    return err_set(e, -code, "cannot listen on %s, port %u: %s%s", config->listen,
                   (unsigned)config->port, strerror(code),
                   code == EADDRINUSE ? " (set port to another one, or end the program that has it)"
                                      : "");
}

static void set_url(struct http *h, int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char host[INET6_ADDRSTRLEN + 16] = "", port[16] = "";
    getsockname(fd, (struct sockaddr *)&address, &len);
    getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    bool v6 = address.ss_family == AF_INET6;
    snprintf(h->url, sizeof h->url, "http://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

static void on_mhd_says(void *owner, const char *format, va_list args)
{
    struct http *h = owner;
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    log_debug(&h->daemon->log, "libmicrohttpd says", "text", text, NULL);
}

static struct MHD_Daemon *start_mhd(struct http *h, int fd)
{
    const struct daemon_config *config = h->daemon->config;
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL,
                            NULL, on_access, h, MHD_OPTION_EXTERNAL_LOGGER, on_mhd_says, h,
                            MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)config->max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)HTTP_CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
                            (unsigned)(config->idle_timeout_ns / NS_PER_S),
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_END);
}

static void watch(struct http *h)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    uv_poll_init(&h->daemon->loop, &h->poll, info->epoll_fd);
    uv_timer_init(&h->daemon->loop, &h->timer);
    h->poll.data = h->timer.data = h;
    h->open_handles = 2;
    uv_poll_start(&h->poll, UV_READABLE, on_poll);
}

int http_start(struct daemon *d, struct http **out, struct err *e)
{
    int fd = listening_socket(d->config, e);
    if (fd < 0)
        return fd;
    struct http *h = mem_alloc(sizeof *h);
    h->daemon = d;
    set_url(h, fd);
    h->mhd = start_mhd(h, fd);
    if (!h->mhd) {
        close(fd);
        free(h);
        return err_set(e, -EIO, "the HTTP server cannot be started");
    }
    watch(h);
    *out = h;
    return 0;
}

const char *http_url(const struct http *h)
{
    return h->url;
}

void http_quiesce(struct http *h)
{
    MHD_socket fd = MHD_quiesce_daemon(h->mhd);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
}

uint32_t http_requests(const struct http *h)
{
    return h->requests;
}

void http_stop(struct http *h)
{
    uv_poll_stop(&h->poll);
    uv_timer_stop(&h->timer);
    MHD_stop_daemon(h->mhd);
    uv_close((uv_handle_t *)&h->poll, on_closed);
    uv_close((uv_handle_t *)&h->timer, on_closed);
}
