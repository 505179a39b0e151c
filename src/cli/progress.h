/* progress: what `squalld run` shows on stderr while it runs: one line a second that is rewritten,
 * where stderr is a terminal, else a line every ten seconds.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "squall/hist.h"
#include "squall/run.h"

struct progress {
    bool quiet; /* shows nothing, save what is logged */
    bool live;
    int log_fd; /* for the log of the run: what is written here does not break the line */
    int log_read_fd;
    uint64_t errors; /* since the start */
    /* since the last line: */
    uint32_t seconds;
    uint64_t requests;
    struct hist latency;
};

void progress_init(struct progress *p, bool quiet);
void progress_fini(struct progress *p);

/* What is going to be done: the scenario's name and load, and by how many workers. */
void progress_begin(struct progress *p, const struct run *run);
void progress_second(struct progress *p, struct run *run, const struct result_second *s);
/* A sentence on a line of its own. */
void progress_say(struct progress *p, const char *sentence);
/* Removes the line that was rewritten, and writes what the log has left. */
void progress_end(struct progress *p);

#endif
