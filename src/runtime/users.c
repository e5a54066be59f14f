/* users.c - see users.h, passwd(5), group(5).
 *
 * The files belong to the image: they are opened with the container's root as "/", must be
 * regular, and are read at most 1 MiB far. No name service of the C library is asked: that
 * could load code out of the container (rule R11).
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/users.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "linux/path.h"

enum {
    FILE_MOST = 1 << 20,
    GROUPS_MOST = 65536, /* NGROUPS_MAX of the kernel */
};

void
users_found_done(struct users_found *found)
{
    free(found->groups.v);
    free(found->home);
    found->groups = (struct oci_ids){0};
    found->home = NULL;
}

/* The file's lines; a file that is not there has none. */
static int
read_lines(int root, const char *path, struct list *ret, struct err *e)
{
    auto_close int fd = lx_open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (fd == -ENOENT || fd == -ENOTDIR)
        return 0;
    TRY(err_sys(e, fd, "open the container's %s", path));
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(e, ERR_INVALID, "the container's %s is no regular file", path);
    auto_free char *text = NULL;
    TRY(err_sys(e, file_read_fd(fd, FILE_MOST, &text, NULL), "read the container's %s",
                path));
    list_split(ret, text, '\n');
    return 0;
}

/* The line whose field 0 is name, or, if name is NULL, whose field 2 is id: split. */
static bool
find_line(const struct list *lines, const char *name, uint32_t id, struct list *ret)
{
    for (size_t i = 0; i < lines->n; i++) {
        auto_list parts = {0};
        uint32_t number;
        list_split(&parts, lines->v[i], ':');
        if (parts.n < 3 || num_parse_id(parts.v[2], &number) < 0)
            continue;
        if (name ? !str_eq(parts.v[0], name) : number != id)
            continue;
        list_add_all(ret, &parts);
        return true;
    }
    return false;
}

/* A number as it stands, or the entry of a name; *ret_entry stays empty for an id that has
 * no entry. */
static int
look_up(const struct list *lines, const char *what, const char *name, uint32_t *ret_id,
        struct list *ret_entry, struct err *e)
{
    if (num_is_digits(name)) {
        if (num_parse_id(name, ret_id) < 0)
            return err_set(e, ERR_INVALID, "%s %s: the number is too large", what, name);
        find_line(lines, NULL, *ret_id, ret_entry);
        return 0;
    }
    if (!find_line(lines, name, 0, ret_entry))
        return err_set(e, ERR_NOT_FOUND, "unable to find %s %s in the container's files",
                       what, name);
    return num_parse_id(ret_entry->v[2], ret_id);
}

static void
add_group(struct oci_ids *groups, uint32_t gid)
{
    for (size_t i = 0; i < groups->n; i++)
        if (groups->v[i] == gid)
            return;
    groups->v = mem_resize(groups->v, groups->n + 1, sizeof *groups->v);
    groups->v[groups->n++] = gid;
}

static void
add_memberships(const struct list *lines, const char *user, struct oci_ids *groups)
{
    for (size_t i = 0; i < lines->n && groups->n < GROUPS_MOST; i++) {
        auto_list parts = {0}, members = {0};
        uint32_t gid;
        list_split(&parts, lines->v[i], ':');
        if (parts.n < 4 || num_parse_id(parts.v[2], &gid) < 0)
            continue;
        list_split(&members, parts.v[3], ',');
        if (list_has(&members, user))
            add_group(groups, gid);
    }
}

/* The user part of "user[:group]", and the group's, which may be missing. */
static int
resolve_user(const struct list *passwd, const struct list *group, const char *name,
             struct users_found *ret, struct err *e)
{
    auto_list user = {0}, entry = {0};
    auto_free char *user_name = str_copy(name);
    char *group_name = strchr(user_name, ':');
    if (group_name)
        *group_name++ = '\0';
    if (*user_name == '\0') {
        free(user_name);
        user_name = str_copy("0");
    }
    TRY(look_up(passwd, "user", user_name, &ret->uid, &user, e));
    if (user.n > 3 && num_parse_id(user.v[3], &ret->gid) < 0)
        return err_set(e, ERR_INVALID, "user %s: its group in /etc/passwd is no number",
                       user_name);
    if (user.n > 5 && user.v[5][0] == '/')
        ret->home = str_copy(user.v[5]);
    bool has_group = group_name && *group_name;
    if (has_group)
        TRY(look_up(group, "group", group_name, &ret->gid, &entry, e));
    add_group(&ret->groups, ret->gid);
    if (!has_group && user.n > 0)
        add_memberships(group, user.v[0], &ret->groups);
    return 0;
}

int
users_resolve(int root, const char *name, const struct list *groups,
              struct users_found *ret, struct err *e)
{
    auto_list passwd = {0}, group = {0};
    TRY(read_lines(root, "/etc/passwd", &passwd, e));
    TRY(read_lines(root, "/etc/group", &group, e));
    TRY(resolve_user(&passwd, &group, name, ret, e));
    for (size_t i = 0; groups && i < groups->n; i++) {
        auto_list entry = {0};
        uint32_t gid;
        TRY(look_up(&group, "group", groups->v[i], &gid, &entry, e));
        add_group(&ret->groups, gid);
    }
    return 0;
}
