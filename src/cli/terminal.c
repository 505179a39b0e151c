/* terminal: widths, colours, and the text forms of numbers. */
#include "terminal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static unsigned width_of(int fd)
{
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return TERMINAL_WIDTH_DEFAULT;
    return size.ws_col < TERMINAL_WIDTH_MIN ? TERMINAL_WIDTH_MIN : size.ws_col;
}

void terminal_look(struct terminal *t, int fd)
{
    const char *kind = getenv("TERM"), *plain = getenv("NO_COLOR");
    t->live = isatty(fd) && kind && strcmp(kind, "dumb") != 0;
    t->coloured = t->live && (!plain || plain[0] == '\0');
    t->width = width_of(fd);
}

void terminal_add_colour(const struct terminal *t, struct buf *out, enum terminal_colour colour)
{
    static const char *const codes[] = {
        /* ECMA-48, SGR */
        [COLOUR_NONE] = "\x1b[0m", [COLOUR_BOLD] = "\x1b[1m",   [COLOUR_DIM] = "\x1b[2m",
        [COLOUR_RED] = "\x1b[31m", [COLOUR_GREEN] = "\x1b[32m", [COLOUR_YELLOW] = "\x1b[33m",
    };
    if (t->coloured)
        buf_add_text(out, codes[colour]);
}

void terminal_add_coloured(const struct terminal *t, struct buf *out, enum terminal_colour colour,
                           const char *text)
{
    if (colour != COLOUR_NONE)
        terminal_add_colour(t, out, colour);
    buf_add_text(out, text);
    if (colour != COLOUR_NONE)
        terminal_add_colour(t, out, COLOUR_NONE);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool continues(char c) /* a character begun before (RFC 3629) */
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* C0 and DEL; and C1, which in UTF-8 is C2 80 to C2 9F. `left` bytes stand from `c` on. */
static size_t control_bytes(const char *c, size_t left)
{
    unsigned char byte = (unsigned char)c[0];
    if (byte < ' ' || byte == 0x7f)
        return 1;
    return byte == 0xc2 && left > 1 && (unsigned char)c[1] < 0xa0 ? 2 : 0;
}

unsigned terminal_columns(struct str text)
{
    unsigned columns = 0;
    for (size_t i = 0; i < text.len; i++)
        columns += !continues(text.ptr[i]);
    return columns;
}

static void add_clean(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len;) {
        size_t control = control_bytes(text.ptr + i, text.len - i);
        buf_add(out, control ? " " : text.ptr + i, 1);
        i += control ? control : 1;
    }
}

void terminal_add_cut(struct buf *out, struct str text, unsigned columns, bool pad)
{
    unsigned all = terminal_columns(text);
    if (all > columns) {
        size_t keep = 0;
        for (unsigned seen = 0; keep < text.len; keep++)
            if (!continues(text.ptr[keep]) && ++seen == columns)
                break;
        add_clean(out, (struct str){text.ptr, keep});
        buf_add_text(out, "…");
        return;
    }
    add_clean(out, text);
    if (pad)
        buf_add_format(out, "%*s", (int)(columns - all), "");
}

void terminal_add_wrapped(struct buf *out, struct str text, unsigned indent, unsigned width)
{
    unsigned column = indent;
    for (size_t i = 0; i < text.len;) {
        while (i < text.len && (text.ptr[i] == ' ' || text.ptr[i] == '\n'))
            i++;
        size_t end = i;
        while (end < text.len && text.ptr[end] != ' ' && text.ptr[end] != '\n')
            end++;
        struct str word = {text.ptr + i, end - i};
        unsigned columns = terminal_columns(word);
        if (column > indent && column + 1 + columns > width) {
            buf_add_format(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent && columns > 0) {
            buf_add_text(out, " ");
            column++;
        }
        add_clean(out, word);
        column += columns;
        i = end;
    }
    buf_add_text(out, "\n");
}

/* ---- numbers --------------------------------------------------------------------------------- */

void cell_count(char out[CELL_SIZE], uint64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, n);
    char *to = out;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
}

void cell_number(char out[CELL_SIZE], double value)
{
    if (value <= 0)
        snprintf(out, CELL_SIZE, "0");
    else if (value < 9.995)
        snprintf(out, CELL_SIZE, "%.*f", value < 0.9995 ? 3 : 2, value);
    else if (value < 99.95)
        snprintf(out, CELL_SIZE, "%.1f", value);
    else
        cell_count(out, (uint64_t)llround(fmin(value, 1e18)));
}

void cell_bytes(char out[CELL_SIZE], uint64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes < 1000) {
        snprintf(out, CELL_SIZE, "%" PRIu64 " bytes", bytes);
        return;
    }
    double value = (double)bytes / 1000;
    size_t unit = 0;
    for (; value >= 999.5 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        value /= 1000;
    char number[CELL_SIZE];
    cell_number(number, value);
    snprintf(out, CELL_SIZE, "%.20s %s", number, units[unit]);
}

void cell_clock(char out[CELL_SIZE], uint64_t second)
{
    unsigned s = (unsigned)(second % 60), m = (unsigned)(second / 60 % 60);
    if (second < 3600)
        snprintf(out, CELL_SIZE, "%u:%02u", m, s);
    else
        snprintf(out, CELL_SIZE, "%" PRIu64 ":%02u:%02u", second / 3600, m, s);
}
