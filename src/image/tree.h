/* tree.h - walks a directory tree, or what an overlay's upper directory changes in the tree
 * below it.
 *
 * The tree may belong to a container that runs and changes it: everything is opened below
 * the root's descriptor, no link is followed, no other file system entered (rules R1, R12).
 * What goes away while we walk is left out.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_TREE_H
#define IMAGE_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

struct tree {
    int root_fd;   /* a directory */
    int lower_fd;  /* the merged tree that root_fd is the upper directory of; or NO_FD */
    bool is_upper; /* overlayfs' own marks (whiteouts, opaque) are marks */
};

enum tree_change { TREE_ADDED, TREE_CHANGED, TREE_DELETED };

struct tree_entry {
    enum tree_change change;
    const char *path; /* "etc/passwd"; "" is the root */
    int dir_fd;       /* of its directory, and its name there */
    const char *name;
    struct stat st; /* not of what is deleted */
    bool is_opaque; /* a directory that shows nothing of what lies below it */

    /* Of a directory that was there before: it is the same, its time too; and: it is the
     * same, but the engine may have made a place to mount on in it. */
    bool is_same, is_for_engine;
};

/* Calls visit for each entry, names in byte order, a directory before what is in it. With a
 * lower tree the entries are changes of it: what the engine itself put into every container
 * (/proc, /etc/hosts ...; see tree.c) is none. Without one every entry is TREE_ADDED. A
 * negative result of visit ends the walk. */
typedef int tree_visitor(const struct tree_entry *entry, void *data, struct err *e);
int tree_walk(const struct tree *tree, tree_visitor *visit, void *data, struct err *e);

/* Bytes in the files below dir_fd, a file of several names once; holes count. *ret_names,
 * if not NULL: how many names there are below it. */
int tree_size(int dir_fd, int64_t *ret, int64_t *ret_names, struct err *e);

/* Opens path below root_fd: no link on the way or at the end, nothing of another file
 * system. "" is the root itself. */
int tree_open(int root_fd, const char *path, int flags);

#endif
