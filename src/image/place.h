/* place.h - where in a layer an entry of the archive goes.
 *
 * Every name in the archive is hostile. place_parent turns it into a directory descriptor and
 * one plain last component: the kernel follows the parent's path with openat2 as if our root
 * were the root of everything, so neither "..", nor an absolute link, nor a link made a
 * moment ago leads out. What is in the way is removed, never written through (rule R1).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_PLACE_H
#define IMAGE_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

struct place {
    int root;           /* the layer's directory; the caller's */
    bool has_userxattr; /* overlay without privilege: "user.overlay." */
    char *path;         /* the entry's name, cleaned; "" is the root */
    char *parent;       /* path of parent_fd; NULL: none is open */
    int parent_fd;
    int64_t names;     /* of files, directories and whiteouts that are there */
    bool has_replaced; /* something that this layer made before */
};

void place_done(struct place *p);

/* Goes to the place that an entry's name says; ERR_INVALID: a name that is never right. */
int place_go(struct place *p, const char *name, struct err *e);

/* "/usr/./bin/" -> "usr/bin", "./" -> "". The caller frees *ret. ERR_INVALID: "..", nothing
 * between two '/', or too long. */
int place_clean(const char *name, char **ret, struct err *e);

/* The part of a clean path behind its last '/'. */
const char *place_last_part(const char *path);

/* The descriptor of the path's directory, made where it is missing, and the last component.
 * It stays open here: entries come directory by directory. */
int place_parent(struct place *p, const char **ret_name, struct err *e);

/* Opens a directory below the root, O_PATH; or -errno. */
int place_open(const struct place *p, const char *path);

/* Takes away what stands where something new is to be. 1 if it was a whiteout. */
int place_clear(struct place *p, int dir_fd, const char *name, struct err *e);

/* overlayfs then shows nothing of the lower layers in this directory; path is for messages. */
int place_make_opaque(const struct place *p, int dir_fd, const char *name, const char *path,
                      struct err *e);

bool place_is_whiteout(const struct stat *st);

/* Says why the entry of that name is not made; returns err_set's result. */
int place_refuse(struct err *e, const char *name, const char *why);

#endif
