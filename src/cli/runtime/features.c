/* features.c - `sampan-runtime features`: what this runtime can do, as JSON (runtime-spec,
 * features.md, features-linux.md).
 *
 * Every list is read off the table that the work itself goes by, so that it cannot promise
 * what is not done.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "base/memory.h"
#include "cli/runtime/verbs.h"
#include "cli/version.h"
#include "linux/privilege.h"
#include "oci/capability.h"
#include "oci/linux.h"
#include "oci/seccomp.h"
#include "oci/table.h"
#include "runtime/mount_words.h"
#include "runtime/seccomp.h"

#define ANNOTATION "org.sampan."

/* ---- off the tables ---- */

static struct json *
words_to_json(struct json_doc *doc, const struct oci_word *words)
{
    struct json *array = json_array(doc);
    for (; words->name; words++)
        json_append(array, json_string(doc, words->name));
    return array;
}

static const struct oci_field *
field(const struct oci_table *table, const char *name)
{
    for (size_t i = 0; i < table->n; i++)
        if (str_eq(table->fields[i].name, name))
            return &table->fields[i];
    return NULL;
}

static struct json *
names_to_json(struct json_doc *doc, const struct oci_table *table)
{
    struct json *array = json_array(doc);
    for (size_t i = 0; i < table->n; i++)
        json_append(array, json_string(doc, table->fields[i].name));
    return array;
}

/* ---- its parts ---- */

static struct json *
flag(struct json_doc *doc, bool is_enabled)
{
    struct json *json = json_object(doc);
    json_set_bool(doc, json, "enabled", is_enabled);
    return json;
}

static struct json *
cgroup_to_json(struct json_doc *doc)
{
    static const char *const all[] = {"v1", "v2", "systemd", "systemdUser", "rdma"};
    struct json *json = json_object(doc);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        json_set_bool(doc, json, all[i], true);
    return json;
}

/* The flags that this kernel takes: it is asked with a filter at an
 * address that nobody has. A flag that it
 * does not know is EINVAL, before it looks at the filter. */
static struct json *
supported_flags(struct json_doc *doc, const struct oci_word *words)
{
    const struct sock_filter *nowhere = (const struct sock_filter *)sizeof(*nowhere);
    struct json *array = json_array(doc);
    for (; words->name; words++) {
        unsigned flags = (unsigned)words->value;
        if (str_ends(words->name, "_RECV")) /* means something with a listener alone */
            flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
        if (lx_seccomp_filter(flags, nowhere, 1) != -EINVAL)
            json_append(array, json_string(doc, words->name));
    }
    return array;
}

static struct json *
seccomp_to_json(struct json_doc *doc)
{
    const struct oci_table *rule = field(&oci_seccomp_table, "syscalls")->table;
    const struct oci_table *arg = field(rule, "args")->table;
    const struct oci_word *flags = field(&oci_seccomp_table, "flags")->words;
    auto_list architectures = {0};
    seccomp_architectures(&architectures);
    struct json *json = flag(doc, true);
    json_set(doc, json, "actions", words_to_json(doc, field(rule, "action")->words));
    json_set(doc, json, "operators", words_to_json(doc, field(arg, "op")->words));
    json_set(doc, json, "archs", json_strings(doc, &architectures));
    json_set(doc, json, "knownFlags", words_to_json(doc, flags));
    json_set(doc, json, "supportedFlags", supported_flags(doc, flags));
    return json;
}

static struct json *
linux_to_json(struct json_doc *doc, const struct list *mount_words)
{
    struct json *json = json_object(doc);
    struct json *extensions = json_object(doc);
    json_set(doc, json, "namespaces", words_to_json(doc, oci_namespace_words));
    json_set(doc, json, "capabilities", words_to_json(doc, oci_capability_words));
    json_set(doc, json, "cgroup", cgroup_to_json(doc));
    json_set(doc, json, "seccomp", seccomp_to_json(doc));
    json_set(doc, json, "apparmor", flag(doc, true));
    json_set(doc, json, "selinux", flag(doc, true));
    json_set(doc, json, "intelRdt", flag(doc, true));
    json_set(doc, extensions, "idmap", flag(doc, list_has(mount_words, "idmap")));
    json_set(doc, json, "mountExtensions", extensions);
    return json;
}

static struct json *
annotations_to_json(struct json_doc *doc)
{
    struct json *json = json_object(doc);
    json_set_str(doc, json, ANNOTATION "version", SAMPAN_VERSION);
    json_set_str(doc, json, ANNOTATION "checkpoint.enabled", "false");
    return json;
}

int
verb_features(const struct arguments *a, struct err *e)
{
    (void)a;
    (void)e;
    auto_json *doc = json_doc_new();
    auto_list mount_words = {0};
    auto_text text = {0};
    struct json *json = json_object(doc);
    struct json *unsafe = json_array(doc);
    mount_options_known(&mount_words);
    json_set_str(doc, json, "ociVersionMin", "1.0.0");
    json_set_str(doc, json, "ociVersionMax", OCI_VERSION);
    json_set(doc, json, "hooks", names_to_json(doc, &oci_hooks_table));
    json_set(doc, json, "mountOptions", json_strings(doc, &mount_words));
    json_set(doc, json, "linux", linux_to_json(doc, &mount_words));
    json_set(doc, json, "annotations", annotations_to_json(doc));
    json_append(unsafe, json_string(doc, "org.systemd.property."));
    json_set(doc, json, "potentiallyUnsafeConfigAnnotations", unsafe);
    json_write(&text, json, 2);
    puts(text_str(&text));
    return 0;
}
