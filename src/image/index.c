/* index.c - the table of names, read and made anew.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/index.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "image/digest.h"

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define BALLAST       "ballast"
#define BALLAST_SIZE  (256l << 10)

/* ---- reading ---------------------------------------------------------------------- */

int
index_read(int images_fd, struct json_doc **ret, struct err *e)
{
    auto_free char *text = NULL;
    size_t len = 0;
    TRY(err_sys(e, file_read_at(images_fd, "index.json", JSON_BYTES_MOST, &text, &len),
                "read images/index.json"));
    int r = json_parse(text, len, ret, e);
    return r < 0 ? err_wrap(e, r, "images/index.json") : 0;
}

const struct json *
index_entries(const struct json_doc *index)
{
    return json_get(json_root(index), "manifests");
}

static const char *
annotation(const struct json *entry, const char *key)
{
    return json_str(json_get(json_get(entry, "annotations"), key), NULL);
}

const char *
index_name(const struct json *entry)
{
    return annotation(entry, STORE_NAME_KEY);
}

const char *
index_id(const struct json *entry)
{
    const char *id = annotation(entry, STORE_ID_KEY);
    return digest_is_valid(id) ? id : NULL;
}

/* Does this entry carry the name? With a digest the tag does not count, as for Docker. */
static bool
is_named(const struct json *entry, const struct reference *wanted)
{
    const char *name = index_name(entry);
    struct reference r;
    struct err ignored;
    if (!name || reference_parse(name, &r, &ignored) < 0)
        return false;
    if (!str_eq(r.host, wanted->host) || !str_eq(r.path, wanted->path))
        return false;
    if (*wanted->digest) /* of a pull by digest the name has it: perhaps an index's */
        return str_eq(json_str(json_get(entry, "digest"), NULL), wanted->digest) ||
               str_eq(r.digest, wanted->digest);
    return str_eq(r.tag, wanted->tag) && !*r.digest;
}

const char *
index_find(const struct json_doc *index, const struct reference *wanted)
{
    for (json_each(entry, index_entries(index)))
        if (index_id(entry) && is_named(entry, wanted))
            return index_id(entry);
    return NULL;
}

/* ---- a new table ------------------------------------------------------------------- */

void
index_edit_done(struct index_edit *edit)
{
    json_doc_free(edit->old);
    json_doc_free(edit->new);
}

int
index_edit_begin(struct index_edit *ret, int images_fd, struct err *e)
{
    TRY(index_read(images_fd, &ret->old, e));
    ret->new = json_doc_new();
    struct json *root = json_clone(ret->new, json_root(ret->old));
    ret->entries = json_array(ret->new);
    json_set(ret->new, root, "manifests", ret->entries);
    json_set_root(ret->new, root);
    return 0;
}

void
index_edit_keep(struct index_edit *edit, const struct json *entry)
{
    json_append(edit->entries, json_clone(edit->new, entry));
}

void
index_edit_add(struct index_edit *edit, const char *media_type, const char *manifest,
               int64_t size, const char *id, const char *name)
{
    struct json *entry = json_object(edit->new), *notes = json_object(edit->new);
    json_set_str(edit->new, entry, "mediaType", media_type);
    json_set_str(edit->new, entry, "digest", manifest);
    json_set_i64(edit->new, entry, "size", size);
    if (name)
        json_set_str(edit->new, notes, STORE_NAME_KEY, name);
    json_set_str(edit->new, notes, STORE_ID_KEY, id);
    json_set(edit->new, entry, "annotations", notes);
    json_append(edit->entries, entry);
}

bool
index_edit_has(const struct index_edit *edit, const char *id)
{
    for (json_each(entry, edit->entries))
        if (str_eq(index_id(entry), id))
            return true;
    return false;
}

/* Something is being removed: only for that is there ballast. */
static bool
is_shorter(int images_fd, size_t len)
{
    struct stat st;
    return fstatat(images_fd, "index.json", &st, 0) == 0 && (int64_t)len < st.st_size;
}

int
index_edit_write(struct index_edit *edit, int images_fd, struct err *e)
{
    auto_text out = {0};
    json_write(&out, json_root(edit->new), 2);
    text_add_char(&out, '\n');
    int r = file_replace_at(images_fd, "index.json", out.data, out.len, 0644, true);
    if ((r == -ENOSPC || r == -EDQUOT) && is_shorter(images_fd, out.len) &&
        unlinkat(images_fd, BALLAST, 0) == 0)
        r = file_replace_at(images_fd, "index.json", out.data, out.len, 0644, true);
    return err_sys(e, r, "write images/index.json");
}

void
index_keep_ballast(int images_fd)
{
    auto_close int fd = openat(images_fd, BALLAST, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                               0600);
    if (fd >= 0 && posix_fallocate(fd, 0, BALLAST_SIZE) != 0)
        unlinkat(images_fd, BALLAST, 0);
}

bool
index_edit_drop_name(struct index_edit *edit, const char *name)
{
    const struct json *dropped = NULL;
    for (json_each(entry, index_entries(edit->old))) {
        if (name && str_eq(index_name(entry), name))
            dropped = entry;
        else
            index_edit_keep(edit, entry);
    }
    const char *id = dropped ? index_id(dropped) : NULL;
    if (id && !index_edit_has(edit, id))
        index_edit_add(edit, json_str(json_get(dropped, "mediaType"), MANIFEST_TYPE),
                       json_str(json_get(dropped, "digest"), ""),
                       json_i64(json_get(dropped, "size"), 0), id, NULL);
    return dropped;
}

void
index_edit_drop_nameless(struct index_edit *edit, const char *id)
{
    struct json *kept = json_array(edit->new);
    for (json_each(entry, edit->entries))
        if (index_name(entry) || !str_eq(index_id(entry), id))
            json_append(kept, json_clone(edit->new, entry));
    json_set(edit->new, json_root(edit->new), "manifests", kept);
    edit->entries = kept;
}
