/* fake_worker: a worker for tests of runner and run, told by its scenario how to behave. The test
 * program is its own worker: `main` calls fake_worker_main when it is started as "worker".
 *
 * The scenario's text says `fake:WORD`, or `fake:WORD@N` for worker N alone (from 0). Without a
 * word it works as it should: hello, ready, three seconds of ticks within half a second, done.
 */
#ifndef FAKE_WORKER_H
#define FAKE_WORKER_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "squall/hist.h"
#include "squall/wire.h"

enum {
    FAKE_SECONDS = 3,
    FAKE_REQUESTS = 10,       /* a second, 10 ms each */
    FAKE_RUNS_AFTER_MS = 600, /* by then a run counts itself as running */
};

struct fake {
    uint32_t worker;
    char word[64];
};

static inline bool fake_is(const struct fake *f, const char *word)
{
    return strcmp(f->word, word) == 0;
}

static inline void fake_send(struct buf *out)
{
    for (size_t at = 0; at < out->len;) {
        ssize_t n = write(STDOUT_FILENO, out->ptr + at, out->len - at);
        if (n < 0)
            exit(3);
        at += (size_t)n;
    }
    buf_clear(out);
}

/* Waits for a frame of that type; other frames are passed over. Exits when stdin ends. */
static inline void fake_await(enum wire_frame_type type, struct wire_frame *frame)
{
    static char *line;
    static size_t cap;
    for (;;) {
        ssize_t n = getline(&line, &cap, stdin);
        if (n <= 0)
            exit(0);
        struct err e;
        if (wire_decode((struct str){line, (size_t)n}, frame, &e) < 0)
            exit(4);
        if (frame->type == type)
            return;
        wire_frame_fini(frame);
    }
}

static inline void fake_read_plan(struct fake *f)
{
    struct wire_frame frame;
    fake_await(WIRE_PLAN, &frame);
    f->worker = frame.plan.worker;
    const char *word = strstr(frame.plan.scenario.ptr, "fake:");
    unsigned only;
    if (word) {
        int fields = sscanf(word, "fake:%60[a-z-]@%u", f->word, &only);
        if (fields < 1 || (fields == 2 && only != f->worker))
            f->word[0] = '\0';
    }
    wire_frame_fini(&frame);
}

static inline void fake_tick(struct buf *out, uint32_t second)
{
    struct hist h;
    struct buf text;
    hist_init(&h);
    buf_init(&text, 1 << 20);
    hist_record_us(&h, 10000, FAKE_REQUESTS);
    hist_encode_base64(&h, &text);
    struct wire_status_count status = {200, FAKE_REQUESTS};
    struct wire_latency latency = {second, buf_str(&text)};
    struct wire_request_tick request = {
        .requests = FAKE_REQUESTS,
        .bytes_in = 1000,
        .bytes_out = 100,
        .status = &status,
        .status_count = 1,
        .latency = &latency,
        .latency_count = 1,
    };
    request.metrics[WIRE_SERVICE] = buf_str(&text);
    struct wire_tick tick = {
        .second = second,
        .users = 5,
        .connections = 5,
        .cpu = 0.1,
        .requests = &request,
        .request_count = 1,
    };
    wire_encode_tick(out, &tick);
    buf_fini(&text);
    hist_fini(&h);
}

static inline void fake_hang(void)
{
    for (;;)
        pause();
}

static inline void fake_before_ready(struct fake *f, struct buf *out)
{
    if (fake_is(f, "die-at-once"))
        raise(SIGKILL);
    if (fake_is(f, "no-hello")) {
        wire_encode_ready(out);
        fake_send(out);
    }
    if (fake_is(f, "exit-code")) {
        fputs("first words\nno memory for that\n", stderr);
        exit(7);
    }
    if (fake_is(f, "long-words")) {
        for (int i = 0; i < 100000; i++)
            fputc('w', stderr);
        exit(7);
    }
    wire_encode_hello(out, (uint32_t)getpid());
    fake_send(out);
    if (fake_is(f, "never-ready"))
        fake_hang();
}

static inline void fake_long_line(void)
{
    char chunk[4096];
    memset(chunk, 'x', sizeof chunk);
    for (;;)
        if (write(STDOUT_FILENO, chunk, sizeof chunk) < 0)
            fake_hang();
}

static inline void fake_running(struct fake *f, struct buf *out)
{
    fake_tick(out, 0);
    fake_send(out);
    usleep(FAKE_RUNS_AFTER_MS * 1000);
    if (fake_is(f, "die-running"))
        raise(SIGKILL);
    if (fake_is(f, "silent"))
        fake_hang();
    if (fake_is(f, "exit-early"))
        exit(0);
    if (fake_is(f, "garbage")) {
        buf_add_text(out, "this is not a frame\n");
        fake_send(out);
        fake_hang();
    }
    if (fake_is(f, "long-line"))
        fake_long_line();
    if (fake_is(f, "skip-second"))
        fake_tick(out, 7);
    for (uint32_t s = 1; s < FAKE_SECONDS; s++)
        fake_tick(out, s);
    fake_send(out);
}

static inline int fake_worker_main(void)
{
    struct fake f = {0};
    struct buf out;
    struct wire_frame frame;
    buf_init(&out, WIRE_LINE_MAX);
    fake_read_plan(&f);
    fake_before_ready(&f, &out);
    wire_encode_ready(&out);
    fake_send(&out);
    fake_await(WIRE_START, &frame);
    wire_frame_fini(&frame);
    fake_running(&f, &out);
    struct wire_done done = {.elapsed_ns = FAKE_SECONDS * NS_PER_S};
    if (fake_is(&f, "until-stop")) {
        fake_await(WIRE_STOP, &frame);
        wire_frame_fini(&frame);
        done.stopped = true;
    }
    wire_encode_done(&out, &done);
    fake_send(&out);
    if (fake_is(&f, "no-exit"))
        fake_hang();
    buf_fini(&out);
    return fake_is(&f, "bad-exit") ? 3 : 0;
}

#endif
