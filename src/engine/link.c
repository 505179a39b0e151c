/* link: see link.h. */
#include "link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void break_off(struct link *l, const char *why)
{
    if (!l->closed)
        l->events->broken(l->owner, why);
}

/* ---- in -------------------------------------------------------------------------------------- */

static void give_space(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct link *l = handle->data;
    *out = uv_buf_init(lines_space(&l->lines), LINES_CHUNK);
}

static void take_line(struct link *l, struct str line)
{
    struct wire_frame frame;
    struct err e = {0};
    if (line.len == 0)
        return;
    if (wire_decode(line, &frame, &e) < 0)
        return break_off(l, e.message);
    l->events->frame(l->owner, &frame);
    wire_frame_fini(&frame);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *space)
{
    (void)space;
    struct link *l = stream->data;
    if (n < 0)
        return break_off(l, "the starter has closed its end");
    lines_arrived(&l->lines, (size_t)n);
    struct str line;
    int rc = 0;
    while (!l->closed && (rc = lines_next(&l->lines, &line)) > 0)
        take_line(l, line);
    if (rc < 0)
        break_off(l, "a line is longer than a frame may be");
}

/* ---- out ------------------------------------------------------------------------------------- */

struct sending {
    uv_write_t request;
    struct link *link;
    char *bytes;
};

static void on_written(uv_write_t *request, int status)
{
    struct sending *s = request->data;
    struct link *l = s->link;
    l->sending--;
    free(s->bytes);
    free(s);
    if (status < 0 && status != UV_ECANCELED)
        break_off(l, "the starter does not read any more");
}

void link_send(struct link *l, struct buf *frames)
{
    if (l->closed || frames->len == 0)
        return buf_clear(frames);
    struct sending *s = mem_alloc(sizeof *s);
    s->request.data = s;
    s->link = l;
    s->bytes = mem_copy_text(frames->ptr, frames->len);
    uv_buf_t bytes = uv_buf_init(s->bytes, (unsigned)frames->len);
    buf_clear(frames);
    l->sending++;
    int rc = uv_write(&s->request, (uv_stream_t *)&l->out, &bytes, 1, on_written);
    if (rc < 0)
        on_written(&s->request, rc);
    else if (uv_stream_get_write_queue_size((uv_stream_t *)&l->out) > LINK_QUEUE_MAX)
        break_off(l, "the starter does not keep up with reading");
}

bool link_idle(const struct link *l)
{
    return l->sending == 0;
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool can_be_polled(int fd)
{
    uv_handle_type type = uv_guess_handle(fd);
    return type == UV_NAMED_PIPE || type == UV_TTY || type == UV_TCP;
}

int link_check(int in_fd, int out_fd, struct err *e)
{
    if (can_be_polled(in_fd) && can_be_polled(out_fd))
        return 0;
    return err_set(e, -EINVAL, "a worker wants pipes as standard input and output");
}

int link_open(struct link *l, uv_loop_t *loop, int in_fd, int out_fd,
              const struct link_events *events, void *owner, struct err *e)
{
    memset(l, 0, sizeof *l);
    l->events = events;
    l->owner = owner;
    lines_init(&l->lines, WIRE_LINE_MAX);
    uv_pipe_init(loop, &l->in, 0);
    uv_pipe_init(loop, &l->out, 0);
    l->in.data = l;
    l->out.data = l;
    int rc = uv_pipe_open(&l->in, in_fd);
    if (rc == 0)
        rc = uv_pipe_open(&l->out, out_fd);
    if (rc == 0)
        rc = uv_read_start((uv_stream_t *)&l->in, give_space, on_read);
    if (rc < 0)
        return err_set(e, rc, "a worker wants pipes as standard input and output: %s",
                       uv_strerror(rc));
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct link *l = handle->data;
    if (handle == (uv_handle_t *)&l->in)
        lines_fini(&l->lines);
}

void link_close(struct link *l)
{
    l->closed = true;
    uv_close((uv_handle_t *)&l->in, on_closed);
    uv_close((uv_handle_t *)&l->out, on_closed);
}
