/* record.h - what sampan-runtime keeps about a container between two commands.
 *
 *     ROOT/ID/config.json    the bundle's, as it was at create, but for the list of system
 *                            calls; also the container's lock
 *     ROOT/ID/filter         what that list became, if there was one (kept_filter.h)
 *     ROOT/ID/state.json     pid, start time, cgroup, bundle, when; there once it is made
 *     ROOT/ID/gate           socket: there from create to start
 *
 * An id is checked before any path is made of it, the directory is opened once, and
 * everything below goes by its descriptor (rule R24).
 *
 * Who changes a container (create, start, update, delete) locks it: a record lock
 * (fcntl(2), F_SETLK) on config.json, which the kernel drops with its holder. A container
 * with no state.json whose lock nobody holds was never finished, and `delete --force`
 * removes what is left of it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_RUNTIME_RECORD_H
#define CLI_RUNTIME_RECORD_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "oci/config.h"
#include "oci/state.h"
#include "runtime/container.h"

struct record {
    char *id;
    char *bundle;      /* absolute; "" while it is being made by another command */
    int root;          /* directory of all containers */
    int dir;           /* of this one */
    int lock;          /* config.json, locked; NO_FD if we only look */
    struct stat state; /* of state.json, by record_unlock */
    int64_t created_ns;
    struct container container;
    bool has_late_hooks; /* config.json has hooks for after the start, or after the end */
    bool has_filter;
    struct list places; /* of the hierarchies that carry its groups: cgroup_places */
    struct oci_spec *spec;
};
#define auto_record __attribute__((cleanup(record_done))) struct record
void record_done(struct record *record);

/* A new one: makes its directory; ERR_CONFLICT if the id is taken. */
int record_new(const char *root, const char *id, struct record *ret, struct err *e);

/* Keeps the text of config.json and locks the new container. With a filter (NULL: there is
 * none) that is kept in the place of the list that it was compiled from. */
int record_keep_config(struct record *record, const char *text,
                       const struct seccomp_program *filter, struct err *e);

/* The filter that was kept: *ret is the caller's. Empty where has_filter is false. */
int record_read_filter(const struct record *record, struct seccomp_program *ret,
                       struct err *e);

/* An existing one, with its spec, to look at; ERR_NOT_FOUND. */
int record_open(const char *root, const char *id, struct record *ret, struct err *e);

/* The same to change it: waits, at most ten seconds, for who changes it now. */
int record_open_locked(const char *root, const char *id, struct record *ret, struct err *e);

/* The two parts of record_open_locked, for who can do with a damaged one: finds and locks
 * it; reads what is there. */
int record_find_locked(const char *root, const char *id, struct record *ret, struct err *e);
int record_read(struct record *record, struct err *e);

/* For who needs nothing of config.json but its late hooks: spec stays NULL if it has none. */
int record_read_for_hooks(struct record *record, struct err *e);

/* For a command that does nothing with groups but join, signal, freeze or remove this
 * container's: spares it the look at mountinfo. */
void record_recall_groups(const struct record *record);

/* Lets others change it while we live with it, and comes back to it: ERR_NOT_FOUND if
 * somebody has removed it meanwhile. */
void record_unlock(struct record *record);
int record_lock_again(struct record *record, struct err *e);

/* Writes state.json; the places are asked for anew. */
int record_save(struct record *record, struct err *e);

/* Removes the directory. */
int record_remove(struct record *record, struct err *e);

/* The second calls a paused one running, and does not look at its groups. */
enum oci_status record_status(const struct record *record);
enum oci_status record_status_but_paused(const struct record *record);

/* Who made it: "root", or "#1000". The caller frees. */
char *record_owner(const struct record *record);

/* The gate: a listening socket for container_plan, and a connection for container_start. */
int record_listen(const struct record *record, struct err *e);
int record_connect(const struct record *record, struct err *e);
void record_close_gate(const struct record *record);

/* Lets a first process that nobody will start anymore go its way: it ends at the gate. */
void record_knock_and_leave(const struct record *record);

/* The directory of all containers, made (0700) if want_made; -ENOENT without words if it is
 * not there. */
int record_open_root(const char *root, bool want_made, struct err *e);

/* The ids below root that match a regular expression (POSIX extended); NULL: all. */
int record_list(const char *root, const char *expression, struct list *ret, struct err *e);

#endif
