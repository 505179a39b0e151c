/* daemon: puts the parts together, says when they are ready, and takes them down in order: no new
 * run, the live ones stopped, their watchers told, the connections closed, the store last.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"
#include "http.h"
#include "janitor.h"
#include "notify.h"

enum {
    LOOK_MS = 50,      /* how often the end looks whether it can go on */
    GOODBYE_MS = 2000, /* for answers and streams that are under way */
};

/* How far the end has come. */
enum ending {
    ENDING_NOT,
    ENDING_RUNS,     /* waits for live runs */
    ENDING_REQUESTS, /* waits for answers and work that are under way */
    ENDING_DONE,
};

struct serving {
    struct daemon daemon;
    uv_signal_t terminate, interrupt;
    uv_timer_t look;
    enum ending ending;
    uint64_t deadline_ns; /* of the step of the end */
    bool abandoned;       /* a run was left behind */
};

static uint64_t now_ns(struct serving *s)
{
    return clock_mono_ns(s->daemon.clock);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void close_parts(struct serving *s)
{
    s->ending = ENDING_DONE;
    http_stop(s->daemon.http);
    control_close(s->daemon.control);
    janitor_close(s->daemon.janitor);
    uv_close((uv_handle_t *)&s->terminate, NULL);
    uv_close((uv_handle_t *)&s->interrupt, NULL);
    uv_close((uv_handle_t *)&s->look, NULL);
}

static void end_runs(struct serving *s)
{
    bool late = now_ns(s) >= s->deadline_ns;
    if (control_busy(s->daemon.control) && !late)
        return;
    if (control_busy(s->daemon.control)) {
        log_warn(&s->daemon.log, "live runs did not end in time", NULL);
        control_abandon(s->daemon.control, "the daemon was stopped before the run had ended");
        s->abandoned = true;
        uv_stop(&s->daemon.loop);
        return;
    }
    http_quiesce(s->daemon.http);
    s->ending = ENDING_REQUESTS;
    s->deadline_ns = now_ns(s) + GOODBYE_MS * NS_PER_MS;
}

/* Work on the pool is waited for in any case: its connection is suspended until it is done. */
static void end_requests(struct serving *s)
{
    bool late = now_ns(s) >= s->deadline_ns;
    if (s->daemon.jobs == 0 && (late || http_requests(s->daemon.http) == 0))
        close_parts(s);
}

static void on_look(uv_timer_t *timer)
{
    struct serving *s = timer->data;
    if (s->ending == ENDING_RUNS)
        end_runs(s);
    if (s->ending == ENDING_REQUESTS)
        end_requests(s);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct serving *s = signal->data;
    if (s->ending != ENDING_NOT) {
        s->deadline_ns = now_ns(s); /* a second one: at once */
        return;
    }
    log_info(&s->daemon.log, "stopping", "signal", number == SIGINT ? "SIGINT" : "SIGTERM", NULL);
    notify_manager("STOPPING=1");
    s->ending = ENDING_RUNS;
    s->daemon.stopping = true;
    s->deadline_ns = now_ns(s) + s->daemon.config->stop_timeout_ns;
    control_stop_all(s->daemon.control, "the daemon was stopped");
    uv_timer_start(&s->look, on_look, 0, LOOK_MS);
}

/* ---- the beginning --------------------------------------------------------------------------- */

/* For the default of data_dir only: elsewhere a missing parent is more likely a mistyped path. */
static int make_parents(const struct daemon_config *config, struct err *e)
{
    char *path = mem_copy_text(config->data_dir, strlen(config->data_dir));
    int rc = 0;
    for (char *slash = strchr(path + 1, '/'); slash && rc == 0; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            rc = err_set(e, -errno, "cannot make the directory %s: %s (set data_dir to another)",
                         path, strerror(errno));
        *slash = '/';
    }
    free(path);
    return rc;
}

static int open_store(struct daemon *d, struct err *e)
{
    uint32_t failed = 0;
    if (d->config->data_dir_is_default && make_parents(d->config, e) < 0)
        return -1;
    if (store_open(d->config->data_dir, d->clock, &d->log, &d->store, e) < 0)
        return -1;
    struct err why;
    if (store_recover(d->store, &failed, &why) < 0)
        log_error(&d->log, "runs that were interrupted cannot be closed", "error", why.message,
                  NULL);
    if (failed > 0) {
        char count[16];
        snprintf(count, sizeof count, "%u", failed);
        log_warn(&d->log, "runs were interrupted and are marked failed", "runs", count, NULL);
    }
    return 0;
}

/* A connection each for streams, and three pipes a worker. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void watch_signals(struct serving *s)
{
    uv_loop_t *loop = &s->daemon.loop;
    uv_signal_init(loop, &s->terminate);
    uv_signal_init(loop, &s->interrupt);
    uv_timer_init(loop, &s->look);
    s->terminate.data = s->interrupt.data = s->look.data = s;
    uv_signal_start(&s->terminate, on_signal, SIGTERM);
    uv_signal_start(&s->interrupt, on_signal, SIGINT);
}

static int start(struct serving *s, const struct daemon_config *config, struct err *e)
{
    struct daemon *d = &s->daemon;
    d->config = config;
    d->clock = clock_system();
    d->started_ns = clock_wall_ns(d->clock);
    log_init(&d->log, STDERR_FILENO, (enum log_level)config->log_level, d->clock);
    d->log.format = (enum log_format)config->log_format;
    mallopt(M_ARENA_MAX, 2);  /* not one for each thread of the pool, which mostly rests */
    signal(SIGPIPE, SIG_IGN); /* a worker or a client that is gone is an error of write */
    raise_descriptor_limit();
    if (open_store(d, e) < 0)
        return -1;
    uv_loop_init(&d->loop);
    if (http_start(d, &d->http, e) < 0) {
        uv_loop_close(&d->loop);
        store_close(d->store);
        return -1;
    }
    control_open(d, &d->control);
    janitor_open(d, &d->janitor);
    watch_signals(s);
    return 0;
}

static void announce(struct daemon *d)
{
    printf("listening on %s\n", http_url(d->http));
    fflush(stdout);
    notify_manager("READY=1");
    log_info(&d->log, "ready", "version", SQUALL_VERSION, "url", http_url(d->http), "data",
             d->config->data_dir, NULL);
}

int daemon_serve(const struct daemon_config *config, struct err *e)
{
    struct serving *s = mem_alloc(sizeof *s);
    if (start(s, config, e) < 0) {
        free(s);
        return -1;
    }
    announce(&s->daemon);
    uv_run(&s->daemon.loop, UV_RUN_DEFAULT);
    log_info(&s->daemon.log, "stopped", NULL);
    store_close(s->daemon.store);
    if (s->abandoned)
        return 0; /* its workers end with this process; there is nothing to take down in order */
    uv_loop_close(&s->daemon.loop);
    free(s);
    return 0;
}
