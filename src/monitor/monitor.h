/* monitor.h - the small process that outlives its caller.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

/* The whole life of sampan-monitor, from its descriptors (enum monitor_fd) to its exit
 * status, which nobody looks at: everything is said over the socket and in state.json. */
int monitor_main(void);

#endif
