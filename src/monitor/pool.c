/* pool.c - slots of the pool: taken, emptied, given back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/pool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "linux/path.h"
#include "monitor/lock.h"

#define SLOT_LOCK "lock"

/* Makes name an empty directory of its own: what a container left in it is removed with
 * it, and so are the owner and the mode that it may have given to "/". */
static int
make_empty(int slot_fd, const char *name, mode_t mode)
{
    int r = lx_unlinkat(slot_fd, name, AT_REMOVEDIR);
    if (r == -ENOTEMPTY || r == -EEXIST)
        r = file_remove_tree_at(slot_fd, name);
    if (r < 0 && r != -ENOENT)
        return r;
    TRY(lx_mkdirat(slot_fd, name, mode));
    return lx_fchmodat(slot_fd, name, mode); /* whatever the umask took away */
}

/* Whether a container has left attributes on "/": a default access list would say who may
 * write what the next one makes. Overlayfs' own stay, and the label of the machine's policy.
 * A list that we cannot read counts as one. */
static bool
has_attributes(int upper)
{
    char names[4096];
    ssize_t n = flistxattr(upper, names, sizeof(names));
    if (n < 0)
        return errno != ENOTSUP;
    for (const char *name = names; name < names + n; name += strlen(name) + 1)
        if (!str_starts(name, "trusted.overlay.") && !str_eq(name, "security.selinux"))
            return true;
    return false;
}

/* An overlay leaves work/work, which the next one uses again, and in it, if it was
 * volatile, incompat/volatile, which makes the next mount fail on purpose. */
static int
make_ready(int slot_fd)
{
    auto_close int upper = file_open_dir_at(slot_fd, "upper");
    if (upper < 0) {
        TRY(make_empty(slot_fd, "upper", 0755));
        return make_empty(slot_fd, "work", 0700);
    }
    auto_list left = {0};
    struct stat st;
    TRY(file_list_dir(upper, &left));
    TRY(lx_fstatat(upper, "", &st, AT_EMPTY_PATH));
    bool is_used = left.n > 0 || (st.st_mode & 07777) != 0755 || st.st_uid != 0 ||
                   st.st_gid != 0 || has_attributes(upper);
    if (is_used)
        TRY(make_empty(slot_fd, "upper", 0755));
    return file_remove_tree_at(slot_fd, "work/work/incompat");
}

/* 1 if slot `number` is ours now, 0 if somebody else has it. */
static int
take_number(struct pool_slot *ret, int pool_fd, int number)
{
    char name[16];
    snprintf(name, sizeof(name), "%d", number);
    auto_close int fd = file_open_dir_at(pool_fd, name);
    if (fd == -ENOENT) {
        int r = lx_mkdirat(pool_fd, name, 0700);
        if (r < 0 && r != -EEXIST)
            return r;
        fd = file_open_dir_at(pool_fd, name);
    }
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    auto_close int lock_fd = lock_take(fd, SLOT_LOCK);
    if (lock_fd < 0)
        return lock_fd == -EAGAIN || lock_fd == -ENOENT ? 0 : lock_fd;

    /* A slot that was removed between the open and the lock is nobody's. */
    struct stat st;
    if (lx_fstatat(fd, SLOT_LOCK, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    TRY(make_ready(fd));
    *ret = (struct pool_slot){take_fd(&fd), take_fd(&lock_fd), number};
    return 1;
}

int
pool_take(struct pool_slot *ret, int data_fd, struct err *e)
{
    auto_close int pool_fd = file_open_dir_at(data_fd, "pool");
    if (pool_fd == -ENOENT) {
        int r = lx_mkdirat(data_fd, "pool", 0700);
        if (r < 0 && r != -EEXIST)
            return err_sys(e, r, "make the pool of upper directories");
        pool_fd = file_open_dir_at(data_fd, "pool");
    }
    TRY(err_sys(e, pool_fd, "open the pool of upper directories"));
    for (int number = 0; number < POOL_SLOTS_MOST; number++) {
        int r = take_number(ret, pool_fd, number);
        TRY(err_sys(e, r, "take slot %d of the pool of upper directories", number));
        if (r == 1)
            return 0;
    }
    return err_set(e, ERR_CONFLICT, "all %d upper directories for --rm are in use",
                   POOL_SLOTS_MOST);
}

void
pool_give(struct pool_slot *slot, int data_fd)
{
    if (slot->fd < 0)
        return;
    make_ready(slot->fd);
    if (slot->number >= POOL_SLOTS_KEPT) {
        char path[32];
        snprintf(path, sizeof(path), "pool/%d", slot->number);
        file_remove_tree_at(data_fd, path);
    }
    fd_close(&slot->lock_fd);
    fd_close(&slot->fd);
}
