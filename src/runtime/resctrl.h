/* resctrl.h - linux.intelRdt: a share of the cache and of the memory's bandwidth (the
 * kernel's filesystems/resctrl; runtime-spec, config-linux.md, "IntelRdt").
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_RESCTRL_H
#define RUNTIME_RESCTRL_H

#include <sys/types.h>

#include "base/error.h"
#include "oci/spec.h"

/* What was made for a container, as paths below the file system's root; "": nothing. Plain
 * data, part of struct container. */
struct resctrl {
    char clos[132];    /* the directory of its class of service */
    char monitor[280]; /* of its monitoring group */
};

/* What can be found wrong without looking. */
int resctrl_check(const struct oci_intel_rdt *rdt, const char *id, struct err *e);

/* The root of the mounted resctrl; ERR_UNSUPPORTED if this kernel or machine has none. */
int resctrl_open(struct err *e);

/* Gives `pid` the class of service that rdt asks for (made if the spec says so, with its
 * schemata), and a monitoring group. On failure nothing stays behind. */
int resctrl_join(int root, const struct oci_intel_rdt *rdt, const char *id, pid_t pid,
                 struct resctrl *ret, struct err *e);

/* One more process (exec) of a container that has joined. */
int resctrl_add(int root, const struct oci_intel_rdt *rdt, const char *id, pid_t pid,
                struct err *e);

/* Other schemata for the class of a container that has joined: lines of "schemata" as in the
 * spec's fields, NULL to leave them. Whoever shares the class is changed too. */
int resctrl_update(int root, const struct oci_intel_rdt *rdt, const char *id,
                   const char *l3_cache_schema, const char *mem_bw_schema, struct err *e);

/* Removes what was made. */
int resctrl_remove(int root, struct resctrl *made, struct err *e);

#endif
