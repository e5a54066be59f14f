/* test-bundle.c - Config and HostConfig in, config.json and the files of /etc out.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/bundle.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "place.h"

static const struct engine engine = {.root = (char *)"/data", .state = (char *)"/state"};

/* Writes the bundle of such a container below `place`. */
static int
write_bundle(const char *config, const char *host, struct err *e)
{
    auto_list warnings = {0};
    struct record record = {.id = "ID", .home_fd = place_fd};
    auto_free char *text = str_format(
        "{\"Path\":\"sh\",\"Args\":[\"-c\",\"x\"],\"Config\":%s,\"HostConfig\":%s}", config,
        host);
    if (json_parse(text, strlen(text), &record.doc, e) < 0)
        fail_msg("%s: %s", text, e->text);
    int r = bundle_write(&engine, &record, &warnings, e);
    json_doc_free(record.doc);
    return r;
}

static struct json_doc *
bundle(const char *config, const char *host)
{
    struct err e = {0};
    struct json_doc *doc = NULL;
    auto_free char *text = NULL;
    size_t len;
    if (write_bundle(config, host, &e) < 0)
        fail_msg("%s %s: %s", config, host, e.text);
    assert_int_equal(file_read_at(place_fd, "config.json", 1 << 20, &text, &len), 0);
    assert_int_equal(json_parse(text, len, &doc, &e), 0);
    return doc;
}

static void
gives(const char *config, const char *host, const char *path, const char *wanted)
{
    auto_json *doc = bundle(config, host);
    auto_text out = {0};
    const struct json *found = json_path(json_root(doc), path);
    if (found != NULL)
        json_write(&out, found, 0);
    if (!str_eq(text_str(&out), wanted))
        fail_msg("%s: %s: wanted %s, got %s", host, path, wanted, text_str(&out));
}

static void
refuses(const char *host, const char *words)
{
    struct err e = {0};
    if (write_bundle("{}", host, &e) >= 0)
        fail_msg("taken: %s", host);
    if (strstr(e.text, words) == NULL)
        fail_msg("%s: wanted \"%s\", got \"%s\"", host, words, e.text);
}

static void
file_is(const char *name, const char *wanted)
{
    auto_free char *text = NULL;
    struct stat st;
    assert_int_equal(file_read_at(place_fd, name, 1 << 20, &text, NULL), 0);
    assert_string_equal(text, wanted);
    assert_int_equal(fstatat(place_fd, name, &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
}

/* Is the capability in all three sets (1), in none (0), or in some (-1)? */
static int
has(const char *host, const char *cap)
{
    static const char *const sets[] = {"bounding", "effective", "permitted"};
    auto_json *doc = bundle("{}", host);
    const struct json *caps = json_path(json_root(doc), "process.capabilities");
    size_t n = 0;
    assert_int_equal(json_count(caps), 3); /* nothing inheritable, nothing ambient */
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        auto_list words = {0};
        json_to_list(json_get(caps, sets[i]), &words);
        n += list_has(&words, cap);
    }
    return n == 3 ? 1 : n == 0 ? 0 : -1;
}

static void
capabilities_are_added_and_dropped_by_name(void **state)
{
    (void)state;
    assert_int_equal(has("{}", "CAP_CHOWN"), 1);
    assert_int_equal(has("{}", "CAP_SYS_ADMIN"), 0);
    assert_int_equal(has("{}", "CAP_NET_RAW"), 0);
    assert_int_equal(has("{\"CapAdd\":[\"sys_admin\"]}", "CAP_SYS_ADMIN"), 1);
    assert_int_equal(has("{\"CapAdd\":[\"cap_Sys_Admin\"]}", "CAP_SYS_ADMIN"), 1);
    assert_int_equal(has("{\"CapDrop\":[\"CHOWN\"]}", "CAP_CHOWN"), 0);
    assert_int_equal(has("{\"CapDrop\":[\"CHOWN\"]}", "CAP_KILL"), 1);
}

static void
a_name_wins_over_all_and_dropping_over_adding(void **state)
{
    (void)state;
    assert_int_equal(has("{\"CapDrop\":[\"ALL\"]}", "CAP_CHOWN"), 0);
    assert_int_equal(has("{\"CapDrop\":[\"all\"],\"CapAdd\":[\"KILL\"]}", "CAP_KILL"), 1);
    assert_int_equal(has("{\"CapDrop\":[\"ALL\"],\"CapAdd\":[\"KILL\"]}", "CAP_CHOWN"), 0);
    assert_int_equal(has("{\"CapAdd\":[\"ALL\"]}", "CAP_BPF"), 1);
    assert_int_equal(has("{\"CapAdd\":[\"ALL\"],\"CapDrop\":[\"BPF\"]}", "CAP_BPF"), 0);
    assert_int_equal(has("{\"CapAdd\":[\"KILL\"],\"CapDrop\":[\"KILL\"]}", "CAP_KILL"), 0);
    assert_int_equal(has("{\"Privileged\":true}", "CAP_SYS_ADMIN"), 1);
    assert_int_equal(has("{\"Privileged\":true,\"CapDrop\":[\"BPF\"]}", "CAP_BPF"), 0);
    refuses("{\"CapAdd\":[\"FLY\"]}", "unknown capability: \"FLY\"");
    refuses("{\"CapDrop\":[\"\"]}", "unknown capability");
    refuses("{\"Privileged\":true,\"CapDrop\":[\"CAP_\"]}", "unknown capability");
}

static void
security_options_in_all_their_spellings(void **state)
{
    (void)state;
    static const char nnp[] = "process.noNewPrivileges";
#define OPTION(word) "{\"SecurityOpt\":[\"" word "\"]}"
    gives("{}", "{}", nnp, "false");
    gives("{}", OPTION("no-new-privileges"), nnp, "true");
    gives("{}", OPTION("no-new-privileges:true"), nnp, "true");
    gives("{}", OPTION("no-new-privileges=false"), nnp, "false");
    gives("{}", OPTION("apparmor=mine"), "process.apparmorProfile", "\"mine\"");
    gives("{}", OPTION("apparmor:unconfined"), "process.apparmorProfile", "");
    gives("{}", OPTION("seccomp=unconfined"), "linux.seccomp", "");
    gives("{}", OPTION("label=disable"), "process.selinuxLabel", "");
    gives("{}", OPTION("systempaths=unconfined"), "linux.maskedPaths", "");
    gives("{}", OPTION("systempaths=unconfined"), "linux.readonlyPaths", "");
    gives("{}", "{\"Privileged\":true}", "linux.maskedPaths", "");
    refuses(OPTION("no-new-privileges=yes"), "true or false");
    refuses(OPTION("seccomp="), "invalid --security-opt");
    refuses(OPTION("seccomp"), "invalid --security-opt");
    refuses(OPTION("apparmor"), "invalid --security-opt");
    refuses(OPTION("systempaths=open"), "invalid --security-opt");
    refuses(OPTION("label=type:x"), "invalid --security-opt");
    refuses(OPTION("seccomp={"), "seccomp profile: line 1");
    refuses(OPTION(""), "invalid --security-opt");
}

static void
paths_that_tell_of_the_machine_are_masked(void **state)
{
    (void)state;
    auto_json *doc = bundle("{}", "{}");
    auto_list masked = {0}, fixed = {0};
    json_to_list(json_path(json_root(doc), "linux.maskedPaths"), &masked);
    json_to_list(json_path(json_root(doc), "linux.readonlyPaths"), &fixed);
    assert_true(list_has(&masked, "/proc/kcore") && list_has(&masked, "/sys/firmware"));
    assert_true(list_has(&fixed, "/proc/sys") && list_has(&fixed, "/proc/sysrq-trigger"));
}

/* The types of the namespaces, with blanks. */
static void
namespaces_are(const char *host, const char *wanted)
{
    auto_json *doc = bundle("{}", host);
    auto_text out = {0};
    for (json_each(ns, json_path(json_root(doc), "linux.namespaces")))
        text_addf(&out, "%s ", json_str(json_get(ns, "type"), "?"));
    assert_string_equal(text_str(&out), wanted);
}

static void
a_mode_of_host_leaves_that_namespace_out(void **state)
{
    (void)state;
    namespaces_are("{}", "mount pid uts ipc cgroup network ");
    namespaces_are("{\"NetworkMode\":\"host\"}", "mount pid uts ipc cgroup ");
    namespaces_are("{\"PidMode\":\"host\",\"IpcMode\":\"host\",\"UTSMode\":\"host\","
                   "\"CgroupnsMode\":\"host\"}",
                   "mount network ");
    namespaces_are("{\"NetworkMode\":\"none\",\"PidMode\":\"private\"}",
                   "mount pid uts ipc cgroup network ");
}

static void
the_host_name_is_set_in_a_namespace_of_its_own_only(void **state)
{
    (void)state;
    static const char config[] = "{\"Hostname\":\"h\",\"Domainname\":\"d\"}";
    gives(config, "{}", "hostname", "\"h\"");
    gives(config, "{}", "domainname", "\"d\"");
    gives(config, "{\"UTSMode\":\"host\"}", "hostname", "");
    gives(config, "{\"UTSMode\":\"host\"}", "domainname", "");
    gives("{\"Hostname\":\"h\"}", "{}", "domainname", "");
    file_is("hostname", "h\n");
}

static void
the_environment_has_defaults_that_the_users_replaces(void **state)
{
    (void)state;
    static const char path[] = "process.env";
    gives("{\"Hostname\":\"h\"}", "{}", path,
          "[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\","
          "\"HOSTNAME=h\"]");
    gives("{\"Hostname\":\"h\",\"Tty\":true,\"Env\":[\"A=1\",\"PATH=/x\",\"A=2\"]}", "{}",
          path, "[\"PATH=/x\",\"HOSTNAME=h\",\"TERM=xterm\",\"A=2\"]");
}

static void
the_process_is_as_config_says(void **state)
{
    (void)state;
    gives("{}", "{}", "process.args", "[\"sh\",\"-c\",\"x\"]");
    gives("{}", "{}", "process.cwd", "\"/\"");
    gives("{\"WorkingDir\":\"/w\"}", "{}", "process.cwd", "\"/w\"");
    gives("{\"Tty\":true}", "{}", "process.terminal", "true");
    gives("{}", "{}", "process.oomScoreAdj", "");
    gives("{}", "{\"OomScoreAdj\":-500}", "process.oomScoreAdj", "-500");
    gives("{}", "{\"ReadonlyRootfs\":true}", "root",
          "{\"path\":\"rootfs\",\"readonly\":true}");
    gives("{}", "{\"Sysctls\":{\"net.ipv4.ip_forward\":\"1\"}}", "linux.sysctl",
          "{\"net.ipv4.ip_forward\":\"1\"}");
}

/* "soft hard" of a limit; "" if it is not there. */
static void
limit_is(const char *host, const char *type, const char *wanted)
{
    auto_json *doc = bundle("{}", host);
    auto_text out = {0};
    for (json_each(limit, json_path(json_root(doc), "process.rlimits")))
        if (str_eq(json_str(json_get(limit, "type"), ""), type))
            text_addf(&out, "%s %s", json_get(limit, "soft")->text,
                      json_get(limit, "hard")->text);
    assert_string_equal(text_str(&out), wanted);
}

static void
limits_of_the_user_replace_the_default_ones(void **state)
{
    (void)state;
    limit_is("{\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":10,\"Hard\":20}]}",
             "RLIMIT_NOFILE", "10 20");
    limit_is("{\"Ulimits\":[{\"Name\":\"core\",\"Soft\":-1,\"Hard\":-1}]}", "RLIMIT_CORE",
             "18446744073709551615 18446744073709551615"); /* without a limit */
    limit_is("{\"Ulimits\":[{\"Name\":\"nproc\",\"Soft\":1,\"Hard\":2}]}", "RLIMIT_NPROC",
             "1 2");
    limit_is("{}", "RLIMIT_NPROC", "");
}

/* The last test: what is lowered here stays low. */
static void
a_default_limit_is_no_higher_than_our_own(void **state)
{
    (void)state;
    struct rlimit own;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &own), 0);
    rlim_t hard = own.rlim_max < 524288 ? own.rlim_max : 524288;
    auto_free char *usual = str_format("1024 %llu", (unsigned long long)hard);
    limit_is("{}", "RLIMIT_NOFILE", usual);
    own = (struct rlimit){500, 600};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &own), 0);
    limit_is("{}", "RLIMIT_NOFILE", "600 600");
}

static void
the_cgroup_lies_below_the_parent_that_was_asked_for(void **state)
{
    (void)state;
    static const char path[] = "linux.cgroupsPath";
    unsetenv("SAMPAN_CGROUP_PARENT");
    gives("{}", "{}", path, "\"/sampan/ID\"");
    gives("{}", "{\"CgroupParent\":\"a/b\"}", path, "\"/a/b/ID\"");
    gives("{}", "{\"CgroupParent\":\"/a\"}", path, "\"/a/ID\"");
    setenv("SAMPAN_CGROUP_PARENT", "env", 1);
    gives("{}", "{}", path, "\"/env/ID\"");
    gives("{}", "{\"CgroupParent\":\"a\"}", path, "\"/a/ID\"");
    unsetenv("SAMPAN_CGROUP_PARENT");
}

static void
added_hosts_stand_below_the_usual_ones(void **state)
{
    (void)state;
    struct err e = {0};
    auto_free char *text = NULL;
    assert_int_equal(
        write_bundle("{}", "{\"ExtraHosts\":[\"db:10.0.0.1\",\"six:fe80::1\"]}", &e), 0);
    assert_int_equal(file_read_at(place_fd, "hosts", 1 << 20, &text, NULL), 0);
    assert_true(str_starts(text, "127.0.0.1\tlocalhost\n"));
    assert_true(str_ends(text, "10.0.0.1\tdb\nfe80::1\tsix\n"));
    refuses("{\"ExtraHosts\":[\"db\"]}", "bad format for add-host");
}

static void
name_servers_of_the_user_replace_the_hosts(void **state)
{
    (void)state;
    struct err e = {0};
    auto_free char *text = NULL;
    assert_int_equal(
        write_bundle("{}",
                     "{\"Dns\":[\"192.0.2.1\",\"192.0.2.2\"],\"DnsSearch\":"
                     "[\"a.example\",\"b.example\"],\"DnsOptions\":[\"ndots:1\"]}",
                     &e),
        0);
    assert_int_equal(file_read_at(place_fd, "resolv.conf", 1 << 20, &text, NULL), 0);
    assert_true(str_starts(text, "search a.example b.example\nnameserver 192.0.2.1\n"
                                 "nameserver 192.0.2.2\noptions ndots:1\n"));
    int servers = 0;
    for (const char *s = text; (s = strstr(s, "nameserver")) != NULL; s++)
        servers++;
    assert_int_equal(servers, 2);

    auto_free char *none = NULL;
    assert_int_equal(write_bundle("{}", "{\"DnsSearch\":[\".\"]}", &e), 0);
    assert_int_equal(file_read_at(place_fd, "resolv.conf", 1 << 20, &none, NULL), 0);
    assert_null(strstr(none, "search"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(capabilities_are_added_and_dropped_by_name),
        IN_PLACE(a_name_wins_over_all_and_dropping_over_adding),
        IN_PLACE(security_options_in_all_their_spellings),
        IN_PLACE(paths_that_tell_of_the_machine_are_masked),
        IN_PLACE(a_mode_of_host_leaves_that_namespace_out),
        IN_PLACE(the_host_name_is_set_in_a_namespace_of_its_own_only),
        IN_PLACE(the_environment_has_defaults_that_the_users_replaces),
        IN_PLACE(the_process_is_as_config_says),
        IN_PLACE(limits_of_the_user_replace_the_default_ones),
        IN_PLACE(the_cgroup_lies_below_the_parent_that_was_asked_for),
        IN_PLACE(added_hosts_stand_below_the_usual_ones),
        IN_PLACE(name_servers_of_the_user_replace_the_hosts),
        IN_PLACE(a_default_limit_is_no_higher_than_our_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
