/* cgroup_devices.c - which device nodes the processes of a group may open and make.
 *
 * v1 has files that take one rule after the other. v2 has none: a program is attached to the
 * directory (device_program.c). On a hybrid machine it is the v2 directory, too.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/cgroup_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "linux/path.h"
#include "runtime/caller.h"
#include "runtime/device_program.h"

#define ACCESS_ALL (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)

enum { PROGRAMS_MOST = 64, LOG_SIZE = 512 };

static int
write_rule(int dir, const struct device_rule *rule, struct err *e)
{
    char major[24] = "*", minor[24] = "*", access[4] = "", line[64];
    const char *file = rule->allow ? "devices.allow" : "devices.deny";
    if (rule->major >= 0)
        snprintf(major, sizeof major, "%lld", (long long)rule->major);
    if (rule->minor >= 0)
        snprintf(minor, sizeof minor, "%lld", (long long)rule->minor);
    snprintf(access, sizeof access, "%s%s%s", rule->access & BPF_DEVCG_ACC_READ ? "r" : "",
             rule->access & BPF_DEVCG_ACC_WRITE ? "w" : "",
             rule->access & BPF_DEVCG_ACC_MKNOD ? "m" : "");
    snprintf(line, sizeof line, "%c %s:%s %s", rule->type, major, minor, access);
    return err_sys(e, cgroup_write_file(dir, file, line),
                   "linux.resources.devices: write \"%s\" to %s", line, file);
}

/* After "a" the file reads no further: a part of all accesses goes type by type. */
static int
write_rule_by_type(int dir, const struct device_rule *rule, struct err *e)
{
    struct device_rule one = *rule;
    if (rule->type != 'a' || rule->access == ACCESS_ALL)
        return write_rule(dir, rule, e);
    one.type = 'b';
    TRY(write_rule(dir, &one, e));
    one.type = 'c';
    return write_rule(dir, &one, e);
}

static int
write_rules(int dir, const struct device_rule *rules, size_t n, struct err *e)
{
    static const struct device_rule nothing = {false, 'a', -1, -1, ACCESS_ALL};
    TRY(write_rule(dir, &nothing, e));
    for (size_t i = 0; i < n; i++)
        TRY(write_rule_by_type(dir, &rules[i], e));
    return 0;
}

static int
attach(int dir, int program, struct err *e)
{
    uint32_t ids[PROGRAMS_MOST], n = PROGRAMS_MOST;
    auto_close int old = NO_FD;
    if (lx_bpf_query_device(dir, ids, &n) >= 0 && n == 1)
        old = lx_bpf_program_by_id(ids[0]);
    return err_sys(e, lx_bpf_attach_device(dir, program, old),
                   "linux.resources.devices: attach the BPF program to the cgroup");
}

static int
load(const struct bpf_insn *code, size_t length, struct err *e)
{
    char log[LOG_SIZE];
    int program = lx_bpf_load_device(code, length, log, sizeof log);
    return err_sys(e, program, "linux.resources.devices: load the BPF program (%s)",
                   program < 0 ? log : "");
}

/* Loading a program has the kernel verify and compile it: 0.3 ms and more, the dearest
 * single call of a start. Nearly all containers have the same rules, so the first one leaves
 * its program attached to a group that nobody ever lives in, named after the program's own
 * bytes, and those that follow take it from there. */
static void
name_keeper(const struct bpf_insn *code, size_t length, char *name, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    const unsigned char *bytes = (const unsigned char *)code;
    for (size_t i = 0; i < length * sizeof *code; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3;
    snprintf(name, size, "sampan-devices-%zu-%016llx", length, (unsigned long long)hash);
}

static int
take_kept(int root, const char *name)
{
    uint32_t ids[PROGRAMS_MOST], n = PROGRAMS_MOST;
    auto_close int keeper = cgroup_open(root, name);
    if (keeper < 0 || lx_bpf_query_device(keeper, ids, &n) < 0 || n == 0)
        return -ENOENT;
    return lx_bpf_program_by_id(ids[0]);
}

/* Best effort: a start that cannot keep its program is as good as one that can. */
static void
keep(int root, const char *name, int program)
{
    if (lx_mkdirat(root, name, 0755) < 0)
        return; /* somebody else is at it, or we may not */
    auto_close int keeper = cgroup_open(root, name);
    if (keeper >= 0)
        lx_bpf_attach_device(keeper, program, NO_FD);
}

static int
load_and_attach(int root, int dir, const struct device_rule *rules, size_t n, struct err *e)
{
    auto_free struct bpf_insn *code = NULL;
    size_t length;
    char name[64];
    device_program_compile(rules, n, &code, &length);
    name_keeper(code, length, name, sizeof name);
    auto_close int program = take_kept(root, name);
    if (program < 0) {
        program = load(code, length, e);
        /* An ordinary user may attach no program, and needs none: in a user namespace nobody
         * makes device nodes, and which are there was decided by root. */
        if (program == -EPERM && !caller_is_root())
            return 0;
        TRY(program);
        keep(root, name, program);
    }
    return attach(dir, program, e);
}

int
cgroup_set_devices(int root, int dir, const struct oci_device_rules *rules, struct err *e)
{
    auto_free struct device_rule *all = NULL;
    size_t n;
    TRY(device_rules_read(rules, &all, &n, e));
    return root >= 0 ? load_and_attach(root, dir, all, n, e) : write_rules(dir, all, n, e);
}
