/* conn_priv: what the files of conn share. */
#ifndef ENGINE_CONN_PRIV_H
#define ENGINE_CONN_PRIV_H

#include "conn.h"

/* A socket on the loop. libuv's set-up of a handle costs four system calls, and a descriptor's
 * number soon comes back: the handle is kept for the next socket of that number. */
struct watch {
    uv_poll_t poll;
    int fd;
    int events; /* watched for */
    uv_poll_cb ready;
    struct conn *conn;  /* NULL: the descriptor is closed, or a session's */
    struct h2 *session; /* has it in place of a conn */
};

/* Takes over the socket when it answers 0. */
int conn_watch_new(struct conn *c, int fd);
void conn_watch_for(struct watch *w, int events);
void conn_drop_socket(struct conn *c);
/* Closes the socket. */
void conn_unwatch(struct watch *w);

/* The phase must end at `phase_ns` (UINT64_MAX: it has no limit of its own), and all of the
 * exchange within its total time. Cheap when called for each request: the alarm is moved only when
 * it would come too late. */
void conn_set_deadline(struct conn *c, uint64_t phase_ns);

/* The exchange has failed: tried again or told to the owner. */
void conn_fail(struct conn *c, const struct conn_failure *failure, uint64_t now_ns);
/* The same from inside a call of the owner: told when the loop turns. */
void conn_fail_soon(struct conn *c, struct conn_failure failure);
/* The same for a connection that may be idle: then nobody needs to know. */
void conn_broken(struct conn *c, struct conn_failure failure, uint64_t now_ns);

/* conn_open */
void conn_connect(struct conn *c, uint64_t now_ns);
void conn_on_resolved(struct origin_waiter *w, const char *why);
void conn_connected(struct conn *c);
void conn_try_again(struct conn *c, uint64_t now_ns); /* a listener's queue was full */
void conn_ready(struct conn *c); /* the way to the origin is there, but for TLS */
void conn_shake_hands(struct conn *c);

/* conn_tunnel */
void conn_begin_tunnel(struct conn *c);
void conn_tunnel(struct conn *c);

/* conn_io */
void conn_begin_sending(struct conn *c, uint64_t now_ns);
void conn_send_more(struct conn *c);
void conn_receive(struct conn *c);

/* failure */
struct conn_failure failure_of(enum wire_error kind, bool timed_out, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* While connecting. */
struct conn_failure failure_of_errno(int code, const char *doing);
/* Of a connection that was established. */
struct conn_failure failure_of_break(int code, const char *doing);
struct conn_failure failure_of_tls(enum tls_want want, const char *why, const char *doing);
struct conn_failure failure_of_deadline(const struct conn *c);

#endif
