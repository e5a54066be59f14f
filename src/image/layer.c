/* layer.c - from a blob to a directory that is what the config says.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define LAYERS_MOST 10000

int
layer_diff_ids(const struct json *config, size_t count, struct list *ret, struct err *e)
{
    const char *os = json_str(json_get(config, "os"), "linux");
    if (!str_eq(os, "linux") && !str_eq(os, ""))
        return err_set(e, ERR_UNSUPPORTED, "the image is for %.60s, not for linux", os);
    const struct json *ids = json_path(config, "rootfs.diff_ids");
    if (json_count(ids) != count || count > LAYERS_MOST ||
        (ids && json_to_list(ids, ret) < 0))
        return err_set(e, ERR_INVALID,
                       "the image's config names %zu layers, its manifest %zu",
                       json_count(ids), count);
    for (size_t i = 0; i < ret->n; i++)
        if (!digest_is_valid(ret->v[i]))
            return err_set(e, ERR_INVALID, "the image's config has a bad diff_id: %.100s",
                           ret->v[i]);
    return 0;
}

void
layer_chains(const struct list *diff_ids, struct list *ret)
{
    char chain[DIGEST_SIZE];
    for (size_t i = 0; i < diff_ids->n; i++) {
        if (i == 0) {
            snprintf(chain, sizeof chain, "%s", diff_ids->v[0]);
        } else {
            auto_free char *both = str_format("%s %s", chain, diff_ids->v[i]);
            sha256_of(both, strlen(both), chain);
        }
        list_add(ret, digest_hex(chain));
    }
}

bool
layer_is_staged(const struct stage *stage, const char *chain)
{
    auto_free char *facts = str_format("layer-%s.json", chain);
    return faccessat(stage->fd, facts, F_OK, 0) == 0;
}

int
layer_start(struct stage *stage, const char *chain, const struct unpack_source *source,
            struct unpack *ret, struct err *e)
{
    static const struct extract_options options = {0};
    auto_free char *name = str_format("layer-%s", chain);
    TRY(err_sys(e, file_remove_tree_at(stage->fd, name), "empty the stage"));
    if (mkdirat(stage->fd, name, 0755) < 0 || fchmodat(stage->fd, name, 0755, 0) < 0)
        return err_sys(e, -errno, "make the directory of a layer"); /* whatever the umask */
    auto_close int target = file_open_dir_at(stage->fd, name);
    TRY(err_sys(e, target, "open the directory of a layer"));
    return unpack_start(ret, source, target, &options, e);
}

int
layer_finish(struct stage *stage, const char *chain, const char *diff_id,
             struct unpack *unpack, struct err *e)
{
    struct unpack_result result = {0};
    int r = unpack_wait(unpack, &result, e);
    if (r < 0 && result.wants_more)
        return 1;
    TRY(r);
    if (!str_eq(result.diff_id, diff_id))
        return err_set(e, ERR_INVALID,
                       "the layer is not what the image's config says: its tar has the "
                       "digest %s, not %s",
                       result.diff_id, diff_id);
    auto_free char *name = str_format("layer-%s.json", chain);
    auto_free char *facts =
        str_format("{\"size\": %lld, \"names\": %lld, \"opaque\": %s}\n",
                   (long long)result.totals.bytes, (long long)result.totals.names,
                   result.totals.is_opaque ? "true" : "false");
    return err_sys(e, file_write_at(stage->fd, name, facts, strlen(facts), 0644),
                   "write the size of a layer");
}
