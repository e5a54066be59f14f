/* explain.h - every kernel call as a JSON line: the ear behind lx_trace_hook.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_EXPLAIN_H
#define RUNTIME_EXPLAIN_H

#include <stdint.h>

/* From here on each call of this process, and of the children it makes, becomes one line
 * on fd (opened with O_APPEND, so that lines of several processes do not mix), one write(2)
 * each. start_ns: the clock_monotonic_ns() from which `us` counts; handed down so that all
 * processes of one start count alike.
 *
 *     {"us":412,"who":"init","step":"make the image the root, and drop the host's",
 *      "level":"03_pivot_root","file":"src/runtime/pivot.c",
 *      "call":"pivot_root","args":". .","result":0}
 */
void explain_to(int fd, int64_t start_ns);

/* Moves the descriptor out of the way of what a program may inherit; -errno. */
int explain_fd(void); /* the descriptor, or NO_FD when nobody listens */

#endif
