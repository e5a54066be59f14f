/* die.h - say what went wrong, and stop.
 *
 * A message says what was tried and on what: die_errno("mount %s", target) prints
 * "rd: mount /tmp/x/proc: Permission denied" and ends the process with status 1.
 * In the child of a fork only the child ends: its parent sees the 1 in waitpid(2).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LIB_DIE_H
#define LIB_DIE_H

/* For what the user did wrong. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For a call that failed: adds what errno says. */
_Noreturn void die_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
