/* sampan-monitor.c - the door to src/monitor. Started by sampan, never by hand.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/monitor.h"

int
main(void)
{
    return monitor_main();
}
