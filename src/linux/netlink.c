/* netlink.c - one request, one acknowledgement; see netlink.h and rtnetlink(7).
 *
 * Workshop: 07_net_namespace
 *
 * SPDX-License-Identifier: MIT
 */
#include "linux/netlink.h"

#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/result.h"
#include "linux/trace.h"

int
lx_netlink_open(void)
{
    int r = lx_result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    lx_trace("socket", r, "%s", "AF_NETLINK NETLINK_ROUTE");
    return r;
}

/* Sends one request and reads the kernel's answer to it: 0 or its -errno. */
static int
request(int socket_fd, struct nlmsghdr *message)
{
    message->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    message->nlmsg_seq = 1;
    int r = lx_result(send(socket_fd, message, message->nlmsg_len, 0));
    if (r < 0)
        return r;

    union {
        struct nlmsghdr header;
        char room[4096];
    } answer;
    r = lx_result(recv(socket_fd, &answer, sizeof answer, 0));
    if (r < 0)
        return r;
    if ((size_t)r < NLMSG_LENGTH(sizeof(struct nlmsgerr)) ||
        answer.header.nlmsg_type != NLMSG_ERROR)
        return -EPROTO;
    return ((struct nlmsgerr *)NLMSG_DATA(&answer.header))->error;
}

int
lx_netlink_link_up(int socket_fd, int index)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
    } message = {
        .header = {.nlmsg_len = sizeof message, .nlmsg_type = RTM_NEWLINK},
        .link = { .ifi_index = index,        .ifi_flags = IFF_UP,      .ifi_change = IFF_UP},
    };
    int r = request(socket_fd, &message.header);
    lx_trace("netlink", r, "RTM_NEWLINK index=%d IFF_UP", index);
    return r;
}
