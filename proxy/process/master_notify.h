/* What systemd is told, see sd_notify(3): nothing, where it did not ask. */
#ifndef PROXY_PROCESS_MASTER_NOTIFY_H
#define PROXY_PROCESS_MASTER_NOTIFY_H

/* Sends `state`, such as "READY=1", to $NOTIFY_SOCKET. */
void master_notify(const char *state);

/* Says that the configuration is being read again, and since when. */
void master_notify_reloading(void);

#endif
