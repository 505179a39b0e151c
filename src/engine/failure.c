/* failure: what went wrong with a connection, as a kind and a sentence for a person. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conn_priv.h"

struct conn_failure failure_of(enum wire_error kind, bool timed_out, const char *format, ...)
{
    struct conn_failure f = {.kind = kind, .timed_out = timed_out};
    va_list args;
    va_start(args, format);
    vsnprintf(f.why, sizeof f.why, format, args);
    va_end(args);
    return f;
}

struct conn_failure failure_of_errno(int code, const char *doing)
{
    switch (code) {
    case ECONNREFUSED:
        return failure_of(WIRE_ERR_CONNECT_REFUSED, false, "the connection was refused");
    case ETIMEDOUT:
        return failure_of(WIRE_ERR_CONNECT_TIMEOUT, true, "the connection timed out");
    case ECONNRESET: /* accepted, and reset before the loop looked */
        return failure_of_break(code, doing);
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL: /* no port is left */
        return failure_of(WIRE_ERR_LOCAL, false, "this machine is out of resources while %s: %s",
                          doing, strerror(code));
    default:
        return failure_of(WIRE_ERR_CONNECT, false, "failed while %s: %s", doing, strerror(code));
    }
}

struct conn_failure failure_of_break(int code, const char *doing)
{
    if (code == ECONNRESET || code == EPIPE)
        return failure_of(WIRE_ERR_RESET, false, "the connection was reset while %s", doing);
    return failure_of(WIRE_ERR_RESET, false, "the connection broke while %s: %s", doing,
                      strerror(code));
}

struct conn_failure failure_of_deadline(const struct conn *c)
{
    const struct plan_timeouts *t = &c->exchange->request->plan->timeouts;
    char limit[DURATION_TEXT_SIZE];
    duration_format(limit, c->deadline_ns - c->since_ns);
    switch (c->state) {
    case CONN_RESOLVING:
        return failure_of(WIRE_ERR_DNS, true, "the name was not resolved within %s", limit);
    case CONN_CONNECTING:
        return failure_of(WIRE_ERR_CONNECT_TIMEOUT, true, "there was no connection within %s",
                          limit);
    case CONN_TUNNELLING:
        return failure_of(WIRE_ERR_CONNECT_TIMEOUT, true, "the proxy made no connection within %s",
                          limit);
    case CONN_HANDSHAKING:
        return failure_of(WIRE_ERR_TLS, true, "the TLS handshake did not end within %s", limit);
    default:
        break;
    }
    bool waiting = c->exchange->first_byte_ns == 0 && c->exchange->sent_all_ns != 0 &&
                   c->deadline_ns - c->exchange->begun_ns < t->total_ns;
    duration_format(limit, waiting ? t->response_ns : t->total_ns);
    return failure_of(WIRE_ERR_TIMEOUT, true, "the response %s within %s",
                      waiting ? "did not begin" : "was not complete", limit);
}

struct conn_failure failure_of_tls(enum tls_want want, const char *why, const char *doing)
{
    if (want == TLS_FAILED)
        return failure_of(WIRE_ERR_TLS, false, "%s", why);
    if (want == TLS_RESET)
        return failure_of_break(ECONNRESET, doing);
    return failure_of(WIRE_ERR_CLOSED, false, "the server closed the connection");
}
