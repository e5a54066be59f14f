/* diff.c - the upper directory, read as a list of changes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "engine/rootfs.h"
#include "image/tree.h"
#include "linux/path.h"

struct diff {
    int upper_fd, lower_fd;
    struct list *lines;
    char *silent; /* the last directory that is there only for what may be in it */
};

static void
add(struct diff *d, char letter, const char *path)
{
    list_addf(d->lines, "%c /%s", letter, path);
}

/* Something came or went: so its directory is changed, if it was not said yet. */
static void
tell_directory(struct diff *d, const struct tree_entry *entry)
{
    size_t len = strlen(entry->path) - strlen(entry->name);
    if (d->silent == NULL || len == 0 || strlen(d->silent) != len - 1 ||
        strncmp(d->silent, entry->path, len - 1) != 0)
        return;
    add(d, 'C', d->silent);
    free(take_ptr(d->silent));
}

/* What an opaque directory hides and does not bring itself. */
static int
tell_hidden(struct diff *d, const char *path, struct err *e)
{
    auto_close int below = tree_open(d->lower_fd, path, O_RDONLY | O_DIRECTORY);
    auto_close int above = tree_open(d->upper_fd, path, O_RDONLY | O_DIRECTORY);
    auto_list names = {0};
    if (below < 0 || above < 0)
        return 0;
    TRY(err_sys(e, file_list_dir(below, &names), "list \"%s\"", path));
    for (size_t i = 0; i < names.n; i++) {
        struct stat st;
        auto_free char *gone = str_format("%s/%s", path, names.v[i]);
        if (lx_fstatat(above, names.v[i], &st, AT_SYMLINK_NOFOLLOW) == -ENOENT)
            add(d, 'D', gone);
    }
    return 0;
}

static int
visit(const struct tree_entry *entry, void *data, struct err *e)
{
    static const char letters[] = {
        [TREE_ADDED] = 'A', [TREE_CHANGED] = 'C', [TREE_DELETED] = 'D'};
    struct diff *d = data;
    if (*entry->path == '\0')
        return 0;
    if (entry->change != TREE_CHANGED)
        tell_directory(d, entry);
    if (entry->is_same || entry->is_for_engine) {
        free(d->silent);
        d->silent = str_copy(entry->path);
        return 0;
    }
    add(d, letters[entry->change], entry->path);
    return entry->is_opaque ? tell_hidden(d, entry->path, e) : 0;
}

/* "C /a" before "A /a/b" before "C /a-b": by path, as if '/' were the least letter. */
static int
by_path(const void *a, const void *b)
{
    const unsigned char *x = *(const unsigned char *const *)a + 2;
    const unsigned char *y = *(const unsigned char *const *)b + 2;
    while (*x && *x == *y)
        x++, y++;
    int left = *x == '/' ? 1 : *x ? *x + 1 : 0, right = *y == '/' ? 1 : *y ? *y + 1 : 0;
    return left - right;
}

int
engine_diff(const struct engine *engine, const struct record *record,
            struct list *ret_lines, struct err *e)
{
    auto_close int upper = rootfs_open_upper(engine, record, e);
    TRY(upper);
    auto_close int lower = rootfs_open_lower(engine, record, e);
    TRY(lower);
    const struct tree tree = {.root_fd = upper, .lower_fd = lower, .is_upper = true};
    struct diff d = {upper, lower, ret_lines, NULL};
    int r = tree_walk(&tree, visit, &d, e);
    free(d.silent);
    TRY(r);
    if (ret_lines->n > 1)
        qsort(ret_lines->v, ret_lines->n, sizeof *ret_lines->v, by_path);
    return 0;
}
