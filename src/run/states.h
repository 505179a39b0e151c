/* states: the table behind the picture in squall/run.h. */
#ifndef RUN_STATES_H
#define RUN_STATES_H

#include "squall/run.h"

enum {
    RUN_START_AHEAD_MS = 250,  /* so that every worker has the start frame before its instant */
    RUN_CHANGE_AHEAD_MS = 300, /* and each change of level before its own */
    RUN_SILENT_S = 10,         /* a running worker ticks once a second */
    RUN_KILLED_S = 5,          /* from SIGKILL to the end of a process */
};

/* How long a state may last; for running, beyond the planned duration and the drain. Queued has
 * none here: whoever made the run begins it. */
uint64_t run_state_limit_ns(enum run_state state);

#endif
