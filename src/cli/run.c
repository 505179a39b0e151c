/* run: `squalld run`: one load test from the terminal, without a daemon. Puts together what others
 * do: the document (scenario.h), the run itself (squall/run.h), progress and summary. The exit code
 * tells how it went.
 */
#include "squall/run.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "junit.h"
#include "keys.h"
#include "options.h"
#include "progress.h"
#include "scenario.h"
#include "summary.h"

enum {
    WORKERS_MAX = 256,
    COMPLAINT_MAX = 1 << 20, /* bytes of all that is wrong with a scenario */
    JSON_DIGITS = 15,        /* of a number: as many as a double holds for sure */
};

/* What stops a run; the first of any of them does it gently, the second at once. */
static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

enum { STOP_SIGNAL_COUNT = sizeof stop_signals / sizeof stop_signals[0] };

struct job {
    struct scenario scenario;
    uint64_t workers;  /* 0: as many as the load needs */
    const char *json;  /* file for the result; "-": stdout; NULL: none */
    int json_fd;       /* -1: none */
    const char *junit; /* file for the verdicts; NULL: none */
    int junit_fd;
    bool quiet;
    uv_loop_t loop;
    uv_signal_t signals[STOP_SIGNAL_COUNT];
    bool interrupted;
    struct log log;
    struct progress progress;
    struct keys keys;
    struct run *run;
};

/* ---- options --------------------------------------------------------------------------------- */

static int set_text(void *into, const char *name, const char *value, struct err *e)
{
    (void)e;
    struct job *job = into;
    struct scenario *s = &job->scenario;
    const struct {
        const char *name, **place;
    } places[] = {
        {"url", &s->url},         {"method", &s->method},  {"body", &s->body},
        {"name", &s->name},       {"users", &s->users},    {"rate", &s->rate},
        {"ramp", &s->ramp},       {"json", &job->json},    {"duration", &s->duration},
        {"ca", &s->ca},           {"cert", &s->cert},      {"key", &s->key},
        {"proxy", &s->proxy},     {"unix", &s->unix_path}, {"http", &s->http},
        {"streams", &s->streams}, {"junit", &job->junit},  {"iterations", &s->iterations},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(places[i].name, name) == 0)
            *places[i].place = value;
    return 0;
}

static int add_header(void *into, const char *name, const char *value, struct err *e)
{
    (void)name;
    struct scenario *s = &((struct job *)into)->scenario;
    if (s->header_count == SCENARIO_HEADERS_MAX)
        return err_set(e, -EINVAL, "at most %d headers", SCENARIO_HEADERS_MAX);
    s->headers[s->header_count++] = value;
    return 0;
}

static int add_threshold(void *into, const char *name, const char *value, struct err *e)
{
    (void)name;
    struct scenario *s = &((struct job *)into)->scenario;
    if (s->threshold_count == SCENARIO_THRESHOLDS_MAX)
        return err_set(e, -EINVAL, "at most %d thresholds", SCENARIO_THRESHOLDS_MAX);
    s->thresholds[s->threshold_count++] = value;
    return 0;
}

static int add_connect_to(void *into, const char *name, const char *value, struct err *e)
{
    (void)name;
    struct scenario *s = &((struct job *)into)->scenario;
    if (s->connect_to_count == SCENARIO_CONNECT_TO_MAX)
        return err_set(e, -EINVAL, "at most %d of them", SCENARIO_CONNECT_TO_MAX);
    s->connect_to[s->connect_to_count++] = value;
    return 0;
}

static int set_flag(void *into, const char *name, const char *value, struct err *e)
{
    (void)value, (void)e;
    struct scenario *s = &((struct job *)into)->scenario;
    *(strcmp(name, "insecure") == 0 ? &s->insecure : &s->no_keepalive) = true;
    return 0;
}

static int set_workers(void *into, const char *name, const char *value, struct err *e)
{
    (void)name;
    struct job *job = into;
    if (!str_to_u64(str_of(value), &job->workers) || job->workers < 1 || job->workers > WORKERS_MAX)
        return err_set(e, -EINVAL, "a number from 1 to %d is wanted", WORKERS_MAX);
    return 0;
}

static int set_quiet(void *into, const char *name, const char *value, struct err *e)
{
    (void)name, (void)value, (void)e;
    ((struct job *)into)->quiet = true;
    return 0;
}

static int take_file(void *into, const char *word, struct err *e)
{
    struct job *job = into;
    if (job->scenario.file)
        return err_set(e, -EINVAL, "one scenario at a time; \"%.60s\" is a second one", word);
    job->scenario.file = word;
    return 0;
}

static const struct option list[] = {
    {NULL, NULL, "What to test, in place of a scenario:", NULL},
    {"url", "URL", "one request, over and over", set_text},
    {"method", "METHOD", "GET, or POST where there is a body", set_text},
    {"header", "'NAME: VALUE'", "a header; may be given several times", add_header},
    {"body", "TEXT|@FILE", "the request's body, or the file that has it", set_text},
    {"name", "NAME", "of the test (the URL)", set_text},
    {"http", "auto|1.1|2", "auto: HTTP/2 over TLS where the server speaks it", set_text},
    {"streams", "N", "users that share an HTTP/2 connection (1)", set_text},
    {NULL, NULL, "\nHow it is reached, in place of a scenario:", NULL},
    {"insecure", NULL, "accept any certificate", set_flag},
    {"ca", "FILE", "certificates to trust in place of the system's", set_text},
    {"cert", "FILE", "the client's certificate", set_text},
    {"key", "FILE", "its key, unless it is in the same file", set_text},
    {"connect-to", "HOST:PORT=ADDRESS:PORT", "connect to the second for the first", add_connect_to},
    {"proxy", "URL", "an HTTP proxy", set_text},
    {"unix", "PATH", "a Unix-domain socket to connect to", set_text},
    {"no-keepalive", NULL, "a fresh connection for each request", set_flag},
    {NULL, NULL, "\nHow much, in place of a scenario; TIME is 250ms, 30s, 5m, 1h30m:", NULL},
    {"users", "N", "closed model: N users, each sends when its last answer has come", set_text},
    {"rate", "N", "open model: N requests a second, whatever the server does", set_text},
    {"duration", "TIME", "how long, the ramp included", set_text},
    {"iterations", "N", "send N requests and end, or with the duration (an hour)", set_text},
    {"ramp", "TIME", "go up from 0 in this time", set_text},
    {NULL, NULL, "\nFor both:", NULL},
    {"workers", "N", "processes that make the load (as many as it needs, at most one a core)",
     set_workers},
    {"threshold", "'METRIC < LIMIT'",
     "what must hold, as 'latency p95 < 300ms', 'error rate < 1 %' or 'rate > 500/s';\n"
     "may be given several times, and then decides whether the test has passed",
     add_threshold},
    {"junit", "FILE", "write the verdicts as JUnit XML, for a CI server", set_text},
    {"json", "FILE|-", "write the result as JSON; with - the summary goes to stderr", set_text},
    {"quiet", NULL, "no progress, no summary", set_quiet},
    {0},
};

static const struct options options = {
    .command = "squalld run",
    .before = "Usage: squalld run SCENARIO.json|- [OPTION]...\n"
              "       squalld run --url URL (--users N | --rate N) --duration TIME [OPTION]...\n"
              "\n"
              "Runs one load test and sums it up. A scenario is a JSON document, see\n"
              "squall-scenario(5); - reads it from stdin.\n"
              "\n",
    .after =
        "\n"
        "Ctrl-C stops the test and sums up; twice, it ends at once. While the progress line\n"
        "shows, + and - change the level by 10 % of the planned one.\n"
        "\n"
        "Exit codes: 0 passed; 1 a threshold was broken, or, where there is none, a request or\n"
        "a check failed; 2 wrong usage or scenario; 3 it could not run.\n",
    .list = list,
    .word = take_file,
};

static const char *first_flag_of_target(const struct scenario *s)
{
    return s->insecure           ? "--insecure"
           : s->ca               ? "--ca"
           : s->cert             ? "--cert"
           : s->key              ? "--key"
           : s->connect_to_count ? "--connect-to"
           : s->proxy            ? "--proxy"
           : s->unix_path        ? "--unix"
           : s->no_keepalive     ? "--no-keepalive"
                                 : NULL;
}

static const char *first_flag_of_url(const struct scenario *s)
{
    return s->method         ? "--method"
           : s->header_count ? "--header"
           : s->body         ? "--body"
           : s->name         ? "--name"
           : s->http         ? "--http"
           : s->streams      ? "--streams"
           : s->users        ? "--users"
           : s->rate         ? "--rate"
           : s->duration     ? "--duration"
           : s->ramp         ? "--ramp"
           : s->iterations   ? "--iterations"
                             : first_flag_of_target(s);
}

/* The exit code, or OPTIONS_GO_ON. */
static int parse(struct job *job, int argc, char **argv)
{
    int code = options_parse(&options, job, argc, argv);
    const struct scenario *s = &job->scenario;
    if (code != OPTIONS_GO_ON)
        return code;
    if (s->file && s->url)
        return options_refuse(&options, "give a scenario or --url, not both");
    if (!s->file && !s->url)
        return options_refuse(&options, "what is to be tested? Give a scenario file, or --url URL");
    if (s->file && first_flag_of_url(s))
        return options_refuse(&options, "%s goes with --url; a scenario says it itself",
                              first_flag_of_url(s));
    return OPTIONS_GO_ON;
}

/* ---- while it runs --------------------------------------------------------------------------- */

static int on_state(void *owner, struct run *run, enum run_state to, const char *reason)
{
    (void)owner, (void)run, (void)to, (void)reason;
    return 0;
}

static void on_second(void *owner, struct run *run, const struct result_second *second)
{
    struct job *job = owner;
    progress_second(&job->progress, run, second);
}

static void on_finished(void *owner, struct run *run)
{
    (void)run;
    struct job *job = owner;
    keys_close(&job->keys);
    for (int i = 0; i < STOP_SIGNAL_COUNT; i++)
        uv_close((uv_handle_t *)&job->signals[i], NULL);
}

static const struct run_observer observer = {on_state, on_second, on_finished};

static void on_signal(uv_signal_t *handle, int number)
{
    struct job *job = handle->data;
    if (job->interrupted) { /* workers end when their stdin does: now */
        keys_close(&job->keys);
        progress_say(&job->progress, "Ended at once, without a result.");
        exit(CLI_NOT_RUN);
    }
    job->interrupted = true;
    progress_say(&job->progress, number == SIGINT
                                     ? "Stopping: requests in flight are waited for. Ctrl-C again "
                                       "ends it at once."
                                     : "Stopping: requests in flight are waited for.");
    run_stop(job->run, number == SIGINT ? "stopped by Ctrl-C" : "stopped by a signal");
}

static void on_key(void *owner, char key)
{
    struct job *job = owner;
    struct err e;
    uint64_t at_ns;
    char text[ERR_MESSAGE_MAX];
    if (key != '+' && key != '-')
        return;
    double tenths = round(run_factor(job->run) * 10) + (key == '+' ? 1 : -1);
    if (tenths < 0)
        return;
    if (run_change(job->run, tenths / 10, &at_ns, &e) < 0)
        snprintf(text, sizeof text, "%s", e.message);
    else
        snprintf(text, sizeof text, "From %.1f s on, the level is %.0f %% of the planned one.",
                 (double)at_ns / (double)NS_PER_S, tenths * 10);
    progress_say(&job->progress, text);
}

static void watch_signals(struct job *job)
{
    for (int i = 0; i < STOP_SIGNAL_COUNT; i++) {
        uv_signal_init(&job->loop, &job->signals[i]);
        job->signals[i].data = job;
        uv_signal_start(&job->signals[i], on_signal, stop_signals[i]);
    }
}

/* ---- before and after ------------------------------------------------------------------------ */

static int complain(const struct job *job, const struct buf *wrong)
{
    fwrite(wrong->ptr, 1, wrong->len, stderr);
    if (!job->scenario.file)
        fprintf(stderr, "See %s --help.\n", options.command);
    return CLI_USAGE;
}

/* Checks the document and makes the run of it. */
static int make_run(struct job *job)
{
    struct buf text, wrong;
    struct plan_problems problems;
    struct err e;
    char id[ID_SIZE];
    int code = OPTIONS_GO_ON;
    buf_init(&text, PLAN_DOCUMENT_MAX);
    buf_init(&wrong, COMPLAINT_MAX);
    plan_problems_init(&problems);
    id_new(id, clock_system());
    if (scenario_load(&job->scenario, &text, &wrong) < 0) {
        code = complain(job, &wrong);
    } else {
        struct run_options o = {
            .loop = &job->loop,
            .clock = clock_system(),
            .log = &job->log,
            .id = id,
            .scenario = buf_str(&text),
            .workers = (uint32_t)job->workers,
            .thresholds = job->scenario.thresholds,
            .threshold_count = job->scenario.threshold_count,
            .observer = &observer,
            .owner = job,
        };
        if (run_new(&o, &job->run, &problems, &e) < 0) {
            scenario_explain(&job->scenario, &problems, &wrong);
            if (problems.count == 0)
                buf_add_format(&wrong, "%s: %s\n", options.command, e.message);
            code = complain(job, &wrong);
        }
    }
    plan_problems_fini(&problems);
    buf_fini(&wrong);
    buf_fini(&text);
    return code;
}

static int open_for(const char *option, const char *path, int *fd)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (*fd < 0)
        return options_refuse(&options, "--%s: cannot write %s: %s", option, path, strerror(errno));
    return OPTIONS_GO_ON;
}

/* Before the run, so that it is not made in vain. */
static int open_files(struct job *job)
{
    int code = OPTIONS_GO_ON;
    if (job->json && strcmp(job->json, "-") == 0)
        job->json_fd = STDOUT_FILENO;
    else if (job->json)
        code = open_for("json", job->json, &job->json_fd);
    if (job->junit && code == OPTIONS_GO_ON)
        code = open_for("junit", job->junit, &job->junit_fd);
    return code;
}

static int write_json(struct job *job, const json_t *result)
{
    int fd = job->json_fd;
    if (fd < 0)
        return 0;
    /* What was there is replaced only now, so that a run that never was leaves it as it is. */
    if (fd != STDOUT_FILENO && ftruncate(fd, 0) < 0 && errno != EINVAL) /* no regular file */
        return -errno;
    errno = EIO; /* should no call say why */
    if (json_dumpfd(result, fd, JSON_INDENT(2) | JSON_REAL_PRECISION(JSON_DIGITS)) < 0 ||
        write(fd, "\n", 1) != 1)
        return -errno;
    return fd != STDOUT_FILENO && close(fd) < 0 ? -errno : 0;
}

static int write_junit(struct job *job, const json_t *result)
{
    if (job->junit_fd < 0)
        return 0;
    struct buf text;
    buf_init(&text, JUNIT_MAX);
    junit_add(&text, run_plan(job->run)->name.ptr, result);
    errno = EIO;
    bool written = (ftruncate(job->junit_fd, 0) == 0 || errno == EINVAL) &&
                   write(job->junit_fd, text.ptr, text.len) == (ssize_t)text.len;
    int rc = written ? 0 : -errno;
    buf_fini(&text);
    return close(job->junit_fd) < 0 && rc == 0 ? -errno : rc;
}

static void print_summary(struct job *job, const json_t *result)
{
    FILE *to = job->json_fd == STDOUT_FILENO ? stderr : stdout;
    struct terminal t;
    struct buf text;
    terminal_look(&t, fileno(to));
    buf_init(&text, SUMMARY_MAX);
    summary_add(&text, run_plan(job->run)->name.ptr, result, &t);
    fwrite(text.ptr, 1, text.len, to);
    fflush(to);
    buf_fini(&text);
}

static int exit_code_of(const struct run *run)
{
    if (run_state(run) != RUN_COMPLETE)
        return CLI_NOT_RUN;
    return run_passed(run) ? CLI_OK : CLI_FAILED;
}

static int report(struct job *job)
{
    int code = exit_code_of(job->run);
    json_t *result = run_document(job->run);
    if (!job->quiet)
        print_summary(job, result);
    else if (code == CLI_NOT_RUN)
        fprintf(stderr, "%s: %s\n", options.command, run_reason(job->run));
    int json = write_json(job, result), junit = write_junit(job, result);
    json_decref(result);
    if (json < 0)
        fprintf(stderr, "%s: --json: cannot write %s: %s\n", options.command, job->json,
                strerror(-json));
    if (junit < 0)
        fprintf(stderr, "%s: --junit: cannot write %s: %s\n", options.command, job->junit,
                strerror(-junit));
    return json < 0 || junit < 0 ? CLI_NOT_RUN : code;
}

/* Runs what was made, to its end. */
static int run_to_end(struct job *job)
{
    struct err e;
    watch_signals(job);
    if (job->progress.live)
        keys_open(&job->keys, &job->loop, on_key, job);
    progress_begin(&job->progress, job->run);
    if (run_begin(job->run, &e) < 0) {
        fprintf(stderr, "%s: %s\n", options.command, e.message);
        return CLI_NOT_RUN;
    }
    uv_run(&job->loop, UV_RUN_DEFAULT);
    progress_end(&job->progress);
    return report(job);
}

int cli_run(int argc, char **argv)
{
    struct job job = {.json_fd = -1, .junit_fd = -1};
    int code = parse(&job, argc, argv);
    if (code != OPTIONS_GO_ON)
        return code;
    uv_loop_init(&job.loop);
    progress_init(&job.progress, job.quiet);
    log_init(&job.log, job.progress.log_fd, LOG_WARN, clock_system());
    code = make_run(&job);
    if (code == OPTIONS_GO_ON)
        code = open_files(&job);
    if (code == OPTIONS_GO_ON)
        code = run_to_end(&job);
    run_free(job.run);
    progress_fini(&job.progress);
    uv_loop_close(&job.loop);
    return code;
}
