/* systemd_bus.h - the bus side of the systemd cgroup driver, in the helper sampan-systemd.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_SYSTEMD_BUS_H
#define RUNTIME_SYSTEMD_BUS_H

/* Answers requests (cgroup_systemd.c) that come over `socket` until the other side leaves
 * or says so with a message of one byte. Returns the exit status. */
int systemd_bus_serve(int socket);

#endif
