/* http: libmicrohttpd on the loop: listening, the course of a request, what is refused before any
 * handler sees it. Handlers see struct request alone (request.h).
 */
#ifndef DAEMON_HTTP_H
#define DAEMON_HTTP_H

#include "daemon_priv.h"

enum {
    /* Room for the request's head and the answer's; a URL's longest is a part of it. */
    HTTP_CONNECTION_MEMORY = 16 << 10,
    /* A body over the limit is read and thrown away up to here, so that the client gets to read
     * the answer; then the connection is closed. */
    HTTP_DISCARD_MAX = 64 << 20,
    HTTP_BACKLOG = 1024,
};

struct MHD_Connection;

/* Listens and answers from now on. */
int http_start(struct daemon *d, struct http **out, struct err *e);
/* "http://127.0.0.1:8080" */
const char *http_url(const struct http *h);
/* Takes no further connections. */
void http_quiesce(struct http *h);
/* Requests that are under way. */
uint32_t http_requests(const struct http *h);
/* Closes every connection; none may be suspended. Frees once the loop has closed its handles. */
void http_stop(struct http *h);

/* Goes on with a connection that was suspended. */
void http_resume(struct http *h, struct MHD_Connection *connection);

#endif
