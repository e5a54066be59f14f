/* test-mounts.c - Binds, Mounts and Tmpfs as mounts of config.json and of inspect.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/mounts.h"

#include <sys/stat.h>

#include "place.h"

static const struct engine engine = {.root = (char *)"/data", .state = (char *)"/state"};

/* The "mounts" that a HostConfig gives, or the words of its error. */
static struct json *
build(struct json_doc *doc, const char *host, bool is_transient, struct list *warnings,
      struct err *e)
{
    struct record record = {.id = "ID", .is_transient = is_transient, .home_fd = NO_FD};
    auto_free char *text = str_format("{\"HostConfig\":%s}", host);
    struct json *root = json_object(doc);
    if (json_parse(text, strlen(text), &record.doc, e) < 0)
        fail_msg("%s: %s", host, e->text);
    int r = mounts_add(&engine, &record, doc, root, warnings, e);
    json_doc_free(record.doc);
    return r < 0 ? NULL : (struct json *)json_get(root, "mounts");
}

/* The mount at a place as "type source option,option"; NULL if there is none. */
static char *
at(const struct json *mounts, const char *place_inside)
{
    auto_text out = {0};
    for (json_each(mount, mounts)) {
        if (!str_eq(json_str(json_get(mount, "destination"), ""), place_inside))
            continue;
        assert_int_equal(out.len, 0); /* once */
        text_addf(&out, "%s %s ", json_str(json_get(mount, "type"), "?"),
                  json_str(json_get(mount, "source"), "?"));
        for (json_each(option, json_get(mount, "options")))
            text_addf(&out, "%s%s", json_str(option, "?"), option->next ? "," : "");
    }
    return out.len ? text_take(&out) : NULL;
}

static void
gives(const char *host, const char *place_inside, const char *wanted)
{
    auto_json *doc = json_doc_new();
    auto_list warnings = {0};
    struct err e = {0};
    const struct json *mounts = build(doc, host, false, &warnings, &e);
    if (mounts == NULL)
        fail_msg("%s: %s", host, e.text);
    auto_free char *got = at(mounts, place_inside);
    if (got == NULL)
        fail_msg("%s: no mount at %s", host, place_inside);
    assert_string_equal(got, wanted);
    assert_int_equal(warnings.n, 0);
}

static void
refuses(const char *host, const char *words)
{
    auto_json *doc = json_doc_new();
    auto_list warnings = {0};
    struct err e = {0};
    if (build(doc, host, false, &warnings, &e) != NULL)
        fail_msg("taken: %s", host);
    if (strstr(e.text, words) == NULL)
        fail_msg("%s: wanted \"%s\", got \"%s\"", host, words, e.text);
}

static void
words_of_a_bind_become_options(void **state)
{
    (void)state;
    gives("{\"Binds\":[\"/:/a\"]}", "/a", "bind / rbind,rprivate");
    gives("{\"Binds\":[\"/:/a:ro\"]}", "/a", "bind / rbind,rprivate,ro");
    gives("{\"Binds\":[\"/:/a:rw,z\"]}", "/a", "bind / rbind,rprivate");
    gives("{\"Binds\":[\"/:/a:rslave,ro\"]}", "/a", "bind / rbind,rslave,ro");
    gives("{\"Binds\":[\"/:/a:\"]}", "/a", "bind / rbind,rprivate");
    gives("{\"Binds\":[\"/tmp:/a//b/./c/\"]}", "/a/b/c", "bind /tmp rbind,rprivate");
}

static void
a_bind_that_says_nothing_clear_is_refused(void **state)
{
    (void)state;
    refuses("{\"Binds\":[\"/:/a:rx\"]}", "invalid mode for a bind mount: 'rx'");
    refuses("{\"Binds\":[\"/:/a:ro:rw\"]}", "invalid volume specification");
    refuses("{\"Binds\":[\":/a\"]}", "invalid volume specification");
    refuses("{\"Binds\":[\"\"]}", "invalid volume specification");
    refuses("{\"Binds\":[\"/a\"]}", "anonymous volumes are not supported");
    refuses("{\"Binds\":[\"data:/a\"]}", "named volumes are not supported");
    refuses("{\"Binds\":[\"/:a\"]}", "must be absolute");
    refuses("{\"Binds\":[\"/:/\"]}", "not '/'");
    refuses("{\"Binds\":[\"/:/./\"]}", "not '/'");
    refuses("{\"Binds\":[\"/:/a/../b\"]}", "has a '..'");
    refuses("{\"Binds\":[\"/:/a\",\"/tmp:/a/\"]}", "Duplicate mount point: /a");
}

static void
mounts_in_long_words(void **state)
{
    (void)state;
    gives("{\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/\",\"Target\":\"/a\","
          "\"ReadOnly\":true,\"BindOptions\":{\"Propagation\":\"shared\","
          "\"NonRecursive\":true}}]}",
          "/a", "bind / bind,shared,ro");
    gives("{\"Mounts\":[{\"Type\":\"tmpfs\",\"Target\":\"/a\",\"TmpfsOptions\":"
          "{\"SizeBytes\":4096,\"Mode\":448}}]}",
          "/a", "tmpfs tmpfs nosuid,nodev,noexec,size=4096,mode=700");
    gives("{\"Mounts\":[{\"Type\":\"tmpfs\",\"Target\":\"/a\"}]}", "/a",
          "tmpfs tmpfs nosuid,nodev,noexec,mode=1777");
    gives("{\"Tmpfs\":{\"/a\":\"size=1m,exec\"}}", "/a",
          "tmpfs tmpfs nosuid,nodev,noexec,size=1m,exec");
    refuses("{\"Mounts\":[{\"Source\":\"v\",\"Target\":\"/a\"}]}", "named volumes");
    refuses("{\"Mounts\":[{\"Type\":\"npipe\",\"Target\":\"/a\"}]}", "mount type unknown");
    refuses("{\"Mounts\":[{\"Type\":\"tmpfs\",\"Source\":\"/\",\"Target\":\"/a\"}]}",
            "Source must not be specified");
    refuses("{\"Mounts\":[{\"Type\":\"bind\",\"Target\":\"/a\"}]}", "must not be empty");
    refuses("{\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"a\",\"Target\":\"/a\"}]}",
            "must be absolute");
    refuses("{\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/\",\"Target\":\"/a\","
            "\"BindOptions\":{\"Propagation\":\"public\"}}]}",
            "invalid mode");
}

static void
a_missing_source_is_made_for_v_and_an_error_for_mount(void **state)
{
    (void)state;
    auto_json *doc = json_doc_new();
    auto_list warnings = {0};
    struct err e = {0};
    struct stat st;
    auto_free char *source = str_format("%s/new/deep", place);
    auto_free char *host = str_format("{\"Binds\":[\"%s:/a\"]}", source);
    assert_non_null(build(doc, host, false, &warnings, &e));
    assert_int_equal(warnings.n, 1);
    assert_non_null(strstr(warnings.v[0], source));
    assert_int_equal(stat(source, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);

    auto_free char *other = str_format(
        "{\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"%s/none\",\"Target\":\"/a\"}]}",
        place);
    refuses(other, "bind source path does not exist");
}

static void
what_the_user_mounts_replaces_the_default(void **state)
{
    (void)state;
    gives("{}", "/dev/shm", "tmpfs tmpfs nosuid,noexec,nodev,mode=1777,size=67108864");
    gives("{\"ShmSize\":4096}", "/dev/shm",
          "tmpfs tmpfs nosuid,noexec,nodev,mode=1777,size=4096");
    gives("{\"Binds\":[\"/tmp:/dev/shm\"]}", "/dev/shm", "bind /tmp rbind,rprivate");
    gives("{\"Binds\":[\"/tmp:/etc/hosts\"]}", "/etc/hosts", "bind /tmp rbind,rprivate");
    gives("{}", "/etc/hosts", "bind /data/containers/ID/hosts rbind,rprivate");
    gives("{}", "/sys", "sysfs sysfs nosuid,noexec,nodev,ro");
    gives("{\"Privileged\":true}", "/sys", "sysfs sysfs nosuid,noexec,nodev");
    gives("{\"Privileged\":true}", "/sys/fs/cgroup", "cgroup cgroup nosuid,noexec,nodev");
}

static void
a_transient_container_has_its_files_on_the_state_root(void **state)
{
    (void)state;
    auto_json *doc = json_doc_new();
    auto_list warnings = {0};
    struct err e = {0};
    auto_free char *hosts = at(build(doc, "{}", true, &warnings, &e), "/etc/hosts");
    assert_string_equal(hosts, "bind /state/containers/ID/hosts rbind,rprivate");
}

static void
parents_come_before_children_and_etc_comes_last(void **state)
{
    (void)state;
    auto_json *doc = json_doc_new();
    auto_list warnings = {0};
    auto_text order = {0};
    struct err e = {0};
    const struct json *mounts =
        build(doc, "{\"Binds\":[\"/:/a/b/c\",\"/:/z\",\"/:/a\",\"/:/a/b\"]}", false,
              &warnings, &e);
    for (json_each(mount, mounts))
        text_addf(&order, "%s ", json_str(json_get(mount, "destination"), ""));
    const char *own = strstr(text_str(&order), "/z ");
    assert_string_equal(own,
                        "/z /a /a/b /a/b/c /etc/resolv.conf /etc/hostname /etc/hosts ");
    assert_true(str_starts(text_str(&order), "/proc /dev /dev/pts "));
}

static void
inspect_shows_what_was_asked_for(void **state)
{
    (void)state;
    auto_json *doc = json_doc_new();
    auto_json *host = NULL;
    auto_text out = {0};
    struct err e = {0};
    static const char text[] =
        "{\"Binds\":[\"/b:/a:ro,z\"],\"Tmpfs\":{\"/t\":\"size=1m\"}}";
    assert_int_equal(json_parse(text, strlen(text), &host, &e), 0);
    json_write(&out, mounts_describe(doc, json_root(host)), 0);
    assert_string_equal(
        text_str(&out),
        "[{\"Type\":\"bind\",\"Source\":\"/b\",\"Destination\":\"/a\",\"Mode\":\"ro,z\","
        "\"RW\":false,\"Propagation\":\"rprivate\"},"
        "{\"Type\":\"tmpfs\",\"Source\":\"\",\"Destination\":\"/t\",\"Mode\":\"size=1m\","
        "\"RW\":true,\"Propagation\":\"\"}]");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_a_bind_become_options),
        cmocka_unit_test(a_bind_that_says_nothing_clear_is_refused),
        cmocka_unit_test(mounts_in_long_words),
        IN_PLACE(a_missing_source_is_made_for_v_and_an_error_for_mount),
        cmocka_unit_test(what_the_user_mounts_replaces_the_default),
        cmocka_unit_test(a_transient_container_has_its_files_on_the_state_root),
        cmocka_unit_test(parents_come_before_children_and_etc_comes_last),
        cmocka_unit_test(inspect_shows_what_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
