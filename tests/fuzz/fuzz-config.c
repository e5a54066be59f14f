/* fuzz-config.c - any bytes as config.json: what is read and written reads the same again,
 * and everything that is decided before a container is made (mount words, cgroup plans, the
 * seccomp program, device rules) comes to an end.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>

#include "oci/config.h"
#include "runtime/cgroup_layout.h"
#include "runtime/device_program.h"
#include "runtime/limits.h"
#include "runtime/mounts.h"
#include "runtime/namespaces.h"
#include "runtime/procfs.h"
#include "runtime/resctrl.h"
#include "runtime/rootfs.h"
#include "runtime/seccomp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_text(const struct oci_spec *spec, struct text *ret)
{
    auto_json *doc = json_doc_new();
    json_write(ret, oci_spec_to_json(doc, spec), 0);
}

static void
check_round_trip(const struct oci_spec *spec)
{
    auto_text once = {0}, twice = {0};
    auto_spec *again = NULL;
    struct err e = {0};
    write_text(spec, &once);
    if (oci_spec_parse(text_str(&once), once.len, &again, &e) < 0)
        abort();
    write_text(again, &twice);
    if (!str_eq(text_str(&once), text_str(&twice)))
        abort();
}

static void
plan_resources(const struct oci_resources *resources)
{
    struct err e;
    struct device_rule *rules = NULL;
    size_t n;
    for (unsigned c = CONTROLLER_CPU; c < CONTROLLER_COUNT; c++) {
        auto_plan plan = {0};
        cgroup_v1_plan(&plan, c, resources, NO_FD, &e);
        cgroup_v2_plan(&plan, c, resources, NO_FD, &e);
    }
    if (device_rules_read(&resources->devices, &rules, &n, &e) < 0)
        return;
    auto_free struct bpf_insn *code = NULL;
    device_program_compile(rules, n, &code, &n);
    free(rules);
}

static void
plan_container(const struct oci_spec *spec)
{
    struct err e;
    auto_mounts mounts = {0};
    auto_seccomp filter = {0};
    mounts_parse(spec, &mounts, &e);
    namespaces_check(spec, &e);
    procfs_check_sysctls(spec, &e);
    rootfs_check(spec, &e);
    plan_resources(&spec->linux_.resources);
    if (spec->process)
        limits_check_affinity(spec->process, &e);
    if (spec->linux_.intel_rdt)
        resctrl_check(spec->linux_.intel_rdt, "id", &e);
    if (spec->linux_.seccomp)
        seccomp_compile(spec->linux_.seccomp, &filter, &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_spec *spec = NULL;
    struct oci_process *process = NULL;
    struct oci_resources *resources = NULL;
    const char *text = (const char *)data;
    struct err e = {0};
    if (oci_process_parse(text, size, &process, &e) >= 0)
        oci_process_free(process);
    if (oci_resources_parse(text, size, &resources, &e) >= 0) {
        plan_resources(resources);
        oci_resources_free(resources);
    }
    if (oci_spec_parse(text, size, &spec, &e) < 0)
        return 0;
    check_round_trip(spec);
    plan_container(spec);
    return 0;
}
