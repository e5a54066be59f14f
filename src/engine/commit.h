/* commit.h - a container's files and settings become an image.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_COMMIT_H
#define ENGINE_COMMIT_H

#include "engine/record.h"
#include "image/digest.h"

struct commit_request {
    const char *name;             /* "repository[:tag]", or NULL: nameless */
    const char *author, *message; /* or NULL */
    const struct list *changes;   /* Dockerfile instructions */
    bool want_pause;              /* a running container stands still meanwhile */
};

/* Makes an image of the container's image, a layer with what it changed (none if it changed
 * nothing), and its settings. The container goes on afterwards, whatever happened. */
int engine_commit(const struct engine *engine, const struct record *record,
                  const struct commit_request *request, char ret_id[DIGEST_SIZE],
                  struct err *e);

#endif
