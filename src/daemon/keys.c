/* keys: the table of configuration keys, and how a text becomes a key's value. */
#include "keys.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "squall/plan.h"

static const char *const level_words[] = {"debug", "info", "warn", "error", NULL};
static const char *const format_words[] = {"text", "json", NULL};

#define AT(member) offsetof(struct daemon_config, member)

const struct key keys[] = {
    {"listen", KEY_TEXT, AT(listen), "127.0.0.1", 0, 0, NULL,
     "Address to listen on: an IPv4 or IPv6 address, or a name that has one. Anything but loopback "
     "also needs allow_remote."},
    {"port", KEY_NUMBER, AT(port), "8080", 0, 65535, NULL,
     "TCP port of the API and the dashboard; 0 takes a free one."},
    {"allow_remote", KEY_SWITCH, AT(allow_remote), "false", 0, 0, NULL,
     "Listen on an address that other machines can reach. Squall has no accounts and no TLS yet: "
     "whoever reaches it can start load tests."},
    {"allowed_hosts", KEY_TEXT, AT(allowed_hosts), "", 0, 0, NULL,
     "Names, separated by spaces, that the daemon may be called by beside localhost and any "
     "literal address. Requests for other names are refused (DNS rebinding)."},
    {"data_dir", KEY_TEXT, AT(data_dir), "", 0, 0, NULL,
     "Directory of the database; made when it is not there. Empty: /var/lib/squall for root, else "
     "$XDG_DATA_HOME/squall or ~/.local/share/squall."},
    {"log_level", KEY_WORD, AT(log_level), "info", 0, 0, level_words,
     "Least important lines that are logged: debug, info, warn or error."},
    {"log_format", KEY_WORD, AT(log_format), "text", 0, 0, format_words,
     "text or json, a line each on stderr."},
    {"max_body", KEY_SIZE, AT(max_body), "4MiB", 1024, PLAN_DOCUMENT_MAX, NULL,
     "Largest body of a request, and so of a scenario document; 1KiB to 4MiB."},
    {"max_connections", KEY_NUMBER, AT(max_connections), "1200", 4, 100000, NULL,
     "Connections at once; further ones wait."},
    {"max_live_runs", KEY_NUMBER, AT(max_live_runs), "16", 1, 1000, NULL,
     "Runs that are not over, waiting ones too; starting more is refused."},
    {"max_parallel_runs", KEY_NUMBER, AT(max_parallel_runs), "4", 1, 1000, NULL,
     "Runs that send at once; further ones wait as queued. Runs side by side share this machine's "
     "processor: one at a time gives the most honest numbers."},
    {"max_workers", KEY_NUMBER, AT(max_workers), "256", 1, 1024, NULL,
     "Worker processes of one run."},
    {"max_live_streams", KEY_NUMBER, AT(max_live_streams), "1000", 1, 100000, NULL,
     "Clients that watch runs at once; further ones are refused."},
    {"idle_timeout", KEY_DURATION, AT(idle_timeout_ns), "30s", NS_PER_S, 3600 * NS_PER_S, NULL,
     "A connection on which nothing moves for so long is closed; whole seconds. A stream that its "
     "client reads never is."},
    {"stop_timeout", KEY_DURATION, AT(stop_timeout_ns), "15s", NS_PER_S, 600 * NS_PER_S, NULL,
     "How long live runs may take to end when the daemon is told to; those left are then marked "
     "failed."},
};

const size_t key_count = sizeof keys / sizeof keys[0];

static bool is_name(const char *name, struct str given)
{
    if (strlen(name) != given.len)
        return false;
    for (size_t i = 0; i < given.len; i++)
        if (name[i] != given.ptr[i] && !(name[i] == '_' && given.ptr[i] == '-'))
            return false;
    return true;
}

const struct key *key_find(struct str name, const char **nearest)
{
    const char *names[sizeof keys / sizeof keys[0] + 1] = {NULL};
    for (size_t i = 0; i < key_count; i++) {
        if (is_name(keys[i].name, name))
            return &keys[i];
        names[i] = keys[i].name;
    }
    *nearest = text_nearest(name, names);
    return NULL;
}

/* ---- texts to values ------------------------------------------------------------------------- */

static int set_text(char **member, struct str text)
{
    char *copy = mem_copy_text(text.ptr, text.len);
    free(*member);
    *member = copy;
    return 0;
}

static int number_of(const struct key *key, struct str text, uint64_t *out, struct err *e)
{
    if (!str_to_u64(text, out) || *out < key->min || *out > key->max)
        return err_set(e, -EINVAL,
                       "\"%.*s\" is not a number from %" PRIu64 " to %" PRIu64
                       " (such as the default, %s)",
                       (int)text.len, text.ptr, key->min, key->max, key->fallback);
    return 0;
}

static int size_of(const struct key *key, struct str text, uint64_t *out, struct err *e)
{
    if (size_parse(text, out, e) < 0)
        return -EINVAL;
    if (*out < key->min || *out > key->max)
        return err_set(e, -EINVAL, "\"%.*s\" is not between %" PRIu64 " and %" PRIu64 " bytes",
                       (int)text.len, text.ptr, key->min, key->max);
    return 0;
}

static int duration_of(const struct key *key, struct str text, uint64_t *out, struct err *e)
{
    char least[DURATION_TEXT_SIZE], most[DURATION_TEXT_SIZE];
    if (duration_parse(text, out, e) < 0)
        return -EINVAL;
    duration_format(least, key->min);
    duration_format(most, key->max);
    if (*out < key->min || *out > key->max)
        return err_set(e, -EINVAL, "\"%.*s\" is not between %s and %s", (int)text.len, text.ptr,
                       least, most);
    return 0;
}

static int switch_of(struct str text, bool *out, struct err *e)
{
    *out = str_eq_text(text, "true");
    if (!*out && !str_eq_text(text, "false"))
        return err_set(e, -EINVAL, "\"%.*s\" is neither true nor false", (int)text.len, text.ptr);
    return 0;
}

static int word_of(const struct key *key, struct str text, uint64_t *out, struct err *e)
{
    for (size_t i = 0; key->words[i]; i++) {
        if (str_eq_text(text, key->words[i])) {
            *out = i;
            return 0;
        }
    }
    const char *meant = text_nearest(text, key->words);
    err_set(e, -EINVAL, "\"%.*s\" is none of", (int)text.len, text.ptr);
    for (size_t i = 0, at = strlen(e->message); key->words[i] && at < sizeof e->message; i++)
        at += (size_t)snprintf(e->message + at, sizeof e->message - at, "%s%s", i ? ", " : " ",
                               key->words[i]);
    size_t at = strlen(e->message);
    if (meant)
        snprintf(e->message + at, sizeof e->message - at, "; did you mean %s?", meant);
    return -EINVAL;
}

int key_set(const struct key *key, struct daemon_config *config, struct str text, struct err *e)
{
    void *member = (char *)config + key->offset;
    uint64_t value = 0;
    bool on = false;
    int rc = 0;
    switch (key->type) {
    case KEY_TEXT:
        return set_text(member, text);
    case KEY_SWITCH:
        rc = switch_of(text, &on, e);
        if (rc == 0)
            *(bool *)member = on;
        return rc;
    case KEY_NUMBER:
        rc = number_of(key, text, &value, e);
        break;
    case KEY_SIZE:
        rc = size_of(key, text, &value, e);
        break;
    case KEY_DURATION:
        rc = duration_of(key, text, &value, e);
        break;
    case KEY_WORD:
        rc = word_of(key, text, &value, e);
        break;
    }
    if (rc == 0)
        *(uint64_t *)member = value;
    return rc;
}

/* ---- names ----------------------------------------------------------------------------------- */

char *key_env_name(const struct key *key)
{
    static const char prefix[] = "SQUALL_";
    size_t before = sizeof prefix - 1, len = strlen(key->name);
    char *out = mem_alloc(before + len + 1);
    memcpy(out, prefix, before);
    for (size_t i = 0; i < len; i++)
        out[before + i] = (char)toupper((unsigned char)key->name[i]);
    return out;
}
