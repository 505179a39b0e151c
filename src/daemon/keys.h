/* keys: the table of configuration keys, and how a text becomes a key's value. Where the texts
 * come from is config.c's.
 */
#ifndef DAEMON_KEYS_H
#define DAEMON_KEYS_H

#include "squall/daemon.h"

enum key_type {
    KEY_TEXT,     /* char * */
    KEY_NUMBER,   /* uint64_t, as are the others but switches */
    KEY_SIZE,     /* bytes */
    KEY_DURATION, /* ns */
    KEY_SWITCH,   /* bool */
    KEY_WORD,     /* index into words */
};

struct key {
    const char *name;
    enum key_type type;
    size_t offset; /* of its member in struct daemon_config */
    const char *fallback;
    uint64_t min, max;        /* number, size, duration */
    const char *const *words; /* ended by NULL */
    const char *help;
};

extern const struct key keys[];
extern const size_t key_count;

/* By its name, or by that of its flag: max_live_runs, max-live-runs. NULL: there is none; *nearest
 * is then the name that may have been meant, or NULL. */
const struct key *key_find(struct str name, const char **nearest);

/* Sets the key's member. -EINVAL with what would be right; the member stays as it was. */
int key_set(const struct key *key, struct daemon_config *config, struct str text, struct err *e);

/* SQUALL_MAX_LIVE_RUNS; the caller frees it. */
char *key_env_name(const struct key *key);

#endif
