/* confine.c - throw-away worlds for the learner's program.
 *
 *   check                     prints, keeps the ledger
 *    └─ player (per level)    in our own control groups, in a cgroup namespace of their
 *        │                    root; without root also in a user namespace
 *        └─ scene (process 1) new mount, pid, UTS, IPC and network namespaces
 *            └─ rd            the learner's program, and what it starts
 *
 * Each process asks to be killed when its parent dies, and a pid namespace dies with its
 * process 1 (pid_namespaces(7)): kill -9 at any point takes all of it along.
 *
 * The mount tree of a scene is a shared copy of the machine's, as systemd makes it: a
 * learner who forgets to make it private leaks his mounts into the scene, where they are
 * seen, and never out of it.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "confine.h"
#include "image.h"
#include "ledger.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SCENE_SECONDS = 120, CGROUP2_MAGIC = 0x63677270 };

/* Where we are ourselves on version 2, below our own group. */
#define LEAF "leaf"

/* A tree of control groups that levels use. On version 2 there is one, on version 1 one
 * per controller (which may share a mount, as cpu and cpuacct do). */
struct tree {
    const char *controller;
    bool is_optional;
    char mount[256];   /* where the machine has it */
    char options[128]; /* what to mount it with: version 1 */
    char parent[1024]; /* the group below which ours is made */
    char ours[1100];
    bool is_wanted, is_ours; /* found; made and entered */
};

static struct tree trees[] = {
    {.controller = "cpu"},
    {                    .controller = "memory"                  },
    { .controller = "pids",                   .is_optional = true}, /* for those who take the wrong one */
};

/* --- control groups ------------------------------------------------------------- */

/* "0::/user.slice" for version 2, "4:cpu,cpuacct:/a" for version 1: where we are now. */
static void
own_group(const char *controller, char *path, size_t size)
{
    char text[8192];
    format(path, size, "/");
    read_text("/proc/self/cgroup", text, sizeof(text));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *names = strchr(line, ':'), *where = names ? strchr(names + 1, ':') : NULL;
        if (!where)
            continue;
        *where++ = '\0';
        if (controller ? is_in_list(controller, names + 1) : !names[1])
            format(path, size, "%s", where);
    }
}

static bool
find_tree_v1(struct tree *t)
{
    char line[4096];
    bool is_found = false;
    FILE *f = fopen("/proc/self/mounts", "re");
    while (f && !is_found && fgets(line, sizeof(line), f)) {
        char where[256], type[32], options[512];
        if (sscanf(line, "%*s %255s %31s %511s", where, type, options) != 3 ||
            strcmp(type, "cgroup") != 0 || !is_in_list(t->controller, options))
            continue;
        is_found = true;
        format(t->mount, sizeof(t->mount), "%s", where);
        /* cpu and cpuacct are mounted together or not at all. */
        bool has_both = is_in_list("cpu", options) && is_in_list("cpuacct", options);
        format(t->options, sizeof(t->options), "%s",
               has_both ? "cpu,cpuacct" : t->controller);
        char own[512];
        own_group(t->controller, own, sizeof(own));
        format(t->parent, sizeof(t->parent), "%s%s", where, strcmp(own, "/") ? own : "");
    }
    if (f)
        fclose(f);
    return is_found;
}

/* Root makes the group at the top of the tree, where processes don't forbid to turn a
 * controller on. Others can make one beside their own, if that place was given to them. */
static void
find_tree_v2(struct tree *t, bool is_root)
{
    char own[512];
    own_group(NULL, own, sizeof(own));
    format(t->mount, sizeof(t->mount), "/sys/fs/cgroup");
    char *slash = strrchr(own, '/');
    if (slash)
        *slash = '\0';
    format(t->parent, sizeof(t->parent), "/sys/fs/cgroup%s", is_root ? "" : own);
}

static bool
switch_on(const char *parent, const char *controller)
{
    char path[1200], words[512];
    format(path, sizeof(path), "%s/cgroup.subtree_control", parent);
    read_text(path, words, sizeof(words));
    for (char *word = strtok(words, " \n"); word; word = strtok(NULL, " \n"))
        if (strcmp(word, controller) == 0)
            return true;
    return ledger_switch_on(path, controller) == 0;
}

static bool
enter_group(const char *group, const char *file)
{
    char path[1200];
    return write_text(format(path, sizeof(path), "%s/%s", group, file), "0") == 0;
}

/* The cgroup namespace is made while we are in our group itself, so that this group is
 * the root that the learner sees; then we go down into a leaf, because a group that has
 * processes can't give controllers to its children (cgroups(7), "no internal processes"). */
static bool
enter_v2(struct tree *t)
{
    char leaf[1200];
    if (ledger_make_group(t->ours) < 0 || !enter_group(t->ours, "cgroup.procs") ||
        unshare(CLONE_NEWCGROUP) < 0)
        return false;
    return ledger_make_group(format(leaf, sizeof(leaf), "%s/" LEAF, t->ours)) == 0 &&
           enter_group(leaf, "cgroup.procs");
}

static bool
enter_v1(struct tree *t)
{
    /* "tasks" and not "cgroup.procs": the kernel need not wait for other threads. */
    return ledger_make_group(t->ours) == 0 && enter_group(t->ours, "tasks");
}

static bool
is_v2(void)
{
    struct statfs fs;
    return statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_MAGIC;
}

/* The first reason is the one that is told. */
static void
refuse(struct scene *s, const char *reason)
{
    if (!s->no_cgroups[0])
        format(s->no_cgroups, sizeof(s->no_cgroups), "%s", reason);
}

/* Which trees there are, and whether we may make a group in each. */
static void
find_trees(struct scene *s, bool has_v2)
{
    for (size_t i = 0; i < COUNT(trees); i++) {
        struct tree *t = &trees[i];
        bool is_there = true;
        if (has_v2)
            find_tree_v2(t, s->is_root);
        else
            is_there = find_tree_v1(t);
        t->is_wanted = is_there && !(has_v2 && t->is_optional);
        if (!is_there && !t->is_optional)
            refuse(s, "skip-no-controller");
        else if (t->is_wanted && access(t->parent, W_OK) < 0)
            refuse(s, "skip-not-delegated");
        else if (t->is_wanted && has_v2 && !switch_on(t->parent, t->controller))
            refuse(s, "skip-no-controller");
    }
}

static void
enter_groups(struct scene *s)
{
    char name[64];
    format(name, sizeof(name), "check-%d-%.8s", (int)getpid(), s->token);
    bool has_v2 = is_v2();
    find_trees(s, has_v2);
    for (size_t i = 0; i < (has_v2 ? 1 : COUNT(trees)) && !s->no_cgroups[0]; i++) {
        struct tree *t = &trees[i];
        if (!t->is_wanted)
            continue;
        format(t->ours, sizeof(t->ours), "%s/%s", t->parent, name);
        t->is_ours = has_v2 ? enter_v2(t) : enter_v1(t);
        if (!t->is_ours)
            refuse(s, "skip-not-delegated");
    }
    if (!s->no_cgroups[0] && !has_v2 && unshare(CLONE_NEWCGROUP) < 0)
        refuse(s, "skip-no-cgroup-ns");
    if (!s->no_cgroups[0])
        s->cgroups = has_v2 ? CGROUP_V2 : CGROUP_V1;
}

const char *
confine_cgroup_mount(const struct scene *s, const char *controller)
{
    static char path[64];
    if (s->cgroups == CGROUP_V2)
        return "/sys/fs/cgroup";
    return format(path, sizeof(path), "/sys/fs/cgroup/%s", controller);
}

/* --- without root ---------------------------------------------------------------- */

/* The first range of subordinate ids in /etc/subuid or /etc/subgid that is ours. */
static bool
subordinate_range(const char *file, unsigned id, unsigned *ret_first, unsigned *ret_count)
{
    const char *name = getenv("USER");
    char line[256], number[32];
    bool is_found = false;
    format(number, sizeof(number), "%u", id);
    FILE *f = fopen(file, "re");
    while (f && !is_found && fgets(line, sizeof(line), f)) {
        char who[64];
        is_found = sscanf(line, "%63[^:]:%u:%u", who, ret_first, ret_count) == 3 &&
                   (strcmp(who, number) == 0 || (name && strcmp(who, name) == 0));
    }
    if (f)
        fclose(f);
    return is_found;
}

bool
confine_can_map_ids(void)
{
    unsigned first, count;
    return access("/usr/bin/newuidmap", X_OK) == 0 &&
           subordinate_range("/etc/subuid", getuid(), &first, &count) &&
           subordinate_range("/etc/subgid", getgid(), &first, &count);
}

/* newuidmap(1) has the right to map a user's subordinate ids; we ask it from outside. */
static int
map_all_ids(pid_t pid, const char *tool, const char *file, unsigned id)
{
    unsigned first, count;
    if (!subordinate_range(file, id, &first, &count))
        return -ENOENT;
    char who[16], own[16], low[16], many[16];
    const char *const argv[] = {tool,
                                format(who, sizeof(who), "%d", (int)pid),
                                "0",
                                format(own, sizeof(own), "%u", id),
                                "1",
                                "1",
                                format(low, sizeof(low), "%u", first),
                                format(many, sizeof(many), "%u", count),
                                NULL};
    return run_program(argv);
}

/* The helper stays outside of the new user namespace, and maps ids when the pipe says that
 * it is there. Without subordinate ids our own id becomes root, and is the only one. */
static const char *
enter_user_namespace(struct scene *s)
{
    unsigned uid = geteuid(), gid = getegid();
    pid_t player = getpid();
    int go[2];
    char c = 0;
    if (pipe(go) < 0)
        return "skip-no-userns";
    bool want_all = confine_can_map_ids();
    pid_t helper = want_all ? fork() : -1;
    if (helper == 0) {
        close(go[1]);
        if (read(go[0], &c, 1) != 1)
            _exit(1);
        _exit(map_all_ids(player, "newuidmap", "/etc/subuid", uid) != 0 ||
              map_all_ids(player, "newgidmap", "/etc/subgid", gid) != 0);
    }
    int r = unshare(CLONE_NEWUSER);
    if (write(go[1], &c, r == 0) < 0)
        r = -1;
    close(go[0]);
    close(go[1]);
    int status = 1;
    if (helper > 0)
        waitpid(helper, &status, 0);
    if (r < 0)
        return "skip-no-userns";
    s->has_all_ids = helper > 0 && status == 0;
    if (!s->has_all_ids) {
        char map[64];
        write_text("/proc/self/setgroups", "deny");
        if (write_text("/proc/self/uid_map", format(map, sizeof(map), "0 %u 1", uid)) < 0 ||
            write_text("/proc/self/gid_map", format(map, sizeof(map), "0 %u 1", gid)) < 0)
            return "skip-no-userns";
    }
    return setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 ? "skip-no-userns" : NULL;
}

/* A change of our ids clears this wish: ask again (prctl(2)). A parent that was gone before
 * we asked sends nothing any more: its pidfd tells. */
static void
die_with_parent(const struct scene *s)
{
    struct pollfd parent = {.fd = s->parent, .events = POLLIN};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (poll(&parent, 1, 0) > 0)
        _exit(2);
}

void
confine_fork(struct scene *s)
{
    if (s->parent > 0)
        close(s->parent);
    s->parent = syscall(SYS_pidfd_open, getpid(), 0);
}

const char *
confine_enter(struct scene *s)
{
    die_with_parent(s);
    s->is_root = geteuid() == 0;
    s->has_all_ids = s->is_root;
    if (!s->is_root) {
        const char *why = enter_user_namespace(s);
        if (why)
            return why;
        die_with_parent(s);
    }
    enter_groups(s);
    return NULL;
}

/* --- the scene ------------------------------------------------------------------- */

static const char *trouble_step; /* what a failing step was about */

static bool
try(int r, const char *what)
{
    if (r < 0)
        trouble_step = what;
    return r >= 0;
}

/* A folder that is empty can be covered without anyone's loss. The image has the same
 * folder, so a path to the probe is right outside and inside. */
static bool
find_stage(struct scene *s)
{
    static const char *const places[] = {"/srv", "/mnt", "/media", "/opt"};
    for (size_t i = 0; i < COUNT(places); i++) {
        struct dirent **names;
        int n = scandir(places[i], &names, NULL, NULL);
        for (int k = 0; k < n; k++)
            free(names[k]);
        if (n >= 0)
            free(names);
        if (n == 2) {
            format(s->stage, sizeof(s->stage), "%s", places[i]);
            return true;
        }
    }
    return false;
}

static bool
mount_tmpfs(const char *path)
{
    return mount("tmpfs", path, "tmpfs", 0, "mode=755") == 0;
}

/* Our groups in the place of the machine's. The tmpfs below is needed on version 2 too:
 * the kernel refuses to mount a file system over the root of the same one (EBUSY). */
static bool
mount_groups(const struct scene *s)
{
    if (s->cgroups == CGROUP_NONE)
        return true;
    if (!mount_tmpfs("/sys/fs/cgroup"))
        return false;
    if (s->cgroups == CGROUP_V2)
        return mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL) == 0;
    for (size_t i = 0; i < COUNT(trees); i++) {
        char path[192], alias[128];
        if (!trees[i].is_ours)
            continue;
        format(path, sizeof(path), "/sys/fs/cgroup/%s", trees[i].options);
        format(alias, sizeof(alias), "/sys/fs/cgroup/%s", trees[i].controller);
        mkdir(path, 0755);
        if (mount("cgroup", path, "cgroup", 0, trees[i].options) < 0)
            return false;
        if (strcmp(path, alias) != 0 && symlink(trees[i].options, alias) < 0)
            return false;
    }
    return true;
}

/* What the learner's program finds on the stage: the image, the probe, a marker that only
 * the host has, and a place for containers that is a mount of its own. */
static bool
furnish(struct scene *s)
{
    char path[64];
    bool is_good = mount_tmpfs(s->stage);
    static const char *const folders[] = {"bin", "images", "containers"};
    for (size_t i = 0; i < COUNT(folders); i++)
        is_good = is_good &&
                  mkdir(format(path, sizeof(path), "%s/%s", s->stage, folders[i]), 0755) ==
                      0;
    is_good = is_good && mount_tmpfs(path);
    format(path, sizeof(path), "%s/marker", s->stage);
    is_good = is_good && write_text(path, s->token) == 0;
    format(path, sizeof(path), "%s/bin/probe", s->stage);
    is_good = is_good && image_write_probe(path) == 0;
    format(path, sizeof(path), "%s/images/check.tar", s->stage);
    return is_good && image_write(path, s->stage, s->token, 0) == 0;
}

/* The caller is somebody with groups and a narrow umask: a container must not inherit
 * them. */
static void
dress(struct scene *s)
{
    const gid_t groups[] = {4, 27};
    if (s->has_all_ids)
        setgroups(COUNT(groups), groups);
    umask(077);
    const char *path = getenv("PATH"), *python_path = getenv("PYTHONPATH");
    char *own_path = formatted("%s/bin:%s", s->stage, path ? path : "/usr/bin:/bin");
    char *own_python_path = formatted("%s", python_path ? python_path : "");
    clearenv();
    setenv("PATH", own_path, 1);
    setenv("PYTHONPATH", own_python_path, 1);
    setenv("LANG", "C.UTF-8", 1);
    setenv(HOST_VARIABLE, s->token, 1);
    setenv("PYTHONUNBUFFERED", "1", 1);
    setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
}

static bool
set_up(struct scene *s)
{
    format(s->host_name, sizeof(s->host_name), "host-%.8s", s->token);
    return try(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL),
               "mount --make-rprivate /") &&
           try(mount("proc", "/proc", "proc", 0, NULL), "mount /proc") &&
           try(mount_groups(s) ? 0 : -1, "mount /sys/fs/cgroup") &&
           try(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL),
               "mount --make-rshared /") &&
           try(find_stage(s) ? 0 : -1,
               "find an empty folder among /srv /mnt /media /opt") &&
           try(furnish(s) ? 0 : -1, "make a test image") &&
           try(sethostname(s->host_name, strlen(s->host_name)), "sethostname");
}

static void
be_the_scene(struct scene *s, void (*play)(struct scene *s))
{
    die_with_parent(s);
    if (!set_up(s)) {
        format(s->board->trouble, sizeof(s->board->trouble), "%s: %s", trouble_step,
               strerror(errno));
        _exit(2);
    }
    dress(s);
    s->since = now();
    play(s);
    _exit(0);
}

static int
wait_for(pid_t pid, int milliseconds)
{
    int status = 0;
    int fd = syscall(SYS_pidfd_open, pid, 0);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, milliseconds) == 0)
        kill(pid, SIGKILL);
    close(fd);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return status;
}

int
confine_play(struct scene *s, void (*play)(struct scene *s))
{
    fflush(NULL);
    random_token(s->token);
    s->since = now();
    confine_fork(s);
    unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
                          CLONE_NEWNET;
    pid_t pid = syscall(SYS_clone, flags | SIGCHLD, 0, NULL, NULL, 0);
    if (pid < 0)
        return -errno;
    if (pid == 0)
        be_the_scene(s, play);
    s->board->scene = pid;
    int status = wait_for(pid, s->options->want_keep ? -1 : SCENE_SECONDS * 1000);
    for (size_t i = 0; i < COUNT(trees); i++)
        if (trees[i].is_ours)
            ledger_empty_group(trees[i].ours, LEAF);
    return status;
}
