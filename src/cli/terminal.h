/* terminal: what is known of a terminal (width, colours), and numbers and texts made fit to be
 * shown on one. Texts that come from a server are cleaned of control characters here, so that no
 * answer can steer the terminal.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "squall/base.h"

enum {
    TERMINAL_WIDTH_DEFAULT = 80, /* of what is no terminal */
    TERMINAL_WIDTH_MIN = 20,
    CELL_SIZE = 40, /* of a number as text */
};

enum terminal_colour {
    COLOUR_NONE,
    COLOUR_BOLD,
    COLOUR_DIM,
    COLOUR_RED,
    COLOUR_GREEN,
    COLOUR_YELLOW
};

struct terminal {
    bool live;      /* a line can be rewritten */
    bool coloured;  /* not with NO_COLOR (no-color.org) */
    unsigned width; /* columns */
};

void terminal_look(struct terminal *t, int fd);

/* Switches to a colour; to COLOUR_NONE afterwards. Nothing where there are no colours. */
void terminal_add_colour(const struct terminal *t, struct buf *out, enum terminal_colour colour);
void terminal_add_coloured(const struct terminal *t, struct buf *out, enum terminal_colour colour,
                           const char *text);

/* Columns that a UTF-8 text takes, at one a character. */
unsigned terminal_columns(struct str text);
/* Appends the text on one line: control characters and line ends become spaces, what is beyond
 * `columns` becomes "…". Pads to the width with spaces when `pad` is set. */
void terminal_add_cut(struct buf *out, struct str text, unsigned columns, bool pad);
/* Appends the text, broken between words so that no line is longer than `width`; all lines but the
 * first begin with `indent` spaces, and the first is taken to stand there already. Ends the line.
 */
void terminal_add_wrapped(struct buf *out, struct str text, unsigned indent, unsigned width);

void cell_count(char out[CELL_SIZE], uint64_t n);      /* 1,234,567 */
void cell_number(char out[CELL_SIZE], double value);   /* three digits: 0.123 1.23 12.3 123 1,234 */
void cell_bytes(char out[CELL_SIZE], uint64_t bytes);  /* 12.3 MB */
void cell_clock(char out[CELL_SIZE], uint64_t second); /* 0:07, 1:02:03 */

#endif
