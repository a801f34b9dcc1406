/*
 * The auditor: the process that alone writes the audit logs. Workers send it records, the master gives it the files. A
 * file only ever gets whole lines, each once: where the disk is full the line waits, and with it, once much waits, the
 * workers.
 */
#ifndef PROXY_PROCESS_AUDITOR_H
#define PROXY_PROCESS_AUDITOR_H

/*
 * Runs until the channel to the master and every worker's end of its line (AF_UNIX, SOCK_SEQPACKET, with the packets of
 * proxy/audit/audit_packet.h) are closed, and all has been written; what cannot be written then is lost after some
 * seconds. Over the channel come the files, open for reading and appending, at the start and again after a rotation,
 * and then the lines, each with its worker's process id. To each record that audit_check() takes the auditor adds that,
 * as "worker"; what it does not take is dropped. Returns the process's exit status.
 */
int auditor_run(int control_fd);

#endif
