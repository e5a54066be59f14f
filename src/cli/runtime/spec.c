/* spec.c - `sampan-runtime spec`: a config.json to begin with.
 *
 * SPDX-License-Identifier: MIT
 */
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/runtime/verbs.h"
#include "linux/path.h"

static const char template[] =
    "{\"ociVersion\":\"" OCI_VERSION "\","
    "\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
    "\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\","
    "\"TERM=xterm\"],\"cwd\":\"/\",\"capabilities\":{"
    "\"bounding\":[\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
    "\"effective\":[\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
    "\"permitted\":[\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]},"
    "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1024,\"hard\":1024}],"
    "\"noNewPrivileges\":true},"
    "\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"sampan\","
    "\"mounts\":["
    "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
    "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
    "\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
    "\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\","
    "\"gid=5\"]},"
    "{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
    "{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
    "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}],"
    "\"linux\":{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},"
    "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},"
    "{\"type\":\"uts\"},{\"type\":\"cgroup\"},{\"type\":\"mount\"}],"
    "\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/interrupts\",\"/proc/kcore\","
    "\"/proc/keys\",\"/proc/latency_stats\",\"/proc/timer_list\",\"/proc/timer_stats\","
    "\"/proc/sched_debug\",\"/proc/scsi\",\"/sys/firmware\","
    "\"/sys/devices/virtual/powercap\"],"
    "\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\","
    "\"/proc/sysrq-trigger\"]}}";

/* ---- for an ordinary user ---- */

static void
map_to_caller(struct json_doc *doc, struct json *linux_, const char *field, int64_t host_id)
{
    struct json *array = json_set(doc, linux_, field, json_array(doc));
    struct json *map = json_append(array, json_object(doc));
    json_set_i64(doc, map, "containerID", 0);
    json_set_i64(doc, map, "hostID", host_id);
    json_set_i64(doc, map, "size", 1);
}

/* Without the network namespace, whose loopback alone nobody wants, but with a user one. */
static void
change_namespaces(struct json_doc *doc, struct json *linux_)
{
    static const char *const kept[] = {"pid", "ipc", "uts", "mount", "cgroup", "user"};
    struct json *array = json_set(doc, linux_, "namespaces", json_array(doc));
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        json_set_str(doc, json_append(array, json_object(doc)), "type", kept[i]);
}

/* The group of terminals is not mapped, and a sysfs can be mounted only by who owns the
 * network namespace. */
static struct json *
change_mount(struct json_doc *doc, const struct json *mount)
{
    auto_list options = {0};
    struct json *json = json_object(doc);
    const char *destination = json_str(json_get(mount, "destination"), "");
    bool is_sys = str_eq(destination, "/sys");
    json_set_str(doc, json, "destination", destination);
    json_set_str(doc, json, "type",
                 is_sys ? "none" : json_str(json_get(mount, "type"), ""));
    json_set_str(doc, json, "source",
                 is_sys ? "/sys" : json_str(json_get(mount, "source"), ""));
    for (json_each(word, json_get(mount, "options")))
        if (!str_starts(json_str(word, ""), "gid="))
            list_add(&options, json_str(word, ""));
    if (is_sys)
        list_add(&options, "rbind");
    json_set(doc, json, "options", json_strings(doc, &options));
    return json;
}

static void
make_rootless(struct json_doc *doc)
{
    struct json *root = json_root(doc);
    struct json *linux_ = (struct json *)json_get(root, "linux");
    struct json *mounts = json_array(doc);
    map_to_caller(doc, linux_, "uidMappings", geteuid());
    map_to_caller(doc, linux_, "gidMappings", getegid());
    change_namespaces(doc, linux_);
    json_remove(linux_, "resources");
    for (json_each(mount, json_get(root, "mounts")))
        json_append(mounts, change_mount(doc, mount));
    json_set(doc, root, "mounts", mounts);
}

int
verb_spec(const struct arguments *a, struct err *e)
{
    const char *name = a->file ? a->file : "config.json";
    auto_json *doc = NULL;
    auto_text text = {0};
    TRY(json_parse(template, sizeof template - 1, &doc, e));
    if (a->want_rootless)
        make_rootless(doc);
    json_write(&text, json_root(doc), 4);
    text_add_char(&text, '\n');
    auto_close int dir = lx_open(a->bundle ? a->bundle : ".", O_PATH | O_DIRECTORY);
    TRY(err_sys(e, dir, "open %s", a->bundle ? a->bundle : "."));
    auto_close int fd = lx_openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                                  0644);
    if (fd == -EEXIST)
        return err_set(e, ERR_CONFLICT, "%s is there already: remove it first", name);
    TRY(err_sys(e, fd, "make %s", name));
    return err_sys(e, file_write_all(fd, text.data, text.len), "write %s", name);
}
