/* terminal.h - a container's terminal, from its own devpts.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_TERMINAL_H
#define RUNTIME_TERMINAL_H

#include "base/error.h"
#include "oci/spec.h"

struct terminal {
    int master; /* for the parent */
    int slave;  /* for the program: 0, 1, 2 */
};
#define auto_terminal __attribute__((cleanup(terminal_done))) struct terminal
void terminal_done(struct terminal *terminal);

/* A new pseudo-terminal on the devpts at /dev/pts below root, with process.consoleSize. */
int terminal_open(int root, const struct oci_process *process, struct terminal *ret,
                  struct err *e);

/* Puts the slave at /dev/console below root, by descriptor (CVE-2025-52565). */
int terminal_bind_console(int root, const struct terminal *terminal, struct err *e);

/* Makes the slave the controlling terminal of this session; its owner becomes uid. */
int terminal_take(const struct terminal *terminal, uint32_t uid, struct err *e);

/* Sends a master to the process behind a connected console socket, as OCI engines expect
 * it: one message with one descriptor. */
int terminal_send(int console_socket, int master, struct err *e);

#endif
