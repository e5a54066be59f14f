/* paths.c - the two roots: found, made, opened.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "engine/ids.h"
#include "linux/mount.h"
#include "linux/path.h"
#include "monitor/lock.h"

#ifndef RENAME_NOREPLACE /* renameat2(2); musl 1.2.3 does not say it */
#define RENAME_NOREPLACE 1
#endif

#define TMPFS_NUMBER 0x01021994 /* statfs(2): TMPFS_MAGIC */
#define RAMFS_NUMBER 0x858458f6

/* A root's path by rank: option, environment, root's own place, the user's XDG place. */
static int
choose(char **ret, const char *option, const char *variable, const char *of_root,
       const char *xdg_variable, const char *xdg_otherwise, struct err *e)
{
    const char *chosen = option != NULL ? option : getenv(variable);
    if (chosen == NULL && geteuid() == 0)
        chosen = of_root;
    if (chosen != NULL && chosen[0] != '\0') {
        auto_free char *here = chosen[0] == '/' ? NULL : getcwd(NULL, 0);
        *ret = here != NULL ? str_format("%s/%s", here, chosen) : str_copy(chosen);
        return 0;
    }
    const char *xdg = getenv(xdg_variable), *home = getenv("HOME");
    if (xdg != NULL && xdg[0] == '/')
        *ret = str_format("%s/sampan", xdg);
    else if (xdg_otherwise != NULL && home != NULL)
        *ret = str_format("%s/%s/sampan", home, xdg_otherwise);
    else
        return err_set(e, ERR_INVALID, "no place for the engine's files: set %s or %s",
                       variable, xdg_variable);
    return 0;
}

static int
open_root(const char *path, struct err *e)
{
    int fd = lx_open(path, O_RDONLY | O_DIRECTORY);
    if (fd == -ENOENT) {
        TRY(err_sys(e, file_mkdirs_at(AT_FDCWD, path, 0700), "make %s", path));
        fd = lx_open(path, O_RDONLY | O_DIRECTORY);
    }
    return err_sys(e, fd, "open %s", path);
}

static int
open_below(int dir_fd, const char *name, struct err *e)
{
    int fd = file_open_dir_at(dir_fd, name);
    if (fd == -ENOENT) {
        int r = lx_mkdirat(dir_fd, name, 0700);
        if (r < 0 && r != -EEXIST)
            return err_sys(e, r, "make the engine's directory %s", name);
        fd = file_open_dir_at(dir_fd, name);
    }
    return err_sys(e, fd, "open the engine's directory %s", name);
}

static bool
wants_tmpfs(int state_fd)
{
    const char *word = getenv("SAMPAN_STATE_TMPFS");
    struct statfs fs;
    if (geteuid() != 0 || (word != NULL && str_eq(word, "0")))
        return false;
    return fstatfs(state_fd, &fs) == 0 && (unsigned long)fs.f_type != TMPFS_NUMBER &&
           (unsigned long)fs.f_type != RAMFS_NUMBER;
}

/* Two first commands at once: the lock lets one mount, the other looks again. */
static int
open_state(struct engine *engine, struct err *e)
{
    engine->state_fd = open_root(engine->state, e);
    TRY(engine->state_fd);
    if (!wants_tmpfs(engine->state_fd))
        return 0;
    auto_close int lock = lock_wait(engine->root_fd, "state.lock");
    TRY(err_sys(e, lock, "lock %s/state.lock", engine->root));
    fd_close(&engine->state_fd);
    engine->state_fd = open_root(engine->state, e);
    TRY(engine->state_fd);
    if (!wants_tmpfs(engine->state_fd))
        return 0;
    TRY(err_sys(e,
                lx_mount("sampan", engine->state, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                         "mode=0700"),
                "mount a tmpfs on %s (SAMPAN_STATE_TMPFS=0 does without)", engine->state));
    fd_close(&engine->state_fd);
    engine->state_fd = open_root(engine->state, e);
    return engine->state_fd;
}

/* The name that a container's record says, into names_fd. What cannot be read has none. */
static void
add_from_record(const struct engine *engine, int names_fd, const char *id)
{
    struct err ignored;
    auto_free char *text = NULL;
    auto_json *doc = NULL;
    auto_free char *path = str_format("%s/record.json", id);
    size_t len;
    if (!id_is_valid(id) ||
        file_read_at(engine->containers_fd, path, JSON_BYTES_MOST, &text, &len) < 0 ||
        json_parse(text, len, &doc, &ignored) < 0)
        return;
    const char *name = str_after(json_str(json_get(json_root(doc), "Name"), ""), "/");
    if (name != NULL && name_check(name, &ignored) == 0)
        lx_symlinkat(id, names_fd, name);
}

/* Makes the index of names from the records and opens it. It is made beside its place and
 * renamed without replacing: of two first commands one wins, and no name can be taken before
 * the index is whole. */
static int
build_names(struct engine *engine, struct err *e)
{
    char beside[40] = ".names-";
    file_random_hex(beside + strlen(beside), 8);
    TRY(err_sys(e, lx_mkdirat(engine->state_fd, beside, 0700), "make %s/%s", engine->state,
                beside));
    auto_close int names_fd = file_open_dir_at(engine->state_fd, beside);
    TRY(err_sys(e, names_fd, "open %s/%s", engine->state, beside));
    auto_list ids = {0};
    TRY(err_sys(e, file_list_dir(engine->containers_fd, &ids), "list the containers"));
    for (size_t i = 0; i < ids.n; i++)
        add_from_record(engine, names_fd, ids.v[i]);

    int r = lx_renameat2(engine->state_fd, beside, engine->state_fd, "names",
                         RENAME_NOREPLACE);
    if (r < 0)
        file_remove_tree_at(engine->state_fd, beside);
    if (r < 0 && r != -EEXIST)
        return err_sys(e, r, "make %s/names", engine->state);
    engine->names_fd = file_open_dir_at(engine->state_fd, "names");
    return err_sys(e, engine->names_fd, "open %s/names", engine->state);
}

static int
open_all(struct engine *engine, struct err *e)
{
    engine->root_fd = open_root(engine->root, e);
    TRY(engine->root_fd);
    TRY(open_state(engine, e));
    engine->containers_fd = open_below(engine->root_fd, "containers", e);
    TRY(engine->containers_fd);
    engine->live_fd = open_below(engine->state_fd, "containers", e);
    TRY(engine->live_fd);
    engine->names_fd = file_open_dir_at(engine->state_fd, "names");
    if (engine->names_fd != -ENOENT)
        return err_sys(e, engine->names_fd, "open %s/names", engine->state);
    auto_close int trash = open_below(engine->state_fd, "trash", e);
    TRY(trash);
    return build_names(engine, e);
}

int
engine_open(struct engine *ret, const char *root, const char *state, struct err *e)
{
    *ret = (struct engine){.root_fd = NO_FD,
                           .state_fd = NO_FD,
                           .containers_fd = NO_FD,
                           .live_fd = NO_FD,
                           .names_fd = NO_FD};
    umask(077);
    int r = choose(&ret->root, root, "SAMPAN_ROOT", "/var/lib/sampan", "XDG_DATA_HOME",
                   ".local/share", e);
    if (r >= 0)
        r = choose(&ret->state, state, "SAMPAN_STATE", "/run/sampan", "XDG_RUNTIME_DIR",
                   NULL, e);
    if (r >= 0)
        r = open_all(ret, e);
    if (r < 0)
        engine_close(ret);
    return r < 0 ? r : 0;
}

void
engine_close(struct engine *engine)
{
    int *const fds[] = {&engine->root_fd, &engine->state_fd, &engine->containers_fd,
                        &engine->live_fd, &engine->names_fd};
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        fd_close(fds[i]);
    free(take_ptr(engine->root));
    free(take_ptr(engine->state));
}

int
engine_find_program(const char *name, char **ret, struct err *e)
{
    static const char *const places[] = {"", "../libexec/sampan/"};
    auto_free char *self = NULL;
    TRY(err_sys(e, file_read_link_at(AT_FDCWD, "/proc/self/exe", &self), "find myself"));
    int folder = (int)(strrchr(self, '/') - self);
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        auto_free char *path = str_format("%.*s/%s%s", folder, self, places[i], name);
        if (access(path, X_OK) == 0) {
            *ret = take_ptr(path);
            return 0;
        }
    }
    return err_set(e, ERR_NOT_FOUND,
                   "the program %s is neither beside %s nor in ../libexec/sampan: is the "
                   "installation whole?",
                   name, self);
}
