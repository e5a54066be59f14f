/* devices.c - no device but the harmless ones, those that --device names, or all.
 *
 * The rules are read by the kernel in order, the last that fits wins: everything is
 * denied, then making nodes (not opening them) is allowed, then the twelve that every
 * container has, then the user's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/devices.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/number.h"
#include "linux/path.h"

#define ANY (-1)

static const struct rule {
    bool is_allowed;
    const char *type;
    int major, minor;
    const char *access;
} default_rules[] =
    {
        {false, "a", ANY, ANY, "rwm"},
        {true,  "c", ANY, ANY, "m"  },
        {true,  "b", ANY, ANY, "m"  },
        {true,  "c", 1,   3,   "rwm"}, /* null */
        {true,  "c", 1,   5,   "rwm"}, /* zero */
        {true,  "c", 1,   7,   "rwm"}, /* full */
        {true,  "c", 1,   8,   "rwm"}, /* random */
        {true,  "c", 1,   9,   "rwm"}, /* urandom */
        {true,  "c", 5,   0,   "rwm"}, /* tty */
        {true,  "c", 5,   1,   "rwm"}, /* console */
        {true,  "c", 5,   2,   "rwm"}, /* ptmx */
        {true,  "c", 136, ANY, "rwm"}, /* pts */
},
  every_device = {true, "a", ANY, ANY, "rwm"};

static void
add_rule(struct json_doc *doc, struct json *rules, const struct rule *rule)
{
    struct json *object = json_object(doc);
    json_set_bool(doc, object, "allow", rule->is_allowed);
    json_set_str(doc, object, "type", rule->type);
    if (rule->major != ANY)
        json_set_i64(doc, object, "major", rule->major);
    if (rule->minor != ANY)
        json_set_i64(doc, object, "minor", rule->minor);
    json_set_str(doc, object, "access", rule->access);
    json_append(rules, object);
}

static void
add_node(struct json_doc *doc, struct json *nodes, const char *path, const struct stat *st)
{
    struct json *node = json_object(doc);
    json_set_str(doc, node, "path", path);
    json_set_str(doc, node, "type", S_ISBLK(st->st_mode) ? "b" : "c");
    json_set_i64(doc, node, "major", major(st->st_rdev));
    json_set_i64(doc, node, "minor", minor(st->st_rdev));
    json_set_i64(doc, node, "fileMode", st->st_mode & 07777);
    json_set_i64(doc, node, "uid", st->st_uid);
    json_set_i64(doc, node, "gid", st->st_gid);
    json_append(nodes, node);
}

static int
add_device(struct json_doc *doc, struct json *nodes, struct json *rules,
           const struct json *device, struct err *e)
{
    const char *host = json_str(json_get(device, "PathOnHost"), "");
    const char *inside = json_str(json_get(device, "PathInContainer"), host);
    const char *access = json_str(json_get(device, "CgroupPermissions"), "rwm");
    struct stat st;
    if (inside[0] != '/' || strspn(access, "rwm") != strlen(access) || access[0] == '\0')
        return err_set(
            e, ERR_INVALID,
            "bad device \"%s:%s:%s\": HOST[:CONTAINER[:rwm]] with absolute paths", host,
            inside, access);
    TRY(err_sys(e, lx_fstatat(AT_FDCWD, host, &st, 0), "look at the device %s", host));
    if (!S_ISBLK(st.st_mode) && !S_ISCHR(st.st_mode))
        return err_set(e, ERR_INVALID, "--device %s: is no device (bind it with -v)", host);
    add_node(doc, nodes, inside, &st);
    struct rule rule = {true, S_ISBLK(st.st_mode) ? "b" : "c", (int)major(st.st_rdev),
                        (int)minor(st.st_rdev), access};
    add_rule(doc, rules, &rule);
    return 0;
}

/* "c 1:3 rwm", "a *:* rwm" */
static int
add_user_rule(struct json_doc *doc, struct json *rules, const char *words, struct err *e)
{
    char type[2], access[4], major_text[12], minor_text[12];
    int numbers[2] = {ANY, ANY}, end = 0;
    const char *const texts[] = {major_text, minor_text};
    bool is_good = sscanf(words, "%1[abc] %11[0-9*]:%11[0-9*] %3[rwm]%n", type, major_text,
                          minor_text, access, &end) == 4 &&
                   words[end] == '\0';
    for (int i = 0; is_good && i < 2; i++)
        is_good = str_eq(texts[i], "*") || num_parse_int(texts[i], &numbers[i]) == 0;
    if (!is_good)
        return err_set(e, ERR_INVALID,
                       "invalid device cgroup rule \"%s\" (as in: c 1:3 rwm)", words);
    struct rule rule = {true, type, numbers[0], numbers[1], access};
    add_rule(doc, rules, &rule);
    return 0;
}

/* With --privileged: what lies in the host's /dev itself and one level below, but not
 * what a container has of its own. */
static void
add_host_devices(struct json_doc *doc, struct json *nodes, const char *folder, int depth)
{
    static const char *const own[] = {"/dev/pts",  "/dev/shm",     "/dev/mqueue",
                                      "/dev/fd",   "/dev/console", "/dev/ptmx",
                                      "/dev/tty",  "/dev/null",    "/dev/zero",
                                      "/dev/full", "/dev/random",  "/dev/urandom"};
    auto_close int fd = file_open_dir_at(AT_FDCWD, folder);
    auto_list names = {0};
    if (fd < 0 || file_list_dir(fd, &names) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        auto_free char *path = str_format("%s/%s", folder, names.v[i]);
        bool is_own = false;
        struct stat st;
        for (size_t k = 0; k < ARRAY_LEN(own); k++)
            is_own |= str_eq(path, own[k]);
        if (is_own || lx_fstatat(fd, names.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
            add_node(doc, nodes, path, &st);
        else if (S_ISDIR(st.st_mode) && depth > 0)
            add_host_devices(doc, nodes, path, depth - 1);
    }
}

int
devices_add(struct json_doc *doc, struct json *linux_, struct json *resources,
            const struct json *host, struct err *e)
{
    struct json *nodes = json_array(doc), *rules = json_array(doc);
    if (json_bool(json_get(host, "Privileged"), false)) {
        add_rule(doc, rules, &every_device);
        add_host_devices(doc, nodes, "/dev", 1);
    } else {
        for (size_t i = 0; i < ARRAY_LEN(default_rules); i++)
            add_rule(doc, rules, &default_rules[i]);
    }
    for (json_each(device, json_get(host, "Devices")))
        TRY(add_device(doc, nodes, rules, device, e));
    for (json_each(words, json_get(host, "DeviceCgroupRules")))
        TRY(add_user_rule(doc, rules, json_str(words, ""), e));
    if (json_count(nodes) > 0)
        json_set(doc, linux_, "devices", nodes);
    json_set(doc, resources, "devices", rules);
    return 0;
}
