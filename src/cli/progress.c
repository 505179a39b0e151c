/* progress: adds up seconds, and prints them as lines. */
#include "progress.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "terminal.h"

enum {
    EVERY_S = 10, /* a line, where it cannot be rewritten */
    LINE_MAX_BYTES = 4096,
};

static const char erase_line[] = "\r\x1b[K"; /* ECMA-48, EL */

static void put(const struct buf *text)
{
    fwrite(text->ptr, 1, text->len, stderr);
    fflush(stderr);
}

void progress_init(struct progress *p, bool quiet)
{
    struct terminal t;
    terminal_look(&t, STDERR_FILENO);
    *p = (struct progress){
        .quiet = quiet, .live = t.live && !quiet, .log_fd = STDERR_FILENO, .log_read_fd = -1};
    hist_init(&p->latency);
    int ends[2];
    if (p->live && pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
        p->log_read_fd = ends[0];
        p->log_fd = ends[1];
    }
}

void progress_fini(struct progress *p)
{
    if (p->log_read_fd >= 0) {
        close(p->log_read_fd);
        close(p->log_fd);
    }
    hist_fini(&p->latency);
}

/* What was logged since, above the line that is rewritten. */
static void show_log(struct progress *p)
{
    char chunk[LINE_MAX_BYTES];
    ssize_t n;
    while (p->log_read_fd >= 0 && (n = read(p->log_read_fd, chunk, sizeof chunk)) > 0) {
        fputs(erase_line, stderr);
        fwrite(chunk, 1, (size_t)n, stderr);
    }
}

/* ---- what is going to be done ---------------------------------------------------------------- */

static void add_flow(struct buf *out, const struct plan_flow *flow)
{
    const struct plan_load *load = &flow->load;
    char peak[CELL_SIZE], length[DURATION_TEXT_SIZE];
    if (load->peak == floor(load->peak))
        cell_count(peak, (uint64_t)load->peak);
    else
        cell_number(peak, load->peak);
    duration_format(length, load->duration_ns);
    const char *most = load->stage_count > 1 ? "up to " : "";
    if (load->kind == PLAN_LOAD_USERS)
        buf_add_format(out, "%s%s user%s for %s", most, peak, load->peak == 1 ? "" : "s", length);
    else
        buf_add_format(out, "%s%s arrivals a second for %s", most, peak, length);
}

void progress_begin(struct progress *p, const struct run *run)
{
    if (p->quiet)
        return;
    const struct plan *plan = run_plan(run);
    struct terminal t;
    struct buf line;
    terminal_look(&t, STDERR_FILENO);
    buf_init(&line, LINE_MAX_BYTES);
    terminal_add_cut(&line, plan->name, t.width > 100 ? 100 : t.width, false);
    buf_add_text(&line, "\n");
    for (size_t i = 0; i < plan->flow_count; i++) {
        buf_add_text(&line, i ? ", " : "  ");
        add_flow(&line, &plan->flows[i]);
    }
    uint32_t workers = run_workers(run);
    buf_add_format(&line, ", from %u worker%s\n", workers, workers == 1 ? "" : "s");
    put(&line);
    buf_fini(&line);
}

/* ---- seconds --------------------------------------------------------------------------------- */

/* One piece of the line, if there is room for it. */
static void add_piece(struct buf *line, unsigned *column, unsigned width, const char *label,
                      const char *value, const char *unit)
{
    struct buf piece;
    buf_init(&piece, LINE_MAX_BYTES);
    buf_add_format(&piece, "%s%s%s%s", *column ? "  " : "", label, value, unit);
    unsigned columns = terminal_columns(buf_str(&piece));
    if (*column + columns < width) {
        buf_add(line, piece.ptr, piece.len);
        *column += columns;
    }
    buf_fini(&piece);
}

static void add_errors(struct buf *line, unsigned *column, const struct terminal *t,
                       uint64_t errors)
{
    char text[CELL_SIZE];
    cell_count(text, errors);
    if (errors > 0)
        terminal_add_colour(t, line, COLOUR_RED);
    add_piece(line, column, t->width, "", text, errors == 1 ? " error" : " errors");
    if (errors > 0)
        terminal_add_colour(t, line, COLOUR_NONE);
}

static void add_second(struct progress *p, struct buf *line, const struct run *run,
                       const struct result_second *s)
{
    struct terminal t;
    char now[CELL_SIZE], whole[CELL_SIZE], cell[CELL_SIZE];
    unsigned column = 0;
    uint64_t whole_s = run_plan(run)->duration_ns / NS_PER_S;
    terminal_look(&t, STDERR_FILENO);
    cell_clock(now, s->second + 1);
    cell_clock(whole, whole_s);
    buf_add_format(line, "%s/%s", now, whole);
    column = terminal_columns(buf_str(line));
    cell_number(cell, (double)p->requests / p->seconds);
    add_piece(line, &column, t.width, "", cell, " req/s");
    add_errors(line, &column, &t, p->errors);
    if (p->latency.total > 0) { /* there were answers */
        cell_number(cell, hist_percentile_us(&p->latency, 50) / 1000);
        add_piece(line, &column, t.width, "p50 ", cell, " ms");
        cell_number(cell, hist_percentile_us(&p->latency, 99) / 1000);
        add_piece(line, &column, t.width, "p99 ", cell, " ms");
    }
    cell_count(cell, s->users);
    add_piece(line, &column, t.width, "", cell, s->users == 1 ? " user" : " users");
    if (s->second + 1 > whole_s && s->users > 0)
        add_piece(line, &column, t.width, "", "", "waiting for the last answers");
}

static void print_second(struct progress *p, struct run *run, const struct result_second *s)
{
    struct buf line;
    buf_init(&line, LINE_MAX_BYTES);
    add_second(p, &line, run, s);
    if (p->live)
        fputs(erase_line, stderr);
    else
        buf_add_text(&line, "\n");
    put(&line);
    buf_fini(&line);
}

void progress_second(struct progress *p, struct run *run, const struct result_second *s)
{
    const struct result_point *all = &s->points[result_name_count(run_result(run))];
    p->seconds++;
    p->requests += all->counts.requests;
    p->errors += all->counts.errors;
    hist_merge(&p->latency, &all->latency);
    show_log(p);
    if (p->quiet || (!p->live && (s->second + 1) % EVERY_S != 0))
        return;
    print_second(p, run, s);
    p->seconds = 0;
    p->requests = 0;
    hist_clear(&p->latency);
}

void progress_say(struct progress *p, const char *sentence)
{
    if (!p->quiet)
        fprintf(stderr, "%s%s\n", p->live ? erase_line : "", sentence);
}

void progress_end(struct progress *p)
{
    show_log(p);
    if (p->live)
        fputs(erase_line, stderr);
    fflush(stderr);
}
