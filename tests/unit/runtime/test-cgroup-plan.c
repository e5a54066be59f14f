/* test-cgroup-plan.c - resources to writes, and mountinfo to a layout; no kernel asked.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "oci/config.h"
#include "runtime/cgroup_layout.h"

/* The plan of one controller as text: "file=value file=value". */
static char *
plan_text(const char *json, enum cgroup_controller controller, bool is_v2, int dir)
{
    struct err e = {0};
    struct oci_resources *r;
    auto_plan plan = {0};
    auto_text text = {0};
    if (oci_resources_parse(json, strlen(json), &r, &e) < 0)
        fail_msg("%s", e.text);
    int result = is_v2 ? cgroup_v2_plan(&plan, controller, r, dir, &e)
                       : cgroup_v1_plan(&plan, controller, r, dir, &e);
    oci_resources_free(r);
    if (result < 0)
        return str_copy(e.text);
    for (size_t i = 0; i < plan.n; i++)
        text_addf(&text, "%s%s=%s", i ? " " : "", plan.v[i].file, plan.v[i].value);
    return text_take(&text);
}

static void
assert_plan(const char *json, enum cgroup_controller controller, const char *v1,
            const char *v2)
{
    auto_free char *got_v1 = plan_text(json, controller, false, NO_FD);
    auto_free char *got_v2 = plan_text(json, controller, true, NO_FD);
    assert_string_equal(got_v1, v1);
    assert_string_equal(got_v2, v2);
}

static void
test_memory_limits_in_both_languages(void **state)
{
    (void)state;
    assert_plan("{\"memory\": {\"limit\": 1000, \"swap\": 3000, \"reservation\": 500}}",
                CONTROLLER_MEMORY,
                "memory.limit_in_bytes=1000 memory.memsw.limit_in_bytes=3000 "
                "memory.soft_limit_in_bytes=500",
                "memory.swap.max=2000 memory.max=1000 memory.low=500");
    assert_plan("{\"memory\": {\"limit\": -1, \"swap\": -1}}", CONTROLLER_MEMORY,
                "memory.memsw.limit_in_bytes=-1 memory.limit_in_bytes=-1",
                "memory.swap.max=max memory.max=max");
    assert_plan("{\"memory\": {\"limit\": 0, \"swap\": 0, \"kernel\": 5}}",
                CONTROLLER_MEMORY, "", "");
    assert_plan(
        "{\"memory\": {\"limit\": 1000, \"swap\": 900}}", CONTROLLER_MEMORY,
        "linux.resources.memory.swap: 900 is less than the limit of 1000 (it counts "
        "memory and swap together)",
        "linux.resources.memory.swap: 900 is less than the limit of 1000 (it counts "
        "memory and swap together)");
    assert_plan("{\"memory\": {\"swappiness\": 10}}", CONTROLLER_MEMORY,
                "memory.swappiness=10",
                "linux.resources.memory.swappiness: cgroup v2 has no such setting");
    assert_plan("{\"memory\": {\"disableOOMKiller\": true}}", CONTROLLER_MEMORY,
                "memory.oom_control=1",
                "linux.resources.memory.disableOOMKiller: cgroup v2 has no such setting");
    assert_plan("{\"memory\": {\"disableOOMKiller\": false}}", CONTROLLER_MEMORY, "", "");
}

/* A directory with one file: what a group holds now. */
static int
group_with(const char *file, const char *value, char *path)
{
    strcpy(path, "/tmp/sampan-unit-XXXXXX");
    assert_non_null(mkdtemp(path));
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(file_write_at(dir, file, value, strlen(value), 0600), 0);
    return dir;
}

static void
test_an_update_writes_memory_and_swap_in_the_order_that_the_kernel_takes(void **state)
{
    (void)state;
    static const char raise[] = "{\"memory\": {\"limit\": 5000, \"swap\": 6000}}";
    static const char lower[] = "{\"memory\": {\"limit\": 500, \"swap\": 600}}";
    char path[32];
    auto_close int dir = group_with("memory.memsw.limit_in_bytes", "2000\n", path);
    auto_free char *up = plan_text(raise, CONTROLLER_MEMORY, false, dir);
    auto_free char *down = plan_text(lower, CONTROLLER_MEMORY, false, dir);
    assert_string_equal(up, "memory.memsw.limit_in_bytes=6000 memory.limit_in_bytes=5000");
    assert_string_equal(down, "memory.limit_in_bytes=500 memory.memsw.limit_in_bytes=600");
    file_remove_tree_at(AT_FDCWD, path);
}

static void
test_an_update_of_swap_alone_counts_from_the_limit_of_now(void **state)
{
    (void)state;
    char path[32];
    auto_close int dir = group_with("memory.max", "4096\n", path);
    auto_free char *got = plan_text("{\"memory\": {\"swap\": 5000}}", CONTROLLER_MEMORY,
                                    true, dir);
    assert_string_equal(got, "memory.swap.max=904");
    file_remove_tree_at(AT_FDCWD, path);
}

static void
test_cpu_in_both_languages(void **state)
{
    (void)state;
    assert_plan("{\"cpu\": {\"shares\": 1024, \"quota\": 50000, \"period\": 100000}}",
                CONTROLLER_CPU,
                "cpu.shares=1024 cpu.cfs_period_us=100000 cpu.cfs_quota_us=50000",
                "cpu.weight=100 cpu.max=50000 100000");
    assert_plan("{\"cpu\": {\"quota\": -1}}", CONTROLLER_CPU, "cpu.cfs_quota_us=-1",
                "cpu.max=max");
    assert_plan("{\"cpu\": {\"period\": 50000}}", CONTROLLER_CPU, "cpu.cfs_period_us=50000",
                "cpu.max=max 50000");
    assert_plan("{\"cpu\": {\"burst\": 10, \"idle\": 1, \"shares\": 2}}", CONTROLLER_CPU,
                "cpu.shares=2 cpu.cfs_burst_us=10 cpu.idle=1",
                "cpu.idle=1 cpu.max.burst=10");
    assert_plan("{\"cpu\": {\"realtimeRuntime\": 5, \"realtimePeriod\": 10}}",
                CONTROLLER_CPU, "cpu.rt_period_us=10 cpu.rt_runtime_us=5",
                "linux.resources.cpu.realtimePeriod: cgroup v2 has no such setting");
    assert_plan("{\"cpu\": {\"cpus\": \"0-1\", \"mems\": \"0\"}}", CONTROLLER_CPUSET,
                "cpuset.cpus=0-1 cpuset.mems=0", "cpuset.cpus=0-1 cpuset.mems=0");
}

static void
test_shares_become_weights_on_the_curve_through_the_defaults(void **state)
{
    (void)state;
    static const uint64_t pairs[][2] = {
        {0,      1    },
        {2,      1    },
        {1024,   100  },
        {262144, 10000},
        {999999, 10000},
        {512,    59   },
        {2048,   174  }
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        assert_int_equal(cgroup_weight_of_shares(pairs[i][0]), pairs[i][1]);
    for (uint64_t s = 2; s < 262144; s += 61)
        assert_true(cgroup_weight_of_shares(s) <= cgroup_weight_of_shares(s + 61));
}

static void
test_pids_and_huge_pages(void **state)
{
    (void)state;
    assert_plan("{\"pids\": {\"limit\": 7}}", CONTROLLER_PIDS, "pids.max=7", "pids.max=7");
    assert_plan("{\"pids\": {\"limit\": -1}}", CONTROLLER_PIDS, "pids.max=max",
                "pids.max=max");
    assert_plan("{\"hugepageLimits\": [{\"pageSize\": \"2MB\", \"limit\": 9}]}",
                CONTROLLER_HUGETLB,
                "hugetlb.2MB.limit_in_bytes=9 hugetlb.2MB.rsvd.limit_in_bytes=9",
                "hugetlb.2MB.max=9 hugetlb.2MB.rsvd.max=9");
    static const char *const bad[] = {"../../x", "2MB/", "MB", "02MB", "2MiB", ""};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        auto_free char *json = str_format(
            "{\"hugepageLimits\": [{\"pageSize\": \"%s\", \"limit\": 9}]}", bad[i]);
        auto_free char *got = plan_text(json, CONTROLLER_HUGETLB, true, NO_FD);
        assert_non_null(strstr(got, "linux.resources.hugepageLimits[0].pageSize"));
    }
}

static void
test_block_devices_in_both_languages(void **state)
{
    (void)state;
    assert_plan(
        "{\"blockIO\": {\"weight\": 10, \"throttleReadBpsDevice\": [{\"major\": 8, "
        "\"minor\": 0, \"rate\": 600}], \"throttleWriteIOPSDevice\": [{\"major\": 8, "
        "\"minor\": 16, \"rate\": 300}]}}",
        CONTROLLER_BLKIO,
        "blkio.weight=10 blkio.throttle.read_bps_device=8:0 600 "
        "blkio.throttle.write_iops_device=8:16 300",
        "io.bfq.weight=10 io.max=8:0 rbps=600 io.max=8:16 wiops=300");
}

static void
test_rdma_and_networks(void **state)
{
    (void)state;
    assert_plan("{\"rdma\": {\"mlx5_1\": {\"hcaHandles\": 3, \"hcaObjects\": 10}}}",
                CONTROLLER_RDMA, "rdma.max=mlx5_1 hca_handle=3 hca_object=10",
                "rdma.max=mlx5_1 hca_handle=3 hca_object=10");
    assert_plan("{\"network\": {\"classID\": 5}}", CONTROLLER_NET_CLS, "net_cls.classid=5",
                "linux.resources.network.classID: cgroup v2 has no such setting");
    assert_plan("{\"network\": {\"priorities\": [{\"name\": \"eth0\", \"priority\": 5}]}}",
                CONTROLLER_NET_PRIO, "net_prio.ifpriomap=eth0 5",
                "linux.resources.network.priorities: cgroup v2 has no such setting");
}

static void
assert_unified(const char *key, const char *value, const char *expected)
{
    struct err e = {0};
    struct oci_resources *r;
    auto_plan plan = {0};
    auto_text text = {0};
    struct cgroup_layout layout = {.mode = CGROUP_V2,
                                   .unified = 0,
                                   .in_unified = CONTROLLER_BIT(CONTROLLER_MEMORY) |
                                                 CONTROLLER_BIT(CONTROLLER_BLKIO)};
    auto_free char *json = str_format("{\"unified\": {\"%s\": \"%s\"}}", key, value);
    assert_int_equal(oci_resources_parse(json, strlen(json), &r, &e), 0);
    int result = cgroup_v2_plan_unified(&plan, &layout, r, &e);
    oci_resources_free(r);
    for (size_t i = 0; i < plan.n; i++)
        text_addf(&text, "%s%s=%s", i ? " " : "", plan.v[i].file, plan.v[i].value);
    const char *got = result < 0 ? e.text : text_str(&text);
    if (!strstr(got, expected))
        fail_msg("%s: \"%s\" does not say \"%s\"", key, got, expected);
}

static void
test_unified_takes_settings_and_no_paths(void **state)
{
    (void)state;
    assert_unified("memory.high", "1000", "memory.high=1000");
    assert_unified("io.max", "8:0 rbps=1\\n8:16 rbps=2", "io.max=8:0 rbps=1 io.max=8:16");
    assert_unified("cgroup.max.depth", "3", "cgroup.max.depth=3");
    assert_unified("pids.max", "3", "unified.pids.max: the controller is not in");
    static const char *const bad[] = {
        "../memory.max", "memory.max/x", "memory",     "nonsense.x",
        "cgroup.procs",  "cgroup.kill",  "Memory.max", ""};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_unified(bad[i], "1", "is no setting of cgroup v2");
}

/* ---- mountinfo ---- */

static int next_fd;

static int
count_up(const char *path)
{
    (void)path;
    return next_fd++; /* never used as a descriptor: far above any open one */
}

/* Only the unified hierarchy can be reached: it covers the others. */
static int
open_unified(const char *path)
{
    return strcmp(path, "/sys/fs/cgroup") == 0 ? 100000 : -ENOENT;
}

static void
read_layout(struct cgroup_layout *ret, const char *mountinfo)
{
    struct err e = {0};
    next_fd = 100000;
    if (cgroup_layout_read(ret, mountinfo, count_up, &e) < 0)
        fail_msg("%s", e.text);
}

static void
test_layouts_are_told_apart(void **state)
{
    (void)state;
    struct cgroup_layout l;
    struct err e;
    read_layout(&l,
                "25 20 0:22 / / rw - ext4 /dev/vda rw\n"
                "26 25 0:23 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
    assert_int_equal(l.mode, CGROUP_V2);
    assert_int_equal(l.unified, 100000);
    assert_int_equal(l.v1[CONTROLLER_MEMORY], NO_FD);

    read_layout(
        &l, "26 25 0:23 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
            "27 25 0:24 / /sys/fs/cgroup/memory rw shared:1 master:2 - cgroup none "
            "rw,memory\n"
            "28 25 0:25 / /sys/fs/cgroup/systemd rw - cgroup cgroup "
            "rw,xattr,name=systemd\n"
            "29 25 0:24 / /elsewhere/memory rw - cgroup none rw,memory\n");
    assert_int_equal(l.mode, CGROUP_V1);
    assert_int_equal(l.v1[CONTROLLER_CPU], 100000);
    assert_int_equal(l.v1[CONTROLLER_CPUACCT], 100000);
    assert_int_equal(l.v1[CONTROLLER_MEMORY], 100001);
    assert_int_equal(l.v1[CONTROLLER_SYSTEMD], 100002);
    assert_int_equal(l.v1[CONTROLLER_PIDS], NO_FD);

    read_layout(&l, "26 25 0:23 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
                    "27 25 0:24 / /sys/fs/cgroup/unified rw - cgroup2 none rw\n");
    assert_int_equal(l.mode, CGROUP_HYBRID);

    assert_int_equal(
        cgroup_layout_read(&l,
                           "26 25 0:23 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
                           "27 25 0:24 / /sys/fs/cgroup rw - cgroup2 none rw\n",
                           open_unified, &e),
        0);
    assert_int_equal(l.mode, CGROUP_V2);
    assert_int_equal(l.v1[CONTROLLER_PIDS], NO_FD);
    assert_true(
        cgroup_layout_read(&l, "25 20 0:22 / / rw - ext4 /dev/vda rw\n", count_up, &e) < 0);
    assert_non_null(strstr(e.text, "no cgroup hierarchy is mounted"));
}

static void
test_paths_are_plain_components(void **state)
{
    (void)state;
    struct err e;
    static const char *const good[] = {"a", "a/b.scope", "system.slice/x",
                                       "kubepods.slice"};
    static const char *const bad[] = {"",      "/a",        "a//b",  "a/",
                                      "../a",  "a/..",      "a/./b", "cgroup.procs",
                                      "tasks", "a/cgroup.x"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_int_equal(cgroup_check_path(good[i], &e), 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_true(cgroup_check_path(bad[i], &e) < 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_limits_in_both_languages),
        cmocka_unit_test(
            test_an_update_writes_memory_and_swap_in_the_order_that_the_kernel_takes),
        cmocka_unit_test(test_an_update_of_swap_alone_counts_from_the_limit_of_now),
        cmocka_unit_test(test_cpu_in_both_languages),
        cmocka_unit_test(test_shares_become_weights_on_the_curve_through_the_defaults),
        cmocka_unit_test(test_pids_and_huge_pages),
        cmocka_unit_test(test_block_devices_in_both_languages),
        cmocka_unit_test(test_rdma_and_networks),
        cmocka_unit_test(test_unified_takes_settings_and_no_paths),
        cmocka_unit_test(test_layouts_are_told_apart),
        cmocka_unit_test(test_paths_are_plain_components),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
