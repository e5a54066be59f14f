/* linux.c - config.json's "linux" (runtime-spec, config-linux.md).
 *
 * SPDX-License-Identifier: MIT
 */
#include "oci/linux.h"

#include "linux/process.h"
#include <string.h>
#include <sys/personality.h>

#include "oci/resources.h"
#include "oci/seccomp.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

const struct oci_word oci_namespace_words[] = {
    {"pid",     CLONE_NEWPID   },
    {"network", CLONE_NEWNET   },
    {"mount",   CLONE_NEWNS    },
    {"ipc",     CLONE_NEWIPC   },
    {"uts",     CLONE_NEWUTS   },
    {"user",    CLONE_NEWUSER  },
    {"cgroup",  CLONE_NEWCGROUP},
    {"time",    CLONE_NEWTIME  },
    {NULL,      0              },
};

static const struct oci_word domains[] = {
    {"LINUX",   PER_LINUX  },
    {"LINUX32", PER_LINUX32},
    {NULL,      0          },
};

static const struct oci_field namespace_fields[] = {
    FIELD(struct oci_namespace, type, "type", OCI_WORD, .words = oci_namespace_words,
          .is_required = true),
    FIELD(struct oci_namespace, path, "path", OCI_TEXT),
};
static const struct oci_table namespace_table = OCI_TABLE(struct oci_namespace,
                                                          namespace_fields);

static const struct oci_field id_map_fields[] = {
    FIELD(struct oci_id_map, container_id, "containerID", OCI_U32, .is_required = true,
          .most = OCI_ID_MOST - 1),
    FIELD(struct oci_id_map, host_id, "hostID", OCI_U32, .is_required = true,
          .most = OCI_ID_MOST - 1),
    FIELD(struct oci_id_map, size, "size", OCI_U32, .is_required = true),
};
const struct oci_table oci_id_map_table = OCI_TABLE(struct oci_id_map, id_map_fields);

static const struct oci_field offset_fields[] = {
    FIELD(struct oci_time_offset, secs, "secs", OCI_I64),
    FIELD(struct oci_time_offset, nanosecs, "nanosecs", OCI_U32, .most = 999999999),
};
static const struct oci_table offset_table = OCI_TABLE(struct oci_time_offset,
                                                       offset_fields);

#define DEVICE(member, name, kind, ...) \
    FIELD(struct oci_device, member, name, kind, ##__VA_ARGS__)
static const struct oci_field device_fields[] = {
    DEVICE(path, "path", OCI_TEXT, .is_required = true),
    DEVICE(type, "type", OCI_TEXT, .is_required = true),
    DEVICE(major, "major", OCI_I64),
    DEVICE(minor, "minor", OCI_I64),
    DEVICE(file_mode, "fileMode", OCI_OPT_U64, .most = UINT32_MAX),
    DEVICE(uid, "uid", OCI_OPT_U64, .most = OCI_ID_MOST - 1),
    DEVICE(gid, "gid", OCI_OPT_U64, .most = OCI_ID_MOST - 1),
};
static const struct oci_table device_table = OCI_TABLE(struct oci_device, device_fields);

#define RDT(member, name, kind) FIELD(struct oci_intel_rdt, member, name, kind)
static const struct oci_field rdt_fields[] = {
    RDT(clos_id, "closID", OCI_TEXT),
    RDT(l3_cache_schema, "l3CacheSchema", OCI_TEXT),
    RDT(mem_bw_schema, "memBwSchema", OCI_TEXT),
    RDT(enable_cmt, "enableCMT", OCI_BOOL),
    RDT(enable_mbm, "enableMBM", OCI_BOOL),
};
static const struct oci_table rdt_table = OCI_TABLE(struct oci_intel_rdt, rdt_fields);

static const struct oci_field personality_fields[] = {
    FIELD(struct oci_personality, domain, "domain", OCI_WORD, .words = domains,
          .is_required = true),
    FIELD(struct oci_personality, flags, "flags", OCI_LIST),
};
static const struct oci_table personality_table = OCI_TABLE(struct oci_personality,
                                                            personality_fields);

#define LINUX(member, name, kind, ...) \
    FIELD(struct oci_linux, member, name, kind, ##__VA_ARGS__)
static const struct oci_field linux_fields[] = {
    LINUX(namespaces, "namespaces", OCI_ARRAY, .table = &namespace_table),
    LINUX(uid_mappings, "uidMappings", OCI_ARRAY, .table = &oci_id_map_table),
    LINUX(gid_mappings, "gidMappings", OCI_ARRAY, .table = &oci_id_map_table),
    LINUX(time_offsets, "timeOffsets", OCI_MAP, .table = &offset_table),
    LINUX(devices, "devices", OCI_ARRAY, .table = &device_table),
    LINUX(resources, "resources", OCI_OBJECT, .table = &oci_resources_table),
    LINUX(cgroups_path, "cgroupsPath", OCI_TEXT),
    LINUX(rootfs_propagation, "rootfsPropagation", OCI_TEXT),
    LINUX(seccomp, "seccomp", OCI_POINTER, .table = &oci_seccomp_table),
    LINUX(masked_paths, "maskedPaths", OCI_LIST),
    LINUX(readonly_paths, "readonlyPaths", OCI_LIST),
    LINUX(mount_label, "mountLabel", OCI_TEXT),
    LINUX(sysctl, "sysctl", OCI_PAIRS),
    LINUX(intel_rdt, "intelRdt", OCI_POINTER, .table = &rdt_table),
    LINUX(personality, "personality", OCI_POINTER, .table = &personality_table),
};
const struct oci_table oci_linux_table = OCI_TABLE(struct oci_linux, linux_fields);

static int
check_namespaces(const struct oci_namespaces *namespaces, struct err *e)
{
    int seen = 0;
    for (size_t i = 0; i < namespaces->n; i++) {
        const struct oci_namespace *ns = &namespaces->v[i];
        if (seen & ns->type)
            return err_set(e, ERR_INVALID, "linux.namespaces[%zu]: %s is there twice", i,
                           oci_word_name(oci_namespace_words, (uint64_t)ns->type));
        seen |= ns->type;
        if (ns->path && ns->path[0] != '/' && ns->path[0] != '\0')
            return err_set(e, ERR_INVALID,
                           "linux.namespaces[%zu].path: must be absolute, is %s", i,
                           ns->path);
    }
    return 0;
}

/* The kernel refuses such maps, too, but does not say which line it is. */
int
oci_id_maps_check(const char *field, const struct oci_id_maps *maps, struct err *e)
{
    enum { LINES_MOST = 340 }; /* user_namespaces(7) */
    if (maps->n > LINES_MOST)
        return err_set(e, ERR_INVALID, "%s: more than %d mappings", field, LINES_MOST);
    for (size_t i = 0; i < maps->n; i++) {
        const struct oci_id_map *m = &maps->v[i];
        if (m->size == 0)
            return err_set(e, ERR_INVALID, "%s[%zu].size: must not be 0", field, i);
        if (m->size > UINT32_MAX - m->container_id || m->size > UINT32_MAX - m->host_id)
            return err_set(e, ERR_INVALID, "%s[%zu].size: more ids than there are", field,
                           i);
        for (size_t j = 0; j < i; j++) {
            const struct oci_id_map *o = &maps->v[j];
            if ((m->container_id < o->container_id + o->size &&
                 o->container_id < m->container_id + m->size) ||
                (m->host_id < o->host_id + o->size && o->host_id < m->host_id + m->size))
                return err_set(e, ERR_INVALID, "%s[%zu]: overlaps with [%zu]", field, i, j);
        }
    }
    return 0;
}

static int
check_offsets(const struct oci_time_offsets *offsets, struct err *e)
{
    for (size_t i = 0; i < offsets->n; i++)
        if (!str_eq(offsets->v[i].clock, "monotonic") &&
            !str_eq(offsets->v[i].clock, "boottime"))
            return err_set(e, ERR_INVALID,
                           "linux.timeOffsets.%s: must be monotonic or boottime",
                           offsets->v[i].clock);
    return 0;
}

static int
check_paths(const char *field, const struct list *paths, struct err *e)
{
    for (size_t i = 0; i < paths->n; i++)
        if (paths->v[i][0] != '/')
            return err_set(e, ERR_INVALID, "linux.%s[%zu]: must be absolute, is %s", field,
                           i, paths->v[i]);
    return 0;
}

static int
check_devices(const struct oci_devices *devices, struct err *e)
{
    enum { MAJOR_MOST = 0xfff, MINOR_MOST = 0xfffff }; /* what the kernel has bits for */
    for (size_t i = 0; i < devices->n; i++) {
        const struct oci_device *d = &devices->v[i];
        if (strlen(d->type) != 1 || !strchr("cbup", d->type[0]))
            return err_set(e, ERR_INVALID,
                           "linux.devices[%zu].type: must be c, b, u or p, is %s", i,
                           d->type);
        if (d->path[0] != '/')
            return err_set(e, ERR_INVALID, "linux.devices[%zu].path: must be absolute", i);
        if (d->major < 0 || d->major > MAJOR_MOST)
            return err_set(e, ERR_INVALID, "linux.devices[%zu].major: must be 0 to %d", i,
                           MAJOR_MOST);
        if (d->minor < 0 || d->minor > MINOR_MOST)
            return err_set(e, ERR_INVALID, "linux.devices[%zu].minor: must be 0 to %d", i,
                           MINOR_MOST);
    }
    return 0;
}

int
oci_linux_check(const struct oci_linux *linux_, struct err *e)
{
    TRY(check_namespaces(&linux_->namespaces, e));
    TRY(oci_id_maps_check("linux.uidMappings", &linux_->uid_mappings, e));
    TRY(oci_id_maps_check("linux.gidMappings", &linux_->gid_mappings, e));
    TRY(check_offsets(&linux_->time_offsets, e));
    TRY(check_devices(&linux_->devices, e));
    if (linux_->seccomp)
        TRY(oci_seccomp_check(linux_->seccomp, e));
    TRY(check_paths("maskedPaths", &linux_->masked_paths, e));
    TRY(check_paths("readonlyPaths", &linux_->readonly_paths, e));
    if (linux_->personality && linux_->personality->flags.n > 0)
        return err_set(e, ERR_INVALID,
                       "linux.personality.flags: the spec knows none, %s is there",
                       linux_->personality->flags.v[0]);
    return 0;
}
