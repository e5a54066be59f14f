/* config.c - config.json from its outermost braces inwards; see config.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "oci/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "oci/linux.h"
#include "oci/process.h"
#include "oci/resources.h"
#include "oci/table.h"

static const struct oci_field root_fields[] = {
    FIELD(struct oci_root, path, "path", OCI_TEXT, .is_required = true),
    FIELD(struct oci_root, readonly, "readonly", OCI_BOOL),
};
static const struct oci_table root_table = OCI_TABLE(struct oci_root, root_fields);

#define MOUNT(member, name, kind, ...) \
    FIELD(struct oci_mount, member, name, kind, ##__VA_ARGS__)
static const struct oci_field mount_fields[] = {
    MOUNT(destination, "destination", OCI_TEXT, .is_required = true),
    MOUNT(type, "type", OCI_TEXT),
    MOUNT(source, "source", OCI_TEXT),
    MOUNT(options, "options", OCI_LIST),
    MOUNT(uid_mappings, "uidMappings", OCI_ARRAY, .table = &oci_id_map_table),
    MOUNT(gid_mappings, "gidMappings", OCI_ARRAY, .table = &oci_id_map_table),
};
static const struct oci_table mount_table = OCI_TABLE(struct oci_mount, mount_fields);

static const struct oci_field hook_fields[] = {
    FIELD(struct oci_hook, path, "path", OCI_TEXT, .is_required = true),
    FIELD(struct oci_hook, args, "args", OCI_LIST),
    FIELD(struct oci_hook, env, "env", OCI_LIST),
    FIELD(struct oci_hook, timeout, "timeout", OCI_OPT_I64),
};
static const struct oci_table hook_table = OCI_TABLE(struct oci_hook, hook_fields);

#define HOOKS(member, name) \
    FIELD(struct oci_hooks, member, name, OCI_ARRAY, .table = &hook_table)
static const struct oci_field hooks_fields[] = {
    HOOKS(prestart, "prestart"),
    HOOKS(create_runtime, "createRuntime"),
    HOOKS(create_container, "createContainer"),
    HOOKS(start_container, "startContainer"),
    HOOKS(poststart, "poststart"),
    HOOKS(poststop, "poststop"),
};
const struct oci_table oci_hooks_table = OCI_TABLE(struct oci_hooks, hooks_fields);

#define SPEC(member, name, kind, ...) \
    FIELD(struct oci_spec, member, name, kind, ##__VA_ARGS__)
static const struct oci_field spec_fields[] = {
    SPEC(oci_version, "ociVersion", OCI_TEXT, .is_required = true),
    SPEC(root, "root", OCI_OBJECT, .table = &root_table),
    SPEC(mounts, "mounts", OCI_ARRAY, .table = &mount_table),
    SPEC(process, "process", OCI_POINTER, .table = &oci_process_table),
    SPEC(hostname, "hostname", OCI_TEXT),
    SPEC(domainname, "domainname", OCI_TEXT),
    SPEC(hooks, "hooks", OCI_OBJECT, .table = &oci_hooks_table),
    SPEC(annotations, "annotations", OCI_PAIRS),
    SPEC(linux_, "linux", OCI_OBJECT, .table = &oci_linux_table),
};
static const struct oci_table spec_table = OCI_TABLE(struct oci_spec, spec_fields);

/* The spec's versions 1.x only add fields: all of them are read the same way. */
static int
check_version(const char *version, struct err *e)
{
    if (!str_starts(version, "1."))
        return err_set(e, ERR_UNSUPPORTED, "ociVersion: only 1.x is known, this is %s",
                       version);
    return 0;
}

static int
check_mount(const struct oci_mount *m, size_t i, struct err *e)
{
    if (m->destination[0] == '\0')
        return err_set(e, ERR_INVALID, "mounts[%zu].destination: is empty", i);
    if (m->uid_mappings.n == 0 && m->gid_mappings.n == 0)
        return 0;
    auto_free char *uids = str_format("mounts[%zu].uidMappings", i);
    auto_free char *gids = str_format("mounts[%zu].gidMappings", i);
    TRY(oci_id_maps_check(uids, &m->uid_mappings, e));
    return oci_id_maps_check(gids, &m->gid_mappings, e);
}

static int
check_hooks(const char *name, const struct oci_hook_list *hooks, struct err *e)
{
    for (size_t i = 0; i < hooks->n; i++) {
        const struct oci_hook *hook = &hooks->v[i];
        if (hook->path[0] != '/')
            return err_set(e, ERR_INVALID,
                           "hooks.%s[%zu].path: must be absolute, is \"%s\"", name, i,
                           hook->path);
        if (hook->timeout.is_set && hook->timeout.value <= 0)
            return err_set(e, ERR_INVALID,
                           "hooks.%s[%zu].timeout: must be greater than zero, is %lld",
                           name, i, (long long)hook->timeout.value);
    }
    return 0;
}

static int
check_all_hooks(const struct oci_hooks *hooks, struct err *e)
{
    TRY(check_hooks("prestart", &hooks->prestart, e));
    TRY(check_hooks("createRuntime", &hooks->create_runtime, e));
    TRY(check_hooks("createContainer", &hooks->create_container, e));
    TRY(check_hooks("startContainer", &hooks->start_container, e));
    TRY(check_hooks("poststart", &hooks->poststart, e));
    return check_hooks("poststop", &hooks->poststop, e);
}

static int
spec_check(const struct oci_spec *spec, struct err *e)
{
    TRY(check_version(spec->oci_version, e));
    if (spec->root.path && !*spec->root.path)
        return err_set(e, ERR_INVALID, "root.path: is empty");
    if (spec->process)
        TRY(oci_process_check(spec->process, e));
    for (size_t i = 0; i < spec->mounts.n; i++)
        TRY(check_mount(&spec->mounts.v[i], i, e));
    TRY(check_all_hooks(&spec->hooks, e));
    return oci_linux_check(&spec->linux_, e);
}

/* Text to a new struct of table: NULL and e on failure. */
static void *
parse(const char *text, size_t len, const struct oci_table *table, const char *path,
      struct err *e)
{
    auto_json *doc = NULL;
    if (json_parse(text, len, &doc, e) < 0)
        return NULL;
    void *object = mem_new(1, table->size);
    if (oci_table_read(table, json_root(doc), object, path, e) == 0)
        return object;
    oci_table_free(table, object);
    free(object);
    return NULL;
}

int
oci_spec_parse(const char *text, size_t len, struct oci_spec **ret, struct err *e)
{
    auto_spec *spec = parse(text, len, &spec_table, "", e);
    if (!spec)
        return -EINVAL;
    TRY(spec_check(spec, e));
    *ret = take_ptr(spec);
    return 0;
}

int
oci_process_parse(const char *text, size_t len, struct oci_process **ret, struct err *e)
{
    struct oci_process *process = parse(text, len, &oci_process_table, "process", e);
    if (!process)
        return -EINVAL;
    int r = oci_process_check(process, e);
    if (r < 0) {
        oci_process_free(process);
        return r;
    }
    *ret = process;
    return 0;
}

int
oci_resources_parse(const char *text, size_t len, struct oci_resources **ret, struct err *e)
{
    *ret = parse(text, len, &oci_resources_table, "linux.resources", e);
    return *ret ? 0 : -EINVAL;
}

struct json *
oci_spec_to_json(struct json_doc *doc, const struct oci_spec *spec)
{
    struct json *json = oci_table_write(&spec_table, doc, spec);
    if (!spec->root.path) /* a root that is not there at all */
        json_remove(json, "root");
    return json;
}

struct json *
oci_process_to_json(struct json_doc *doc, const struct oci_process *process)
{
    return oci_table_write(&oci_process_table, doc, process);
}

static void
free_object(const struct oci_table *table, void *object)
{
    if (object)
        oci_table_free(table, object);
    free(object);
}

void
oci_spec_free(struct oci_spec *spec)
{
    free_object(&spec_table, spec);
}

void
oci_process_free(struct oci_process *process)
{
    free_object(&oci_process_table, process);
}

void
oci_resources_free(struct oci_resources *resources)
{
    free_object(&oci_resources_table, resources);
}

void
oci_spec_free_at(struct oci_spec **spec)
{
    oci_spec_free(*spec);
}

const struct oci_namespace *
oci_spec_namespace(const struct oci_spec *spec, int type)
{
    for (size_t i = 0; i < spec->linux_.namespaces.n; i++)
        if (spec->linux_.namespaces.v[i].type == type)
            return &spec->linux_.namespaces.v[i];
    return NULL;
}
