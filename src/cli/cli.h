/* cli: the subcommands of squalld, one file each. Each takes its own words (argv[0] is its name)
 * and returns the process's exit code.
 */
#ifndef SQUALL_CLI_H
#define SQUALL_CLI_H

/* Exit codes, the same for every subcommand. */
enum {
    CLI_OK = 0,
    CLI_FAILED = 1, /* it ran, and thresholds or checks failed */
    CLI_USAGE = 2,  /* wrong usage, scenario or configuration */
    CLI_NOT_RUN = 3 /* it could not run */
};

int cli_serve(int argc, char **argv);
int cli_worker(int argc, char **argv);
int cli_run(int argc, char **argv);
int cli_target(int argc, char **argv);

#endif
