/* test-cgroup.c - groups on this machine's own hierarchies, whichever they are (root).
 *
 * Each test makes groups below sampan-unit-<pid> and takes them away; teardown checks that
 * nothing of that name is left in any hierarchy.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/process.h"
#include "oci/config.h"
#include "runtime/cgroup_layout.h"

static char parent[64], path[96];

static struct oci_resources *
resources(const char *json)
{
    struct err e = {0};
    struct oci_resources *r;
    if (oci_resources_parse(json, strlen(json), &r, &e) < 0)
        fail_msg("%s", e.text);
    return r;
}

static int
create(struct cgroup *c, const char *json, struct err *e)
{
    struct oci_resources *r = resources(json);
    int result = cgroup_create(c, path, r, e);
    oci_resources_free(r);
    return result;
}

static void
must_create(struct cgroup *c, const char *json)
{
    struct err e = {0};
    if (create(c, json, &e) < 0)
        fail_msg("%s", e.text);
}

/* A child born and joined as a container's first process is; it waits for a signal, or forks
 * one more that does. */
static pid_t
start(const struct cgroup *c, bool with_grandchild)
{
    int ready[2];
    char byte;
    auto_close int unified = cgroup_open_unified(c);
    assert_int_equal(pipe(ready), 0);
    pid_t pid = lx_clone3(0, unified, NULL);
    if (pid == 0) {
        struct err e;
        if (cgroup_join_self(c, &e) < 0)
            _exit(1);
        if (with_grandchild && fork() == 0)
            for (;;)
                pause();
        (void)!write(ready[1], "x", 1);
        for (;;)
            pause();
    }
    assert_true(pid > 0);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void
assert_killed(pid_t pid, int signal)
{
    siginfo_t info;
    assert_true(lx_waitid(P_PID, pid, &info, WEXITED) >= 0);
    assert_int_equal(info.si_code, CLD_KILLED);
    assert_int_equal(info.si_status, signal);
}

static void
must_remove(struct cgroup *c)
{
    struct err e = {0};
    if (cgroup_remove(c, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(c->made, 0);
}

/* The group's file in the hierarchy of this controller; fails if it is not there. */
static char *
read_setting(enum cgroup_controller controller, const char *v1_file, const char *v2_file)
{
    const struct cgroup_layout *l;
    struct err e;
    char *text;
    assert_int_equal(cgroup_layout_get(&l, &e), 0);
    bool is_v1 = l->v1[controller] >= 0;
    auto_close int dir = cgroup_open(is_v1 ? l->v1[controller] : l->unified, path);
    assert_true(dir >= 0);
    assert_int_equal(file_read_at(dir, is_v1 ? v1_file : v2_file, 4096, &text, NULL), 0);
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static void
assert_setting(enum cgroup_controller controller, const char *v1_file, const char *v2_file,
               const char *expected)
{
    auto_free char *text = read_setting(controller, v1_file, v2_file);
    assert_string_equal(text, expected);
}

static void
test_limits_reach_their_files_and_an_update_changes_them(void **state)
{
    (void)state;
    struct cgroup c;
    struct err e = {0};
    must_create(&c, "{\"memory\": {\"limit\": 67108864}, \"pids\": {\"limit\": 20},"
                    "\"cpu\": {\"quota\": 50000, \"period\": 100000}}");
    assert_setting(CONTROLLER_MEMORY, "memory.limit_in_bytes", "memory.max", "67108864");
    assert_setting(CONTROLLER_PIDS, "pids.max", "pids.max", "20");

    struct oci_resources *more =
        resources("{\"memory\": {\"limit\": 134217728}, \"cpu\": {\"cpus\": \"0\"}}");
    if (cgroup_update(&c, more, &e) < 0)
        fail_msg("%s", e.text);
    oci_resources_free(more);
    assert_setting(CONTROLLER_MEMORY, "memory.limit_in_bytes", "memory.max", "134217728");
    assert_setting(CONTROLLER_PIDS, "pids.max", "pids.max", "20");
    assert_setting(CONTROLLER_CPUSET, "cpuset.cpus", "cpuset.cpus", "0");
    must_remove(&c);
}

static void
test_an_update_moves_the_processes_into_a_new_v1_group(void **state)
{
    (void)state;
    struct cgroup c;
    struct err e = {0};
    must_create(&c, "{}");
    pid_t pid = start(&c, true);
    struct oci_resources *more = resources("{\"cpu\": {\"cpus\": \"0\"}}");
    if (cgroup_update(&c, more, &e) < 0)
        fail_msg("%s", e.text);
    oci_resources_free(more);
    auto_free char *members = read_setting(CONTROLLER_CPUSET, "cgroup.procs",
                                           "cgroup.procs");
    assert_true(atoi(members) > 0);
    assert_int_equal(cgroup_kill(&c, SIGKILL, &e), 0);
    assert_killed(pid, SIGKILL);
    must_remove(&c);
}

static void
test_a_failure_names_the_field_and_leaves_nothing(void **state)
{
    (void)state;
    struct cgroup c;
    struct err e = {0};
    assert_true(
        create(&c, "{\"pids\": {\"limit\": 5}, \"cpu\": {\"cpus\": \"4000\"}}", &e) < 0);
    assert_non_null(strstr(e.text, "linux.resources.cpu.cpus"));
    assert_non_null(strstr(e.text, "cpuset.cpus"));
}

static void
test_a_group_with_a_process_is_refused_and_left_alone(void **state)
{
    (void)state;
    struct cgroup c, second;
    struct err e = {0};
    must_create(&c, "{}");
    pid_t pid = start(&c, false);
    assert_true(create(&second, "{}", &e) < 0);
    assert_int_equal(e.kind, ERR_CONFLICT);
    assert_int_equal(kill(pid, 0), 0);
    must_remove(&c);
    assert_killed(pid, SIGKILL);
}

static void
test_pids_lists_sub_groups_and_kill_reaches_them(void **state)
{
    (void)state;
    struct cgroup c;
    struct err e = {0};
    must_create(&c, "{}");
    pid_t pid = start(&c, true);

    struct cgroup inner = c;
    strcat(inner.path, "/inner");
    const struct cgroup_layout *l;
    assert_int_equal(cgroup_layout_get(&l, &e), 0);
    inner.made = l->unified >= 0 ? CONTROLLER_BIT(CONTROLLER_UNIFIED)
                                 : CONTROLLER_BIT(CONTROLLER_CPU);
    bool was_there;
    assert_int_equal(cgroup_make(l->unified >= 0 ? l->unified : l->v1[CONTROLLER_CPU],
                                 inner.path, CONTROLLER_UNIFIED, &was_there, &e),
                     0);
    pid_t third = start(&inner, false);

    auto_free pid_t *pids = NULL;
    size_t n = 0;
    assert_int_equal(cgroup_pids(&c, &pids, &n, &e), 0);
    assert_int_equal(n, 3);
    assert_int_equal(cgroup_kill(&c, SIGTERM, &e), 0);
    assert_killed(pid, SIGTERM);
    assert_killed(third, SIGTERM);
    must_remove(&c);
}

/* A child that counts, in memory that we share. */
static pid_t
start_counting(const struct cgroup *c, volatile int *count)
{
    auto_close int unified = cgroup_open_unified(c);
    pid_t pid = lx_clone3(0, unified, NULL);
    if (pid == 0) {
        struct err e;
        if (cgroup_join_self(c, &e) < 0)
            _exit(1);
        for (;; (*count)++)
            usleep(1000);
    }
    return pid;
}

static void
test_freezing_stops_and_thawing_goes_on(void **state)
{
    (void)state;
    struct cgroup c;
    struct err e = {0};
    bool is_frozen;
    volatile int *count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(count != MAP_FAILED);
    must_create(&c, "{}");
    pid_t pid = start_counting(&c, count);
    while (*count == 0)
        usleep(1000);
    if (cgroup_freeze(&c, true, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(cgroup_is_frozen(&c, &is_frozen, &e), 0);
    assert_true(is_frozen);
    int now = *count;
    usleep(50000);
    assert_int_equal(*count, now);

    assert_int_equal(cgroup_freeze(&c, false, &e), 0);
    assert_int_equal(cgroup_is_frozen(&c, &is_frozen, &e), 0);
    assert_false(is_frozen);
    while (*count == now) /* a hang here is the failure */
        usleep(1000);
    must_remove(&c);
    assert_killed(pid, SIGKILL);
    munmap((void *)(uintptr_t)count, sizeof *count);
}

static void
test_a_frozen_container_can_be_killed_and_removed(void **state)
{
    (void)state;
    struct cgroup c;
    struct err e = {0};
    must_create(&c, "{}");
    pid_t pid = start(&c, true);
    assert_int_equal(cgroup_freeze(&c, true, &e), 0);
    must_remove(&c);
    assert_killed(pid, SIGKILL);
}

static void
test_nobody_freezes_or_kills_the_group_that_he_is_in(void **state)
{
    (void)state;
    struct cgroup c;
    must_create(&c, "{}");
    auto_close int unified = cgroup_open_unified(&c);
    pid_t pid = lx_clone3(0, unified, NULL);
    if (pid == 0) {
        struct err e;
        cgroup_join_self(&c, &e);
        bool is_refused = cgroup_freeze(&c, true, &e) < 0 && e.kind == ERR_CONFLICT &&
                          cgroup_kill(&c, SIGKILL, &e) < 0 && e.kind == ERR_CONFLICT;
        _exit(is_refused ? 0 : 1);
    }
    siginfo_t info;
    assert_true(lx_waitid(P_PID, pid, &info, WEXITED) >= 0);
    assert_int_equal(info.si_code, CLD_EXITED);
    assert_int_equal(info.si_status, 0);
    must_remove(&c);
}

static void
test_device_rules_bite(void **state)
{
    (void)state;
    struct cgroup c;
    must_create(&c, "{\"devices\": [{\"allow\": false, \"access\": \"rwm\"}]}");
    auto_close int unified = cgroup_open_unified(&c);
    pid_t pid = lx_clone3(0, unified, NULL);
    if (pid == 0) {
        struct err e;
        cgroup_join_self(&c, &e);
        bool has_null = open("/dev/null", O_RDWR | O_CLOEXEC) >= 0;
        bool has_kmsg = open("/dev/kmsg", O_RDONLY | O_CLOEXEC) >= 0;
        _exit(has_null && !has_kmsg && errno == EPERM ? 0 : 1);
    }
    siginfo_t info;
    assert_true(lx_waitid(P_PID, pid, &info, WEXITED) >= 0);
    assert_int_equal(info.si_status, 0);
    must_remove(&c);
}

static void
test_an_out_of_memory_kill_is_counted(void **state)
{
    (void)state;
    struct cgroup c;
    struct err e = {0};
    uint64_t kills = 99;
    must_create(&c, "{\"memory\": {\"limit\": 8388608, \"swap\": 8388608}}");
    assert_int_equal(cgroup_oom_kills(&c, &kills, &e), 0);
    assert_int_equal(kills, 0);
    auto_close int unified = cgroup_open_unified(&c);
    pid_t pid = lx_clone3(0, unified, NULL);
    if (pid == 0) {
        cgroup_join_self(&c, &e);
        volatile char *much = malloc(64 << 20);
        for (size_t i = 0; much && i < 64 << 20; i += 4096)
            much[i] = 1;
        _exit(0);
    }
    assert_killed(pid, SIGKILL);
    assert_int_equal(cgroup_oom_kills(&c, &kills, &e), 0);
    assert_int_equal(kills, 1);
    must_remove(&c);
}

static void
test_a_place_is_made_of_config_or_id(void **state)
{
    (void)state;
    char place[512];
    struct err e;
    assert_int_equal(cgroup_place(NULL, "id1", place, &e), 0);
    assert_string_equal(place, "sampan/id1");
    assert_int_equal(cgroup_place("/a/b", "id1", place, &e), 0);
    assert_string_equal(place, "a/b");
    assert_int_equal(cgroup_place("a/b", "id1", place, &e), 0);
    assert_string_equal(place, "a/b");
    assert_true(cgroup_place("/a/../b", "id1", place, &e) < 0);
    assert_non_null(strstr(e.text, "linux.cgroupsPath"));
    assert_true(cgroup_place("system.slice:sampan:id1", "id1", place, &e) < 0);
    assert_int_equal(e.kind, ERR_UNSUPPORTED);
}

/* ---- nothing may stay ---- */

static int
before_each(void **state)
{
    static int count;
    (void)state;
    snprintf(parent, sizeof parent, "sampan-unit-%d", (int)getpid());
    snprintf(path, sizeof path, "%s/c%d", parent, count++);
    return 0;
}

static int
after_each(void **state)
{
    const struct cgroup_layout *l;
    struct err e;
    int left = 0;
    (void)state;
    if (cgroup_layout_get(&l, &e) < 0)
        return -1;
    for (unsigned c = 0; c < CONTROLLER_COUNT; c++) {
        int root = c == CONTROLLER_UNIFIED ? l->unified : l->v1[c];
        auto_close int dir = root >= 0 ? cgroup_open(root, path) : NO_FD;
        if (dir >= 0) {
            print_message("%s is left (%s)\n", path, cgroup_controller_name(c, false));
            left++;
        }
        if (root >= 0)
            cgroup_remove_tree(root, parent);
    }
    return left ? -1 : 0;
}

#define WITH_KERNEL(test) cmocka_unit_test_setup_teardown(test, before_each, after_each)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KERNEL(test_limits_reach_their_files_and_an_update_changes_them),
        WITH_KERNEL(test_an_update_moves_the_processes_into_a_new_v1_group),
        WITH_KERNEL(test_a_failure_names_the_field_and_leaves_nothing),
        WITH_KERNEL(test_a_group_with_a_process_is_refused_and_left_alone),
        WITH_KERNEL(test_pids_lists_sub_groups_and_kill_reaches_them),
        WITH_KERNEL(test_freezing_stops_and_thawing_goes_on),
        WITH_KERNEL(test_a_frozen_container_can_be_killed_and_removed),
        WITH_KERNEL(test_nobody_freezes_or_kills_the_group_that_he_is_in),
        WITH_KERNEL(test_device_rules_bite),
        WITH_KERNEL(test_an_out_of_memory_kill_is_counted),
        WITH_KERNEL(test_a_place_is_made_of_config_or_id),
    };
    if (geteuid() != 0) {
        print_message("skipped: only root makes groups at the root of a hierarchy\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
