/* mount_words.h - the options of an OCI mount, from words to what the kernel takes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_MOUNT_WORDS_H
#define RUNTIME_MOUNT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct mount_options {
    uint64_t set, clear;                     /* MOUNT_ATTR_* of the mount itself */
    uint64_t recursive_set, recursive_clear; /* of it and of all mounts below */
    uint64_t propagation;                    /* MS_SHARED ... or 0 */
    bool is_propagation_recursive;
    unsigned long super;        /* MS_SYNCHRONOUS ...: of the file system itself */
    bool is_bind, is_recursive; /* bind, rbind */
    bool is_remount;            /* change what is mounted there */
    bool want_id_map, is_id_map_recursive; /* idmap, ridmap */
    bool want_copy_up;                     /* tmpcopyup */
    struct list data;                      /* for the file system: "size=64m" */
};
#define auto_mount_options __attribute__((cleanup(mount_options_done))) struct mount_options
void mount_options_done(struct mount_options *options);

/* Reads the words in their order; a later word undoes an earlier one. Words that we do not
 * know are the file system's; for a bind mount, which has none, they are an error. `field`
 * is named in the error ("mounts[3].options"). */
int mount_options_parse(const struct list *words, const char *field,
                        struct mount_options *ret, struct err *e);

/* All words that are understood, added to ret. */
void mount_options_known(struct list *ret);

/* MOUNT_ATTR_* as the MS_* flags of mount(2). */
unsigned long mount_attributes_to_flags(uint64_t attributes);

#endif
