/* cgroup_detect.c - which cgroup hierarchies there are, and where.
 *
 * Three layouts are met (cgroups(7)): v2 alone; v1, one hierarchy for each controller or for
 * some together ("cpu,cpuacct"); and hybrid, v1 hierarchies with the controllers beside a v2
 * one that has few or none of them and still tracks, freezes and kills. mountinfo tells
 * which: a controller that a v1 hierarchy has taken is missing in v2's cgroup.controllers. It
 * is long, and need not be read where the usual place is v2's: what of v1 may be mounted
 * elsewhere beside it is nobody's to use.
 *
 * Workshop: 08_cpu_cgroup
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/cgroup_layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/file.h"
#include "base/memory.h"
#include "linux/path.h"

enum { MOUNTINFO_MOST = 4 << 20 };

static const struct {
    const char *v1, *v2;
} names[CONTROLLER_COUNT] = {
    [CONTROLLER_UNIFIED] = {"",             ""       },
    [CONTROLLER_CPU] = {"cpu",          "cpu"    },
    [CONTROLLER_CPUACCT] = {"cpuacct",      ""       },
    [CONTROLLER_CPUSET] = {"cpuset",       "cpuset" },
    [CONTROLLER_MEMORY] = {"memory",       "memory" },
    [CONTROLLER_PIDS] = {"pids",         "pids"   },
    [CONTROLLER_BLKIO] = {"blkio",        "io"     },
    [CONTROLLER_DEVICES] = {"devices",      ""       },
    [CONTROLLER_FREEZER] = {"freezer",      ""       },
    [CONTROLLER_HUGETLB] = {"hugetlb",      "hugetlb"},
    [CONTROLLER_NET_CLS] = {"net_cls",      ""       },
    [CONTROLLER_NET_PRIO] = {"net_prio",     ""       },
    [CONTROLLER_PERF] = {"perf_event",   ""       },
    [CONTROLLER_RDMA] = {"rdma",         "rdma"   },
    [CONTROLLER_SYSTEMD] = {"name=systemd", ""       },
};

const char *
cgroup_controller_name(enum cgroup_controller controller, bool is_v2)
{
    return is_v2 ? names[controller].v2 : names[controller].v1;
}

int
cgroup_root_of(const struct cgroup_layout *layout, unsigned controller)
{
    return controller == CONTROLLER_UNIFIED ? layout->unified : layout->v1[controller];
}

const char *
cgroup_hierarchy_name(unsigned controller)
{
    return controller == CONTROLLER_UNIFIED ? "v2"
                                            : cgroup_controller_name(controller, false);
}

/* "a\040b" -> "a b", in place: mountinfo writes blanks and backslashes in octal. */
static void
decode_octal(char *s)
{
    char *to = s;
    for (; *s; s++) {
        if (s[0] == '\\' && s[1] && s[2] && s[3]) {
            *to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
            s += 3;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

static uint32_t
controllers_in(const char *text, char separator, bool is_v2)
{
    auto_list words = {0};
    uint32_t found = 0;
    list_split(&words, text, separator);
    for (size_t i = 0; i < words.n; i++)
        for (unsigned c = CONTROLLER_CPU; c < CONTROLLER_COUNT; c++) {
            const char *name = cgroup_controller_name(c, is_v2);
            if (*name && str_eq(words.v[i], name))
                found |= CONTROLLER_BIT(c);
        }
    return found;
}

/* A mountinfo line of a cgroup file system. */
struct cgroup_mount {
    bool is_v2;
    char *point;
    uint32_t controllers; /* of v1 */
};

/* proc_pid_mountinfo(5): "36 35 98:0 /root /point options optional... - type source super". */
static bool
parse_mount(char *line, struct cgroup_mount *ret)
{
    char *rest = strstr(line, " - ");
    if (!rest)
        return false;
    *rest = '\0';
    rest += strlen(" - ");
    char *source = strchr(rest, ' ');
    if (!source)
        return false;
    *source++ = '\0';
    char *options = strchr(source, ' ');
    ret->is_v2 = str_eq(rest, "cgroup2");
    if (!options || (!ret->is_v2 && !str_eq(rest, "cgroup")))
        return false;
    ret->controllers = ret->is_v2 ? 0 : controllers_in(options + 1, ',', false);

    strtok_r(line, " ", &rest);
    for (int i = 0; i < 4; i++)
        ret->point = strtok_r(NULL, " ", &rest);
    if (!ret->point)
        return false;
    decode_octal(ret->point);
    return true;
}

static void
read_unified(struct cgroup_layout *layout)
{
    auto_free char *text = NULL;
    if (file_read_at(layout->unified, "cgroup.controllers", 4096, &text, NULL) < 0)
        return;
    text[strcspn(text, "\n")] = '\0';
    layout->in_unified = controllers_in(text, ' ', true);
}

static void
set_root(struct cgroup_layout *layout, unsigned controller, int fd, const char *place)
{
    if (controller == CONTROLLER_UNIFIED)
        layout->unified = fd;
    else
        layout->v1[controller] = fd;
    layout->place[controller] = str_copy(place);
}

/* The first mount of each hierarchy counts: later ones are somebody's copies. One that is not
 * at its place any more lies below a later mount: there is no way to it. */
static int
take_mount(struct cgroup_layout *layout, const struct cgroup_mount *mount,
           int (*open_dir)(const char *path), struct err *e)
{
    uint32_t wanted = 0;
    for (unsigned c = 0; c < CONTROLLER_COUNT; c++)
        if ((mount->controllers & CONTROLLER_BIT(c)) && layout->v1[c] < 0)
            wanted |= CONTROLLER_BIT(c);
    if (mount->is_v2 ? layout->unified >= 0 : wanted == 0)
        return 0;
    int fd = open_dir(mount->point);
    if (fd == -ENOENT)
        return 0;
    TRY(err_sys(e, fd, "open the cgroup hierarchy at %s", mount->point));
    if (mount->is_v2)
        wanted = CONTROLLER_BIT(CONTROLLER_UNIFIED);
    for (unsigned c = 0; c < CONTROLLER_COUNT; c++)
        if (wanted & CONTROLLER_BIT(c))
            set_root(layout, c, fd, mount->point);
    return 0;
}

static void
layout_init(struct cgroup_layout *layout)
{
    *layout = (struct cgroup_layout){.unified = NO_FD};
    for (unsigned c = 0; c < CONTROLLER_COUNT; c++)
        layout->v1[c] = NO_FD;
}

int
cgroup_layout_read(struct cgroup_layout *ret, const char *mountinfo,
                   int (*open_dir)(const char *path), struct err *e)
{
    layout_init(ret);
    auto_free char *lines = str_copy(mountinfo);
    for (char *line = lines, *rest; (line = strtok_r(line, "\n", &rest)); line = NULL) {
        struct cgroup_mount mount;
        if (!parse_mount(line, &mount))
            continue;
        TRY(take_mount(ret, &mount, open_dir, e));
    }
    bool has_v1 = false;
    for (unsigned c = 0; c < CONTROLLER_COUNT; c++)
        has_v1 |= ret->v1[c] >= 0;
    if (ret->unified < 0 && !has_v1)
        return err_set(e, ERR_UNSUPPORTED,
                       "no cgroup hierarchy is mounted (usually below /sys/fs/cgroup)");
    ret->mode = ret->unified < 0 ? CGROUP_V1 : has_v1 ? CGROUP_HYBRID : CGROUP_V2;
    return 0;
}

/* -ENOENT also where the path leads to something else by now. */
static int
open_hierarchy(const char *path)
{
    struct statfs fs;
    auto_close int dir = lx_open(path, O_PATH | O_DIRECTORY);
    if (dir < 0)
        return dir;
    bool is_cgroup = fstatfs(dir, &fs) == 0 &&
                     (fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
    return is_cgroup ? take_fd(&dir) : -ENOENT;
}

/* Where an ordinary user may make groups: below the parent of the own group, which systemd
 * has handed to them ("delegated"); it holds no process, so it may pass controllers on. The
 * own group itself serves where that parent is not ours. */
static void
find_delegated(struct cgroup_layout *layout)
{
    auto_free char *text = NULL;
    if (layout->unified < 0 ||
        file_read_at(AT_FDCWD, "/proc/self/cgroup", 65536, &text, NULL))
        return;
    char *own = strstr(text, "0::/");
    if (!own || (own != text && own[-1] != '\n'))
        return;
    own += strlen("0::/");
    own[strcspn(own, "\n")] = '\0';
    if (strlen(own) >= sizeof layout->base)
        return;

    char *slash = strrchr(own, '/');
    if (slash) {
        auto_free char *parent = str_format("%.*s", (int)(slash - own), own);
        if (faccessat(layout->unified, parent, W_OK, AT_EACCESS) == 0) {
            snprintf(layout->base, sizeof layout->base, "%s", parent);
            return;
        }
    }
    snprintf(layout->base, sizeof layout->base, "%s", own);
}

/* v2 at its usual place: then there is nothing else to find. -ENOENT if it is not there. */
static int
read_usual_place(struct cgroup_layout *ret)
{
    static const char place[] = "/sys/fs/cgroup";
    struct statfs fs;
    if (statfs(place, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
        return -ENOENT;
    layout_init(ret);
    ret->unified = lx_open(place, O_PATH | O_DIRECTORY);
    TRY(ret->unified);
    ret->mode = CGROUP_V2;
    return 0;
}

static int
read_mountinfo(struct cgroup_layout *ret, struct err *e)
{
    auto_free char *text = NULL;
    TRY(err_sys(e,
                file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MOST, &text, NULL),
                "read /proc/self/mountinfo"));
    return cgroup_layout_read(ret, text, open_hierarchy, e);
}

/* The one fact that a process remembers: hierarchies do not come and go under it. */
static struct {
    struct cgroup_layout layout;
    bool is_known, has_controllers;
} here;

int
cgroup_layout_get(const struct cgroup_layout **ret, struct err *e)
{
    if (!here.is_known) {
        if (read_usual_place(&here.layout) < 0)
            TRY(read_mountinfo(&here.layout, e));
        if (geteuid() != 0)
            find_delegated(&here.layout);
        here.is_known = true;
    }
    *ret = &here.layout;
    return 0;
}

/* ---- written down and read again ---- */

void
cgroup_places(const struct cgroup *c, struct list *ret)
{
    const struct cgroup_layout *layout;
    struct err ignored;
    if (c->made == 0 || cgroup_layout_get(&layout, &ignored) < 0)
        return;
    for (unsigned i = 0; i < CONTROLLER_COUNT; i++)
        if ((c->made & CONTROLLER_BIT(i)) && layout->place[i])
            list_addf(ret, "%s=%s", cgroup_hierarchy_name(i), layout->place[i]);
}

/* The root that was opened for one of the controllers before this one, or a new descriptor. */
static int
open_place(const struct cgroup_layout *layout, unsigned controller, const char *place)
{
    for (unsigned i = 0; i < controller; i++)
        if (layout->place[i] && str_eq(layout->place[i], place))
            return cgroup_root_of(layout, i);
    return open_hierarchy(place);
}

static int
recall_root(struct cgroup_layout *layout, unsigned controller, const struct list *places)
{
    const char *place = list_get_env(places, cgroup_hierarchy_name(controller));
    int fd = place ? open_place(layout, controller, place) : -ENOENT;
    TRY(fd);
    set_root(layout, controller, fd, place);
    return 0;
}

static int
recall_roots(struct cgroup_layout *layout, const struct cgroup *c,
             const struct list *places)
{
    layout_init(layout);
    for (unsigned i = 0; i < CONTROLLER_COUNT; i++)
        if (c->made & CONTROLLER_BIT(i))
            TRY(recall_root(layout, i, places));
    layout->mode = layout->unified < 0 ? CGROUP_V1 : CGROUP_HYBRID;
    return 0;
}

/* Joint controllers have one descriptor. */
static void
layout_close(struct cgroup_layout *layout)
{
    for (unsigned i = CONTROLLER_COUNT; i-- > 0;) {
        int fd = cgroup_root_of(layout, i);
        free(layout->place[i]);
        for (unsigned other = 0; other <= i; other++)
            if (layout->v1[other] == fd)
                layout->v1[other] = NO_FD;
        fd_close(&fd);
    }
    layout_init(layout);
}

void
cgroup_recall(const struct cgroup *c, const struct list *places)
{
    if (places->n == 0 || geteuid() != 0 || here.is_known)
        return;
    here.is_known = recall_roots(&here.layout, c, places) == 0;
    if (!here.is_known)
        layout_close(&here.layout);
}

int
cgroup_layout_get_whole(const struct cgroup_layout **ret, struct err *e)
{
    TRY(cgroup_layout_get(ret, e));
    if (!here.has_controllers && here.layout.unified >= 0)
        read_unified(&here.layout);
    here.has_controllers = true;
    return 0;
}

int
cgroup_detect(enum cgroup_mode *ret, struct err *e)
{
    const struct cgroup_layout *layout;
    TRY(cgroup_layout_get(&layout, e));
    *ret = layout->mode;
    return 0;
}

int
cgroup_v1_hierarchies(struct list *l, struct err *e)
{
    const struct cgroup_layout *layout;
    TRY(cgroup_layout_get(&layout, e));
    uint32_t seen = 0;
    for (unsigned c = 0; c < CONTROLLER_COUNT; c++) {
        if (layout->v1[c] < 0 || (seen & CONTROLLER_BIT(c)))
            continue;
        auto_text joint = {0};
        for (unsigned other = c; other < CONTROLLER_COUNT; other++) {
            if (layout->v1[other] != layout->v1[c])
                continue;
            seen |= CONTROLLER_BIT(other);
            text_addf(&joint, "%s%s", joint.len > 0 ? "," : "",
                      cgroup_controller_name(other, false));
        }
        list_add(l, text_str(&joint));
    }
    return 0;
}
