/* seccomp_profile.c - profiles in moby's format: rules that hold for some containers only.
 *
 * The format of `--security-opt seccomp=file.json` is that of config.json with three things
 * more: an "archMap" (which other architectures belong to the machine's), and for each rule
 * "includes" (all of it must hold) and "excludes" (nothing of it may hold): capabilities of
 * the container, architectures in Go's words, the least kernel version. Here a profile loses
 * those three, and what is left is read by the tables of src/oci.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/seccomp.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "oci/capability.h"
#include "oci/seccomp.h"

#if defined(__x86_64__)
#define NATIVE_GO  "amd64"
#define NATIVE_OCI "SCMP_ARCH_X86_64"
#else
#define NATIVE_GO  "arm64"
#define NATIVE_OCI "SCMP_ARCH_AARCH64"
#endif

struct version {
    unsigned major, minor;
};

/* A rule's field, which must be of this type if it is there. */
static int
get_typed(const struct json *object, const char *name, enum json_type type,
          const char *where, const struct json **ret, struct err *e)
{
    const struct json *found = json_get(object, name);
    *ret = NULL;
    if (found && found->type == JSON_NULL)
        found = NULL;
    if (found && found->type != type)
        return err_set(e, ERR_INVALID, "seccomp profile: %s.%s: wrong type", where, name);
    *ret = found;
    return 0;
}

static int
read_capabilities(const struct json *names, uint64_t caps, const char *where, bool *ret_any,
                  bool *ret_all, struct err *e)
{
    *ret_any = false;
    *ret_all = true;
    for (json_each(name, names)) {
        uint64_t bit = 0;
        if (name->type != JSON_STRING ||
            !oci_word_value(oci_capability_words, name->text, &bit))
            return err_set(e, ERR_INVALID, "seccomp profile: %s.caps: no capability %s",
                           where, json_str(name, "by a name that is no string"));
        *ret_any |= (caps & bit) != 0;
        *ret_all &= (caps & bit) != 0;
    }
    return 0;
}

static bool
has_native(const struct json *arches)
{
    for (json_each(arch, arches))
        if (str_eq(json_str(arch, ""), NATIVE_GO))
            return true;
    return false;
}

static int
parse_version(const char *text, const char *where, struct version *ret, struct err *e)
{
    if (sscanf(text, "%u.%u", &ret->major, &ret->minor) == 2)
        return 0;
    return err_set(e, ERR_INVALID, "seccomp profile: %s.minKernel: \"%s\" is no version",
                   where, text);
}

static int
is_kernel_at_least(const char *least, const char *where, bool *ret, struct err *e)
{
    struct utsname machine;
    struct version need, have;
    uname(&machine);
    TRY(parse_version(least, where, &need, e));
    TRY(parse_version(machine.release, "uname", &have, e));
    *ret = have.major != need.major ? have.major > need.major : have.minor >= need.minor;
    return 0;
}

struct filter_facts {
    bool has_caps, has_any_cap, has_all_caps;
    bool has_arches, is_native;
    bool has_kernel, is_new_enough;
};

/* What an "includes" or "excludes" says about this container. */
static int
read_filter(const struct json *filter, uint64_t caps, const char *where,
            struct filter_facts *ret, struct err *e)
{
    const struct json *names, *arches, *kernel;
    TRY(get_typed(filter, "caps", JSON_ARRAY, where, &names, e));
    TRY(get_typed(filter, "arches", JSON_ARRAY, where, &arches, e));
    TRY(get_typed(filter, "minKernel", JSON_STRING, where, &kernel, e));
    *ret = (struct filter_facts){
        .has_caps = json_count(names) > 0,
        .has_arches = json_count(arches) > 0,
        .is_native = has_native(arches),
        .has_kernel = kernel && *kernel->text,
    };
    TRY(read_capabilities(names, caps, where, &ret->has_any_cap, &ret->has_all_caps, e));
    if (ret->has_kernel)
        TRY(is_kernel_at_least(kernel->text, where, &ret->is_new_enough, e));
    return 0;
}

/* Does the rule speak of this container on this machine? */
static int
rule_applies(const struct json *rule, size_t i, uint64_t caps, bool *ret, struct err *e)
{
    auto_free char *where = str_format("syscalls[%zu]", i);
    auto_free char *in_includes = str_format("%s.includes", where);
    auto_free char *in_excludes = str_format("%s.excludes", where);
    const struct json *includes, *excludes;
    struct filter_facts in, out;
    TRY(get_typed(rule, "includes", JSON_OBJECT, where, &includes, e));
    TRY(get_typed(rule, "excludes", JSON_OBJECT, where, &excludes, e));
    TRY(read_filter(includes, caps, in_includes, &in, e));
    TRY(read_filter(excludes, caps, in_excludes, &out, e));

    bool is_included = (!in.has_caps || in.has_all_caps) &&
                       (!in.has_arches || in.is_native) &&
                       (!in.has_kernel || in.is_new_enough);
    bool is_excluded = (out.has_caps && out.has_any_cap) ||
                       (out.has_arches && out.is_native) ||
                       (out.has_kernel && out.is_new_enough);
    *ret = is_included && !is_excluded;
    return 0;
}

/* The rule as config.json has it; its older form names a single call by "name". */
static int
plain_rule(struct json_doc *doc, const struct json *rule, size_t i, struct json **ret,
           struct err *e)
{
    const struct json *name;
    auto_free char *where = str_format("syscalls[%zu]", i);
    TRY(get_typed(rule, "name", JSON_STRING, where, &name, e));
    *ret = json_clone(doc, rule);
    if (!name || !*name->text)
        return 0;
    if (json_count(json_get(rule, "names")) > 0)
        return err_set(e, ERR_INVALID, "seccomp profile: %s: both name and names", where);
    struct json *names = json_array(doc);
    json_append(names, json_string(doc, name->text));
    json_set(doc, *ret, "names", names);
    return 0;
}

static int
plain_rules(struct json_doc *doc, const struct json *profile, uint64_t caps,
            struct json **ret, struct err *e)
{
    const struct json *rules;
    TRY(get_typed(profile, "syscalls", JSON_ARRAY, "profile", &rules, e));
    *ret = json_array(doc);
    size_t i = 0;
    for (json_each(rule, rules)) {
        if (rule->type != JSON_OBJECT)
            return err_set(e, ERR_INVALID, "seccomp profile: syscalls[%zu]: no object", i);
        bool applies;
        TRY(rule_applies(rule, i, caps, &applies, e));
        if (applies) {
            struct json *plain;
            TRY(plain_rule(doc, rule, i, &plain, e));
            json_append(*ret, plain);
        }
        i++;
    }
    return 0;
}

/* The architectures of the entry of "archMap" that is this machine's. */
static int
plain_architectures(struct json_doc *doc, const struct json *map, struct json **ret,
                    struct err *e)
{
    *ret = json_array(doc);
    for (json_each(entry, map)) {
        if (!str_eq(json_str(json_get(entry, "architecture"), ""), NATIVE_OCI))
            continue;
        const struct json *others;
        TRY(get_typed(entry, "subArchitectures", JSON_ARRAY, "archMap", &others, e));
        json_append(*ret, json_string(doc, NATIVE_OCI));
        for (json_each(other, others))
            json_append(*ret, json_clone(doc, other));
    }
    return 0;
}

static int
plain_profile(struct json_doc *doc, const struct json *profile, uint64_t caps,
              struct json **ret, struct err *e)
{
    const struct json *map, *listed;
    struct json *rules, *architectures;
    TRY(get_typed(profile, "archMap", JSON_ARRAY, "profile", &map, e));
    TRY(get_typed(profile, "architectures", JSON_ARRAY, "profile", &listed, e));
    if (json_count(map) > 0 && json_count(listed) > 0)
        return err_set(e, ERR_INVALID, "seccomp profile: both architectures and archMap");
    *ret = json_clone(doc, profile);
    TRY(plain_rules(doc, profile, caps, &rules, e));
    json_set(doc, *ret, "syscalls", rules);
    if (json_count(map) == 0)
        return 0;
    TRY(plain_architectures(doc, map, &architectures, e));
    json_set(doc, *ret, "architectures", architectures);
    return 0;
}

int
seccomp_profile_parse(const char *text, size_t len, uint64_t caps, struct oci_seccomp **ret,
                      struct err *e)
{
    auto_json *doc = NULL;
    TRY(err_wrap(e, json_parse(text, len, &doc, e), "seccomp profile"));
    const struct json *root = json_root(doc);
    if (root->type != JSON_OBJECT)
        return err_set(e, ERR_INVALID, "seccomp profile: no JSON object");
    struct json *plain = NULL;
    TRY(plain_profile(doc, root, caps, &plain, e));

    struct oci_seccomp *profile = mem_new(1, sizeof *profile);
    int r = oci_table_read(&oci_seccomp_table, plain, profile, "seccomp profile", e);
    if (r < 0) {
        seccomp_profile_free(profile);
        return r;
    }
    *ret = profile;
    return 0;
}

void
seccomp_profile_free(struct oci_seccomp *profile)
{
    if (!profile)
        return;
    oci_table_free(&oci_seccomp_table, profile);
    free(profile);
}
