/* seccomp_file.c - Docker's profile files become the runtime-spec's "linux.seccomp".
 *
 * Such a file is the runtime-spec's object with two additions, which are decided here and
 * left out:
 *
 *     archMap                the architectures by the machine's own
 *     includes, excludes     conditions of a rule: { caps, arches, minKernel }
 *
 * What the words and numbers of a rule are is checked by oci/seccomp when config.json is
 * read: a rule that nobody understands is an error, never a rule less (rule R25).
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/seccomp_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/memory.h"
#include "base/text.h"

/* The machine by uname(2), in Go's words and in libseccomp's. */
static const struct machine {
    const char *name, *go, *native;
} machines[] = {
    {"x86_64",  "amd64", "SCMP_ARCH_X86_64" },
    {"aarch64", "arm64", "SCMP_ARCH_AARCH64"},
};

struct profile {
    struct json_doc *doc;
    const struct json *caps; /* the bounding set */
    const struct machine *machine;
    int kernel[2];
};

static bool
has_word(const struct json *list, const char *word)
{
    for (json_each(item, list))
        if (str_eq(json_str(item, ""), word))
            return true;
    return false;
}

/* 1 if the kernel is at least of that version, 0 if not. */
static int
reaches_kernel(const struct profile *p, const char *version, struct err *e)
{
    int major, minor, end = 0;
    if (sscanf(version, "%d.%d%n", &major, &minor, &end) != 2 || version[end] != '\0')
        return err_set(e, ERR_INVALID, "seccomp profile: minKernel \"%s\" is no version",
                       version);
    return p->kernel[0] > major || (p->kernel[0] == major && p->kernel[1] >= minor);
}

/* Are the conditions of "includes" met? All of them must be. */
static int
is_included(const struct profile *p, const struct json *wanted, struct err *e)
{
    const struct json *arches = json_get(wanted, "arches");
    const char *kernel = json_str(json_get(wanted, "minKernel"), "");
    if (json_count(arches) > 0 && !has_word(arches, p->machine->go))
        return 0;
    for (json_each(cap, json_get(wanted, "caps")))
        if (!has_word(p->caps, json_str(cap, "")))
            return 0;
    return kernel[0] == '\0' ? 1 : reaches_kernel(p, kernel, e);
}

/* Is one of the conditions of "excludes" met? */
static int
is_excluded(const struct profile *p, const struct json *unwanted, struct err *e)
{
    const char *kernel = json_str(json_get(unwanted, "minKernel"), "");
    if (has_word(json_get(unwanted, "arches"), p->machine->go))
        return 1;
    for (json_each(cap, json_get(unwanted, "caps")))
        if (has_word(p->caps, json_str(cap, "")))
            return 1;
    return kernel[0] == '\0' ? 0 : reaches_kernel(p, kernel, e);
}

static void
copy_fields(const struct profile *p, struct json *to, const struct json *from,
            const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct json *node = json_get(from, names[i]);
        if (node != NULL && node->type != JSON_NULL)
            json_set(p->doc, to, names[i], json_clone(p->doc, node));
    }
}

static int
add_rule(const struct profile *p, struct json *rules, const struct json *rule,
         struct err *e)
{
    static const char *const fields[] = {"names", "action", "errnoRet", "args"};
    const char *name = json_str(json_get(rule, "name"), "");
    int included = is_included(p, json_get(rule, "includes"), e);
    TRY(included);
    int excluded = is_excluded(p, json_get(rule, "excludes"), e);
    TRY(excluded);
    if (!included || excluded)
        return 0;
    if (name[0] != '\0' && json_count(json_get(rule, "names")) > 0)
        return err_set(e, ERR_INVALID,
                       "seccomp profile: a rule with 'name' (%s) and 'names': use either",
                       name);
    struct json *copy = json_object(p->doc);
    copy_fields(p, copy, rule, fields, ARRAY_LEN(fields));
    if (name[0] != '\0') {
        struct json *names = json_array(p->doc);
        json_append(names, json_string(p->doc, name));
        json_set(p->doc, copy, "names", names);
    }
    json_append(rules, copy);
    return 0;
}

/* The entry of archMap for this machine: itself and those below it. */
static int
set_architectures(const struct profile *p, struct json *to, const struct json *profile,
                  struct err *e)
{
    const struct json *list = json_get(profile, "architectures"),
                      *map = json_get(profile, "archMap");
    if (json_count(list) > 0 && json_count(map) > 0)
        return err_set(e, ERR_INVALID,
                       "seccomp profile: 'architectures' and 'archMap': use either");
    if (json_count(list) > 0)
        json_set(p->doc, to, "architectures", json_clone(p->doc, list));
    for (json_each(entry, map)) {
        const struct json *own = json_get(entry, "architecture");
        if (!str_eq(json_str(own, ""), p->machine->native))
            continue;
        struct json *all = json_array(p->doc);
        json_append(all, json_clone(p->doc, own));
        for (json_each(other, json_get(entry, "subArchitectures")))
            json_append(all, json_clone(p->doc, other));
        json_set(p->doc, to, "architectures", all);
    }
    return 0;
}

static int
look_at_machine(struct profile *p, struct err *e)
{
    struct utsname system;
    uname(&system);
    for (size_t i = 0; i < ARRAY_LEN(machines); i++)
        if (str_eq(machines[i].name, system.machine))
            p->machine = &machines[i];
    if (p->machine == NULL ||
        sscanf(system.release, "%d.%d", &p->kernel[0], &p->kernel[1]) != 2)
        return err_set(e, ERR_UNSUPPORTED,
                       "seccomp profiles from files are not supported on %s, Linux %s",
                       system.machine, system.release);
    return 0;
}

int
seccomp_file_add(struct json_doc *doc, struct json *linux_, const struct json *process,
                 const char *text, struct err *e)
{
    static const char *const fields[] = {"defaultAction", "defaultErrnoRet", "flags",
                                         "listenerPath", "listenerMetadata"};
    struct profile p = {.doc = doc, .caps = json_path(process, "capabilities.bounding")};
    auto_json *read = NULL;
    TRY(look_at_machine(&p, e));
    int r = json_parse(text, strlen(text), &read, e);
    if (r < 0)
        return err_wrap(e, r, "seccomp profile");
    const struct json *profile = json_root(read);
    struct json *to = json_object(doc), *rules = json_array(doc);
    if (profile->type != JSON_OBJECT)
        return err_set(e, ERR_INVALID, "seccomp profile: no JSON object");
    copy_fields(&p, to, profile, fields, ARRAY_LEN(fields));
    TRY(set_architectures(&p, to, profile, e));
    for (json_each(rule, json_get(profile, "syscalls")))
        TRY(add_rule(&p, rules, rule, e));
    json_set(doc, to, "syscalls", rules);
    json_set(doc, linux_, "seccomp", to);
    return 0;
}
