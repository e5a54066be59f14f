/* create.h - from what the user asked for to a container on disk.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_CREATE_H
#define ENGINE_CREATE_H

#include "engine/record.h"

/* What to create. body: the fields of Docker's "POST /containers/create" (Image, Cmd, Env,
 * ..., HostConfig); what is missing comes from the image or is the default. */
struct create_request {
    const char *name; /* or NULL: one is invented */
    const struct json *body;
};

/* HostConfig.AutoRemove makes it transient. On success *ret is loaded and *ret_lock its
 * lock: as long as it is not started, whoever holds it is the container's only life (a
 * transient one that nobody holds is removed by the next command). */
int engine_create(const struct engine *engine, const struct create_request *request,
                  struct record *ret, int *ret_lock, struct list *warnings, struct err *e);

#endif
