/* local: workers as child processes of this one: `squalld worker` with a pipe each for stdin,
 * stdout (frames) and stderr (log lines, and the last words of one that dies). A worker ends when
 * its stdin does, so none outlives this process, however that ends. Each is a session of its own:
 * Ctrl-C in the terminal is for whoever started the run to act on.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "squall/lines.h"
#include "squall/runner.h"

enum {
    QUEUE_MAX = 2 * WIRE_LINE_MAX, /* bytes that wait for a worker to read them */
    STDERR_LINE_MAX = 4096,
    REASON_MAX = 512,
};

/* Steps of a worker: started -> greeted (hello) -> ready -> ended (done). It is gone when the
 * process has exited and both of its pipes have been read to their end. */
struct worker {
    struct local *local;
    uint32_t index;
    uv_process_t process;
    uv_pipe_t in, out, err;
    struct lines frames, words;
    bool spawned;
    bool greeted, ready, ended;
    bool exited, out_ended, err_ended, gone;
    int64_t exit_code;
    int signal;
    char failure[REASON_MAX];    /* what it did wrong, when that is why it was killed */
    char last_words[REASON_MAX]; /* last line on stderr */
};

struct local {
    struct runner runner;
    const struct runner_events *events;
    void *owner;
    struct log *log;
    struct worker *workers;
    uint32_t count;
    uint32_t handles; /* open on the loop */
    bool closing;
    void (*closed)(void *owner);
};

static struct local *local_of(struct runner *r)
{
    return (struct local *)r;
}

/* ---- the end of a worker --------------------------------------------------------------------- */

static void kill_worker(struct worker *w)
{
    if (w->spawned && !w->exited)
        uv_process_kill(&w->process, SIGKILL);
}

/* Keeps the first reason. */
__attribute__((format(printf, 2, 3))) static void fail_worker(struct worker *w, const char *format,
                                                              ...)
{
    if (w->failure[0] == '\0') {
        va_list args;
        va_start(args, format);
        vsnprintf(w->failure, sizeof w->failure, format, args);
        va_end(args);
    }
    kill_worker(w);
}

/* Why it is gone, in words; NULL when it ended as it should. */
static const char *reason_of(const struct worker *w, char *out, size_t size)
{
    int n = snprintf(out, size, "worker %u of %u ", w->index + 1, w->local->count);
    char *rest = out + n;
    size -= (size_t)n;
    const char *colon = w->last_words[0] ? ": " : "";
    if (w->failure[0])
        snprintf(rest, size, "%s", w->failure);
    else if (w->signal)
        snprintf(rest, size, "was killed by signal %d (%s)", w->signal, strsignal(w->signal));
    else if (w->exit_code != 0)
        snprintf(rest, size, "ended with exit code %d%s%s", (int)w->exit_code, colon,
                 w->last_words);
    else if (!w->ended)
        snprintf(rest, size, "ended before its work was done%s%s", colon, w->last_words);
    else
        return NULL;
    return out;
}

static void check_gone(struct worker *w)
{
    if (w->gone || w->local->closing || !w->exited || !w->out_ended || !w->err_ended)
        return;
    w->gone = true;
    char text[2 * REASON_MAX];
    w->local->events->gone(w->local->owner, w->index, reason_of(w, text, sizeof text));
}

/* ---- frames from a worker -------------------------------------------------------------------- */

/* False when the frame is not one that a worker may send now. */
static bool take_frame(struct worker *w, const struct wire_frame *frame)
{
    const struct runner_events *events = w->local->events;
    if (frame->type == WIRE_HELLO || !w->greeted) {
        bool first = frame->type == WIRE_HELLO && !w->greeted;
        w->greeted = true;
        return first;
    }
    switch (frame->type) {
    case WIRE_READY:
        if (w->ready)
            return false;
        w->ready = true;
        events->ready(w->local->owner, w->index);
        return true;
    case WIRE_TICK:
    case WIRE_SAMPLE:
    case WIRE_DONE:
        if (!w->ready || w->ended)
            return false;
        w->ended = frame->type == WIRE_DONE;
        events->frame(w->local->owner, w->index, frame);
        return true;
    case WIRE_LOG:
        events->frame(w->local->owner, w->index, frame);
        return true;
    default:
        return false;
    }
}

static void take_line(struct worker *w, struct str line)
{
    struct wire_frame frame;
    struct err e = {0};
    if (wire_decode(line, &frame, &e) < 0) {
        fail_worker(w, "was killed: it sent %s", e.message);
        return;
    }
    if (!take_frame(w, &frame))
        fail_worker(w, "was killed: it sent a frame out of turn");
    wire_frame_fini(&frame);
}

static void on_frames(uv_stream_t *stream, ssize_t n, const uv_buf_t *space)
{
    (void)space;
    struct worker *w = stream->data;
    if (n < 0) {
        uv_read_stop(stream);
        w->out_ended = true;
        check_gone(w);
        return;
    }
    lines_arrived(&w->frames, (size_t)n);
    struct str line;
    int rc = 0;
    /* An event's receiver may close the runner in the middle of a batch. */
    while (!w->local->closing && !w->failure[0] && (rc = lines_next(&w->frames, &line)) > 0)
        take_line(w, line);
    if (rc < 0)
        fail_worker(w, "was killed: it sent a line of more than %d bytes", WIRE_LINE_MAX);
    if (w->failure[0]) /* what it still sends is of no use, but has to be read to see its end */
        lines_drop(&w->frames);
}

static void give_frames_space(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct worker *w = handle->data;
    *out = uv_buf_init(lines_space(&w->frames), LINES_CHUNK);
}

/* ---- what it writes to stderr ---------------------------------------------------------------- */

static void take_words(struct worker *w, struct str line)
{
    if (line.len == 0)
        return;
    snprintf(w->last_words, sizeof w->last_words, "%.*s", (int)line.len, line.ptr);
    for (char *c = w->last_words; *c; c++) /* it ends up in a sentence */
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?';
    char number[16];
    snprintf(number, sizeof number, "%u", w->index + 1);
    log_warn(w->local->log, "worker wrote to stderr", "worker", number, "text", w->last_words,
             NULL);
}

static void on_words(uv_stream_t *stream, ssize_t n, const uv_buf_t *space)
{
    (void)space;
    struct worker *w = stream->data;
    if (n > 0)
        lines_arrived(&w->words, (size_t)n);
    struct str line;
    int rc;
    while ((rc = lines_next(&w->words, &line)) > 0)
        take_words(w, line);
    if (rc < 0 || n < 0) { /* the end of a line that is too long is not missed */
        take_words(w, lines_rest(&w->words));
        lines_drop(&w->words);
    }
    if (n < 0) {
        uv_read_stop(stream);
        w->err_ended = true;
        check_gone(w);
    }
}

static void give_words_space(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct worker *w = handle->data;
    *out = uv_buf_init(lines_space(&w->words), LINES_CHUNK);
}

/* ---- frames to a worker ---------------------------------------------------------------------- */

struct sending {
    uv_write_t request;
    struct buf text;
};

static void on_sent(uv_write_t *request, int status)
{
    (void)status; /* a worker that does not read any more is about to be gone */
    struct sending *s = request->data;
    buf_fini(&s->text);
    free(s);
}

static struct sending *sending_new(void)
{
    struct sending *s = mem_alloc(sizeof *s);
    s->request.data = s;
    buf_init(&s->text, WIRE_LINE_MAX);
    return s;
}

/* Takes over `s`. Queues it without ever waiting for the worker. */
static int send_to(struct worker *w, struct sending *s, struct err *e)
{
    int rc = s->text.failed ? -EMSGSIZE : 0;
    if (rc == 0 && uv_stream_get_write_queue_size((uv_stream_t *)&w->in) > QUEUE_MAX)
        rc = -ENOBUFS;
    uv_buf_t text = uv_buf_init(s->text.ptr, (unsigned)s->text.len);
    if (rc == 0)
        rc = uv_write(&s->request, (uv_stream_t *)&w->in, &text, 1, on_sent);
    if (rc == 0)
        return 0;
    on_sent(&s->request, rc);
    return err_set(e, rc, "cannot send to worker %u: %s", w->index + 1, uv_strerror(rc));
}

/* ---- start ----------------------------------------------------------------------------------- */

static void on_exit_of(uv_process_t *process, int64_t code, int signal);

static void open_pipe(struct worker *w, uv_loop_t *loop, uv_pipe_t *pipe)
{
    uv_pipe_init(loop, pipe, 0);
    pipe->data = w;
    w->local->handles++;
}

static int spawn(struct worker *w, uv_loop_t *loop, const char *executable, struct err *e)
{
    if (!executable)
        executable = "/proc/self/exe";
    open_pipe(w, loop, &w->in);
    open_pipe(w, loop, &w->out);
    open_pipe(w, loop, &w->err);
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&w->in},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&w->out},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&w->err},
    };
    char *args[] = {(char *)"squalld", (char *)"worker", NULL};
    uv_process_options_t options = {
        .file = executable,
        .args = args,
        .exit_cb = on_exit_of,
        .flags = UV_PROCESS_DETACHED,
        .stdio = stdio,
        .stdio_count = 3,
    };
    int rc = uv_spawn(loop, &w->process, &options);
    w->process.data = w;
    w->local->handles++;
    if (rc < 0)
        return err_set(e, rc, "cannot start a worker (%s): %s", executable, uv_strerror(rc));
    w->spawned = true;
    uv_read_start((uv_stream_t *)&w->out, give_frames_space, on_frames);
    uv_read_start((uv_stream_t *)&w->err, give_words_space, on_words);
    return 0;
}

static int start_worker(struct worker *w, const struct runner_local_options *o, struct err *e)
{
    lines_init(&w->frames, WIRE_LINE_MAX);
    lines_init(&w->words, STDERR_LINE_MAX);
    int rc = spawn(w, o->loop, o->executable, e);
    if (rc < 0)
        return rc;
    struct sending *plan = sending_new();
    wire_encode_plan(&plan->text, w->index, o->workers, o->scenario);
    return send_to(w, plan, e);
}

static int local_start(struct runner *r, uint64_t wall_ns, struct err *e)
{
    struct local *local = local_of(r);
    for (uint32_t i = 0; i < local->count; i++) {
        struct sending *s = sending_new();
        wire_encode_start(&s->text, wall_ns);
        int rc = send_to(&local->workers[i], s, e);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int local_load(struct runner *r, uint64_t wall_ns, double factor, struct err *e)
{
    struct local *local = local_of(r);
    for (uint32_t i = 0; i < local->count; i++) {
        struct worker *w = &local->workers[i];
        if (w->exited || w->ended)
            continue;
        struct sending *s = sending_new();
        wire_encode_load(&s->text, wall_ns, factor);
        int rc = send_to(w, s, e);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void local_stop(struct runner *r)
{
    struct local *local = local_of(r);
    for (uint32_t i = 0; i < local->count; i++) {
        struct worker *w = &local->workers[i];
        if (w->exited || w->ended)
            continue;
        struct sending *s = sending_new();
        wire_encode_stop(&s->text);
        struct err e;
        if (send_to(w, s, &e) < 0)
            fail_worker(w, "was killed: %s", e.message);
    }
}

static void local_kill(struct runner *r)
{
    struct local *local = local_of(r);
    for (uint32_t i = 0; i < local->count; i++)
        kill_worker(&local->workers[i]);
}

static void local_kill_worker(struct runner *r, uint32_t worker)
{
    kill_worker(&local_of(r)->workers[worker]);
}

static void local_free(struct local *local)
{
    for (uint32_t i = 0; i < local->count; i++) {
        lines_fini(&local->workers[i].frames);
        lines_fini(&local->workers[i].words);
    }
    free(local->workers);
    free(local);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct worker *w = handle->data;
    struct local *local = w->local;
    if (--local->handles > 0)
        return;
    void (*closed)(void *owner) = local->closed;
    void *owner = local->owner;
    local_free(local);
    if (closed)
        closed(owner);
}

static void on_exit_of(uv_process_t *process, int64_t code, int signal)
{
    struct worker *w = process->data;
    w->exited = true;
    w->exit_code = code;
    w->signal = signal;
    if (w->local->closing)
        uv_close((uv_handle_t *)process, on_handle_closed);
    else
        check_gone(w);
}

static void close_worker(struct worker *w)
{
    if (!w->in.data)
        return; /* never begun */
    uv_close((uv_handle_t *)&w->in, on_handle_closed);
    uv_close((uv_handle_t *)&w->out, on_handle_closed);
    uv_close((uv_handle_t *)&w->err, on_handle_closed);
    /* A process that still runs is closed when it has exited: else nobody would reap it. */
    kill_worker(w);
    if (!w->spawned || w->exited)
        uv_close((uv_handle_t *)&w->process, on_handle_closed);
}

static void local_close(struct runner *r, void (*closed)(void *owner))
{
    struct local *local = local_of(r);
    local->closing = true;
    local->closed = closed;
    for (uint32_t i = 0; i < local->count; i++)
        close_worker(&local->workers[i]);
}

static const struct runner_impl local_impl = {
    .name = "local",
    .start = local_start,
    .load = local_load,
    .stop = local_stop,
    .kill = local_kill,
    .kill_worker = local_kill_worker,
    .close = local_close,
};

int runner_local_new(const struct runner_local_options *options, struct runner **out, struct err *e)
{
    *out = NULL;
    if (options->workers == 0)
        return err_set(e, -EINVAL, "a run needs at least one worker");
    struct local *local = mem_alloc(sizeof *local);
    local->runner.impl = &local_impl;
    local->events = options->events;
    local->owner = options->owner;
    local->log = options->log;
    local->count = options->workers;
    local->workers = mem_alloc(options->workers * sizeof *local->workers);
    for (uint32_t i = 0; i < options->workers; i++) {
        struct worker *w = &local->workers[i];
        w->local = local;
        w->index = i;
        int rc = start_worker(w, options, e);
        if (rc < 0) {
            local_close(&local->runner, NULL);
            return rc;
        }
    }
    *out = &local->runner;
    return 0;
}
