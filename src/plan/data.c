/* data: tables of a document ("data"): CSV (RFC 4180), from a file or inline. The first line names
 * the columns. Which user gets which row is the engine's business.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan_priv.h"

enum {
    TABLES_MAX = 16,
    ROWS_MAX = 10000000,
    FILE_MAX = 64 << 20, /* bytes */
};

struct table_reading {
    struct plan_data data;
    struct str text; /* of the CSV */
    bool has_text;
    bool has_file;
};

/* ---- keys ------------------------------------------------------------------------------------ */

static int read_whole_file(struct plan_reader *r, const char *path, struct str *out)
{
    FILE *f = fopen(path, "re");
    struct buf b;
    size_t n;
    char piece[65536];
    if (!f)
        return -errno;
    buf_init(&b, FILE_MAX);
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_add(&b, piece, n);
    int rc = ferror(f) ? -EIO : b.failed ? -EFBIG : 0;
    fclose(f);
    if (rc == 0)
        *out = plan_arena_str(r->arena, buf_str(&b));
    buf_fini(&b);
    return rc;
}

static void read_file(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct table_reading *t = into;
    struct str path;
    t->has_file = true;
    if (!plan_line(r, at, 1, PLAN_PATH_MAX, &path))
        return;
    int rc = read_whole_file(r, path.ptr, &t->text);
    if (rc < 0)
        plan_problem(r, at, "cannot read %s: %s", plan_quote(path).text,
                     rc == -EFBIG ? "it is longer than 64 MiB" : strerror(-rc));
    t->has_text = rc == 0;
}

static void read_csv(struct plan_reader *r, const struct plan_place *at, void *into)
{
    struct table_reading *t = into;
    if (t->has_file)
        plan_problem_key(r, at, "\"file\" and \"csv\" exclude each other; leave one out");
    t->has_file = true;
    t->has_text = plan_text(r, at, &t->text);
}

/* The index of a word, or 0 with a problem. */
static unsigned read_word(struct plan_reader *r, const struct plan_place *at,
                          const char *const *words, const char *list)
{
    const char *text = json_string_value(at->value);
    for (unsigned i = 0; text && words[i]; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    plan_problem(r, at, "must be one of %s", list);
    return 0;
}

static void read_order(struct plan_reader *r, const struct plan_place *at, void *into)
{
    static const char *const words[] = {"sequential", "random", "once", NULL};
    struct table_reading *t = into;
    t->data.order =
        (enum plan_order)read_word(r, at, words, "\"sequential\", \"random\" and \"once\"");
}

static void read_per(struct plan_reader *r, const struct plan_place *at, void *into)
{
    static const char *const words[] = {"user", "iteration", NULL};
    struct table_reading *t = into;
    t->data.per_iteration = read_word(r, at, words, "\"user\" and \"iteration\"") == 1;
}

static const struct plan_key data_keys[] = {
    {"name", plan_read_name, offsetof(struct table_reading, data.name), true},
    {"file", read_file, 0, false},
    {"csv", read_csv, 0, false},
    {"order", read_order, 0, false},
    {"per", read_per, 0, false},
};
const struct plan_object plan_object_data = {"data", data_keys, 5};

/* ---- CSV ------------------------------------------------------------------------------------- */

struct csv {
    struct plan_reader *r;
    const struct plan_place *at;
    struct str rest;
    size_t line; /* 1-based */
    struct buf field;
};

static bool bad(struct csv *c, const char *what)
{
    plan_problem(c->r, c->at, "line %zu of the data: %s", c->line, what);
    return false;
}

static void drop(struct csv *c, size_t n)
{
    c->rest.ptr += n;
    c->rest.len -= n;
}

static bool at_end_of_field(const struct csv *c)
{
    return c->rest.len == 0 || *c->rest.ptr == ',' || *c->rest.ptr == '\n' ||
           str_starts(c->rest, "\r\n");
}

static bool take_quoted(struct csv *c)
{
    size_t begin = c->line;
    drop(c, 1);
    for (;;) {
        const char *quote = memchr(c->rest.ptr, '"', c->rest.len);
        if (!quote) {
            c->line = begin;
            return bad(c, "a quote is not closed");
        }
        size_t n = (size_t)(quote - c->rest.ptr);
        buf_add(&c->field, c->rest.ptr, n);
        for (size_t i = 0; i < n; i++)
            c->line += c->rest.ptr[i] == '\n';
        drop(c, n + 1);
        if (!str_starts(c->rest, "\""))
            break;
        buf_add_text(&c->field, "\"");
        drop(c, 1);
    }
    return at_end_of_field(c) || bad(c, "behind a closing quote only a comma can come");
}

/* *last tells whether it ends its line. */
static bool take_field(struct csv *c, struct str *out, bool *last)
{
    buf_clear(&c->field);
    if (str_starts(c->rest, "\"")) {
        if (!take_quoted(c))
            return false;
    } else {
        size_t n = 0;
        const char *t = c->rest.ptr;
        while (n < c->rest.len && t[n] != ',' && t[n] != '\n')
            n++;
        size_t len = n > 0 && n < c->rest.len && t[n] == '\n' && t[n - 1] == '\r' ? n - 1 : n;
        if (memchr(t, '"', len))
            return bad(c, "a field with a quote inside must be quoted as a whole");
        buf_add(&c->field, t, len);
        drop(c, n);
    }
    *out = plan_arena_str(c->r->arena, buf_str(&c->field));
    if (str_starts(c->rest, "\r\n"))
        drop(c, 1);
    *last = c->rest.len == 0 || *c->rest.ptr == '\n';
    if (c->rest.len > 0)
        drop(c, 1);
    return true;
}

/* -1 with a problem; else the number of fields. A line without characters has none. */
static int take_line(struct csv *c, struct str *fields, size_t max)
{
    size_t n = 0;
    bool last = false;
    c->line++;
    if (str_starts(c->rest, "\n") || str_starts(c->rest, "\r\n")) {
        drop(c, *c->rest.ptr == '\n' ? 1 : 2);
        return 0;
    }
    while (!last) {
        if (n == max) {
            bad(c, "has too many fields");
            return -1;
        }
        if (!take_field(c, &fields[n++], &last))
            return -1;
    }
    return (int)n;
}

static bool add_row(struct csv *c, struct plan_data *d, const struct str *fields, size_t *cap)
{
    if (d->row_count == ROWS_MAX)
        return bad(c, "is one row too many; at most 10,000,000 are allowed");
    if (d->row_count == *cap) {
        *cap = *cap ? 2 * *cap : 64;
        struct str *cells = plan_arena_alloc(c->r->arena, *cap * d->column_count * sizeof *cells);
        if (d->row_count > 0)
            memcpy(cells, d->cells, d->row_count * d->column_count * sizeof *cells);
        d->cells = cells;
    }
    memcpy(d->cells + d->row_count++ * d->column_count, fields, d->column_count * sizeof *fields);
    return true;
}

static bool read_columns(struct csv *c, struct plan_data *d, struct str *fields)
{
    int n = c->rest.len > 0 ? take_line(c, fields, PLAN_COLUMNS_MAX) : 0;
    if (n < 0)
        return false;
    if (n == 0)
        return bad(c, "must name the columns");
    for (int i = 0; i < n; i++) {
        fields[i] = str_trim(fields[i]);
        if (fields[i].len == 0)
            return bad(c, "a column has no name");
        for (int k = 0; k < i; k++)
            if (str_eq(fields[i], fields[k]))
                return bad(c, "two columns have one name");
    }
    d->column_count = (size_t)n;
    d->columns = plan_arena_alloc(c->r->arena, (size_t)n * sizeof *d->columns);
    for (int i = 0; i < n; i++)
        d->columns[i] = plan_arena_str(c->r->arena, fields[i]);
    return true;
}

static void read_rows(struct csv *c, struct plan_data *d)
{
    struct str fields[PLAN_COLUMNS_MAX];
    size_t cap = 0;
    if (str_starts(c->rest, "\xef\xbb\xbf"))
        drop(c, 3);
    if (!read_columns(c, d, fields))
        return;
    while (c->rest.len > 0) {
        int n = take_line(c, fields, PLAN_COLUMNS_MAX);
        if (n < 0)
            return;
        if (n == 0)
            continue;
        if ((size_t)n != d->column_count) {
            plan_problem(c->r, c->at, "line %zu of the data has %d fields; there are %zu columns",
                         c->line, n, d->column_count);
            return;
        }
        if (!add_row(c, d, fields, &cap))
            return;
    }
    if (d->row_count == 0)
        plan_problem(c->r, c->at, "the data have no row");
}

/* ---- whole ----------------------------------------------------------------------------------- */

static void read_table(struct plan_reader *r, const struct plan_place *at)
{
    struct plan *plan = r->plan;
    struct table_reading t = {.has_file = false};
    struct plan_place place;
    if (!plan_read_object(r, at, &plan_object_data, &t))
        return;
    if (!t.has_file)
        plan_problem(r, at, "needs a \"file\" or a \"csv\"");
    for (size_t i = 0; i < plan->data_count; i++) {
        place = plan_member(at, "name");
        if (t.data.name.len > 0 && str_eq(plan->data[i].name, t.data.name))
            plan_problem(r, &place, "%s is the name of other data", plan_quote(t.data.name).text);
    }
    if (t.has_text) {
        place = plan_member(at, json_object_get(at->value, "file") ? "file" : "csv");
        struct csv c = {.r = r, .at = &place, .rest = t.text};
        buf_init(&c.field, FILE_MAX);
        read_rows(&c, &t.data);
        buf_fini(&c.field);
    }
    plan->data[plan->data_count++] = t.data;
}

void plan_read_data(struct plan_reader *r, const struct plan_place *at, void *into)
{
    size_t count = json_array_size(at->value);
    (void)into;
    if (!plan_is_array(r, at, "tables"))
        return;
    if (count > TABLES_MAX) {
        plan_problem(r, at, "has %zu tables; at most %d are allowed", count, TABLES_MAX);
        return;
    }
    r->plan->data = plan_arena_alloc(r->arena, (count + 1) * sizeof *r->plan->data);
    for (size_t i = 0; i < count; i++) {
        struct plan_place place = plan_element(at, i);
        read_table(r, &place);
    }
}

/* ---- names ----------------------------------------------------------------------------------- */

const struct plan_data *plan_data_find(const struct plan *plan, struct str name, struct str *column)
{
    const char *dot = name.len > 0 ? memchr(name.ptr, '.', name.len) : NULL;
    if (!dot)
        return NULL;
    struct str table = {name.ptr, (size_t)(dot - name.ptr)};
    *column = (struct str){dot + 1, name.len - table.len - 1};
    for (size_t i = 0; i < plan->data_count; i++)
        if (str_eq(plan->data[i].name, table))
            return &plan->data[i];
    return NULL;
}
