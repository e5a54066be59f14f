/* mounts.c - default mounts, binds and tmpfs as mounts of the runtime-spec.
 *
 * Order is what the user sees at a place that is mounted twice: first the defaults without
 * those that the user replaces, then the user's, parents before children, last the three
 * files below /etc (unless the user brings his own).
 *
 * Named volumes are not here yet: -v NAME:/path is refused with a hint at bind mounts.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/mounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "linux/path.h"

#define SHM_BYTES (64 << 20)

static const struct default_mount {
    const char *place, *type, *options;
} defaults[] = {
    {"/proc",          "proc",   "nosuid,noexec,nodev"                                    },
    {"/dev",           "tmpfs",  "nosuid,noexec,strictatime,mode=755,size=65536k"         },
    {"/dev/pts",       "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"},
    {"/sys",           "sysfs",  "nosuid,noexec,nodev,ro"                                 },
    {"/sys/fs/cgroup", "cgroup", "ro,nosuid,noexec,nodev"                                 },
    {"/dev/mqueue",    "mqueue", "nosuid,noexec,nodev"                                    },
    {"/dev/shm",       "tmpfs",  "nosuid,noexec,nodev,mode=1777"                          },
};

/* One mount that the user asked for. Strings are owned. */
struct wish {
    const char *type; /* "bind" or "tmpfs" */
    char *source, *place;
    struct list options; /* as the runtime-spec spells them */
    bool is_read_only;
    bool is_shallow; /* without the mounts below the source */
    const char *propagation;
    char *mode; /* the words after the last ':', for inspect */
    bool wants_source_made;
};
#define auto_wish __attribute__((cleanup(wish_done))) struct wish

static void
wish_done(struct wish *wish)
{
    free(take_ptr(wish->source));
    free(take_ptr(wish->place));
    free(take_ptr(wish->mode));
    list_done(&wish->options);
}

/* An absolute path without "//", "/." and a last '/'; ".." is refused: nobody means it. */
static int
check_place(const char *place, char **ret, struct err *e)
{
    auto_list parts = {0};
    auto_text clean = {0};
    list_split(&parts, place, '/');
    for (size_t i = 0; i < parts.n; i++) {
        if (str_eq(parts.v[i], ".."))
            return err_set(e, ERR_INVALID, "mount path \"%s\" has a '..' in it", place);
        if (parts.v[i][0] != '\0' && !str_eq(parts.v[i], "."))
            text_addf(&clean, "/%s", parts.v[i]);
    }
    if (place[0] != '/' || clean.len == 0)
        return err_set(e, ERR_INVALID,
                       "invalid mount path: '%s' mount path must be absolute, and not '/'",
                       place);
    *ret = text_take(&clean);
    return 0;
}

/* One word behind -v's second ':'. SELinux's z and Z mean nothing where there is none. */
static int
add_bind_word(struct wish *wish, const char *word, struct err *e)
{
    static const char *const propagations[] = {"private", "rprivate", "shared",
                                               "rshared", "slave",    "rslave"};
    static const char *const ignored[] = {"",       "rw",        "z",          "Z",
                                          "cached", "delegated", "consistent", "nocopy"};
    if (str_eq(word, "ro")) {
        wish->is_read_only = true;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(propagations); i++)
        if (str_eq(word, propagations[i])) {
            wish->propagation = propagations[i];
            return 0;
        }
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
        if (str_eq(word, ignored[i]))
            return 0;
    return err_set(e, ERR_INVALID,
                   "invalid mode for a bind mount: '%s' (known: ro, rw, z, Z, private, "
                   "rprivate, shared, rshared, slave, rslave)",
                   word);
}

static int
refuse_volume(const char *name, const char *place, struct err *e)
{
    return err_set(e, ERR_UNSUPPORTED,
                   "named volumes are not supported yet: instead of '%s' give a directory "
                   "of the host, as in -v /srv/%s:%s",
                   name, name, place);
}

/* "SOURCE:PLACE[:WORDS]" */
static int
wish_from_bind(struct wish *wish, const char *text, struct err *e)
{
    auto_list parts = {0};
    list_split(&parts, text, ':');
    if (parts.n == 1 && parts.v[0][0] == '/')
        return err_set(e, ERR_UNSUPPORTED,
                       "anonymous volumes are not supported yet: instead of -v %s give a "
                       "directory of the host, as in -v /srv/data:%s",
                       text, text);
    if (parts.n < 2 || parts.n > 3 || parts.v[0][0] == '\0')
        return err_set(e, ERR_INVALID,
                       "invalid volume specification: '%s' (SOURCE:PLACE[:ro])", text);
    if (parts.v[0][0] != '/')
        return refuse_volume(parts.v[0], parts.v[1], e);
    *wish = (struct wish){.type = "bind",
                          .source = str_copy(parts.v[0]),
                          .propagation = "rprivate",
                          .mode = str_copy(parts.n > 2 ? parts.v[2] : ""),
                          .wants_source_made = true};
    TRY(check_place(parts.v[1], &wish->place, e));
    auto_list words = {0};
    list_split(&words, wish->mode, ',');
    for (size_t i = 0; i < words.n; i++)
        TRY(add_bind_word(wish, words.v[i], e));
    return 0;
}

/* The options of a tmpfs as --tmpfs takes them, over the defaults. */
static void
add_tmpfs_words(struct wish *wish, const char *words)
{
    list_split(&wish->options, "nosuid,nodev,noexec", ',');
    if (words[0] != '\0')
        list_split(&wish->options, words, ',');
}

/* An entry of Mounts: { Type, Source, Target, ReadOnly, BindOptions, TmpfsOptions } */
static int
wish_from_mount(struct wish *wish, const struct json *mount, struct err *e)
{
    const char *type = json_str(json_get(mount, "Type"), "volume");
    const char *source = json_str(json_get(mount, "Source"), "");
    const char *target = json_str(json_get(mount, "Target"), "");
    if (str_eq(type, "volume"))
        return refuse_volume(source, target, e);
    if (!str_eq(type, "bind") && !str_eq(type, "tmpfs"))
        return err_set(e, ERR_INVALID,
                       "invalid mount config for type \"%s\": mount type unknown "
                       "(known: bind, tmpfs)",
                       type);
    *wish = (struct wish){
        .type = str_eq(type, "bind") ? "bind" : "tmpfs",
        .source = str_copy(source),
        .is_read_only = json_bool(json_get(mount, "ReadOnly"), false),
        .propagation = "",
        .mode = str_copy(""),
    };
    TRY(check_place(target, &wish->place, e));
    if (str_eq(type, "tmpfs") && source[0] != '\0')
        return err_set(e, ERR_INVALID,
                       "invalid mount config for type \"tmpfs\": field Source must not be "
                       "specified");
    if (str_eq(type, "tmpfs")) {
        int64_t size = json_i64(json_path(mount, "TmpfsOptions.SizeBytes"), 0);
        int64_t mode = json_i64(json_path(mount, "TmpfsOptions.Mode"), 01777);
        add_tmpfs_words(wish, "");
        if (size > 0)
            list_addf(&wish->options, "size=%lld", (long long)size);
        list_addf(&wish->options, "mode=%llo", (unsigned long long)mode);
        return 0;
    }
    if (source[0] == '\0')
        return err_set(e, ERR_INVALID,
                       "invalid mount config for type \"bind\": field Source must not be "
                       "empty");
    if (source[0] != '/')
        return err_set(e, ERR_INVALID,
                       "invalid mount config for type \"bind\": invalid mount path: '%s' "
                       "mount path must be absolute",
                       source);
    wish->propagation = "rprivate";
    wish->is_shallow = json_bool(json_path(mount, "BindOptions.NonRecursive"), false);
    return add_bind_word(wish, json_str(json_path(mount, "BindOptions.Propagation"), ""),
                         e);
}

static int
wish_from_tmpfs(struct wish *wish, const struct json *entry, struct err *e)
{
    *wish = (struct wish){.type = "tmpfs",
                          .source = str_copy(""),
                          .propagation = "",
                          .mode = str_copy(json_str(entry, ""))};
    TRY(check_place(entry->name, &wish->place, e));
    add_tmpfs_words(wish, wish->mode);
    return 0;
}

/* Calls back for every wish of a HostConfig. */
typedef int wish_visitor(struct wish *wish, void *data, struct err *e);

static int
each_wish(const struct json *host, wish_visitor *visit, void *data, struct err *e)
{
    for (json_each(bind, json_get(host, "Binds"))) {
        auto_wish wish = {0};
        TRY(wish_from_bind(&wish, json_str(bind, ""), e));
        TRY(visit(&wish, data, e));
    }
    for (json_each(mount, json_get(host, "Mounts"))) {
        auto_wish wish = {0};
        TRY(wish_from_mount(&wish, mount, e));
        TRY(visit(&wish, data, e));
    }
    for (json_each(entry, json_get(host, "Tmpfs"))) {
        auto_wish wish = {0};
        TRY(wish_from_tmpfs(&wish, entry, e));
        TRY(visit(&wish, data, e));
    }
    return 0;
}

/* ---- for config.json ---- */

struct building {
    struct json_doc *doc;
    struct json *user; /* the user's mounts */
    struct list *warnings;
    struct list places; /* of the user's mounts */
};

static struct json *
mount_to_json(struct json_doc *doc, const char *place, const char *type, const char *source,
              const struct list *options)
{
    struct json *mount = json_object(doc);
    json_set_str(doc, mount, "destination", place);
    json_set_str(doc, mount, "type", type);
    json_set_str(doc, mount, "source", source);
    json_set(doc, mount, "options", json_strings(doc, options));
    return mount;
}

static int
make_source(const struct wish *wish, struct list *warnings, struct err *e)
{
    struct stat st;
    int r = lx_fstatat(AT_FDCWD, wish->source, &st, 0);
    if (r == -ENOENT && !wish->wants_source_made)
        return err_set(e, ERR_INVALID,
                       "invalid mount config for type \"bind\": bind source path does not "
                       "exist: %s",
                       wish->source);
    if (r != -ENOENT)
        return err_sys(e, r, "look at the bind source %s", wish->source);
    TRY(err_sys(e, file_mkdirs_at(AT_FDCWD, wish->source, 0755), "make the bind source %s",
                wish->source));
    list_addf(warnings,
              "the bind source %s did not exist: an empty directory was made (--mount "
              "would have refused)",
              wish->source);
    return err_sys(e, lx_fchmodat(AT_FDCWD, wish->source, 0755), "chmod %s", wish->source);
}

static int
build_wish(struct wish *wish, void *data, struct err *e)
{
    struct building *b = data;
    if (list_has(&b->places, wish->place))
        return err_set(e, ERR_INVALID, "Duplicate mount point: %s", wish->place);
    list_add(&b->places, wish->place);
    bool is_bind = str_eq(wish->type, "bind");
    if (is_bind) {
        TRY(make_source(wish, b->warnings, e));
        list_add(&wish->options, wish->is_shallow ? "bind" : "rbind");
        list_add(&wish->options, wish->propagation);
    }
    if (wish->is_read_only)
        list_add(&wish->options, "ro");
    json_append(b->user, mount_to_json(b->doc, wish->place, wish->type,
                                       is_bind ? wish->source : "tmpfs", &wish->options));
    return 0;
}

static void
add_default(struct json_doc *doc, struct json *list, const struct default_mount *mount,
            const struct json *host)
{
    auto_list options = {0};
    bool is_privileged = json_bool(json_get(host, "Privileged"), false);
    list_split(&options, mount->options, ',');
    if (str_eq(mount->place, "/dev/shm")) {
        int64_t size = json_i64(json_get(host, "ShmSize"), 0);
        list_addf(&options, "size=%lld", (long long)(size > 0 ? size : SHM_BYTES));
    }
    auto_list kept = {0};
    for (size_t i = 0; i < options.n; i++)
        if (!(is_privileged && str_eq(options.v[i], "ro")))
            list_add(&kept, options.v[i]);
    json_append(list, mount_to_json(doc, mount->place, mount->type, mount->type, &kept));
}

/* The user's mounts with parents first: by the number of '/', else as they came. */
static void
append_by_depth(struct json *list, const struct json *user, struct json_doc *doc)
{
    for (int depth = 1, seen = 0; seen < (int)json_count(user); depth++)
        for (json_each(mount, user)) {
            int slashes = 0;
            for (const char *s = json_str(json_get(mount, "destination"), ""); *s; s++)
                slashes += *s == '/';
            if (slashes != depth)
                continue;
            json_append(list, json_clone(doc, mount));
            seen++;
        }
}

static void
add_etc(const struct engine *engine, const struct record *record, struct building *b,
        struct json *list)
{
    static const char *const files[] = {"resolv.conf", "hostname", "hosts"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        auto_free char *place = str_format("/etc/%s", files[i]);
        auto_free char *source = str_format(
            "%s/containers/%s/%s", record->is_transient ? engine->state : engine->root,
            record->id, files[i]);
        auto_list options = {0};
        if (list_has(&b->places, place))
            continue;
        list_split(&options, "rbind,rprivate", ',');
        json_append(list, mount_to_json(b->doc, place, "bind", source, &options));
    }
}

int
mounts_add(const struct engine *engine, const struct record *record, struct json_doc *doc,
           struct json *root, struct list *warnings, struct err *e)
{
    const struct json *host = record_get(record, "HostConfig");
    struct building b = {.doc = doc, .user = json_array(doc), .warnings = warnings};
    int r = each_wish(host, build_wish, &b, e);
    if (r >= 0) {
        struct json *list = json_array(doc);
        for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
            if (!list_has(&b.places, defaults[i].place))
                add_default(doc, list, &defaults[i], host);
        append_by_depth(list, b.user, doc);
        add_etc(engine, record, &b, list);
        json_set(doc, root, "mounts", list);
    }
    list_done(&b.places);
    return r;
}

/* ---- for inspect ---- */

struct description {
    struct json_doc *doc;
    struct json *list;
};

static int
describe_wish(struct wish *wish, void *data, struct err *e)
{
    (void)e;
    struct description *d = data;
    struct json *mount = json_object(d->doc);
    json_set_str(d->doc, mount, "Type", wish->type);
    json_set_str(d->doc, mount, "Source", wish->source);
    json_set_str(d->doc, mount, "Destination", wish->place);
    json_set_str(d->doc, mount, "Mode", wish->mode);
    json_set_bool(d->doc, mount, "RW", !wish->is_read_only);
    json_set_str(d->doc, mount, "Propagation", wish->propagation);
    json_append(d->list, mount);
    return 0;
}

struct json *
mounts_describe(struct json_doc *doc, const struct json *host)
{
    struct err ignored;
    struct description d = {doc, json_array(doc)};
    each_wish(host, describe_wish, &d, &ignored);
    return d.list;
}
