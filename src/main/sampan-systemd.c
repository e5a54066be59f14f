/* sampan-systemd.c - the door to systemd, for the runtime's systemd cgroup driver.
 *
 * A program of its own because the start path links no libraries (docs/decisions/0003,
 * 0012). Standard input is a socket to the runtime.
 *
 * SPDX-License-Identifier: MIT
 */
#include <unistd.h>

#include "runtime/systemd_bus.h"

int
main(void)
{
    return systemd_bus_serve(STDIN_FILENO);
}
