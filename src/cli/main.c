/* main: the table of subcommands, and what `squalld` says when none of them is asked for. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "squall/base.h"

static int cli_version(int argc, char **argv);
static int cli_help(int argc, char **argv);

static const struct {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"serve", cli_serve, "the daemon: dashboard and API, on http://127.0.0.1:8080"},
    {"run", cli_run, "one load test from the terminal: of a scenario file, or of a URL"},
    {"target", cli_target, "a small HTTP server of known behaviour, to test against"},
    {"worker", cli_worker, "the load engine; serve and run start it by themselves"},
    {"version", cli_version, "the version of this program"},
    {"help", cli_help, "this text; \"help COMMAND\" tells about one of them"},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static int find(const char *name)
{
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return i;
    return -1;
}

static void print_usage(FILE *out)
{
    fprintf(out, "Usage: squalld COMMAND [OPTION]...\n"
                 "\n"
                 "Squall tests how much load an HTTP server bears.\n"
                 "\n");
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-9s%s\n", commands[i].name, commands[i].help);
    fprintf(out, "\n"
                 "A first test, for ten seconds with five users:\n"
                 "  squalld run --url http://127.0.0.1:8081/ --users 5 --duration 10s\n"
                 "\n"
                 "\"squalld COMMAND --help\" lists the options of a command.\n");
}

static int unknown(const char *name)
{
    const char *names[COMMAND_COUNT + 1] = {NULL};
    for (int i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    const char *nearest = text_nearest(str_of(name), names);
    fprintf(stderr, "squalld: there is no command \"%.60s\"", name);
    if (nearest)
        fprintf(stderr, "; did you mean \"%s\"?", nearest);
    fprintf(stderr, "\nSee squalld --help.\n");
    return CLI_USAGE;
}

static int cli_version(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts("squalld " SQUALL_VERSION);
    return CLI_OK;
}

static int cli_help(int argc, char **argv)
{
    static char option[] = "--help";
    if (argc < 2) {
        print_usage(stdout);
        return CLI_OK;
    }
    int which = find(argv[1]);
    if (which < 0)
        return unknown(argv[1]);
    if (commands[which].main == cli_version || commands[which].main == cli_help)
        return cli_help(1, argv);
    char *words[] = {argv[1], option, NULL};
    return commands[which].main(2, words);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a peer or a worker that is gone is an error of write, no death */
    if (argc < 2) {
        print_usage(stderr);
        return CLI_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    else if (strcmp(name, "--version") == 0)
        name = "version";
    int which = find(name);
    return which < 0 ? unknown(name) : commands[which].main(argc - 1, argv + 1);
}
