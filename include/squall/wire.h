/* wire: the frames between a worker and whoever started it. A frame is one line of JSON; the same
 * frames come from a local worker, a Fargate task and a JMeter child.
 *
 *   worker to starter:  hello, ready, tick (one a second), sample, log, done
 *   starter to worker:  plan, start, load, stop
 *
 * Owns the names, the fields and the limits of frames. Neither reads nor writes a descriptor.
 */
#ifndef SQUALL_WIRE_H
#define SQUALL_WIRE_H

#include "squall/base.h"

enum {
    WIRE_VERSION = 1,
    WIRE_LINE_MAX = 16 << 20,  /* bytes of one frame */
    WIRE_SAMPLES_PER_KIND = 3, /* a worker sends at most so many per request name and error kind */
    WIRE_SAMPLE_TEXT_MAX = 2048, /* bytes of a request or a response in a sample */
};

/* Why a request failed. The text of each is the key in results. */
enum wire_error {
    WIRE_ERR_DNS,               /* dns */
    WIRE_ERR_CONNECT_REFUSED,   /* connect_refused */
    WIRE_ERR_CONNECT_TIMEOUT,   /* connect_timeout */
    WIRE_ERR_CONNECT,           /* connect: unreachable network, and so on */
    WIRE_ERR_TLS,               /* tls: handshake, certificate, TLS time-out */
    WIRE_ERR_RESET,             /* reset */
    WIRE_ERR_CLOSED,            /* closed: the peer ended the connection inside a response */
    WIRE_ERR_TIMEOUT,           /* timeout: response or total */
    WIRE_ERR_MALFORMED,         /* malformed_response */
    WIRE_ERR_HEADERS_TOO_LARGE, /* headers_too_large */
    WIRE_ERR_CHECK_FAILED,      /* check_failed: the response came and was not what was expected */
    WIRE_ERR_LOCAL,             /* local: out of descriptors, ports or memory on this side */
    WIRE_ERR_CAPTURE_FAILED,    /* capture_failed: what a step needs was not in the response */
    WIRE_ERR_BAD_VALUE, /* bad_value: not sent, an expression would have broken the request */
    WIRE_ERR_COUNT
};
const char *wire_error_text(enum wire_error kind);
bool wire_error_of(struct str text, enum wire_error *kind);

/* Durations of a request's parts. Latency is apart: it carries the second it was planned for. */
enum wire_metric {
    WIRE_SERVICE, /* send + wait + receive */
    WIRE_DNS,
    WIRE_CONNECT,
    WIRE_TLS,
    WIRE_SEND,    /* first byte given to the kernel to last */
    WIRE_WAIT,    /* last byte sent to first byte received */
    WIRE_RECEIVE, /* first byte received to last */
    WIRE_METRIC_COUNT
};
const char *wire_metric_text(enum wire_metric metric);

enum wire_frame_type {
    WIRE_HELLO,
    WIRE_READY,
    WIRE_TICK,
    WIRE_SAMPLE,
    WIRE_LOG,
    WIRE_DONE,
    WIRE_PLAN,
    WIRE_START,
    WIRE_LOAD,
    WIRE_STOP,
};

struct wire_status_count {
    uint32_t status;
    uint64_t count;
};

/* Latencies that were planned for one second (which may be before the tick's own). */
struct wire_latency {
    uint32_t second;
    struct str histogram; /* V2, base64 */
};

/* What one request name did since the last tick. Counts belong to the second of completion. */
struct wire_request_tick {
    uint32_t name_id;
    uint64_t requests; /* finished, failed ones too */
    uint64_t errors;   /* of these, failed ones: each counted under one kind */
    uint64_t bytes_in; /* as on the wire under TLS: heads and bodies */
    uint64_t bytes_out;
    uint64_t error_kinds[WIRE_ERR_COUNT];
    struct wire_status_count *status;
    size_t status_count;
    struct wire_latency *latency;
    size_t latency_count;
    struct str metrics[WIRE_METRIC_COUNT]; /* V2, base64; empty: nothing recorded */
};

/* One a second. `second` is the number of whole seconds between the start and the interval's
 * beginning; a worker sends them in order, without gaps, an idle second too; the last one before
 * `done` may be shorter, and may carry a second that was sent before (they add up). */
struct wire_tick {
    uint32_t second;
    uint32_t users;       /* active at the end of the interval */
    uint32_t connections; /* open then */
    uint64_t arrivals;    /* open model: planned in this interval */
    uint64_t dropped;     /* open model: arrivals given up since the last tick */
    uint64_t late;        /* open model: arrivals that found no free user and had to queue */
    double cpu;           /* own user and system time over the interval's length: 1 is a core */
    struct str send_lag;  /* histogram, V2 base64: intended to actual instant of sending, as far as
                             the generator is to blame (time in queue for a user left out) */
    struct wire_request_tick *requests; /* only names with something to say */
    size_t request_count;
};

/* One failed request in full, as an example. Texts are cut at WIRE_SAMPLE_TEXT_MAX; bytes that are
 * not UTF-8 arrive as U+FFFD. */
struct wire_sample {
    uint32_t name_id;
    enum wire_error kind;
    uint64_t at_ns;      /* planned instant, after the start */
    uint64_t elapsed_ns; /* planned to failed */
    uint32_t status;     /* 0: none was received */
    struct str detail; /* a sentence: "connection reset by peer", "status 503, expected 2xx 3xx" */
    struct str request;
    struct str response;
};

struct wire_done {
    bool stopped;        /* by a stop frame, before the plan's end */
    uint64_t elapsed_ns; /* start to the end of load or the last completion, whichever is later */
    uint64_t unfinished; /* requests in flight when the drain time was over */
};

/* A decoded frame. Strings and arrays are borrowed from the frame: valid until wire_frame_fini. */
struct wire_frame {
    enum wire_frame_type type;
    union {
        struct {
            uint32_t version;
            uint32_t pid;
        } hello;
        struct wire_tick tick;
        struct wire_sample sample;
        struct {
            enum log_level level;
            struct str message;
        } log;
        struct wire_done done;
        struct {
            uint32_t worker;     /* which of */
            uint32_t workers;    /* how many */
            struct str scenario; /* the document's text */
        } plan;
        struct {
            uint64_t wall_ns; /* the instant that is second 0 */
        } start;
        struct {
            uint64_t wall_ns; /* from this instant on, ... */
            double factor;    /* ... the level is the planned one times this */
        } load;
    };
    void *memory;
};

/* Decodes one line (no newline needed). -EBADMSG with a sentence on anything that is not a frame
 * of this version: wrong types, missing fields, numbers out of range, unknown error kinds. */
int wire_decode(struct str line, struct wire_frame *out, struct err *e);
void wire_frame_fini(struct wire_frame *frame);

/* Encoders append one line, newline included. -ENOBUFS when `out` hits its limit. */
int wire_encode_hello(struct buf *out, uint32_t pid);
int wire_encode_ready(struct buf *out);
int wire_encode_tick(struct buf *out, const struct wire_tick *tick);
int wire_encode_sample(struct buf *out, const struct wire_sample *sample);
int wire_encode_log(struct buf *out, enum log_level level, struct str message);
int wire_encode_done(struct buf *out, const struct wire_done *done);
int wire_encode_plan(struct buf *out, uint32_t worker, uint32_t workers, struct str scenario);
int wire_encode_start(struct buf *out, uint64_t wall_ns);
int wire_encode_load(struct buf *out, uint64_t wall_ns, double factor);
int wire_encode_stop(struct buf *out);

#endif
