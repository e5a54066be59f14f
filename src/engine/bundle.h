/* bundle.h - a record in the words of OCI: config.json and the files it binds.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_BUNDLE_H
#define ENGINE_BUNDLE_H

#include "base/error.h"
#include "engine/paths.h"
#include "engine/record.h"

/* Checks the record's Config and HostConfig and writes config.json, hosts, hostname and
 * resolv.conf into its home. warnings: lines for the user (a bind source that was made). */
int bundle_write(const struct engine *engine, const struct record *record,
                 struct list *warnings, struct err *e);

/* The default environment of a container: PATH, HOSTNAME, and TERM with a terminal; then
 * env on top. */
void bundle_environment(struct list *ret, const struct json *config);

/* All capabilities by name, "CAP_CHOWN" first; the list ends in NULL. */
extern const char *const bundle_capabilities[];

#endif
