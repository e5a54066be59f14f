/* paths.h - where the engine keeps things: two roots, opened once per command.
 *
 *     data root   /var/lib/sampan   or $XDG_DATA_HOME/sampan      survives a boot
 *         containers/<id>/ images/ layers/ pool/ volumes/ trash/
 *     state root  /run/sampan       or $XDG_RUNTIME_DIR/sampan    a tmpfs
 *         containers/<id>/   a running container's attach socket; all there is of a
 *                            `run --rm` container
 *         names/<name>       a link whose text is an id: making it makes the name unique
 *         trash/<id>/        moved here to be removed
 *
 * --root and --state, then SAMPAN_ROOT and SAMPAN_STATE, say otherwise. Both are 0700. The
 * names are an index: after a boot the first command makes it anew from the records.
 *
 * Where the state root is on no tmpfs and we are root, one is mounted on it, once: a start
 * writes some ten small files there and must not wait for a disk. SAMPAN_STATE_TMPFS=0
 * leaves it as it is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_PATHS_H
#define ENGINE_PATHS_H

#include "base/error.h"

struct engine {
    char *root, *state; /* absolute paths */
    int root_fd, state_fd;
    int containers_fd; /* <root>/containers */
    int live_fd;       /* <state>/containers */
    int names_fd;      /* <state>/names */
};

/* root and state: from the command line, or NULL. */
int engine_open(struct engine *ret, const char *root, const char *state, struct err *e);
void engine_close(struct engine *engine);

/* The absolute path of a program that was installed with this one: beside it, or in
 * ../libexec/sampan. The caller frees. */
int engine_find_program(const char *name, char **ret, struct err *e);

#endif
