/* cgroup_layout.h - which cgroup hierarchies this machine has, and what is to be written there.
 *
 * For the files cgroup_*.c alone; everybody else wants cgroup.h.
 *
 *     cgroup_detect.c   the layout: hierarchies by controller, each an open directory
 *     cgroup_plan.c     a list of writes; what v1 and v2 have alike
 *     cgroup_v1.c       resources become writes to the files of v1 ...
 *     cgroup_v2.c       ... or of v2; a plan, nothing is touched yet
 *     cgroup_tree.c     directories: made, opened, listed, emptied, removed
 *     cgroup_devices.c  device rules: v1 files, or a program on the v2 directory
 *     cgroup_work.c     a container's groups with a plan to be written to them
 *     cgroup_create.c   the verbs of cgroup.h on top of these: create ...
 *     cgroup_members.c  ... join, freeze, kill, remove ...
 *     cgroup_update.c   ... and new limits
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_CGROUP_LAYOUT_H
#define RUNTIME_CGROUP_LAYOUT_H

#include "runtime/cgroup.h"

#define CONTROLLER_BIT(controller) (1u << (controller))

/* A machine's hierarchies. The descriptors are O_PATH and stay open. */
struct cgroup_layout {
    enum cgroup_mode mode;
    int unified;                   /* root of v2, or NO_FD */
    uint32_t in_unified;           /* controllers of v2; of cgroup_layout_get_whole only */
    int v1[CONTROLLER_COUNT];      /* root by controller, or NO_FD; joint ones are equal */
    char *place[CONTROLLER_COUNT]; /* path of the root, or NULL: of v1 and hybrid */
    char base[256]; /* our own parent below each root: "", or "user.slice/..." */
};

/* Found once per process, then remembered. The second for who asks for in_unified, which joining
 * and removing do without. */
int cgroup_layout_get(const struct cgroup_layout **ret, struct err *e);
int cgroup_layout_get_whole(const struct cgroup_layout **ret, struct err *e);

/* The same from the text of mountinfo and of /proc/self/cgroup; the directories are opened
 * through `open_dir` (a test has its own). */
int cgroup_layout_read(struct cgroup_layout *ret, const char *mountinfo,
                       int (*open_dir)(const char *path), struct err *e);

/* "memory", "name=systemd"; the v2 name of blkio is "io". */
const char *cgroup_controller_name(enum cgroup_controller controller, bool is_v2);

/* The root of a controller's hierarchy, v1's or for CONTROLLER_UNIFIED v2's, or NO_FD; and what
 * errors call it. */
int cgroup_root_of(const struct cgroup_layout *layout, unsigned controller);
const char *cgroup_hierarchy_name(unsigned controller);

/* One value for one file. */
struct cgroup_write {
    enum cgroup_controller controller;
    bool is_v2;
    bool needs_swap; /* a missing file is fine on a machine without swap space */
    bool may_be_missing;
    char field[72]; /* below linux.resources: "memory.limit" */
    char file[72];
    char *value;
    char other_file[40], other_value[40]; /* instead, where there is no `file` */
};

/* A plan: what to write, in this order. Zero-initialise. */
struct cgroup_plan {
    struct cgroup_write *v;
    size_t n;
};
#define auto_plan __attribute__((cleanup(cgroup_plan_done))) struct cgroup_plan
void cgroup_plan_done(struct cgroup_plan *plan);

/* Adds a write; the value is formatted. */
struct cgroup_write *cgroup_plan_add(struct cgroup_plan *plan,
                                     enum cgroup_controller controller, bool is_v2,
                                     const char *field, const char *file, const char *fmt,
                                     ...) PRINTF_LIKE(6, 7);

/* Parts that v1 and v2 have alike. */
int cgroup_plan_hugetlb(struct cgroup_plan *plan, bool is_v2, const struct oci_resources *r,
                        struct err *e);
int cgroup_plan_rdma(struct cgroup_plan *plan, bool is_v2, const struct oci_resources *r,
                     struct err *e);

/* What the resources ask of one controller. dir: the group's directory, for values that
 * depend on those of now (an update), or NO_FD for a new group. */
int cgroup_v1_plan(struct cgroup_plan *plan, enum cgroup_controller controller,
                   const struct oci_resources *r, int dir, struct err *e);
int cgroup_v2_plan(struct cgroup_plan *plan, enum cgroup_controller controller,
                   const struct oci_resources *r, int dir, struct err *e);

/* linux.resources.unified, all controllers. */
int cgroup_v2_plan_unified(struct cgroup_plan *plan, const struct cgroup_layout *layout,
                           const struct oci_resources *r, struct err *e);

/* All that the resources ask for, of every controller that this machine has. dirs: those of
 * a container's groups by controller, for values that depend on those of now, or NULL. */
int cgroup_plan_make(struct cgroup_plan *plan, const struct oci_resources *resources,
                     const int *dirs, struct err *e);

/* cpu.shares (2 to 262144) as cpu.weight (1 to 10000): docs/decisions/0006. */
uint64_t cgroup_weight_of_shares(uint64_t shares);

/* A number that stands alone in a file, or after `key ` on a line of it. "max" and what
 * does not fit give UINT64_MAX. */
int cgroup_read_number(int dir, const char *file, const char *key, uint64_t *ret);

/* ---- directories ---- */

/* Checks that the path is made of plain components: no "..", no empty one, no name that
 * could be one of the kernel's files (rule R23). */
int cgroup_check_path(const char *path, struct err *e);

/* Opens the group below a root, O_DIRECTORY; -ENOENT if it is not there. */
int cgroup_open(int root, const char *path);

/* Makes the group and its missing parents. was_there: it existed. */
int cgroup_make(int root, const char *path, enum cgroup_controller controller,
                bool *was_there, struct err *e);

/* v2: makes the controllers of `wanted` available in the group `path`: all its ancestors'
 * cgroup.subtree_control. Those of `needed` must come; the rest is for accounting. */
int cgroup_enable(int root, const char *path, uint32_t wanted, uint32_t needed,
                  struct err *e);

/* Writes text to a file of a group, which is open or below an open root: one open, one
 * write. */
int cgroup_write_file(int dir, const char *file, const char *value);
int cgroup_write_at(int root, const char *path, const char *file, const char *value);

/* The pids of the group and of all below it, added to *ret. */
int cgroup_list_pids(int dir, pid_t **ret, size_t *n);

/* Removes the group with all below it, the deepest first; it must be empty of processes,
 * -EBUSY if not. 0 if it was not there. */
int cgroup_remove_tree(int root, const char *path);

/* Removes the groups that `path` lies in, from below, as long as they are empty; the first
 * component stays. */
void cgroup_remove_empty_parents(int root, const char *path);

/* ---- devices ---- */

/* Applies the rules to the group `dir`: on v2 by a program, root being the hierarchy's own
 * directory, where programs are kept for the next container; on v1 (root NO_FD) by its
 * files. */
int cgroup_set_devices(int root, int dir, const struct oci_device_rules *rules,
                       struct err *e);

#endif
