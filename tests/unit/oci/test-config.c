/* test-config.c - config.json: every field arrives, comes back, and is named when it is bad.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include "linux/process.h"
#include "oci/config.h"

#define MAP "[{\"containerID\": 1, \"hostID\": 2, \"size\": 3}]"

static const char whole[] =
    "{\"ociVersion\": \"1.2.0\", \"root\": {\"path\": \"rootfs\", \"readonly\": true},"
    " \"hostname\": \"h\", \"domainname\": \"d\", \"annotations\": {\"a\": \"b\"},"
    " \"process\": {\"terminal\": true, \"consoleSize\": {\"height\": 11, \"width\": 22},"
    "  \"user\": {\"uid\": 1, \"gid\": 2, \"umask\": 18, \"additionalGids\": [3, 4]},"
    "  \"args\": [\"sh\", \"-c\"], \"env\": [\"A=1\"], \"cwd\": \"/w\","
    "  \"capabilities\": {\"bounding\": [\"CAP_KILL\"], \"ambient\": [\"CAP_CHOWN\"]},"
    "  \"rlimits\": [{\"type\": \"RLIMIT_CORE\", \"soft\": 0, \"hard\": 18446744073709551615}],"
    "  \"noNewPrivileges\": true, \"apparmorProfile\": \"p\", \"selinuxLabel\": \"l\","
    "  \"oomScoreAdj\": -5, \"scheduler\": {\"policy\": \"SCHED_OTHER\", \"nice\": -3},"
    "  \"ioPriority\": {\"class\": \"IOPRIO_CLASS_BE\", \"priority\": 4},"
    "  \"execCPUAffinity\": {\"initial\": \"0\", \"final\": \"1\"}},"
    " \"mounts\": [{\"destination\": \"/m\", \"type\": \"none\", \"source\": \"/s\","
    "  \"options\": [\"bind\", \"idmap\"], \"uidMappings\": " MAP ", \"gidMappings\": " MAP
    "}],"
    " \"hooks\": {\"poststart\": [{\"path\": \"/x\", \"args\": [\"x\"], \"env\": [\"B=2\"],"
    "  \"timeout\": 7}]},"
    " \"linux\": {\"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"time\", \"path\": \"/t\"}],"
    "  \"uidMappings\": " MAP ", \"gidMappings\": " MAP ","
    "  \"timeOffsets\": {\"boottime\": {\"secs\": -1, \"nanosecs\": 2}},"
    "  \"devices\": [{\"path\": \"/dev/x\", \"type\": \"c\", \"major\": 1, \"minor\": 3,"
    "   \"fileMode\": 438, \"uid\": 5, \"gid\": 6}],"
    "  \"resources\": {\"pids\": {\"limit\": 9}, \"unified\": {\"memory.high\": \"1\"}},"
    "  \"cgroupsPath\": \"/c\", \"rootfsPropagation\": \"rslave\", \"mountLabel\": \"ml\","
    "  \"maskedPaths\": [\"/a\"], \"readonlyPaths\": [\"/b\"], \"sysctl\": {\"n\": \"v\"},"
    "  \"personality\": {\"domain\": \"LINUX32\"},"
    "  \"intelRdt\": {\"closID\": \"c\", \"enableCMT\": true},"
    "  \"seccomp\": {\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 2,"
    "   \"listenerPath\": \"/l\", \"listenerMetadata\": \"m\","
    "   \"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_NOTIFY\", \"args\":"
    "    [{\"index\": 1, \"value\": 18446744073709551615, \"op\": \"SCMP_CMP_GE\"}]}]}}}";

static void
parse(const char *text, struct oci_spec **ret)
{
    struct err e = {0};
    if (oci_spec_parse(text, strlen(text), ret, &e) < 0)
        fail_msg("%s", e.text);
}

static void
every_field_arrives(void **state)
{
    (void)state;
    auto_spec *s = NULL;
    parse(whole, &s);
    assert_true(s->root.readonly);
    assert_string_equal(s->domainname, "d");
    assert_string_equal(s->annotations.v[0].value, "b");
    const struct oci_process *p = s->process;
    assert_true(p->terminal && p->no_new_privileges);
    assert_int_equal(p->console_size.height, 11);
    assert_int_equal(p->user.additional_gids.v[1], 4);
    assert_int_equal(p->user.umask.value, 18);
    assert_string_equal(p->args.v[1], "-c");
    assert_int_equal(p->capabilities.bounding, 1 << 5);
    assert_int_equal(p->capabilities.ambient, 1 << 0);
    assert_int_equal(p->rlimits.v[0].resource, RLIMIT_CORE);
    assert_true(p->rlimits.v[0].hard == UINT64_MAX);
    assert_int_equal(p->oom_score_adj.value, -5);
    assert_int_equal(p->scheduler->policy, SCHED_OTHER);
    assert_int_equal(p->scheduler->nice, -3);
    assert_int_equal(p->io_priority->priority, 4);
    assert_string_equal(p->exec_cpu_affinity.final, "1");
    assert_int_equal(s->mounts.v[0].gid_mappings.v[0].size, 3);
    assert_int_equal(s->hooks.poststart.v[0].timeout.value, 7);
    const struct oci_linux *l = &s->linux_;
    assert_int_equal(l->namespaces.v[1].type, CLONE_NEWTIME);
    assert_string_equal(l->namespaces.v[1].path, "/t");
    assert_string_equal(l->time_offsets.v[0].clock, "boottime");
    assert_int_equal(l->time_offsets.v[0].secs, -1);
    assert_int_equal(l->devices.v[0].gid.value, 6);
    assert_int_equal(l->resources.pids.limit.value, 9);
    assert_string_equal(l->resources.unified.v[0].name, "memory.high");
    assert_string_equal(l->intel_rdt->clos_id, "c");
    assert_string_equal(l->seccomp->listener_metadata, "m");
    assert_true(l->seccomp->syscalls.v[0].args.v[0].value == UINT64_MAX);
}

static void
what_is_written_reads_the_same(void **state)
{
    (void)state;
    auto_spec *s = NULL, *again = NULL;
    auto_json *doc = json_doc_new();
    auto_text once = {0}, twice = {0};
    parse(whole, &s);
    json_write(&once, oci_spec_to_json(doc, s), 0);
    parse(text_str(&once), &again);
    json_write(&twice, oci_spec_to_json(doc, again), 0);
    assert_string_equal(text_str(&once), text_str(&twice));
    assert_non_null(strstr(text_str(&once), "\"listenerMetadata\":\"m\""));
    assert_non_null(strstr(text_str(&once), "18446744073709551615"));
}

static void
absent_stays_absent(void **state)
{
    (void)state;
    auto_spec *s = NULL;
    auto_json *doc = json_doc_new();
    auto_text text = {0};
    parse("{\"ociVersion\": \"1.0.0\", \"unknown\": [1], \"hooks\": null}", &s);
    assert_null(s->process);
    assert_null(s->linux_.seccomp);
    assert_int_equal(s->mounts.n, 0);
    json_write(&text, oci_spec_to_json(doc, s), 0);
    assert_non_null(strstr(text_str(&text), "1.0.0"));
    assert_null(strstr(text_str(&text), "root"));
}

static const struct {
    const char *text, *words;
} bad[] = {
    {"{}",                                                                 "ociVersion: is missing"         },
    {"{\"ociVersion\": \"2.0\"}",                                          "ociVersion: only 1.x"           },
    {"{\"ociVersion\": \"1.0\", \"root\": {\"path\": \"\"}}",              "root.path: is empty"            },
    {"{\"ociVersion\": \"1.0\", \"linux\": {\"devices\": [{}]}}",
     "linux.devices[0].path: is missi"                                                                      },
    {"{\"ociVersion\": \"1.0\", \"linux\": {\"uidMappings\": "
     "[{\"containerID\": 0, \"hostID\": 0, \"size\": 0}]}}",          "linux.uidMappings[0].size: must"},
    {"{\"ociVersion\": \"1.0\", \"linux\": {\"uidMappings\": "
     "[{\"containerID\": 0, \"hostID\": 0, \"size\": 5}, "
     "{\"containerID\": 5, \"hostID\": 4, \"size\": 5}]}}",           "linux.uidMappings[1]: overlaps" },
    {"{\"ociVersion\": \"1.0\", \"linux\": {\"uidMappings\": "
     "[{\"containerID\": 4294967290, \"hostID\": 0, \"size\": 9}]}}", "linux.uidMappings[0].size: more"},
    {"{\"ociVersion\": \"1.0\", \"hooks\": {\"prestart\": "
     "[{\"path\": \"/x\", \"timeout\": -1}]}}",                       "hooks.prestart[0].timeout: must"},
    {"{\"ociVersion\": \"1.0\", \"linux\": {\"timeOffsets\": "
     "{\"tai\": {}}}}",                                               "linux.timeOffsets.tai: must be" },
};

static void
a_bad_field_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        auto_spec *s = NULL;
        struct err e = {0};
        assert_true(oci_spec_parse(bad[i].text, strlen(bad[i].text), &s, &e) < 0);
        assert_int_equal(strncmp(e.text, bad[i].words, strlen(bad[i].words)), 0);
        assert_null(s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_arrives),
        cmocka_unit_test(what_is_written_reads_the_same),
        cmocka_unit_test(absent_stays_absent),
        cmocka_unit_test(a_bad_field_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
