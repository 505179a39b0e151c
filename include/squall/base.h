/* base: what every module stands on: errors, byte strings, growing buffers, clocks, ids, logging,
 * and the small text forms (durations, sizes, base64) that documents, flags and settings share.
 * Knows nothing of HTTP, plans or runs.
 */
#ifndef SQUALL_BASE_H
#define SQUALL_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SQUALL_VERSION "0.1.0"

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

/* ---- errors ---------------------------------------------------------------------------------
 * The one way to fail: a function returns 0 or a negative errno, and fills a struct err with a
 * sentence for the user. Who prints it is decided at the top.
 */
enum { ERR_MESSAGE_MAX = 1024 };

struct err {
    int code; /* 0 or a negative errno */
    char message[ERR_MESSAGE_MAX];
};

/* Sets e (when not NULL) and returns code, so that a caller can write
 * `return err_set(e, -EINVAL, "...")`. */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Puts "context: " before the sentence already in e; returns e's code. */
int err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- memory: these abort on exhaustion, with a line on stderr; callers never check ---------- */
void *mem_alloc(size_t bytes); /* zeroed */
void *mem_resize(void *old, size_t bytes);
char *mem_copy_text(const char *text, size_t len); /* NUL-terminated copy */

#define AUTO(cleanup_function) __attribute__((cleanup(cleanup_function)))

/* ---- borrowed byte strings ------------------------------------------------------------------ */
struct str {
    const char *ptr;
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

struct str str_of(const char *text); /* NULL gives an empty one */
bool str_eq(struct str a, struct str b);
bool str_eq_text(struct str a, const char *text);
bool str_eq_nocase(struct str a, struct str b); /* ASCII */
struct str str_trim(struct str s);
bool str_starts(struct str s, const char *prefix);
/* Bytes of the UTF-8 character that s begins with (RFC 3629); 0 when it begins with none. */
size_t str_utf8_char(struct str s);
bool str_is_utf8(struct str s);
/* At most `max` bytes of it, never a part of a character. */
struct str str_cut(struct str s, size_t max);
/* Decimal digits only, whole string; false on anything else or on overflow. */
bool str_to_u64(struct str s, uint64_t *out);

/* ---- growing buffer with a hard upper bound --------------------------------------------------
 * Every buffer that takes outside input has a limit. After the limit is hit, `failed` stays set,
 * further appends are ignored and return -ENOBUFS. The bytes are always NUL-terminated.
 */
struct buf {
    char *ptr;
    size_t len;
    size_t cap;
    size_t limit; /* bytes, NUL not counted */
    bool failed;
};

void buf_init(struct buf *b, size_t limit);
void buf_fini(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory */
int buf_add(struct buf *b, const void *bytes, size_t len);
int buf_add_text(struct buf *b, const char *text);
int buf_add_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes room for `len` more bytes and returns where they go (then add to b->len), or NULL. */
char *buf_reserve(struct buf *b, size_t len);
void buf_drop_front(struct buf *b, size_t len);
struct str buf_str(const struct buf *b);
/* Appends text as the inside of a JSON string (no quotes added); a byte that is not UTF-8 becomes
 * U+FFFD. */
int buf_add_json_escaped(struct buf *b, struct str text);

/* ---- clocks ----------------------------------------------------------------------------------
 * One clock is made in main and passed in, so that a test can turn it.
 */
struct clock {
    uint64_t (*mono_ns)(struct clock *self); /* never steps back */
    uint64_t (*wall_ns)(struct clock *self); /* Unix time */
};

struct clock *clock_system(void);

struct clock_manual {
    struct clock clock;
    uint64_t mono_now_ns;
    uint64_t wall_now_ns;
};

void clock_manual_init(struct clock_manual *c, uint64_t mono_ns, uint64_t wall_ns);
void clock_manual_advance(struct clock_manual *c, uint64_t ns);

static inline uint64_t clock_mono_ns(struct clock *c)
{
    return c->mono_ns(c);
}
static inline uint64_t clock_wall_ns(struct clock *c)
{
    return c->wall_ns(c);
}

/* For a process that does little at a time, but at its instant: with a short slice it may, when it
 * wakes, interrupt whatever else its core is busy with, in place of waiting some milliseconds for
 * the end of that one's slice. Linux 6.12 and later (sched_setattr(2)); elsewhere it does nothing,
 * which costs evenness only. */
void process_ask_short_slices(void);

/* RFC 3339 in UTC with milliseconds, e.g. 2026-11-24T15:04:05.123Z. */
enum { TIME_TEXT_SIZE = 32 };
void time_format(char out[TIME_TEXT_SIZE], uint64_t wall_ns);
int time_parse(struct str text, uint64_t *wall_ns, struct err *e);

/* ---- ids: 16 characters of lower-case Crockford base32; sorted by time of creation
 * (48 bits of Unix milliseconds, then 32 random bits). */
enum { ID_LEN = 16, ID_SIZE = ID_LEN + 1 };
void id_new(char out[ID_SIZE], struct clock *clock);
bool id_valid(struct str text);

/* ---- text forms ------------------------------------------------------------------------------
 * Durations: a number and a unit, ns us ms s m h d ("250ms", "1.5s", "1h30m"); a bare number is
 * refused (the unit is missing). Sizes: bytes, or with KB MB GB (powers of 1000) KiB MiB GiB.
 */
int duration_parse(struct str text, uint64_t *ns, struct err *e);
/* The shortest exact form ("90s" becomes "1m30s"). */
enum { DURATION_TEXT_SIZE = 48 };
void duration_format(char out[DURATION_TEXT_SIZE], uint64_t ns);
int size_parse(struct str text, uint64_t *bytes, struct err *e);

int base64_encode(struct buf *out, const void *bytes, size_t len); /* RFC 4648, section 4 */
int base64_decode(struct buf *out, struct str text, struct err *e);

/* The candidate nearest to `word` by edit distance, or NULL when none is near enough to be what
 * was meant. `candidates` ends with NULL. */
const char *text_nearest(struct str word, const char *const *candidates);

/* ---- logging: one line a call on stderr, key=value or JSON ------------------------------------
 * log_info(log, "run started", "run", id, "workers", "4", NULL): pairs of text, ended by NULL.
 */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log {
    int fd;
    enum log_level level;
    enum log_format format;
    struct clock *clock;
};

void log_init(struct log *l, int fd, enum log_level level, struct clock *clock);
void log_write(struct log *l, enum log_level level, const char *message, ...)
    __attribute__((sentinel));
#define log_debug(l, ...) log_write((l), LOG_DEBUG, __VA_ARGS__)
#define log_info(l, ...) log_write((l), LOG_INFO, __VA_ARGS__)
#define log_warn(l, ...) log_write((l), LOG_WARN, __VA_ARGS__)
#define log_error(l, ...) log_write((l), LOG_ERROR, __VA_ARGS__)

/* ---- random numbers: xoshiro256** (Blackman, Vigna 2018), seeded from getrandom(2) or, for a
 * repeatable test, from a number. Not for secrets. */
struct rng {
    uint64_t s[4];
};
void rng_seed(struct rng *r, uint64_t seed);
void rng_seed_random(struct rng *r);
uint64_t rng_next(struct rng *r);
double rng_uniform(struct rng *r);                  /* [0, 1) */
double rng_exponential(struct rng *r, double mean); /* > 0 */
double rng_normal(struct rng *r);                   /* mean 0, deviation 1 */

/* Fills with bytes fit for secrets (getrandom); aborts when the kernel has none. */
void random_bytes(void *out, size_t len);

#endif
