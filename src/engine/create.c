/* create.c - the image's wishes and the user's, merged into a record.
 *
 * The home is made whole beside its place (".new-<id>"), with its lock held, and renamed:
 * nobody ever sees half a container. Then the name is taken; a name that is taken already
 * undoes it all.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/create.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "engine/bundle.h"
#include "engine/mounts.h"
#include "engine/signals.h"
#include "image/store.h"
#include "linux/path.h"
#include "linux/trace.h"
#include "monitor/lock.h"

#define NAME_TRIES 20

/* ---- Config: the image's, overridden ---- */

static const struct json *
image_config(const struct image *image)
{
    return json_get(json_root(image->config), "config");
}

/* Fields that the user's body overrides whole, else the image's, else the default. */
static const struct {
    const char *name;
    enum json_type type;
} config_fields[] = {
    {"Hostname",     JSON_STRING},
    {"Domainname",   JSON_STRING},
    {"User",         JSON_STRING},
    {"AttachStdin",  JSON_BOOL  },
    {"AttachStdout", JSON_BOOL  },
    {"AttachStderr", JSON_BOOL  },
    {"Tty",          JSON_BOOL  },
    {"OpenStdin",    JSON_BOOL  },
    {"StdinOnce",    JSON_BOOL  },
    {"Env",          JSON_NULL  },
    {"Cmd",          JSON_NULL  },
    {"Image",        JSON_STRING},
    {"Volumes",      JSON_NULL  },
    {"WorkingDir",   JSON_STRING},
    {"Entrypoint",   JSON_NULL  },
    {"OnBuild",      JSON_NULL  },
    {"Labels",       JSON_OBJECT},
    {"StopSignal",   JSON_STRING},
    {"StopTimeout",  JSON_NULL  },
};

static struct json *
default_of(struct json_doc *doc, enum json_type type)
{
    switch (type) {
    case JSON_STRING:
        return json_string(doc, "");
    case JSON_BOOL:
        return json_boolean(doc, false);
    case JSON_OBJECT:
        return json_object(doc);
    default:
        return json_null(doc);
    }
}

/* An empty string counts as "not said". */
static bool
is_said(const struct json *node)
{
    return node != NULL && node->type != JSON_NULL &&
           !(node->type == JSON_STRING && node->text[0] == '\0');
}

static void
merge_env(struct json_doc *doc, struct json *config, const struct json *of_image,
          const struct json *of_user)
{
    auto_list env = {0};
    for (json_each(pair, json_get(of_image, "Env")))
        list_set_env(&env, json_str(pair, ""));
    for (json_each(pair, json_get(of_user, "Env")))
        list_set_env(&env, json_str(pair, ""));
    json_set(doc, config, "Env", json_strings(doc, &env));
}

static void
merge_labels(struct json_doc *doc, struct json *config, const struct json *of_image,
             const struct json *of_user)
{
    struct json *labels = json_object(doc);
    for (json_each(label, json_get(of_image, "Labels")))
        json_set_str(doc, labels, label->name, json_str(label, ""));
    for (json_each(label, json_get(of_user, "Labels")))
        json_set_str(doc, labels, label->name, json_str(label, ""));
    json_set(doc, config, "Labels", labels);
}

static struct json *
merge_config(struct json_doc *doc, const struct image *image, const struct json *body,
             const char *id)
{
    const struct json *of_image = image_config(image);
    struct json *config = json_object(doc);
    for (size_t i = 0; i < ARRAY_LEN(config_fields); i++) {
        const char *name = config_fields[i].name;
        const struct json *node = json_get(body, name);
        if (!is_said(node))
            node = json_get(of_image, name);
        json_set(doc, config, name,
                 is_said(node) ? json_clone(doc, node)
                               : default_of(doc, config_fields[i].type));
    }
    merge_env(doc, config, of_image, body);
    merge_labels(doc, config, of_image, body);

    /* An entrypoint of the user's makes the image's command meaningless. */
    if (is_said(json_get(body, "Entrypoint")) && !is_said(json_get(body, "Cmd")))
        json_set(doc, config, "Cmd", json_null(doc));
    if (!is_said(json_get(config, "Hostname"))) {
        auto_free char *hostname = str_format("%.*s", ID_SHORT_LEN, id);
        json_set_str(doc, config, "Hostname", hostname);
    }
    return config;
}

/* Path and Args: entrypoint, then command; [""] as an entrypoint means none. */
static int
set_command(struct json_doc *doc, struct json *root, const struct json *config,
            struct err *e)
{
    auto_list words = {0};
    json_to_list(json_get(config, "Entrypoint"), &words);
    if (words.n == 1 && words.v[0][0] == '\0')
        list_done(&words);
    json_to_list(json_get(config, "Cmd"), &words);
    if (words.n == 0)
        return err_set(e, ERR_INVALID,
                       "no command specified: the image names none, so add one");
    json_set_str(doc, root, "Path", words.v[0]);
    struct json *args = json_array(doc);
    for (size_t i = 1; i < words.n; i++)
        json_append(args, json_string(doc, words.v[i]));
    json_set(doc, root, "Args", args);
    return 0;
}

/* ---- the record ---- */

static struct json *
make_host_config(struct json_doc *doc, const struct json *body)
{
    const struct json *of_user = json_get(body, "HostConfig");
    struct json *host = of_user != NULL ? json_clone(doc, of_user) : json_object(doc);
    const char *mode = json_str(json_get(host, "NetworkMode"), "");
    if (mode[0] == '\0' || str_eq(mode, "default"))
        json_set_str(doc, host, "NetworkMode", "none");
    return host;
}

static void
set_paths(const struct engine *engine, struct record *record, struct json *root)
{
    static const struct {
        const char *field, *file;
    } files[] = {
        {"ResolvConfPath", "resolv.conf"},
        {"HostnamePath",   "hostname"   },
        {"HostsPath",      "hosts"      }
    };
    struct json_doc *doc = record->doc;
    auto_free char *home = str_format("%s/containers/%s",
                                      record->is_transient ? engine->state : engine->root,
                                      record->id);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        auto_free char *path = str_format("%s/%s", home, files[i].file);
        json_set_str(doc, root, files[i].field, path);
    }
    const char *driver = json_str(json_path(json_get(root, "HostConfig"), "LogConfig.Type"),
                                  "json-file");
    auto_free char *log = str_eq(driver, "none")
                              ? str_copy("")
                              : str_format("%s/%s-json.log", home, record->id);
    json_set_str(doc, root, "LogPath", log);
}

/* What `stop` will need is checked now, not when somebody wants it to stop. */
static int
check_stop(const struct json *config, struct err *e)
{
    const char *signal = json_str(json_get(config, "StopSignal"), "");
    int number;
    return signal[0] != '\0' ? signal_parse(signal, &number, e) : 0;
}

static int
build(const struct engine *engine, struct record *record, const struct image *image,
      const struct json *body, struct err *e)
{
    char now[36];
    struct json_doc *doc = record->doc;
    struct json *root = json_object(doc);
    json_set_root(doc, root);
    json_set_str(doc, root, "Id", record->id);
    json_set_str(doc, root, "Created", clock_format(clock_wall_ns(), now, sizeof(now)));
    struct json *config = merge_config(doc, image, body, record->id);
    TRY(set_command(doc, root, config, e));
    json_set_str(doc, root, "Image", image->id);
    json_set(doc, root, "Config", config);
    json_set(doc, root, "HostConfig", make_host_config(doc, body));
    TRY(check_stop(config, e));
    set_paths(engine, record, root);
    json_set_str(doc, root, "Name", "");
    json_set_i64(doc, root, "RestartCount", 0);
    json_set_str(doc, root, "Driver", "overlay");
    json_set_str(doc, root, "Platform", "linux");
    json_set(doc, root, "Mounts", mounts_describe(doc, json_get(root, "HostConfig")));
    struct json *inner = json_object(doc);
    json_set(doc, inner, "Layers", json_strings(doc, &image->layers));
    json_set(doc, root, "Sampan", inner);
    return 0;
}

/* --network host shows the host's own name. */
static void
share_hostname(struct record *record, const struct json *body)
{
    char name[256];
    struct json *config = (struct json *)record_get(record, "Config");
    const struct json *host = record_get(record, "HostConfig");
    bool is_shared = str_eq(json_str(json_get(host, "NetworkMode"), ""), "host") ||
                     str_eq(json_str(json_get(host, "UTSMode"), ""), "host");
    if (is_shared && !is_said(json_get(body, "Hostname")) &&
        gethostname(name, sizeof(name)) == 0)
        json_set_str(record->doc, config, "Hostname", name);
}

/* ---- on disk ---- */

static int
write_home(const struct engine *engine, struct record *record, struct list *warnings,
           struct err *e)
{
    TRY(bundle_write(engine, record, warnings, e));
    TRY(record_write(record, e));
    if (record->is_transient)
        return 0;
    TRY(err_sys(e, lx_mkdirat(record->home_fd, "upper", 0755), "make upper"));
    TRY(err_sys(e, lx_fchmodat(record->home_fd, "upper", 0755), "chmod upper"));
    return err_sys(e, lx_mkdirat(record->home_fd, "work", 0700), "make work");
}

static int
set_name(struct record *record, const char *name)
{
    auto_free char *with_slash = str_format("/%s", name);
    json_set_str(record->doc, json_root(record->doc), "Name", with_slash);
    return 0;
}

/* Takes a name that the user chose. One that a dead container still holds is freed by
 * looking at that container. */
static int
take_chosen(const struct engine *engine, const struct record *record, const char *name,
            struct err *e)
{
    int r = name_take(engine, name, record->id);
    if (r != -EEXIST)
        return err_sys(e, r, "take the name %s", name);
    char owner[ID_LEN + 1] = "";
    if (name_look_up(engine, name, owner) == 0) {
        auto_record other = RECORD_NONE;
        struct err ignored;
        record_load(engine, owner, &other, &ignored);
    }
    r = name_take(engine, name, record->id);
    if (r == -EEXIST)
        return err_set(
            e, ERR_CONFLICT,
            "Conflict. The container name \"/%s\" is already in use by container "
            "\"%s\". You have to remove (or rename) that container to be able "
            "to reuse that name.",
            name, owner);
    return err_sys(e, r, "take the name %s", name);
}

static int
take_invented(const struct engine *engine, const struct record *record, char *buf,
              size_t size, struct err *e)
{
    int r = -EEXIST;
    for (int i = 0; r == -EEXIST && i < NAME_TRIES; i++) {
        name_generate(buf, size);
        r = name_take(engine, buf, record->id);
    }
    return err_sys(e, r, "find a free name (choose one with --name)");
}

/* The container in its place, complete; or nothing. */
static int
put(const struct engine *engine, struct record *record, const char *beside,
    struct list *warnings, int *ret_lock, struct err *e)
{
    int place = record->is_transient ? engine->live_fd : engine->containers_fd;
    record->home_fd = file_open_dir_at(place, beside);
    TRY(err_sys(e, record->home_fd, "open the container's directory"));
    auto_close int lock = lock_take(record->home_fd, "lock");
    TRY(err_sys(e, lock, "lock the container"));
    TRY(write_home(engine, record, warnings, e));
    TRY(err_sys(e, lx_renameat2(place, beside, place, record->id, 0),
                "move the container to its place"));
    record->is_held = true;
    *ret_lock = take_fd(&lock);
    return 0;
}

static int
make(const struct engine *engine, struct record *record, const char *chosen_name,
     struct list *warnings, int *ret_lock, struct err *e)
{
    char invented[48];
    auto_free char *beside = str_format(".new-%s", record->id);
    int place = record->is_transient ? engine->live_fd : engine->containers_fd;
    LX_STEP("write down, as files, what the container is to be", "");
    if (chosen_name != NULL)
        TRY(take_chosen(engine, record, chosen_name, e));
    else
        TRY(take_invented(engine, record, invented, sizeof(invented), e));
    const char *name = chosen_name != NULL ? chosen_name : invented;
    set_name(record, name);

    int r = err_sys(e, lx_mkdirat(place, beside, 0700), "make the container's directory");
    if (r >= 0)
        r = put(engine, record, beside, warnings, ret_lock, e);
    if (r < 0) {
        file_remove_tree_at(place, beside);
        name_give(engine, name, record->id);
    }
    return r;
}

int
engine_create(const struct engine *engine, const struct create_request *request,
              struct record *ret, int *ret_lock, struct list *warnings, struct err *e)
{
    if (request->name != NULL)
        TRY(name_check(request->name, e));
    const char *image_name = json_str(json_get(request->body, "Image"), "");
    struct image_store store;
    struct image image = {0};
    TRY(store_open(&store, engine->root_fd, e));
    int r = store_find(&store, image_name, &image, e);
    store_close(&store);
    TRY(r);

    auto_record record = RECORD_NONE;
    id_make(record.id);
    record.doc = json_doc_new();
    record.is_transient = json_bool(json_path(request->body, "HostConfig.AutoRemove"),
                                    false);
    state_init(&record.state);
    r = build(engine, &record, &image, request->body, e);
    image_done(&image);
    TRY(r);
    share_hostname(&record, request->body);
    TRY(make(engine, &record, request->name, warnings, ret_lock, e));
    *ret = record;
    record = (struct record)RECORD_NONE; /* handed over */
    return 0;
}
