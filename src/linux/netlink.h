/* netlink.h - the kernel's network tables, by rtnetlink(7) messages.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LINUX_NETLINK_H
#define LINUX_NETLINK_H

/* A route netlink socket in the current network namespace, close-on-exec. */
int lx_netlink_open(void);

/* Sets the interface with this index up (RTM_NEWLINK with IFF_UP) and waits for the
 * kernel's acknowledgement. Index 1 is the loopback of every new namespace. */
int lx_netlink_link_up(int socket, int index);

#endif
