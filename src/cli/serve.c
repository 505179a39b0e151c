/* serve: `squalld serve`: its options, which are the configuration's keys. The daemon itself is
 * squall/daemon.h's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "options.h"
#include "squall/daemon.h"

enum { FLAGS_MAX = 64 };

struct serve {
    const char *file;
    bool only_check;
    struct daemon_flag flags[FLAGS_MAX];
    size_t flag_count;
};

/* The keys as options: names and explanations in the form that options.c wants. */
struct key_options {
    struct option list[FLAGS_MAX];
    char *texts[2 * FLAGS_MAX];
    size_t text_count;
};

static int set_file(void *into, const char *name, const char *value, struct err *e)
{
    (void)name, (void)e;
    ((struct serve *)into)->file = value;
    return 0;
}

static int set_check(void *into, const char *name, const char *value, struct err *e)
{
    (void)name, (void)value, (void)e;
    ((struct serve *)into)->only_check = true;
    return 0;
}

static int set_flag(void *into, const char *name, const char *value, struct err *e)
{
    struct serve *serve = into;
    if (serve->flag_count == FLAGS_MAX)
        return err_set(e, -E2BIG, "more than %d options cannot be meant", FLAGS_MAX);
    serve->flags[serve->flag_count++] = (struct daemon_flag){name, value};
    return 0;
}

static void add_wrapped(struct buf *out, const char *text)
{
    enum { WIDTH = 72 };
    size_t column = 0;
    while (*text) {
        size_t len = strcspn(text, " ");
        if (column + len > WIDTH) {
            buf_add_text(out, "\n");
            column = 0;
        } else if (column > 0) {
            buf_add_text(out, " ");
        }
        buf_add(out, text, len);
        column += len + 1;
        text += len + strspn(text + len, " ");
    }
}

static void add_key(struct key_options *o, size_t at, const struct daemon_key *key)
{
    struct buf help;
    char *name = mem_copy_text(key->name, strlen(key->name));
    for (char *c = name; *c; c++)
        if (*c == '_')
            *c = '-';
    buf_init(&help, 4096);
    add_wrapped(&help, key->help);
    if (key->value && key->fallback[0])
        buf_add_format(&help, " (%s)", key->fallback);
    o->texts[o->text_count++] = name;
    o->texts[o->text_count++] = help.ptr;
    o->list[at] = (struct option){name, key->value, help.ptr, set_flag};
}

static void key_options_init(struct key_options *o)
{
    size_t at = 0;
    struct daemon_key key;
    memset(o, 0, sizeof *o);
    o->list[at++] = (struct option){
        "config", "FILE",
        "the configuration file (SQUALL_CONFIG, else " DAEMON_CONFIG_FILE_DEFAULT "\n"
        "if it is there)",
        set_file};
    o->list[at++] =
        (struct option){"check-config", NULL,
                        "say what is wrong with the configuration, and serve nothing", set_check};
    o->list[at++] =
        (struct option){.help = "\nThe keys of the configuration file, each an option:"};
    for (size_t i = 0; daemon_config_key(i, &key) && at + 1 < FLAGS_MAX; i++)
        add_key(o, at++, &key);
}

static void key_options_fini(struct key_options *o)
{
    for (size_t i = 0; i < o->text_count; i++)
        free(o->texts[i]);
}

static int serve(const struct serve *s)
{
    struct daemon_config_sources sources = {s->file, environ, s->flags, s->flag_count};
    struct daemon_config config;
    struct buf problems;
    struct err e = {0};
    int code = CLI_OK;
    buf_init(&problems, DAEMON_CONFIG_PROBLEMS_MAX);
    if (daemon_config_load(&config, &sources, &problems) < 0) {
        fputs(problems.ptr, stderr);
        code = CLI_USAGE;
    } else if (s->only_check) {
        puts("The configuration is right.");
    } else if (daemon_serve(&config, &e) < 0) {
        fprintf(stderr, "squalld serve: %s\n", e.message);
        code = CLI_NOT_RUN;
    }
    daemon_config_fini(&config);
    buf_fini(&problems);
    return code;
}

int cli_serve(int argc, char **argv)
{
    struct key_options keys;
    struct serve s = {0};
    key_options_init(&keys);
    struct options options = {
        .command = "squalld serve",
        .before =
            "Usage: squalld serve [OPTION]...\n"
            "\n"
            "The daemon: dashboard and API on one address. The first line on stdout tells it:\n"
            "  listening on http://127.0.0.1:8080\n"
            "SIGINT and SIGTERM end it, and with it the runs that are under way.\n"
            "\n",
        .after =
            "\n"
            "Each key can also come from the environment: SQUALL_MAX_LIVE_RUNS=8. The command\n"
            "line prevails over the environment, and that over the file; squalld.conf(5).\n",
        .list = keys.list,
    };
    int code = options_parse(&options, &s, argc, argv);
    if (code == OPTIONS_GO_ON)
        code = serve(&s);
    key_options_fini(&keys);
    return code;
}
