/* names: the words that frames and results use for frame types, error kinds, metrics and levels.
 */
#include "wire_priv.h"

static const char *const frame_texts[] = {
    [WIRE_HELLO] = "hello", [WIRE_READY] = "ready", [WIRE_TICK] = "tick", [WIRE_SAMPLE] = "sample",
    [WIRE_LOG] = "log",     [WIRE_DONE] = "done",   [WIRE_PLAN] = "plan", [WIRE_START] = "start",
    [WIRE_LOAD] = "load",   [WIRE_STOP] = "stop",
};

static const char *const error_texts[WIRE_ERR_COUNT] = {
    [WIRE_ERR_DNS] = "dns",
    [WIRE_ERR_CONNECT_REFUSED] = "connect_refused",
    [WIRE_ERR_CONNECT_TIMEOUT] = "connect_timeout",
    [WIRE_ERR_CONNECT] = "connect",
    [WIRE_ERR_TLS] = "tls",
    [WIRE_ERR_RESET] = "reset",
    [WIRE_ERR_CLOSED] = "closed",
    [WIRE_ERR_TIMEOUT] = "timeout",
    [WIRE_ERR_MALFORMED] = "malformed_response",
    [WIRE_ERR_HEADERS_TOO_LARGE] = "headers_too_large",
    [WIRE_ERR_CHECK_FAILED] = "check_failed",
    [WIRE_ERR_LOCAL] = "local",
    [WIRE_ERR_CAPTURE_FAILED] = "capture_failed",
    [WIRE_ERR_BAD_VALUE] = "bad_value",
};

static const char *const metric_texts[WIRE_METRIC_COUNT] = {
    [WIRE_SERVICE] = "service", [WIRE_DNS] = "dns",   [WIRE_CONNECT] = "connect",
    [WIRE_TLS] = "tls",         [WIRE_SEND] = "send", [WIRE_WAIT] = "wait",
    [WIRE_RECEIVE] = "receive",
};

static const char *const level_texts[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

enum {
    FRAME_COUNT = sizeof frame_texts / sizeof frame_texts[0],
    LEVEL_COUNT = sizeof level_texts / sizeof level_texts[0],
};

/* The index of a word in a table; `count` when it is not there. */
static size_t find(const char *const *texts, size_t count, struct str text)
{
    size_t i = 0;
    while (i < count && !str_eq_text(text, texts[i]))
        i++;
    return i;
}

const char *wire_frame_text(enum wire_frame_type type)
{
    return frame_texts[type];
}

bool wire_frame_of(struct str text, enum wire_frame_type *type)
{
    size_t i = find(frame_texts, FRAME_COUNT, text);
    *type = (enum wire_frame_type)i;
    return i < FRAME_COUNT;
}

const char *wire_error_text(enum wire_error kind)
{
    return error_texts[kind];
}

bool wire_error_of(struct str text, enum wire_error *kind)
{
    size_t i = find(error_texts, WIRE_ERR_COUNT, text);
    *kind = (enum wire_error)i;
    return i < WIRE_ERR_COUNT;
}

const char *wire_metric_text(enum wire_metric metric)
{
    return metric_texts[metric];
}

const char *wire_level_text(enum log_level level)
{
    return level_texts[level];
}

bool wire_level_of(struct str text, enum log_level *level)
{
    size_t i = find(level_texts, LEVEL_COUNT, text);
    *level = (enum log_level)i;
    return i < LEVEL_COUNT;
}
