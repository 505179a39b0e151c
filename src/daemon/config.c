/* config: gathers the configuration from its sources: defaults, file, environment, command line,
 * and says what is wrong with it, every mistake with its place. The keys themselves are keys.c's.
 */
#include <errno.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_priv.h"
#include "keys.h"

static void problem(struct buf *problems, const char *place, const char *key, const char *sentence)
{
    buf_add_format(problems, "%s: %s%s%s\n", place, key, *key ? ": " : "", sentence);
}

/* ---- the file: lines of `key = value`, comments from a # at the beginning of a line -----------
 */

static void take_line(struct daemon_config *config, const char *place, struct str line,
                      struct buf *problems)
{
    struct err e;
    const char *nearest = NULL;
    const char *equals = memchr(line.ptr, '=', line.len);
    if (!equals)
        return problem(problems, place, "", "this line is not of the form key = value");
    size_t before = (size_t)(equals - line.ptr);
    struct str name = str_trim((struct str){line.ptr, before});
    struct str value = str_trim((struct str){equals + 1, line.len - before - 1});
    const struct key *key = key_find(name, &nearest);
    if (key) {
        if (key_set(key, config, value, &e) < 0)
            problem(problems, place, key->name, e.message);
        return;
    }
    err_set(&e, -EINVAL, "unknown key \"%.*s\"%s%s%s", (int)(name.len < 100 ? name.len : 100),
            name.ptr, nearest ? "; did you mean \"" : "", nearest ? nearest : "",
            nearest ? "\"?" : "");
    problem(problems, place, "", e.message);
}

/* A key given twice is a mistake: one of the two is not what the reader believes. */
static void look_for_repeats(struct str name, unsigned line, const char *place, unsigned *seen,
                             struct buf *problems)
{
    const char *nearest;
    const struct key *key = key_find(name, &nearest);
    if (!key)
        return;
    unsigned *first = &seen[key - keys];
    if (*first) {
        struct err e;
        err_set(&e, -EINVAL, "it was given in line %u already", *first);
        problem(problems, place, key->name, e.message);
    } else {
        *first = line;
    }
}

void config_take_text(struct daemon_config *config, const char *file, struct str text,
                      struct buf *problems)
{
    unsigned *seen = mem_alloc(key_count * sizeof *seen);
    for (unsigned number = 1; text.len > 0; number++) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end ? (size_t)(end - text.ptr) : text.len;
        struct str line = str_trim((struct str){text.ptr, len});
        text.ptr += len + (end ? 1 : 0);
        text.len -= len + (end ? 1 : 0);
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        char place[512];
        snprintf(place, sizeof place, "%s:%u", file, number);
        const char *equals = memchr(line.ptr, '=', line.len);
        if (equals)
            look_for_repeats(str_trim((struct str){line.ptr, (size_t)(equals - line.ptr)}), number,
                             place, seen, problems);
        take_line(config, place, line, problems);
    }
    free(seen);
}

static void take_file(struct daemon_config *config, const char *file, bool optional,
                      struct buf *problems)
{
    FILE *f = fopen(file, "re");
    if (!f) {
        if (!optional || errno != ENOENT)
            problem(problems, file, "", strerror(errno));
        return;
    }
    struct buf text;
    char chunk[4096];
    size_t n;
    buf_init(&text, DAEMON_CONFIG_FILE_MAX);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(&text, chunk, n);
    if (ferror(f))
        problem(problems, file, "", strerror(errno));
    else if (text.failed)
        problem(problems, file, "", "the file is over 1 MiB: it cannot be meant");
    else
        config_take_text(config, file, buf_str(&text), problems);
    buf_fini(&text);
    fclose(f);
}

/* ---- environment and flags ------------------------------------------------------------------- */

static const char *env_value(char *const *env, const char *name)
{
    size_t len = strlen(name);
    for (; env && *env; env++)
        if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
            return *env + len + 1;
    return NULL;
}

static void take_env(struct daemon_config *config, char *const *env, struct buf *problems)
{
    struct err e;
    for (size_t i = 0; i < key_count; i++) {
        char *name = key_env_name(&keys[i]);
        const char *value = env_value(env, name);
        if (value && key_set(&keys[i], config, str_of(value), &e) < 0)
            problem(problems, "environment", name, e.message);
        free(name);
    }
}

static void take_flags(struct daemon_config *config, const struct daemon_config_sources *s,
                       struct buf *problems)
{
    struct err e;
    const char *nearest;
    for (size_t i = 0; i < s->flag_count; i++) {
        const struct daemon_flag *flag = &s->flags[i];
        const struct key *key = key_find(str_of(flag->name), &nearest);
        char name[64];
        snprintf(name, sizeof name, "--%s", flag->name);
        if (!key)
            problem(problems, "command line", name, "there is no such key");
        else if (key_set(key, config, str_trim(str_of(flag->value ? flag->value : "true")), &e) < 0)
            problem(problems, "command line", name, e.message);
    }
}

/* ---- what must hold between the keys --------------------------------------------------------- */

bool config_is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *in6 = (const void *)address;
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        return in6->sin6_addr.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

int config_address(const struct daemon_config *config, struct sockaddr_storage *out, socklen_t *len,
                   struct err *e)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
    char port[16];
    snprintf(port, sizeof port, "%u", (unsigned)config->port);
    if (!config->listen[0])
        return err_set(e, -EINVAL, "an address is wanted, such as 127.0.0.1");
    int rc = getaddrinfo(config->listen, port, &hints, &found);
    if (rc != 0)
        return err_set(e, -EINVAL, "\"%s\" is no address of this machine, such as 127.0.0.1: %s",
                       config->listen, gai_strerror(rc));
    memcpy(out, found->ai_addr, found->ai_addrlen);
    *len = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

static void check_listen(const struct daemon_config *config, struct buf *problems)
{
    struct sockaddr_storage address;
    socklen_t len;
    struct err e;
    if (config_address(config, &address, &len, &e) < 0)
        return problem(problems, "configuration", "listen", e.message);
    if (config->allow_remote || config_is_loopback((const struct sockaddr *)&address))
        return;
    err_set(&e, -EINVAL,
            "\"%s\" can be reached from other machines, and Squall has no accounts and no TLS yet: "
            "whoever reaches it can start load tests. Listen on 127.0.0.1, or set allow_remote = "
            "true if that is what you want",
            config->listen);
    problem(problems, "configuration", "listen", e.message);
}

static void check_data_dir(struct daemon_config *config, struct buf *problems)
{
    if (config->data_dir[0])
        return;
    struct buf path;
    const char *base = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    buf_init(&path, 4096);
    if (geteuid() == 0)
        buf_add_text(&path, "/var/lib/squall");
    else if (base && base[0] == '/')
        buf_add_format(&path, "%s/squall", base);
    else if (home && home[0] == '/')
        buf_add_format(&path, "%s/.local/share/squall", home);
    else
        problem(problems, "configuration", "data_dir",
                "it is not set, and there is no HOME to put data under; set it to a directory, "
                "such as /var/lib/squall");
    if (path.len > 0) {
        config->data_dir_is_default = true;
        free(config->data_dir);
        config->data_dir = mem_copy_text(path.ptr, path.len);
    }
    buf_fini(&path);
}

static void check(struct daemon_config *config, struct buf *problems)
{
    check_listen(config, problems);
    check_data_dir(config, problems);
    if (config->max_parallel_runs > config->max_live_runs)
        config->max_parallel_runs = config->max_live_runs;
}

/* ---- for others ------------------------------------------------------------------------------ */

int daemon_config_load(struct daemon_config *config, const struct daemon_config_sources *s,
                       struct buf *problems)
{
    struct err e;
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < key_count; i++)
        if (key_set(&keys[i], config, str_of(keys[i].fallback), &e) < 0)
            problem(problems, "default", keys[i].name, e.message);
    const char *file = s->file ? s->file : env_value(s->env, "SQUALL_CONFIG");
    take_file(config, file ? file : DAEMON_CONFIG_FILE_DEFAULT, !file, problems);
    take_env(config, s->env, problems);
    take_flags(config, s, problems);
    check(config, problems);
    return problems->len > 0 ? -EINVAL : 0;
}

void daemon_config_fini(struct daemon_config *config)
{
    free(config->listen);
    free(config->allowed_hosts);
    free(config->data_dir);
    memset(config, 0, sizeof *config);
}

bool daemon_config_key(size_t i, struct daemon_key *out)
{
    static const char *const values[] = {
        [KEY_TEXT] = "TEXT",     [KEY_NUMBER] = "N",  [KEY_SIZE] = "SIZE",
        [KEY_DURATION] = "TIME", [KEY_SWITCH] = NULL, [KEY_WORD] = "WORD",
    };
    if (i >= key_count)
        return false;
    *out = (struct daemon_key){keys[i].name, values[keys[i].type], keys[i].fallback, keys[i].help};
    return true;
}
