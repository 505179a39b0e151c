/* target: `squalld target`: its options. The server itself is squall/target.h's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "options.h"
#include "squall/target.h"

static int set_listen(void *into, const char *name, const char *value, struct err *e)
{
    (void)name, (void)e;
    struct target_options *o = into;
    o->listen = value;
    return 0;
}

static int set_port(void *into, const char *name, const char *value, struct err *e)
{
    (void)name;
    struct target_options *o = into;
    uint64_t port;
    if (!str_to_u64(str_of(value), &port) || port > UINT16_MAX)
        return err_set(e, -EINVAL, "a port is a number from 0 to 65535");
    o->port = (uint16_t)port;
    return 0;
}

static int set_answer(void *into, const char *name, const char *value, struct err *e)
{
    struct target_options *o = into;
    return target_answer_set(&o->answer, str_of(name), str_of(value), e);
}

static int set_stall(void *into, const char *name, const char *value, struct err *e)
{
    (void)name;
    struct target_options *o = into;
    return target_stall_parse(str_of(value), &o->stall, e);
}

static int set_cert(void *into, const char *name, const char *value, struct err *e)
{
    (void)e;
    struct target_options *o = into;
    o->tls = true;
    if (strcmp(name, "cert") == 0)
        o->cert_file = value;
    else
        o->write_cert_file = value;
    return 0;
}

static int set_key(void *into, const char *name, const char *value, struct err *e)
{
    (void)name, (void)e;
    struct target_options *o = into;
    o->key_file = value;
    return 0;
}

static int set_log_max(void *into, const char *name, const char *value, struct err *e)
{
    enum { LOG_MAX_MAX = 1000000000 };
    (void)name;
    struct target_options *o = into;
    if (!str_to_u64(str_of(value), &o->log_max) || o->log_max < 1 || o->log_max > LOG_MAX_MAX)
        return err_set(e, -EINVAL, "a number from 1 to %d is wanted", LOG_MAX_MAX);
    o->log_arrivals = true;
    return 0;
}

static int set_switch(void *into, const char *name, const char *value, struct err *e)
{
    (void)value, (void)e;
    struct target_options *o = into;
    if (strcmp(name, "close") == 0)
        o->answer.close = true;
    else if (strcmp(name, "tls") == 0)
        o->tls = true;
    else if (strcmp(name, "log-arrivals") == 0)
        o->log_arrivals = true;
    else
        o->quiet = true;
    return 0;
}

static const struct option list[] = {
    {"listen", "ADDR", "address or name to listen on (127.0.0.1); :: is IPv6 and IPv4", set_listen},
    {"port", "N",
     "port (8081); 0 takes a free one. The first line on stdout tells it:\n"
     "listening on http://127.0.0.1:8081",
     set_port},
    {NULL, NULL, "\nWhat is answered where the request does not say otherwise:", NULL},
    {"delay", "DELAY",
     "how long an answer takes: 25ms, uniform:10ms,50ms, exp:20ms (mean),\n"
     "lognormal:20ms,0.5 (median, sigma)",
     set_answer},
    {"status", "N", "200 to 599 (200)", set_answer},
    {"bytes", "N", "of the body (12)", set_answer},
    {"chunked", "N", "send the body in N chunks", set_answer},
    {"close", NULL, "close the connection after each answer", set_switch},
    {"stall", "every=TIME,for=TIME",
     "freeze the whole server: from the first request on, in the middle of\n"
     "each period",
     set_stall},
    {NULL, NULL, "", NULL},
    {"tls", NULL, "with a certificate made at the start", set_switch},
    {"cert", "FILE", "with this one (PEM)", set_cert},
    {"key", "FILE", "the key of that certificate (PEM)", set_key},
    {"write-cert", "FILE", "write the certificate, for clients to trust", set_cert},
    {NULL, NULL, "", NULL},
    {"log-arrivals", NULL, "remember when each request arrived; say at the end how evenly they did",
     set_switch},
    {"log-max", "N", "so many at most (10000000)", set_log_max},
    {"quiet", NULL, "no summary at the end", set_switch},
    {0},
};

static const struct options options = {
    .command = "squalld target",
    .before = "Usage: squalld target [OPTION]...\n"
              "\n"
              "Serves HTTP/1.1 with a known behaviour, for load tests to be tried and checked "
              "against.\n"
              "\n",
    .after = "\n"
             "A request says what it wants by its path or, for any path, by its query:\n"
             "  /delay/25ms  /status/503  /bytes/1MiB  /chunked/5?bytes=1000  "
             "/?delay=exp:5ms&close=1\n"
             "  /echo  /echo?as=json  /stall?every=10s&for=1s  /fault/reset  (all faults: "
             "squalld-target(1))\n"
             "and tests ask: GET /_stats, GET /_arrivals?since=N, POST /_reset.\n"
             "\n"
             "SIGINT and SIGTERM end it, with a summary on stdout.\n",
    .list = list,
};

int cli_target(int argc, char **argv)
{
    struct target_options target;
    struct err e = {0};
    target_options_init(&target);
    int code = options_parse(&options, &target, argc, argv);
    if (code != OPTIONS_GO_ON)
        return code;
    if (!target.cert_file != !target.key_file)
        return options_refuse(&options, "--cert and --key go together");
    if (target_serve(&target, &e) < 0) {
        fprintf(stderr, "%s: %s\n", options.command, e.message);
        return CLI_NOT_RUN;
    }
    return CLI_OK;
}
