/* notify: tells the service manager how the daemon is (sd_notify(3)); does nothing without one. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

/* "READY=1", "STOPPING=1" */
void notify_manager(const char *state);

#endif
