/* record.h - a container as files.
 *
 * A container's home holds
 *
 *     record.json   what it is, under the names of Docker's inspect; written by commands
 *     state.json    how it is; written by its monitor alone (monitor/state.h)
 *     config.json   what the runtime is told: with the root file system a real OCI bundle
 *     lock          held by whoever changes it, and by its monitor as long as it lives
 *     hosts, hostname, resolv.conf, <id>-json.log, upper/, work/
 *
 * and lies on the data root, or for a `run --rm` container ("transient") on the state
 * root, as its live directory.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_RECORD_H
#define ENGINE_RECORD_H

#include <stdbool.h>

#include "base/json.h"
#include "engine/names.h"
#include "engine/paths.h"
#include "monitor/state.h"

#define RECORD_FILE "record.json"
#define PAUSED_FILE "paused" /* in the live directory, while it is paused */

struct record {
    char id[ID_LEN + 1];
    bool is_transient;
    bool is_held; /* its lock was held when we looked */
    int home_fd;
    struct json_doc *doc; /* record.json */
    struct state state;   /* state.json, corrected by what the lock says */
};
#define auto_record __attribute__((cleanup(record_close))) struct record
#define RECORD_NONE      \
    {                    \
        .home_fd = NO_FD \
    }

void record_close(struct record *record);

/* Shorthands into the record: never NULL. */
const struct json *record_json(const struct record *record);
const char *record_name(const struct record *record); /* without '/' */
const struct json *record_get(const struct record *record, const char *path);
bool record_is_running(const struct record *record); /* or paused */

/* Finds by full id, name, or unambiguous prefix of an id: "No such container: X". A
 * container whose monitor was killed is put in order on the way. */
int record_find(const struct engine *engine, const char *words, struct record *ret,
                struct err *e);

/* By id; -ENOENT (ERR_NOT_FOUND) when it is gone. */
int record_load(const struct engine *engine, const char *id, struct record *ret,
                struct err *e);

/* All ids, those on both roots once. */
int record_ids(const struct engine *engine, struct list *ret, struct err *e);

/* Writes record.json; durable unless transient. */
int record_write(const struct record *record, struct err *e);

/* Waits until the lock is ours and says so with a descriptor; -ENOENT if the container
 * went meanwhile. A container that runs keeps its lock: ask record_is_running first. */
int record_lock(const struct record *record, struct err *e);

#endif
