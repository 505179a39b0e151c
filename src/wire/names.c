/* names: the words that frames and results use for frame types, error kinds, metrics and levels;
 * and what is UTF-8. */
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

static bool continues(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

size_t wire_utf8_char(struct str s)
{
    const unsigned char *b = (const unsigned char *)s.ptr;
    if (s.len == 0)
        return 0;
    if (b[0] < 0x80)
        return 1;
    if (b[0] >= 0xc2 && b[0] <= 0xdf)
        return s.len >= 2 && continues(b[1]) ? 2 : 0;
    if (b[0] >= 0xe0 && b[0] <= 0xef) {
        if (s.len < 3 || !continues(b[1]) || !continues(b[2]))
            return 0;
        bool overlong = b[0] == 0xe0 && b[1] < 0xa0;
        bool surrogate = b[0] == 0xed && b[1] > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    if (b[0] >= 0xf0 && b[0] <= 0xf4) {
        if (s.len < 4 || !continues(b[1]) || !continues(b[2]) || !continues(b[3]))
            return 0;
        bool overlong = b[0] == 0xf0 && b[1] < 0x90;
        bool beyond = b[0] == 0xf4 && b[1] > 0x8f;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

bool wire_utf8_valid(struct str s)
{
    while (s.len > 0) {
        size_t n = wire_utf8_char(s);
        if (n == 0)
            return false;
        s.ptr += n;
        s.len -= n;
    }
    return true;
}
