/* rusage: runs a command and tells what it cost, so that every load generator is measured in the
 * same way: its user and system time and that of all its children that it waited for (threads and
 * worker processes alike).
 *
 * Usage: rusage COMMAND [ARG]... Writes one JSON object to descriptor 3 when the command has ended,
 * and exits with its code (or 128 and the number of the signal that ended it). The command ends
 * when this process does.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REPORT_FD = 3, EXEC_FAILED = 127 };

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static _Noreturn void become(char **command)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(command[0], command);
    fprintf(stderr, "rusage: %s: %s\n", command[0], strerror(errno));
    _exit(EXEC_FAILED);
}

int main(int argc, char **argv)
{
    if (argc < 2 || fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC) < 0) {
        fprintf(stderr, "usage: rusage COMMAND [ARG]... 3>FILE\n");
        return 2;
    }
    double begin_s = now_s();
    pid_t pid = fork();
    if (pid == 0)
        become(argv + 1);
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        fprintf(stderr, "rusage: %s\n", strerror(errno));
        return 1;
    }
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    dprintf(REPORT_FD, "{\"seconds\":%.6f,\"user_s\":%.6f,\"sys_s\":%.6f,\"max_rss_kib\":%ld}\n",
            now_s() - begin_s, seconds_of(used.ru_utime), seconds_of(used.ru_stime),
            used.ru_maxrss);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
