/* engine: the worker, one process on one core on one libuv loop. Reads a plan from `in_fd`, runs
 * its share of the load, writes frames to `out_fd`. Knows nothing of the daemon, the store or AWS,
 * and ends when `in_fd` does.
 */
#ifndef SQUALL_ENGINE_H
#define SQUALL_ENGINE_H

/* Runs to the end. Returns the process's exit code: 0 after `done` was written, 3 otherwise. */
int engine_main(int in_fd, int out_fd);

#endif
