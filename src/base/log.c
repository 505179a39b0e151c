/* log: writes one line a call. Text for people, or JSON objects for collectors.
 *
 * A line is at most PIPE_BUF bytes and leaves in one write(2), so lines of several processes that
 * share a pipe do not mix. A reader that has stalled costs lines, never the program's time.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "squall/base.h"

enum {
    LOG_LINE_MAX = PIPE_BUF,
    LOG_VALUE_MAX = 1024, /* bytes of the message and of each value; the rest is cut */
    LOG_END_MAX = 32,     /* kept free for the end of the line */
    LOG_STALL_MS = 10,    /* how long a full pipe is waited for */
};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_init(struct log *l, int fd, enum log_level level, struct clock *clock)
{
    *l = (struct log){.fd = fd, .level = level, .format = LOG_FORMAT_TEXT, .clock = clock};
}

static bool needs_quotes(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return true;
    }
    return value.len == 0;
}

static void add_quoted(struct buf *line, struct str value)
{
    buf_add_text(line, "\"");
    buf_add_json_escaped(line, value);
    buf_add_text(line, "\"");
}

/* For people: quotes stay as they are, and what could end the line or steer a terminal does not. */
static void add_plain(struct buf *line, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        buf_add(line, c < ' ' || c == 0x7f ? " " : &text.ptr[i], 1);
    }
}

static void add_head(struct buf *line, const struct log *l, enum log_level level,
                     const char *message)
{
    char time[TIME_TEXT_SIZE];
    time_format(time, clock_wall_ns(l->clock));
    if (l->format == LOG_FORMAT_JSON) {
        buf_add_format(line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", time,
                       level_names[level]);
        add_quoted(line, str_cut(str_of(message), LOG_VALUE_MAX));
    } else {
        buf_add_format(line, "%s %s ", time, level_names[level]);
        add_plain(line, str_cut(str_of(message), LOG_VALUE_MAX));
    }
}

static void add_pair(struct buf *line, const struct log *l, const char *key, struct str value)
{
    if (l->format == LOG_FORMAT_JSON) {
        buf_add_text(line, ",");
        add_quoted(line, str_of(key));
        buf_add_text(line, ":");
        add_quoted(line, value);
        return;
    }
    buf_add_format(line, " %s=", key);
    if (needs_quotes(value))
        add_quoted(line, value);
    else
        buf_add(line, value.ptr, value.len);
}

/* Pairs that no longer fit are left out, and the line says so. */
static void add_pairs(struct buf *line, const struct log *l, va_list args)
{
    const char *key;
    while ((key = va_arg(args, const char *))) {
        size_t before = line->len;
        add_pair(line, l, key, str_cut(str_of(va_arg(args, const char *)), LOG_VALUE_MAX));
        if (line->failed) {
            line->failed = false;
            line->len = before;
            line->limit += LOG_END_MAX / 2;
            add_pair(line, l, "cut", STR("true"));
            return;
        }
    }
}

static void put(int fd, struct str line)
{
    bool waited = false;
    while (line.len > 0) {
        ssize_t n = write(fd, line.ptr, line.len);
        if (n >= 0) {
            line.ptr += n;
            line.len -= (size_t)n;
        } else if (errno == EAGAIN && !waited) {
            waited = true;
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, LOG_STALL_MS);
        } else if (errno != EINTR) {
            return;
        }
    }
}

void log_write(struct log *l, enum log_level level, const char *message, ...)
{
    if (level < l->level)
        return;
    int saved_errno = errno;
    struct buf line;
    buf_init(&line, LOG_LINE_MAX - LOG_END_MAX);
    add_head(&line, l, level, message);
    va_list args;
    va_start(args, message);
    add_pairs(&line, l, args);
    va_end(args);
    line.limit = LOG_LINE_MAX;
    buf_add_text(&line, l->format == LOG_FORMAT_JSON ? "}\n" : "\n");
    put(l->fd, buf_str(&line));
    buf_fini(&line);
    errno = saved_errno;
}
