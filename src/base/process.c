/* process: what a process asks of the scheduler. */
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "squall/base.h"

void process_ask_short_slices(void)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime_ns, deadline_ns, period_ns;
    } attr = {.size = sizeof attr, .runtime_ns = 100 * NS_PER_US};
    attr.nice = getpriority(PRIO_PROCESS, 0);
    syscall(SYS_sched_setattr, 0, &attr, 0);
}
