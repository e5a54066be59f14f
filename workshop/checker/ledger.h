/* ledger.h - what the checker made outside of its namespaces, so that it can be removed.
 *
 * Namespaces go when their last process goes, with all that is mounted in them. Only
 * control groups, and switches in their parents, stay when the checker is killed. Each is
 * written down before it is made; with its identity (device and inode) once it is there.
 *
 *   work/.check/ledger-PID
 *     run PID START         who writes this file, and when that process started
 *     group PATH            about to be made
 *     made DEV INODE PATH   it is there
 *     switch PATH WORD      about to be written: "+cpu" into a cgroup.subtree_control
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>

/* Starts a new ledger in a directory, which is made. Returns 0 or -errno. */
int ledger_open(const char *directory);

/* mkdir of a control group, written down. Returns 0 or -errno. */
int ledger_make_group(const char *path);

/* Turns a controller on in a cgroup.subtree_control, written down. Returns 0 or -errno. */
int ledger_switch_on(const char *path, const char *controller);

/* Removes what the ledger lists, then the ledger. What can't be removed stays listed, and
 * -EBUSY is returned. */
int ledger_close(void);

/* The same for the ledgers of runs that were killed. Calls say for each line of news;
 * returns the number of things that could not be removed. */
int ledger_clean(const char *directory, void (*say)(const char *what, const char *path));

/* Removes the groups below one that we made, but for the one with this name (or NULL). */
void ledger_empty_group(const char *path, const char *keep);

#endif
