/* seccomp_notice.h - handing the notification descriptor of a filter to whoever answers for
 * the calls that say SCMP_ACT_NOTIFY (runtime-spec, config-linux.md, "Seccomp"; seccomp(2),
 * SECCOMP_FILTER_FLAG_NEW_LISTENER).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_SECCOMP_NOTICE_H
#define RUNTIME_SECCOMP_NOTICE_H

#include "base/error.h"
#include "base/text.h"
#include "oci/state.h"
#include "runtime/seccomp.h"

/* The message and where it goes. Empty (NO_NOTICE) where no rule wants to notify. */
struct seccomp_notice {
    int socket; /* connected to linux.seccomp.listenerPath */
    int proc;   /* the host's /proc */
    struct text message;
};
#define NO_NOTICE   ((struct seccomp_notice){.socket = NO_FD, .proc = NO_FD})
#define auto_notice __attribute__((cleanup(seccomp_notice_done))) struct seccomp_notice
void seccomp_notice_done(struct seccomp_notice *notice);

/* Parent, in the host's namespaces: checks that the filter lets the message through, and
 * connects. Nothing is done for a program without a listener. */
int seccomp_notice_connect(const struct oci_seccomp *profile,
                           const struct seccomp_program *program,
                           struct seccomp_notice *ret, struct err *e);

/* Child: writes the container process state, with our pid as the host knows it; state->pid 0
 * means the same. */
int seccomp_notice_write(struct seccomp_notice *notice, const struct oci_seccomp *profile,
                         const struct oci_state *state, struct err *e);

/* Child, the filter is on: sends the message with `listener`. Closing is left to the exec:
 * each call from here on is filtered. */
int seccomp_notice_send(const struct seccomp_notice *notice, int listener, struct err *e);

#endif
