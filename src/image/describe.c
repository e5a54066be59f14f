/* describe.c - nearly a copy: the config has most of it already.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/describe.h"

#include "image/reference.h"

void
image_tags(const struct image *image, struct list *ret)
{
    for (size_t i = 0; i < image->names.n; i++) {
        struct reference r;
        char name[REFERENCE_SIZE];
        struct err ignored;
        if (reference_parse(image->names.v[i], &r, &ignored) >= 0 && *r.tag)
            list_add(ret, reference_short(&r, name));
    }
}

void
image_repo_digests(const struct image *image, struct list *ret)
{
    for (size_t i = 0; i < image->names.n; i++) {
        struct reference r;
        char name[REFERENCE_SIZE];
        struct err ignored;
        if (reference_parse(image->names.v[i], &r, &ignored) < 0)
            continue;
        auto_free char *both = str_format("%s@%s", reference_repository(&r, name),
                                          *r.digest ? r.digest : image->manifest);
        list_add_once(ret, both);
    }
}

static struct json *
graph_driver(const struct image *image, const char *root, struct json_doc *doc)
{
    struct json *data = json_object(doc), *driver = json_object(doc);
    auto_text lower = {0};
    size_t n = image->layers.n;
    for (size_t i = n > 0 ? n - 1 : 0; i-- > 0;)
        text_addf(&lower, "%s%s/layers/%s", lower.len > 0 ? ":" : "", root,
                  image->layers.v[i]);
    if (lower.len > 0)
        json_set_str(doc, data, "LowerDir", text_str(&lower));
    if (n > 0) {
        auto_free char *upper = str_format("%s/layers/%s", root, image->layers.v[n - 1]);
        json_set_str(doc, data, "UpperDir", upper);
    }
    json_set(doc, driver, "Data", data);
    json_set_str(doc, driver, "Name", "overlay");
    return driver;
}

static struct json *
root_fs(const struct json *config, struct json_doc *doc)
{
    struct json *rootfs = json_object(doc);
    const struct json *ids = json_path(config, "rootfs.diff_ids");
    json_set_str(doc, rootfs, "Type", "layers");
    json_set(doc, rootfs, "Layers", ids ? json_clone(doc, ids) : json_array(doc));
    return rootfs;
}

static const char *
last_comment(const struct json *config)
{
    const char *comment = "";
    for (json_each(entry, json_get(config, "history")))
        comment = json_str(json_get(entry, "comment"), "");
    return comment;
}

/* What everybody may ask a Config for, as Docker has it. */
static const char config_defaults[] =
    "{\"Hostname\":\"\",\"Domainname\":\"\",\"User\":\"\",\"AttachStdin\":false,"
    "\"AttachStdout\":false,\"AttachStderr\":false,\"ExposedPorts\":{},\"Tty\":false,"
    "\"OpenStdin\":false,\"StdinOnce\":false,\"Env\":null,\"Cmd\":null,\"Healthcheck\":null,"
    "\"Image\":\"\",\"Volumes\":null,\"WorkingDir\":\"\",\"Entrypoint\":null,\"OnBuild\":null,"
    "\"Labels\":{},\"StopSignal\":\"\",\"Shell\":null}";

struct json *
image_describe_config(const struct json *said, struct json_doc *doc)
{
    return json_with_defaults(doc, config_defaults, said);
}

struct json *
image_describe(const struct image *image, const char *root, struct json_doc *doc)
{
    static const char *const texts[][2] = {
        {"Created",      "created"     },
        {"Author",       "author"      },
        {"Architecture", "architecture"},
        {"Variant",      "variant"     },
        {"Os",           "os"          },
    };
    const struct json *config = json_root(image->config);
    struct json *object = json_object(doc);
    auto_list tags = {0}, digests = {0};
    image_tags(image, &tags);
    image_repo_digests(image, &digests);
    json_set_str(doc, object, "Id", image->id);
    json_set(doc, object, "RepoTags", json_strings(doc, &tags));
    json_set(doc, object, "RepoDigests", json_strings(doc, &digests));
    json_set_str(doc, object, "Parent", "");
    json_set_str(doc, object, "Comment", last_comment(config));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const char *value = json_str(json_get(config, texts[i][1]), "");
        if (*value || !str_eq(texts[i][0], "Variant"))
            json_set_str(doc, object, texts[i][0], value);
    }
    json_set_str(doc, object, "DockerVersion", "");
    json_set(doc, object, "Config", image_describe_config(json_get(config, "config"), doc));
    json_set_i64(doc, object, "Size", image->size);
    json_set_i64(doc, object, "VirtualSize", image->size);
    json_set(doc, object, "GraphDriver", graph_driver(image, root, doc));
    json_set(doc, object, "RootFS", root_fs(config, doc));
    return object;
}
