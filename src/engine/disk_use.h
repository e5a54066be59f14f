/* disk_use.h - what takes how much of the disk, and what could be had back.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_DISK_USE_H
#define ENGINE_DISK_USE_H

#include "engine/image_use.h"
#include "image/store.h"

struct use {
    int total, active;
    int64_t size, reclaimable; /* bytes */
};

struct disk_use {
    struct use images;     /* unpacked layers and blobs, those that nothing uses too */
    struct use containers; /* what they wrote into their own files; active: running */
    struct use volumes;    /* active: a container has it */
};

/* Sizes of layers were written down when they were unpacked; what containers and volumes
 * hold is walked. */
int disk_use_read(const struct engine *engine, const struct image_store *store,
                  const struct image_users *users, struct disk_use *ret, struct err *e);

/* Bytes that a container wrote; -1 where they cannot be read (it has just gone). */
int64_t disk_use_of_container(const struct engine *engine, const struct record *record);

/* The names of all volumes, and the bytes in one. */
int disk_use_list_volumes(const struct engine *engine, struct list *ret, struct err *e);
int64_t disk_use_of_volume(const struct engine *engine, const char *name);
int disk_use_volume_links(const struct image_users *users, const char *name);

#endif
