/* states: names, deadlines and transitions of a run's states, in one table. */
#include "states.h"

enum { STATE_COUNT = RUN_CANCELLED + 1 };

#define BIT(state) (1u << (state))

static const struct {
    const char *text;
    uint64_t limit_ns;
    unsigned next;
} states[STATE_COUNT] = {
    [RUN_QUEUED] = {"queued", 0, BIT(RUN_PROVISIONING) | BIT(RUN_FAILED) | BIT(RUN_CANCELLED)},
    [RUN_PROVISIONING] = {"provisioning", 30 * NS_PER_S,
                          BIT(RUN_READY) | BIT(RUN_FAILED) | BIT(RUN_CANCELLED)},
    [RUN_READY] = {"ready", RUN_START_AHEAD_MS *NS_PER_MS,
                   BIT(RUN_RUNNING) | BIT(RUN_FAILED) | BIT(RUN_CANCELLED)},
    /* To failed at once: a daemon that finds, when it starts, a run that its predecessor left. */
    [RUN_RUNNING] = {"running", 10 * NS_PER_S,
                     BIT(RUN_COLLECTING) | BIT(RUN_FAILED) | BIT(RUN_CANCELLED)},
    [RUN_COLLECTING] = {"collecting", 10 * NS_PER_S, BIT(RUN_COMPLETE) | BIT(RUN_FAILED)},
    [RUN_COMPLETE] = {"complete", 0, 0},
    [RUN_FAILED] = {"failed", 0, 0},
    [RUN_CANCELLED] = {"cancelled", 0, 0},
};

const char *run_state_text(enum run_state state)
{
    return states[state].text;
}

bool run_state_of(struct str text, enum run_state *state)
{
    for (int s = 0; s < STATE_COUNT; s++) {
        if (str_eq_text(text, states[s].text)) {
            *state = (enum run_state)s;
            return true;
        }
    }
    return false;
}

bool run_state_final(enum run_state state)
{
    return states[state].next == 0;
}

bool run_state_may_follow(enum run_state from, enum run_state to)
{
    return states[from].next & BIT(to);
}

uint64_t run_state_limit_ns(enum run_state state)
{
    return states[state].limit_ns;
}
