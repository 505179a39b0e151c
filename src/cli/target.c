/* target: `squalld target`: its options. The server itself is squall/target.h's. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "cli.h"
#include "squall/target.h"

static const char help[] =
    "Usage: squalld target [OPTION]...\n"
    "\n"
    "Serves HTTP/1.1 with a known behaviour, for load tests to be tried and checked against.\n"
    "\n"
    "  --listen ADDR      address or name to listen on (127.0.0.1); :: is IPv6 and IPv4\n"
    "  --port N           port (8081); 0 takes a free one. The first line on stdout tells it:\n"
    "                     listening on http://127.0.0.1:8081\n"
    "\n"
    "What is answered where the request does not say otherwise:\n"
    "  --delay DELAY      how long an answer takes: 25ms, uniform:10ms,50ms, exp:20ms (mean),\n"
    "                     lognormal:20ms,0.5 (median, sigma)\n"
    "  --status N         200 to 599 (200)\n"
    "  --bytes N          of the body (12)\n"
    "  --chunked N        send the body in N chunks\n"
    "  --close            close the connection after each answer\n"
    "  --stall every=TIME,for=TIME\n"
    "                     freeze the whole server: from the first request on, in the middle of\n"
    "                     each period\n"
    "\n"
    "  --tls              with a certificate made at the start\n"
    "  --cert FILE        with this one (PEM); --key FILE is its key\n"
    "  --write-cert FILE  write the certificate, for clients to trust\n"
    "\n"
    "  --log-arrivals     remember when each request arrived; say at the end how evenly they did\n"
    "  --log-max N        so many at most (10000000)\n"
    "  --quiet            no summary at the end\n"
    "  --help             this text\n"
    "\n"
    "A request says what it wants by its path or, for any path, by its query:\n"
    "  /delay/25ms  /status/503  /bytes/1MiB  /chunked/5?bytes=1000  /?delay=exp:5ms&close=1\n"
    "  /echo  /echo?as=json  /stall?every=10s&for=1s  /fault/reset  (all faults: "
    "squalld-target(1))\n"
    "and tests ask: GET /_stats, GET /_arrivals?since=N, POST /_reset.\n"
    "\n"
    "SIGINT and SIGTERM end it, with a summary on stdout.\n";

static const struct option long_options[] = {
    {"listen", required_argument, NULL, 'l'},
    {"port", required_argument, NULL, 'p'},
    {"delay", required_argument, NULL, 'a'},
    {"status", required_argument, NULL, 'a'},
    {"bytes", required_argument, NULL, 'a'},
    {"chunked", required_argument, NULL, 'a'},
    {"close", no_argument, NULL, 'C'},
    {"stall", required_argument, NULL, 's'},
    {"tls", no_argument, NULL, 't'},
    {"cert", required_argument, NULL, 'c'},
    {"key", required_argument, NULL, 'k'},
    {"write-cert", required_argument, NULL, 'w'},
    {"log-arrivals", no_argument, NULL, 'L'},
    {"log-max", required_argument, NULL, 'm'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int set_port(struct target_options *o, struct str value, struct err *e)
{
    uint64_t port;
    if (!str_to_u64(value, &port) || port > UINT16_MAX)
        return err_set(e, -EINVAL, "a port is a number from 0 to 65535");
    o->port = (uint16_t)port;
    return 0;
}

static int set_log_max(struct target_options *o, struct str value, struct err *e)
{
    enum { LOG_MAX_MAX = 1000000000 };
    if (!str_to_u64(value, &o->log_max) || o->log_max < 1 || o->log_max > LOG_MAX_MAX)
        return err_set(e, -EINVAL, "a number from 1 to %d is wanted", LOG_MAX_MAX);
    o->log_arrivals = true;
    return 0;
}

static int set_option(struct target_options *o, int letter, const char *name, struct err *e)
{
    struct str value = str_of(optarg);
    switch (letter) {
    case 'l':
        o->listen = optarg;
        return 0;
    case 'p':
        return set_port(o, value, e);
    case 'a':
        return target_answer_set(&o->answer, str_of(name), value, e);
    case 'C':
        o->answer.close = true;
        return 0;
    case 's':
        return target_stall_parse(value, &o->stall, e);
    case 't':
        o->tls = true;
        return 0;
    case 'c':
        o->tls = true;
        o->cert_file = optarg;
        return 0;
    case 'k':
        o->key_file = optarg;
        return 0;
    case 'w':
        o->tls = true;
        o->write_cert_file = optarg;
        return 0;
    case 'L':
        o->log_arrivals = true;
        return 0;
    case 'm':
        return set_log_max(o, value, e);
    default:
        o->quiet = true;
        return 0;
    }
}

/* -EINVAL without a sentence when getopt has said it already. */
static int parse(struct target_options *o, bool *wants_help, int argc, char **argv, struct err *e)
{
    int letter, which = 0;
    while ((letter = getopt_long(argc, argv, "", long_options, &which)) != -1) {
        if (letter == '?')
            return -EINVAL;
        if (letter == 'h') {
            *wants_help = true;
            return 0;
        }
        if (set_option(o, letter, long_options[which].name, e) < 0)
            return err_prefix(e, "--%s", long_options[which].name);
    }
    if (optind < argc)
        return err_set(e, -EINVAL, "\"%s\" is no option", argv[optind]);
    if (!o->cert_file != !o->key_file)
        return err_set(e, -EINVAL, "--cert and --key go together");
    return 0;
}

int cli_target(int argc, char **argv)
{
    static char name[] = "squalld target"; /* what getopt begins its sentences with */
    struct target_options options;
    struct err e = {0};
    bool wants_help = false;
    argv[0] = name;
    target_options_init(&options);
    if (parse(&options, &wants_help, argc, argv, &e) < 0) {
        if (e.message[0])
            fprintf(stderr, "%s: %s\n", name, e.message);
        fprintf(stderr, "See %s --help.\n", name);
        return CLI_USAGE;
    }
    if (wants_help) {
        fputs(help, stdout);
        return CLI_OK;
    }
    if (target_serve(&options, &e) < 0) {
        fprintf(stderr, "%s: %s\n", name, e.message);
        return CLI_NOT_RUN;
    }
    return CLI_OK;
}
