/* users.h - a user's name to numbers, by the container's own files.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_USERS_H
#define RUNTIME_USERS_H

#include "base/error.h"
#include "oci/spec.h"

struct users_found {
    uint32_t uid, gid;
    struct oci_ids groups; /* supplementary; v is the caller's to free */
    char *home;            /* from passwd, or NULL; the caller frees */
};
#define auto_users_found __attribute__((cleanup(users_found_done))) struct users_found
void users_found_done(struct users_found *found);

/* Resolves Docker's "user", "uid", "user:group", "uid:gid", ... with /etc/passwd and
 * /etc/group below root (rules R5, R6, R14): digits are always a number and never a name;
 * an unknown name is an error; an unknown number is fine, with group 0. The supplementary
 * groups are the primary one, those of `groups` (names or numbers; NULL for none) and,
 * without ":group", those that list the user as member. Called after pivot_root, root "/". */
int users_resolve(int root, const char *name, const struct list *groups,
                  struct users_found *ret, struct err *e);

#endif
